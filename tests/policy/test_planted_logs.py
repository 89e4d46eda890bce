"""Logs with planted breaches, each judged exactly: no miss, no false alarm.

What is expected is worked out here, by a small calendar of its own (`works`, `closing`, `spent`) or by hand; nothing
below asks the code that judges, or the product's calendar, when something falls due.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from app.facts import Period
from app.policy.conformance import (
    BROKEN,
    KEPT,
    PENDING,
    CaseLog,
    Change,
    ClockFacts,
    Entry,
    Happening,
    Paper,
    Verdict,
    judge,
    judge_company,
)
from app.policy.conformance.rules import Monitor, Monitors
from app.policy.conformance.templates import Rule
from app.work_calendar import Span, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CALENDAR = WorkCalendar()
LUNCH = WorkCalendar(hours=(("09:00", "12:00"), ("13:00", "18:00")))
A, B = ("p/a",), ("p/b",)


def at(text: str) -> datetime:
    """A local moment such as "02-12 10:00" of 2026, aware UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


# ---- a calendar of its own: the State Council's table of 2026, written down by hand


def days(first: str, last: str) -> set[date]:
    begin, end = date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")
    return {begin + n * DAY for n in range((end - begin).days + 1)}


FREE = (days("01-01", "01-03") | days("02-15", "02-23") | days("04-04", "04-06") | days("05-01", "05-05")
        | days("06-19", "06-21") | days("09-25", "09-27") | days("10-01", "10-07"))
MAKEUP = {date(2026, month, day) for month, day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))}


def works(day: date) -> bool:
    return day in MAKEUP or (day.weekday() < 5 and day not in FREE)


def closing(start: datetime, workdays: int) -> datetime:
    """18:00 of the so-many-th working day after the day of `start`."""
    day = start.astimezone(SHANGHAI).date()
    while workdays:
        day += DAY
        workdays -= works(day)
    return datetime.combine(day, time(18), SHANGHAI).astimezone(UTC)


def midnight(start: datetime, natural_days: int) -> datetime:
    """24:00 of the so-many-th day after the day of `start`."""
    day = start.astimezone(SHANGHAI).date() + (natural_days + 1) * DAY
    return datetime.combine(day, time(0), SHANGHAI).astimezone(UTC)


