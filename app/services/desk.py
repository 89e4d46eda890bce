"""What lies on a case's desk beside its tasks: files, comments, the contact log, saved views."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.clock import Clock, as_utc
from app.errors import FieldError, Invalid, NotFound
from app.facts import Actor
from app.services.audit import record
from app.services.file_checks import MAX_BYTES, check_file
from app.store.base import db
from app.store.models import Attachment, Comment, Communication, SavedView, WorkItem
from app.store.unit_of_work import unit_of_work

MAX_TEXT = 4000
MAX_CUSTOMER_FILES = 30  # one signed link must not fill the disk
VIAS = frozenset({"upload", "email", "phone", "sms", "wechat", "chat", "post", "visit", "portal", "system"})
WAYS = frozenset({"phone", "email", "sms", "visit", "portal", "chat", "wechat", "post", "meeting", "system"})
DIRECTIONS = frozenset({"in", "out"})
PARTIES = frozenset({"customer", "supplier"})


@dataclass(frozen=True)
class StoredFile:
    """An attachment with its content."""

    id: str
    name: str
    media_type: str
    size: int
    content: bytes


class Desk:
    """Files, comments, contacts and views; every verb first asks whether the actor may see the case."""

    def __init__(self, clock: Clock, may_see_case: Callable[[str, Actor], bool]) -> None:
        self._clock = clock
        self._may_see_case = may_see_case

    # Files

    def attach(self, file: FileStorage, case_id: str | None, task_id: str | None, received_via: str,
               actor: Actor) -> str:
        """Keep a file and return its id; raises Invalid on "file", NotFound for what the actor may not see."""
        case_id = self._case_of(actor.case_id or case_id, task_id)
        if case_id is not None:
            self._need_case(case_id, actor)
        if received_via not in VIAS:
            raise Invalid([_one_of("received_via", VIAS)])
        # One byte more than is allowed is enough to know.
        checked = check_file(file.filename or "", file.stream.read(MAX_BYTES + 1))
        attachment_id, now = str(uuid.uuid4()), self._clock.now()
        with unit_of_work() as session:
            if actor.case_id is not None:
                self._need_room(session, actor.case_id)
            session.add(Attachment(
                id=attachment_id, case_id=case_id, work_item_id=task_id, name=checked.name,
                media_type=checked.media_type, size=len(checked.content), content=checked.content,
                digest=hashlib.sha256(checked.content).hexdigest(), received_via=received_via, uploaded_at=now,
                uploaded_by=actor.name))
            record(session, now, actor.name, "desk:file:attached", attachment_id, case_id, {"name": checked.name})
        return attachment_id

    def file(self, attachment_id: str, actor: Actor) -> StoredFile:
        """Return a file with its content; raises NotFound where the actor may not see its case."""
        query = select(Attachment.case_id, Attachment.uploaded_by, Attachment.name, Attachment.media_type,
                       Attachment.size, Attachment.content).where(Attachment.id == attachment_id)
        row = db.session.execute(query).one_or_none()
        if row is None or not self._may_read(row.case_id, row.uploaded_by, actor):
            raise NotFound("There is no such file.", "没有这个文件。")
        return StoredFile(attachment_id, row.name, row.media_type, row.size, row.content)

    def _may_read(self, case_id: str | None, uploaded_by: str, actor: Actor) -> bool:
        if actor.case_id is not None:
            return case_id == actor.case_id
        if case_id is None:  # not bound to a case yet: only who brought it
            return uploaded_by == actor.name
        return self._may_see_case(case_id, actor)

    @staticmethod
    def _case_of(case_id: str | None, task_id: str | None) -> str | None:
        if task_id is None:
            return case_id
        row = db.session.execute(select(WorkItem.case_id).where(WorkItem.id == task_id)).one_or_none()
        if row is None or (case_id is not None and row.case_id != case_id):
            raise NotFound("There is no such task.", "没有这个任务。")
        owner: str | None = row.case_id
        return owner

    @staticmethod
    def _need_room(session: Session, case_id: str) -> None:
        brought = select(func.count()).where(Attachment.case_id == case_id, Attachment.uploaded_by == "customer")
        if session.execute(brought).scalar_one() >= MAX_CUSTOMER_FILES:
            most = MAX_CUSTOMER_FILES
            raise Invalid([FieldError("file", f"At most {most} files.", f"最多 {most} 个文件。")])

    # Words

    def comment(self, case_id: str, text: str, actor: Actor) -> None:
        """Append a comment for colleagues; raises Invalid on "text", NotFound."""
        self._need_staff_case(case_id, actor)
        words, now = _text_of({"text": text}, "text", []), self._clock.now()
        if not words:
            raise Invalid([_required("text")])
        with unit_of_work() as session:
            session.add(Comment(case_id=case_id, at=now, by=actor.name, text=words))
            record(session, now, actor.name, "desk:comment:added", case_id, case_id)

    def log_contact(self, case_id: str, contact: Mapping[str, Any], actor: Actor) -> None:
        """Append a contact (D-2.4.6): `way direction party summary feedback next_step at`; raises Invalid, NotFound."""
        self._need_staff_case(case_id, actor)
        errors: list[FieldError] = []
        now = self._clock.now()
        row = Communication(
            case_id=case_id, by=actor.name, at=_moment_of(contact.get("at"), now, errors),
            way=_choice_of(contact, "way", WAYS, None, errors),
            party=_choice_of(contact, "party", PARTIES, "customer", errors),
            direction=_choice_of(contact, "direction", DIRECTIONS, "out", errors),
            summary=_text_of(contact, "summary", errors), feedback=_text_of(contact, "feedback", errors) or None,
            next_step=_text_of(contact, "next_step", errors) or None)
        if not row.summary:
            errors.append(_required("summary"))
        if errors:
            raise Invalid(errors)
        with unit_of_work() as session:
            session.add(row)
            record(session, now, actor.name, "desk:contact:logged", case_id, case_id, {"way": row.way})

    # Saved views

    def save_view(self, page: str, name: str, query: str, actor: Actor) -> int:
        """Keep a named filter, replacing the one of that name, and return its id; raises Invalid on "name"."""
        name = name.strip()
        if not name or len(name) > 60 or len(query) > MAX_TEXT:
            raise Invalid([FieldError("name", "1 to 60 characters.", "1 到 60 个字符。")])
        with unit_of_work() as session:
            same = select(SavedView).filter_by(user_id=actor.user_id, page=page, name=name)
            row = session.execute(same).scalar_one_or_none()
            if row is None:
                row = SavedView(user_id=actor.user_id, page=page, name=name, created_at=self._clock.now(), query=query)
                session.add(row)
            row.query = query
            session.flush()
            return row.id

    def delete_view(self, view_id: int, actor: Actor) -> None:
        """Forget one of the actor's own views; raises NotFound."""
        with unit_of_work() as session:
            gone = session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.user_id == actor.user_id))
            if gone.rowcount != 1:  # type: ignore[attr-defined]
                raise NotFound("There is no such view.", "没有这个视图。")

    def _need_case(self, case_id: str, actor: Actor) -> None:
        if not self._may_see_case(case_id, actor):
            raise NotFound("There is no such case.", "没有这个个案。")

    def _need_staff_case(self, case_id: str, actor: Actor) -> None:
        if actor.case_id is not None:  # what colleagues say to each other is not the customer's to read or write
            raise NotFound("There is no such case.", "没有这个个案。")
        self._need_case(case_id, actor)


