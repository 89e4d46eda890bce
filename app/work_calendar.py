"""When work is done and when a promise falls due: working days and hours, counting rules, pauses, and the reasons why.

Counting rules (ANALYSIS section 4): O1 working days are Monday to Friday less China's holidays plus make-up workdays,
a working day ends at closing time, hours are natural; O2 the day of receipt does not count, so one working day ends at
the close of the next working day and P14D at 24:00 of day 14; O3 the clock start is given by the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import as_utc
from app.durations import LAST_YEAR, Duration, add_months, parse_duration, too_far, words
from app.errors import BadDuration
from app.facts import Deadline, Period
from app.holiday_table import china

Hours = tuple[tuple[str, str], ...]
Steps = Sequence[Mapping[str, Any]]
End = tuple[datetime, Callable[[], Steps]]  # when, and the reasons for whoever asks
DAY = timedelta(days=1)
LONGEST_SKIP = 400  # days without work in a row after which a calendar counts as broken
_ZH_DAYS = "一二三四五六日"
_EN_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class DayRule:
    """One row of the company's table of exceptions."""

    working: bool
    hours: Hours | None = None  # None = the usual hours
    note: str = ""


@dataclass(frozen=True)
class Span:
    """A pause that is over: from, and until when, aware UTC."""

    start: datetime
    end: datetime