def shifts(start: datetime, working: bool, hours: Sequence[tuple[int, int]]) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which time is counted, for half a year."""
    if not working:
        yield start, start + 180 * DAY
        return
    first = start.astimezone(SHANGHAI).date()
    for day in (first + n * DAY for n in range(180)):
        if works(day):
            for opens, closes in hours:
                yield (datetime.combine(day, time(opens), SHANGHAI).astimezone(UTC),
                       datetime.combine(day, time(closes), SHANGHAI).astimezone(UTC))


def cut(spans: Iterator[tuple[datetime, datetime]], start: datetime,
        pauses: Sequence[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """The spans after `start`, without the pauses: what is left of each."""
    for begin, end in spans:
        left = [(max(begin, start), end)]
        for off, on in pauses:
            left = [piece for one, two in left for piece in ((one, min(two, off)), (max(one, on), two))
                    if piece[0] < piece[1]]
        yield from ((one, two) for one, two in sorted(left) if one < two)


def spent(start: datetime, budget: timedelta, *, working: bool, hours: Sequence[tuple[int, int]] = ((9, 18),),
          pauses: Sequence[tuple[datetime, datetime]] = ()) -> datetime:
    """When so much counted time has gone by."""
    for begin, end in cut(shifts(start, working, hours), start, pauses):
        if budget <= end - begin:
            return begin + budget
        budget -= end - begin
    raise AssertionError("half a year is not enough")


def counted(start: datetime, end: datetime, *, working: bool, hours: Sequence[tuple[int, int]] = ((9, 18),)
            ) -> timedelta:
    """How much counted time lies between."""
    return sum((min(two, end) - one for one, two in cut(shifts(start, working, hours), start, ()) if one < end),
               timedelta(0))


def test_the_products_calendar_is_the_table_of_the_state_council() -> None:
    year = [date(2026, 1, 1) + n * DAY for n in range(365)]
    assert [day for day in year if CALENDAR.is_workday(day) != works(day)] == []


# ---- logs


def made(*what: tuple[str, datetime], process: str = "p", **values: Any) -> list[Happening]:
    """Happenings of one instance, in the order in which they are written."""
    given = {"actor": "li", "group": "clerk", "instance": "i", **values}
    return [Happening(seq, moment, process, element, f"act_{element}", given["actor"], given["group"],
                      given["instance"]) for seq, (element, moment) in enumerate(what, given.get("first", 1))]


START = at("03-02 09:00")
RUNNING: dict[str, Any] = {"state": "open", "running": True}


def closed(moment: datetime) -> dict[str, Any]:
    return {"state": "closed", "running": False, "ended_at": moment}


def withdrawn(moment: datetime) -> dict[str, Any]:
    return {"state": "cancelled", "running": False, "ended_at": moment}


def log(happenings: Sequence[Happening], **values: Any) -> CaseLog:
    case = CaseLog("c", {"type": "complaint", "level": "P3", "flags": []}, "open", True, START, "1", happenings)
    return replace(case, **values)


def monitors(*rules: Rule, conditions: tuple[dict[str, frozenset[Any]], ...] = ()) -> Monitors:
    return Monitors("1", (Monitor("X-1", "must", "x", conditions, rules),), (), {}, frozenset(), frozenset())


def verdict(rule: Rule, case: CaseLog, now: datetime, calendar: WorkCalendar = CALENDAR) -> Verdict | None:
    return next(iter(judge(monitors(rule), case, now, calendar)), None)


def state(rule: Rule, case: CaseLog, now: datetime, calendar: WorkCalendar = CALENDAR) -> str | None:
    found = verdict(rule, case, now, calendar)
    return found.state if found else None


def held_to(rule: Rule, trigger: datetime, due: datetime, calendar: WorkCalendar = CALENDAR, **more: Any) -> None:
    """An answer at the last moment keeps, a second later breaks; none is pending until then, and broken after."""
    def one(*what: tuple[str, datetime]) -> CaseLog:
        return log(made(*what), registered_at=trigger, **more)

    late = at("12-30 12:00")
    kept = verdict(rule, one(("a", trigger), ("b", due)), late, calendar)
    broken = verdict(rule, one(("a", trigger), ("b", due + SECOND)), late, calendar)
    waiting = verdict(rule, one(("a", trigger)), due, calendar)
    missed = verdict(rule, one(("a", trigger)), due + SECOND, calendar)
    assert kept is not None
    assert (kept.state, kept.since) == (KEPT, due)
    assert broken is not None
    assert (broken.state, broken.since) == (BROKEN, due)
    assert waiting is not None
    assert (waiting.state, waiting.due_at) == (PENDING, due)
    assert missed is not None
    assert (missed.state, missed.since) == (BROKEN, due)
    for found in (kept, broken, waiting, missed):
        assert found.evidence[0]["due"] == due.isoformat()
        assert found.evidence[0]["from"]["at"] == trigger.isoformat()


# ---- time limits on both calendars


@pytest.mark.parametrize(("limit", "calendar", "trigger", "due"), [
    ("PT15M", "natural", "03-06 23:50", "03-07 00:05"),  # over midnight
    ("PT24H", "natural", "03-06 17:00", "03-07 17:00"),  # a Saturday is as good as any
    ("PT4H", "natural", "09-30 17:00", "09-30 21:00"),  # the eve of National Day, after closing time
    ("P14D", "natural", "09-25 10:00", "10-10 00:00"),  # 24:00 of the 9th: the whole of National Day counts
    ("P3D", "natural", "02-13 00:00", "02-17 00:00"),
    ("P1M", "natural", "01-31 12:00", "03-01 00:00"),  # the last day of February, 24:00
    ("P1M", "natural", "03-15 12:00", "04-16 00:00"),
    ("P1D", "working", "03-06 17:59", "03-09 18:00"),  # over a weekend
    ("P3D", "working", "03-05 10:00", "03-10 18:00"),
    ("P1D", "working", "09-30 10:00", "10-08 18:00"),  # over National Day
    ("P3D", "working", "09-30 10:00", "10-10 18:00"),  # the 10th is a Saturday that is worked
    ("P1D", "working", "10-09 10:00", "10-10 18:00"),
    ("P1D", "working", "09-18 10:00", "09-20 18:00"),  # a Sunday that is worked
    ("P1D", "working", "02-13 10:00", "02-14 18:00"),  # a Saturday that is worked
    ("P1D", "working", "02-14 10:00", "02-24 18:00"),  # over Spring Festival
    ("P15D", "working", "02-10 10:00", "03-10 18:00"),  # 11 12 13 14 | 24 25 26 27 28 | 2 3 4 5 6 9 … counted below
    ("P1D", "working", "03-07 03:00", "03-09 18:00"),  # at night on a Saturday
    ("P1D", "working", "03-03 08:00", "03-04 18:00"),  # before opening: the day of receipt does not count either
    ("P1D", "working", "03-03 22:00", "03-04 18:00"),  # after closing
    ("PT2H", "working", "03-03 07:00", "03-03 11:00"),  # before opening
    ("PT2H", "working", "03-03 17:30", "03-04 10:30"),  # over the night
    ("PT2H", "working", "03-03 21:00", "03-04 11:00"),  # after closing
    ("PT2H", "working", "03-06 17:00", "03-09 10:00"),  # over a weekend
    ("PT2H", "working", "02-14 17:00", "02-24 10:00"),  # over Spring Festival
    ("PT2H", "working", "09-19 10:00", "09-20 11:00"),  # a Saturday before a Sunday that is worked
    ("PT9H", "working", "03-03 09:00", "03-03 18:00"),  # the whole day, to closing time
])
def test_a_limit_is_held_to_the_second(limit: str, calendar: str, trigger: str, due: str) -> None:
    expected = at(due)
    if limit == "P15D":
        expected = closing(at(trigger), 15)
    held_to(Rule("response", A, B, Period(limit, calendar)), at(trigger), expected)


@pytest.mark.parametrize(("limit", "trigger", "due"), [
    ("PT2H", "03-03 11:00", "03-03 14:00"),  # across lunch
    ("PT2H", "03-03 12:30", "03-03 15:00"),  # at lunch
    ("PT3H", "03-03 09:00", "03-03 12:00"),  # to the beginning of lunch
    ("PT8H", "03-03 09:30", "03-04 09:30"),  # a day less lunch
    ("P1D", "03-03 12:30", "03-04 18:00"),
])
def test_lunch_is_no_working_time(limit: str, trigger: str, due: str) -> None:
    held_to(Rule("response", A, B, Period(limit, "working")), at(trigger), at(due), LUNCH)


moments = st.integers(0, 237 * 86_400).map(lambda seconds: at("01-05 00:00") + seconds * SECOND)


@seed(20260302)
@settings(max_examples=150)
@given(trigger=moments, count=st.integers(1, 15), kind=st.sampled_from(("hours", "workdays", "days", "workhours")),
       lunch=st.booleans())
def test_any_limit_from_any_moment_is_held_to_the_second(trigger: datetime, count: int, kind: str,
                                                         lunch: bool) -> None:
    hours = ((9, 12), (13, 18)) if lunch else ((9, 18),)
    limit, due = {"hours": (Period(f"PT{count}H", "natural"), trigger + count * HOUR),
                  "days": (Period(f"P{count}D", "natural"), midnight(trigger, count)),
                  "workdays": (Period(f"P{count}D", "working"), closing(trigger, count)),
                  "workhours": (Period(f"PT{count}H", "working"),
                                spent(trigger, count * HOUR, working=True, hours=hours))}[kind]
    held_to(Rule("response", A, B, limit), trigger, due, LUNCH if lunch else CALENDAR)


# ---- pauses

CLOCKED = Rule("response", A, B, Period("PT8H", "natural"), "clock")


def paused(*pauses: tuple[datetime, datetime], **more: Any) -> dict[str, Any]:
    return {"clocks": {"clock": ClockFacts(tuple(Span(*one) for one in pauses), **more)}}


def hours_of(*spans: tuple[float, float]) -> list[tuple[datetime, datetime]]:
    return [(START + one * HOUR, START + two * HOUR) for one, two in spans]


@pytest.mark.parametrize(("pauses", "due"), [
    ([], 8), ([(1, 3)], 10), ([(1, 3), (5, 6)], 11), ([(1, 4), (2, 6)], 13), ([(1, 6), (2, 3)], 13),
    ([(7, 9), (9.5, 10)], 10.5),  # the second falls into what the first has added
    ([(8, 10)], 8), ([(9, 10)], 8),  # what begins when it was due moves nothing
    ([(-3, -1)], 8),  # one that was over before the clock began moves nothing
    ([(-3, 1)], 9),  # of one that was on when it began only the rest counts
])
def test_pauses_move_a_limit_by_what_they_stood(pauses: list[tuple[float, float]], due: float) -> None:
    held_to(CLOCKED, START, START + due * HOUR, **paused(*hours_of(*pauses)))


def test_a_rule_without_that_clock_does_not_stop() -> None:
    """What the policy does not let stop is judged as if there were no pauses."""
    plain = Rule("response", A, B, Period("PT8H", "natural"))
    held_to(plain, START, START + 8 * HOUR, **paused(*hours_of((1, 3))))
    held_to(replace(plain, clock="other"), START, START + 8 * HOUR, **paused(*hours_of((1, 3))))


def test_a_clock_that_stands_still_now_is_pending_however_late_it_gets() -> None:
    still = paused(*hours_of((1, 2)), paused_since=START + 5 * HOUR)
    found = verdict(CLOCKED, log(made(("a", START)), **still), START + 500 * HOUR)
    assert found is not None
    assert (found.state, found.due_at) == (PENDING, None)
    overdue = paused(paused_since=START + 9 * HOUR)  # it was late before it stood still
    assert state(CLOCKED, log(made(("a", START)), **overdue), START + 10 * HOUR) == BROKEN


pause_lists = st.lists(st.tuples(st.integers(-2_000, 8_000), st.integers(1, 3_000)), max_size=4)


@seed(20260303)
@settings(max_examples=150)
@given(trigger=moments, pauses=pause_lists, count=st.integers(1, 5),
       kind=st.sampled_from(("hours", "workdays", "days", "workhours")))
def test_any_pauses_move_any_limit_by_the_counted_time_that_stood_still(
        trigger: datetime, pauses: list[tuple[int, int]], count: int, kind: str) -> None:
    """Minutes after the trigger and minutes long; overlapping, before, after: in the clock's own time."""
    spans = [(trigger + start * MINUTE, trigger + (start + long) * MINUTE) for start, long in pauses]
    working = kind.startswith("work")
    plain = {"hours": trigger + count * HOUR, "days": midnight(trigger, count), "workdays": closing(trigger, count),
             "workhours": spent(trigger, count * HOUR, working=True)}[kind]
    limit = Period(f"PT{count}H" if "hours" in kind else f"P{count}D", "working" if working else "natural")
    due = spent(trigger, counted(trigger, plain, working=working), working=working, pauses=spans)
    held_to(replace(CLOCKED, within=limit), trigger, due, **paused(*spans))


