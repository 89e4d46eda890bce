"""Telling people: who, in which words, once."""

import re
import socket
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from app.clock import FixedClock
from app.errors import HandlerFailed
from app.notifications import Postman
from app.notifications.templates import TEMPLATES, render
from app.notifications.words import STATUS_WORDS
from app.store.models import (
    Communication,
    Definition,
    Deployment,
    Group,
    Instance,
    Membership,
    Milestone,
    Notification,
    User,
    WorkItem,
)
from app.store.records import case_facts
from app.store.unit_of_work import unit_of_work
from app.web.words import STATUSES

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
READERS = {"customer": "customer", "supplier": "supplier"}


@pytest.fixture
def people(session, case):
    """Alice is a clerk with an address, Bob a supervisor, Carol both; Dave has left."""
    case.owner_group, case.customer_email = "clerk", "zhang@example.com"
    session.add_all(Group(code=code, name_zh=code, name_en=code) for code in ("clerk", "supervisor", "supplier"))
    for name, groups, active in (("alice", ["clerk"], True), ("bob", ["supervisor"], True),
                                 ("carol", ["clerk", "supervisor"], True), ("dave", ["clerk"], False)):
        user = User(username=name, display_name=name, password_hash="x", active=active, created_at=NOW,
                    email=f"{name}@example.com" if name == "alice" else None)
        session.add(user)
        session.flush()
        session.add_all(Membership(user_id=user.id, group_code=group) for group in groups)
    session.commit()
    return case


@pytest.fixture
def mailbox():
    """A mail server on this machine: what it took, and what it refuses."""
    box = SimpleNamespace(letters=[], refuse=None)

    class Handler:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if box.refuse:
                return box.refuse
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            box.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
            return "250 OK"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


class Office:
    """Tells people as a job does."""

    def __init__(self, case, **config):
        self.case, self.clock = case, FixedClock(NOW)
        self.postman = Postman(self.clock, {"PUBLIC_URL": "https://service.example.com/", **config})

    def tell(self, to, template, key="job-1", **data):
        return self.postman.for_job(case_facts(self.case), key, "system").notify(to, template, data)


def rows(model):
    with unit_of_work() as session:
        return list(session.scalars(select(model).order_by(model.id)))


def told():
    with unit_of_work() as session:
        query = select(User.username, Notification.kind).join(User, User.id == Notification.user_id)
        return [tuple(row) for row in session.execute(query.order_by(Notification.id))]


def text_of(message):
    return message.get_payload(decode=True).decode()


def shipped_messages():
    """Yield (file, recipients, template) of every message that a shipped diagram sends."""
    for path in sorted((ROOT / "processes").rglob("*.bpmn")):
        source = path.read_text(encoding="utf-8").replace("&quot;", '"')
        task = r'Operator id="(notify|supplier_message)"(.*?)</spiffworkflow:serviceTaskOp'
        tasks = re.findall(task, source, re.DOTALL)
        for operation, body in tasks:
            values = dict(re.findall(r'<spiffworkflow:parameter id="(\w+)"[^>]*?value="(.*?)"\s*/>', body))
            to = re.findall(r'"(\w+)"', values["to"]) if operation == "notify" else ["supplier"]
            for template in re.findall(r'"(\w+)"', values["template"]):
                yield path.name, to, template


def test_every_message_of_a_shipped_diagram_has_words_for_everybody_it_goes_to():
    messages = list(shipped_messages())
    assert len(messages) > 10
    for file, to, name in messages:
        assert name in TEMPLATES, f"{file}: {name}"
        for whom in to:
            reader = READERS.get(whom, "staff")
            assert render(TEMPLATES[name], reader, {}), f"{file}: {name} has no words for {whom}"


def test_every_template_speaks_both_languages():
    for name, template in TEMPLATES.items():
        for reader in ("staff", "customer", "supplier"):
            letter = render(template, reader, {"number": "202603-0001"})
            if letter is not None:
                for text in (letter.title_zh, letter.title_en, letter.body_zh, letter.body_en):
                    assert text.strip(), f"{name} for {reader}"
                    assert "{" not in text, f"{name} for {reader}"


def test_values_are_inserted_and_never_read_as_a_format():
    letter = render(TEMPLATES["order_number"], "customer", {"customer": "{number.__class__} {x", "number": "1"})
    assert "{number.__class__} {x" in letter.body_zh


