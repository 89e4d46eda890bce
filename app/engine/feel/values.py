"""The values of FEEL: how they come in, compare, and go out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from enum import Enum
from typing import Any, NoReturn

from app.engine.feel import temporal
from app.engine.feel.limits import MAX_DEPTH, MAX_ITEMS, MAX_STRING
from app.engine.feel.temporal import NUMBERS, DaysDuration, YearsDuration
from app.errors import ExpressionError

_READY = frozenset({type(None), bool, date, datetime, time, DaysDuration, YearsDuration})


@dataclass(frozen=True, slots=True)
class Range:
    """A range; None is an open end."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool

    def includes(self, value: Any) -> bool | None:
        """Tell whether `value` lies inside; None when it cannot be compared with the ends."""
        if value is None:
            return None
        for bound, op in ((self.low, ">=" if self.low_closed else ">"), (self.high, "<=" if self.high_closed else "<")):
            if bound is None:
                continue
            inside = compare(op, value, bound)
            if not inside:
                return inside
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function as a value: its parameters' names and what calls it with positional arguments."""

    name: str
    parameters: tuple[str, ...] | None  # None: any number
    call: Callable[..., Any]


def to_feel(value: Any, depth: int = 0) -> Any:
    """Return a Python value as a FEEL value (numbers become Decimal); raises ExpressionError for what is none."""
    kind = type(value)
    if kind in _READY:
        return value
    if kind is str:
        if len(value) > MAX_STRING:
            _too_large()
        return value
    if kind is Decimal:
        return _number(value) if value.is_finite() else None
    if kind is int:
        return _number(value)
    if kind is float:
        return NUMBERS.create_decimal(repr(value)) if value - value == 0 else None
    return _nested(value, depth) if isinstance(value, Mapping | Set | list | tuple) else _rarer(value, depth)


def _nested(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ExpressionError("A value is nested too deeply.", "数据嵌套过深。")
    if len(value) > MAX_ITEMS:
        _too_large()
    if isinstance(value, Mapping):
        return {str(key): to_feel(entry, depth + 1) for key, entry in value.items()}
    items = sorted(value, key=str) if isinstance(value, Set) else value
    return [to_feel(entry, depth + 1) for entry in items]


def _rarer(value: Any, depth: int) -> Any:
    if isinstance(value, Range | Function):
        return value
    if isinstance(value, Enum):
        return to_feel(value.value, depth)
    if isinstance(value, timedelta):
        return temporal.from_timedelta(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | Decimal):
        return to_feel(Decimal(value), depth)
    if isinstance(value, float):
        return to_feel(float(value), depth)
    if isinstance(value, date | time):
        return value
    if callable(value):
        return Function(getattr(value, "__name__", "function"), None, value)
    raise ExpressionError(f"A value of the kind {type(value).__name__} cannot be used.",
                          f"不支持 {type(value).__name__} 类型的数据。")


def _number(value: int | Decimal) -> Decimal:
    if isinstance(value, int) and value.bit_length() > 20_000:
        _too_large()
    try:
        return NUMBERS.create_decimal(value)
    except DecimalException as error:
        raise ExpressionError("A number is too large.", "数值过大。") from error


def _too_large() -> NoReturn:
    raise ExpressionError("A value is too large.", "数据过大。")


def kind(value: Any) -> str:
    """Return the FEEL type of a value: number, string, date and time…"""
    if value is None:
        return "null"
    found = _KINDS.get(type(value))
    if found:
        return found
    return "date and time" if isinstance(value, datetime) else "date" if isinstance(value, date) else "any"


_KINDS = {
    bool: "boolean", Decimal: "number", str: "string", list: "list", dict: "context", date: "date", time: "time",
    datetime: "date and time", DaysDuration: "days and time duration", YearsDuration: "years and months duration",
    Range: "range", Function: "function",
}  # fmt: skip


def equal(left: Any, right: Any) -> bool | None:
    """Return whether two values are the same; None when their types differ (and neither is null)."""
    if left is None or right is None:
        return left is right
    kind_left, kind_right = type(left), type(right)
    if kind_left is not kind_right:
        return None
    if kind_left is list:
        if len(left) != len(right):
            return False
        return _all(equal(a, b) for a, b in zip(left, right, strict=True))
    if kind_left is dict:
        if left.keys() != right.keys():
            return False
        return _all(equal(left[name], right[name]) for name in left)
    if kind_left is time:
        return _same_time(left, right)
    return bool(left == right)


def _all(answers: Any) -> bool:
    return all(answer is True for answer in answers)


def _same_time(left: time, right: time) -> bool:
    if left.tzinfo is None or right.tzinfo is None:
        return left == right and left.tzinfo is right.tzinfo
    return left == right


def compare(op: str, left: Any, right: Any) -> bool | None:
    """Return the answer of < <= > >=; None when the values have no common order."""
    if type(left) is not type(right) or type(left) not in _ORDERED:
        return None
    try:
        if op == "<":
            return bool(left < right)
        if op == "<=":
            return bool(left <= right)
        return bool(left > right) if op == ">" else bool(left >= right)
    except TypeError:  # one has an offset, the other has none
        return None


_ORDERED = frozenset({Decimal, str, date, time, datetime, DaysDuration, YearsDuration})


def key(value: Any) -> Any:
    """Return a hashable stand-in: two values are equal exactly when their keys are."""
    if type(value) is list:
        return ("list", *map(key, value))
    if type(value) is dict:
        return ("context", frozenset((name, key(entry)) for name, entry in value.items()))
    return (type(value), value)


def measure(value: Any, limit: int = MAX_ITEMS) -> int:
    """Return how many items (and 64-character blocks) a list or context has, nested ones included.

    Raises ExpressionError beyond the limits.
    """
    count = 0
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        current, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError("A value is nested too deeply.", "数据嵌套过深。")
        entries = current.values() if type(current) is dict else current
        count += len(entries)
        if count > limit:
            raise ExpressionError(f"A list or context has more than {limit} entries.", f"列表或上下文超过 {limit} 项。")
        for entry in entries:
            if type(entry) is str:
                count += len(entry) >> 6
            elif type(entry) is list or type(entry) is dict:
                pending.append((entry, depth + 1))
    return count


def string(value: Any, nested: bool = False) -> str:
    """Return a value as FEEL's string() does; strings inside lists and contexts keep their quotes."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if nested else value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return temporal.write_number(value)
    if isinstance(value, date | time):
        return temporal.write(value)
    if isinstance(value, list):
        return "[" + ", ".join(string(entry, True) for entry in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key_text(name)}: {string(entry, True)}" for name, entry in value.items()) + "}"
    if isinstance(value, Range):
        return _range_text(value)
    return f"function {value.name}" if isinstance(value, Function) else str(value)


def _key_text(name: str) -> str:
    return name if name.replace(" ", "").isalnum() or name.isidentifier() else string(name, True)


def _range_text(value: Range) -> str:
    if value.low is None:
        return f"({'<=' if value.high_closed else '<'}{string(value.high, True)})"
    if value.high is None:
        return f"({'>=' if value.low_closed else '>'}{string(value.low, True)})"
    opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
    return f"{opening}{string(value.low, True)}..{string(value.high, True)}{closing}"


def plain(value: Any) -> Any:
    """Return JSON-able data: numbers become int or float, temporals and ranges text.

    Raises ExpressionError for a function.
    """
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and abs(value) < 10**15
        return int(value) if whole else float(value)
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Function):
        raise ExpressionError("A function cannot be stored.", "函数不能作为结果保存。")
    return string(value)