@pytest.mark.parametrize(("signed", "until", "second", "due"), [
    (2, 40, None, 40),  # signed while it ran
    (2, 6, None, 8),  # an earlier date takes nothing away from the clause's own limit
    (2, 40, 10, 18),  # begun anew since: what was signed for the first round does not bind the second
    (12, 40, 10, 40),  # signed in the second round
])
def test_a_date_that_the_customer_has_signed_holds_for_its_round(signed: float, until: float, second: float | None,
                                                                 due: float) -> None:
    agreed = (Span(START + signed * HOUR, START + until * HOUR),)
    triggers = [("a", START)] if second is None else [("a", START), ("b", START + HOUR), ("a", START + second * HOUR)]
    for answer, expected in ((due, KEPT), (due + 0.1, BROKEN)):
        case = log(made(*triggers, ("b", START + answer * HOUR)), **paused(agreed=agreed))
        assert state(CLOCKED, case, START + 60 * HOUR) == expected


# ---- each activation of a loop


@pytest.mark.parametrize(("second", "expected"), [(28.0, KEPT), (28.0 + 1 / 3600, BROKEN), (None, PENDING)])
def test_each_round_is_judged_by_its_own_start(second: float | None, expected: str) -> None:
    """Answered at once in the first round; the second begins after 20 hours and has eight of its own."""
    happened = [("a", START), ("b", START + HOUR), ("a", START + 20 * HOUR)]
    if second is not None:
        happened.append(("b", START + second * HOUR))
    found = verdict(CLOCKED, log(made(*happened)), START + (40 if second else 27) * HOUR)
    assert found is not None
    assert found.state == expected
    if expected != KEPT:
        assert found.evidence[0]["from"]["at"] == (START + 20 * HOUR).isoformat()
        assert found.evidence[0]["times"] == 2


def test_the_first_round_stays_late_when_the_second_is_in_time() -> None:
    happened = made(("a", START), ("b", START + 9 * HOUR), ("a", START + 20 * HOUR), ("b", START + 21 * HOUR))
    found = verdict(CLOCKED, log(happened), START + 40 * HOUR)
    assert found is not None
    assert (found.state, found.since) == (BROKEN, START + 8 * HOUR)
    assert found.evidence[0]["by"]["seq"] == 2


