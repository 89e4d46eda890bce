"""Returns and repairs on real services, worked by a robot: which papers there are, who holds them, what is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.errors import ChengnuoError, Invalid
from app.facts import SYSTEM
from app.services.sla_view import views
from app.store.base import db
from app.store.models import Attachment, Case, Document, DocumentCopy, Incident, Instance, WorkItem
from tests.robot import fill

RETURN = {"type": "return_exchange", "channel": "phone", "customer": {"name": "陈女士", "phone": "13800000001"},
          "product": {"model": "CN-1", "serial_no": "S1", "origin": "self_made",
          "purchase_date": "2026-02-20"}, "description": "收到的机器有裂纹。"}
REPAIR = {**RETURN, "type": "fault_repair", "description": "开机三分钟就停机。",
          "customer": {"name": "李先生", "phone": "13800000002"}}
COMPLAINT = {**RETURN, "type": "complaint", "severity": "general",
             "customer": {"name": "王先生", "phone": "13800000003"}}
CHOICES = {"purchase_date": "2026-02-20", "request_kind": "return", "answer_found": False,
           "return_reason": "quality", "customer_demand": "return", "pause_clock": True,
           "received_on": "2026-02-27", "materials_complete": True, "eligible": True, "accepted": True,
           "defect_confirmed": True, "inspection_passed": True, "visit_confirmed": True, "remote_solved": False,
           "complex": False, "in_period": True, "responsibility": "product_quality", "works": True, "paid": True,
           "parts_missing": False, "repair_result": "repaired", "repair_mode": "onsite", "parcel_state": "delivered",
           "handed_red_slip": True, "handed_black_slip": True, "main_remedy": "repair", "founded": True,
           "execution_result": "done", "reached": True, "problem_solved": True, "charge": "free",
           "visit_at": "2026-03-20T10:00:00+08:00", "dispatch_accepted": "accept", "involves": "none",
           "need_rectification": False}


@pytest.fixture
def proof(app, clock):
    """A file that the robot may attach."""
    row = Attachment(id="00000000-0000-4000-8000-000000000001", name="发票.jpg", media_type="image/jpeg", size=3,
                     digest="0" * 64, uploaded_at=clock.now(), uploaded_by="system", content=b"jpg")
    db.session.add(row)
    db.session.commit()
    return [row.id]


def work_off(services, clock, case_id, choices, stop=None):
    """Complete whatever is open until the case is closed, or a task of `stop` is; return that task."""
    for _ in range(90):
        db.session.rollback()
        query = select(WorkItem).where(WorkItem.case_id == case_id, WorkItem.state == "open")
        items = db.session.execute(query.order_by(WorkItem.created_at)).scalars().all()
        if not items:
            return None
        item = items[0]
        if item.element_id == stop:
            return item
        form = services.work.form(item.id, SYSTEM)
        own = {name: value for name, value in choices.items() if value is not None}
        try:
            services.work.complete(item.id, fill(form.json, form.data, own), SYSTEM)
        except Invalid as refused:
            raise AssertionError(item.element_id, [error.field for error in refused.errors]) from None
        clock.advance(timedelta(minutes=3))
        services.operations.quiesce()
    raise AssertionError(f"the case does not end: {item.element_id}")


def papers(case_id):
    """Return the case's papers by kind, and what went wrong."""
    db.session.rollback()
    assert db.session.execute(select(Incident.message_en)).scalars().all() == []
    rows = db.session.execute(select(Document).where(Document.case_id == case_id).order_by(Document.id)).scalars()
    return {row.kind: row for row in rows}


def holders(paper):
    """Return who holds the copies of a paper."""
    query = select(DocumentCopy.recipient).where(DocumentCopy.document_id == paper.id).order_by(DocumentCopy.copy_no)
    return list(db.session.execute(query).scalars())


def verdicts(case_id, clock):
    """Return the clocks of a case by name."""
    return {view.name: view.state for view in views(db.session(), case_id, clock.now())}


def choices(proof, **more):
    """Return what the robot chooses."""
    return {**CHOICES, "proof_documents": proof, "customer_signature": proof, **more}


