"""A complaint on its main path, worked by a robot: what is on paper and on the clocks when it ends."""

from datetime import timedelta

from sqlalchemy import select

from app.facts import SYSTEM
from app.services.sla_view import views
from app.store.base import db
from app.store.models import Case, Communication, Document, DocumentCopy, Incident, WorkItem
from tests.robot import fill

COMPLAINT = {"type": "complaint", "channel": "phone", "customer": {"name": "陈女士", "phone": "13800000001"},
             "product": {"model": "CN-1", "serial_no": "S1", "origin": "self_made"}, "description": "机器噪音很大。",
             "severity": "general"}


def work_off(services, clock, case_id, choices):
    """Complete whatever is open, one task every three minutes, until the case has ended."""
    for _ in range(60):
        db.session.rollback()
        query = select(WorkItem).where(WorkItem.case_id == case_id, WorkItem.state == "open")
        item = db.session.execute(query.order_by(WorkItem.created_at).limit(1)).scalar()
        if item is None:
            return
        form = services.work.form(item.id, SYSTEM)
        services.work.complete(item.id, fill(form.json, form.data, choices), SYSTEM)
        clock.advance(timedelta(minutes=3))
        services.operations.quiesce()


def test_a_settled_complaint_leaves_a_filled_and_sealed_opinion_in_four_copies_and_kept_clocks(services, clock):
    case_id = services.cases.register(COMPLAINT, SYSTEM)
    work_off(services, clock, case_id, {})
    db.session.rollback()
    case = db.session.get(Case, case_id)
    assert (case.state, case.number) == ("closed", "202603-0001")
    assert case.keep_until is not None
    assert db.session.execute(select(Incident.message_en)).scalars().all() == []
    opinion = db.session.execute(select(Document).where(Document.kind == "opinion")).scalar_one()
    assert (opinion.number, opinion.state) == ("YJ-202603-001", "closed")
    assert {"root_cause", "solution", "improvement_measure"} <= set(opinion.data)
    copies = db.session.execute(select(DocumentCopy.recipient).where(DocumentCopy.document_id == opinion.id)).scalars()
    assert list(copies) == ["general_affairs", "finance", "manufacturing", "marketing"]
    states = {view.name: view.state for view in views(db.session(), case_id, clock.now())}
    assert set(states.values()) == {"kept"}, states
    told = db.session.execute(select(Communication.summary).where(Communication.case_id == case_id)).scalars().all()
    assert any("202603-0001" in summary for summary in told)
