"""Running instances, what they wait for, and what ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db
from app.store.models._columns import Sequence


class Instance(db.Model):  # type: ignore[name-defined,misc]
    """One running process."""

    __tablename__ = "instance"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"), index=True)
    process: Mapped[str] = mapped_column(String(80))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"))
    link_key: Mapped[str | None] = mapped_column(String(200), unique=True)  # idempotency of a linked start
    state: Mapped[str] = mapped_column(State(12))  # active | suspended | completed | cancelled
    revision: Mapped[int] = mapped_column(Integer, default=0)
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    outcome: Mapped[str | None] = mapped_column(String(80))  # id of the last end event of the process itself
    reason: Mapped[str | None] = mapped_column(Text)  # why suspended or cancelled
    __table_args__ = (
        Index("ix_instance_case_state", "case_id", "state"),
        Index("ix_instance_state_created", "state", "created_at"),
        # What the control room's list filters, counts and sorts by, without the states.
        Index("ix_instance_control", "created_at", "id", "state", "definition_id", "process", "case_id",
              "parent_id"),
        Index("ix_instance_process_created", "process", "created_at"),
    )


class Timer(db.Model):  # type: ignore[name-defined,misc]
    """A waiting timer; the table is the truth of what is due."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[str] = mapped_column(String(36))
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime | None] = mapped_column(Utc, index=True)  # null while disarmed
    milestone: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Utc)  # a poison instance is pushed back
    __table_args__ = (
        UniqueConstraint("task_id"),
        Index("ix_timer_element", "process", "element_id", "instance_id"),
    )


class Subscription(db.Model):  # type: ignore[name-defined,misc]
    """An instance that waits for a message."""

    __tablename__ = "subscription"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[str] = mapped_column(String(36))
    element_id: Mapped[str] = mapped_column(String(80))
    message: Mapped[str] = mapped_column(String(80))
    correlation: Mapped[str | None] = mapped_column(String(120))
    __table_args__ = (
        UniqueConstraint("task_id", "message"),
        Index("ix_subscription_message_correlation", "message", "correlation"),
    )


class Message(db.Model):  # type: ignore[name-defined,misc]
    """The inbox: every message, early and duplicate ones too."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # the same key is the same message
    name: Mapped[str] = mapped_column(String(80))
    correlation: Mapped[str | None] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(State(10), default="waiting")  # waiting | delivered | expired
    source: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    delivered_at: Mapped[datetime | None] = mapped_column(Utc)
    instance_id: Mapped[str | None] = mapped_column(String(36))  # who took it
    __table_args__ = (Index("ix_message_state_name_correlation", "state", "name", "correlation"),)


class Job(db.Model):  # type: ignore[name-defined,misc]
    """An outgoing effect, a service call, or a message on its way."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # goes outside as the idempotency key
    operation: Mapped[str] = mapped_column(String(80))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    instance_id: Mapped[str | None] = mapped_column(String(36), index=True)
    state: Mapped[str] = mapped_column(State(10), default="waiting")  # waiting | running | done | dead
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=5)
    run_at: Mapped[datetime] = mapped_column(Utc)
    locked_until: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[Any | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Utc)
    done_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (Index("ix_job_state_run_at", "state", "run_at", "id"),)


class Incident(db.Model):  # type: ignore[name-defined,misc]
    """What needs an operator."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    process: Mapped[str | None] = mapped_column(String(80))
    element_id: Mapped[str | None] = mapped_column(String(80))
    task_id: Mapped[str | None] = mapped_column(String(36))
    job_id: Mapped[int | None] = mapped_column(Sequence)
    kind: Mapped[str] = mapped_column(String(20))  # engine | job | timer | state
    message_zh: Mapped[str] = mapped_column(Text)
    message_en: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | resolved
    created_at: Mapped[datetime] = mapped_column(Utc)
    resolved_at: Mapped[datetime | None] = mapped_column(Utc)
    resolved_by: Mapped[str | None] = mapped_column(String(80))
    resolution: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_incident_state_created", "state", "created_at"),)


class History(db.Model):  # type: ignore[name-defined,misc]
    """Append-only: the truth of what ran."""

    __tablename__ = "history"
    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    definition_id: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc)
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    task_id: Mapped[str] = mapped_column(String(36))
    type: Mapped[str] = mapped_column(String(40))
    activity: Mapped[str | None] = mapped_column(String(60))
    transition: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(80))
    group_code: Mapped[str | None] = mapped_column(String(40))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    __table_args__ = (Index("ix_history_at", "at"),)
