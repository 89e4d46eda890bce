"""Standing work on the shipped product: it starts by the calendar, counts real figures, and leads to what it must."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, NotAllowed, NotFound, StepFailed
from app.facts import SYSTEM, ServiceCall
from app.services.moments import Moments
from app.services.ports.figures import REPORT_WORDS
from app.services.step import run
from app.store.base import db
from app.store.models import Communication, Document, DocumentCopy, Incident, Instance, WorkItem
from app.work_calendar import WorkCalendar
from tests.processes.test_beside_cases import do, settled
from tests.robot import fill
from tests.web.api_client import Api


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
    said = " ".join(paper.data["lines"])
    (kind,) = paper.data["data"]["complaint_type"]
    assert REPORT_WORDS[kind] in said  # people approve the lines: words, not codes
    assert kind not in said
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


def test_nothing_is_deducted_before_the_approval_whatever_is_tried(services, clock, actor, standing, app):
    settled(services, clock, actor)
    clock.set(datetime(2026, 4, 1, 0, 0, tzinfo=UTC))
    services.operations.quiesce()
    (assessment,) = instances("assessment")
    version = assessment.definition_id
    assert services.runtime.library.table(version, "penalty_approval").id == "penalty_approval"
    finance = Api(app, "finance")
    (task,) = [one for one in open_tasks("assessment") if one.element_id == "review_responsibility"]
    answer = finance.post(f"/tasks/{task.id}/complete", {"data": {"assess_needed": False}})
    assert answer.status_code == 404
    assert finance.post("/messages", {"name": "deduct", "correlation": "KH-202604-001"}).status_code == 403
    assert finance.post("/definitions/assessment/start").status_code == 403
    assert Api(app, "manager").post("/definitions/assessment/start").status_code == 404
    work_off_until(services, "issue_decision", {
        "review_responsibility": {"assess_needed": True, "improvement_effective": True,
                                  "responsible_department": "manufacturing"},
        "confirm_loss_made": {"has_individual": False, "recourse_to_supplier": False},
        "propose_penalty": {"penalty_amount": "300.00"}})
    with pytest.raises(StepFailed) as refused:
        deduct(services, assessment.id, decision="KH-202604-001", amount=300)
    assert refused.value.detail["clauses"] == ["B21-7-6b"]
    work_off_until(services, "check_limit", {})
    with pytest.raises(StepFailed):
        deduct(services, assessment.id, decision="KH-202604-001", amount=301)
    do(services, assessment.case_id, "check_limit", deducted_amount="900.00", payroll_month="2026-05")
    assert [one.element_id for one in open_tasks("assessment")] == ["check_limit"]
    do(services, assessment.case_id, "check_limit", deducted_amount="300.00", payroll_month="2026-05")
    with pytest.raises(Conflict):
        deduct(services, assessment.id, decision="KH-202604-001", amount=300)
    orders = db.session.execute(select(Document.number).where(Document.kind == "payroll_deduction")).scalars().all()
    assert len(orders) == 1


def open_tasks(process):
    """Return the open tasks of a process."""
    db.session.rollback()
    query = select(WorkItem).where(WorkItem.process == process, WorkItem.state == "open")
    return db.session.execute(query.order_by(WorkItem.created_at)).scalars().all()


def work_off_until(services, element_id, choices):
    """Complete the assessment's tasks until one waits at `element_id`."""
    for _ in range(20):
        (item,) = open_tasks("assessment")
        if item.element_id == element_id:
            return
        do(services, item.case_id, item.element_id, **choices.get(item.element_id, {}))
    raise AssertionError(element_id)


def deduct(services, instance_id, **params):
    """Run the deduction as an operator would who tries it with variables of his own."""
    def command(moving):
        element = moving.spec.element("assessment", "deduct")
        moving.call(ServiceCall("payroll_deduction", {"opinion": None, "month": "2026-05", **params}, element, "x", 1,
                                {}))

    run(services.runtime, instance_id, SYSTEM, command)


@pytest.mark.parametrize(("severity", "amount", "by"), [
    ("general", 4999.99, "general_affairs"), ("general", 5000, "general_manager"), ("major", 1, "general_manager"),
    ("important", 5000.01, "general_manager")])
def test_who_approves_a_penalty_follows_the_amount_and_the_severity(services, severity, amount, by):
    definition = services.runtime.library.latest("assessment").id
    context = {"severity": severity, "penalty_amount": amount, "profile": {}}
    assert services.runtime.library.decide(definition, "penalty_approval", context).outputs["approver_group"] == by
    switched = {**context, "profile": {"penalty_boundary": "general_affairs"}}
    outputs = services.runtime.library.decide(definition, "penalty_approval", switched).outputs
    assert outputs["approver_group"] == ("general_affairs" if (severity, amount) == ("general", 5000) else by)


def test_the_api_shows_and_starts_standing_work(app, services, standing):
    manager = Api(app, "manager")
    rows = manager.get("/definitions/standing").get_json()["items"]
    assert {row["key"] for row in rows} == {"weekly_report", "monthly_review", "month_end_slips", "half_year_survey"}
    assert all(row["next_start"] for row in rows)
    started = manager.post("/definitions/month_end_slips/start")
    assert started.status_code == 201
    found = manager.get(f"/instances/{started.get_json()['instance_id']}").get_json()
    assert found["process"] == "month_end_slips"
    assert Api(app, "clerk").post("/definitions/month_end_slips/start").status_code == 403


def test_care_sends_nothing_without_consent_and_greets_with_it(services, clock, actor, standing):
    case_id = settled(services, clock, actor)
    (care,) = instances("customer_care")
    assert care.case_id == case_id
    for element_id in ("assign_agent", "prepare_tips"):
        do(services, case_id, element_id)
    do(services, case_id, "answer_consent", consent_given=True)
    clock.set(datetime(2026, 5, 1, 2, 0, tzinfo=UTC))
    services.operations.quiesce()
    told = db.session.execute(select(Communication.summary).where(Communication.case_id == case_id)).scalars().all()
    assert sum("劳动节" in summary for summary in told) == 1
    services.messages.publish("care_consent_withdrawn", services.cases.facts(case_id).number, {}, actor("clerk"))
    services.operations.quiesce()
    assert instances("customer_care")[0].outcome == "end_no_messages"
