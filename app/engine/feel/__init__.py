"""FEEL (DMN 1.4): the one expression language of conditions, timers, parameters, decisions and forms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.engine.feel.core import Code, Test
from app.engine.feel.evaluator import Compiler
from app.engine.feel.parser import Parser
from app.engine.feel.scope import Run, Scope
from app.engine.feel.temporal import DaysDuration, YearsDuration
from app.engine.feel.tree import Literal, Node
from app.engine.feel.tree import Tests as _Tests
from app.engine.feel.types import HOST_FUNCTIONS, Inference
from app.engine.feel.uses import called, free
from app.engine.feel.values import Function, Range, equal, kind, plain, to_feel
from app.errors import ExpressionError

__all__ = [
    "HOST_FUNCTIONS", "DaysDuration", "Expression", "Function", "Literal", "Range", "UnaryTests", "YearsDuration",
    "calls", "constant", "equal", "evaluate", "infer", "kind", "names", "parse", "parse_unary", "plain", "to_feel",
    "unary",
]  # fmt: skip
_NO_FUNCTIONS: Mapping[str, Callable[..., Any]] = {}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression."""

    text: str
    root: Node = field(repr=False, compare=False)
    code: Code = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """The parsed tests of an input cell."""

    text: str
    root: _Tests = field(repr=False, compare=False)
    code: Test = field(repr=False, compare=False)


def parse(text: str, known: Collection[str] = ()) -> Expression:
    """Return the parsed expression; `known` are names with spaces or signs in them that it may use.

    Raises ExpressionError with the position of the first mistake.
    """
    if not isinstance(text, str):
        raise ExpressionError("An expression must be text.", "表达式必须是文本。")
    return _parse(text, frozenset(known))


@lru_cache(maxsize=4096)
def _parse(text: str, known: frozenset[str]) -> Expression:
    try:
        root = Parser(text, known).expression_only()
        return Expression(text, root, Compiler(text).code(root))
    except RecursionError as error:
        raise _too_deep(text) from error


def parse_unary(text: str, known: Collection[str] = ()) -> UnaryTests:
    """Return the parsed tests of a decision table's input cell; `-` and an empty text accept everything.

    Raises ExpressionError with the position of the first mistake.
    """
    if not isinstance(text, str):
        raise ExpressionError("A test must be text.", "条件必须是文本。")
    return _parse_unary(text, frozenset(known))


@lru_cache(maxsize=8192)
def _parse_unary(text: str, known: frozenset[str]) -> UnaryTests:
    try:
        root = Parser(text, known).tests_only()
        return UnaryTests(text, root, Compiler(text).tests(root))
    except RecursionError as error:
        raise _too_deep(text) from error


def evaluate(expression: str | Expression, context: Mapping[str, Any],
             functions: Mapping[str, Callable[..., Any]] | None = None, *, strict: bool = False) -> Any:
    """Return the value of an expression over a context of plain Python data.

    What has no meaning (an unknown name, types that do not go together) is null, as DMN says. With `strict`, as
    diagrams use it, an unknown variable, entry or function and mismatched types raise ExpressionError. It is also
    raised in both modes for what cannot be parsed, what exceeds a limit, and for a failure of one of `functions`.
    """
    if isinstance(expression, str):
        expression = parse(expression)
    try:
        return expression.code(Scope(context, None, Run(functions or _NO_FUNCTIONS, strict)))
    except RecursionError as error:
        raise _too_deep(expression.text) from error


def unary(tests: str | UnaryTests, value: Any, context: Mapping[str, Any],
          functions: Mapping[str, Callable[..., Any]] | None = None, *, strict: bool = False) -> bool:
    """Return whether a value passes the tests of a cell; raises ExpressionError as `evaluate` does."""
    if isinstance(tests, str):
        tests = parse_unary(tests)
    scope = Scope(context, None, Run(functions or _NO_FUNCTIONS, strict))
    try:
        return tests.code(scope, to_feel(value)) is True
    except RecursionError as error:
        raise _too_deep(tests.text) from error


def names(expression: str | Expression | UnaryTests) -> frozenset[str]:
    """Return the variables that an expression reads from its context (`case` for `case.level`).

    A bare name inside a filter, which may be an entry of the filtered item, is not counted.
    """
    return free(_root(expression))


def calls(expression: str | Expression | UnaryTests) -> frozenset[str]:
    """Return the names of the functions that an expression calls."""
    return called(_root(expression))


def infer(expression: str | Expression | UnaryTests, types: Mapping[str, str] | None = None,
          functions: Mapping[str, str] | None = None) -> str:
    """Return the type that an expression gives, any where it is not known.

    Types are boolean, number, string, date, time, date and time, duration, list, context, range, function and null.
    `types` gives those of variables ("case.level" for an entry; "?" for the value that unary tests judge), `functions`
    the result types of the host's functions. Raises ExpressionError for a certain mistake.
    """
    if isinstance(expression, str):
        expression = parse(expression)
    known = HOST_FUNCTIONS if functions is None else functions
    given = types or {}
    local = {"?": given["?"]} if "?" in given else {}
    try:
        return Inference(expression.text, given, known).infer(expression.root, local)
    except RecursionError as error:
        raise _too_deep(expression.text) from error


def _root(expression: str | Expression | UnaryTests) -> Node:
    return (parse(expression) if isinstance(expression, str) else expression).root


def _too_deep(text: str) -> ExpressionError:
    return ExpressionError("The expression is nested too deeply.", "表达式嵌套过深。", expression=text, position=0)


def constant(node: Node) -> Any:
    """Return the value of a part of an expression that uses no variables, such as date("2026-01-01"); else null."""
    return None if free(node) else Compiler("").code(node)(Scope({}, None, Run(_NO_FUNCTIONS, False)))
