"""What a timer's value means: dates, durations and cycles of ISO 8601, read strictly, with our clock."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import ExpressionError

DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?"
)
CYCLE = re.compile(r"R(\d{0,6})/(?:([^/]+)/)?([^/]+)(?:/([^/]+))?")
DUE = re.compile(r'\bdue\(\s*"([^"]+)"\s*\)')
MINIMUM_CYCLE = timedelta(minutes=1)  # a shorter one is a mistake, and would keep the sweep busy


def _bad(value: Any, what_en: str, what_zh: str) -> ExpressionError:
    return ExpressionError(f"A timer needs {what_en}, not {value!r}.", f"定时器需要{what_zh}，而不是 {value!r}。")


def milestone_of(expression: str | None) -> str | None:
    """Return the milestone that a timer is bound to by `due("name")`, or None."""
    found = DUE.search(expression or "")
    return found.group(1) if found else None


def after(start: datetime, value: Any) -> datetime:
    """Return `start` plus an ISO 8601 duration, months by the calendar; raises ExpressionError when it is none."""
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _bad(value, 'an ISO 8601 duration such as "PT4H"', ' ISO 8601 时长，例如 "PT4H"')
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[:6])
    try:
        month = start.month - 1 + months + 12 * years
        year, month = start.year + month // 12, month % 12 + 1
        moved = start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
        return moved + timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(match.group(7) or 0)
        )
    except (OverflowError, ValueError) as error:
        raise _bad(value, "a time before the year 10000", "公元 10000 年以前的时间") from error


def moment(value: Any) -> datetime:
    """Return an ISO 8601 date and time as aware UTC; raises ExpressionError, also for one without an offset."""
    text, _, zone = value.partition("@") if isinstance(value, str) else ("", "", "")
    try:
        when = datetime.fromisoformat(text)
        if zone:
            when = when.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise _bad(value, "a date and time", "日期时间") from error
    if when.tzinfo is None or len(text) <= len("2026-01-01"):
        raise _bad(value, "a date and time with its offset", "带时区偏移的日期时间")
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise _bad(value, "a time before the year 10000", "公元 10000 年以前的时间") from error


def cycle(value: Any, now: datetime) -> tuple[datetime, int, str]:
    """Return (first occurrence, occurrences or -1 for without end, ISO duration between); raises ExpressionError."""
    match = CYCLE.fullmatch(value) if isinstance(value, str) else None
    if match is None or match.group(4):
        raise _bad(value, 'a cycle such as "R3/PT1H"', '循环，例如 "R3/PT1H"')
    count = int(match.group(1)) if match.group(1) else -1
    start, every = match.group(2), match.group(3)
    if count == 0 or after(now, every) - now < MINIMUM_CYCLE:
        raise _bad(value, "a cycle of at least one occurrence and one minute", "至少一次、间隔不短于一分钟的循环")
    return (moment(start) if start else after(now, every)), count, every


def first_wait(kind: str | None, value: Any, now: datetime, milestone: str | None) -> dict[str, Any]:
    """Return what a timer waits for: {"due": ISO or None, "left": occurrences, "every": ISO duration}.

    Null disarms a timer that is bound to a milestone; else it raises ExpressionError, as every bad value does.
    """
    if value is None and milestone is not None:
        return {"due": None}
    if kind == "timeCycle":
        start, count, every = cycle(value, now)
        return {"due": start.isoformat(), "left": count, "every": every}
    return {"due": (after(now, value) if kind == "timeDuration" else moment(value)).isoformat()}


def next_wait(wait: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return what is left after a firing at `now`: occurrences missed while nobody looked count as this one."""
    if "every" not in wait:
        return {"due": None}
    due, left = datetime.fromisoformat(wait["due"]), wait["left"]
    while due <= now and left != 0:
        due, left = after(due, wait["every"]), left - 1
    return {**wait, "due": due.isoformat() if left != 0 else None, "left": left}
