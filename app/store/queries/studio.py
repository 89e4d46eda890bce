"""What the studio's pages read: versions of files and processes, and what runs on each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.models import Definition, DefinitionFile, Deployment, DeploymentFile, Instance

RUNNING = ("active", "suspended")


def latest_deployment(session: Session) -> Deployment | None:
    """Return the newest deployment, or None before the first."""
    return session.execute(select(Deployment).order_by(Deployment.id.desc()).limit(1)).scalar_one_or_none()


def deployments(session: Session, ids: Iterable[int]) -> Mapping[int, Deployment]:
    """Return deployments by id."""
    query = select(Deployment).where(Deployment.id.in_(set(ids)))
    return {row.id: row for row in session.execute(query).scalars()}


def file_spans(session: Session, path: str | None = None) -> Sequence[Any]:
    """Return (path, digest, first, last): which deployments held a content first and last; of one path, or of all."""
    query = (
        select(DeploymentFile.path, DeploymentFile.digest, func.min(DeploymentFile.deployment_id).label("first"),
               func.max(DeploymentFile.deployment_id).label("last"))
        .group_by(DeploymentFile.path, DeploymentFile.digest)
        .order_by(DeploymentFile.path, func.min(DeploymentFile.deployment_id))
    )
    return session.execute(query if path is None else query.where(DeploymentFile.path == path)).all()


def contents(session: Session, digests: Iterable[str]) -> Mapping[str, bytes]:
    """Return files' contents by digest."""
    query = select(DefinitionFile.digest, DefinitionFile.content).where(DefinitionFile.digest.in_(set(digests)))
    return dict(session.execute(query).all())


def file_at(session: Session, deployment_id: int, path: str) -> bytes | None:
    """Return a file of a deployment, or None."""
    query = (
        select(DefinitionFile.content)
        .join(DeploymentFile, DeploymentFile.digest == DefinitionFile.digest)
        .where(DeploymentFile.deployment_id == deployment_id, DeploymentFile.path == path)
    )
    return session.execute(query).scalar_one_or_none()


def process_versions(session: Session, key: str | None = None) -> Sequence[Definition]:
    """Return every version of a process, or of all processes, the newest first."""
    query = select(Definition).order_by(Definition.key, Definition.version.desc())
    return session.execute(query if key is None else query.where(Definition.key == key)).scalars().all()


def running(session: Session) -> Mapping[int, int]:
    """Return how many open instances stand on each version, by definition id."""
    query = (
        select(Instance.definition_id, func.count()).where(Instance.state.in_(RUNNING)).group_by(Instance.definition_id)
    )
    return dict(session.execute(query).all())


def digests_of(session: Session, path: str) -> Mapping[int, str]:
    """Return the digest of a path in each deployment."""
    query = select(DeploymentFile.deployment_id, DeploymentFile.digest).where(DeploymentFile.path == path)
    return dict(session.execute(query).all())