def test_colleagues_are_told_once_however_often_the_job_runs(people, database):
    office = Office(people)
    why = {"reason": "overdue", "milestone": "resolution"}
    assert office.tell(["clerk", "supervisor", "nobody", None], "escalated", **why) == 3
    assert office.tell(["clerk", "supervisor"], "escalated", **why) == 3
    assert told() == [("alice", "escalated"), ("bob", "escalated"), ("carol", "escalated")]
    [row, *_] = rows(Notification)
    assert "超过时限" in row.body_zh
    assert "解决" in row.body_zh
    assert "overdue" in row.body_en
    assert (row.case_id, row.at) == (people.id, NOW)
    office.tell(["supervisor"], "escalated", key="job-2")
    assert len(told()) == 5


def test_the_owner_is_the_person_or_else_the_group(people, database, session):
    office = Office(people)
    assert office.tell(["owner"], "rung_raised") == 2
    people.owner_id = session.scalars(select(User.id).where(User.username == "bob")).one()
    session.commit()
    assert office.tell(["owner"], "rung_raised", key="job-2") == 1
    assert told()[-1] == ("bob", "rung_raised")


def test_a_customer_with_an_address_gets_an_e_mail_and_the_contact_is_on_record(people, database, mailbox):
    office = Office(people, SMTP_HOST="127.0.0.1", SMTP_PORT=mailbox.port, MAIL_FROM="service@example.com")
    assert office.tell(["customer"], "order_number") == 1
    office.tell(["customer"], "order_number")
    [(to, message)] = mailbox.letters
    assert to == ["zhang@example.com"]
    assert str(make_header(decode_header(message["Subject"]))) == "您的服务单号 202603-0001"
    assert "张三" in text_of(message)
    assert f"https://service.example.com/c/{people.access_key}" in text_of(message)
    [contact] = rows(Communication)
    assert (contact.way, contact.direction, contact.party, contact.at) == ("email", "out", "customer", NOW)
    assert rows(Notification) == []


def test_a_customer_without_an_address_finds_it_on_the_page(people, database, session):
    people.customer_email = None
    session.commit()
    Office(people).tell(["customer"], "order_number")
    assert [(c.way, "202603-0001" in c.summary) for c in rows(Communication)] == [("portal", True)]


def test_what_is_for_colleagues_never_reaches_the_customer(people, database):
    assert Office(people).tell(["customer"], "escalated") == 0
    assert rows(Communication) == []


def test_a_mail_server_that_is_down_is_tried_again_and_colleagues_are_told_meanwhile(people, database, mailbox):
    down = Office(people, SMTP_HOST="127.0.0.1", SMTP_PORT=1)
    with pytest.raises(HandlerFailed) as failure:
        down.tell(["owner", "customer"], "proposal")
    assert failure.value.retryable
    assert rows(Communication) == []
    assert len(told()) == 2
    up = Office(people, SMTP_HOST="127.0.0.1", SMTP_PORT=mailbox.port)
    up.tell(["owner", "customer"], "proposal")
    assert len(told()) == 2
    assert [to for to, _ in mailbox.letters] == [["zhang@example.com"]]


def test_an_address_that_is_refused_for_good_is_not_tried_again(people, database, mailbox):
    mailbox.refuse = "550 no such user"
    office = Office(people, SMTP_HOST="127.0.0.1", SMTP_PORT=mailbox.port)
    with pytest.raises(HandlerFailed, match=r"z\*\*\*@example.com") as failure:
        office.tell(["customer"], "order_number")
    assert not failure.value.retryable


def test_a_colleague_with_an_address_gets_an_e_mail_too(people, database, mailbox):
    office = Office(people, SMTP_HOST="127.0.0.1", SMTP_PORT=mailbox.port)
    office.tell(["clerk"], "rung_raised")
    assert [to for to, _ in mailbox.letters] == [["alice@example.com"]]


def test_without_a_mail_server_the_log_says_so_and_keeps_the_text_to_itself(people, database, caplog):
    with caplog.at_level("INFO", logger="app.notifications"):
        Office(people).tell(["customer"], "order_number")
    assert "z***@example.com" in caplog.text
    assert "张三" not in caplog.text


