"""What each element does when a token arrives: our task specs on SpiffWorkflow's life cycle of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.util.task import TaskState

from app.engine import events
from app.engine.workflow import ABORTING, FAILURES, SubInstance, Token
from app.errors import BusinessError, StepFailed
from app.facts import DecisionResult, Done, Element, ServiceCall


class Live:
    """What all our specs share: no predictions, and a failure stays at its own element."""

    chooses = False  # makes its children itself
    watches = False  # is looked at again whenever another token of its scope moves
    boundary = False  # an event on the border of an activity
    element: Element | None = None

    def _predict(self, *_: Any, **__: Any) -> None:
        """Nothing is foretold: children are made when a task completes."""

    def _update(self, my_task: Token) -> None:
        try:
            if self._update_hook(my_task):
                my_task._ready()
        except FAILURES as error:
            if isinstance(error, ABORTING):
                raise
            my_task.fail(error, "update")

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        return True

    def _on_ready_hook(self, my_task: Token) -> None:
        """Nothing by default."""

    def _run_hook(self, my_task: Token) -> bool | None:
        return True

    def _on_complete(self, my_task: Token) -> None:
        self._on_complete_hook(my_task)
        for child in [child for child in my_task.children if child._state == TaskState.FUTURE]:
            child.task_spec._update(child)
        my_task.workflow._task_completed_notify(my_task)
        parent = my_task.parent
        if my_task.triggered and parent is not None:
            parent.task_spec.instance_ended(parent, my_task)

    def _on_complete_hook(self, my_task: Token) -> None:
        split = my_task.parent
        if split is not None and isinstance(split.task_spec, BoundarySplit) and split.task_spec.host == self.name:  # type: ignore[attr-defined]
            for task in split.children:
                if task.task_spec.boundary:
                    task.cancel()

    def _on_cancel(self, my_task: Token) -> None:
        """Nothing by default."""


class ScopeSpec(BpmnProcessSpec):
    """A process or an embedded subprocess, ready to run."""

    def __init__(self, name: str, process: str, file: str) -> None:
        from app.engine.joins import EndJoin

        WorkflowSpec.__init__(self, name=name, filename=file)
        self.process = process
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.start = PlainElement(self, "Start", pseudo=True)
        self.end = EndJoin(self, "End")

    def _add_notify(self, task_spec: Any) -> None:
        WorkflowSpec._add_notify(self, task_spec)


class PlainElement(Live, BpmnSpecMixin):
    """An element that a token just passes: none tasks, start events, none throw and end events."""

    def __init__(self, wf_spec: Any, name: str, *, pseudo: bool = False, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        if pseudo:
            self.bpmn_id = None


class UserTask(Live, BpmnSpecMixin):
    """Work of a person; also manual tasks."""

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, manual=True, **kwargs)


class ScriptTask(Live, BpmnSpecMixin):
    """Assigns variables: lines of `name = FEEL`."""

    def __init__(self, wf_spec: Any, name: str, *, assignments: tuple[tuple[str, str], ...], **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.assignments = assignments

    def _run_hook(self, my_task: Token) -> bool:
        engine, data = my_task.workflow.script_engine, dict(my_task.data)
        for name, expression in self.assignments:
            data[name] = engine.value(data, expression)
        my_task.data = data
        return True


class ServiceTask(Live, BpmnSpecMixin):
    """Calls an operation through the ports; a parked call leaves the task started."""

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        *,
        operation: str,
        parameters: Mapping[str, str],
        result: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.operation, self.parameters, self.result = operation, parameters, result

    def _run_hook(self, my_task: Token) -> bool | None:
        engine = my_task.workflow.script_engine
        params = {name: engine.value(my_task.data, expression) for name, expression in self.parameters.items()}
        assert self.element is not None  # noqa: S101 (the builder gives every drawn element its record)
        call = ServiceCall(self.operation, params, self.element, my_task.id, my_task.attempt, my_task.data)
        try:
            answer = engine.ports.call(call)
        except BusinessError as error:
            events.throw_error(my_task, my_task, error)
            return None
        if not isinstance(answer, Done):
            return None
        self.take(my_task, answer.result)
        return True

    def take(self, my_task: Token, result: Any) -> None:
        """Put the operation's result into its variable."""
        if self.result:
            my_task.data = {**my_task.data, self.result: my_task.workflow.script_engine.plain(result)}