def _required(field: str) -> FieldError:
    return FieldError(field, "Is required.", "必填。")


def _text_of(source: Mapping[str, Any], field: str, errors: list[FieldError]) -> str:
    value = source.get(field) or ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        errors.append(FieldError(field, f"Text of at most {MAX_TEXT} characters.", f"不超过 {MAX_TEXT} 个字符的文字。"))
        return "?"
    return value.strip()


def _one_of(field: str, choices: frozenset[str]) -> FieldError:
    return FieldError(field, f"One of {', '.join(sorted(choices))}.", f"应为 {'、'.join(sorted(choices))} 之一。")


def _choice_of(source: Mapping[str, Any], field: str, choices: frozenset[str], default: str | None,
               errors: list[FieldError]) -> str:
    value = source.get(field) or default
    if value not in choices:
        errors.append(_one_of(field, choices))
        return sorted(choices)[0]
    return str(value)


def _moment_of(value: Any, now: datetime, errors: list[FieldError]) -> datetime:
    if value in (None, ""):
        return now
    try:
        moment = as_utc(value if isinstance(value, datetime) else datetime.fromisoformat(str(value)))
    except ValueError:
        errors.append(FieldError("at", "A time with its offset is expected.", "应为带时区的时间。"))
        return now
    if moment > now:
        errors.append(FieldError("at", "Lies in the future.", "不能晚于现在。"))
    return moment
