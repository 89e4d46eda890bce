"""When standing work falls due, in the company's time: Mondays, days of the month, half years."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import as_utc
from app.work_calendar import WorkCalendar

OPENING = time(8)  # a standing process starts before the day's work begins


class Moments:
    """The functions that timers of standing processes call, as they answer at `now` (aware UTC)."""

    def __init__(self, calendar: WorkCalendar, zone: str, now: datetime) -> None:
        self._calendar, self._zone = calendar, ZoneInfo(zone)
        self._now = now.astimezone(self._zone)

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return them by the names that diagrams use."""
        return {"next_weekday": self.next_weekday, "next_month_day": self.next_month_day,
                "next_month_end": self.next_month_end, "next_half_year": self.next_half_year,
                "month_day": self.month_day, "month_end": self.month_end}

    def next_weekday(self, number: Any) -> datetime:
        """Return 08:00 of the next weekday (1 = Monday), later than now."""
        ahead = (int(number) - self._now.isoweekday()) % 7
        found = self._opening(self._now.date() + timedelta(days=ahead))
        return found if found > self._utc else self._opening(self._now.date() + timedelta(days=ahead + 7))

    def next_month_day(self, number: Any) -> datetime:
        """Return 08:00 of the next day `number` of a month, later than now; its last day where it has fewer."""
        first = self._now.date().replace(day=1)
        return self._later(_day(month, int(number)) for month in _months(first, 3))

    def next_month_end(self) -> datetime:
        """Return 08:00 of the last working day of this month or the next, later than now."""
        first = self._now.date().replace(day=1)
        return self._later(self._last_workday(month) for month in _months(first, 3))

    def next_half_year(self) -> datetime:
        """Return 08:00 of the next 1 January or 1 July, later than now."""
        year = self._now.year
        return self._later([date(year, 1, 1), date(year, 7, 1), date(year + 1, 1, 1)])

    def month_day(self, number: Any) -> datetime:
        """Return 24:00 of day `number` of this month."""
        return self._midnight_after(_day(self._now.date().replace(day=1), int(number)))

    def month_end(self) -> datetime:
        """Return 24:00 of the last day of this month."""
        return self._midnight_after(_day(self._now.date().replace(day=1), 31))

    @property
    def _utc(self) -> datetime:
        return as_utc(self._now)

    def _later(self, days: Any) -> datetime:
        return next(found for found in map(self._opening, days) if found > self._utc)

    def _opening(self, day: date) -> datetime:
        return as_utc(datetime.combine(day, OPENING, self._zone))

    def _midnight_after(self, day: date) -> datetime:
        return as_utc(datetime.combine(day + timedelta(days=1), time(), self._zone))

    def _last_workday(self, month: date) -> date:
        day = _day(month, 31)
        while not self._calendar.is_workday(day):
            day -= timedelta(days=1)
        return day


def _months(first: date, count: int) -> list[date]:
    found = [first]
    while len(found) < count:
        found.append(_day(found[-1], 31) + timedelta(days=1))
    return found


def _day(month: date, number: int) -> date:
    following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return min(month.replace(day=1) + timedelta(days=number - 1), following - timedelta(days=1))
