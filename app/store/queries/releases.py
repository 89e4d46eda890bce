"""What the pages on releases show: deployments with what they brought and what runs on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.store.base import db
from app.store.models import Definition, Deployment, Draft, Instance


@dataclass(frozen=True)
class Brought:
    """A process version that a deployment brought."""

    definition_id: int
    key: str
    version: int
    name: str
    name_en: str
    running: int  # instances that are not ended
    newest: bool


@dataclass(frozen=True)
class Release:
    """A deployment as the list shows it."""

    id: int
    at: datetime
    by: str
    note: str
    source: str  # tree | studio | rollback
    restores_id: int | None
    draft_id: int | None
    current: bool
    brought: tuple[Brought, ...]

    @property
    def running(self) -> int:
        """How many instances run on what it brought."""
        return sum(one.running for one in self.brought)


def count() -> int:
    """Return how many deployments there are."""
    return int(db.session.execute(select(func.count()).select_from(Deployment)).scalar_one())


def releases(limit: int, offset: int = 0) -> Sequence[Release]:
    """Return deployments, the newest first."""
    query = select(Deployment).order_by(Deployment.id.desc()).limit(limit).offset(offset)
    return _with_versions(db.session.execute(query).scalars().all())


def release(deployment_id: int) -> Release | None:
    """Return one deployment, or None."""
    row = db.session.get(Deployment, deployment_id)
    return _with_versions([row])[0] if row is not None else None


def _with_versions(rows: Sequence[Deployment]) -> Sequence[Release]:
    ids = [row.id for row in rows]
    newest = db.session.execute(select(func.max(Deployment.id))).scalar_one()
    drafts = dict(
        db.session.execute(
            select(Draft.released_deployment_id, Draft.id).where(Draft.released_deployment_id.in_(ids))
        ).all()
    )
    brought = _brought(ids)
    return [
        Release(row.id, row.created_at, row.created_by, row.note, row.source, row.restores_id, drafts.get(row.id),
                row.id == newest, tuple(brought.get(row.id, ())))
        for row in rows
    ]  # fmt: skip


def _brought(ids: Collection[int]) -> Mapping[int, list[Brought]]:
    versions = select(Definition.key, func.max(Definition.version)).group_by(Definition.key)
    latest = dict(db.session.execute(versions).all())
    columns = (Definition.id, Definition.deployment_id, Definition.key, Definition.version, Definition.name,
               Definition.name_en)  # fmt: skip
    found = db.session.execute(select(*columns).where(Definition.deployment_id.in_(ids)).order_by(Definition.key)).all()
    running = _running([row.id for row in found])
    brought: dict[int, list[Brought]] = {}
    for row in found:
        one = Brought(row.id, row.key, row.version, row.name, row.name_en, running.get(row.id, 0),
                      latest[row.key] == row.version)  # fmt: skip
        brought.setdefault(row.deployment_id, []).append(one)
    return brought


def _running(definition_ids: Sequence[int]) -> Mapping[int, int]:
    query = (
        select(Instance.definition_id, func.count())
        .where(Instance.state.in_(("active", "suspended")), Instance.definition_id.in_(definition_ids))
        .group_by(Instance.definition_id)
    )
    return dict(db.session.execute(query).all())


def waiting() -> Sequence[Draft]:
    """Return the change sets that wait for approval, the oldest first."""
    query = select(Draft).where(Draft.state == "submitted").order_by(Draft.submitted_at)
    return db.session.execute(query).scalars().all()
