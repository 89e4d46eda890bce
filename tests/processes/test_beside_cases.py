"""What runs beside a case, on the shipped product: nobody can get round the rules by way of the API."""

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from app.errors import Invalid, NotAllowed
from app.facts import SYSTEM
from app.services.sla_view import views
from app.store.base import db
from app.store.models import Case, Document, Incident, Instance, Milestone, WorkItem
from tests.robot import fill

COMPLAINT = {"type": "complaint", "channel": "phone", "customer": {"name": "陈女士", "phone": "13800000001"},
             "product": {"model": "CN-1", "serial_no": "S1", "origin": "self_made"}, "description": "机器噪音很大。",
             "severity": "general"}
APPEAL = {"reason": "不认可处理结果", "demand": "全额退款", "evidence": ""}


def open_items(case_id, process=None):
    """Return the open tasks of a case, oldest first."""
    db.session.rollback()
    query = select(WorkItem).where(WorkItem.case_id == case_id, WorkItem.state == "open").order_by(WorkItem.created_at)
    found = db.session.execute(query).scalars().all()
    return [item for item in found if process in (None, item.process)]


def do(services, case_id, element_id, actor=SYSTEM, **choices):
    """Complete the open task of an element as `actor`, the rest filled in by the robot."""
    (item,) = [item for item in open_items(case_id) if item.element_id == element_id]
    form = services.work.form(item.id, actor)
    services.work.complete(item.id, fill(form.json, form.data, choices), actor)
    services.operations.quiesce()


def settled(services, clock, actor):
    """Return a complaint that the clerk and the others have settled, rated and closed."""
    case_id = services.cases.register(COMPLAINT, actor("clerk"))
    hands = {"clerk": "clerk", "relations": "clerk", "customer": "clerk"}
    for _ in range(60):
        items = [item for item in open_items(case_id) if item.process != "customer_care"]
        if not items:
            return case_id
        item = items[0]
        who = actor(hands.get(item.group_code, item.group_code))
        form = services.work.form(item.id, who)
        services.work.complete(item.id, fill(form.json, form.data, {}), who, on_behalf=item.group_code == "customer")
        clock.advance(timedelta(minutes=3))
        services.operations.quiesce()
    raise AssertionError([item.element_id for item in open_items(case_id)])


@pytest.fixture
def closed(services, clock, actor):
    return settled(services, clock, actor)


@pytest.fixture
def appealed(services, actor, closed):
    services.cases.appeal(closed, APPEAL, actor("clerk"))
    services.operations.quiesce()
    return closed


def incidents():
    db.session.rollback()
    return db.session.execute(select(Incident.message_en)).scalars().all()


def test_an_appeal_is_registered_heard_by_somebody_independent_decided_told_and_archived(services, actor, appealed):
    do(services, appealed, "register_appeal")
    do(services, appealed, "approve_level")
    do(services, appealed, "name_person", actor("manager"))
    for step in ("accept_appointment", "contact_with_firm_solution", "investigate_appeal"):
        do(services, appealed, step, actor("appeals"))
    do(services, appealed, "decide_appeal", actor("appeals"), appeal_outcome="partly", main_remedy="compensate")
    do(services, appealed, "tell_decision")
    do(services, appealed, "customer_answers", accepted=True)
    do(services, appealed, "execute_amendment")
    db.session.rollback()
    case = db.session.get(Case, appealed)
    assert (case.state, case.status, case.outcome) == ("closed", "处理完成", "end_partly")
    register = db.session.execute(select(Document).where(Document.kind == "appeal")).scalar_one()
    assert (register.number, register.state) == ("SS-202603-001", "closed")
    assert {"appeal_reason", "decision_reasons"} <= set(register.data)
    annex = db.session.execute(select(Document).where(Document.kind == "annex")).scalar_one()
    assert (annex.number, annex.supplements, annex.state) == ("YJ-202603-001-F1", "YJ-202603-001", "closed")
    states = {view.name: view.state for view in views(db.session(), appealed, services.clock.now())}
    assert states["appeal_decision"] == states["escalated_contact"] == "kept"
    assert incidents() == []


def test_nobody_who_handled_the_case_can_be_named_for_its_appeal(services, actor, appealed):
    do(services, appealed, "register_appeal")
    do(services, appealed, "approve_level")
    with pytest.raises(Invalid) as refused:
        do(services, appealed, "name_person", actor("manager"), appeal_person="clerk")
    assert "B14-6.2" in refused.value.errors[0].message_en
    with pytest.raises(Invalid):
        do(services, appealed, "name_person", actor("manager"), appeal_person="finance")
    (item,) = open_items(appealed, "appeal")
    assert item.element_id == "name_person"


