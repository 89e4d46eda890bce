"""Who is who: names of users and groups, and what was told to somebody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select

from app.store.base import db
from app.store.models import Group, Membership, Notification, User


def unread_count(user_id: int) -> int:
    """Return how many notifications a user has not read."""
    query = (
        select(func.count())
        .select_from(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None))
    )
    return db.session.execute(query).scalar_one()


def notifications(user_id: int, limit: int = 100) -> Sequence[Notification]:
    """Return what a user was told, newest first."""
    query = select(Notification).where(Notification.user_id == user_id).order_by(Notification.id.desc()).limit(limit)
    return db.session.execute(query).scalars().all()


def notification(notification_id: int, user_id: int) -> Notification | None:
    """Return one notification of a user."""
    query = select(Notification).where(Notification.id == notification_id, Notification.user_id == user_id)
    return db.session.execute(query).scalar_one_or_none()


def groups() -> Sequence[Group]:
    """Return every group, by its Chinese name's code order."""
    return db.session.execute(select(Group).order_by(Group.code)).scalars().all()


def groups_named(codes: Collection[str]) -> Sequence[Group]:
    """Return the groups with these codes."""
    if not codes:
        return []
    return db.session.execute(select(Group).where(Group.code.in_(codes)).order_by(Group.code)).scalars().all()


def users(active_only: bool = True) -> Sequence[User]:
    """Return the users by name."""
    query = select(User).order_by(User.username)
    return db.session.execute(query.where(User.active) if active_only else query).scalars().all()


def user(user_id: int) -> User | None:
    """Return one user."""
    return db.session.execute(select(User).where(User.id == user_id)).scalar_one_or_none()


def memberships() -> Mapping[int, list[str]]:
    """Return the group codes of every user."""
    found: dict[int, list[str]] = {}
    for user_id, code in db.session.execute(
        select(Membership.user_id, Membership.group_code).order_by(Membership.group_code)
    ):
        found.setdefault(user_id, []).append(code)
    return found


def names_of(user_ids: Collection[int | None]) -> Mapping[int, str]:
    """Return the display names of users."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(User.id, User.display_name).where(User.id.in_(wanted)))
    return {row.id: row.display_name for row in rows}


def display_names(usernames: Collection[str]) -> Mapping[str, str]:
    """Return the display names by username: history keeps usernames."""
    if not usernames:
        return {}
    rows = db.session.execute(select(User.username, User.display_name).where(User.username.in_(usernames)))
    return {row.username: row.display_name for row in rows}


def demo_users() -> Sequence[User]:
    """Return the demo users, for the sign-in page of a development installation."""
    return db.session.execute(select(User).where(User.demo, User.active).order_by(User.id)).scalars().all()
