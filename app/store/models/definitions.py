"""Versions of processes and the files that they were built from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Utc, db


class Deployment(db.Model):  # type: ignore[name-defined,misc]
    """An immutable bundle of files, by content hash."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(10), default="tree", server_default="tree")  # tree | studio | rollback
    restores_id: Mapped[int | None] = mapped_column(Integer)  # of a way back: the deployment whose files it has


class DefinitionFile(db.Model):  # type: ignore[name-defined,misc]
    """The content of a file of a bundle, once per content."""

    __tablename__ = "definition_file"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DeploymentFile(db.Model):  # type: ignore[name-defined,misc]
    """Which file a bundle holds at a path."""

    __tablename__ = "deployment_file"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("definition_file.digest"))


class Definition(db.Model):  # type: ignore[name-defined,misc]
    """One version of one process; it changes when anything that it reaches changes."""

    __tablename__ = "definition"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    path: Mapped[str] = mapped_column(String(300))
    reaches: Mapped[list[str]] = mapped_column(JSON)
    spec: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("key", "version"),)