def test_who_handled_the_case_cannot_take_the_appeal_over_by_any_verb(services, actor, appealed):
    do(services, appealed, "register_appeal")
    do(services, appealed, "approve_level")
    do(services, appealed, "name_person", actor("manager"))
    (item,) = open_items(appealed, "appeal")
    assert item.assignee_id == actor("appeals").user_id
    services.administration.set_groups("clerk", [*actor("clerk").groups, "appeals"], actor("admin"))
    clerk = actor("clerk")
    with pytest.raises(NotAllowed) as refused:
        services.colleagues.transfer(item.id, "clerk", "请接手", actor("appeals"))
    assert refused.value.detail["clauses"] == ["B14-6.2"]
    with pytest.raises(NotAllowed):
        services.colleagues.delegate(item.id, "clerk", "请代办", actor("appeals"))
    services.work.release(item.id, actor("appeals"))
    with pytest.raises(NotAllowed):
        services.work.claim(item.id, clerk)
    with pytest.raises(NotAllowed):
        services.work.complete(item.id, {"appointment_accepted": True, "no_involvement": True}, clerk)
    services.work.claim(item.id, actor("appeals"))


def test_an_appeal_after_fifteen_days_is_not_admitted_and_says_why(services, clock, actor, closed):
    clock.advance(timedelta(days=16))
    services.operations.quiesce()
    services.cases.appeal(closed, APPEAL, actor("clerk"))
    services.operations.quiesce()
    do(services, closed, "register_appeal")
    (item,) = open_items(closed, "appeal")
    assert item.element_id == "explain_inadmissible"
    assert "十五日" in services.work.form(item.id, SYSTEM).data["inadmissible_why"]
    do(services, closed, "explain_inadmissible")
    case = db.session.get(Case, closed)
    assert (case.state, case.status, case.outcome) == ("closed", "已关闭-未达成一致", "end_not_heard")


def test_a_withdrawn_appeal_ends_at_once(services, actor, appealed):
    services.cases.withdraw(appealed, "已另行解决", actor("clerk"))
    do(services, appealed, "record_appeal_withdrawal")
    db.session.rollback()
    assert db.session.get(Case, appealed).outcome == "end_appeal_withdrawn"
    states = db.session.execute(select(Instance.process, Instance.state).where(
        Instance.case_id == appealed, Instance.process != "customer_care")).all()
    assert {state for _, state in states} == {"completed"}



CHANGE = {"content": "改为换货", "reason": "急用"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082")


@pytest.fixture
def changing(services, actor):
    """A complaint in whose handling the customer asks for a change that was found possible."""
    case_id = services.cases.register(COMPLAINT, actor("clerk"))
    services.operations.quiesce()
    for element_id in ("register_case", "respond_and_promise", "confirm_dispatch"):
        do(services, case_id, element_id)
    services.cases.request_change(case_id, CHANGE, actor("clerk"))
    do(services, case_id, "describe_change")
    do(services, case_id, "assess_change", feasible=True, extra_cost="0.00",
       reassessed_deadline="2026-03-12T18:00:00+08:00", new_case_type="return_exchange", main_remedy="exchange")
    return case_id


def signature(services, case_id, actor):
    picture = FileStorage(BytesIO(PNG), filename="signature.png", content_type="image/png")
    return services.desk.attach(picture, case_id, None, "upload", actor)


def test_a_signed_change_reroutes_the_case_and_keeps_both_deadlines(services, actor, changing):
    clerk = actor("clerk")
    (item,) = open_items(changing, "requirement_change")
    paused = {view.name: view.state for view in views(db.session(), changing, services.clock.now())}
    assert paused["resolution"] == "paused"
    answers = {"customer_signed": True, "signature_kind": "scanned_signature",
               "customer_signature": [signature(services, changing, clerk)]}
    services.work.complete(item.id, answers, clerk, on_behalf=True)
    services.operations.quiesce()
    assert incidents() == []
    case = db.session.get(Case, changing)
    assert case.type == "return_exchange"
    assert "complaint" not in {item.process for item in open_items(changing)}
    paper = db.session.execute(select(Document).where(Document.kind == "requirement_change")).scalar_one()
    assert (paper.number, paper.state) == ("BG-202603-001", "closed")
    clocks = db.session.execute(select(Milestone).where(Milestone.case_id == changing, Milestone.name == "resolution"))
    states = [clock.state for clock in clocks.scalars()]
    assert states[:-1] == ["superseded"] * (len(states) - 1)
    assert states[-1] == "open"


def test_no_change_takes_effect_without_a_signature_by_any_way(services, clock, actor, changing):
    clerk = actor("clerk")
    (item,) = open_items(changing, "requirement_change")
    with pytest.raises(Invalid) as refused:
        services.work.complete(item.id, {"customer_signed": True, "signature_kind": "e_signature"}, clerk,
                               on_behalf=True)
    assert [error.field for error in refused.value.errors] == ["customer_signature"]
    number = services.cases.facts(changing).number
    for message in ("case_rerouted", "demand_changed"):
        with pytest.raises(NotAllowed) as blocked:
            services.messages.publish(message, number, {"new_case_type": "return_exchange"}, clerk)
        assert blocked.value.detail["clauses"] == ["D-2.4.8"]
    clock.advance(timedelta(days=5))
    services.operations.quiesce()
    db.session.rollback()
    assert db.session.get(Case, changing).type == "complaint"
    ended = db.session.execute(select(Instance.outcome).where(Instance.process == "requirement_change")).scalar_one()
    assert ended == "end_lapsed"
