"""Operations of goods, money and sub-tasks on real ports: what they refuse, and what is left to people."""

import pytest

from app.errors import BusinessError, Conflict, HandlerFailed, StepFailed
from app.store.models import Case, Document
from tests.store.test_handlers import Office, effect

OFFICE = ["general_affairs", "finance", "manufacturing", "marketing"]
SLIP = {"kind": "red_slip", "copies": 2, "needs_opinion": True}


class Systems:
    """Systems outside: `answers` by connector; what is not in it is not registered."""

    def __init__(self, **answers):
        self.answers, self.sent = answers, []

    def is_registered(self, connector):
        return connector in self.answers

    def request(self, connector, payload, key):
        self.sent.append((connector, dict(payload), key))
        return self.answers[connector]


@pytest.fixture
def office(session, case):
    return Office(session, case)


def settled(office):
    """Return the number of an opinion that is settled and handed out."""
    number = office.run("open_document", kind="opinion", copies=4)
    office.run("close_document", kind="opinion", recipients=OFFICE)
    return number


def test_a_slip_is_refused_before_the_opinion_is_settled_and_the_refusal_names_the_clause(office):
    opinion = office.run("open_document", kind="opinion", copies=4)
    for number in (opinion, None, "YJ-209901-001"):
        with pytest.raises(StepFailed, match="B21-7-1a") as refused:
            office.run("open_document", opinion=number, **SLIP)
        assert refused.value.detail["clauses"] == ["B21-7-1a", "B21-7-4a"]


def test_a_slip_on_a_settled_opinion_cites_it(office):
    opinion = settled(office)
    number = office.run("open_document", opinion=opinion, **SLIP)
    assert office.papers.look(number).data["opinion_no"] == opinion


def test_another_cases_opinion_opens_no_gate(office, session, case):
    opinion = settled(office)
    second = Case(id="other", number="202603-0099", access_key="other", type="complaint", level="P3", channel="phone",
                  customer_name="李四", customer_phone="13900000000", origin="self_made", description="异响",
                  registered_at=case.registered_at, registered_by="clerk")
    session.add(second)
    session.flush()
    other = Office(session, second)
    assert other.run("check_papers", opinion=opinion, wanted="opinion")["complete"] is False
    with pytest.raises(StepFailed, match="B21-7-1a"):
        other.run("open_document", opinion=opinion, **SLIP)


def test_a_red_slip_is_not_sealed_without_the_signature_of_technical_quality(office):
    number = office.run("open_document", opinion=settled(office), **SLIP)
    seal = {"kind": "red_slip", "number": number, "signed_by": "quality", "recipients": ["warehouse", "marketing"]}
    with pytest.raises(StepFailed, match="B21-7-2b"):
        office.run("close_document", **seal)
    assert office.run("sign_document", number=number, role="quality", name="王工") is True
    assert office.run("close_document", **seal) == number
    with pytest.raises(StepFailed):
        office.run("sign_document", number=number, role="quality")


def test_the_papers_are_complete_only_when_finance_holds_a_copy_of_each(office):
    opinion = settled(office)
    red = office.run("open_document", opinion=opinion, **SLIP)
    office.run("sign_document", number=red, role="quality")
    asked = {"opinion": opinion, "red_slip": red, "wanted": ["opinion", "red_slip"], "held_by": "finance"}
    assert office.run("check_papers", **asked)["complete"] is False
    office.run("close_document", kind="red_slip", recipients=["warehouse", "marketing"])
    assert office.run("check_papers", **asked) == {"complete": False, "missing": "退库手续（红字出库单）",
                                                    "lapsed": False}
    office.run("hand_over_copies", numbers=red, holder="marketing", to="finance")
    assert office.run("check_papers", **asked) == {"complete": True, "missing": "", "lapsed": False}
    with pytest.raises(StepFailed):
        office.run("hand_over_copies", numbers=red, holder="marketing", to="finance")


def test_a_slip_that_the_months_end_brought_to_finance_needs_no_handing_over_of_its_own(office):
    red = office.run("open_document", opinion=settled(office), **SLIP)
    office.run("sign_document", number=red, role="quality")
    office.run("close_document", kind="red_slip", recipients=["warehouse", "marketing"])
    with pytest.raises(StepFailed):
        office.run("hand_over_copies", numbers=red, holder="engineer", to="finance")
    assert office.run("hand_over_slips", slips=[red]) == 2
    office.run("hand_over_copies", numbers=red, holder="marketing", to="finance")
    assert office.papers.look(red).holders == ("finance", "finance")


