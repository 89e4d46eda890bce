"""Conversion functions: string, number, date, time, duration, and not."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from app.engine.feel import temporal
from app.engine.feel.builtins.registry import builtin, invoke
from app.engine.feel.parser import Parser
from app.engine.feel.scope import Run
from app.engine.feel.temporal import DaysDuration, YearsDuration
from app.engine.feel.tree import Call, Literal, Name, Node, RangeOf
from app.engine.feel.values import Range, compare
from app.engine.feel.values import string as as_string
from app.errors import ExpressionError

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)


@builtin("not", "negand: any", "boolean")
def negation(value: Any) -> bool | None:
    """Return the opposite of a boolean, else null."""
    return (not value) if type(value) is bool else None


@builtin("string", "from: any", "string")
def to_string(value: Any) -> str | None:
    """Return the text of a value."""
    return None if value is None else as_string(value)


@builtin("number", "from: string, grouping separator?: string?, decimal separator?: string?", "number")
def to_number(text: str, grouping: str | None, point: str | None) -> Decimal | None:
    """Return the number that a text writes with those separators."""
    if grouping not in {None, " ", ",", "."} or point not in {None, ",", "."} or (grouping and grouping == point):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        text = text.replace(",", ".")
    return temporal.number(text) if len(text) < 7000 and _NUMBER.fullmatch(text) else None


@builtin("number", "from: number", "number")
def number_of_number(value: Decimal) -> Decimal:
    """Return the number itself."""
    return value


@builtin("date", "from: string", "date")
def date_of_text(text: str) -> date | None:
    """Return the date that a text writes."""
    return temporal.read_date(text)


@builtin("date", "from: day", "date")
def date_of_moment(value: date) -> date:
    """Return the day of a date or of a date and time."""
    return date(value.year, value.month, value.day)


@builtin("date", "year: number, month: number, day: number", "date")
def date_of_parts(year: Decimal, month: Decimal, day: Decimal) -> date | None:
    """Return the date of that year, month and day."""
    if abs(year) > 9999 or any(part != part.to_integral_value() for part in (year, month, day)):
        return None
    return temporal.make_date(int(year), int(month), int(day))


@builtin("date and time", "from: string", "date and time")
def moment_of_text(text: str) -> datetime | None:
    """Return the date and time that a text writes."""
    return temporal.read_datetime(text)


@builtin("date and time", "from: day", "date and time")
def moment_of_day(value: date) -> datetime:
    """Return a date and time itself, or a date's midnight in UTC."""
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


@builtin("date and time", "date: day, time: time", "date and time")
def moment_of_parts(day: date, clock: time) -> datetime:
    """Return that time on that day."""
    return datetime.combine(date(day.year, day.month, day.day), clock)


@builtin("date and time", "date: datetime, timezone: string", "date and time")
def moment_in_zone(moment: datetime, name: str) -> datetime | None:
    """Return the same moment in another time zone."""
    where = temporal.zone(name)
    return moment.astimezone(where) if where and moment.utcoffset() is not None else None


@builtin("time", "from: string", "time")
def time_of_text(text: str) -> time | None:
    """Return the time that a text writes."""
    return temporal.read_time(text)


@builtin("time", "from: time", "time")
def time_of_time(value: time) -> time:
    """Return the time itself."""
    return value


@builtin("time", "from: day", "time")
def time_of_moment(value: date) -> time:
    """Return the time of a date and time; a date's is midnight in UTC."""
    return value.timetz() if isinstance(value, datetime) else time(tzinfo=UTC)


@builtin("time", "hour: number, minute: number, second: number, offset?: days?", "time")
def time_of_parts(hour: Decimal, minute: Decimal, second: Decimal, offset: DaysDuration | None) -> time | None:
    """Return the time of those parts, with an offset from UTC when one is given."""
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    if hour != int(hour) or minute != int(minute) or (offset and abs(offset.seconds) > 14 * 3600):
        return None
    where = timezone(timedelta(seconds=int(offset.seconds))) if offset is not None else None
    return time(int(hour), int(minute), int(second), int((second - int(second)) * 1_000_000), tzinfo=where)


@builtin("duration", "from: string", "duration")
def duration_of_text(text: str) -> DaysDuration | YearsDuration | None:
    """Return the duration that a text writes."""
    return temporal.read_duration(text)


@builtin("duration", "from: duration", "duration")
def duration_of_duration(value: DaysDuration | YearsDuration) -> DaysDuration | YearsDuration:
    """Return the duration itself."""
    return value


@builtin("years and months duration", "from: day, to: day", "years and months duration")
def months_between(start: date, end: date) -> YearsDuration | None:
    """Return the whole months from one day to another."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return YearsDuration(months)


@builtin("range", "from: string", "range", needs_run=True)
def range_of_text(run: Run, text: str) -> Range | None:
    """Return the range that a text writes, such as [1..5] or (date("2026-01-01")..date("2026-02-01"))."""
    try:
        node = Parser(text).expression_only()
    except ExpressionError:
        return None
    if not isinstance(node, RangeOf):
        return None
    ends = [_written(run, end) for end in (node.low, node.high)]
    known = [end for end in ends if end is not None]
    if len(known) < sum(end is not None for end in (node.low, node.high)):
        return None
    if len(known) == 2 and compare("<=", known[0], known[1]) is not True:
        return None
    return Range(ends[0], ends[1], node.low_closed, node.high_closed)


def _written(run: Run, node: Node | None) -> Any:
    """Return the value of a literal, or of a conversion of one; else null."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in _CONVERSIONS:
        values = [one.value for one in node.arguments if isinstance(one, Literal)]
        return invoke(run, node.function.name, values, node.names)[1] if len(values) == len(node.arguments) else None
    return None


_CONVERSIONS = frozenset({"date", "time", "date and time", "duration", "number", "string"})
