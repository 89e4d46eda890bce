"""The history as a log: cases in the order of their numbers' registration, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from app.store.models import Case, CaseLink, Definition, Document, History, Instance, WorkItem

BATCH = 200  # cases that are read with one statement each for their events, instances, tasks and papers


@dataclass(frozen=True)
class CaseRows:
    """A case (None for standing work without one) and everything that its trace is made of."""

    case: Case | None
    events: Sequence[Any]  # rows of History with the version of their definition
    instances: Sequence[Any]
    tasks: Sequence[Any]
    papers: Sequence[Any]
    links: Sequence[CaseLink]


def cases(session: Session, since: datetime | None, until: datetime | None) -> Iterator[CaseRows]:
    """Give the cases registered in [since, until), a few at a time in memory."""
    place: tuple[datetime, str] | None = None
    while rows := session.execute(_batch(since, until, place)).scalars().all():
        ids = [row.id for row in rows]
        events = _by(session.execute(_events().where(History.case_id.in_(ids))).all(), "case_id")
        instances = _by(session.execute(_instances().where(Instance.case_id.in_(ids))).all(), "case_id")
        tasks = _by(session.execute(_tasks().where(WorkItem.case_id.in_(ids))).all(), "case_id")
        papers = _by(session.execute(select(Document).where(Document.case_id.in_(ids))).scalars().all(), "case_id")
        links = _by(session.execute(select(CaseLink).where(CaseLink.case_id.in_(ids))).scalars().all(), "case_id")
        for row in rows:
            yield CaseRows(row, *(found.get(row.id, []) for found in (events, instances, tasks, papers, links)))
        place = rows[-1].registered_at, rows[-1].id
        session.expunge_all()


def standing(session: Session, since: datetime | None, until: datetime | None) -> Iterator[CaseRows]:
    """Give the work without a case that was started in [since, until), an instance a trace."""
    query = _instances().where(Instance.case_id.is_(None), *_between(Instance.created_at, since, until))
    for row in session.execute(query.order_by(Instance.created_at, Instance.id)).all():
        yield CaseRows(None, session.execute(_events().where(History.instance_id == row.id)).all(), [row],
                       session.execute(_tasks().where(WorkItem.instance_id == row.id)).all(), [], [])


def elements(session: Session) -> Sequence[Any]:
    """Return (definition id, process, element id) of everything that history names, each once."""
    return session.execute(select(History.definition_id, History.process, History.element_id).distinct()).all()


def _batch(since: datetime | None, until: datetime | None, place: tuple[datetime, str] | None) -> Select[Any]:
    query = select(Case).where(*_between(Case.registered_at, since, until))
    if place is not None:
        at, last = place
        query = query.where(or_(Case.registered_at > at, and_(Case.registered_at == at, Case.id > last)))
    return query.order_by(Case.registered_at, Case.id).limit(BATCH)


def _between(column: Any, since: datetime | None, until: datetime | None) -> list[Any]:
    return [*([column >= since] if since else []), *([column < until] if until else [])]


def _events() -> Select[Any]:
    columns = [getattr(History, name) for name in (
        "seq", "case_id", "instance_id", "definition_id", "at", "process", "element_id", "task_id", "type", "activity",
        "transition", "actor", "group_code")]
    query = select(*columns, Definition.version).join(Definition, Definition.id == History.definition_id)
    return query.order_by(History.seq)


def _instances() -> Select[Any]:
    columns: list[Any] = [getattr(Instance, name) for name in ("id", "case_id", "process", "state", "created_at")]
    return select(*columns, Definition.version).join(Definition, Definition.id == Instance.definition_id)


def _tasks() -> Select[Any]:
    columns: list[Any] = [getattr(WorkItem, name) for name in (
        "id", "case_id", "instance_id", "name", "group_code", "state", "created_at")]
    return select(*columns)


def _by(rows: Sequence[Any], name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found
