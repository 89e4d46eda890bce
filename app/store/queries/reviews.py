"""The stamps of reviewed links as the database keeps them: the newest row of each clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.base import db
from app.store.models import ReviewStamp

COLUMNS = (ReviewStamp.clause, ReviewStamp.digest, ReviewStamp.day, ReviewStamp.by, ReviewStamp.over)


def mark(session: Session) -> tuple[Any, ...]:
    """Return what tells one set of stamps from another: rows are only added."""
    return tuple(session.execute(select(func.count(), func.max(ReviewStamp.id))).one())


def stamps(session: Session) -> Sequence[tuple[str, str, date, str, str]]:
    """Return the newest stamp of each clause that has one: clause, digest, day, by, the tree's stamp of that time."""
    newest = select(func.max(ReviewStamp.id)).group_by(ReviewStamp.clause)
    query = select(*COLUMNS).where(ReviewStamp.id.in_(newest))
    return [(clause, digest, day, by, over) for clause, digest, day, by, over in session.execute(query)]


def seen_of(clauses: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return what the newest stamps of some clauses stood for; clauses without a stamp are left out."""
    newest = select(func.max(ReviewStamp.id)).where(ReviewStamp.clause.in_(clauses)).group_by(ReviewStamp.clause)
    query = select(ReviewStamp.clause, ReviewStamp.seen).where(ReviewStamp.id.in_(newest))
    return {row.clause: row.seen for row in db.session.execute(query)}
