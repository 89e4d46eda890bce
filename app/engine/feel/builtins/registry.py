"""How built-in functions are declared, chosen by their arguments, and called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, DecimalException
from typing import Any, TypeVar

from app.engine.feel.scope import Run
from app.engine.feel.temporal import DaysDuration, YearsDuration
from app.engine.feel.values import Function, Range

_F = TypeVar("_F", bound=Callable[..., Any])
_NO_FIT = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `type` ends with ? where null is an accepted value."""

    name: str
    type: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function."""

    parameters: tuple[Parameter, ...]
    many: str | None  # type of any number of further arguments
    result: str
    call: Callable[..., Any]
    needs_run: bool


BUILTINS: dict[str, list[Overload]] = {}


def builtin(name: str, parameters: str, result: str = "any", *, needs_run: bool = False) -> Callable[[_F], _F]:
    """Declare a built-in: parameters are "string: string, start position: number, length?: number, *rest: any"."""

    def declare(function: _F) -> _F:
        found: list[Parameter] = []
        many = None
        for part in filter(None, (text.strip() for text in parameters.split(","))):
            label, _, kind = (piece.strip() for piece in part.partition(":"))
            if label.startswith("*"):
                many = kind
            else:
                found.append(Parameter(label.rstrip("?"), kind, label.endswith("?")))
        overload = Overload(tuple(found), many, result, function, needs_run)
        BUILTINS.setdefault(name, []).append(overload)
        return function

    return declare


def invoke(run: Run, name: str, values: Sequence[Any], names: tuple[str, ...]) -> tuple[bool, Any]:
    """Return whether a way to call `name` fits the arguments, and what it answers (null where it cannot)."""
    for value in values:
        run.read(value)
    for overload in BUILTINS[name]:
        arguments = _fit_named(overload, values, names) if names else _fit(overload, values)
        if arguments is None:
            continue
        try:
            return True, overload.call(run, *arguments) if overload.needs_run else overload.call(*arguments)
        except (DecimalException, OverflowError):
            return True, None
    return False, None


def _fit(overload: Overload, values: Sequence[Any]) -> list[Any] | None:
    parameters = overload.parameters
    if len(values) > len(parameters) and overload.many is None:
        return None
    fitted: list[Any] = []
    for index, parameter in enumerate(parameters):
        if index >= len(values):
            if not parameter.optional:
                return None
            fitted.append(None)
            continue
        value = coerce(values[index], parameter.type)
        if value is _NO_FIT:
            return None
        fitted.append(value)
    for value in values[len(parameters) :]:
        further = coerce(value, overload.many or "any")
        if further is _NO_FIT:
            return None
        fitted.append(further)
    return fitted


def _fit_named(overload: Overload, values: Sequence[Any], names: tuple[str, ...]) -> list[Any] | None:
    given = dict(zip(names, values, strict=True))
    if overload.many is not None or not given.keys() <= {parameter.name for parameter in overload.parameters}:
        return None
    fitted: list[Any] = []
    for parameter in overload.parameters:
        if parameter.name not in given:
            if not parameter.optional:
                return None
            fitted.append(None)
            continue
        value = coerce(given[parameter.name], parameter.type)
        if value is _NO_FIT:
            return None
        fitted.append(value)
    return fitted


def coerce(value: Any, wanted: str) -> Any:
    """Return the value as that type (DMN 1.3, 10.3.2.9.4: lists of one, dates as midnight), or a marker."""
    base = wanted.rstrip("?")
    if base == "any":
        return value
    if value is None:
        return None if base != wanted else _NO_FIT
    if _TESTS[base](value):
        return value
    if base == "list":
        return [value]
    if base == "datetime" and isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if type(value) is list and len(value) == 1:
        return coerce(value[0], wanted)
    return _NO_FIT


_TESTS: dict[str, Callable[[Any], bool]] = {
    "number": lambda value: type(value) is Decimal,
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "list": lambda value: type(value) is list,
    "context": lambda value: type(value) is dict,
    "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "day": lambda value: isinstance(value, date),
    "time": lambda value: isinstance(value, time),
    "datetime": lambda value: isinstance(value, datetime),
    "days": lambda value: isinstance(value, DaysDuration),
    "duration": lambda value: isinstance(value, DaysDuration | YearsDuration),
    "function": lambda value: isinstance(value, Function),
    "range": lambda value: isinstance(value, Range),
    "point": lambda value: not isinstance(value, Range | list | dict | Function),
}
