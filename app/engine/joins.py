"""Where tokens meet: parallel, inclusive and end joins by BPMN's token game, and how their variables are merged.

SpiffWorkflow's joins look for finished tasks in the history and take the last branch's whole snapshot; in loops they
fire early or merge stale values. Here a token that has arrived waits at its gateway, and only what a branch changed
since the fork is merged.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.engine.specs import BoundarySplit, Live, chosen_by_condition
from app.engine.workflow import LIVE, STANDING, Token

MISSING = object()


def fork(one: Token, other: Token) -> Token | None:
    """Return the nearest task that both tokens come from."""
    above = {one.id, *(task.id for task in one.ancestors())}
    return next((task for task in (other, *other.ancestors()) if task.id in above), None)


def merge(tokens: list[Token]) -> dict[str, Any]:
    """Return the variables of all tokens, oldest first: what each changed since it parted from those before it."""
    data = dict(tokens[0].data)
    for index, token in enumerate(tokens[1:], 1):
        forks = [task for earlier in tokens[:index] if (task := fork(earlier, token)) is not None]
        base = max(forks, key=_depth).data if forks else {}
        _apply_changes(data, base, token.data)
    return data


def _depth(task: Token) -> int:
    return sum(1 for _ in task.ancestors())


def _apply_changes(data: dict[str, Any], base: dict[str, Any], changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        before = base.get(name, MISSING)
        if before is not value and before != value:
            data[name] = value
    for name in base:
        if name not in changed:
            data.pop(name, None)


class Join(Live):
    """A gateway at which tokens wait for each other."""

    watches = True

    def _update_hook(self, my_task: Token) -> bool:
        if my_task._state == TaskState.FUTURE:
            my_task._inherit_data()
            my_task._set_state(TaskState.WAITING)
        waiting = [task for task in my_task.workflow.live(TaskState.WAITING) if task.task_spec is self]
        chosen = self.fires_with(my_task, waiting)
        if not chosen:
            return False
        merged = merge(chosen)
        survivor = chosen[-1]
        for task in chosen[:-1]:
            task.cancel()
        survivor.data = merged
        survivor._ready()
        return False

    @abstractmethod
    def fires_with(self, my_task: Token, waiting: list[Token]) -> list[Token]:
        """Return the tokens that are consumed if the join fires now, oldest first; else an empty list."""

    def _one_for_each_flow(self, waiting: Iterable[Token]) -> dict[str, Token]:
        by_flow: dict[str, Token] = {}
        for task in waiting:  # oldest first: excess tokens stay
            by_flow.setdefault(task.parent.task_spec.name, task)
        return by_flow


class ParallelGateway(Join, BpmnSpecMixin):
    """Fires with one token on each incoming flow; what is in excess waits for the next round."""

    watches = False  # only an arrival can complete it

    def fires_with(self, my_task: Token, waiting: list[Token]) -> list[Token]:
        """Return one token for each incoming flow, or nothing."""
        by_flow = self._one_for_each_flow(waiting)
        if len(by_flow) < len(set(self._inputs)):
            return []
        chosen = set(map(id, by_flow.values()))
        return [task for task in waiting if id(task) in chosen]


class InclusiveGateway(Join, BpmnSpecMixin):
    """Fires when no token elsewhere can still reach an empty incoming flow (BPMN 2.0.2, 13.4.3)."""

    chooses = True

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.conditions: list[tuple[str | None, str]] = []  # (FEEL or None for the default, spec name)
        self.upstream: dict[str, frozenset[str]] = {}  # incoming flow's source -> specs from which it is reached

    def fires_with(self, my_task: Token, waiting: list[Token]) -> list[Token]:
        """Return one token for each incoming flow that has one, unless another may still come."""
        by_flow = self._one_for_each_flow(waiting)
        for task in my_task.workflow.live(STANDING | TaskState.FUTURE):
            if task.task_spec is self:
                if task._state == TaskState.FUTURE:
                    return []  # about to arrive
                continue
            if task.triggered or (task.task_spec.boundary and task._state == TaskState.WAITING):
                continue
            reached = [source for source, above in self.upstream.items() if task.task_spec.name in above]
            if reached and not any(source in by_flow for source in reached):
                return []
        chosen = set(map(id, by_flow.values()))
        return [task for task in waiting if id(task) in chosen]

    def look_upstream(self) -> None:
        """Work out from which elements each incoming flow can be reached without passing this gateway."""
        specs = self._wf_spec.task_specs
        for source in set(self._inputs):
            seen, open_ = {self.name}, [source]
            while open_:
                name = open_.pop()
                if name in seen:
                    continue
                seen.add(name)
                spec = specs[name]
                open_.extend(spec._inputs)
                if isinstance(spec, BoundarySplit):
                    seen.add(spec.host)  # the host's token may leave through a boundary event
            self.upstream[source] = frozenset(seen - {self.name})

    def _run_hook(self, my_task: Token) -> bool:
        for name in chosen_by_condition(my_task, self.conditions, exclusive=False):
            my_task._add_child(self._wf_spec.task_specs[name])
        return True


class EndJoin(Join, BpmnTaskSpec):
    """The end of a scope: waits until no other token is left in it."""

    chooses = True

    def fires_with(self, my_task: Token, waiting: list[Token]) -> list[Token]:
        """Return the tokens that have ended, once nothing else lives; until then one carries the merged data."""
        if any(task.task_spec is not self or task._state == TaskState.FUTURE for task in my_task.workflow.live(LIVE)):
            if len(waiting) > 1:
                merged = merge(waiting)
                for task in waiting[:-1]:
                    task.cancel()
                waiting[-1].data = merged
            return []
        return waiting

    def _on_complete(self, my_task: Token) -> None:
        my_task.workflow.finish(my_task.data)
        my_task.workflow._task_completed_notify(my_task)

    def ended_before(self, my_task: Token) -> dict[str, Any]:
        """Return the scope's data when `my_task` terminates it: what ended earlier, and its own changes."""
        waiting = [task for task in my_task.workflow.live(TaskState.WAITING) if task.task_spec is self]
        return merge([*waiting, my_task])
