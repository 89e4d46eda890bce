"""The only place that reads the wall clock: real time, a fixed time for tests, and a time that can be moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; whoever needs it is given one."""

    def now(self) -> datetime:
        """Return the present moment as aware UTC."""


class SystemClock:
    """The wall clock."""

    def now(self) -> datetime:
        """Return the present moment as aware UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests and for simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = as_utc(at)

    def now(self) -> datetime:
        """Return the moment that the clock stands at, aware UTC."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move the clock to `at`, back or forth; raises ValueError for a time without offset."""
        self._at = as_utc(at)

    def advance(self, by: timedelta) -> datetime:
        """Move the clock and return where it stands now, aware UTC."""
        self._at += by
        return self._at


class AdjustableClock:
    """The wall clock plus an offset that is kept elsewhere (the database), so that every process agrees."""

    def __init__(self, read_offset: Callable[[], timedelta], base: Clock | None = None) -> None:
        self._read_offset = read_offset
        self._base: Clock = base if base is not None else SystemClock()

    def now(self) -> datetime:
        """Return the moved moment as aware UTC; never cached, since another process may move it."""
        return self._base.now() + self._read_offset()


def as_utc(at: datetime) -> datetime:
    """Return `at` in UTC; raises ValueError where it has no offset, since guessing one would move deadlines."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"a time without an offset: {at.isoformat()}")
    return at.astimezone(UTC)


def monotonic() -> float:
    """Return seconds that never go back: for measuring how long something took, not for deadlines."""
    return time.monotonic()
