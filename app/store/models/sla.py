"""The clocks of cases, and each clause's own limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db
from app.store.models._columns import OPEN, Sequence


class Milestone(db.Model):  # type: ignore[name-defined,misc]
    """An SLA clock of a case."""

    __tablename__ = "milestone"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"))
    name: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(State(12), default="open")  # open | reached | cancelled | superseded
    target_only: Mapped[bool] = mapped_column(default=False)  # a KPI, never a breach
    clock_start: Mapped[str] = mapped_column(String(30))
    started_at: Mapped[datetime] = mapped_column(Utc)
    duration: Mapped[str] = mapped_column(String(60))  # as in the decision; "PT24H|P1D" for the earlier of two
    calendar: Mapped[str] = mapped_column(String(30))
    promised_at: Mapped[datetime] = mapped_column(Utc)  # as first computed
    due_at: Mapped[datetime] = mapped_column(Utc)  # after pauses
    reached_at: Mapped[datetime | None] = mapped_column(Utc)
    paused_at: Mapped[datetime | None] = mapped_column(Utc)  # set while paused
    pauses: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # {from, to, reason, by}
    decision: Mapped[str] = mapped_column(String(80))
    rule: Mapped[str] = mapped_column(String(40))
    clauses: Mapped[list[str]] = mapped_column(JSON)
    why: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # the trace of the computation
    provisional: Mapped[bool] = mapped_column(default=False)
    policy_version: Mapped[str] = mapped_column(String(40), default="1")
    round: Mapped[int] = mapped_column(Integer, default=1)  # of the case when the clock was started
    superseded_by: Mapped[int | None] = mapped_column(Sequence)
    __table_args__ = (
        Index("ix_milestone_case_name", "case_id", "name"),
        Index("ix_milestone_name_started", "name", "started_at", "case_id", "state", "due_at", "reached_at",
              "paused_at", "target_only"),
        Index("ix_milestone_name_due", "name", "due_at"),
        Index("ix_milestone_open_due", "due_at", "case_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_milestone_open_case", "case_id", "due_at", "target_only", "paused_at", sqlite_where=OPEN,
              postgresql_where=OPEN),
    )


class MilestoneCheck(db.Model):  # type: ignore[name-defined,misc]
    """One clause's own limit on a milestone: a late answer can break one and keep another."""

    __tablename__ = "milestone_check"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    clause: Mapped[str] = mapped_column(String(30))
    duration: Mapped[str] = mapped_column(String(60))
    calendar: Mapped[str] = mapped_column(String(30))
    due_at: Mapped[datetime] = mapped_column(Utc)
