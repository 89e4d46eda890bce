"""What local handlers do to the database: numbers, papers, the case record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadDuration, Conflict, StepFailed
from app.services.ports.desk import CaseDeskPort
from app.services.ports.numbers import RULES, NumberDesk
from app.services.ports.papers import PaperDesk
from app.store.base import writing
from app.store.models import Audit, Comment, Document
from app.store.papers import copies_of

MARCH = datetime(2026, 3, 31, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
OFFICE = ["general_affairs", "finance", "manufacturing", "marketing"]


@pytest.fixture
def papers(session, case):
    return PaperDesk(session, case, MARCH, NumberDesk(session, MARCH, "Asia/Shanghai"), "clerk")


@pytest.fixture
def desk(session, case):
    return CaseDeskPort(session, case, MARCH, "clerk")


def audit(session):
    session.flush()
    return [(row.action, row.subject, row.detail) for row in session.scalars(select(Audit).order_by(Audit.id))]


def test_service_orders_count_anew_each_month_of_the_companys_own_time(session):
    numbers = NumberDesk(session, MARCH, "Asia/Shanghai")
    assert [numbers.next("service_order") for _ in range(2)] == ["202603-0001", "202603-0002"]
    assert NumberDesk(session, APRIL, "Asia/Shanghai").next("service_order") == "202604-0001"


def test_every_paper_has_its_own_run_and_prefix(session):
    numbers = NumberDesk(session, MARCH, "Asia/Shanghai")
    assert numbers.next("opinion") == "YJ-202603-001"
    assert numbers.next("opinion_supplement") == "YJ-202603-002"
    others = ("appeal", "assessment", "contact_letter", "red_slip", "black_slip", "escalation", "rectification")
    assert [numbers.next(kind)[:2] for kind in others] == ["SS", "KH", "LX", "HC", "CK", "SJ", "ZG"]
    prefixes = {rule[0]: rule[1] for rule in RULES.values()}
    assert len(set(prefixes.values())) == len(prefixes)


def test_a_number_without_a_rule_is_refused(session):
    with pytest.raises(StepFailed, match="No numbering rule"):
        NumberDesk(session, MARCH, "Asia/Shanghai").next("lottery")


def test_a_number_that_was_rolled_back_is_given_out_again(engine):
    with Session(engine) as session:
        assert NumberDesk(session, MARCH, "Asia/Shanghai").next("red_slip") == "HC-202603-001"
        session.rollback()
    with Session(engine) as session:
        assert NumberDesk(session, MARCH, "Asia/Shanghai").next("red_slip") == "HC-202603-001"


def test_numbers_have_no_gap_and_no_double_under_concurrency(engine):
    def take(index):
        token = writing.set(True)
        try:
            with Session(engine) as session:
                number = NumberDesk(session, MARCH, "Asia/Shanghai").next("service_order")
                if index % 3 == 0:
                    session.rollback()
                    return None
                session.commit()
                return number
        finally:
            writing.reset(token)

    with ThreadPoolExecutor(8) as pool:
        given = [number for number in pool.map(take, range(30)) if number]
    assert sorted(given) == [f"202603-{n:04d}" for n in range(1, 21)]


def test_an_opinion_is_opened_once_filled_and_sealed_in_four_copies(session, case, papers):
    number = papers.open("opinion", copies=4, data={"customer": "张三"})
    assert papers.open("opinion", copies=4) == number == "YJ-202603-001"
    assert papers.fill("opinion", {"cause": "轴承"}) == number
    assert papers.close("opinion", recipients=OFFICE) == number
    session.expire_all()
    [paper] = session.scalars(select(Document))
    assert (paper.state, paper.closed_at, paper.data) == ("closed", MARCH, {"customer": "张三", "cause": "轴承"})
    assert [copy.recipient for copy in copies_of(session, paper.id)] == OFFICE
    assert [entry[0] for entry in audit(session)] == ["case:paper:opened", "case:paper:sealed"]


def test_a_sealed_opinion_cannot_be_changed(session, papers):
    papers.open("opinion", copies=4)
    papers.close("opinion")
    assert papers.fill("opinion", {"penalty": "100"}) is None
    session.expire_all()
    paper = session.scalars(select(Document)).one()
    paper.data = {"penalty": "100"}
    with pytest.raises(Conflict, match="sealed"):
        session.flush()


def test_a_later_round_adds_a_supplement_that_names_the_sealed_opinion(session, papers):
    first = papers.open("opinion", copies=4)
    papers.close("opinion")
    second = papers.open("opinion_supplement", copies=4)
    assert second != first
    assert papers.close("opinion", recipients=OFFICE) == second
    assert session.scalars(select(Document.supplements).where(Document.number == second)).one() == first


def test_closing_without_an_open_paper_does_nothing(papers):
    assert papers.close("opinion", reason="withdrawn") is None


def test_more_recipients_than_copies_are_refused(papers):
    papers.open("contact_letter", copies=1)
    with pytest.raises(StepFailed, match="1 copies for 4"):
        papers.close("contact_letter", recipients=OFFICE)


def test_an_open_paper_that_is_used_on_has_copies_for_everybody(session, papers):
    number = papers.open("contact_letter", copies=1)
    assert papers.open("contact_letter", copies=2) == papers.open("contact_letter", copies=1) == number
    assert papers.close("contact_letter", recipients=["engineer", "marketing"]) == number
    [paper] = session.scalars(select(Document))
    assert (paper.copies, [copy.recipient for copy in copies_of(session, paper.id)]) == (2, ["engineer", "marketing"])


def test_a_form_that_takes_the_escalations_number_keeps_it(session, papers):
    number = papers.open("escalation_approval", copies=1, number="SJ-202603-009", prefilled=True, approved_by="system")
    assert number == "SJ-202603-009"
    with pytest.raises(StepFailed, match="already"):
        papers.open("red_slip", copies=2, number="SJ-202603-009")
    with pytest.raises(StepFailed, match="at least one"):
        papers.open("red_slip", copies=0)


def test_every_change_of_the_case_is_audited_with_before_and_after(session, case, desk):
    desk.update(level="P2", status="处理中", industry="纺织", purchase_date="2026-01-05", flags=["safety"],
                extra={"a": 1})
    desk.update(level="P2")
    assert (case.level, case.status, case.purchase_date, case.flags) == ("P2", "处理中", date(2026, 1, 5), ["safety"])
    assert case.extra == {"industry": "纺织", "a": 1}
    [(action, subject, detail)] = audit(session)
    assert (action, subject, detail["level"]) == ("case:facts:changed", "202603-0001", ["P3", "P2"])
    assert detail["purchase_date"] == [None, "2026-01-05"]


def test_the_number_of_a_case_and_its_key_never_change(case, desk):
    desk.update(number="202603-0001")
    for facts in ({"number": "X"}, {"access_key": "X"}, {"keep_until": None}):
        with pytest.raises(StepFailed, match="does not change"):
            desk.update(**facts)


def test_an_archived_file_keeps_its_facts_while_the_case_may_still_move(session, case, desk):
    desk.update(state="closed", closed_at=datetime(2026, 3, 31, 10, tzinfo=UTC))
    desk.archive("P3Y")
    assert case.archived_at == MARCH
    assert case.keep_until == datetime(2029, 3, 31, 10, tzinfo=UTC)
    desk.archive("P1Y")
    assert case.keep_until == datetime(2029, 3, 31, 10, tzinfo=UTC)
    desk.update(status="申诉中")
    with pytest.raises(Conflict, match="archived"):
        desk.update(customer_name="李四")
    with pytest.raises(Conflict, match="archived"):
        desk.update(industry="化工")
    with pytest.raises(BadDuration):
        desk.archive("three years")
    desk.update(state="open", closed_at=None)
    desk.update(industry="化工")
    assert case.archived_at is None


def test_notes_are_kept_with_what_they_are_about(session, case, desk):
    desk.note("praise", "")
    desk.note("compensation", "优惠券", {"amount": "200.00 CNY"})
    session.flush()
    assert [(c.kind, c.text, c.at - MARCH) for c in session.scalars(select(Comment).order_by(Comment.id))] == [
        ("praise", "表扬", timedelta(0)), ("compensation", "优惠券\namount: 200.00 CNY", timedelta(0))]
