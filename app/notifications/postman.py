"""Tells people what a job asks: colleagues inside the product, customers and suppliers outside of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.clock import Clock
from app.durations import parse_duration
from app.errors import HandlerFailed
from app.facts import CUSTOMER_GROUP, CaseFacts
from app.notifications.mail import Mail, mail_from
from app.notifications.templates import TEMPLATES, Letter, Template, render
from app.notifications.words import MILESTONE_WORDS, REASON_WORDS, STATUS_WORDS, TYPE_WORDS
from app.store import outbox
from app.store.models import Case, Milestone, User
from app.store.unit_of_work import in_unit_of_work

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger("app.notifications")
SUPPLIER = "supplier"
STALE = "remind_supervisor_if_stale"  # parameter: without progress for so long, the supervisor is told as well
ABOUT_TASKS = frozenset({"task_reminder", "task_urged"})  # pointless once the task is done
NEXT_STEPS = ("first_response", "preliminary_proposal", "proposal", "resolution", "opinion_closed", "refund")


@dataclass
class Readers:
    """Who is told, sorted by how."""

    users: dict[int, User] = field(default_factory=dict)
    customer: bool = False
    supplier: bool = False
    work_item_id: str | None = None
    task: Mapping[str, Any] = field(default_factory=dict)  # placeholders of the work item
    written: set[str] = field(default_factory=set)  # parties outside that this job has written to before


class Postman:
    """Makes the port through which a job tells people."""

    def __init__(self, clock: Clock, config: Mapping[str, Any]) -> None:
        self.clock, self.config, self.mail = clock, config, mail_from(config)

    def for_job(self, case: CaseFacts | None, key: str, by: str) -> JobPost:
        """Return the `app.handling.Post` of one job; `key` makes telling twice the same as telling once."""
        return JobPost(self.clock, self.config, self.mail, case, key, by)


class JobPost:
    """`app.handling.Post` for one job."""

    def __init__(self, clock: Clock, config: Mapping[str, Any], mail: Mail, case: CaseFacts | None, key: str,
                 by: str) -> None:
        self._clock, self._config, self._mail = clock, config, mail
        self._case, self._key, self._by = case, key, by
        self._zone = ZoneInfo(config.get("COMPANY_ZONE") or "Asia/Shanghai")

    def is_settled(self, milestone: str) -> bool:
        """Return whether the case's milestone was reached or cancelled, or its clock stands still."""
        if self._case is None:
            return False
        case_id = self._case.id
        row = in_unit_of_work(lambda session: outbox.milestones(session, case_id)).get(milestone)
        return row is not None and (row.state != "open" or row.paused_at is not None)

    def notify(self, to: Sequence[str], template: str, data: Mapping[str, Any]) -> int:
        """Tell groups, "owner", "customer", "supplier", "user:<name>" or "task:<id>"; return how many were told.

        1. Colleagues get a row inside the product, once by the job's key.  2. Who was told now and has an address gets
        an e-mail as well; that one may fail.  3. Customer and supplier get an e-mail where an address is known, and
        always a row in the contact log. Raises HandlerFailed for an unknown template or an e-mail outside that fails.
        """
        text = TEMPLATES.get(template)
        if text is None:
            failure = HandlerFailed(f"There is no message template {template!r}.", f"没有消息模板“{template}”。")
            failure.retryable = False
            raise failure
        told, fresh, letter, readers, values = in_unit_of_work(
            lambda session: self._tell(session, to, template, text, data))
        for user in fresh:
            self._mail_colleague(user, letter)
        for reader, wanted in ((CUSTOMER_GROUP, readers.customer), (SUPPLIER, readers.supplier)):
            outside = render(text, reader, values) if wanted else None
            if outside is not None:
                if reader not in readers.written:
                    self._write_outside(reader, outside)
                told += 1
        if not told:
            log.warning("nobody to tell: template %s, to %s, job %s", template, list(to), self._key)
        return told

    # -- inner

    def _tell(self, session: Session, to: Sequence[str], name: str, text: Template,
              data: Mapping[str, Any]) -> tuple[int, list[User], Letter | None, Readers, dict[str, Any]]:
        case = session.get(Case, self._case.id) if self._case is not None else None
        readers = self._readers(session, to, case, name)
        clocks = outbox.milestones(session, case.id) if case is not None else {}
        values = {**self._values(case, clocks), **readers.task, **self._given(data)}
        readers.written = {party for party, wanted in ((CUSTOMER_GROUP, readers.customer), (SUPPLIER, readers.supplier))
                           if wanted and outbox.was_sent(session, self._key_of(party))}
        letter = render(text, "staff", values)
        told = self._rows(session, name, letter, readers.users.values(), readers.work_item_id)
        stale = data.get(STALE)
        if stale and case is not None and self._is_stale(session, case, str(stale)):
            bosses = outbox.users_in(session, ["supervisor"])
            self._rows(session, "progress_stale", render(TEMPLATES["progress_stale"], "staff", values), bosses, None)
        fresh = [readers.users[user_id] for user_id in told]
        return len(readers.users) if letter else 0, fresh, letter, readers, values

    def _readers(self, session: Session, to: Sequence[str], case: Case | None, template: str) -> Readers:
        readers, groups, names, ids = Readers(), list[str](), list[str](), list[int]()
        for whom in to:
            if not isinstance(whom, str):
                continue  # a group that is not known yet
            if whom == CUSTOMER_GROUP:
                readers.customer = case is not None
            elif whom == "owner" and case is not None:
                if case.owner_id is not None:
                    ids.append(case.owner_id)
                else:
                    groups.append(case.owner_group or "clerk")
            elif whom.startswith("user:"):
                names.append(whom.removeprefix("user:"))
            elif whom.startswith("task:"):
                item = outbox.work_item(session, whom.removeprefix("task:"))
                if item is None or (item.state != "open" and template in ABOUT_TASKS):
                    continue
                readers.work_item_id = item.id
                readers.task = {"task_name": item.name, "task_name_en": item.name_en or item.name,
                                "task_due": self._stamp(item.due_at)}
                if item.assignee_id is not None:
                    ids.append(item.assignee_id)
                elif item.group_code == CUSTOMER_GROUP:
                    groups.append("clerk")  # who enters the customer's answer
                elif item.group_code:
                    groups.append(item.group_code)
            else:
                readers.supplier = readers.supplier or (whom == SUPPLIER and case is not None)
                groups.append(whom)
        found = [*(outbox.users_in(session, groups) if groups else []),
                 *(outbox.users_named(session, names, ids) if names or ids else [])]
        readers.users = {user.id: user for user in found}
        return readers

    def _rows(self, session: Session, template: str, letter: Letter | None, users: Iterable[User],
              work_item_id: str | None) -> set[int]:
        if letter is None:
            return set()
        now = self._clock.now()
        return outbox.notify(session, [
            {"user_id": user.id, "key": f"{self._key}:{template}:{user.id}"[:250], "kind": template[:40],
             "case_id": self._case.id if self._case else None, "work_item_id": work_item_id, "at": now,
             "title_zh": letter.title_zh, "title_en": letter.title_en, "body_zh": letter.body_zh,
             "body_en": letter.body_en}
            for user in users])

    def _is_stale(self, session: Session, case: Case, duration: str) -> bool:
        last = outbox.last_progress(session, case.id) or case.registered_at
        return self._clock.now() - last > parse_duration(duration).elapsed

    def _mail_colleague(self, user: User, letter: Letter | None) -> None:
        if letter is None or not user.email:
            return
        subject, body = letter.in_(user.locale)
        try:
            self._mail.send(user.email, subject, body, key=f"{self._key}:{user.id}", at=self._clock.now())
        except HandlerFailed as error:  # the row inside the product has told it
            log.warning("e-mail to user %s failed: %s", user.id, error)

    def _write_outside(self, party: str, letter: Letter) -> None:
        """Send first, then record: a crash between the two repeats a message, never loses one."""
        assert self._case is not None  # noqa: S101 - readers outside exist only for a case
        case, key, now = self._case, self._key_of(party), self._clock.now()
        address = case.customer_email if party == CUSTOMER_GROUP else self._config.get("SUPPLIER_EMAIL")
        title, body = letter.in_(self._config.get("BABEL_DEFAULT_LOCALE") or "zh")
        if address:
            self._mail.send(address, title, body, key=key, at=now)
        contact = {"case_id": case.id, "key": key, "at": now, "way": "email" if address else "portal",
                   "direction": "out", "party": party, "summary": f"{title}\n{body}", "by": self._by}
        in_unit_of_work(lambda session: outbox.log_contact(session, contact))

    def _key_of(self, party: str) -> str:
        """Return by what the contact with a party is known."""
        return f"{self._key}:{party}"[:200]

    # -- words

    def _values(self, case: Case | None, clocks: Mapping[str, Milestone]) -> dict[str, Any]:
        values: dict[str, Any] = {"company": self._config.get("COMPANY_NAME")}
        if case is None:
            return values
        open_ = {name: row.due_at for name, row in clocks.items() if row.state == "open" and row.paused_at is None}
        due = {f"{name}_due": self._stamp(row.due_at) for name, row in clocks.items()}
        upcoming = [at for name, at in open_.items() if name in NEXT_STEPS and at > self._clock.now()]
        type_zh, type_en = TYPE_WORDS.get(case.type, (case.type, case.type))
        base = str(self._config.get("PUBLIC_URL") or "").rstrip("/")
        return {**values, **due, "number": case.number, "type_zh": type_zh, "type_en": type_en, "level": case.level,
                "status": case.status, "status_en": STATUS_WORDS.get(case.status, case.status),
                "customer": case.customer_name, "description": case.description[:300],
                "product": case.product_model, "serial_no": case.serial_no, "link": f"{base}/c/{case.access_key}",
                "next_due": self._stamp(min(upcoming, default=None))}

    def _given(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the placeholders that the diagram or a colleague gave; codes become words."""
        values = {name: self._stamp(value) for name, value in data.items()}
        if "task_name" in values:
            values.setdefault("task_name_en", values["task_name"])  # asked for before tasks had two names
        codes = [(data.get("reason"), REASON_WORDS), (data.get("milestone"), MILESTONE_WORDS)]
        about = [words.get(str(code), (str(code), str(code))) for code, words in codes if code]
        values["about_zh"] = "".join(f"，{zh}" for zh, _ in about)
        values["about_en"] = "".join(f", {en}" for _, en in about)
        return values

    def _stamp(self, value: Any) -> Any:
        """Return a time in the company's zone, as people write it; anything else as it is."""
        if isinstance(value, str) and len(value) >= 16 and value[4:5] == "-" and "T" in value:
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return value
        if isinstance(value, datetime) and value.tzinfo is not None:
            return f"{value.astimezone(self._zone):%Y-%m-%d %H:%M}"
        return value