def test_a_void_slip_keeps_its_number_and_counts_for_nothing(office):
    red = office.run("open_document", opinion=settled(office), **SLIP)
    assert office.run("void_document", kind="red_slip", reason="验货不合格") == [red]
    assert office.run("check_papers", red_slip=red, wanted="red_slip")["complete"] is False
    assert office.session.query(Document).filter_by(number=red).one().state == "void"
    assert office.run("open_document", opinion=office.papers.look(red).data["opinion_no"], **SLIP) != red


def test_a_clock_may_start_when_its_cause_happened_but_not_later_than_now(office):
    with pytest.raises(StepFailed):
        office.run("start_milestone", clock_start="executed", at="2026-03-02T10:00:00")
    office.run("start_milestone", clock_start="executed", at="2999-01-01T00:00:00+00:00")
    (clock,) = [row for row in office.clocks.all() if row.name == "follow_up"]
    assert clock.started_at == office.now


def test_sub_tasks_come_from_the_division_and_wait_only_for_earlier_ones(office):
    rows = [{"title": "查批次", "group": "quality"}, {"title": "备件", "group": "warehouse", "depends_on": "查批次"},
            {"title": "上门", "group": "engineer", "depends_on": "2"}, {"title": "圆", "depends_on": "圆"}]
    office.desk.update(subtasks=rows)
    keys = office.run("plan_subtasks")
    assert len(keys) == len(set(keys)) == 4
    facts = [office.run("plan_subtasks", load=key) for key in keys]
    assert [fact["depends_on"] for fact in facts] == [None, keys[0], keys[1], None]
    assert office.run("plan_subtasks")[0] != keys[0]  # a later division has keys of its own
    with pytest.raises(StepFailed):
        office.run("plan_subtasks", load=f"{keys[0]}9")


@pytest.mark.parametrize(("operation", "params"), [
    ("ship_parcel", {"purpose": "reissue"}), ("fetch_tracking", {"tracking_no": "SF1"}),
    ("issue_refund", {"voucher": "TK-1", "amount": 10})])
def test_what_no_system_does_is_handed_to_a_person(operation, params):
    with pytest.raises(BusinessError) as by_hand:
        effect(operation, None, outside=Systems(), **params)
    assert by_hand.value.code == "BY_HAND"


def test_a_connected_carrier_and_bank_answer_with_numbers():
    systems = Systems(logistics={"tracking_no": "SF1", "carrier": "顺丰", "state": "lost"},
                      payment={"reference": "B-1"})
    assert effect("ship_parcel", None, outside=systems, purpose="reissue", slip="CK-1")["tracking_no"] == "SF1"
    assert effect("fetch_tracking", None, outside=systems, tracking_no="SF1")["state"] == "lost"
    assert effect("issue_refund", None, outside=systems, voucher="TK-1", amount=12.5) == {"reference": "B-1"}
    assert systems.sent[-1][1]["amount"] == "12.5"
    assert {key for _, _, key in systems.sent} == {"k1"}


def test_an_answer_without_a_number_is_a_failure_and_a_rejection_an_error_of_the_diagram():
    with pytest.raises(HandlerFailed):
        effect("ship_parcel", None, outside=Systems(logistics={}), purpose="reissue")
    with pytest.raises(HandlerFailed):
        effect("issue_refund", None, outside=Systems(payment={}), voucher="TK-1", amount=1)
    with pytest.raises(BusinessError) as rejected:
        effect("issue_refund", None, outside=Systems(payment={"rejected": True, "reason": "户名不符"}), voucher="TK-1",
               amount=1)
    assert (rejected.value.code, rejected.value.text) == ("REFUND_REJECTED", "户名不符")


def test_a_sealed_paper_cannot_be_voided_by_any_path(office):
    opinion = settled(office)
    assert office.run("void_document", kind="opinion", reason="x") == []
    paper = office.session.query(Document).filter_by(number=opinion).one()
    paper.state = "void"
    with pytest.raises(Conflict):
        office.session.flush()


def test_an_opinion_that_a_withdrawal_sealed_opens_no_gate(office):
    opinion = office.run("open_document", kind="opinion", copies=4)
    office.run("close_document", kind="opinion", recipients=OFFICE, reason="withdrawn")
    assert office.run("check_papers", opinion=opinion, wanted="opinion") == {
        "complete": False, "missing": "意见书", "lapsed": True}
    with pytest.raises(StepFailed, match="B21-7-1a"):
        office.run("open_document", opinion=opinion, **SLIP)


def test_two_assessments_of_one_case_each_have_their_own_decision_letter(office) -> None:
    def opened(opinion: str, amount: int) -> str:
        return office.run("open_document", kind="assessment_decision", copies=4,
                          data={"opinion": opinion, "approved_amount": amount})

    one, other = opened("YJ-1", 50), opened("YJ-2", 80)
    assert one != other
    assert (opened("YJ-1", 50), opened("YJ-2", 80)) == (one, other)  # tried again: the same
