"""User tasks and what was filled in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db
from app.store.models._columns import OPEN, Sequence


class WorkItem(db.Model):  # type: ignore[name-defined,misc]
    """A user task, open or done. Its id is the engine's task id."""

    __tablename__ = "work_item"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    form_id: Mapped[str | None] = mapped_column(String(80))
    group_code: Mapped[str | None] = mapped_column(String(40))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who delegated it and gets it back (委派)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | completed | cancelled
    level: Mapped[str | None] = mapped_column(String(2))  # of the case, for sorting
    milestone: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime | None] = mapped_column(Utc)
    remind_at: Mapped[datetime | None] = mapped_column(Utc)
    follow_up_at: Mapped[datetime | None] = mapped_column(Utc)
    claimed_at: Mapped[datetime | None] = mapped_column(Utc)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    draft_at: Mapped[datetime | None] = mapped_column(Utc)
    draft_by: Mapped[str | None] = mapped_column(String(80))
    revision: Mapped[int] = mapped_column(Integer, default=0)
    completed_at: Mapped[datetime | None] = mapped_column(Utc)
    completed_by: Mapped[str | None] = mapped_column(String(80))
    on_behalf: Mapped[bool] = mapped_column(default=False)  # a clerk entered the customer's answer
    __table_args__ = (
        Index("ix_work_item_open_group_due", "group_code", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_open_assignee_due", "assignee_id", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_open_remind", "remind_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_state_created", "state", "created_at", "id"),
        Index("ix_work_item_group_state_created", "group_code", "state", "created_at", "id", "assignee_id"),
        Index("ix_work_item_assignee_state_created", "assignee_id", "state", "created_at", "id", "group_code"),
        Index("ix_work_item_completed_by", "completed_by", "state", "completed_at", "id", "group_code"),
        Index("ix_work_item_owner", "owner_id"),
        Index("ix_work_item_created", "created_at", "group_code", "state", "due_at", "completed_at"),
        Index("ix_work_item_open_element", "process", "element_id", "instance_id", "due_at", sqlite_where=OPEN,
              postgresql_where=OPEN),
        Index("ix_work_item_case_state", "case_id", "state", "group_code"),
        Index("ix_work_item_group_case", "group_code", "case_id"),
        Index("ix_work_item_instance_state", "instance_id", "state"),
    )


class WorkItemParty(db.Model):  # type: ignore[name-defined,misc]
    """Somebody through whose hands a work item went (claimed, transferred, delegated, asked): may read it later."""

    __tablename__ = "work_item_party"
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)


class Consultation(db.Model):  # type: ignore[name-defined,misc]
    """A second opinion (加签) or a countersign (会签) asked for on a work item; a countersign holds it back."""

    __tablename__ = "consultation"
    id: Mapped[int] = mapped_column(primary_key=True)
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # opinion | countersign
    asked_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_of: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    question: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Utc)
    answer: Mapped[str | None] = mapped_column(Text)
    agreed: Mapped[bool | None]
    answered_at: Mapped[datetime | None] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | answered | withdrawn


class Submission(db.Model):  # type: ignore[name-defined,misc]
    """What was filled in; a correction is a new row that names the old one."""

    __tablename__ = "submission"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    instance_id: Mapped[str] = mapped_column(String(36))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    form_id: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    submitted_at: Mapped[datetime] = mapped_column(Utc)
    submitted_by: Mapped[str] = mapped_column(String(80))
    corrects_id: Mapped[int | None] = mapped_column(Sequence)
    reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_submission_form_submitted", "form_id", "submitted_at"),)
