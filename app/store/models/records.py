"""Papers, files, contacts and what colleagues say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db
from app.store.models._columns import Sequence


class Document(db.Model):  # type: ignore[name-defined,misc]
    """A numbered paper: opinion, slip, letter."""

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | closed | void
    copies: Mapped[int] = mapped_column(Integer, default=1)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    prefilled: Mapped[bool] = mapped_column(default=False)
    approved_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    supplements: Mapped[str | None] = mapped_column(String(40))  # number of the sealed paper that it adds to
    opened_at: Mapped[datetime] = mapped_column(Utc)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)


class DocumentCopy(db.Model):  # type: ignore[name-defined,misc]
    """One copy of a paper and who holds it."""

    __tablename__ = "document_copy"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    copy_no: Mapped[int] = mapped_column(Integer)
    recipient: Mapped[str | None] = mapped_column(String(40))  # group code, or "customer"
    handed_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("document_id", "copy_no"),)


class Attachment(db.Model):  # type: ignore[name-defined,misc]
    """A file that somebody attached; checked by type, size and content."""

    __tablename__ = "attachment"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    work_item_id: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    received_via: Mapped[str] = mapped_column(String(30), default="upload")
    uploaded_at: Mapped[datetime] = mapped_column(Utc)
    uploaded_by: Mapped[str] = mapped_column(String(80))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Communication(db.Model):  # type: ignore[name-defined,misc]
    """A contact with the customer or a supplier: time, way, what was said, what comes next (D-2.4.6)."""

    __tablename__ = "communication"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)  # the job that sent it
    at: Mapped[datetime] = mapped_column(Utc)
    way: Mapped[str] = mapped_column(String(30))  # phone | email | sms | visit | portal | system ...
    direction: Mapped[str] = mapped_column(String(3))  # in | out
    party: Mapped[str] = mapped_column(String(20), default="customer")  # customer | supplier
    summary: Mapped[str] = mapped_column(Text)
    feedback: Mapped[str | None] = mapped_column(Text)
    next_step: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("ix_communication_direction_at", "direction", "at"),)


class Comment(db.Model):  # type: ignore[name-defined,misc]
    """What colleagues say to each other about a case; append-only. Also notes of handlers (kind)."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="comment")  # comment | lesson | praise | ...
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class NumberSequence(db.Model):  # type: ignore[name-defined,misc]
    """The last number given out of a kind in a period."""

    __tablename__ = "number_sequence"
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
