"""Cases, who they are linked to and who was given a copy."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db


class Case(db.Model):  # type: ignore[name-defined,misc]
    """The business record of a case: the system of record for its facts."""

    __tablename__ = "case"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    access_key: Mapped[str] = mapped_column(String(64), unique=True)  # the customer's unguessable link
    type: Mapped[str] = mapped_column(String(30))
    complaint_type: Mapped[str | None] = mapped_column(String(40))
    level: Mapped[str | None] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | closed | cancelled
    status: Mapped[str] = mapped_column(String(40), default="待处理")  # the policy's wording
    outcome: Mapped[str | None] = mapped_column(String(80))  # id of the end event that closed it
    channel: Mapped[str] = mapped_column(String(30))
    customer_name: Mapped[str] = mapped_column(String(120))
    customer_phone: Mapped[str] = mapped_column(String(40), index=True)
    customer_email: Mapped[str | None] = mapped_column(String(200))
    customer_level: Mapped[str] = mapped_column(String(20), default="ordinary")
    customer_known: Mapped[bool] = mapped_column(default=False)
    product_model: Mapped[str | None] = mapped_column(String(80))
    serial_no: Mapped[str | None] = mapped_column(String(80), index=True)
    order_no: Mapped[str | None] = mapped_column(String(80), index=True)
    purchase_date: Mapped[date | None]
    origin: Mapped[str] = mapped_column(String(20), default="not_applicable")
    description: Mapped[str] = mapped_column(Text)
    urgency: Mapped[str | None] = mapped_column(String(20))
    severity: Mapped[str | None] = mapped_column(String(20))
    flags: Mapped[list[str]] = mapped_column(JSON, default=list)
    owner_group: Mapped[str | None] = mapped_column(String(40))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    round: Mapped[int] = mapped_column(Integer, default=1)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    registered_at: Mapped[datetime] = mapped_column(Utc)
    registered_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    archived_at: Mapped[datetime | None] = mapped_column(Utc)
    keep_until: Mapped[datetime | None] = mapped_column(Utc)  # never deleted before
    policy_version: Mapped[str] = mapped_column(String(40), default="1")
    __table_args__ = (
        Index("ix_case_registered", "registered_at", "id"),
        Index("ix_case_state_registered", "state", "registered_at", "id"),
        Index("ix_case_type_registered", "type", "registered_at", "id"),
        Index("ix_case_level_registered", "level", "registered_at", "id"),
        Index("ix_case_status_registered", "status", "registered_at", "id"),
        Index("ix_case_registered_by", "registered_by"),
        Index("ix_case_owner", "owner_id"),
        Index("ix_case_closed", "closed_at"),
        # What the control room joins to its instances.
        Index("ix_case_control", "id", "level", "type", "owner_group", "product_model", "state"),
        # Everything that a search looks at: what contains a word is found by reading this instead of the rows.
        Index("ix_case_search", "customer_name", "customer_phone", "number", "serial_no", "order_no", "id"),
    )


class CaseLink(db.Model):  # type: ignore[name-defined,misc]
    """Two cases that belong together (a duplicate, the same customer's problem)."""

    __tablename__ = "case_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # duplicate | related
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("case_id", "other_id", "kind"),)


class CaseCopy(db.Model):  # type: ignore[name-defined,misc]
    """Somebody who was given a copy of a case to read (抄送)."""

    __tablename__ = "case_copy"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)
