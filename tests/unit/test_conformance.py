"""What each template asks of a log, what a monitor is made of, and what it says of why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import Refused
from app.facts import Period
from app.policy.conformance import (
    BROKEN,
    KEPT,
    PENDING,
    CaseLog,
    ClockFacts,
    Entry,
    Happening,
    Paper,
    compile_monitors,
    explain,
    judge,
    judge_company,
    read_bindings,
)
from app.policy.conformance.log import Index
from app.policy.conformance.rules import Monitor, Monitors
from app.policy.conformance.templates import TEMPLATES, Rule, Sight
from app.policy.register import read_register
from app.services.bundle_view import view_of_tree
from app.work_calendar import Span, WorkCalendar
from tests.conftest import ROOT

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALENDAR = WorkCalendar()
A, B = ("p/a",), ("p/b",)


def at(*what: tuple[str, float], **values: Any) -> list[Happening]:
    """Happenings of one instance: an element and its hour after Monday, 09:00."""
    given = {"actor": "clerk", "group": "clerk", "instance": "i", **values}
    return [Happening(seq, MONDAY + hours * HOUR, "p", element, element.upper(), given["actor"], given["group"],
                      given["instance"]) for seq, (element, hours) in enumerate(what, 1)]


def log(happenings: list[Happening], **values: Any) -> CaseLog:
    case = CaseLog("c", {"type": "complaint", "flags": []}, "open", True, MONDAY, "1", happenings)
    return replace(case, **values)


def found(rule: Rule, case: CaseLog, hours: float = 100) -> str | None:
    one = TEMPLATES[rule.template](rule, Sight(case, Index(case), MONDAY + hours * HOUR, CALENDAR))
    return one.state if one is not None else None


ENDED = {"state": "closed", "running": False, "ended_at": MONDAY + 90 * HOUR}
WITHDRAWN = {"state": "cancelled", "running": False, "ended_at": MONDAY + 3 * HOUR}


@pytest.mark.parametrize(("template", "happenings", "more", "expected"), [
    ("response", at(("a", 1), ("b", 2)), {}, KEPT),
    ("response", at(("b", 1)), {}, None),
    ("response", at(("b", 1), ("a", 2)), {}, PENDING),
    ("response", at(("a", 1)), ENDED, BROKEN),
    ("response", at(("a", 1)), WITHDRAWN, None),
    ("response", at(("a", 1), ("b", 2), ("a", 3)), ENDED, BROKEN),
    ("precedence", at(("a", 1), ("b", 2)), {}, KEPT),
    ("precedence", at(("b", 2), ("a", 3)), {}, BROKEN),
    ("precedence", at(("a", 1)), {}, None),
    ("existence", at(("a", 1)), {}, KEPT),
    ("existence", at(("b", 1)), {}, PENDING),
    ("existence", at(("b", 1)), ENDED, BROKEN),
    ("absence", at(("a", 1)), {}, BROKEN),
    ("absence", at(("b", 1)), {}, PENDING),
    ("absence", at(("b", 1)), ENDED, KEPT),
    ("init", at(("a", 1), ("b", 2)), {}, KEPT),
    ("init", at(("b", 1), ("a", 2)), {}, BROKEN),
    ("init", [], {}, None),
    ("not_succession", at(("a", 1), ("b", 2)), {}, BROKEN),
    ("not_succession", at(("b", 1), ("a", 2)), ENDED, KEPT),
    ("not_succession", at(("b", 1)), {}, None),
    ("exclusive_choice", at(("a", 1)), ENDED, KEPT),
    ("exclusive_choice", at(("a", 1), ("b", 2)), {}, BROKEN),
    ("exclusive_choice", at(("x", 1)), ENDED, BROKEN),
    ("chain_response", at(("a", 1), ("b", 2)), {}, KEPT),
    ("chain_response", at(("a", 1), ("x", 2), ("b", 3)), {}, BROKEN),
    ("chain_response", at(("a", 1)), ENDED, BROKEN),
])
def test_orders(template: str, happenings: list[Happening], more: dict[str, Any], expected: str | None) -> None:
    assert found(Rule(template, A, B), log(happenings, **more)) == expected


@pytest.mark.parametrize(("limit", "answered", "now", "more", "expected"), [
    (Period("PT4H", "natural"), 5, 9, {}, KEPT),
    (Period("PT4H", "natural"), 5.1, 9, {}, BROKEN),
    (Period("PT4H", "natural"), None, 4, {}, PENDING),
    (Period("PT4H", "natural"), None, 6, {}, BROKEN),
    (Period("P1D", "working"), 33, 40, {}, KEPT),  # Tuesday 18:00
    (Period("P1D", "working"), 33.1, 40, {}, BROKEN),
    (Period("PT4H", "natural"), 7, 9, {"pauses": (Span(MONDAY + 2 * HOUR, MONDAY + 4 * HOUR),)}, KEPT),
    (Period("PT4H", "natural"), 7.1, 9, {"pauses": (Span(MONDAY + 2 * HOUR, MONDAY + 4 * HOUR),)}, BROKEN),
    (Period("PT4H", "natural"), None, 50, {"paused_since": MONDAY + 2 * HOUR}, PENDING),
    (Period("PT4H", "natural"), None, 50, {"paused_since": MONDAY + 6 * HOUR}, BROKEN),  # it was late before
    (Period("PT4H", "natural"), None, 50, {"lapses": (MONDAY + 3 * HOUR,)}, None),
    (Period("PT4H", "natural"), None, 50, {"lapses": (MONDAY + 6 * HOUR,)}, BROKEN),
    (Period("PT4H", "natural"), 30, 50, {"agreed": (Span(MONDAY + 2 * HOUR, MONDAY + 31 * HOUR),)}, KEPT),
])
def test_windows(limit: Period, answered: float | None, now: float, more: dict[str, Any], expected: str | None) -> None:
    happenings = at(("a", 1), *([("b", answered)] if answered is not None else []))
    case = log(happenings, clocks={"clock": ClockFacts(**more)})
    assert found(Rule("response", A, B, limit, "clock"), case, now) == expected


def test_what_instances_do_at_one_moment_has_no_order() -> None:
    one, (other,) = at(("b", 1)), at(("a", 1), instance="other")
    assert found(Rule("response", A, B), log([*one, other._replace(seq=9)])) == KEPT
    assert found(Rule("response", A, B), log([*one, other._replace(seq=9, instance="i")])) == PENDING
    assert found(Rule("response", A, B, same_instance=True), log([*one, other._replace(seq=9)])) == PENDING


def test_a_role_four_eyes_and_a_higher_rank() -> None:
    first, second = at(("a", 1), actor="li", group="clerk"), at(("b", 2), actor="wang", group="supervisor")
    eyes = Rule("four_eyes", A, B, options={"ranks": ["clerk", "supervisor"]})
    assert found(eyes, log(first + second)) == KEPT
    assert found(eyes, log([*first, second[0]._replace(actor="li")])) == BROKEN
    assert found(eyes, log([*first, second[0]._replace(group="clerk")])) == BROKEN
    assert found(eyes, log(second)) is None
    role = Rule("role", B, options={"groups": ("supervisor",)})
    assert found(role, log(second)) == KEPT
    assert found(role, log([second[0]._replace(group="clerk")])) == BROKEN


@pytest.mark.parametrize(("amount", "group", "expected"), [
    ("4999.99", "general_affairs", None), ("5000.00", "general_affairs", BROKEN), (5000, "general_manager", KEPT),
    ("not a number", "clerk", None), (True, "clerk", None)])
def test_an_amount_and_who_approves_it(amount: Any, group: str, expected: str | None) -> None:
    rule = Rule("threshold", A, options={"threshold": {"op": ">=", "value": 5000}, "form": "f", "field": "amount",
                                         "groups": ("general_manager",)})
    entry = Entry("p", "x", "f", {"amount": amount}, "li", MONDAY, "clerk")
    assert found(rule, log(at(("a", 1), group=group), entries=[entry])) == expected


def test_records_copies_papers_and_retention() -> None:
    fields = Rule("record", options={"form": "f", "requires_field": ["name", "phone"],
                                     "fields": {"name": "name", "phone": ["mobile", "@phone"]}})

    def entry(**data: Any) -> list[Entry]:
        return [Entry("p", "x", "f", data, "li", MONDAY, "clerk")]

    assert found(fields, log([], entries=entry(name="张", mobile="1"))) == KEPT
    assert found(fields, log([], entries=entry(name="张", mobile=""))) == BROKEN
    assert found(fields, log([], entries=entry(name="张"), facts={"phone": "1"})) == KEPT
    copies = Rule("copies", options={"paper": "opinion", "copies": 2, "recipients": ("finance",)})
    paper = Paper("opinion", "1", "closed", 2, ("finance", "marketing"), {}, MONDAY, MONDAY)
    assert found(copies, log([], papers=[paper])) == KEPT
    assert found(copies, log([], papers=[replace(paper, copies=1)])) == BROKEN
    assert found(copies, log([], papers=[replace(paper, holders=(None, None))])) == BROKEN
    assert found(copies, log([], papers=[replace(paper, closed_at=None)])) == PENDING
    assert found(copies, log([], papers=[replace(paper, state="void")])) is None
    stands = Rule("paper", A, options={"paper": "opinion"})
    assert found(stands, log(at(("a", 1)), papers=[paper])) == KEPT
    assert found(stands, log(at(("a", 1)), **ENDED)) == BROKEN
    keep = Rule("retention", options={"retention": "P3Y"})
    ended = {"state": "closed", "running": False, "ended_at": MONDAY, "archived_at": MONDAY}
    assert found(keep, log([], **ended, keep_until=MONDAY.replace(year=2029))) == KEPT
    assert found(keep, log([], **ended, keep_until=MONDAY.replace(year=2029) - DAY)) == BROKEN
    assert found(keep, log([], **ended)) == BROKEN


@pytest.mark.parametrize(("named", "expected"), [
    ("2026-03-03T09:00:00", KEPT), ("2026-03-03T08:59:00", BROKEN), ("2026-03-03T01:00:00+00:00", KEPT), ("", None)])
def test_a_visit_is_confirmed_a_day_ahead_to_the_minute(named: str, expected: str | None) -> None:
    rule = Rule("ahead", options={"form": "visit", "field": "at", "before": "P1D", "among": {"agreed": [True]}})
    entry = Entry("p", "x", "visit", {"at": named, "agreed": True}, "li", MONDAY, "clerk")
    assert found(rule, log([], entries=[entry])) == expected
    assert found(rule, log([], entries=[replace(entry, data={"at": named, "agreed": False})])) is None


def test_an_update_at_least_so_often() -> None:
    rule = Rule("update_every", A, B, options={"every": "PT24H", "until": ["p/z"]})
    assert found(rule, log(at(("a", 0), ("b", 20), ("b", 40), ("z", 60)))) == KEPT
    assert found(rule, log(at(("a", 0), ("b", 20), ("b", 45), ("z", 60)))) == BROKEN
    assert found(rule, log(at(("a", 0), ("b", 20))), 40) == PENDING
    assert found(rule, log(at(("a", 0), ("b", 20))), 45) == BROKEN


def cadence(**options: Any) -> Monitors:
    rule = Rule("cadence", A, options=options)
    return Monitors("1", (), (Monitor("X", "must", "", (), (rule,)),), {}, frozenset(), frozenset())


def test_a_weekly_and_a_monthly_report() -> None:
    weekly = judge_company(cadence(every="P1W"), at(("a", 2), ("a", 24 * 15)), MONDAY, MONDAY + 16 * DAY, CALENDAR)
    assert [(one.period, one.state) for one in weekly] == [
        ("2026-03-02", KEPT), ("2026-03-09", BROKEN), ("2026-03-16", KEPT)]
    monthly = judge_company(cadence(every="P1M", due_day=10), at(("a", 24 * 38)), MONDAY, MONDAY + 100 * DAY, CALENDAR)
    assert [(one.period, one.state) for one in monthly] == [
        ("2026-04-01", KEPT), ("2026-05-01", BROKEN), ("2026-06-01", PENDING)]
    assert monthly[-1].due_at == datetime(2026, 6, 10, 16, 0, tzinfo=UTC)  # the 10th, 24:00


# ---- the shipped policy


@pytest.fixture(scope="module")
def shipped() -> Monitors:
    return compile_monitors(read_register(ROOT), read_bindings(ROOT))


def test_every_clause_with_a_rule_is_judged_or_says_why_not(shipped: Monitors) -> None:
    judged = {clause for one in (*shipped.cases, *shipped.company) for clause in (one.clause, *one.shared_by)}
    declared = {clause.id for clause in read_register(ROOT).clauses.values() if (clause.source or {}).get("declare")}
    assert declared <= judged | shipped.unjudged.keys()
    assert len(judged) > 120


def test_every_word_of_a_monitor_stands_for_something_that_is_drawn(shipped: Monitors) -> None:
    drawn = {name for one in view_of_tree(ROOT).elements for name in (f"{one.process}/{one.id}", one.activity)}
    missing = {(one.clause, name) for one in (*shipped.cases, *shipped.company) for rule in one.rules
               for name in rule.names if not name.startswith("@") and name not in drawn}
    assert missing == set()


def test_the_figure_is_the_clauses_own(tmp_path: Path) -> None:
    register = read_register(ROOT)
    clause = register.clauses["A-2.1.7"]
    declared = [{**(clause.source or {})["declare"][0], "within": "PT3H"}]
    tighter = replace(clause, source={**(clause.source or {}), "declare": declared})
    monitors = compile_monitors(replace(register, clauses={**register.clauses, "A-2.1.7": tighter}),
                                read_bindings(ROOT))
    (rule,) = monitors.of("A-2.1.7").rules  # type: ignore[union-attr]
    assert rule.within == Period("PT3H", "natural")


def test_a_clause_that_says_the_same_shares_the_monitor(shipped: Monitors) -> None:
    assert shipped.of("B4-3") is shipped.of("B1-6.1")
    assert shipped.of("nonsense") is None


@pytest.mark.parametrize(("text", "element"), [
    ("monitors: [{clause: X-1}]", "X-1"),
    ("monitors: [{clause: A-2.1.7, b: nonsense}]", "A-2.1.7"),
    ("monitors: [{clause: A-2.1.7, rules: [{template: nonsense}]}]", "A-2.1.7"),
    ("monitors: [{clause: A-2.1.7, rules: [{template: response, a: verify, b: verify, within: soon}]}]", "A-2.1.7"),
    ("monitors: [{clause: B21-7-5, rules: [{template: role, a: bookkeeping}]}]", "B21-7-5"),
])
def test_a_wrong_binding_is_refused_with_its_clause(tmp_path: Path, text: str, element: str) -> None:
    (tmp_path / "processes" / "policy").mkdir(parents=True)
    (tmp_path / "processes" / "policy" / "monitors.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        compile_monitors(read_register(ROOT), read_bindings(tmp_path))
    assert element in {finding.element for finding in refused.value.findings}


# ---- properties


ELEMENTS = ("intake/respond_and_promise", "complaint/give_preliminary_proposal", "complaint/verify_complaint",
            "complaint/determine_responsibility", "complaint/draft_solution", "complaint/mark_resolved")
logs = st.lists(st.tuples(st.sampled_from(ELEMENTS), st.integers(0, 200)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=logs, hours=st.integers(0, 300))
def test_what_is_settled_stays_settled_as_time_goes_on(shipped: Monitors, steps: list[tuple[str, int]],
                                                       hours: int) -> None:
    happenings = [Happening(seq, MONDAY + hour * HOUR, *name.split("/"), None, "li", "clerk", "i")
                  for seq, (name, hour) in enumerate(sorted(steps, key=lambda one: one[1]), 1)]
    case = log(happenings, facts={"type": "complaint", "level": "P3"})
    now = {one.clause: one for one in judge(shipped, case, MONDAY + hours * HOUR, CALENDAR)}
    later = {one.clause: one for one in judge(shipped, case, MONDAY + (hours + 500) * HOUR, CALENDAR)}
    assert now.keys() == later.keys()
    for clause, one in now.items():
        if one.state != PENDING:
            assert later[clause].state == one.state
        elif one.due_at is not None:
            assert (later[clause].state == BROKEN) == (one.due_at < MONDAY + (hours + 500) * HOUR)


def test_a_breach_is_explained_in_both_languages_with_its_figure_and_its_pause(shipped: Monitors) -> None:
    happenings = [Happening(5, MONDAY + 7 * HOUR, "complaint", "give_preliminary_proposal", "preliminary_proposal",
                            "li", "relations", "i")]
    pause = ClockFacts(pauses=(Span(MONDAY + HOUR, MONDAY + 2 * HOUR),))
    case = log(happenings, facts={"type": "complaint", "level": "P3"}, clocks={"preliminary_proposal": pause})
    verdict = next(one for one in judge(shipped, case, MONDAY + 9 * HOUR, CALENDAR) if one.clause == "A-2.1.7")
    zh, en = explain(verdict, CALENDAR, lambda what: (f"〔{what}〕", what))
    assert verdict.state == BROKEN
    for part in ("违反", "4 小时", "09:00", "10:00:00 至 2026-03-02 11:00:00 停止计时", "顺延至 2026-03-02 14:00:00",
                 "16:00:00", "历史记录 5", "li"):
        assert part in zh
    for part in ("broken", "4 hours", "stood still", "Moved to 2026-03-02 14:00:00", "history 5", "li"):
        assert part in en


def test_what_does_not_apply_says_why(shipped: Monitors) -> None:
    case = log([], facts={"type": "consultation", "level": "P4"})
    every = {one.clause: one for one in judge(shipped, case, MONDAY, CALENDAR, everything=True)}
    assert every.keys() == {one.clause for one in shipped.cases}
    assert every["A-2.1.7"].evidence[0]["why_not"] == "conditions"
    assert every["B14-6.3"].evidence[0]["why_not"] == "no_trigger"
    zh, en = explain(every["A-2.1.7"], CALENDAR, lambda what: (what, what))
    assert "complaint" in zh
    assert "complaint" in en