def test_a_pause_of_the_first_round_gives_the_second_no_time() -> None:
    happened = [("a", START), ("b", START + 9 * HOUR), ("a", START + 20 * HOUR)]
    first = paused(*hours_of((1, 4)))
    assert state(CLOCKED, log(made(*happened, ("b", START + 28 * HOUR)), **first), START + 40 * HOUR) == KEPT
    assert state(CLOCKED, log(made(*happened, ("b", START + 28 * HOUR + SECOND)), **first), START + 40 * HOUR) == BROKEN


# ---- the templates, one by one


def t(hours: float) -> datetime:
    return START + hours * HOUR


END = closed(t(90))
GONE = withdrawn(t(50))
AFTER = t(100)


@pytest.mark.parametrize(("template", "what", "more", "expected"), [
    ("existence", ["a1"], RUNNING, (KEPT, 1)), ("existence", ["b1"], RUNNING, (PENDING, 0)),
    ("existence", ["b1"], END, (BROKEN, 90)), ("existence", ["b1"], GONE, None),
    ("existence", ["a1", "a9"], END, (KEPT, 1)),
    ("absence", ["a7"], RUNNING, (BROKEN, 7)), ("absence", ["a7", "a9"], END, (BROKEN, 7)),
    ("absence", [], RUNNING, (PENDING, 0)), ("absence", ["b1"], END, (KEPT, 90)), ("absence", ["b1"], GONE, (KEPT, 50)),
    ("init", ["a1", "b2"], RUNNING, (KEPT, 1)), ("init", ["b1", "a2"], END, (BROKEN, 1)), ("init", [], RUNNING, None),
    ("response", ["a1", "b2"], RUNNING, (KEPT, 2)), ("response", ["a1"], RUNNING, (PENDING, 1)),
    ("response", ["a1"], END, (BROKEN, 90)), ("response", ["a1"], GONE, None), ("response", ["b1"], END, None),
    ("response", ["b1", "a2"], END, (BROKEN, 90)), ("response", ["a1", "b2", "a3"], END, (BROKEN, 90)),
    ("response", ["a1", "a3", "b4"], END, (KEPT, 4)),
    ("precedence", ["a1", "b2"], END, (KEPT, 2)), ("precedence", ["b2"], END, (BROKEN, 2)),
    ("precedence", ["b2", "a3"], RUNNING, (BROKEN, 2)), ("precedence", ["b2", "a3", "b4"], END, (BROKEN, 2)),
    ("precedence", ["a1"], END, None), ("precedence", ["b2"], GONE, (BROKEN, 2)),
    ("precedence", ["a1", "b2", "b9"], END, (KEPT, 9)),
    ("not_succession", ["a1"], RUNNING, (PENDING, 1)), ("not_succession", ["a1"], END, (KEPT, 90)),
    ("not_succession", ["a1", "b2"], RUNNING, (BROKEN, 2)), ("not_succession", ["b1", "a2"], END, (KEPT, 90)),
    ("not_succession", ["b1", "a2", "b3", "b4"], END, (BROKEN, 3)), ("not_succession", ["b1"], END, None),
    ("exclusive_choice", ["a1"], RUNNING, (PENDING, 1)), ("exclusive_choice", ["b1"], END, (KEPT, 90)),
    ("exclusive_choice", ["a1", "a2"], END, (KEPT, 90)), ("exclusive_choice", ["b1", "a2"], RUNNING, (BROKEN, 2)),
    ("exclusive_choice", ["a1", "b2"], GONE, (BROKEN, 2)), ("exclusive_choice", ["x1"], RUNNING, (PENDING, 0)),
    ("exclusive_choice", ["x1"], END, (BROKEN, 90)), ("exclusive_choice", ["x1"], GONE, None),
    ("chain_response", ["a1", "b2"], END, (KEPT, 2)), ("chain_response", ["a1", "x2", "b3"], END, (BROKEN, 2)),
    ("chain_response", ["a1"], RUNNING, (PENDING, 1)), ("chain_response", ["a1"], END, (BROKEN, 90)),
    ("chain_response", ["a1"], GONE, None), ("chain_response", ["b1"], END, None),
    ("chain_response", ["a1", "b2", "a3", "x4"], END, (BROKEN, 4)),
])
def test_an_order_is_judged_with_its_moment(template: str, what: list[str], more: dict[str, Any],
                                            expected: tuple[str, float] | None) -> None:
    case = log(made(*((one[0], t(float(one[1:]))) for one in what)), **more)
    found = verdict(Rule(template, A, B), case, AFTER)
    assert (found and (found.state, found.since)) == (expected and (expected[0], t(expected[1])))


@seed(20260304)
@settings(max_examples=200)
@given(what=st.lists(st.tuples(st.sampled_from("abx"), st.integers(1, 40)), max_size=8, unique_by=lambda one: one[1]),
       rng=st.randoms(use_true_random=False), over=st.sampled_from(("running", "closed")))
def test_any_order_is_judged_as_a_reader_of_the_list_would(what: list[tuple[str, int]], rng: random.Random,
                                                           over: str) -> None:
    """The rows come in any order of writing: what counts is when something happened."""
    word = "".join(name for name, _ in sorted(what, key=lambda one: one[1]))
    rng.shuffle(what)
    case = log(made(*((name, t(hour)) for name, hour in what)), **(RUNNING if over == "running" else END))
    ended = BROKEN if over == "closed" else PENDING
    still = KEPT if over == "closed" else PENDING
    a_first, b_first = word.find("a"), word.find("b")
    expected = {
        "existence": KEPT if "a" in word else ended,
        "absence": BROKEN if "a" in word else still,
        "init": None if not word else KEPT if word[0] == "a" else BROKEN,
        "response": None if "a" not in word else KEPT if word.rfind("b") > word.rfind("a") else ended,
        "precedence": None if "b" not in word else KEPT if 0 <= a_first < b_first else BROKEN,
        "not_succession": None if "a" not in word else BROKEN if "b" in word[a_first:] else still,
        "exclusive_choice": BROKEN if "a" in word and "b" in word else still if "a" in word or "b" in word else ended,
        "chain_response": None if "a" not in word else _chained(word, ended),
    }
    assert {name: state(Rule(name, A, B), case, AFTER) for name in expected} == expected


