"""What an instance waits for, as the projections need it."""

from __future__ import annotations

from SpiffWorkflow.util.task import TaskState

from app.engine import events, timers
from app.engine.specs import ServiceTask, UserTask
from app.engine.workflow import STANDING, Instance, Token
from app.errors import ChengnuoError
from app.facts import (
    Element,
    ExecutionView,
    FailedTask,
    OpenTask,
    ParkedCall,
    WaitingMessage,
    WaitingTimer,
)


def view(instance: Instance) -> ExecutionView:
    """Return open tasks, timers, messages, parked calls and failures, as they arose, outer scopes first."""
    standing = [
        task for scope in instance.scopes() for task in scope.live(STANDING) if task.task_spec.element is not None
    ]
    waits = list(events.waits(instance))
    return ExecutionView(
        tasks=tuple(
            _open_task(task)
            for task in standing
            if task.state == TaskState.READY and isinstance(task.task_spec, UserTask)
        ),
        timers=tuple(
            WaitingTimer(wait.task.id, wait.spec.element, wait.due, timers.milestone_of(wait.spec.event.expression))
            for wait in waits
            if wait.spec.event.kind == "timer"
        ),
        messages=tuple(
            WaitingMessage(wait.task.id, wait.spec.element, wait.spec.event.name or "", wait.state.get("key"))
            for wait in waits
            if wait.spec.event.kind == "message"
        ),
        calls=tuple(
            ParkedCall(task.id, _element(task))
            for task in standing
            if task.state == TaskState.STARTED and isinstance(task.task_spec, ServiceTask)
        ),
        failed=tuple(
            FailedTask(task.id, _element(task), task.internal_data["error"]["en"])
            for task in standing
            if task.state == TaskState.ERROR
        ),
        ended=instance.completed,
        active=tuple(
            dict.fromkeys(
                (_element(task).process, _element(task).id)
                for task in standing
                if not task.task_spec.boundary or task.state == TaskState.ERROR
            )
        ),
    )


def _element(task: Token) -> Element:
    element: Element = task.task_spec.element
    return element


def _open_task(task: Token) -> OpenTask:
    element = _element(task)
    group = element.lane
    if element.group is not None:
        try:
            value = task.workflow.script_engine.value(task.data, element.group)
        except ChengnuoError:
            value = None  # the lane's people have the work, rather than nobody
        group = value if isinstance(value, str) else group
    return OpenTask(task.id, element, group, task.data)
