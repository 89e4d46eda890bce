"""Spans of natural and working time compared: which of two limits ends earlier, whenever they may start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from app.durations import parse_duration
from app.errors import BadDuration
from app.facts import Period
from app.policy.drift.model import CONTRADICTORY, EQUAL, INCOMPARABLE, LOOSER, STRICTER
from app.work_calendar import WorkCalendar

# A year with long holidays, make-up workdays and every weekday; enough hours of a day to be before, in and after work.
_FIRST = datetime(2025, 9, 15, tzinfo=UTC)
_STARTS = tuple(_FIRST + timedelta(days=day, hours=hour) for day in range(0, 200) for hour in (0.5, 3, 9.75, 12, 15.9))
_CALENDAR = WorkCalendar()


def compare_limits(process: Sequence[Period], policy: Period) -> str:
    """Return the verdict on the earlier end of `process` against a limit that must not be exceeded.

    equal, stricter, looser, or incomparable where it depends on the start; contradictory for what is no span of time.
    """
    return _compared(tuple(process), policy)


@lru_cache(maxsize=4096)
def _compared(process: tuple[Period, ...], policy: Period) -> str:
    try:
        if len(process) == 1 and (same := _directly(process[0], policy)) is not None:
            return _verdict({same})
        signs = {_sign(mine, theirs) for mine, theirs in zip(_earliest(process), _ends(policy), strict=True)}
    except BadDuration:
        return CONTRADICTORY
    return _verdict(signs)


def at_least(process: str, policy: str) -> str:
    """Return the verdict on a natural span that must not be shorter than the policy's: longer is stricter."""
    verdict = spans(process, policy)
    return {STRICTER: LOOSER, LOOSER: STRICTER}.get(verdict, verdict)


def spans(process: str, policy: str) -> str:
    """Return the verdict on a natural interval that must not be longer than the policy's; a day is 24 hours."""
    try:
        mine, theirs = _elapsed(process), _elapsed(policy)
    except BadDuration:
        return CONTRADICTORY
    if mine[0] <= theirs[0] and mine[1] <= theirs[1]:
        return EQUAL if mine == theirs else STRICTER
    return LOOSER if mine[0] >= theirs[0] and mine[1] >= theirs[1] else INCOMPARABLE


def _elapsed(text: str) -> tuple[timedelta, timedelta]:
    """Return the shortest and the longest that a span lasts: months have 28 to 31 days, twelve of them 365 or 366."""
    duration = parse_duration(text)
    years, months = divmod(duration.months, 12)
    shortest = timedelta(days=365 * years + 28 * months) + duration.elapsed
    return shortest, timedelta(days=366 * years + 31 * months) + duration.elapsed


def _directly(mine: Period, theirs: Period) -> int | None:
    """Return the sign where both are counted alike, else None."""
    if mine.calendar != theirs.calendar:
        return None
    one, other = parse_duration(mine.duration), parse_duration(theirs.duration)
    if one.months or other.months or one.counts_days != other.counts_days:
        return None
    if not one.counts_days and (one.days or other.days):
        return None
    return (one.elapsed > other.elapsed) - (one.elapsed < other.elapsed)


@lru_cache(maxsize=512)
def _ends(period: Period) -> tuple[datetime, ...]:
    return tuple(_CALENDAR.add(start, period).due_at for start in _STARTS)


def _earliest(periods: tuple[Period, ...]) -> tuple[datetime, ...]:
    if not periods:
        raise BadDuration("No duration was given.", "没有给出时长。")
    return tuple(min(ends) for ends in zip(*(_ends(period) for period in periods), strict=True))


def _sign(mine: datetime, theirs: datetime) -> int:
    return (mine > theirs) - (mine < theirs)


def _verdict(signs: set[int]) -> str:
    if signs == {0}:
        return EQUAL
    if 1 not in signs:
        return STRICTER
    return LOOSER if -1 not in signs else INCOMPARABLE