def _chained(word: str, ended: str) -> str:
    following = [word[place + 1:place + 2] for place, one in enumerate(word) if one == "a"]
    return BROKEN if set(following) - {"b", ""} else ended if "" in following else KEPT


def test_the_next_step_of_a_chain_may_be_one_without_an_activity() -> None:
    """An element that a rule names is a step, whether it carries an activity or not."""
    first, second, third = made(("a", t(1)), ("b", t(2)), ("x", t(3)))
    assert state(Rule("chain_response", A, B), log([first, second._replace(activity=None), third]), AFTER) == KEPT


def test_what_two_instances_do_counts_for_their_own_only_where_the_rule_says_so() -> None:
    one, other = made(("a", t(1))), made(("b", t(2)), instance="j", first=9)
    for template in ("response", "precedence"):
        assert state(Rule(template, A, B), log(one + other), AFTER) == KEPT
    assert state(Rule("response", A, B, same_instance=True), log(one + other, **END), AFTER) == BROKEN
    assert state(Rule("precedence", A, B, same_instance=True), log(one + other), AFTER) == BROKEN


# ---- limits of a day in the month, and a withdrawal in between


BY_DAY = Rule("response", A, B, options={"by_day": True, "due_day": 10})


@pytest.mark.parametrize(("trigger", "answer", "more", "now", "expected"), [
    ("03-31 23:59", "04-11 00:00", RUNNING, "06-01 00:00", KEPT),
    ("03-31 23:59", "04-11 00:01", RUNNING, "06-01 00:00", BROKEN),
    ("04-01 00:00", "05-10 12:00", RUNNING, "06-01 00:00", KEPT),
    ("04-01 00:00", None, RUNNING, "05-11 00:00", PENDING),
    ("04-01 00:00", None, RUNNING, "05-11 00:01", BROKEN),
    ("04-01 00:00", None, withdrawn(at("05-10 00:00")), "06-01 00:00", None),  # not owed any more when it fell due
    ("04-01 00:00", None, withdrawn(at("05-12 00:00")), "06-01 00:00", BROKEN),  # it was late before
])
def test_by_a_day_of_the_following_month(trigger: str, answer: str | None, more: dict[str, Any], now: str,
                                         expected: str | None) -> None:
    happened = [("a", at(trigger))] + ([("b", at(answer))] if answer else [])
    assert state(BY_DAY, log(made(*happened), **more), at(now)) == expected


@pytest.mark.parametrize(("gone", "expected"), [(7, None), (8, None), (8.1, BROKEN)])
def test_a_case_withdrawn_or_merged_owes_nothing_more_but_stays_late(gone: float, expected: str | None) -> None:
    assert state(CLOCKED, log(made(("a", START)), **withdrawn(t(gone))), AFTER) == expected
    lapsed = paused(lapses=(t(gone),))
    assert state(CLOCKED, log(made(("a", START)), **lapsed), AFTER) == expected


# ---- who


@pytest.mark.parametrize(("group", "expected"), [("appeals", KEPT), ("clerk", BROKEN), (None, BROKEN)])
def test_the_group_that_did_it(group: str | None, expected: str) -> None:
    rule = Rule("role", A, options={"groups": ("appeals", "general_manager")})
    found = verdict(rule, log(made(("a", t(1)), group=group)), AFTER)
    assert found is not None
    assert (found.state, found.since, found.evidence[0]["by"]["group"]) == (expected, t(1), group)


def test_each_time_it_is_done_somebody_of_the_group_does_it() -> None:
    rule = Rule("role", A, options={"groups": ("appeals",)})
    rows = made(("a", t(1)), ("a", t(2)), ("a", t(3)), group="appeals")
    rows[1] = rows[1]._replace(group="clerk")
    found = verdict(rule, log(rows), AFTER)
    assert found is not None
    assert (found.state, found.evidence[0]["by"]["seq"], found.evidence[0]["times"]) == (BROKEN, 2, 3)


@pytest.mark.parametrize(("doers", "expected"), [
    ((("a", "li"), ("b", "wang")), KEPT), ((("a", "li"), ("b", "li")), BROKEN), ((("b", "li"), ("a", "li")), None),
    ((("a", "wang"), ("a", "li"), ("b", "wang")), BROKEN), ((("a", "system"), ("b", "system")), None),
    ((("a", "li"), ("b", "wang"), ("b", "li")), BROKEN), ((("b", "li"),), None)])
def test_four_eyes(doers: tuple[tuple[str, str], ...], expected: str | None) -> None:
    rows = [one._replace(actor=who) for one, (_, who) in
            zip(made(*((name, t(hour)) for hour, (name, _) in enumerate(doers))), doers, strict=True)]
    assert state(Rule("four_eyes", A, B), log(rows), AFTER) == expected


def approval(op: str, *groups: str) -> Rule:
    return Rule("threshold", A, same_instance=True, options={
        "threshold": {"op": op, "value": 5000, "unit": "CNY"}, "form": "f", "field": "amount", "groups": groups})


@pytest.mark.parametrize(("op", "amount", "inside"), [
    ("<", "4999.99", True), ("<", "5000.00", False), ("<", 0, True), ("<=", "5000", True), ("<=", "5000.01", False),
    (">", "5000", False), (">", "5000.01", True), (">=", "5000.00", True), (">=", "4999.99", False)])
def test_the_figure_itself_belongs_where_the_clause_says(op: str, amount: Any, inside: bool) -> None:
    entry = Entry("p", "x", "f", {"amount": amount}, "li", t(0), "clerk", "i")
    for group, expected in (("boss", KEPT), ("clerk", BROKEN)):
        found = state(approval(op, "boss"), log(made(("a", t(1)), group=group), entries=[entry]), AFTER)
        assert found == (expected if inside else None)


