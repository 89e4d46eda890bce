"""Standing work on the shipped product: it starts by the calendar, counts real figures, and leads to what it must."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import NotAllowed, NotFound
from app.facts import SYSTEM
from app.services.moments import Moments
from app.store.base import db
from app.store.models import Document, DocumentCopy, Incident, Instance, WorkItem
from app.work_calendar import WorkCalendar
from tests.processes.test_beside_cases import settled
from tests.robot import fill


@pytest.fixture
def standing(services):
    services.operations.quiesce()
    return services.standing


def work_off(services, process, choices=None, rounds=40):
    """Complete every open task of a process until none is left."""
    for _ in range(rounds):
        services.operations.quiesce()
        db.session.rollback()
        query = select(WorkItem).where(WorkItem.process == process, WorkItem.state == "open")
        item = db.session.execute(query.order_by(WorkItem.created_at).limit(1)).scalar()
        if item is None:
            return
        form = services.work.form(item.id, SYSTEM)
        services.work.complete(item.id, fill(form.json, form.data, (choices or {}).get(item.element_id, {})), SYSTEM)
    raise AssertionError(process)


def instances(process):
    db.session.rollback()
    return db.session.execute(select(Instance).where(Instance.process == process)).scalars().all()


def test_moments_are_the_companys_mornings():
    at = Moments(WorkCalendar(), "Asia/Shanghai", datetime(2026, 3, 2, 1, 0, tzinfo=UTC))  # Monday 09:00
    assert at.next_weekday(1) == datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
    assert at.next_month_day(1) == datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
    assert at.next_month_end() == datetime(2026, 3, 31, 0, 0, tzinfo=UTC)
    assert at.next_half_year() == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert at.month_day(9) == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    assert at.month_end() == datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def test_every_standing_process_shows_its_next_start_and_starts_once_when_it_comes(services, clock, standing):
    shown = {one.key: one.next_start for one in standing.all()}
    assert shown == {"weekly_report": datetime(2026, 3, 9, 0, 0, tzinfo=UTC),
                     "monthly_review": datetime(2026, 4, 1, 0, 0, tzinfo=UTC),
                     "month_end_slips": datetime(2026, 3, 31, 0, 0, tzinfo=UTC),
                     "half_year_survey": datetime(2026, 7, 1, 0, 0, tzinfo=UTC)}
    assert services.timers.next_due() <= shown["weekly_report"]
    clock.set(datetime(2026, 3, 9, 0, 0, tzinfo=UTC))
    services.operations.quiesce()
    services.operations.quiesce()
    assert len(instances("weekly_report")) == 1
    assert next(one for one in standing.all() if one.key == "weekly_report").next_start == datetime(
        2026, 3, 16, 0, 0, tzinfo=UTC)


def test_work_is_started_by_hand_by_who_leads_and_by_nobody_else(services, actor, standing):
    with pytest.raises(NotAllowed):
        standing.start("weekly_report", actor("clerk"))
    with pytest.raises(NotFound):
        standing.start("assessment", actor("manager"))
    standing.start("weekly_report", actor("manager"))
    assert len(instances("weekly_report")) == 1


def test_the_weekly_report_counts_last_weeks_complaints_and_starts_a_rectification(services, clock, actor, standing):
    settled(services, clock, actor)
    clock.set(datetime(2026, 3, 9, 0, 0, tzinfo=UTC))
    work_off(services, "weekly_report", {"analyse_week": {"rectification_needed": True, "rectification_topic": "异响"}})
    paper = db.session.execute(select(Document).where(Document.kind == "report_weekly_complaints")).scalar_one()
    assert (paper.number, paper.state, paper.data["count"]) == ("BB-202603-001", "closed", 1)
    assert instances("weekly_report")[0].outcome == "end_sent"
    (rectification,) = instances("rectification")
    assert rectification.case_id is None
    clock.advance(timedelta(days=26))
    for _ in range(4):
        work_off(services, "rectification")
        clock.advance(timedelta(days=26))
    assert instances("rectification")[0].outcome == "end_done"
    assert db.session.execute(select(Incident.message_en)).scalars().all() == []


def test_the_month_leads_to_one_assessment_an_opinion_a_letter_in_four_copies_and_a_deduction(
        services, clock, actor, standing):
    case_id = settled(services, clock, actor)
    clock.set(datetime(2026, 4, 1, 0, 0, tzinfo=UTC))
    services.operations.quiesce()
    assert [one.case_id for one in instances("assessment")] == [case_id]
    standing.start("monthly_review", actor("manager"))
    assert len(instances("assessment")) == 1
    work_off(services, "assessment", {
        "review_responsibility": {"assess_needed": True, "improvement_effective": True,
                                  "responsible_department": "manufacturing"},
        "confirm_loss_made": {"has_individual": True, "recourse_to_supplier": False},
        "hear_person": {"facts_stand": True}, "propose_penalty": {"penalty_amount": "300.00"},
        "check_limit": {"deducted_amount": "300.00", "payroll_month": "2026-05"}})
    assert instances("assessment")[0].outcome == "end_penalised"
    letter = db.session.execute(select(Document).where(Document.kind == "assessment_decision")).scalar_one()
    assert (letter.number, letter.state, letter.approved_by) == ("KH-202604-001", "closed", "general_affairs")
    copies = db.session.execute(select(DocumentCopy.recipient).where(DocumentCopy.document_id == letter.id)).scalars()
    assert list(copies) == ["general_affairs", "finance", "manufacturing", "marketing"]
    annex = db.session.execute(select(Document).where(Document.kind == "annex")).scalar_one()
    assert (annex.supplements, annex.data["amount"]) == ("YJ-202603-001", 300)
    order = db.session.execute(select(Document).where(Document.kind == "payroll_deduction")).scalar_one()
    assert (order.data["decision"], order.data["amount"], order.state) == (letter.number, 300, "closed")
    work_off(services, "monthly_review")
    assert {one.outcome for one in instances("monthly_review")} == {"end_sent"}
    assert db.session.execute(select(Incident.message_en)).scalars().all() == []


def test_the_half_year_survey_asks_every_customer_once_and_counts_the_answers(services, clock, actor, standing):
    settled(services, clock, actor)
    standing.start("half_year_survey", actor("marketing"))
    for _ in range(4):
        services.operations.quiesce()
        db.session.rollback()
        query = select(WorkItem).where(WorkItem.process.in_(("half_year_survey", "survey_reply")),
                                       WorkItem.state == "open")
        for item in db.session.execute(query).scalars().all():
            form = services.work.form(item.id, SYSTEM)
            services.work.complete(item.id, fill(form.json, form.data, {"satisfaction_score": 4}), SYSTEM)
        clock.advance(timedelta(days=15))
    assert instances("half_year_survey")[0].outcome == "end_done"
    reports = select(Document).where(Document.kind == "report_satisfaction_survey").order_by(Document.id)
    paper = db.session.execute(reports).scalars().all()[-1]
    assert (paper.data["asked"], paper.data["answered"], paper.data["average_score"]) == (1, 1, 4)


def test_month_end_hands_the_slips_to_finance(services, clock, standing):
    clock.set(datetime(2026, 3, 31, 0, 0, tzinfo=UTC))
    work_off(services, "month_end_slips")
    assert instances("month_end_slips")[0].outcome == "end_done"
    assert db.session.execute(select(Incident.message_en)).scalars().all() == []
