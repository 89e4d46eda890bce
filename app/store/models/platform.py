"""What the running system keeps of itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Utc, db
from app.store.models._columns import FACTS_CHANGED, UNSEALED, Sequence


class Audit(db.Model):  # type: ignore[name-defined,misc]
    """Append-only: who did what; sealed into a hash chain afterwards."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(80))  # source:subject:action
    subject: Mapped[str] = mapped_column(String(120))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    chain: Mapped[int | None] = mapped_column(Sequence, unique=True)  # place in the chain; null = not sealed yet
    hash: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (
        Index("ix_audit_unsealed", "id", sqlite_where=UNSEALED, postgresql_where=UNSEALED),
        Index("ix_audit_facts", "case_id", sqlite_where=FACTS_CHANGED, postgresql_where=FACTS_CHANGED),
        Index("ix_audit_at", "at"),
        Index("ix_audit_actor", "actor", "at"),
    )


class CalendarDay(db.Model):  # type: ignore[name-defined,misc]
    """An exception of the working calendar, edited by the company."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    hours: Mapped[list[list[str]] | None] = mapped_column(JSON)  # [["09:00", "12:00"]]; null = the usual hours
    note: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(80))


class Setting(db.Model):  # type: ignore[name-defined,misc]
    """A value that the running system keeps (the clock's offset, the profile, the last deployment)."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class IdempotencyKey(db.Model):  # type: ignore[name-defined,misc]
    """The answer to a POST that was made before with the same key."""

    __tablename__ = "idempotency_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(String(200))
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("user_id", "key"),)