def test_a_refund_leaves_an_opinion_two_red_slips_a_voucher_and_is_booked(services, clock, proof):
    case_id = services.cases.register(RETURN, SYSTEM)
    work_off(services, clock, case_id, choices(proof))
    found = papers(case_id)
    assert set(found) == {"return_application", "opinion", "return_slip", "red_slip", "refund_voucher"}
    assert {paper.state for paper in found.values()} == {"closed"}
    assert holders(found["opinion"]) == ["general_affairs", "finance", "manufacturing", "marketing"]
    assert holders(found["red_slip"]) == ["warehouse", "finance"]
    assert found["red_slip"].data["opinion_no"] == found["opinion"].number
    assert found["red_slip"].data["return_reason_note"] == "质量问题"
    assert [entry["role"] for entry in found["red_slip"].data["signed"]] == ["quality"]
    assert holders(found["refund_voucher"]) == ["finance", "customer"]
    instances = db.session.execute(select(Instance.process, Instance.state).where(Instance.case_id == case_id)).all()
    assert ("bookkeeping", "completed") in [tuple(row) for row in instances]
    assert db.session.get(Case, case_id).state == "closed"
    assert set(verdicts(case_id, clock).values()) <= {"kept", "cancelled"}
    assert verdicts(case_id, clock)["refund"] == "kept"


def test_an_exchange_leaves_a_reissue_request_and_black_slips_that_cite_the_opinion(services, clock, proof):
    case_id = services.cases.register(RETURN, SYSTEM)
    work_off(services, clock, case_id, choices(proof, customer_demand="exchange", return_or_exchange="exchange",
                                               tracking_no="SF1234567890"))
    found = papers(case_id)
    assert {"reissue_request", "black_slip", "red_slip"} <= set(found)
    assert found["black_slip"].copies == 2
    assert found["black_slip"].data["opinion_no"] == found["opinion"].number
    assert holders(found["black_slip"]) == ["warehouse", "finance"]
    assert "refund" not in verdicts(case_id, clock)


def test_a_repair_is_reported_proposed_arranged_done_and_handed_over(services, clock, proof):
    case_id = services.cases.register(REPAIR, SYSTEM)
    work_off(services, clock, case_id, choices(proof, request_kind="fault"))
    found = papers(case_id)
    assert set(found) == {"repair_report", "contact_letter"}
    case = db.session.get(Case, case_id)
    assert (case.state, case.extra["warranty_status"]) == ("closed", "in_warranty")
    assert verdicts(case_id, clock)["verify"] == "kept"


def test_a_complaint_that_is_settled_with_a_return_uses_its_own_opinion(services, clock, proof):
    case_id = services.cases.register(COMPLAINT, SYSTEM)
    work_off(services, clock, case_id, choices(proof, main_remedy="return", request_kind="dissatisfied"))
    found = papers(case_id)
    assert found["red_slip"].data["opinion_no"] == found["opinion"].number
    assert "return_application" not in found
    assert verdicts(case_id, clock)["refund"] == "kept"


def test_goods_of_an_unsettled_opinion_cannot_be_moved_by_any_answer(services, clock, proof):
    case_id = services.cases.register(RETURN, SYSTEM)
    item = work_off(services, clock, case_id, choices(proof), stop="settle_short_opinion")
    form = services.work.form(item.id, SYSTEM)
    for trick in ({"opinion_state": {"complete": True}}, {"goods_outcome": "stocked"}):
        with pytest.raises(ChengnuoError):
            services.work.complete(item.id, {**fill(form.json, form.data, {}), **trick}, SYSTEM)
    assert set(papers(case_id)) == {"return_application", "opinion"}


@pytest.mark.parametrize("approved", [True, False])
def test_parts_stop_the_resolution_clock_only_when_approved_and_stop_nothing_else(services, clock, proof, approved):
    case_id = services.cases.register(REPAIR, SYSTEM)
    stop = "await_parts_paused" if approved else "await_parts"
    answers = choices(proof, request_kind="fault", parts_missing=True, repair_result="ongoing", pause_clock=approved)
    assert work_off(services, clock, case_id, answers, stop=stop) is not None
    stopped = {name for name, state in verdicts(case_id, clock).items() if state == "paused"}
    assert stopped == ({"resolution"} if approved else set())
    assert db.session.get(Case, case_id).status == "等待备件"


def test_the_clock_stands_still_until_the_goods_come_but_the_refund_clock_runs(services, clock, proof):
    case_id = services.cases.register(RETURN, SYSTEM)
    work_off(services, clock, case_id, choices(proof), stop="receive_goods")
    states = verdicts(case_id, clock)
    assert (states["resolution"], states["refund"], states["opinion_closed"]) == ("paused", "pending", "kept")
