"""What is told of an instance while it runs: which changes of a task's state are events of its element."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.engine.environment import Ports
from app.engine.event_specs import CatchEvent
from app.engine.workflow import Token
from app.facts import ActivityEvent

STARTED = TaskState.WAITING | TaskState.READY | TaskState.STARTED
INSTANT = frozenset(
    {"startEvent", "endEvent", "intermediateThrowEvent", "exclusiveGateway", "parallelGateway", "inclusiveGateway"}
)  # they only pass the token on: nothing starts


class Observer:
    """Turns changes of state into ActivityEvents, in the order in which they happen."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __call__(self, task: Token, old: int, new: int) -> None:
        """Hear that `task` went from `old` to `new`."""
        spec = task.task_spec
        element = spec.element
        if element is None:
            return
        transition = self._transition(spec, element.type, old, new)
        if transition is not None:
            self._ports.observe(
                ActivityEvent(element, task.id, transition, task.attempt, task.data, _detail(task, transition))
            )

    @staticmethod
    def _transition(spec: Any, kind: str, old: int, new: int) -> str | None:
        boundary = spec.boundary
        if new == TaskState.ERROR:
            return "failed"
        if new == TaskState.COMPLETED:
            return "fired" if isinstance(spec, CatchEvent) and kind != "receiveTask" else "completed"
        if boundary or kind in INSTANT:
            return None
        if new == TaskState.CANCELLED:
            return "cancelled" if old & (STARTED | TaskState.ERROR) else None
        return "started" if new & STARTED and old == TaskState.FUTURE else None


def _detail(task: Token, transition: str) -> dict[str, Any]:
    detail = dict(task.detail)
    if "instance" in task.internal_data:
        detail["instance"] = task.internal_data["instance"]
    if transition == "failed":
        error = task.internal_data["error"]
        detail.update(error_en=error["en"], error_zh=error["zh"], code=error["code"])
    return detail
