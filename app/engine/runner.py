"""Running one instance: start, load, and the few things that can happen to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.engine import events, state, timers
from app.engine.bundle import Spec
from app.engine.environment import Engine, Ports
from app.engine.observing import Observer
from app.engine.pruning import prune
from app.engine.viewing import view
from app.engine.workflow import Instance, Token
from app.errors import BusinessError, ChengnuoError, Conflict, StepFailed
from app.facts import ExecutionView

MAX_RUNS = 10_000  # elements that one command may run before it is taken for an endless loop
MAX_FIRINGS = 1_000  # timers that one command may fire
PRUNE_EVERY = 500  # runs after which history is dropped in the middle of a long step


def start(spec: Spec, variables: Mapping[str, Any], ports: Ports) -> Execution:
    """Return a new instance, run to its first wait; a message start event is taken as received with `variables`.

    Raises StepFailed for an endless loop.
    """
    execution = Execution(spec, ports)
    execution._instance.begin(execution._engine.plain(dict(variables)))
    execution._advance()
    return execution


def load(spec: Spec, blob: bytes, ports: Ports) -> Execution:
    """Return the instance that `Execution.dump` gave; raises Refused when the blob is damaged or not this version's."""
    execution = Execution(spec, ports)
    state.restore(execution._instance, spec, blob)
    return execution