def test_english_words_stand_in_english_messages(people, database, session):
    work_item(session, people, group_code="supervisor", due_at=NOW + timedelta(hours=1))
    office = Office(people)
    office.tell(["task:t1"], "task_reminder")
    office.tell(["owner"], "daily_progress", key="job-2")
    reminder, *_, progress = rows(Notification)
    assert (reminder.title_zh, reminder.title_en) == ("任务将到期：核实投诉", "Due soon: Verify")
    assert "“Verify” is due" in reminder.body_en
    assert not re.search("[\u4e00-\u9fff]", progress.title_en + progress.body_en.replace(people.customer_name, ""))


def test_pages_and_messages_have_the_same_words_for_a_status():
    assert {zh: en._args[0] for zh, en in STATUSES.items()} == STATUS_WORDS


def test_a_value_that_ends_in_a_full_stop_gets_no_second_one():
    letter = render(TEMPLATES["return_materials_missing"], "customer", {"missing": "发票照片。", "customer": "李女士"})
    assert letter is not None
    assert "还缺：发票照片。请在页面补交" in letter.body_zh


def test_a_task_reminder_goes_to_who_has_it_and_to_nobody_once_it_is_done(people, database, session):
    item = work_item(session, people, group_code="supervisor", due_at=NOW + timedelta(hours=1))
    office = Office(people)
    assert office.tell(["task:t1"], "task_reminder") == 2
    [row, *_] = rows(Notification)
    assert (row.work_item_id, row.title_zh) == ("t1", "任务将到期：核实投诉")
    assert "2026-03-02 12:00" in row.body_zh
    item.state = "completed"
    session.commit()
    assert office.tell(["task:t1"], "task_reminder", key="job-2") == 0


def test_colleagues_write_to_each_other_by_name(people, database):
    office = Office(people)
    assert office.tell(["user:bob"], "task_transferred", by="Alice", note="请接手", task_name="核实投诉") == 1
    [row] = rows(Notification)
    assert "Alice 将 202603-0001 的任务“核实投诉”转给您。请接手" in row.body_zh


def test_progress_that_nobody_noted_for_a_day_is_told_to_the_supervisor(people, database):
    office = Office(people)
    office.clock.advance(timedelta(hours=20))
    office.tell(["customer"], "daily_progress", remind_supervisor_if_stale="PT24H")
    assert told() == []
    office.clock.advance(timedelta(hours=8))
    office.tell(["customer"], "daily_progress", key="job-2", remind_supervisor_if_stale="PT24H")
    assert told() == [("bob", "progress_stale"), ("carol", "progress_stale")]


def test_the_customer_is_told_the_next_date(people, database, session):
    session.add(clock_row(people, "resolution", NOW + timedelta(hours=5)))
    session.commit()
    Office(people).tell(["customer"], "daily_progress")
    assert "下一时点：2026-03-02 16:00" in rows(Communication)[0].summary


def clock_row(case, name, due, **given):
    return Milestone(
        case_id=case.id, name=name, clock_start="registered", started_at=NOW, duration="PT5H", calendar="natural",
        promised_at=due, due_at=due, decision="deadlines", rule="R03", clauses=[], why=[], pauses=[], **given)


def work_item(session, case, **given):
    """An open task of the case, with the deployment that it hangs on."""
    rows = [Deployment(digest="d", created_at=NOW, created_by="x"),
            Definition(id=1, key="case", version=1, digest="d", name="x", name_en="x", kind="top", deployment_id=1,
                       path="x", reaches=[], spec=b"", created_at=NOW),
            Instance(id="i1", definition_id=1, process="case", case_id=case.id, state="active", blob=b"",
                     created_at=NOW),
            WorkItem(id="t1", instance_id="i1", case_id=case.id, process="case", element_id="verify", name="核实投诉",
                     name_en="Verify", created_at=NOW, **given)]
    for row in rows:
        session.add(row)
        session.flush()
    session.commit()
    return rows[-1]


def test_a_milestone_is_settled_when_it_was_reached_or_stands_still(people, database, session):
    due = NOW + timedelta(hours=5)
    session.add_all([clock_row(people, "verify", due, state="reached", reached_at=NOW),
                     clock_row(people, "resolution", due), clock_row(people, "proposal", due, paused_at=NOW)])
    session.commit()
    post = Office(people).postman.for_job(case_facts(people), "k", "system")
    settled = [post.is_settled(name) for name in ("verify", "resolution", "proposal", "refund")]
    assert settled == [True, False, True, False]


def test_an_unknown_template_is_an_incident_not_a_silence(people, database):
    with pytest.raises(HandlerFailed, match="no message template") as failure:
        Office(people).tell(["clerk"], "no_such_words")
    assert not failure.value.retryable
