"""Rows of the number sequences."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.models import NumberSequence


def take(session: Session, kind: str, period: str) -> int:
    """Return the next number of `kind` in `period`, from 1; gap-free, since the row stays locked until the commit."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(NumberSequence).values(kind=kind, period=period, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=[NumberSequence.kind, NumberSequence.period], set_={"last": NumberSequence.last + 1})
    return int(session.execute(statement.returning(NumberSequence.last)).scalar_one())