class Execution:
    """A running instance inside one step; every change is told to the ports at once."""

    def __init__(self, spec: Spec, ports: Ports) -> None:
        self._ports = ports
        self._engine = Engine(ports, spec.tables)
        self._observer = Observer(ports)
        self._instance = Instance(spec.top, spec.scopes, self._engine, self._observer)

    def fire_due(self) -> None:
        """Fire every timer that is due at `ports.now()`, in the order in which they fell due; first in every step.

        A cycle that missed several occurrences fires once. Raises StepFailed when timers arm each other without end.
        """
        self._advance()
        for _ in range(MAX_FIRINGS):
            due = self._next_due()
            if due is None:
                return
            now = self._ports.now()
            due.put(timers.next_wait(due.state, now))
            due.caught()
            self._advance()
        raise StepFailed("Timers keep firing without end.", "定时器无休止地触发。")

    def complete(self, task_id: str, data: Mapping[str, Any]) -> None:
        """Complete a user task with `data` and run on; raises Conflict when it is not open any more."""
        task = self._expect(task_id, TaskState.READY)
        if not task.task_spec.manual:
            raise Conflict("This is not a task of a person.", "这不是人工任务。", task_id=task_id)
        task.data = {**task.data, **self._engine.plain(dict(data))}
        task.complete()
        self._advance()

    def deliver(self, message: str, payload: Mapping[str, Any], task_id: str | None = None) -> bool:
        """Give a message to whoever waits for it, innermost scope first, and run on; False when nobody waits.

        What is due is fired before: a timer that should have ended the wait has ended it.
        """
        self.fire_due()
        for wait in events.waits(self._instance, "message"):
            if wait.spec.event.name == message and task_id in (None, wait.task.id):
                wait.caught(payload)
                self._advance()
                return True
        return False

    def finish_call(self, task_id: str, result: Any) -> None:
        """Complete a parked call with its result and run on; raises Conflict when it is not parked any more."""
        task = self._expect(task_id, TaskState.STARTED)
        task.task_spec.take(task, result)
        task.complete()
        self._advance()

    def fail_call(self, task_id: str, error: BusinessError | ChengnuoError) -> None:
        """Fail a parked call: an error boundary takes over, else it is in error; raises Conflict if not parked."""
        task = self._expect(task_id, TaskState.STARTED)
        if isinstance(error, BusinessError):
            try:
                events.throw_error(task, task, error)
            except StepFailed as uncaught:
                task.fail(uncaught)
        else:
            task.fail(error)
        self._advance()

    def retry(self, task_id: str, variables: Mapping[str, Any] | None = None) -> None:
        """Run a failed task again, with edited variables; raises Conflict when it is not in error any more."""
        task = self._expect(task_id, TaskState.ERROR)
        internal = task.internal_data
        phase = internal.pop("error")["phase"]
        internal["attempt"] = task.attempt + 1
        if variables:
            edited = self._engine.plain(dict(variables))
            internal["edited"] = {**internal.get("edited", {}), **edited}
            task.data = {**task.data, **edited}
        task._state = TaskState.FUTURE  # so that it is told as started again
        if phase == "update":
            task.task_spec._update(task)
        else:
            task._ready()
        self._advance()

    def rearm(self, due: Mapping[str, datetime | None]) -> bool:
        """Give timers bound to `due("name")` their new time, or None to disarm them; return whether any changed.

        Nothing fires here: call fire_due afterwards.
        """
        changed = False
        for wait in list(events.waits(self._instance, "timer")):
            milestone = timers.milestone_of(wait.spec.event.expression)
            if milestone not in due or "every" in wait.state:
                continue
            state_now = self._rearmed(wait, due)
            if state_now != wait.state:
                wait.put(state_now)
                changed = True
        return changed

    def assign(self, variables: Mapping[str, Any]) -> None:
        """Change variables that tokens carry; what a token does not know stays unknown to it."""
        plain = self._engine.plain(dict(variables))
        for scope in self._instance.scopes():
            for task in scope.tasks.values():  # finished ones too: what is kept of them is inherited
                known = {name: value for name, value in plain.items() if name in task.data}
                if known:
                    task.data = {**task.data, **known}

    def scopes(self) -> list[Any]:
        """Return the top scope and every open subprocess, outermost first: what migration compares."""
        return self._instance.scopes()

    def cancel(self) -> None:
        """End the instance: everything open is cancelled."""
        self._instance.withdraw()

    def view(self) -> ExecutionView:
        """Return everything that the instance waits for."""
        return view(self._instance)

    def variables(self) -> dict[str, Any]:
        """Return the top scope's variables: its result when it has ended, else those of the last step in it."""
        instance = self._instance
        if instance.completed and instance.success:
            return dict(instance.data)
        last = instance.last_task
        return dict(last.data if last is not None else instance.task_tree.data)

    def dump(self) -> bytes:
        """Return the instance as bytes, finished history pruned; deterministic, and equal after a load."""
        return state.dump(self._instance)

    def _expect(self, task_id: str, wanted: int) -> Token:
        task = self._instance.find(task_id)
        if task is None or task.state != wanted:
            raise Conflict("This task has moved on.", "该任务的状态已改变。", task_id=task_id)
        if wanted == TaskState.STARTED and not hasattr(task.task_spec, "operation"):
            raise Conflict("This task waits for no call.", "该任务没有在等待外部调用。", task_id=task_id)
        return task

    def _next_due(self) -> events.Wait | None:
        now = self._ports.now()
        due = [wait for wait in events.waits(self._instance, "timer") if wait.due is not None and wait.due <= now]
        return min(due, key=lambda wait: wait.due or now, default=None)

    def _rearmed(self, wait: events.Wait, due: Mapping[str, datetime | None]) -> dict[str, Any]:
        event = wait.spec.event
        milestone = timers.milestone_of(event.expression)
        times = {name: when.isoformat() if when is not None else None for name, when in due.items()}
        if event.expression.strip() == f'due("{milestone}")':
            value = times[milestone or ""]
        elif times[milestone or ""] is None:
            value = None
        else:
            value = self._engine.value(wait.task.data, event.expression)
        return timers.first_wait(event.timer_kind, value, self._ports.now(), milestone)

    def _advance(self) -> None:
        """Run what runs by itself, first come first served, until only waiting is left."""
        instance, runs = self._instance, 0
        while instance.ready:
            task = instance.ready.popleft()
            if task.state != TaskState.READY or task.id not in task.workflow.tasks:
                continue
            runs += 1
            if runs > MAX_RUNS:
                raise StepFailed(
                    f"The step ran {MAX_RUNS} elements: an endless loop.",
                    f"一步内运行了 {MAX_RUNS} 个元素：死循环。",
                    element=task.task_spec.bpmn_id,
                    task_id=task.id,
                )
            task.run()
            if runs % PRUNE_EVERY == 0:
                prune(instance)
