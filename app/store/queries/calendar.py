"""The exceptions of the working calendar, as the administration page lists them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.store.base import db
from app.store.models import CalendarDay


def exceptions() -> Sequence[CalendarDay]:
    """Return every exception, by day."""
    return db.session.execute(select(CalendarDay).order_by(CalendarDay.day)).scalars().all()
