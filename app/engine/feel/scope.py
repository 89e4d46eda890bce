"""What an expression can see while it runs, and how much it has used up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.feel.limits import MAX_CALLS, MAX_STEPS, MAX_STRING, PATTERN_SECONDS
from app.engine.feel.values import measure, to_feel
from app.errors import ExpressionError


class Run:
    """One evaluation: its mode, its host functions and what it has used up."""

    __slots__ = ("calls", "converted", "functions", "pattern_seconds", "steps", "strict")

    def __init__(self, functions: Mapping[str, Callable[..., Any]], strict: bool) -> None:
        self.functions = functions
        self.strict = strict
        self.steps = MAX_STEPS
        self.calls = 0
        self.pattern_seconds = PATTERN_SECONDS
        self.converted: dict[str, Any] = {}

    def charge(self, steps: int = 1) -> None:
        """Use up steps; raises ExpressionError when there are none left."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError("The expression takes too many steps.", "表达式的计算步骤过多。")

    def read(self, value: Any) -> None:
        """Charge for going through a value that may be large."""
        kind = type(value)
        if kind is str:
            self.charge(len(value) >> 8)
        elif kind is list or kind is dict:
            self.charge(measure(value) >> 2)

    def made(self, value: Any) -> Any:
        """Charge for a value that was produced and return it; raises ExpressionError when it is too large."""
        kind = type(value)
        if kind is str:
            if len(value) > MAX_STRING:
                raise ExpressionError(f"A string would be longer than {MAX_STRING} characters.",
                                      f"文本超过 {MAX_STRING} 个字符。")
            self.charge(len(value) >> 6)
        elif kind is list or kind is dict:
            self.charge(measure(value) + 1)
        return value

    def enter(self, steps: int) -> None:
        """Note a call of a function written in FEEL; raises ExpressionError when they are nested too deeply."""
        self.charge(steps)
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise ExpressionError("Functions call each other too deeply.", "函数嵌套调用过深。")


class Scope:
    """Names that are visible; the outermost one (without parent) holds the caller's context, not yet converted."""

    __slots__ = ("names", "parent", "run")

    def __init__(self, names: Mapping[str, Any], parent: Scope | None, run: Run) -> None:
        self.names = names
        self.parent = parent
        self.run = run

    def find(self, name: str) -> tuple[bool, Any]:
        """Return whether the name is known, and its FEEL value."""
        scope = self
        while scope.parent is not None:
            if name in scope.names:
                return True, scope.names[name]
            scope = scope.parent
        if name not in scope.names:
            return False, None
        converted = self.run.converted
        if name not in converted:
            converted[name] = to_feel(scope.names[name])
        return True, converted[name]

    def raw(self, name: str) -> tuple[bool, Any]:
        """Return whether the name is known, and its value as the caller gave it."""
        scope = self
        while scope.parent is not None:
            if name in scope.names:
                return True, scope.names[name]
            scope = scope.parent
        return (True, scope.names[name]) if name in scope.names else (False, None)
