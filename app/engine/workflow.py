"""Running workflows on SpiffWorkflow's tasks, with our bookkeeping: every change of state is told, nothing is foretold.

SpiffWorkflow predicts the tasks that may follow and searches the whole task tree at each step; it loses children that
it drops, and its iterators stop at depth 1000. Here a task's children are made when it completes, and the tasks of a
scope are read flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from app.errors import Busy, ChengnuoError, Conflict, StepFailed

LIVE = TaskState.NOT_FINISHED_MASK | TaskState.ERROR  # holds its scope open: an error waits for somebody
STANDING = TaskState.READY | TaskState.WAITING | TaskState.STARTED | TaskState.ERROR
FAILURES = (ChengnuoError, SpiffWorkflowException)  # what makes one task fail; anything else aborts the whole step
ABORTING = (Busy, Conflict)  # somebody else was first: the step is tried again as a whole


class Token(Task):
    """One visit of an element."""

    detail: Mapping[str, Any]

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: Token | None = None,
        state: int = TaskState.MAYBE,
        id: str | None = None,
    ) -> None:
        self.id = id or uuid4().hex
        workflow.tasks[self.id] = self
        self.workflow = workflow
        self._parent = parent.id if parent is not None else None
        self._children: list[str] = []
        self._state = state
        self.triggered = False
        self.task_spec = task_spec
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0.0
        self.detail = {}
        if parent is not None:
            parent._children.append(self.id)

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> Token:
        return Token(self.workflow, task_spec, self, state)

    @property
    def attempt(self) -> int:
        """Which try this is, from 1."""
        return int(self.internal_data.get("attempt", 1))

    def ancestors(self) -> Iterator[Token]:
        """Yield the parent, its parent and so on; a loop, since long cases are deeper than Python's stack."""
        task = self.parent
        while task is not None:
            yield task
            task = task.parent

    def is_descendant_of(self, task: Task) -> bool:
        """Return whether `task` is above this one."""
        return any(ancestor is task for ancestor in self.ancestors())

    def find_ancestor(self, spec_name: str) -> Token | None:
        """Return the nearest task above of that spec, or None."""
        return next((task for task in self.ancestors() if task.task_spec.name == spec_name), None)

    def _set_state(self, value: int) -> None:
        if value != self._state:
            old, self._state = self._state, value
            self.workflow.top_workflow.changed(self, old, value)

    def _inherit_data(self) -> None:
        parent = self.parent
        data = dict(parent.data) if parent is not None else {}
        data.update(self.internal_data.get("edited", {}))
        self.data = data

    def _ready(self) -> None:
        if self._state in (TaskState.COMPLETED, TaskState.CANCELLED):
            return
        self._set_state(TaskState.READY)
        self.task_spec._on_ready_hook(self)

    def run(self) -> bool | None:
        """Run the element's work: True completes it, None leaves it started; a failure puts it into error."""
        try:
            result: bool | None = self.task_spec._run_hook(self)
        except FAILURES as error:
            if isinstance(error, ABORTING):
                raise
            self.fail(error)
            return False
        if self._state != TaskState.READY:
            return result  # it was interrupted by what it did itself
        if result is None:
            self._set_state(TaskState.STARTED)
        else:
            self.complete()
        return result

    def complete(self) -> None:
        """Complete the element and let its successors begin."""
        if not self.task_spec.chooses:
            for spec in self.task_spec.outputs:
                self._add_child(spec)
        self._set_state(TaskState.COMPLETED)
        self.task_spec._on_complete(self)

    def cancel(self) -> None:
        """Withdraw the element if it has not ended."""
        if self._state & LIVE:
            self._set_state(TaskState.CANCELLED)
            self.task_spec._on_cancel(self)

    def fail(self, error: Exception, phase: str = "run") -> None:
        """Put the element into error, where it stays until somebody retries it."""
        zh = getattr(error, "message_zh", "") or str(error)
        self.internal_data["error"] = {
            "en": getattr(error, "message_en", "") or str(error),
            "zh": zh,
            "code": getattr(error, "code", "error"),
            "phase": phase,
        }
        if self._state == TaskState.ERROR:
            self._state = TaskState.STARTED  # it failed again: that is told again
        self._set_state(TaskState.ERROR)


