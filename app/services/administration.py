"""What administrators keep (roles, first passwords, the working calendar), and users' own settings."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, time

from argon2 import PasswordHasher
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.services.audit import record
from app.store.models import CalendarDay, Group, Membership, Notification, User
from app.store.unit_of_work import in_unit_of_work

ADMIN = "admin"


class Administration:
    """The verbs of the administration pages; every one is audited."""

    def __init__(self, clock: Clock, hasher: PasswordHasher) -> None:
        self._clock, self._hasher = clock, hasher

    def set_locale(self, actor: Actor, locale: str) -> None:
        """Keep the actor's language."""
        in_unit_of_work(
            lambda session: session.execute(update(User).where(User.id == actor.user_id).values(locale=locale))
        )

    def mark_read(self, actor: Actor, notification_id: int | None = None) -> None:
        """Mark one notification of the actor, or all, as read."""
        condition = [Notification.user_id == actor.user_id, Notification.read_at.is_(None)]
        if notification_id is not None:
            condition.append(Notification.id == notification_id)
        in_unit_of_work(
            lambda session: session.execute(update(Notification).where(*condition).values(read_at=self._clock.now()))
        )

    def set_groups(self, username: str, groups: Iterable[str], actor: Actor) -> None:
        """Put a user into exactly these groups; raises NotFound, NotAllowed, Invalid for the last administrator."""
        wanted = frozenset(groups)

        def work(session: Session) -> None:
            user = self._user(session, username, actor)
            known = frozenset(session.execute(select(Group.code)).scalars())
            if wanted - known:
                raise Invalid([FieldError("groups", "There is no such group.", "没有这个岗位。")])
            had = frozenset(
                session.execute(select(Membership.group_code).where(Membership.user_id == user.id)).scalars()
            )
            if ADMIN in had - wanted and not self._other_admin(session, user.id):
                raise Invalid(
                    [FieldError("groups", "The last administrator must stay one.", "最后一名管理员不能被移出。")]
                )
            session.execute(
                delete(Membership).where(Membership.user_id == user.id, Membership.group_code.in_(had - wanted))
            )
            session.add_all(Membership(user_id=user.id, group_code=code) for code in sorted(wanted - had))
            record(
                session,
                self._clock.now(),
                actor.name,
                "admin:user:groups",
                username,
                detail={"from": sorted(had), "to": sorted(wanted)},
            )

        in_unit_of_work(work)

    def reset_password(self, username: str, actor: Actor) -> str:
        """Give a user a new first password, end the user's sessions, return it; raises NotFound, NotAllowed."""
        password = secrets.token_urlsafe(12)
        hashed = self._hasher.hash(password)

        def work(session: Session) -> None:
            user = self._user(session, username, actor)
            user.password_hash, user.failures, user.locked_until = hashed, 0, None
            user.session_epoch += 1
            record(session, self._clock.now(), actor.name, "admin:user:password_reset", username)

        in_unit_of_work(work)
        return password

    def allow(self, username: str, active: bool, actor: Actor) -> None:
        """Let a user in or keep them out; raises NotFound, NotAllowed, Invalid for the last administrator."""

        def work(session: Session) -> None:
            user = self._user(session, username, actor)
            is_admin = session.get(Membership, (user.id, ADMIN)) is not None
            if not active and is_admin and not self._other_admin(session, user.id):
                raise Invalid([FieldError("username", "The last administrator must stay.", "最后一名管理员不能停用。")])
            user.active = active
            user.session_epoch += 1
            record(
                session, self._clock.now(), actor.name, f"admin:user:{'enabled' if active else 'disabled'}", username
            )

        in_unit_of_work(work)

    def set_day(self, fields: Mapping[str, str], actor: Actor) -> date:
        """Make a day working or free, with hours of its own; raises Invalid by field, NotAllowed."""
        self._admin(actor)
        errors: list[FieldError] = []
        day = _day(fields.get("day", ""), errors)
        working = fields.get("working") == "1"
        hours = _hours(fields.get("hours", ""), errors) if working else None
        note = fields.get("note", "").strip()[:200]
        if errors or day is None:
            raise Invalid(errors)

        def work(session: Session) -> None:
            row = session.get(CalendarDay, day)
            if row is None:
                row = CalendarDay(day=day)
                session.add(row)
            row.working, row.hours, row.note = working, hours, note
            row.changed_at, row.changed_by = self._clock.now(), actor.name
            record(
                session,
                self._clock.now(),
                actor.name,
                "admin:calendar:set",
                day.isoformat(),
                detail={"working": working, "hours": hours},
            )

        in_unit_of_work(work)
        return day

    def forget_day(self, day: date, actor: Actor) -> None:
        """Return a day to what the calendar says by itself; raises NotFound, NotAllowed."""
        self._admin(actor)

        def work(session: Session) -> None:
            row = session.get(CalendarDay, day)
            if row is None:
                raise NotFound("There is no such exception.", "没有这条例外。")
            session.delete(row)
            record(session, self._clock.now(), actor.name, "admin:calendar:forget", day.isoformat())

        in_unit_of_work(work)

    def _user(self, session: Session, username: str, actor: Actor) -> User:
        self._admin(actor)
        user = session.execute(select(User).where(User.username == username).with_for_update()).scalar_one_or_none()
        if user is None:
            raise NotFound(f"There is no user {username}.", f"没有用户 {username}。")
        return user

    @staticmethod
    def _admin(actor: Actor) -> None:
        if not actor.is_system and ADMIN not in actor.groups:
            raise NotAllowed("Only administrators may do this.", "只有管理员可以这样做。")

    @staticmethod
    def _other_admin(session: Session, user_id: int) -> bool:
        query = (
            select(User.id)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.group_code == ADMIN, User.active, User.id != user_id)
        )
        return session.execute(query.limit(1)).first() is not None


def _day(text: str, errors: list[FieldError]) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        errors.append(FieldError("day", "A date such as 2026-10-01.", "应为日期，如 2026-10-01。"))
        return None


def _hours(text: str, errors: list[FieldError]) -> list[list[str]] | None:
    """Read "09:00-12:00 13:00-18:00"; empty means the usual hours."""
    spans: list[list[str]] = []
    for part in text.replace(",", " ").replace("，", " ").split():
        begin, _, end = part.partition("-")
        try:
            if time.fromisoformat(begin) >= time.fromisoformat(end) or (spans and begin < spans[-1][1]):
                raise ValueError(part)
        except ValueError:
            errors.append(
                FieldError(
                    "hours",
                    "Hours such as 09:00-12:00 13:00-18:00, in order.",
                    "应为时段，如 09:00-12:00 13:00-18:00，按先后排列。",
                )
            )
            return None
        spans.append([begin, end])
    return spans or None
