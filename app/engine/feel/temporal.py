"""Numbers, dates, times and durations of FEEL: how they are read, written and counted with."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

# IEEE 754-2008 decimal128, as DMN asks for.
NUMBERS = Context(prec=34, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow])
_DATE = r"(-?[0-9]{4,9})-([0-9]{2})-([0-9]{2})"
_TIME = (
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?"
    r"(?:([zZ])|([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?|@([A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*))?"
)
_DATE_ONLY = re.compile(_DATE, re.ASCII)
_TIME_ONLY = re.compile("T?" + _TIME, re.ASCII)
_BOTH = re.compile(_DATE + "T" + _TIME, re.ASCII)
_CLOCK = r"T(?=[0-9])(?:([0-9]{1,12})H)?(?:([0-9]{1,12})M)?(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)S)?"
_DAYS = re.compile(rf"(-)?P(?=[0-9]|T[0-9])(?:([0-9]{{1,12}})D)?(?:{_CLOCK})?", re.ASCII)
_YEARS = re.compile(r"(-)?P(?=[0-9])(?:([0-9]{1,10})Y)?(?:([0-9]{1,10})M)?", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class DaysDuration:
    """A days and time duration, in seconds."""

    seconds: Decimal

    @property
    def timedelta(self) -> timedelta:
        """The same span; raises OverflowError beyond what Python counts with."""
        return timedelta(microseconds=int(self.seconds * 1_000_000))

    def __str__(self) -> str:
        total = abs(self.seconds)
        whole = int(total)
        minutes, seconds = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        rest = Decimal(seconds) + (total - whole)
        clock = f"{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}"
        clock += f"{write_number(rest)}S" if rest else ""
        if not days and not clock:
            return "PT0S"
        return f"{'-' if self.seconds < 0 else ''}P{f'{days}D' if days else ''}{'T' + clock if clock else ''}"


@dataclass(frozen=True, order=True, slots=True)
class YearsDuration:
    """A years and months duration, in months."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        if not self.months:
            return "P0M"
        return f"{'-' if self.months < 0 else ''}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"


def number(text: str) -> Decimal:
    """Return the number that `text` writes, rounded to 34 digits; raises DecimalException beyond the range."""
    return NUMBERS.create_decimal(text)


def write_number(value: Decimal) -> str:
    """Return a number without exponent and without trailing zeros."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo | None:
    """Return the time zone of that IANA name, or None."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def _zone_of(groups: tuple[str | None, ...]) -> tuple[bool, tzinfo | None]:
    """Return whether the zone is one, and the zone."""
    utc, sign, hours, minutes, seconds, name = groups
    if utc:
        return True, UTC
    if sign:
        if int(hours or 0) > 14 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
            return False, None
        span = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=int(seconds or 0))
        return True, timezone(-span if sign == "-" else span)
    if name:
        found = zone(name)
        return found is not None, found
    return True, None


def read_date(text: str) -> date | None:
    """Return the date that `text` writes, or None."""
    match = _DATE_ONLY.fullmatch(text)
    return make_date(int(match[1]), int(match[2]), int(match[3])) if match and len(match[1]) == 4 else None


