"""Deviations from the written policy that somebody answers for, for a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Utc, db


class DriftWaiver(db.Model):  # type: ignore[name-defined,misc]
    """One deviation of the process from a clause, waived by a named person until a date; never altered, only ended."""

    __tablename__ = "drift_waiver"
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(20))  # of the finding: clause, place, verdict and both figures
    clause: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(300))  # process.element, decision.rule.column, form.field
    verdict: Mapped[str] = mapped_column(String(16))
    policy: Mapped[str] = mapped_column(Text)  # what the clause said
    process: Mapped[str] = mapped_column(Text)  # what the process said
    reason: Mapped[str] = mapped_column(Text)
    waived_by: Mapped[str] = mapped_column(String(80))
    waived_at: Mapped[datetime] = mapped_column(Utc)
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime] = mapped_column(Utc)  # from then on the deviation counts again
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # taken back before its time
    ended_by: Mapped[str | None] = mapped_column(String(80))
    __table_args__ = (
        Index("ix_drift_waiver_until", "valid_until"),
        Index("ix_drift_waiver_fingerprint", "fingerprint", "valid_until"),
    )