def test_an_approval_is_judged_by_the_amount_of_its_own_proposal_before_it() -> None:
    """Two proposals of one case at a time: the second, a small one, must not cover the first."""
    entries = [Entry("p", "x", "f", {"amount": amount}, "li", t(hour), "clerk", instance)
               for amount, hour, instance in (("300", 0, "i"), ("6000", 1, "i"), ("300", 2, "j"), ("7", 5, "i"))]
    small, large = approval("<", "clerk", "boss"), approval(">=", "boss")
    mine, other = made(("a", t(3)), group="clerk"), made(("a", t(4)), group="clerk", instance="j", first=5)
    assert state(large, log(mine, entries=entries), AFTER) == BROKEN
    assert state(large, log(other, entries=entries), AFTER) is None
    assert state(small, log(other, entries=entries), AFTER) == KEPT
    assert state(large, log(mine + other, entries=entries), AFTER) == BROKEN


# ---- what is in writing


def test_records_and_what_is_missing() -> None:
    rule = Rule("record", options={"form": "f", "requires_field": ["name", "phone"], "among": {"kind": ["x"]},
                                   "fields": {"name": "name", "phone": ["mobile", "landline"]}})

    def entry(hour: float = 1, **data: Any) -> Entry:
        return Entry("p", "x", "f", {"kind": "x", **data}, "li", t(hour), "clerk")

    def found(*entries: Entry) -> Verdict | None:
        return verdict(rule, log([], entries=entries), AFTER)

    assert found() is None
    assert found(replace(entry(), form="g")) is None
    assert found(entry(kind="y")) is None
    for data, missing in (({"name": "n", "landline": 0}, []), ({"name": "n", "mobile": ""}, ["phone"]),
                          ({"mobile": "1"}, ["name"]), ({"name": [], "mobile": None}, ["name", "phone"])):
        one = found(entry(name="n", mobile="1", hour=0), entry(**data), entry(name="n", mobile="1", hour=2))
        assert one is not None
        assert one.state == (BROKEN if missing else KEPT)
        assert one.evidence[0]["missing"] == missing
        assert not missing or one.since == t(1)


@pytest.mark.parametrize(("copies", "holders", "shut", "expected", "missing"), [
    (2, ("finance", "marketing"), 5, KEPT, []), (3, ("finance", "marketing", None), 5, KEPT, []),
    (1, ("finance", "marketing"), 5, BROKEN, []), (2, ("finance", None), 5, BROKEN, ["marketing"]),
    (2, ("marketing", "marketing"), 5, BROKEN, ["finance"]), (0, (), None, PENDING, ["finance", "marketing"])])
def test_copies_go_to_whom_the_clause_names(copies: int, holders: tuple[str | None, ...], shut: float | None,
                                            expected: str, missing: list[str]) -> None:
    rule = Rule("copies", options={"paper": ["opinion"], "copies": 2, "recipients": ("finance", "marketing")})
    paper = Paper("opinion", "YJ-1", "closed", copies, holders, {}, t(1), t(shut) if shut else None)
    other = replace(paper, kind="slip", copies=0)
    void = replace(paper, state="void", copies=0, number="YJ-0")
    found = verdict(rule, log([], papers=[other, void, paper]), AFTER)
    assert found is not None
    assert (found.state, found.evidence[0]["missing"], found.evidence[0]["paper"]) == (expected, missing, "YJ-1")


def test_a_paper_stands_with_the_step() -> None:
    rule = Rule("paper", A, options={"paper": "opinion"})
    paper = Paper("opinion", "YJ-1", "open", 0, (), {}, t(2), None)
    step = made(("a", t(1)))
    assert state(rule, log(step, papers=[paper]), AFTER) == KEPT
    assert state(rule, log(step, papers=[replace(paper, state="void")]), AFTER) == PENDING
    assert state(rule, log(step, papers=[replace(paper, kind="slip")], **END), AFTER) == BROKEN
    assert state(rule, log(step, **GONE), AFTER) is None
    assert state(rule, log([], papers=[paper]), AFTER) is None


@pytest.mark.parametrize(("ended", "until", "expected"), [
    ("2026-03-02T10:00+08:00", "2029-03-02T00:00+08:00", KEPT),
    ("2026-03-02T10:00+08:00", "2029-03-01T23:59+08:00", BROKEN),
    ("2024-02-29T10:00+08:00", "2027-02-28T00:00+08:00", KEPT),
    ("2024-02-29T10:00+08:00", "2027-02-27T23:00+08:00", BROKEN),
    ("2026-03-02T00:30+08:00", "2029-03-01T16:30+00:00", KEPT),  # the day in Shanghai, not in Greenwich
    ("2026-03-02T10:00+08:00", None, BROKEN)])
def test_a_file_is_kept_for_its_years(ended: str, until: str | None, expected: str) -> None:
    rule = Rule("retention", options={"retention": "P3Y"})
    over = datetime.fromisoformat(ended).astimezone(UTC)
    case = log([], **closed(over), archived_at=over + DAY,
               keep_until=datetime.fromisoformat(until).astimezone(UTC) if until else None)
    assert state(rule, case, over + 2 * DAY) == expected
    assert state(rule, replace(case, archived_at=None), over + 2 * DAY) is None


@pytest.mark.parametrize(("made_at", "named", "expected"), [
    ("03-02 09:00", "2026-03-03T09:00", KEPT), ("03-02 09:00", "2026-03-03T08:59:59", BROKEN),
    ("03-02 09:00", "2026-03-03T01:00:00Z", KEPT), ("03-02 09:00", "soon", None), ("03-02 09:00", None, None)])
def test_a_visit_is_told_a_day_ahead(made_at: str, named: str | None, expected: str | None) -> None:
    rule = Rule("ahead", options={"form": "f", "field": "visit_at", "before": "P1D"})
    entry = Entry("p", "x", "f", {"visit_at": named}, "li", at(made_at), "clerk")
    assert state(rule, log([], entries=[entry]), AFTER) == expected