def make_date(year: int, month: int, day: int) -> date | None:
    """Return that date, or None when there is no such day."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def read_time(text: str) -> time | None:
    """Return the time of day that `text` writes, or None."""
    match = _TIME_ONLY.fullmatch(text)
    return _time(match.groups()) if match else None


def _time(groups: tuple[str | None, ...]) -> time | None:
    known, where = _zone_of(groups[4:10])
    if not known or (groups[3] or "")[6:].strip("0"):  # finer than a microsecond: no answer rather than a rounded one
        return None
    try:
        return time(int(groups[0] or 0), int(groups[1] or 0), int(groups[2] or 0),
                    int(((groups[3] or "") + "000000")[:6]), tzinfo=where)
    except ValueError:
        return None


def read_datetime(text: str) -> datetime | None:
    """Return the date and time that `text` writes (a date alone means midnight), or None."""
    match = _BOTH.fullmatch(text)
    if match is None:
        day = read_date(text)
        return datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001  FEEL has local times
    day = make_date(int(match[1]), int(match[2]), int(match[3])) if len(match[1]) == 4 else None
    if day is None:
        return None
    groups = match.groups()[3:]
    if groups[:4] in {("24", "00", "00", None)}:
        clock = _time(("00", *groups[1:]))
        try:
            return datetime.combine(day + timedelta(days=1), clock) if clock else None
        except OverflowError:
            return None
    clock = _time(groups)
    return datetime.combine(day, clock) if clock is not None else None


def read_duration(text: str) -> DaysDuration | YearsDuration | None:
    """Return the duration that `text` writes, or None; months and days are never mixed in one."""
    match = _DAYS.fullmatch(text)
    if match:
        days, hours, minutes = (int(match[i] or 0) for i in (2, 3, 4))
        seconds = Decimal(match[5] or 0) + days * 86_400 + hours * 3_600 + minutes * 60
        return DaysDuration(-seconds if match[1] else seconds)
    match = _YEARS.fullmatch(text)
    if match:
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return YearsDuration(-months if match[1] else months)
    return None


def literal(text: str) -> Any:
    """Return what @"text" means: a date, time, date and time or duration; None when it is none of them."""
    for read in (read_date, read_time, read_duration):
        found = read(text)
        if found is not None:
            return found
    return read_datetime(text) if "T" in text else None


def from_timedelta(span: timedelta) -> DaysDuration:
    """Return the duration of a Python span."""
    micros = span.days * 86_400_000_000 + span.seconds * 1_000_000 + span.microseconds
    return DaysDuration(Decimal(micros) / 1_000_000)


def write(value: date | time) -> str:
    """Return a date, time or date and time as FEEL writes it: 2026-03-02T09:00:00@Asia/Shanghai."""
    if isinstance(value, datetime):
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{_clock(value)}"
    return _clock(value) if isinstance(value, time) else f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def _clock(value: time | datetime) -> str:
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    text = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction}"
    if isinstance(value.tzinfo, ZoneInfo):
        return f"{text}@{value.tzinfo.key}"
    offset = value.utcoffset()
    if offset is None:
        return text
    if not offset:
        return f"{text}Z"
    seconds = int(abs(offset).total_seconds())
    sign = "-" if offset < timedelta() else "+"
    tail = f":{seconds % 60:02d}" if seconds % 60 else ""
    return f"{text}{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}{tail}"


def add_months(value: date, months: int) -> date | None:
    """Return the same day (or the month's last) `months` later, or None outside the calendar."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return value.replace(year=year, month=month + 1, day=min(value.day, calendar.monthrange(year, month + 1)[1]))


def add(value: date | time, span: DaysDuration | YearsDuration) -> date | time | None:
    """Return `value` later by `span`; times wrap round midnight; None outside the calendar or for months of a time."""
    if isinstance(span, YearsDuration):
        return add_months(value, span.months) if isinstance(value, date) else None
    try:
        if isinstance(value, datetime):
            if isinstance(value.tzinfo, ZoneInfo):  # elapsed time, not the wall clock's
                return (value.astimezone(UTC) + span.timedelta).astimezone(value.tzinfo)
            return value + span.timedelta
        if isinstance(value, date):
            moved = datetime(value.year, value.month, value.day) + span.timedelta  # noqa: DTZ001
            return moved.date()
        moved = datetime.combine(date(2000, 1, 1), value.replace(tzinfo=None))
        return (moved + timedelta(seconds=float(span.seconds % 86_400))).time().replace(tzinfo=value.tzinfo)
    except (OverflowError, ValueError, DecimalException):
        return None


def subtract(left: date | time, right: date | time) -> DaysDuration | None:
    """Return the span from `right` to `left`, or None when one has an offset and the other has none."""
    if isinstance(left, time) or isinstance(right, time):
        if not (isinstance(left, time) and isinstance(right, time)) or (left.tzinfo is None) != (right.tzinfo is None):
            return None
        return DaysDuration(_seconds(left) - _seconds(right))
    mixed = isinstance(left, datetime) != isinstance(right, datetime)
    start, end = (_moment(right, mixed), _moment(left, mixed))
    if (start.utcoffset() is None) != (end.utcoffset() is None):
        return None
    return from_timedelta(end - start)


def _seconds(value: time) -> Decimal:
    offset = value.utcoffset() or timedelta()
    whole = value.hour * 3600 + value.minute * 60 + value.second - int(offset.total_seconds())
    return Decimal(whole) + Decimal(value.microsecond) / 1_000_000


def _moment(value: date, mixed: bool) -> datetime:
    """Return a date as midnight; beside a date and time it is midnight in UTC (DMN 1.3, 10.3.2.3.7)."""
    if isinstance(value, datetime):
        # two moments of one zone are subtracted by Python as if the wall clock were uniform; UTC is
        return value.astimezone(UTC) if value.utcoffset() is not None else value
    return datetime(value.year, value.month, value.day, tzinfo=UTC if mixed else None)
