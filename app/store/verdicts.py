"""Rows of verdicts: what is to be judged, what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, delete, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.bulk import insert_tuples
from app.store.models import Case, Unjudged, Verdict
from app.store.models.verdicts import COMPANY
from app.store.unit_of_work import Write, send

COLUMNS = ("subject", "clause", "period", "case_id", "state", "due_at", "since", "obligation", "evidence", "judged_at",
           "policy_version")  # of the rows that `replace` takes


def mark(session: Session, case_id: str | None) -> None:
    """Note, with one statement, that a case (None: the company) is to be judged again."""
    send(session, [marking(session, case_id)])


def mark_open(session: Session) -> None:
    """Note that every open case is to be judged again: the calendar has changed."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    opened = select(Case.id, literal(1)).where(Case.state == "open")
    session.execute(dialect.insert(Unjudged.__table__).from_select(["subject", "mark"], opened).on_conflict_do_update(
        index_elements=[Unjudged.subject], set_={"mark": Unjudged.mark + 1}))


def marking(session: Session, case_id: str | None) -> Write:
    """Return the write of `mark`, to be sent with others."""
    return _marking(session.get_bind().dialect.name), {"subject": case_id or COMPANY, "mark": 1}


@cache
def _marking(database: str) -> Insert:
    dialect: Any = postgresql if database == "postgresql" else sqlite
    statement: Insert = dialect.insert(Unjudged.__table__).on_conflict_do_update(
        index_elements=[Unjudged.subject], set_={"mark": Unjudged.mark + 1})
    return statement


def to_judge(session: Session, now: datetime, limit: int) -> dict[str, int]:
    """Return subjects with their marks: those that something happened to, then those whose time has run out (0)."""
    query = select(Unjudged.subject, Unjudged.mark).order_by(Unjudged.subject).limit(limit)
    marked = {row.subject: row.mark for row in session.execute(query)}
    if len(marked) < limit:
        late = (select(Verdict.subject).where(Verdict.state == "pending", Verdict.due_at < now).distinct()
                .limit(limit - len(marked)))
        marked |= {subject: marked.get(subject, 0) for subject in session.scalars(late)}
    return marked


def marks_of(session: Session, subjects: Sequence[str]) -> dict[str, int]:
    """Return the marks of some subjects; none for one that nothing has happened to."""
    query = select(Unjudged.subject, Unjudged.mark).where(Unjudged.subject.in_(subjects))
    return {row.subject: row.mark for row in session.execute(query)}


def replace(session: Session, marks: Mapping[str, int], rows: Sequence[tuple[Any, ...]]) -> None:
    """Put new verdicts of some subjects in the place of the old; one that moved meanwhile stays to be judged."""
    subjects = sorted(marks)
    session.execute(delete(Verdict).where(Verdict.subject.in_(subjects)))
    insert_tuples(session, Verdict, COLUMNS, rows)
    seen = [(subject, marks[subject]) for subject in subjects if marks[subject]]
    if seen:
        session.execute(delete(Unjudged).where(tuple_(Unjudged.subject, Unjudged.mark).in_(seen)))