@pytest.mark.parametrize(("told", "end", "now", "expected"), [
    ((24, 48), 72, 100, (KEPT, 72)), ((24, 48 + 1 / 3600), 72, 100, (BROKEN, 48)), ((24,), None, 48, (PENDING, 24)),
    ((24,), None, 48.1, (BROKEN, 48)), ((), 25, 100, (BROKEN, 24)), ((), 23, 100, (KEPT, 23)),
    ((30, 31), None, 32, (BROKEN, 24)), ((20, 60), 40, 100, (KEPT, 40))])
def test_no_day_goes_by_without_word(told: tuple[float, ...], end: float | None, now: float,
                                     expected: tuple[str, float]) -> None:
    rule = Rule("update_every", A, B, options={"every": "PT24H", "until": ["p/z"]})
    happened = [("a", START), *(("b", t(hour)) for hour in told), *([("z", t(end))] if end else [])]
    found = verdict(rule, log(made(*happened)), t(now))
    assert found is not None
    assert (found.state, found.since) == (expected[0], t(expected[1]))


@pytest.mark.parametrize(("told", "expected"), [((110, 130), KEPT), ((110, 135), BROKEN)])
def test_word_is_owed_again_when_a_case_is_worked_on_again(told: tuple[float, ...], expected: str) -> None:
    """Solved after 20 hours, taken up again after 100, solved after 150."""
    rule = Rule("update_every", A, B, options={"every": "PT24H", "until": ["p/z"]})
    happened = [("a", START), ("z", t(20)), ("a", t(100)), *(("b", t(hour)) for hour in told), ("z", t(150))]
    assert state(rule, log(made(*happened)), t(200)) == expected


# ---- the company's standing work


def cadence(rows: Sequence[Happening], since: str, now: str, **options: Any) -> list[tuple[str, str]]:
    rule = Rule("cadence", A, options=options)
    company = Monitors("1", (), (Monitor("X-1", "must", "x", (), (rule,)),), {}, frozenset(), frozenset())
    return [(one.period, one.state) for one in judge_company(company, rows, at(since), at(now), CALENDAR)]


@pytest.mark.parametrize(("options", "since", "now", "done", "expected"), [
    ({"every": "P1W"}, "03-04 12:00", "03-25 00:00", ["03-09 00:00", "03-22 23:59"],
     [("2026-03-09", KEPT), ("2026-03-16", KEPT), ("2026-03-23", PENDING)]),
    ({"every": "P1W"}, "03-02 00:00", "03-16 00:00", ["03-01 23:59"],
     [("2026-03-02", BROKEN), ("2026-03-09", BROKEN), ("2026-03-16", PENDING)]),
    ({"every": "P1M", "due_day": 10}, "03-02 12:00", "05-11 00:00", ["04-10 23:59", "05-11 00:00"],
     [("2026-04-01", KEPT), ("2026-05-01", BROKEN)]),
    ({"every": "P1M"}, "03-01 12:00", "04-02 00:00", [], [("2026-03-01", BROKEN), ("2026-04-01", PENDING)]),
    # a half-year is January to June, July to December, whenever the work began
    ({"every": "P6M"}, "03-02 12:00", "12-31 23:00", ["07-20 10:00"], [("2026-07-01", KEPT)]),
    ({"every": "P6M"}, "03-02 12:00", "12-31 23:00", ["06-20 10:00"], [("2026-07-01", PENDING)]),
    ({"every": "P3M"}, "03-02 12:00", "08-01 00:00", ["04-20 10:00"], [("2026-04-01", KEPT), ("2026-07-01", PENDING)]),
    # nothing is owed for the days before the work began; that day itself counts
    ({"every": "P1D"}, "03-04 12:00", "03-06 12:00", ["03-04 13:00"],
     [("2026-03-04", KEPT), ("2026-03-05", BROKEN), ("2026-03-06", PENDING)]),
])
def test_standing_work_is_owed_in_every_whole_period(options: dict[str, Any], since: str, now: str, done: list[str],
                                                     expected: list[tuple[str, str]]) -> None:
    assert cadence(made(*(("a", at(one)) for one in done)), since, now, **options) == expected


# ---- facts that change


GRADED = "p/grade"


def graded_at(moment: datetime, *what: tuple[str, datetime]) -> list[Happening]:
    return sorted(made(("grade", moment), *what), key=lambda one: one.at)


def judged_once_changed(rule: Rule, happenings: Sequence[Happening], *changes: tuple[float, Any], now: datetime = AFTER,
                        level: str = "P3", **more: Any) -> str | None:
    """A clause that bears on P1 only; `changes` of the level: the hour, and what it was before."""
    bearing = replace(monitors(rule, conditions=({"level": frozenset({"P1"})},)), settled_by=(GRADED,))
    case = log(happenings, facts={"type": "complaint", "level": level},
               changes=[Change(t(hour), "level", before) for hour, before in changes], **more)
    found = judge(bearing, case, now, CALENDAR)
    return found[0].state if found else None


ROLE = Rule("role", A, options={"groups": ("boss",)})  # a breach whenever it bears


