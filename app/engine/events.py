"""Catching and throwing: who waits for what, and who hears what is thrown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.engine import timers
from app.engine.diagram import Event
from app.engine.workflow import Instance, Token
from app.errors import BusinessError, StepFailed


@dataclass(frozen=True)
class Wait:
    """One thing that one task waits for."""

    task: Token
    spec: Any  # the catching event; for an event-based gateway, the event behind it
    branch: str | None  # its name there
    state: dict[str, Any]

    @property
    def due(self) -> datetime | None:
        """When a timer fires, aware UTC; None for other events and disarmed timers."""
        due = self.state.get("due")
        return datetime.fromisoformat(due) if due else None

    def caught(self, payload: Mapping[str, Any] | None = None) -> None:
        """Let it happen."""
        if self.branch is None:
            self.task.task_spec.caught(self.task, payload)
        else:
            self.task.task_spec.caught(self.task, self.branch, payload)

    def put(self, state: dict[str, Any]) -> None:
        """Replace what it waits for."""
        if self.branch is None:
            self.task.internal_data["wait"] = state
        else:
            self.task.internal_data["waits"] = {**self.task.internal_data["waits"], self.branch: state}


def waits(instance: Instance, kind: str | None = None) -> Iterator[Wait]:
    """Yield everything that the instance waits for, innermost scope first, oldest first."""
    for scope in reversed(instance.scopes()):
        for task in scope.live(TaskState.WAITING):
            if "wait" in task.internal_data:
                found = [Wait(task, task.task_spec, None, task.internal_data["wait"])]
            else:
                found = [
                    Wait(task, scope.spec.task_specs[name], name, state)
                    for name, state in task.internal_data.get("waits", {}).items()
                ]
            yield from (wait for wait in found if kind is None or wait.spec.event.kind == kind)


def arm(my_task: Token, event: Event, correlate: str | None) -> dict[str, Any]:
    """Return what `my_task` waits for from now on; raises ExpressionError for a bad timer or correlation."""
    engine = my_task.workflow.script_engine
    if event.kind == "timer":
        value = engine.value(my_task.data, event.expression or "")
        return timers.first_wait(event.timer_kind, value, engine.ports.now(), timers.milestone_of(event.expression))
    if event.kind == "message":
        return {"key": engine.correlation(my_task.data, correlate)}
    return {}


def take_payload(my_task: Token, event: Event, content: Mapping[str, Any] | None) -> None:
    """Put what was caught into the token."""
    if content is not None:
        plain = my_task.workflow.script_engine.plain(dict(content))
        my_task.data = {**my_task.data, **({event.variable: plain} if event.variable else plain)}


def payload(my_task: Token, event: Event) -> dict[str, Any]:
    """Return what is thrown; raises StepFailed when the expression gives no context."""
    if event.payload is None:
        return {}
    content = my_task.workflow.script_engine.value(my_task.data, event.payload)
    if not isinstance(content, dict):
        raise StepFailed(
            "What is thrown must be a context.", "抛出的内容必须是键值结构。", element=my_task.task_spec.bpmn_id
        )
    return content


def throw_signal(my_task: Token, event: Event, content: Mapping[str, Any]) -> None:
    """Tell every event of this instance that waits for the signal."""
    for wait in [wait for wait in waits(my_task.workflow.top_workflow, "signal") if wait.spec.event.name == event.name]:
        if wait.task.state == TaskState.WAITING:
            wait.caught(content)


def throw_escalation(my_task: Token, event: Event, content: Mapping[str, Any]) -> None:
    """Tell the nearest scope around that listens; nobody has to."""
    host = my_task.workflow.parent_task if my_task.workflow.depth else None
    catcher = _catcher(host, "escalation", event.code)
    if catcher is not None:
        catcher.task_spec.caught(catcher, {**content, "escalation_code": event.code})


def throw_error(my_task: Token, host: Token | None, error: BusinessError) -> None:
    """Let the nearest error boundary around `host` take over; raises StepFailed when there is none."""
    catcher = error_catcher(host, error.code, error.text)
    my_task.detail = {"error_code": error.code, "error_text": error.text}
    catcher.task_spec.caught(catcher, {**error.payload, **my_task.detail})


def error_catcher(host: Token | None, code: str | None, text: str = "") -> Token:
    """Return the boundary event that catches an error with `code`; raises StepFailed when there is none."""
    catcher = _catcher(host, "error", code)
    if catcher is None:
        raise StepFailed(
            f"Nobody catches the error {code or 'without code'}. {text}".strip(),
            f"没有边界事件捕获错误 {code or '（无代码）'}。{text}",
            code=code,
        )
    return catcher


def _catcher(host: Token | None, kind: str, code: str | None) -> Token | None:
    """Walk outwards: the activity itself, then the subprocess or call activity around it, and so on."""
    while host is not None:
        if host.triggered:
            host = host.parent  # an instance of a multi-instance: the boundary events are the whole's
        siblings: list[Token] = host.parent.children if host is not None and host.parent is not None else []
        catching = [
            task
            for task in siblings
            if task.state == TaskState.WAITING and "wait" in task.internal_data and task.task_spec.event.kind == kind
        ]
        for wanted in (code, None):
            for task in catching:
                if task.task_spec.event.code == wanted or (wanted is None and task.task_spec.event.ref is None):
                    return task
        host = host.workflow.parent_task if host is not None and host.workflow.depth else None
    return None
