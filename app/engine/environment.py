"""The only evaluator inside a workflow: FEEL over the token's variables; no Python is ever run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn, Protocol

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from app.engine import decisions, feel
from app.errors import ExpressionError, StepFailed
from app.facts import ActivityEvent, DecisionResult, Done, Parked, ServiceCall


class Ports(Protocol):
    """What the engine needs from outside; called inline, inside the step's transaction."""

    def now(self) -> datetime:
        """Return the step's time, aware UTC; the same during the whole step."""

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return the functions that diagrams may call: due, after, workdays, now, today."""

    def facts(self) -> Mapping[str, Any]:
        """Return the names that every expression sees: `case` and `profile`."""

    def observe(self, event: ActivityEvent) -> None:
        """Hear what happened to an element, in order."""

    def call(self, call: ServiceCall) -> Done | Parked:
        """Run an operation; raises BusinessError for a BPMN error and ChengnuoError for a failure."""

    def throw(self, name: str, correlation: str | None, payload: Mapping[str, Any]) -> None:
        """Take a message that leaves the instance."""


class FeelEnvironment(BasePythonScriptEngineEnvironment):
    """SpiffWorkflow's door to evaluation, behind which there is only FEEL."""

    def __init__(self, ports: Ports) -> None:
        super().__init__({})
        self.ports = ports

    def evaluate(
        self, expression: str, context: Mapping[str, Any], external_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the expression's value as plain data; raises ExpressionError.

        A variable that nobody has set yet is null; an unknown function or entry, and types that do not match, fail.
        """
        parsed = feel.parse(expression)
        names = {**dict.fromkeys(feel.names(parsed)), **context, **(external_context or {}), **self.ports.facts()}
        return feel.plain(feel.evaluate(parsed, names, self.ports.functions(), strict=True))

    def execute(
        self, script: str, context: Mapping[str, Any], external_context: Mapping[str, Any] | None = None
    ) -> NoReturn:
        """Refuse: scripts are FEEL assignments of our own script task."""
        raise ExpressionError("Scripts are not run.", "不执行脚本。", expression=script)

    def call_service(self, context: Mapping[str, Any], **kwargs: Any) -> NoReturn:
        """Refuse: services are called through the ports."""
        raise StepFailed("Services are called through the ports.", "服务只能经由端口调用。")


class Engine(PythonScriptEngine):
    """The script engine of one execution."""

    def __init__(self, ports: Ports, tables: Mapping[str, decisions.DecisionTable]) -> None:
        super().__init__(FeelEnvironment(ports))
        self.ports = ports
        self.tables = tables

    def evaluate(self, task: Any, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """Return the expression's value over the task's variables; raises ExpressionError."""
        return self.environment.evaluate(expression, task.data, external_context)

    def execute(self, task: Any, script: str, external_context: Mapping[str, Any] | None = None) -> NoReturn:
        """Refuse."""
        self.environment.execute(script, task.data, external_context)
        raise AssertionError

    def call_service(self, task: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self.environment.call_service(task.data, **kwargs)
        raise AssertionError

    def value(self, data: Mapping[str, Any], expression: str) -> Any:
        """Return the expression's value over `data`; raises ExpressionError."""
        return self.environment.evaluate(expression, data)

    def holds(self, data: Mapping[str, Any], expression: str) -> bool:
        """Return whether a condition is true; raises ExpressionError when it gives anything but true or false."""
        result = self.value(data, expression)
        if not isinstance(result, bool):
            raise ExpressionError(
                f"The condition gives {result!r}, neither true nor false: {expression}",
                f"条件的结果是 {result!r}，既非真也非假：{expression}",
                expression=expression,
            )
        return result

    def correlation(self, data: Mapping[str, Any], expression: str | None) -> str | None:
        """Return the key of a message: the expression's value, else the case's number, else None."""
        if expression is not None:
            value = self.value(data, expression)
        else:
            case = self.ports.facts().get("case")
            value = case.get("number") if isinstance(case, Mapping) else None
        return None if value is None else str(value)

    def decide(self, decision: str, data: Mapping[str, Any]) -> DecisionResult:
        """Return a decision table's answer over `data`; raises ExpressionError or StepFailed."""
        if decision not in self.tables:
            raise StepFailed(f"The decision {decision} is not part of this version.", f"此版本不包含决策 {decision}。")
        return decisions.evaluate(self.tables[decision], {**data, **self.ports.facts()}, self.ports.functions())

    @staticmethod
    def plain(value: Any) -> Any:
        """Return `value` as data that JSON knows."""
        return feel.plain(value)
