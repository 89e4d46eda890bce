"""Who signs in, their groups, and what is kept for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Utc, db
from app.store.models._columns import Sequence


class User(db.Model):  # type: ignore[name-defined,misc]
    """Somebody who signs in."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    session_epoch: Mapped[int] = mapped_column(Integer, default=0)  # raised to end every session
    created_at: Mapped[datetime] = mapped_column(Utc)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Utc)


class Group(db.Model):  # type: ignore[name-defined,misc]
    """A role of the policy; lanes name it."""

    __tablename__ = "group"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80), unique=True)
    name_en: Mapped[str] = mapped_column(String(80))


class Membership(db.Model):  # type: ignore[name-defined,misc]
    """Who is in which group."""

    __tablename__ = "membership"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    group_code: Mapped[str] = mapped_column(ForeignKey("group.code"), primary_key=True, index=True)


class SignedOut(db.Model):  # type: ignore[name-defined,misc]
    """A browser session that was ended; its signed cookie opens nothing any more."""

    __tablename__ = "signed_out"
    session_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc, index=True)


class Token(db.Model):  # type: ignore[name-defined,misc]
    """A bearer token of the API; only its digest is kept."""

    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)


class Notification(db.Model):  # type: ignore[name-defined,misc]
    """Something told to a user inside the product."""

    __tablename__ = "notification"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(String(250), unique=True)  # job key and user: told once
    kind: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[str | None] = mapped_column(String(36))
    work_item_id: Mapped[str | None] = mapped_column(String(36))
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    body_zh: Mapped[str] = mapped_column(Text, default="")
    body_en: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(Utc)
    read_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (Index("ix_notification_user_read", "user_id", "read_at"),)


class SavedView(db.Model):  # type: ignore[name-defined,misc]
    """A named filter of a list."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    page: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("user_id", "page", "name"),)
