"""The SLA clocks of a case: which clause is broken, which is kept, and why."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.errors import StepFailed
from app.facts import DecisionResult, Period, RuleHit
from app.services import sla_recompute
from app.services.sla import CaseClocks
from app.services.sla_view import limits, views
from app.store.milestones import of_case
from app.work_calendar import DayRule, WorkCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIGURES = {
    "E-2.1.2": Period("PT15M", "natural"), "B1-6.1": Period("PT24H", "natural"), "C-2.2.6": Period("PT4H", "natural"),
    "B21-5-1": Period("P1D", "working"), "B1-4.2a": Period("P3D", "working"), "D-2.2.7": Period("PT24H", "natural"),
    "D-2.2.9": Period("P3D", "working"), "B21-5-3": Period("P14D", "natural"), "E-2.1.3": Period("PT5M", "natural"),
    "C-2.2.4": Period("PT0S", "natural"), "D-2.3.7": Period("PT1H", "natural"), "C-2.1.1": Period("PT30S", "natural"),
}


def cell(clauses, also="", basis="text"):
    return {"clauses": clauses.split(), "also": also.split(), "basis": basis}


def figure(name, duration, calendar="natural", start="registered"):
    return {name: duration, f"{name}_calendar": calendar, f"{name}_from": start}


RULES = {
    "P3": ("R03", {
        **figure("first_response", "PT15M"), **figure("acknowledge", "PT1H", start="dispatched"),
        **figure("verify", "P1D", "working"), **figure("resolution", "P3D", "working"),
        **figure("resolution_target", "PT24H"), **figure("opinion_closed", "P14D"),
        **figure("refund", None), **figure("follow_up", "PT24H", start="executed"),
    }, {"first_response": cell("E-2.1.2", "B1-6.1 C-2.2.6"), "acknowledge": cell("D-2.3.7 D-2.3.8"),
        "verify": cell("B21-5-1", "B1-4.2a"), "resolution": cell("D-2.2.9"), "resolution_target": cell("E-1.1.2"),
        "opinion_closed": cell("B21-5-3"), "follow_up": cell("A-2.5.1")}),
    "P1": ("R01", {
        **figure("first_response", "PT5M"), **figure("acknowledge", "PT1H", start="dispatched"),
        **figure("verify", ["PT24H", "P1D"], ["natural", "working"]), **figure("resolution", "PT24H"),
        **figure("opinion_closed", "P14D"), **figure("supervisor_visit", "P3D", start="resolved"),
    }, {"first_response": cell("E-2.1.3", "B1-6.1 C-2.2.4"), "acknowledge": cell("D-2.3.7 D-2.3.8"),
        "verify": cell("D-2.2.7", "B21-5-1", "derived"), "resolution": cell("D-2.2.7"),
        "opinion_closed": cell("B21-5-3", basis="assumption"), "supervisor_visit": cell("E-2.3.5")}),
}


def decide(decision, context):
    if decision == "pickup_time":
        outputs = {**figure("pickup", "PT30S" if context["channel"] == "phone" else None, start="contact"),
                   "automatic_receipt": False}
        return DecisionResult(decision, outputs, outputs, (RuleHit("pickup_time_01", ("C-2.1.1",)),))
    if context["level"] not in RULES:
        return DecisionResult(decision, None, None)
    rule, outputs, cells = RULES[context["level"]]
    return DecisionResult(decision, outputs, outputs, (RuleHit(rule, (), False, cells),))


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Desk:
    """The case as a step sees it: facts that may change, a clock that may move."""

    def __init__(self, session, case):
        self.session, self.facts, self.calendar, self.now = session, case, WorkCalendar(), case.registered_at

    def clocks(self, after=None):
        if after is not None:
            self.now = self.facts.registered_at + after
        return CaseClocks(self.session, self.facts, self.now, decide=decide, calendar=self.calendar,
                          limits=lambda: FIGURES, by="clerk")

    def change(self, **facts):
        for name, value in facts.items():
            setattr(self.facts, name, value)

    def view(self, name, after):
        self.session.flush()
        at = self.facts.registered_at + after
        return next(v for v in reversed(views(self.session, self.facts.id, at)) if v.name == name)


@pytest.fixture
def desk(session, case):
    return Desk(session, case)


def test_an_unanswered_complaint_breaks_its_own_clause_and_keeps_the_looser_one(desk):
    desk.clocks().open("registered")
    view = desk.view("first_response", timedelta(minutes=16))
    assert view.state == "late"
    assert {c.clause: (c.limit, c.state) for c in view.checks} == {
        "E-2.1.2": ("PT15M", "late"), "B1-6.1": ("PT24H", "pending"), "C-2.2.6": ("PT4H", "pending")}
    assert desk.view("first_response", timedelta(hours=25)).checks[1].state == "late"


def test_a_late_answer_keeps_the_clauses_that_it_still_meets(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=3)).reach("first_response")
    view = desk.view("first_response", timedelta(days=9))
    assert (view.state, [c.state for c in view.checks]) == ("late", ["late", "kept", "kept"])
    assert view.reached_at == desk.now


def test_a_milestone_keeps_the_time_when_it_was_first_reached(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(minutes=5)).reach("first_response")
    desk.clocks(timedelta(hours=5)).reach("first_response")
    assert desk.view("first_response", timedelta(days=1)).state == "kept"
    assert desk.clocks().is_reached("first_response")
    assert not desk.clocks().is_waiting("first_response")


def test_only_the_clocks_of_one_start_are_opened_and_only_once(desk):
    desk.clocks().open("registered")
    desk.clocks().open("registered")
    names = [row.name for row in of_case(desk.session, desk.facts.id)]
    assert names == ["first_response", "verify", "resolution", "resolution_target", "opinion_closed"]
    desk.clocks(timedelta(hours=1)).open("dispatched")
    assert desk.clocks().due("acknowledge") == desk.facts.registered_at + timedelta(hours=2)


def test_only_the_named_clocks_are_opened_when_names_are_given(desk):
    desk.clocks().open("registered", ["verify"])
    assert [row.name for row in of_case(desk.session, desk.facts.id)] == ["verify"]


def test_opening_takes_three_statements_and_reading_one(desk, statements):
    clocks = desk.clocks()
    statements.clear()
    clocks.open("registered")
    assert len(statements) == 3
    clocks.open("dispatched")
    clocks.reach("first_response")
    assert clocks.due("verify")
    desk.session.flush()
    assert len(statements) == 6
    assert clocks.changed == {row.name for row in clocks.all()}


def test_the_pickup_is_promised_before_the_case_is_graded(desk):
    desk.change(level=None)
    desk.clocks().open("contact")
    desk.clocks().open("registered")
    assert desk.view("pickup", timedelta(seconds=31)).state == "late"
    assert [c.clause for c in desk.view("pickup", timedelta(0)).checks] == ["C-2.1.1"]


def test_a_graded_case_without_a_rule_fails_loudly(desk):
    desk.change(level="P9")
    with pytest.raises(StepFailed, match="no rule"):
        desk.clocks().open("registered")


def test_a_kpi_is_never_a_breach(desk):
    desk.clocks().open("registered")
    view = desk.view("resolution_target", timedelta(days=30))
    assert (view.state, view.target, view.checks) == ("pending", True, ())
    assert "统计目标" in view.why_zh
    desk.clocks(timedelta(hours=2)).reach("resolution")
    assert desk.view("resolution_target", timedelta(days=30)).state == "kept"


def test_the_due_times_follow_the_working_calendar_and_say_why(desk):
    desk.clocks().open("registered")
    verify = desk.view("verify", timedelta(0))
    assert verify.due_at == local("2026-03-03 18:00")
    assert {c.clause: c.due_at for c in verify.checks}["B1-4.2a"] == local("2026-03-05 18:00")
    assert "规则 R03" in verify.why("zh")
    assert "1 个工作日" in verify.why("zh_CN")
    assert "by clause B21-5-1" in verify.why("en")
    assert desk.view("opinion_closed", timedelta(0)).due_at == local("2026-03-17 00:00")


def test_an_urgent_case_takes_the_earlier_of_two_figures(desk):
    desk.change(level="P1")
    desk.clocks().open("registered")
    verify = desk.view("verify", timedelta(0))
    assert verify.due_at == local("2026-03-03 10:00")
    assert [p.duration for p in limits(verify)] == ["PT24H", "P1D"]
    assert [c.limit for c in verify.checks] == ["PT24H", "P1D"]


def test_a_clause_without_a_figure_is_held_to_the_decisions_figure(desk):
    desk.change(level="P1")
    desk.clocks().open("registered")
    assert {c.clause: c.limit for c in desk.view("first_response", timedelta(0)).checks} == {
        "E-2.1.3": "PT5M", "B1-6.1": "PT24H", "C-2.2.4": "PT5M"}
    assert "由公司约定" in desk.view("opinion_closed", timedelta(0)).why_zh


def test_a_pause_moves_resolution_and_its_clauses_but_never_an_answer_or_the_14_days(desk):
    desk.clocks().open("registered")
    before = dict(desk.clocks().due_times())
    clocks = desk.clocks(timedelta(hours=1))
    clocks.pause(["resolution", "first_response", "opinion_closed"], "waiting_customer", "accept_proposal")
    assert clocks.due_times() == {**before, "resolution": None}
    assert clocks.is_paused("resolution")
    assert not clocks.is_waiting("resolution")
    assert desk.view("resolution", timedelta(days=20)).state == "paused"
    desk.clocks(timedelta(days=1, hours=1)).resume("accept_proposal")
    view = desk.view("resolution", timedelta(days=1, hours=1))
    assert view.due_at == local("2026-03-06 18:00")  # nine working hours later than Thursday 18:00
    assert [c.due_at for c in view.checks] == [view.due_at]
    assert view.promised_at == local("2026-03-05 18:00")
    assert "等待客户" in view.why_zh
    assert desk.clocks().is_waiting("resolution")


def test_two_reasons_to_wait_stop_a_clock_once(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=1)).pause(["resolution"], "waiting_customer", "one")
    desk.clocks(timedelta(hours=1)).pause(["resolution"], "waiting_customer", "one")
    desk.clocks(timedelta(hours=2)).pause(["resolution"], "waiting_parts", "two")
    desk.clocks(timedelta(hours=3)).resume("one")
    assert desk.clocks().is_paused("resolution")
    desk.clocks(timedelta(hours=4)).resume("two")
    assert desk.view("resolution", timedelta(hours=4)).due_at == local("2026-03-06 12:00")


def test_reaching_a_paused_milestone_ends_the_pause(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=1)).pause(["resolution"], "waiting_parts", "one")
    desk.clocks(timedelta(days=1, hours=1)).reach("resolution")
    assert desk.view("resolution", timedelta(days=9)).state == "kept"


def test_regrading_recomputes_open_clocks_from_their_own_start_and_keeps_the_old(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(minutes=10)).reach("first_response")
    desk.clocks().open("dispatched")
    desk.change(level="P1")
    clocks = desk.clocks(timedelta(minutes=40))
    clocks.regrade()
    desk.session.flush()
    rows = of_case(desk.session, desk.facts.id)
    states = [(row.name, row.rule, row.state) for row in rows]
    assert ("first_response", "R03", "reached") in states
    assert ("resolution", "R03", "superseded") in states
    assert ("resolution", "R01", "open") in states
    assert ("resolution_target", "R03", "superseded") in states
    assert ("supervisor_visit", "R01", "open") not in states  # its start has not come yet
    assert clocks.due("resolution") == desk.facts.registered_at + timedelta(hours=24)
    assert clocks.due("acknowledge") == desk.facts.registered_at + timedelta(hours=1, minutes=10)
    assert clocks.due_times()["resolution_target"] is None
    old = next(row for row in rows if row.name == "resolution" and row.state == "superseded")
    assert old.superseded_by == next(row.id for row in rows if row.name == "resolution" and row.state == "open")
    assert desk.view("first_response", timedelta(days=1)).state == "kept"


def test_regrading_to_the_same_rule_changes_nothing(desk):
    desk.clocks().open("registered")
    clocks = desk.clocks(timedelta(hours=1))
    clocks.regrade()
    assert not clocks.changed
    assert len(clocks.all()) == 5


def test_regrading_keeps_a_pause(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=1)).pause(["resolution"], "waiting_customer", "ask")
    desk.change(level="P1")
    desk.clocks(timedelta(hours=2)).regrade()
    assert desk.clocks().is_paused("resolution")
    desk.clocks(timedelta(hours=4)).resume("ask")
    assert desk.view("resolution", timedelta(0)).due_at == desk.facts.registered_at + timedelta(hours=27)


def test_a_second_round_gets_clocks_of_its_own(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=2)).reach("resolution")
    desk.change(round=2)
    clocks = desk.clocks(timedelta(days=7))
    clocks.open("registered", ["resolution"])
    assert clocks.is_waiting("resolution")
    assert clocks.due("resolution") == local("2026-03-12 18:00")
    assert [row.state for row in clocks.all() if row.name == "resolution"] == ["reached", "open"]


def test_naming_a_clock_that_was_reached_starts_it_anew_in_the_same_round(desk):
    desk.clocks().open("executed")
    desk.clocks(timedelta(hours=1)).reach("follow_up")
    desk.clocks(timedelta(hours=2)).open("executed")
    assert desk.clocks().is_reached("follow_up")
    desk.clocks(timedelta(hours=2)).open("executed", ["follow_up"])
    assert desk.clocks().due("follow_up") == desk.facts.registered_at + timedelta(hours=26)
    desk.clocks(timedelta(hours=3)).open("executed", ["follow_up"])
    assert desk.clocks().due("follow_up") == desk.facts.registered_at + timedelta(hours=26)


def test_a_clock_that_still_runs_goes_on_in_the_next_round_and_is_regraded_there(desk):
    desk.clocks().open("registered")
    desk.change(round=2)
    desk.clocks(timedelta(days=1)).open("registered", ["opinion_closed"])
    assert [row.name for row in desk.clocks().all()].count("opinion_closed") == 1
    desk.change(level="P1")
    desk.clocks(timedelta(days=1)).regrade()
    assert desk.clocks().due("resolution") == desk.facts.registered_at + timedelta(hours=24)


def test_cancelling_leaves_what_was_reached(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=1)).pause(["resolution"], "waiting_customer", "ask")
    desk.clocks().reach("verify")
    desk.clocks(timedelta(hours=2)).cancel_open()
    assert desk.view("verify", timedelta(days=9)).state == "kept"
    assert desk.view("resolution", timedelta(days=9)).state == "cancelled"
    assert {c.clause: c.state for c in desk.view("first_response", timedelta(days=9)).checks}["B1-6.1"] == "cancelled"
    assert desk.clocks().due("resolution") is None


def test_cancelling_excuses_nothing_that_was_overdue_before(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=2)).cancel_open()
    view = desk.view("first_response", timedelta(days=9))
    assert view.state == "late"
    assert {check.clause: check.state for check in view.checks}["E-2.1.2"] == "late"


def test_only_the_named_clocks_are_cancelled(desk):
    desk.clocks().open("registered")
    desk.clocks(timedelta(minutes=1)).cancel_open(["first_response"])
    assert desk.view("first_response", timedelta(days=9)).state == "cancelled"
    assert desk.view("resolution", timedelta(minutes=2)).state == "pending"


def test_reaching_or_pausing_what_was_never_started_is_no_matter(desk):
    clocks = desk.clocks()
    clocks.reach("refund")
    clocks.pause(["refund"], "waiting_customer", "x")
    clocks.resume("x")
    assert not clocks.changed


def test_a_new_calendar_is_previewed_then_applied_to_running_clocks_only(desk):
    desk.change(registered_at=datetime(2026, 12, 30, 2, tzinfo=UTC))
    desk.now = desk.facts.registered_at
    desk.clocks().open("registered")
    desk.clocks(timedelta(hours=1)).reach("verify")
    desk.session.flush()
    assert [row.name for row, number in sla_recompute.provisional_deadlines(desk.session)] == ["resolution"]
    announced = WorkCalendar(exceptions={date(2027, 1, 4): DayRule(False, note="元旦")}, announced=frozenset({2027}))
    before = desk.view("resolution", timedelta(0))
    [change] = sla_recompute.preview(desk.session, announced)
    assert change.name == "resolution"
    assert (change.due_before, change.due_after) == (local("2027-01-05 18:00"), local("2027-01-06 18:00"))
    assert (change.provisional_before, change.provisional_after) == (True, False)
    assert desk.view("resolution", timedelta(0)) == before
    assert sla_recompute.apply(desk.session, announced) == [change]
    after = desk.view("resolution", timedelta(0))
    assert after.due_at == local("2027-01-06 18:00")
    assert [c.due_at for c in after.checks] == [after.due_at]
    assert not after.provisional
    assert "元旦" in after.why_zh
    assert sla_recompute.preview(desk.session, announced) == []
