"""Change sets that process owners edit, submit and release."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db


class Draft(db.Model):  # type: ignore[name-defined,misc]
    """A change set: files that are edited together and released as one bundle."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(State(12), default="editing")  # editing | submitted | released | discarded
    base_deployment_id: Mapped[int | None] = mapped_column(ForeignKey("deployment.id"))  # what it was begun from
    note: Mapped[str] = mapped_column(Text, default="")  # why, told to who approves
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime] = mapped_column(Utc)
    submitted_at: Mapped[datetime | None] = mapped_column(Utc)
    submitted_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None] = mapped_column(Utc)
    decided_by: Mapped[str | None] = mapped_column(String(80))  # never one of the drafters
    decision_note: Mapped[str] = mapped_column(Text, default="")
    released_deployment_id: Mapped[int | None] = mapped_column(ForeignKey("deployment.id"))
    __table_args__ = (Index("ix_draft_state_changed", "state", "changed_at"),)


class DraftFile(db.Model):  # type: ignore[name-defined,misc]
    """One file of a change set as it stands now; its revision guards against silent overwriting."""

    __tablename__ = "draft_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"))
    path: Mapped[str] = mapped_column(String(300))  # as in a bundle: processes/case/case.bpmn, forms/x.json
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # null: the file is removed
    original: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # as it was imported, byte for byte
    revision: Mapped[int] = mapped_column(Integer, default=1)
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("draft_id", "path"),)


class DraftAuthor(db.Model):  # type: ignore[name-defined,misc]
    """Somebody who changed a file of a submitted change set, and so may not approve it."""

    __tablename__ = "draft_author"
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(80), primary_key=True)