class WorkCalendar:
    """The company's working time. Immutable: a changed table makes a new one."""

    def __init__(self, zone: str = "Asia/Shanghai", hours: Hours = (("09:00", "18:00"),),
                 exceptions: Mapping[date, DayRule] | None = None, announced: frozenset[int] = frozenset()) -> None:
        """Take the table of exceptions, and the years that it completes although the library does not know them yet."""
        self.zone = ZoneInfo(zone)
        self.hours = _parsed(hours)
        self._exceptions = {day: (rule, _parsed(rule.hours) if rule.hours else self.hours)
                            for day, rule in (exceptions or {}).items()}
        self._announced = announced
        self._following: dict[date, date] = {}  # day -> the next workday

    # -- days

    def is_workday(self, day: date) -> bool:
        """Return whether `day` (company zone) is worked."""
        exception = self._exceptions.get(day)
        if exception is not None:
            return exception[0].working
        year = china(day.year)
        if day in year.makeup:
            return True
        return day.weekday() < 5 and day not in year.free

    def why_not(self, day: date) -> tuple[str, str]:
        """Return why `day` is not worked, in Chinese and English."""
        exception = self._exceptions.get(day)
        if exception is not None:
            return (exception[0].note or "公司休息日", exception[0].note or "company day off")
        return china(day.year).free.get(day, ("周末", "weekend"))

    def provisional(self, year: int) -> bool:
        """Return whether the holidays of `year` are not announced yet: its deadlines may move."""
        return year not in self._announced and not china(year).announced

    def end_of_workday(self, day: date) -> datetime:
        """Return closing time of `day` (of the usual hours where it is no workday), aware UTC."""
        exception = self._exceptions.get(day)
        return self._at(day, (exception[1] if exception else self.hours)[-1][1])

    def next_workday(self, day: date) -> date:
        """Return the first workday after `day`; raises BadDuration when the calendar has none for over a year."""
        known = self._following.get(day)
        if known is not None:
            return known
        following = day
        for _ in range(LONGEST_SKIP):
            following += DAY
            if following.year > LAST_YEAR:
                raise too_far()
            if self.is_workday(following):
                self._following[day] = following
                return following
        raise BadDuration("The calendar has no workday for more than a year.", "工作日历连续一年以上没有工作日。")

    def local(self, at: datetime) -> datetime:
        """Return `at` in the company's zone; raises ValueError without an offset."""
        return as_utc(at).astimezone(self.zone)

    # -- adding

    def add(self, start: datetime, period: Period) -> Deadline:
        """Return when `period` from `start` (aware) ends, and why.

        Raises BadDuration for a text that is no duration, a calendar that is neither natural nor working, or a span
        that working time cannot have (months, or days mixed with hours).
        """
        begin = self.local(start)
        due, middle = self._end(begin, period)
        return self._ended(begin, due, parse_duration(period.duration), working=period.calendar == "working",
                           middle=middle())

    def due_at(self, start: datetime, period: Period) -> datetime:
        """Return when `period` from `start` (aware) ends, as `add` does and with its errors, without the reasons."""
        return self._end(self.local(start), period)[0]

    def earliest(self, start: datetime, periods: Sequence[Period]) -> Deadline:
        """Return the earliest of the ends of `periods` from `start`; raises BadDuration as `add`, or without any."""
        if not periods:
            raise BadDuration("No duration was given.", "没有给出时长。")
        found = sorted((self.add(start, period) for period in periods), key=lambda deadline: deadline.due_at)
        first = found[0]
        if len(found) == 1:
            return first
        others = [self._stamp(self.local(other.due_at)) for other in found[1:]]
        step = _step(f"取较早者：另一项为 {'、'.join(zh for zh, _ in others)}。",
                     f"The earlier one holds; the other is {', '.join(en for _, en in others)}.", first.due_at)
        return Deadline(first.due_at, any(other.provisional for other in found), (*first.trace, step))

    def workdays(self, start: datetime, count: int) -> Deadline:
        """Return the close of the `count`-th working day after `start`."""
        return self.add(start, Period(f"P{count}D", "working"))

    def _end(self, begin: datetime, period: Period) -> End:
        duration = parse_duration(period.duration)
        if period.calendar not in {"natural", "working"}:
            raise BadDuration(f"Calendar {period.calendar!r} is neither natural nor working.",
                              f"历法“{period.calendar}”既不是 natural 也不是 working。")
        end = (self._add_working if period.calendar == "working" else self._add_natural)(begin, duration)
        if end[0].year > LAST_YEAR:
            raise too_far()
        return end

    def _add_natural(self, begin: datetime, duration: Duration) -> End:
        if not duration.counts_days:
            moved = add_months(begin, duration.months)
            try:
                due = as_utc(moved) + duration.elapsed
            except OverflowError:
                raise too_far() from None
            return due, tuple
        if begin.year + duration.days // 365 > LAST_YEAR:
            raise too_far()
        last = add_months(begin, duration.months).date() + DAY * duration.days

        def middle() -> Steps:
            zh, en = self._day(last)
            return (_step(f"收到当日不计，按日历日数到 {zh}，当日 24:00 止。",
                          f"The day of receipt does not count; calendar days run to the end of {en}.", None),)

        return self._at(last + DAY, time(0)), middle

    def _add_working(self, begin: datetime, duration: Duration) -> End:
        if duration.months or (duration.days and not duration.counts_days):
            raise BadDuration(f"{duration.text} cannot be counted in working time: write days (P3D) or hours (PT8H).",
                              f"{duration.text} 不能按工作时间计算：请只写天（P3D）或只写小时（PT8H）。")
        return self._add_hours(begin, duration) if not duration.counts_days else self._add_days(begin, duration)

    def _add_days(self, begin: datetime, duration: Duration) -> End:
        day, skipped = begin.date(), list[date]()
        if duration.days == 0 and not (self.is_workday(day) and as_utc(begin) <= self.end_of_workday(day)):
            day = self.next_workday(day)
        for _ in range(duration.days):
            following = self.next_workday(day)
            skipped += (day + DAY * n for n in range(1, (following - day).days))
            day = following

        def middle() -> Steps:
            zh, en = self._day(day)
            return (_step("收到当日不计。", "The day of receipt does not count.", None), *self._skips(skipped),
                    _step(f"第 {duration.days} 个工作日是 {zh}。", f"Working day {duration.days} is {en}.", None))

        return self.end_of_workday(day), middle

    def _add_hours(self, begin: datetime, duration: Duration) -> End:
        if duration.clock > timedelta(hours=50_000):
            raise too_far()
        left, at, due = duration.clock, as_utc(begin), None
        for opens, closes in self._shifts(begin.date()):
            if closes <= at:
                continue
            opens = max(opens, at)
            if left <= closes - opens:
                due = opens + left
                break
            left -= closes - opens
        if due is None:  # _shifts raises before it runs dry
            raise too_far()
        ended = due

        def middle() -> Steps:
            first, last = begin.date(), self.local(ended).date()
            skipped = [day for n in range((last - first).days + 1) if not self.is_workday(day := first + DAY * n)]
            return (_step("只计工作时间。", "Only working hours count.", None), *self._skips(skipped))

        return due, middle

    def _shifts(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working spans from `day` on, aware UTC; raises BadDuration where none follows."""
        if not self.is_workday(day):
            day = self.next_workday(day)
        while True:
            exception = self._exceptions.get(day)
            for opens, closes in exception[1] if exception else self.hours:
                yield self._at(day, opens), self._at(day, closes)
            day = self.next_workday(day)

    # -- measuring

    def between(self, start: datetime, end: datetime, calendar: str) -> timedelta:
        """Return the natural or working time from `start` to `end`; zero where `end` is not later."""
        first, last = as_utc(start), as_utc(end)
        if last <= first:
            return timedelta(0)
        if calendar == "natural":
            return last - first
        total = timedelta(0)
        for opens, closes in self._shifts(self.local(first).date()):
            if opens >= last:
                return total
            total += max(timedelta(0), min(closes, last) - max(opens, first))
        return total

    def workdays_between(self, first: date, last: date) -> int:
        """Return how many workdays lie after `first`, up to and including `last`."""
        return sum(self.is_workday(first + DAY * n) for n in range(1, (last - first).days + 1))

    def extend(self, due_at: datetime, pauses: Sequence[Span], calendar: str) -> datetime:
        """Return `due_at` moved by the time that its clock stood still, aware UTC.

        A pause counts in the clock's own time: a night or a weekend of waiting moves no working deadline. Pauses that
        overlap count once; one that began after the deadline had passed moves nothing.
        """
        due, edge = as_utc(due_at), None
        for pause in sorted(pauses, key=lambda span: span.start):
            if pause.start >= due:
                break
            stood = self.between(max(pause.start, edge or pause.start), pause.end, calendar)
            edge = max(pause.end, edge or pause.end)
            if stood:
                due = self._move(due, stood, calendar)
        return due

    def _move(self, due: datetime, by: timedelta, calendar: str) -> datetime:
        if calendar == "natural":
            return due + by
        for opens, closes in self._shifts(self.local(due).date()):
            if closes <= due:
                continue
            opens = max(opens, due)
            if by <= closes - opens:
                return opens + by
            by -= closes - opens
        return due

    # -- words

    def _ended(self, begin: datetime, due: datetime, duration: Duration, *, working: bool,
               middle: Sequence[Mapping[str, Any]]) -> Deadline:
        end = self.local(due)
        (zh, en), (zh_span, en_span) = self._stamp(begin), words(duration, working)
        due_zh, due_en = self._stamp(end, closing=duration.counts_days and not working)
        trace = [_step(f"自 {zh} 起算，期限 {zh_span}。", f"Counted from {en}: {en_span}.", as_utc(begin)), *middle]
        years = [year for year in range(begin.year, end.year + 1) if working and self.provisional(year)]
        if years:
            zh_years, en_years = "、".join(map(str, years)), ", ".join(map(str, years))
            trace.append(_step(f"{zh_years} 年的放假调休安排尚未公布，此期限为暂定。",
                               f"The holidays of {en_years} are not announced yet: provisional.", None))
        trace.append(_step(f"截止 {due_zh}。", f"Due {due_en}.", due))
        return Deadline(due, bool(years), tuple(trace))

    def _skips(self, days: Sequence[date]) -> Iterator[Mapping[str, Any]]:
        """Yield one step for each run of days that are not worked; a long list is shortened."""
        runs: list[list[date]] = []
        for day in days:
            if runs and day - runs[-1][-1] == DAY:
                runs[-1].append(day)
            else:
                runs.append([day])
        for run in runs[:6]:
            reasons = list(dict.fromkeys(self.why_not(day) for day in run))
            (zh, en), (zh_last, en_last) = self._day(run[0]), self._day(run[-1])
            span_zh, span_en = (zh, en) if len(run) == 1 else (f"{zh}至{zh_last}", f"{en} to {en_last}")
            yield _step(f"{span_zh}不是工作日（{'、'.join(r[0] for r in reasons)}）。",
                        f"{span_en}: not worked ({', '.join(r[1] for r in reasons)}).", None)
        if len(runs) > 6:
            rest = sum(map(len, runs[6:]))
            yield _step(f"其后另有 {rest} 天不是工作日。", f"{rest} further days are not worked.", None)

    def _stamp(self, at: datetime, *, closing: bool = False) -> tuple[str, str]:
        """Return a local moment in words; midnight that ends a day is written 24:00 of that day."""
        if closing and at.time() == time(0):
            zh, en = self._day(at.date() - DAY)
            return f"{zh} 24:00", f"{en} 24:00"
        zh, en = self._day(at.date())
        clock = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
        return f"{zh} {clock}", f"{en} {clock}"

    def _day(self, day: date) -> tuple[str, str]:
        return (f"{day.year}年{day.month}月{day.day}日（周{_ZH_DAYS[day.weekday()]}）",
                f"{_EN_DAYS[day.weekday()]} {day.isoformat()}")

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)


def _parsed(hours: Hours) -> tuple[tuple[time, time], ...]:
    """Return the spans as times; raises ValueError where they are empty, reversed or overlap."""
    spans = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in hours)
    ordered = all(opens < closes for opens, closes in spans)
    apart = all(before[1] <= after[0] for before, after in pairwise(spans))
    if not (spans and ordered and apart):
        raise ValueError(f"working hours must be in order and not overlap: {hours}")
    return spans


def _step(zh: str, en: str, at: datetime | None) -> Mapping[str, Any]:
    return {"zh": zh, "en": en, "at": at.isoformat() if at else None}
