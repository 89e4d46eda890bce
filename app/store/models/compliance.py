"""Deviations from the policy that somebody has to answer for, what was done about each, and who looked when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db

OPEN = text("state <> 'closed'")


class Deviation(db.Model):  # type: ignore[name-defined,misc]
    """One breach, drift or link to review; the same finding is the same row however often it is found again."""

    __tablename__ = "deviation"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)  # breach:subject:clause:period, drift:..., review:...
    kind: Mapped[str] = mapped_column(State(10))  # breach | drift | review
    clause: Mapped[str] = mapped_column(String(40))
    obligation: Mapped[str] = mapped_column(String(10))  # must | should | info
    subject: Mapped[str | None] = mapped_column(String(36))  # of a breach: id of the case, or "company"
    period: Mapped[str] = mapped_column(String(10), default="")  # of a breached cadence: its first day
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    place: Mapped[str] = mapped_column(String(300), default="")  # of drift: process.element, decision.rule.column
    found: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # of drift: what policy and process said
    since: Mapped[datetime] = mapped_column(Utc)  # when it came to be so
    found_at: Mapped[datetime] = mapped_column(Utc)  # when it was found
    state: Mapped[str] = mapped_column(State(12), default="open")  # open|assigned|explained|correcting|waived|closed
    owner: Mapped[str | None] = mapped_column(String(80))  # username
    due_at: Mapped[datetime | None] = mapped_column(Utc)  # until when the owner answers
    explanation: Mapped[str] = mapped_column(Text, default="")
    explained_by: Mapped[str | None] = mapped_column(String(80))
    waived_until: Mapped[datetime | None] = mapped_column(Utc)
    waived_by: Mapped[str | None] = mapped_column(String(80))
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"))  # the rectification
    gone_at: Mapped[datetime | None] = mapped_column(Utc)  # found no more: data was corrected, or the process changed
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    closed_by: Mapped[str | None] = mapped_column(String(80))
    closed_why: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("ix_deviation_subject", "subject"),
        Index("ix_deviation_case", "case_id"),
        Index("ix_deviation_clause", "clause", "since"),
        Index("ix_deviation_found", "found_at", "id"),
        Index("ix_deviation_closed", "closed_at"),
        Index("ix_deviation_open", "kind", "found_at", "id", "state", sqlite_where=OPEN, postgresql_where=OPEN),
    )


class DeviationNote(db.Model):  # type: ignore[name-defined,misc]
    """One thing that was done about a deviation; never altered."""

    __tablename__ = "deviation_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    deviation_id: Mapped[int] = mapped_column(ForeignKey("deviation.id"))
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    verb: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    __table_args__ = (Index("ix_deviation_note_deviation", "deviation_id", "id"),)


class ComplianceVisit(db.Model):  # type: ignore[name-defined,misc]
    """When somebody last opened the morning page, and when before that: what came between is new to them."""

    __tablename__ = "compliance_visit"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    before: Mapped[datetime | None] = mapped_column(Utc)


class ReviewStamp(db.Model):  # type: ignore[name-defined,misc]
    """That a clause's links were looked at, and what they were; the newest row of a clause is the one that counts."""

    __tablename__ = "review_stamp"
    id: Mapped[int] = mapped_column(primary_key=True)
    clause: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(12))  # of the clause and of what it is linked to
    day: Mapped[date]  # of the company's zone
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))  # username; of a stamp copied from the tree the name that stands there
    over: Mapped[str] = mapped_column(String(40), default="")  # the tree's stamp of that time
    seen: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)  # {"clause": digest, "links": {where: digest}}
    __table_args__ = (Index("ix_review_stamp_clause", "clause", "id"),)
