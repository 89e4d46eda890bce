"""Arithmetic, properties and type tests over FEEL values: null where the specification says null."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import ROUND_FLOOR, Decimal, DecimalException
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.feel import temporal
from app.engine.feel.temporal import NUMBERS, DaysDuration, YearsDuration
from app.engine.feel.values import Function, Range, kind

_DURATIONS = (DaysDuration, YearsDuration)


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """Return `left op right`, or None when the operands do not go together or there is no result."""
    try:
        if type(left) is Decimal and type(right) is Decimal:
            return _NUMERIC[op](left, right)
        return _MIXED[op](left, right)
    except (DecimalException, OverflowError):
        return None


def fits(op: str, left: Any, right: Any) -> bool:
    """Tell whether the types of the operands go together, so that a missing result is due to their values."""
    types = {kind(left), kind(right)}
    if types == {"number"}:
        return True
    return (op in "+-" and bool(types & {"date", "time", "date and time"})) or (
        op in "*/" and "number" in types and any("duration" in name for name in types)
    )


def _divide(left: Decimal, right: Decimal) -> Decimal | None:
    return NUMBERS.divide(left, right) if right else None


_NUMERIC: dict[str, Callable[[Decimal, Decimal], Decimal | None]] = {
    "+": NUMBERS.add, "-": NUMBERS.subtract, "*": NUMBERS.multiply, "/": _divide, "**": NUMBERS.power,
}  # fmt: skip


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, _DURATIONS):
        if isinstance(right, date | time):
            left, right = right, left
        elif type(left) is type(right):
            return _sum(left, right, 1)
        else:
            return None
    if isinstance(left, date | time) and isinstance(right, _DURATIONS):
        return temporal.add(left, right)
    return None


def _sum(left: Any, right: Any, sign: int) -> Any:
    if isinstance(left, DaysDuration):
        return DaysDuration(NUMBERS.add(left.seconds, sign * right.seconds))
    return YearsDuration(left.months + sign * right.months)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date | time) and isinstance(right, date | time):
        return temporal.subtract(left, right)
    if isinstance(right, _DURATIONS):
        if type(left) is type(right):
            return _sum(left, right, -1)
        if isinstance(left, date | time):
            return temporal.add(left, negate(right))
    return None


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        left, right = right, left
    if not isinstance(right, Decimal):
        return None
    if isinstance(left, DaysDuration):
        return _days(NUMBERS.multiply(left.seconds, right))
    return _months(NUMBERS.multiply(Decimal(left.months), right)) if isinstance(left, YearsDuration) else None


def _days(seconds: Decimal) -> DaysDuration | None:
    return DaysDuration(seconds) if abs(seconds) < 10**18 else None


def _months(months: Decimal) -> YearsDuration | None:
    return YearsDuration(int(months)) if abs(months) < 10**15 else None


def _quotient(left: Any, right: Any) -> Any:
    if isinstance(left, DaysDuration):
        if isinstance(right, DaysDuration):
            return _divide(left.seconds, right.seconds)
        if isinstance(right, Decimal) and right:
            return _days(NUMBERS.divide(left.seconds, right))
    if isinstance(left, YearsDuration):
        if isinstance(right, YearsDuration):
            return _divide(Decimal(left.months), Decimal(right.months))
        if isinstance(right, Decimal) and right:
            return _months(NUMBERS.divide(Decimal(left.months), right))
    return None


_MIXED: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add, "-": _subtract, "*": _multiply, "/": _quotient, "**": lambda _left, _right: None,
}  # fmt: skip


def negate(value: Any) -> Any:
    """Return -value for numbers and durations, else None."""
    if isinstance(value, Decimal):
        return NUMBERS.minus(value)
    if isinstance(value, DaysDuration):
        return DaysDuration(-value.seconds)
    return YearsDuration(-value.months) if isinstance(value, YearsDuration) else None


PROPERTIES = frozenset({
    "year", "month", "day", "weekday", "hour", "minute", "second", "time offset", "timezone", "days", "hours",
    "minutes", "seconds", "years", "months", "start", "end", "start included", "end included",
})  # fmt: skip


def property_of(value: Any, name: str) -> tuple[bool, Any]:
    """Return whether a temporal value or a range has that property, and the property."""
    if isinstance(value, date) and name in {"year", "month", "day", "weekday"}:
        return True, Decimal(value.isoweekday() if name == "weekday" else getattr(value, name))
    if isinstance(value, datetime | time):
        return _clock_property(value, name)
    if isinstance(value, DaysDuration):
        size = {"days": (86_400, None), "hours": (3_600, 24), "minutes": (60, 60), "seconds": (1, 60)}.get(name)
        return (True, _part(value.seconds, *size)) if size else (False, None)
    if isinstance(value, YearsDuration) and name in {"years", "months"}:
        whole, rest = divmod(abs(value.months), 12)
        part = whole if name == "years" else rest
        return True, Decimal(-part if value.months < 0 else part)
    if isinstance(value, Range):
        return _range_property(value, name)
    return False, None


def _clock_property(value: datetime | time, name: str) -> tuple[bool, Any]:
    if name in {"hour", "minute"}:
        return True, Decimal(getattr(value, name))
    if name == "second":
        return True, Decimal(value.second) + Decimal(value.microsecond) / 1_000_000
    if name == "time offset":
        offset = value.utcoffset()
        return True, None if offset is None else temporal.from_timedelta(offset)
    if name == "timezone":
        return True, value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return False, None


def _part(total: Decimal, size: int, wrap: int | None) -> Decimal:
    if size == 1:
        part = abs(total) % 60
    else:
        count = (abs(total) / size).to_integral_value(ROUND_FLOOR)
        part = count % wrap if wrap else count
    return -part if total < 0 and part else part


def _range_property(value: Range, name: str) -> tuple[bool, Any]:
    answers = {"start": value.low, "end": value.high, "start included": value.low_closed,
               "end included": value.high_closed}  # fmt: skip
    return (True, answers[name]) if name in answers else (False, None)


def is_instance(value: Any, wanted: Any) -> bool | None:
    """Tell whether a value is of a type (a tuple from the parser); None when the type is unknown."""
    name: str = wanted[0]
    if name == "Any":
        return value is not None
    if name == "Null":
        return value is None
    if name == "named":
        return None
    if value is None:
        return False
    if name == "list":
        return isinstance(value, list) and (len(wanted) == 1 or all(_is(entry, wanted[1]) for entry in value))
    if name == "context":
        return isinstance(value, dict) and (
            len(wanted) == 1 or all(field in value and _is(value[field], kind_) for field, kind_ in wanted[1])
        )
    if name == "range":
        ends = [end for end in (value.low, value.high) if end is not None] if isinstance(value, Range) else []
        return isinstance(value, Range) and (len(wanted) == 1 or all(_is(end, wanted[1]) for end in ends))
    if name == "function":
        return isinstance(value, Function)
    return kind(value) == name


def _is(value: Any, wanted: Any) -> bool:
    return value is None or is_instance(value, wanted) is True


def fit(value: Any, wanted: Any) -> Any:
    """Return a value as a parameter's type wants it: a list of one for a single value, and back (10.3.2.9.4)."""
    if wanted is None or value is None or wanted[0] in {"Any", "named"}:
        return value
    if wanted[0] == "list":
        return value if isinstance(value, list) else [value]
    return value[0] if isinstance(value, list) and len(value) == 1 else value
