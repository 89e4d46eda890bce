"""Catching and throwing events, and the gateway that waits for the first of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.engine import events
from app.engine.diagram import Event
from app.engine.specs import Live
from app.engine.workflow import LIVE, Token
from app.errors import BusinessError


class CatchEvent(Live, BpmnSpecMixin):
    """Waits for a timer, a message or a signal; also receive tasks."""

    def __init__(self, wf_spec: Any, name: str, *, event: Event, correlate: str | None = None, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.event, self.correlate = event, correlate

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        parent = my_task.parent
        if parent is not None and isinstance(parent.task_spec, EventGateway):
            return True  # the gateway has waited in its stead
        my_task.internal_data["wait"] = events.arm(my_task, self.event, self.correlate)
        my_task._set_state(TaskState.WAITING)
        return False

    def caught(self, my_task: Token, payload: Mapping[str, Any] | None) -> None:
        """The event has happened: take the payload and go on."""
        events.take_payload(my_task, self.event, payload)
        my_task._set_state(TaskState.READY)
        my_task.run()


class BoundaryEvent(CatchEvent):
    """A catching event on the border of an activity."""

    boundary = True

    def __init__(self, wf_spec: Any, name: str, *, interrupting: bool, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.interrupting = interrupting

    def caught(self, my_task: Token, payload: Mapping[str, Any] | None) -> None:
        """Interrupt the activity, or go on beside it: then a cycle or message may come again while it lasts."""
        again = self.event.kind != "timer" or bool((my_task.internal_data.get("wait") or {}).get("due"))
        if self.interrupting or not again:
            super().caught(my_task, payload)
            return
        events.take_payload(my_task, self.event, payload)
        my_task.workflow.top_workflow.tell(my_task, TaskState.WAITING, TaskState.COMPLETED)
        for spec in self.outputs:
            child = my_task._add_child(spec)
            child.task_spec._update(child)

    def _on_complete_hook(self, my_task: Token) -> None:
        split = my_task.parent
        if self.interrupting and split is not None:
            for task in split.children:
                if task is not my_task and (task.task_spec.boundary or task.task_spec.name == split.task_spec.host):
                    task.cancel()


class EventGateway(Live, BpmnSpecMixin):
    """Waits for the first of several events."""

    chooses = True

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        my_task.internal_data["waits"] = {
            spec.name: events.arm(my_task, spec.event, spec.correlate) for spec in self.outputs
        }
        my_task._set_state(TaskState.WAITING)
        return False

    def caught(self, my_task: Token, branch: str, payload: Mapping[str, Any] | None) -> None:
        """Go on with the branch whose event has happened."""
        spec = self._wf_spec.task_specs[branch]
        events.take_payload(my_task, spec.event, payload)
        my_task.internal_data["winner"] = branch
        my_task._set_state(TaskState.READY)
        my_task.run()

    def _run_hook(self, my_task: Token) -> bool:
        my_task._add_child(self._wf_spec.task_specs[my_task.internal_data["winner"]])
        return True


class ThrowEvent(Live, BpmnSpecMixin):
    """Throws a message, signal, escalation, error or termination; end events, intermediate throws, send tasks."""

    def __init__(self, wf_spec: Any, name: str, *, event: Event, correlate: str | None = None, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.event, self.correlate = event, correlate

    def _run_hook(self, my_task: Token) -> bool:
        content = events.payload(my_task, self.event)
        if self.event.kind == "message":
            engine = my_task.workflow.script_engine
            engine.ports.throw(
                self.event.name or self.event.ref or "", engine.correlation(my_task.data, self.correlate), content
            )
        elif self.event.kind == "error":
            events.error_catcher(my_task.workflow.parent_task if my_task.workflow.depth else None, self.event.code)
        my_task.detail = {"payload": content} if content else {}
        return True

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        content = my_task.detail.get("payload", {})
        if self.event.kind == "signal":
            events.throw_signal(my_task, self.event, content)
        elif self.event.kind == "escalation":
            events.throw_escalation(my_task, self.event, content)
        elif self.event.kind == "error":
            events.throw_error(my_task, my_task.workflow.parent_task, BusinessError(self.event.code or "", "", content))
        elif self.event.kind == "terminate":
            scope = my_task.workflow
            data = scope.spec.end.ended_before(my_task)
            for task in scope.live(LIVE):
                task.cancel()
            scope.finish(data)
