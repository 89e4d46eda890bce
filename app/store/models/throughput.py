"""How long elements took, by day: what the process picture adds up."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import db


class ElementTime(db.Model):  # type: ignore[name-defined,misc]
    """How many runs of an element ended on a day within one span of length; made from the history, never edited."""

    __tablename__ = "element_time"
    process: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in the company's zone
    definition_id: Mapped[int] = mapped_column(Integer, primary_key=True)  # of the instance's own process
    element_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)  # of the length; see app/services/throughput.py
    finished: Mapped[int] = mapped_column(Integer)
    due: Mapped[int] = mapped_column(Integer)  # how many of them had a deadline
    late: Mapped[int] = mapped_column(Integer)  # how many of those ended after it