@pytest.mark.parametrize(("rule", "what", "more", "expected"), [
    (ROLE, ["a5"], {}, BROKEN),
    (Rule("precedence", B, A), ["a5"], {}, BROKEN),
    (Rule("init", B), ["a5"], {}, BROKEN),
    (Rule("chain_response", A, B), ["a5", "x6"], {}, BROKEN),
    (Rule("not_succession", A, B), ["a5", "b6"], {}, BROKEN),
    (Rule("exclusive_choice", A, B), ["a4", "b5"], {}, BROKEN),
    (Rule("existence", A), ["a5"], {}, KEPT),
    (Rule("response", A, B), ["a5"], END, BROKEN),
    (Rule("response", A, B, Period("PT1H", "natural")), ["a5", "b7"], {}, BROKEN),
    (Rule("response", A, B, Period("PT1H", "natural"), "clock"), ["a5", "b7"], {}, BROKEN),
    (Rule("response", ("@registered",), B, Period("PT1H", "natural")), ["b7"], {}, BROKEN),
    (Rule("four_eyes", B, A), ["b4", "a5"], {}, BROKEN),
    (Rule("update_every", A, B, options={"every": "PT1H"}), ["a5", "b7"], {}, BROKEN),
])
def test_a_fact_that_changes_afterwards_turns_nothing(rule: Rule, what: list[str], more: dict[str, Any],
                                                      expected: str) -> None:
    happened = graded_at(t(0), *((one[0], t(float(one[1:]))) for one in what))
    if rule.template == "init":
        happened = happened[1:] + made(("grade", t(0)), first=99)  # graded, but not as an activity
        happened[-1] = happened[-1]._replace(activity=None)
    assert judged_once_changed(rule, happened, level="P1", **more) == expected
    assert judged_once_changed(rule, happened, (9, "P1"), **more) == expected  # P1 until nine, P3 since
    assert judged_once_changed(rule, happened, level="P3", **more) is None
    assert judged_once_changed(rule, happened, (9, "P3"), level="P1", **more) is None  # P3 until nine, P1 since
    assert judged_once_changed(rule, happened, (9, None), level="P1", **more) == expected  # not known until then


def test_what_is_forbidden_from_now_on_was_not_before() -> None:
    absence, happened = Rule("absence", A), graded_at(t(0), ("a", t(5)))
    assert judged_once_changed(absence, happened, (9, "P1")) == BROKEN
    assert judged_once_changed(absence, happened, (9, "P3"), level="P1") == PENDING
    assert judged_once_changed(absence, happened, (4, "P3"), level="P1") == BROKEN


def test_what_was_put_right_before_the_case_was_graded_was_never_so() -> None:
    happened = graded_at(t(6), ("a", t(5)))
    assert judged_once_changed(ROLE, happened, (5.5, "P1")) is None
    assert judged_once_changed(ROLE, happened, (5.5, "P3"), level="P1") == BROKEN
    assert judged_once_changed(ROLE, happened, (6, "P3"), level="P1") == BROKEN  # in the same step
    assert judged_once_changed(ROLE, made(("a", t(5))), (5.5, "P3"), level="P1") == BROKEN  # not graded yet


def test_only_what_was_done_while_the_clause_bore_is_judged() -> None:
    """P1 from the second to the fourth hour; the first and the last time were nobody's business."""
    changes = ((2, "P3"), (4, "P1"))
    for hour, expected in ((1, None), (2, BROKEN), (3.9, BROKEN), (4, None), (5, None)):
        assert judged_once_changed(ROLE, graded_at(t(0), ("a", t(hour))), *changes) == expected
    rows = graded_at(t(0), ("a", t(1)), ("a", t(3)), ("a", t(5)))
    bearing = replace(monitors(ROLE, conditions=({"level": frozenset({"P1"})},)), settled_by=(GRADED,))
    (found,) = judge(bearing, log(rows, changes=[Change(t(hour), "level", was) for hour, was in changes]), AFTER,
                     CALENDAR)
    assert found.since == t(3)
    assert "times" not in found.evidence[0]


def test_a_case_raised_days_later_was_not_late_from_the_beginning() -> None:
    five = Rule("response", ("@registered",), B, Period("PT5M", "natural"))
    happened = graded_at(t(0.01))
    assert judged_once_changed(five, happened, (48, "P3"), level="P1") is None
    assert judged_once_changed(five, happened, (0.005, "P3"), level="P1") == BROKEN  # found to be so when graded


def test_a_promise_with_a_clock_is_judged_by_the_level_at_which_it_was_met() -> None:
    """As the clock itself: it is regraded with the case until it is reached, and keeps its start."""
    four = Rule("response", ("@registered",), B, Period("PT4H", "natural"), "clock")
    for answered, raised, expected in ((3, 8, None), (9, 8, BROKEN), (3, 2, KEPT), (None, 8, BROKEN)):
        happened = graded_at(t(0.01), *([("b", t(answered))] if answered else []))
        assert judged_once_changed(four, happened, (raised, "P3"), level="P1") == expected, (answered, raised)
    lowered = graded_at(t(0.01), ("b", t(6)))
    assert judged_once_changed(four, lowered, (8, "P1")) == BROKEN
    assert judged_once_changed(four, lowered, (5, "P1")) is None


def test_a_record_needs_what_the_case_did_not_hold_then() -> None:
    rule = Rule("record", options={"form": "f", "requires_field": ["serial"],
                                   "fields": {"serial": ["no", "@serial_no"]}})
    entry = Entry("p", "x", "f", {}, "li", t(5), "clerk", "i")
    case = log(graded_at(t(0)), entries=[entry], facts={"serial_no": ""})
    known = replace(monitors(rule), settled_by=(GRADED,))
    assert judge(known, case, AFTER, CALENDAR)[0].state == BROKEN
    held = replace(case, changes=[Change(t(9), "serial_no", "S-1")])  # it was there when the form was filled in
    assert judge(known, held, AFTER, CALENDAR)[0].state == KEPT


@seed(20260305)
@settings(max_examples=100)
@given(what=st.lists(st.integers(1, 40), min_size=1, max_size=6), flips=st.lists(st.integers(1, 40), max_size=5,
                                                                              unique=True))
def test_any_history_of_a_fact_is_read_as_it_was(what: list[int], flips: list[int]) -> None:
    """The level goes to and fro; each deed is judged by what it was in that hour."""
    flips = sorted(flips)
    was = [("P1", "P3")[n % 2] for n in range(len(flips) + 1)]  # before each flip, and now
    bad = [hour for hour in what if was[sum(flip <= hour for flip in flips)] == "P1"]
    happened = graded_at(t(0), *(("a", t(hour)) for hour in what))
    found = judged_once_changed(ROLE, happened, *zip(flips, was[:-1], strict=True), level=was[-1])
    assert found == (BROKEN if bad else None)