class ScopeMixin:
    """What the top of an instance and its subprocesses have in common."""

    tasks: dict[str, Token]
    spec: Any
    completed: bool
    success: bool
    data: dict[str, Any]
    last_task: Token | None
    task_tree: Token

    def begin(self, data: Mapping[str, Any]) -> None:
        """Put the first token into the scope."""
        self.task_tree = Token(self, self.spec.start, None, TaskState.FUTURE)
        self.task_tree.data = dict(data)
        self.task_tree._ready()

    def live(self, mask: int = LIVE) -> list[Token]:
        """Return the scope's own tasks in a state of `mask`, oldest first."""
        return [task for task in self.tasks.values() if task._state & mask]

    def update_waiting_tasks(self) -> None:
        """Look again at what waits for other tokens of the scope: joins."""
        for task in self.live(TaskState.WAITING):
            if task.task_spec.watches and task._state == TaskState.WAITING:
                task.task_spec._update(task)

    def _task_completed_notify(self, task: Token) -> None:
        self.last_task = task
        if not self.completed:
            self.update_waiting_tasks()

    def finish(self, data: Mapping[str, Any]) -> None:
        """End the scope with `data`."""
        self.completed = True
        self.data = dict(data)

    def withdraw(self) -> None:
        """Cancel all that has not ended."""
        self.completed, self.success = True, False
        for task in self.live():
            task.cancel()

    def is_completed(self) -> bool:
        """Return whether no token is left."""
        return self.completed


class Instance(ScopeMixin, BpmnWorkflow):
    """A running instance: its top scope, and the registry of its subprocesses."""

    def __init__(
        self,
        spec: Any,
        subprocess_specs: Mapping[str, Any],
        script_engine: Any,
        tell: Callable[[Token, int, int], None],
    ) -> None:
        super().__init__(spec, dict(subprocess_specs), script_engine, deserializing=True)
        self.ready: deque[Token] = deque()
        self.tell = tell

    def changed(self, task: Token, old: int, new: int) -> None:
        """Called at every change of state: queue what runs by itself, and tell what people care about."""
        if new == TaskState.READY and not task.task_spec.manual:
            self.ready.append(task)
        self.tell(task, old, new)

    def create_subprocess(self, my_task: Token, spec_name: str) -> SubInstance:
        """Return a new scope under `my_task`."""
        if spec_name not in self.subprocess_specs:
            raise StepFailed(
                f"The called process {spec_name} is not part of this version.", f"此版本不包含被调用流程 {spec_name}。"
            )
        scope = SubInstance(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = scope
        return scope

    def scopes(self) -> list[Any]:
        """Return the top scope and every open subprocess, outermost first."""
        return [self, *sorted(self.subprocesses.values(), key=lambda scope: scope.depth)]

    def find(self, task_id: str) -> Token | None:
        """Return the task with that id in any scope, or None."""
        return next((scope.tasks[task_id] for scope in self.scopes() if task_id in scope.tasks), None)


class SubInstance(ScopeMixin, BpmnSubWorkflow):
    """The scope inside a subprocess or a call activity."""

    def __init__(self, spec: Any, parent_task: Token, top_workflow: Instance) -> None:
        self.parent_task = parent_task
        self.parent_task_id = parent_task.id
        self.top_workflow = top_workflow
        self.correlations: dict[str, Any] = {}
        self.depth = 1 + parent_task.workflow.depth
        Workflow.__init__(self, spec, deserializing=True)

    @property
    def parent_workflow(self) -> Any:
        """The scope around this one."""
        return self.parent_task.workflow

    def _task_completed_notify(self, task: Token) -> None:
        super()._task_completed_notify(task)
        if self.completed:
            self.parent_task.task_spec.scope_ended(self.parent_task, self)
