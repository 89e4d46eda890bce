"""Calendar functions, and the test whether two values are the very same."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.values import equal, kind


@builtin("day of year", "date: day", "number")
def day_of_year(day: date) -> Decimal:
    """Return the number of the day in its year."""
    return Decimal(day.timetuple().tm_yday)


@builtin("day of week", "date: day", "string")
def day_of_week(day: date) -> str:
    """Return the English name of the weekday."""
    return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[day.weekday()]


@builtin("month of year", "date: day", "string")
def month_of_year(day: date) -> str:
    """Return the English name of the month."""
    return ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December")[day.month - 1]  # fmt: skip


@builtin("week of year", "date: day", "number")
def week_of_year(day: date) -> Decimal:
    """Return the number of the week by ISO 8601."""
    return Decimal(day.isocalendar().week)


@builtin("last day of month", "date: day", "number")
def last_day_of_month(day: date) -> Decimal:
    """Return how many days the month has."""
    return Decimal(calendar.monthrange(day.year, day.month)[1])


@builtin("is", "value1?: any, value2?: any", "boolean")
def is_same(first: Any, second: Any) -> bool:
    """Tell whether two values are the same element of FEEL's semantic domain: same type, same zone."""
    if kind(first) != kind(second):
        return False
    if isinstance(first, datetime | time):
        return _zone(first) == _zone(second) and first.replace(tzinfo=None) == second.replace(tzinfo=None)
    return equal(first, second) is True


def _zone(value: datetime | time) -> object:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else value.utcoffset()
