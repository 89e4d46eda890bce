"""Working time: which days are worked, when a promise falls due, and why."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.durations import parse_duration, words
from app.errors import BadDuration
from app.facts import Period
from app.work_calendar import DayRule, Span, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
COMPANY = WorkCalendar()
BERLIN = WorkCalendar("Europe/Berlin", (("08:30", "12:00"), ("13:00", "17:30")))


def at(text, calendar=COMPANY):
    return datetime.fromisoformat(text).replace(tzinfo=calendar.zone)


def due(text, duration, kind, calendar=COMPANY):
    return calendar.add(at(text, calendar), Period(duration, kind)).due_at.astimezone(calendar.zone).isoformat()[:16]


def test_the_company_works_in_2026_exactly_when_the_state_council_says_so():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [d for d in days if COMPANY.is_workday(d) != chinese_calendar.is_workday(d)] == []


def test_the_day_of_receipt_does_not_count():
    assert due("2026-03-05 10:00", "P1D", "working") == "2026-03-06T18:00"
    assert due("2026-03-06 20:00", "P1D", "working") == "2026-03-09T18:00"
    assert due("2026-03-07 10:00", "P1D", "working") == "2026-03-09T18:00"
    assert due("2026-03-02 10:00", "P14D", "natural") == "2026-03-17T00:00"


def test_holidays_are_skipped_and_makeup_workdays_are_worked():
    assert due("2026-09-30 17:00", "P5D", "working") == "2026-10-13T18:00"  # Sat 10 Oct is worked
    assert due("2026-09-18 09:00", "P1D", "working") == "2026-09-20T18:00"  # a Sunday, worked


def test_hours_are_natural_unless_the_calendar_is_working():
    assert due("2026-03-06 17:50", "PT15M", "natural") == "2026-03-06T18:05"
    assert due("2026-03-06 17:50", "PT24H", "natural") == "2026-03-07T17:50"
    assert due("2026-03-06 16:00", "PT8H", "working") == "2026-03-09T15:00"
    assert due("2026-03-07 11:00", "PT1H", "working") == "2026-03-09T10:00"
    assert due("2026-03-06 09:00", "PT9H", "working") == "2026-03-06T18:00"


def test_months_end_with_their_last_day():
    assert due("2026-01-31 10:00", "P1M", "natural") == "2026-03-01T00:00"
    assert due("2026-01-31 10:00", "P3Y", "natural") == "2029-02-01T00:00"


def test_zero_working_days_end_at_todays_close_or_at_the_next_one():
    assert due("2026-03-06 10:00", "P0D", "working") == "2026-03-06T18:00"
    assert due("2026-03-06 19:00", "P0D", "working") == "2026-03-09T18:00"


def test_the_companys_own_table_wins():
    table = {date(2026, 3, 9): DayRule(False, note="盘点"),
             date(2026, 3, 7): DayRule(True, (("09:00", "12:00"),), "加班")}
    calendar = WorkCalendar(exceptions=table)
    assert due("2026-03-06 10:00", "P1D", "working", calendar) == "2026-03-07T12:00"
    assert due("2026-03-06 10:00", "P2D", "working", calendar) == "2026-03-10T18:00"
    why = calendar.add(at("2026-03-06 10:00"), Period("P2D", "working")).trace
    assert any("盘点" in step["zh"] for step in why)


def test_a_year_without_announced_holidays_makes_a_deadline_provisional():
    reaching = COMPANY.add(at("2026-12-30 10:00"), Period("P3D", "working"))
    assert reaching.provisional
    assert any("暂定" in step["zh"] for step in reaching.trace)
    assert any("provisional" in step["en"] for step in reaching.trace)
    assert not COMPANY.add(at("2026-12-30 10:00"), Period("P1D", "working")).provisional
    assert not COMPANY.add(at("2026-12-30 10:00"), Period("P14D", "natural")).provisional
    settled = WorkCalendar(announced=frozenset({2027}))
    assert not settled.add(at("2026-12-30 10:00"), Period("P3D", "working")).provisional


def test_the_trace_says_in_both_languages_which_days_were_skipped_and_why():
    deadline = COMPANY.add(at("2026-09-24 10:00"), Period("P3D", "working"))
    zh, en = "".join(s["zh"] for s in deadline.trace), " ".join(s["en"] for s in deadline.trace)
    assert "中秋节" in zh
    assert "期限 3 个工作日" in zh
    assert "2026年9月30日（周三） 18:00" in zh
    assert "Mid-Autumn" in en
    assert "Due Wed 2026-09-30 18:00" in en
    assert deadline.trace[-1]["at"] == deadline.due_at.isoformat()
    closing = COMPANY.add(at("2026-03-02 10:00"), Period("P14D", "natural")).trace[-1]
    assert "3月16日（周一） 24:00" in closing["zh"]


def test_the_earlier_of_two_holds_and_the_trace_names_the_other():
    both = [Period("PT24H", "natural"), Period("P1D", "working")]
    friday = COMPANY.earliest(at("2026-03-06 10:00"), both)
    assert friday.due_at == at("2026-03-07 10:00")
    assert "周一" in friday.trace[-1]["zh"]
    assert COMPANY.earliest(at("2026-03-05 20:00"), both).due_at == at("2026-03-06 18:00")
    with pytest.raises(BadDuration):
        COMPANY.earliest(at("2026-03-05 20:00"), [])


@pytest.mark.parametrize("text", ["", "3D", "P", "PT", "P3", "-P1D", "P1.5D", "P1DT", "PT1,5H", "p3d", "P3D ", "P1W2D",
                                  "P99999999D", None, 3])
def test_what_is_not_a_duration_is_refused_with_the_text(text):
    with pytest.raises(BadDuration) as refused:
        parse_duration(text)
    assert "ISO 8601" in refused.value.message_en
    assert "时长" in refused.value.message_zh


@pytest.mark.parametrize(("duration", "kind"), [
    ("P1M", "working"), ("P1DT2H", "working"), ("P1D", "lunar"), ("P999Y", "natural"), ("P99999D", "working"),
    ("P99999D", "natural"), ("PT999999H", "working")])
def test_what_no_calendar_can_count_is_refused(duration, kind):
    with pytest.raises(BadDuration):
        COMPANY.add(at("2026-03-06 10:00"), Period(duration, kind))


def test_a_calendar_without_any_workday_is_refused_instead_of_searched_for_ever():
    closed = {date(2026, 1, 1) + timedelta(days=n): DayRule(False) for n in range(900)}
    with pytest.raises(BadDuration):
        WorkCalendar(exceptions=closed).workdays(at("2026-03-06 10:00"), 1)


@pytest.mark.parametrize("hours", [(), (("18:00", "09:00"),), (("09:00", "13:00"), ("12:00", "18:00"))])
def test_working_hours_in_disorder_are_refused(hours):
    with pytest.raises(ValueError, match="working hours"):
        WorkCalendar(hours=hours)


def test_a_start_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        COMPANY.add(datetime(2026, 3, 6), Period("P1D", "working"))  # noqa: DTZ001


def test_durations_are_said_in_words():
    assert words(parse_duration("P3D"), working=True) == ("3 个工作日", "3 working days")
    assert words(parse_duration("PT1H30M"), working=False) == ("1 小时 30 分钟", "1 hour 30 minutes")


def test_daylight_saving_neither_shortens_nor_lengthens_a_natural_day():
    before = at("2026-03-28 12:00", BERLIN)
    assert BERLIN.add(before, Period("PT24H", "natural")).due_at - before == timedelta(hours=24)
    assert due("2026-03-28 12:00", "P1D", "natural", BERLIN) == "2026-03-30T00:00"


def test_a_pause_stops_the_clock_that_it_belongs_to():
    deadline = at("2026-03-11 18:00")
    night = Span(at("2026-03-09 18:00"), at("2026-03-10 09:00"))
    hour = Span(at("2026-03-10 10:00"), at("2026-03-10 11:00"))
    now = at("2026-03-20 10:00")
    assert COMPANY.extend(deadline, [night], "working") == deadline
    assert COMPANY.extend(deadline, [night], "natural") == deadline + timedelta(hours=15)
    assert COMPANY.extend(deadline, [night, hour], "working") == at("2026-03-12 10:00")
    assert COMPANY.extend(deadline, [hour, Span(hour.start, hour.end)], "working") == at("2026-03-12 10:00")
    assert COMPANY.extend(deadline, [Span(at("2026-03-12 09:00"), now)], "working") == deadline
    assert COMPANY.extend(deadline, [Span(at("2026-03-11 09:00"), at("2026-03-11 18:00"))], "working") == at(
        "2026-03-12 18:00")


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001
calendars = st.sampled_from([COMPANY, BERLIN])
periods = st.one_of(
    st.integers(0, 40).map(lambda n: Period(f"P{n}D", "working")),
    st.integers(0, 200).map(lambda n: Period(f"PT{n}H", "working")),
    st.integers(0, 5000).map(lambda n: Period(f"PT{n}M", "natural")),
    st.integers(0, 60).map(lambda n: Period(f"P{n}D", "natural")),
)


@given(calendars, moments, moments, periods)
def test_a_later_start_is_never_due_earlier(calendar, one, other, period):
    early, late = sorted((one, other))
    assert calendar.add(early, period).due_at <= calendar.add(late, period).due_at


@given(calendars, moments, periods)
def test_a_deadline_is_never_in_the_past(calendar, start, period):
    deadline = calendar.add(start, period)
    assert deadline.due_at >= start
    assert deadline.due_at.tzinfo is UTC
    assert all(step["zh"] and step["en"] for step in deadline.trace)


@given(calendars, moments, st.integers(1, 40))
def test_working_days_end_at_the_close_of_a_workday_and_are_as_many_as_asked(calendar, start, count):
    end = calendar.workdays(start, count).due_at
    day = calendar.local(end).date()
    assert calendar.is_workday(day)
    assert end == calendar.end_of_workday(day)
    assert calendar.workdays_between(calendar.local(start).date(), day) == count


@given(calendars, moments, st.integers(1, 12_000))
def test_working_time_that_was_added_is_measured_again(calendar, start, minutes):
    end = calendar.add(start, Period(f"PT{minutes}M", "working")).due_at
    assert calendar.between(start, end, "working") == timedelta(minutes=minutes)


@given(calendars, moments, periods, st.sampled_from(["natural", "working"]),
       st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 5_000)), max_size=4))
def test_a_pause_only_moves_a_deadline_later(calendar, start, period, kind, gaps):
    pauses, edge = [], start
    for wait, length in gaps:
        begin = edge + timedelta(minutes=wait)
        edge = begin + timedelta(minutes=length)
        pauses.append(Span(begin, edge))
    deadline = calendar.add(start, period).due_at
    moved = [calendar.extend(deadline, pauses[:n], kind) for n in range(len(pauses) + 1)]
    assert moved[0] == deadline
    assert moved == sorted(moved)


@given(calendars, moments, moments)
def test_working_time_is_never_longer_than_natural_time(calendar, start, end):
    assert timedelta(0) <= calendar.between(start, end, "working") <= calendar.between(start, end, "natural")
