"""ISO 8601 durations, read strictly: what deadlines, retention and pauses are written in."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from app.errors import BadDuration

_PATTERN = re.compile(
    r"P(?=[0-9]|T[0-9])(?:([0-9]{1,4})W|(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?)"
)
LAST_YEAR = 2199  # no deadline reaches further; it keeps a hostile figure from running the calendar for ever


@dataclass(frozen=True)
class Duration:
    """A span of calendar units and of clock time; the two are counted differently (ANALYSIS O1, O2)."""

    text: str  # as written
    months: int  # years are twelve
    days: int  # weeks are seven
    clock: timedelta  # hours, minutes and seconds

    @property
    def counts_days(self) -> bool:
        """True where days are counted (P3D); False where the clock is (PT72H, P1DT2H)."""
        return not self.clock and "T" not in self.text

    @property
    def elapsed(self) -> timedelta:
        """Return days and clock together, a day being 24 hours."""
        return timedelta(days=self.days) + self.clock


@lru_cache(maxsize=2048)
def parse_duration(text: str) -> Duration:
    """Return the duration that an ISO 8601 text writes; raises BadDuration for all else, negative spans included."""
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadDuration(f"{str(text)[:60]!r} is not an ISO 8601 duration such as PT15M, PT24H or P3D.",
                          f"“{str(text)[:60]}”不是 ISO 8601 时长（例如 PT15M、PT24H、P3D）。", text=str(text)[:60])
    weeks, years, months, days, hours, minutes, seconds = match.groups()
    return Duration(
        text,
        int(years or 0) * 12 + int(months or 0),
        int(weeks or 0) * 7 + int(days or 0),
        timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0)),
    )


def add_months(at: datetime, months: int) -> datetime:
    """Return the same day and time `months` later, or that month's last day; raises BadDuration beyond `LAST_YEAR`."""
    count = at.year * 12 + at.month - 1 + months
    year, month = divmod(count, 12)
    if year > LAST_YEAR:
        raise too_far()
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def too_far() -> BadDuration:
    """Return the error for a span that ends after `LAST_YEAR`."""
    return BadDuration(f"The deadline would fall after {LAST_YEAR}.", f"期限超出 {LAST_YEAR} 年。")


def words(duration: Duration, working: bool) -> tuple[str, str]:
    """Return the duration in Chinese and English words: ("3 个工作日", "3 working days")."""
    hours, rest = divmod(int(duration.clock.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    years, months = divmod(duration.months, 12)
    parts = [
        (years, "年", "year"), (months, "个月", "month"),
        (duration.days, "个工作日" if working else "天", "working day" if working else "day"),
        (hours, "个工作小时" if working else "小时", "working hour" if working else "hour"),
        (minutes, "个工作分钟" if working else "分钟", "working minute" if working else "minute"),
        (seconds, "秒", "second"),
    ]
    given = [part for part in parts if part[0]] or [(0, "天" if duration.counts_days else "秒", "second")]
    zh = " ".join(f"{count} {unit}" for count, unit, _ in given)
    en = " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, _, unit in given)
    return zh, en
