"""Changes of the written policy's register, and the original texts that it was taken from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db


class PolicyChange(db.Model):  # type: ignore[name-defined,misc]
    """One change of one entry of the register: proposed by one person, decided by another, never altered after that."""

    __tablename__ = "policy_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(State(12))  # clause | document | conflict | law | disposition
    key: Mapped[str] = mapped_column(String(40))  # the entry's id
    old: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # as it stood; null: it is new
    new: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # as it shall be; null: retired
    reason: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date]  # a day of the company's zone
    correction: Mapped[bool] = mapped_column(default=False)  # the register was wrong: the day may lie in the past
    batch: Mapped[str | None] = mapped_column(String(60))  # the import that it came with
    state: Mapped[str] = mapped_column(State(10), default="proposed")  # proposed | approved | rejected | withdrawn
    open_key: Mapped[str | None] = mapped_column(String(60), unique=True)  # kind:key while proposed: one at a time
    proposed_at: Mapped[datetime] = mapped_column(Utc)
    proposed_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime | None] = mapped_column(Utc)
    decided_by: Mapped[str | None] = mapped_column(String(80))  # never the proposer, but for a withdrawal
    decision_note: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_policy_change_state", "state", "id"),
        Index("ix_policy_change_kind_key", "kind", "key"),
    )


class PolicyOriginal(db.Model):  # type: ignore[name-defined,misc]
    """An original text as it was uploaded, with the lines that were read out of it."""

    __tablename__ = "policy_original"
    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(40))  # id of the register's document
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    lines: Mapped[list[str]] = mapped_column(JSON, deferred=True)  # the text, for reading and for places
    uploaded_at: Mapped[datetime] = mapped_column(Utc)
    uploaded_by: Mapped[str] = mapped_column(String(80))
    superseded: Mapped[bool] = mapped_column(default=False)  # a newer one stands in its place
    __table_args__ = (Index("ix_policy_original_document", "document", "superseded"),)
