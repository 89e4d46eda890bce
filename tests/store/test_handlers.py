"""The shipped operations, run on real ports; only what leaves the case is recorded instead of done."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.errors import HandlerFailed
from app.facts import DecisionResult, Period, RuleHit
from app.handling import EffectContext, LocalContext, Registry
from app.services.ports.desk import CaseDeskPort
from app.services.ports.figures import FigureDesk
from app.services.ports.numbers import NumberDesk
from app.services.ports.papers import PaperDesk
from app.services.ports.staff import StaffDesk
from app.services.sla import CaseClocks
from app.store.models import Comment, Document
from app.store.records import case_facts
from app.work_calendar import WorkCalendar

HANDLERS = Registry.discover(Path(__file__).parents[2] / "handlers")
OUTPUTS = {"resolution": "PT24H", "resolution_calendar": "natural", "resolution_from": "registered",
           "follow_up": "PT24H", "follow_up_calendar": "natural", "follow_up_from": "executed"}


def decide(decision, context):
    if decision == "pickup_time":
        return DecisionResult(decision, {}, {}, (RuleHit("pickup_time_03"),))
    outputs = {**OUTPUTS, "resolution": "PT12H" if context["level"] == "P1" else "PT24H"}
    return DecisionResult(decision, outputs, outputs, (RuleHit(f"R-{context['level']}", ("D-2.2.7",)),))


class Flows:
    """Notes what was started; a key starts once."""

    def __init__(self):
        self.started = {}

    def start_linked(self, process, variables, *, key=None):
        if key in self.started:
            return None
        self.started[key] = (process, dict(variables))
        return f"instance-{len(self.started)}"

    def exists(self, process):
        return True


class Office:
    """A case and everything that a handler may touch."""

    def __init__(self, session, case):
        self.session, self.case, self.now, self.flows = session, case, case.registered_at, Flows()
        self.numbers = NumberDesk(session, self.now, "Asia/Shanghai")
        self.papers = PaperDesk(session, case, self.now, self.numbers, "clerk")
        self.desk = CaseDeskPort(session, case, self.now, "clerk")
        self.clocks = CaseClocks(session, case, self.now, decide=decide, calendar=WorkCalendar(), by="clerk",
                                 limits=lambda: {"D-2.2.7": Period("PT24H", "natural")})

    def run(self, operation, **params):
        ctx = LocalContext(now=self.now, operation=operation, process="case", element_id="x", variables={},
                           case=case_facts(self.case), desk=self.desk, numbers=self.numbers, papers=self.papers,
                           clocks=self.clocks, flows=self.flows, staff=StaffDesk(self.session, self.case),
                           figures=FigureDesk(self.session, self.now, WorkCalendar(), self.numbers))
        result = HANDLERS.get(operation).run(ctx, **params)
        self.session.flush()
        return result


@pytest.fixture
def office(session, case):
    return Office(session, case)


def test_every_handler_says_in_chinese_and_english_what_it_does():
    for name, operation in HANDLERS.all().items():
        assert operation.zh, name
        assert operation.description, name


def test_the_service_order_gets_one_number_and_a_status(office):
    office.case.number = None
    assert office.run("assign_number", kind="service_order", status="待处理") == "202603-0001"
    assert office.case.number == "202603-0001"
    assert office.run("assign_number", kind="service_order") == "202603-0001"
    assert office.run("assign_number", kind="escalation", status="已升级") == "SJ-202603-001"
    assert office.case.status == "已升级"


def test_a_paper_is_opened_and_sealed_with_the_cases_status(office):
    number = office.run("open_document", kind="opinion", copies=4)
    assert office.run("close_document", kind="opinion", recipients=["finance"], status="已结案") == number
    assert office.case.status == "已结案"
    assert office.run("close_document", kind="opinion", reason="withdrawn", status="已撤回") is None
    assert office.case.status == "已撤回"
    assert office.session.scalars(select(Document.state)).all() == ["closed"]


def test_clocks_start_are_reached_regraded_and_cancelled(office):
    office.run("start_milestone", clock_start="registered")
    office.run("update_case", level="P1", industry="纺织")
    office.run("regrade")
    assert office.clocks.due("resolution") == office.now + timedelta(hours=12)
    office.run("reach_milestone", name="resolution", start_clocks="executed")
    assert office.clocks.is_reached("resolution")
    assert office.clocks.is_waiting("follow_up")
    office.run("cancel_milestones")
    assert not office.clocks.is_waiting("follow_up")
    assert office.case.extra == {"industry": "纺织"}


def test_an_escalation_starts_once_for_a_reason_and_a_milestone(office):
    overdue = {"process": "escalation", "reason": "overdue"}
    assert office.run("start_linked_process", **overdue, milestone="resolution", automatic=True) is not None
    assert office.run("start_linked_process", **overdue, milestone="resolution") is None
    assert office.run("start_linked_process", **overdue, milestone="verify", status="已升级") is not None
    assert office.case.status == "已升级"
    process, variables = next(iter(office.flows.started.values()))
    assert (process, variables) == ("escalation", {"reason": "overdue", "milestone": "resolution", "automatic": True})


def test_what_was_reached_or_stands_still_is_not_escalated(office):
    office.run("start_milestone", clock_start="registered")
    office.clocks.pause(["resolution"], "waiting_customer", "task")
    overdue = {"process": "escalation", "reason": "overdue"}
    assert office.run("start_linked_process", **overdue, unless_reached="resolution") is None
    office.clocks.reach("resolution")
    assert office.run("start_linked_process", **overdue, unless_reached="resolution") is None
    assert office.run("start_linked_process", **overdue, unless_reached="refund") is not None


def test_the_file_is_archived_and_notes_are_kept(office):
    office.run("set_status", status="已关闭", reason="满意")
    office.run("record_note", kind="lesson", text="加强来料检验", opinion=None)
    office.run("archive_case", retention="P3Y")
    assert office.case.keep_until is not None
    notes = office.session.scalars(select(Comment.text).order_by(Comment.id)).all()
    assert notes == ["已关闭：满意", "加强来料检验"]


class Post:
    """Records what is told; `settled` names milestones that were met."""

    def __init__(self, settled=()):
        self.settled, self.told = set(settled), []

    def notify(self, to, template, data):
        self.told.append((list(to), template, dict(data)))
        return len(to)

    def is_settled(self, milestone):
        return milestone in self.settled


class Outside:
    """Records what would leave."""

    def __init__(self):
        self.sent = []

    def request(self, connector, payload, key):
        self.sent.append((connector, dict(payload), key))
        return {"sent": True}


def effect(operation, case, post=None, outside=None, **params):
    ctx = EffectContext(now=case.registered_at if case else None, operation=operation, process="case", element_id="x",
                        key="k1", attempt=1, case=case, post=post, outside=outside)
    return HANDLERS.get(operation).run(ctx, **params)


def test_a_notification_goes_to_groups_and_names_unless_the_milestone_was_met(case):
    post = Post({"resolution"})
    effect("notify", case_facts(case), post, to="supervisor", template="escalated", reason="overdue")
    effect("notify", case_facts(case), post, to=["owner", "customer"], template="dispatch", unless_reached="verify")
    effect("notify", case_facts(case), post, to=["owner"], template="reminder", unless_reached="resolution")
    assert post.told == [(["supervisor"], "escalated", {"reason": "overdue"}), (["owner", "customer"], "dispatch", {})]


def test_the_supplier_is_written_to_with_the_job_as_idempotency_key(case):
    outside = Outside()
    result = effect("supplier_message", case_facts(case), outside=outside, template="quality_complaint",
                    reply_by="2026-03-04T18:00:00+08:00", opinion="YJ-1")
    assert result == {"sent": True}
    assert outside.sent == [("supplier", {"case": case.id, "template": "quality_complaint", "opinion": "YJ-1",
                                          "reply_by": "2026-03-04T18:00:00+08:00"}, "k1")]
    with pytest.raises(HandlerFailed):
        effect("supplier_message", None, outside=outside, template="reminder")
