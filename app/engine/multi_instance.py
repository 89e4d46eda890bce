"""Activities that are done several times: in parallel, one after the other, or while a condition holds."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.engine.diagram import Loop
from app.engine.specs import Live
from app.engine.workflow import ABORTING, FAILURES, Token
from app.errors import ExpressionError, StepFailed

MAXIMUM = 1000  # instances of one activity


class Repeated(Live, BpmnSpecMixin):
    """The whole around the instances of an activity; boundary events are attached to it."""

    def __init__(self, wf_spec: Any, name: str, *, loop: Loop, child: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.loop, self.child = loop, child

    def instance_ended(self, my_task: Token, child: Token) -> None:
        """Take an instance's result and go on."""
        if my_task.state != TaskState.STARTED:
            return
        try:
            self.take(my_task, child)
        except FAILURES as error:
            if isinstance(error, ABORTING):
                raise
            my_task.fail(error, "update")

    @abstractmethod
    def take(self, my_task: Token, child: Token) -> None:
        """Take an instance's result and go on; failures are the whole's."""

    def begin(self, my_task: Token, key: Any, variables: dict[str, Any]) -> None:
        """Start one instance."""
        child = my_task._add_child(self._wf_spec.task_specs[self.child])
        child.triggered = True
        child.internal_data.update(instance=key, edited=variables)
        child.task_spec._update(child)

    def changes(self, my_task: Token, child: Token, hidden: tuple[str | None, ...]) -> dict[str, Any]:
        """Return the variables that the instance changed, without its own."""
        return {
            name: value
            for name, value in child.data.items()
            if name not in hidden and (name not in my_task.data or my_task.data[name] != value)
        }

    def _on_cancel(self, my_task: Token) -> None:
        for child in my_task.children:
            if child.triggered:
                child.cancel()


class MultiInstance(Repeated):
    """Once for each item of a list (or a number of times), in parallel or one after the other."""

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        items = self._items(my_task)
        my_task.internal_data.update(keys=list(items), begun=0, done=0, results={}, changes={})
        if not items:
            self._put_results(my_task)
            return True
        my_task._set_state(TaskState.STARTED)
        for _ in items if self.loop.kind == "parallel" else range(1):
            if my_task.state == TaskState.STARTED:
                self._begin_next(my_task, items)
        return False

    def _items(self, my_task: Token) -> dict[Any, Any]:
        if self.loop.items is None:
            count = my_task.workflow.script_engine.value(my_task.data, self.loop.cardinality or "")
            if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAXIMUM:
                raise ExpressionError(
                    f"The number of instances must be 0 to {MAXIMUM}, not {count!r}.",
                    f"实例数必须是 0 到 {MAXIMUM} 的整数，而不是 {count!r}。",
                )
            return {str(index): index for index in range(count)}
        value = my_task.data.get(self.loop.items)
        if isinstance(value, list) and len(value) <= MAXIMUM:
            return {str(index): item for index, item in enumerate(value)}
        if isinstance(value, dict) and len(value) <= MAXIMUM:
            return value
        raise ExpressionError(
            f"{self.loop.items} must be a list of at most {MAXIMUM} items.",
            f"{self.loop.items} 必须是不超过 {MAXIMUM} 项的列表。",
        )

    def _begin_next(self, my_task: Token, items: dict[Any, Any]) -> None:
        internal = my_task.internal_data
        key = internal["keys"][internal["begun"]]
        internal["begun"] += 1
        self.begin(my_task, key, {self.loop.item: items[key]} if self.loop.item else {})

    def take(self, my_task: Token, child: Token) -> None:
        """Collect the result; start the next, or end the whole."""
        internal, loop = my_task.internal_data, self.loop
        internal["done"] += 1
        if loop.results and loop.result:
            internal["results"] = {**internal["results"], child.internal_data["instance"]: child.data.get(loop.result)}
        else:
            changed = self.changes(my_task, child, (loop.item, loop.result))
            if loop.kind == "sequential":
                my_task.data = {**my_task.data, **changed}
            else:
                internal["changes"] = {**internal["changes"], **changed}
        if internal["done"] == len(internal["keys"]) or self._complete_early(my_task, child):
            self._on_cancel(my_task)
            self._put_results(my_task)
            my_task.complete()
        elif loop.kind == "sequential":
            self._begin_next(my_task, self._items(my_task))

    def _complete_early(self, my_task: Token, child: Token) -> bool:
        if self.loop.completion is None:
            return False
        counts = {
            "numberOfInstances": len(my_task.internal_data["keys"]),
            "numberOfCompletedInstances": my_task.internal_data["done"],
        }
        return bool(my_task.workflow.script_engine.holds({**child.data, **counts}, self.loop.completion))

    def _put_results(self, my_task: Token) -> None:
        internal, loop = my_task.internal_data, self.loop
        data = {**my_task.data, **internal["changes"]}
        if loop.results and loop.result:
            done = {key: internal["results"][key] for key in internal["keys"] if key in internal["results"]}
            as_mapping = loop.items is not None and isinstance(my_task.data.get(loop.items), dict)
            data[loop.results] = done if as_mapping else list(done.values())
        my_task.data = data


class StandardLoop(Repeated):
    """Again and again while a condition holds, at most a number of times."""

    def _update_hook(self, my_task: Token) -> bool:
        my_task._inherit_data()
        my_task.internal_data["done"] = 0
        if self.loop.test_before and not self._goes_on(my_task):
            return True
        my_task._set_state(TaskState.STARTED)
        self.begin(my_task, 0, {})
        return False

    def take(self, my_task: Token, child: Token) -> None:
        """Keep what the iteration changed; go round or end."""
        my_task.data = dict(child.data)
        my_task.internal_data["done"] += 1
        if self._goes_on(my_task):
            self.begin(my_task, my_task.internal_data["done"], {})
        else:
            my_task.complete()

    def _goes_on(self, my_task: Token) -> bool:
        done = my_task.internal_data["done"]
        if done >= min(int(self.loop.maximum or MAXIMUM), MAXIMUM):
            if self.loop.maximum is None:
                raise StepFailed(f"The loop went round {MAXIMUM} times.", f"循环已达 {MAXIMUM} 次。")
            return False
        return self.loop.condition is None or bool(
            my_task.workflow.script_engine.holds(my_task.data, self.loop.condition)
        )
