"""What the policy pages show: proposals, decided changes, original texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, undefer

from app.store.base import db
from app.store.models import PolicyChange, PolicyOriginal


@dataclass(frozen=True)
class Approved:
    """A change that was approved: never altered again, so that it may be remembered past its session."""

    id: int
    kind: str
    key: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    reason: str
    effective_from: date
    correction: bool
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime
    decided_by: str
    decision_note: str


COLUMNS = [getattr(PolicyChange, name) for name in Approved.__dataclass_fields__]

STAMP = select(func.count(), func.sum(PolicyChange.id), func.max(PolicyChange.decided_at)).where(
    PolicyChange.state == "approved")


def stamp(session: Session) -> tuple[Any, ...]:
    """Return what tells one set of approved changes from another: they are never altered once approved."""
    return tuple(session.execute(STAMP).one())


def approved(session: Session) -> list[Approved]:
    """Return the approved changes in the order in which they take effect."""
    query = select(*COLUMNS).where(PolicyChange.state == "approved")
    return [Approved(*row) for row in session.execute(query.order_by(PolicyChange.effective_from, PolicyChange.id))]


def proposed(session: Session) -> Sequence[PolicyChange]:
    """Return what waits for a decision, the oldest first; locked when the session writes."""
    query = select(PolicyChange).where(PolicyChange.state == "proposed").order_by(PolicyChange.id)
    return session.execute(query).scalars().all()


def proposals(states: Sequence[str], limit: int, offset: int) -> tuple[Sequence[PolicyChange], int]:
    """Return a page of changes in one of `states`, the newest first, and how many there are."""
    where = PolicyChange.state.in_(states)
    total = db.session.execute(select(func.count()).select_from(PolicyChange).where(where)).scalar_one()
    query = select(PolicyChange).where(where).order_by(PolicyChange.id.desc()).limit(limit).offset(offset)
    return db.session.execute(query).scalars().all(), total


def changes_before(states: Sequence[str], kind: str | None, key: str | None, before: int | None,
                   limit: int) -> tuple[Sequence[PolicyChange], int]:
    """Return up to `limit` changes with smaller ids than `before`, the newest first, and how many fit in all."""
    wheres: list[ColumnElement[bool]] = [PolicyChange.state.in_(states)]
    wheres += [PolicyChange.kind == kind] if kind is not None else []
    wheres += [PolicyChange.key == key] if key is not None else []
    total = db.session.execute(select(func.count()).select_from(PolicyChange).where(*wheres)).scalar_one()
    query = select(PolicyChange).where(*wheres).order_by(PolicyChange.id.desc()).limit(limit)
    if before is not None:
        query = query.where(PolicyChange.id < before)
    return db.session.execute(query).scalars().all(), total


def waiting() -> int:
    """Return how many proposals wait for a decision."""
    query = select(func.count()).select_from(PolicyChange).where(PolicyChange.state == "proposed")
    return db.session.execute(query).scalar_one()


def of_entry(kind: str, key: str) -> Sequence[PolicyChange]:
    """Return every change of an entry, the newest first."""
    query = select(PolicyChange).where(PolicyChange.kind == kind, PolicyChange.key == key)
    return db.session.execute(query.order_by(PolicyChange.id.desc())).scalars().all()


def open_keys() -> frozenset[tuple[str, str]]:
    """Return kind and id of every entry with a proposal that waits."""
    query = select(PolicyChange.kind, PolicyChange.key).where(PolicyChange.state == "proposed")
    return frozenset((kind, key) for kind, key in db.session.execute(query))


def originals(documents: Sequence[str] | None = None) -> Sequence[PolicyOriginal]:
    """Return the originals that stand now, without their content; of `documents` or all."""
    query = select(PolicyOriginal).where(PolicyOriginal.superseded.is_(False)).order_by(PolicyOriginal.document)
    if documents is not None:
        query = query.where(PolicyOriginal.document.in_(documents))
    return db.session.execute(query).scalars().all()


def earlier_originals(document: str) -> Sequence[PolicyOriginal]:
    """Return every original ever uploaded for a document, the newest first, without content."""
    query = select(PolicyOriginal).where(PolicyOriginal.document == document).order_by(PolicyOriginal.id.desc())
    return db.session.execute(query).scalars().all()


def original(original_id: int, *, with_content: bool = False) -> PolicyOriginal | None:
    """Return one original with its lines, and its content where asked for."""
    query = select(PolicyOriginal).where(PolicyOriginal.id == original_id).options(undefer(PolicyOriginal.lines))
    if with_content:
        query = query.options(undefer(PolicyOriginal.content))
    return db.session.execute(query).scalar_one_or_none()


def change(change_id: int) -> PolicyChange | None:
    """Return one change, freshly read."""
    query = select(PolicyChange).where(PolicyChange.id == change_id).execution_options(populate_existing=True)
    return db.session.execute(query).scalar_one_or_none()