class RuleTask(Live, BpmnSpecMixin):
    """Asks a decision table; the rules that fired are told with the completion."""

    def __init__(self, wf_spec: Any, name: str, *, decision: str, result: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.decision, self.result = decision, result

    def _run_hook(self, my_task: Token) -> bool:
        answer: DecisionResult = my_task.workflow.script_engine.decide(self.decision, my_task.data)
        found: dict[str, Any] = {}
        if answer.outputs is not None:
            names = list(answer.outputs)
            found = {self.result: answer.outputs[names[0]]} if names else {}
            found.update({name: answer.outputs[name] for name in names[1:]})
        else:
            found[self.result] = answer.value
        my_task.data = {**my_task.data, **my_task.workflow.script_engine.plain(found)}
        my_task.detail = {
            "decision": answer.decision,
            "rules": [rule.rule_id for rule in answer.rules],
            "clauses": sorted({clause for rule in answer.rules for clause in rule.clauses}),
            "outputs": my_task.workflow.script_engine.plain(found),
        }
        return True


class ExclusiveGateway(Live, BpmnSpecMixin):
    """Takes the first flow whose condition is true, else the default."""

    chooses = True

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.conditions: list[tuple[str | None, str]] = []  # (FEEL or None for the default, spec name)

    def _run_hook(self, my_task: Token) -> bool:
        for name in chosen_by_condition(my_task, self.conditions, exclusive=True):
            my_task._add_child(self._wf_spec.task_specs[name])
        return True


def chosen_by_condition(my_task: Token, conditions: list[tuple[str | None, str]], *, exclusive: bool) -> list[str]:
    """Return the names of the specs to go on with; raises StepFailed when nothing holds and there is no default."""
    engine = my_task.workflow.script_engine
    chosen: list[str] = []
    for expression, name in conditions:
        if expression is not None and engine.holds(my_task.data, expression):
            chosen.append(name)
            if exclusive:
                return chosen
    chosen = chosen or [name for expression, name in conditions if expression is None][:1]
    if not chosen:
        raise StepFailed(
            "No condition holds and there is no default flow.",
            "没有任何条件成立，且没有默认流。",
            element=my_task.task_spec.bpmn_id,
            task_id=my_task.id,
        )
    return chosen


class SubProcess(Live, BpmnSpecMixin):
    """An embedded subprocess: sees and changes all variables of the token."""

    def __init__(self, wf_spec: Any, name: str, *, spec: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.spec = spec

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        if "ended_with" in my_task.internal_data:  # only what comes back has failed: the scope is not run again
            ended = {**my_task.internal_data["ended_with"], **my_task.internal_data.get("edited", {})}
            my_task.data = self.data_out(my_task, ended)
            return True
        data = self.data_in(my_task)
        scope = my_task.workflow.top_workflow.create_subprocess(my_task, self.spec)
        my_task._set_state(TaskState.STARTED)
        scope.begin(data)
        return False

    def data_in(self, my_task: Token) -> dict[str, Any]:
        """Return the variables that the scope begins with."""
        return dict(my_task.data)

    def data_out(self, my_task: Token, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the token's variables after the scope has ended with `data`."""
        return dict(data)

    def scope_ended(self, my_task: Token, scope: SubInstance) -> None:
        """Take the scope's result and go on; a scope that was cancelled from outside changes nothing."""
        if my_task._state != TaskState.STARTED:
            return
        my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        try:
            my_task.data = self.data_out(my_task, scope.data)
        except FAILURES as error:
            my_task.internal_data["ended_with"] = scope.data
            my_task.fail(error, "update")
            return
        my_task.complete()

    def _on_cancel(self, my_task: Token) -> None:
        scope = my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        if scope is not None:
            scope.withdraw()


class CallActivity(SubProcess):
    """Calls a process: declared inputs go in, declared outputs come back (everything, where nothing is declared)."""

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        *,
        inputs: tuple[tuple[str, str], ...],
        outputs: tuple[tuple[str, str], ...],
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.inputs_map, self.outputs_map = inputs, outputs

    def data_in(self, my_task: Token) -> dict[str, Any]:
        """Return the declared inputs, evaluated over the caller's token."""
        if not self.inputs_map and not self.outputs_map:
            return dict(my_task.data)
        engine = my_task.workflow.script_engine
        return {name: engine.value(my_task.data, expression) for name, expression in self.inputs_map}

    def data_out(self, my_task: Token, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the caller's variables with the declared outputs, evaluated over the called process's data."""
        if not self.inputs_map and not self.outputs_map:
            return dict(data)
        engine = my_task.workflow.script_engine
        return {**my_task.data, **{name: engine.value(data, expression) for name, expression in self.outputs_map}}


class BoundarySplit(Live, BpmnTaskSpec):
    """Stands before an activity with boundary events: starts the activity, then arms the events."""

    chooses = True

    def __init__(self, wf_spec: Any, name: str, *, host: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.host = host

    def _run_hook(self, my_task: Token) -> bool:
        for spec in self.outputs:  # the host first
            my_task._add_child(spec)
        return True
