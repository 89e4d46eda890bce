"""What was judged of each clause, and what is to be judged again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db

PENDING = text("state = 'pending'")
COMPANY = "company"  # the subject of what no single case owes: reports and reviews


class Verdict(db.Model):  # type: ignore[name-defined,misc]
    """One clause judged on one case, or on the company in one period. No row: the clause does not apply.

    A deviation refers to (subject, clause, period), which stay the same however often the case is judged again.
    """

    __tablename__ = "verdict"
    subject: Mapped[str] = mapped_column(String(36), primary_key=True)  # id of the case, or "company"
    clause: Mapped[str] = mapped_column(String(30), primary_key=True)
    period: Mapped[str] = mapped_column(String(10), primary_key=True, default="")  # of a cadence: its first day
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    state: Mapped[str] = mapped_column(State(10))  # kept | broken | pending
    due_at: Mapped[datetime | None] = mapped_column(Utc)  # of a pending one: broken when that passes
    since: Mapped[datetime] = mapped_column(Utc)  # when it came to be kept, broken or owed
    obligation: Mapped[str] = mapped_column(String(10))  # must | should | info
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # what was found, rule by rule
    judged_at: Mapped[datetime] = mapped_column(Utc)
    policy_version: Mapped[str] = mapped_column(String(40))
    __table_args__ = (
        Index("ix_verdict_clause_state", "clause", "state", "since"),
        Index("ix_verdict_state_since", "state", "since", "subject", "clause"),
        Index("ix_verdict_pending_due", "due_at", sqlite_where=PENDING, postgresql_where=PENDING),
    )


class Unjudged(db.Model):  # type: ignore[name-defined,misc]
    """A case (or the company) that something has happened to since it was judged."""

    __tablename__ = "unjudged"
    subject: Mapped[str] = mapped_column(String(36), primary_key=True)
    mark: Mapped[int] = mapped_column(Integer, default=1)  # counts what happened meanwhile
