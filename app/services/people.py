"""People: who signs in, which groups they are in, and the tokens and sessions that stand for them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import FieldError, Invalid, NotAllowed, NotFound
from app.facts import CUSTOMER_GROUP, SYSTEM, Actor
from app.services.audit import record
from app.services.demo_people import DEMO_PEOPLE, PLATFORM_GROUPS
from app.store.base import db
from app.store.models import Case, Group, Membership, SignedOut, Token, User
from app.store.unit_of_work import unit_of_work

FAILURES_ALLOWED = 10
LOCKED_FOR = timedelta(minutes=15)
SESSION_LIFETIME = timedelta(hours=12)
PASSWORD_MIN, PASSWORD_MAX = 10, 200  # argon2 on megabytes would be a cheap way to keep us busy
PASSWORD_REST = 5  # characters that must be left when the username is taken out
PASSWORD_FILE = "demo_password"  # noqa: S105 - a file's name
USERNAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}")


class Refusal(NotAllowed):
    """The username or the password is not right."""

    code = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("The username or the password is not right, or too many attempts were made: wait a while.",
                         "用户名或密码不正确，或尝试次数过多，请稍后再试。")


@dataclass(frozen=True)
class Person:
    """A user, as lists and choices show them."""

    id: int
    username: str
    display_name: str
    email: str | None
    active: bool
    demo: bool
    groups: tuple[str, ...]


class People:
    """Users, groups, passwords, sessions and tokens."""

    def __init__(self, clock: Clock, groups: Iterable[Mapping[str, str]], var: Path, hasher: PasswordHasher, *,
                 production: bool = False) -> None:
        self._clock = clock
        self._groups = {**PLATFORM_GROUPS, **{group["code"]: (group["zh"], group["en"]) for group in groups}}
        self._var = var
        self._production = production
        self._hasher = hasher
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))  # verified where there is no user: same time

    # Passwords

    def authenticate(self, username: str, password: str) -> Actor:
        """Return the user's actor; raises Refusal with one text and in one time, whatever is wrong."""
        user = db.session.execute(select(User).filter_by(username=username.strip()[:80])).scalar_one_or_none()
        right = self._matches(user.password_hash if user is not None else self._nobody, password)
        if user is None or not right or not self._may_enter(user):
            self._note_failure(user)
            raise Refusal
        with unit_of_work() as session:
            fresh = session.get_one(User, user.id)
            if self._locked(fresh):  # locked while the password was looked at
                raise Refusal
            fresh.failures, fresh.locked_until = 0, None
            if self._hasher.check_needs_rehash(fresh.password_hash):
                fresh.password_hash = self._hasher.hash(password)
            record(session, self._clock.now(), fresh.username, "web:session:signed_in", fresh.username)
            return self._actor(session, fresh)

    def change_password(self, actor: Actor, old: str, new: str) -> Actor:
        """Set a new password, end the user's other sessions, return the actor; raises Refusal, Invalid by field."""
        user = self.authenticate(actor.name, old)
        problem = self._password_problem(user.name, old, new)
        if problem is not None:
            raise Invalid([problem])
        with unit_of_work() as session:
            row = session.get_one(User, user.user_id)
            row.password_hash = self._hasher.hash(new)
            row.session_epoch += 1
            record(session, self._clock.now(), user.name, "web:user:password_changed", user.name)
        return user

    @staticmethod
    def _password_problem(username: str, old: str, new: str) -> FieldError | None:
        if len(new) < PASSWORD_MIN:
            return FieldError("new", f"At least {PASSWORD_MIN} characters.", f"至少 {PASSWORD_MIN} 个字符。")
        if len(new) > PASSWORD_MAX:
            return FieldError("new", f"At most {PASSWORD_MAX} characters.", f"最多 {PASSWORD_MAX} 个字符。")
        if len(new.lower().replace(username.lower(), "")) < PASSWORD_REST:
            return FieldError("new", "Must not be made of the username.", "不能由用户名构成。")
        if new == old:
            return FieldError("new", "Must differ from the old one.", "不能与旧密码相同。")
        return None

    def _matches(self, hash_: str, password: str) -> bool:
        try:
            return self._hasher.verify(hash_, password[:PASSWORD_MAX])
        except (VerificationError, InvalidHashError):
            return False

    def _note_failure(self, user: User | None) -> None:
        now = self._clock.now()
        with unit_of_work() as session:
            # A row for unknown names as well, so that both take the same time; never the text that was typed.
            record(session, now, SYSTEM.name, "web:session:refused", user.username if user is not None else "?")
            if user is None or self._locked(user):
                return
            session.execute(update(User).where(User.id == user.id).values(failures=User.failures + 1))
            row = session.execute(select(User).where(User.id == user.id)).scalar_one()
            if row.failures >= FAILURES_ALLOWED:
                row.failures, row.locked_until = 0, now + LOCKED_FOR
                record(session, now, SYSTEM.name, "web:user:locked", row.username)

    def _locked(self, user: User) -> bool:
        return user.locked_until is not None and user.locked_until > self._clock.now()

    def _may_enter(self, user: User) -> bool:
        return user.active and not self._locked(user) and not (user.demo and self._production)

    # Who somebody is

    def actor_of(self, user_id: int) -> Actor:
        """Return the actor of an active user; raises NotFound."""
        user = db.session.get(User, user_id)
        if user is None or not self._is_active(user):
            raise NotFound("There is no such user.", "没有这个用户。")
        return self._actor(db.session(), user)

    def actor_named(self, username: str) -> Actor:
        """Return the actor of an active user; raises NotFound."""
        user = db.session.execute(select(User).filter_by(username=username)).scalar_one_or_none()
        if user is None or not self._is_active(user):
            raise NotFound(f"There is no user {username}.", f"没有用户 {username}。")
        return self._actor(db.session(), user)

    def session_actor(self, user_id: int, epoch: int, session_id: str) -> Actor | None:
        """Return who a browser session stands for, or None when it was ended."""
        user = db.session.get(User, user_id)
        if user is None or user.session_epoch != epoch or not self._is_active(user):
            return None
        if db.session.get(SignedOut, session_id) is not None:
            return None
        return self._actor(db.session(), user)

    def epoch(self, user_id: int) -> int:
        """Return the number that a session of the user must carry; raises NotFound."""
        found = db.session.execute(select(User.session_epoch).where(User.id == user_id)).scalar_one_or_none()
        if found is None:
            raise NotFound("There is no such user.", "没有这个用户。")
        return found

    def locale(self, user_id: int) -> str:
        """Return the user's language, "zh" or "en"."""
        return db.session.execute(select(User.locale).where(User.id == user_id)).scalar_one_or_none() or "zh"

    def end_session(self, session_id: str) -> None:
        """End one browser session for good, and forget those that are too old to come back."""
        now = self._clock.now()
        with unit_of_work() as session:
            session.execute(delete(SignedOut).where(SignedOut.at < now - 2 * SESSION_LIFETIME))
            if session.get(SignedOut, session_id) is None:
                session.add(SignedOut(session_id=session_id, at=now))

    def actor_of_token(self, token: str) -> Actor | None:
        """Return whom a bearer token stands for, or None when it is unknown, revoked or too old."""
        query = select(Token, User).join(User, User.id == Token.user_id).where(Token.digest == _digest(token))
        found = db.session.execute(query).one_or_none()
        if found is None:
            return None
        row, user = found
        expired = row.expires_at is not None and row.expires_at <= self._clock.now()
        if expired or row.revoked_at is not None or not self._is_active(user):
            return None
        return self._actor(db.session(), user)

    def customer_of(self, access_key: str) -> Actor | None:
        """Return the customer whom a case's signed link stands for, or None."""
        query = select(Case.id, Case.customer_name).where(Case.access_key == access_key)
        found = db.session.execute(query).one_or_none()
        if found is None:
            return None
        return Actor(None, "customer", frozenset({CUSTOMER_GROUP}), found.customer_name, found.id)

    def customer_by_number(self, number: str, phone: str) -> str | None:
        """Return the access key of a case to whoever knows its number and telephone, or None; limit the rate."""
        query = select(Case.access_key, Case.customer_phone).where(Case.number == number.strip()[:40])
        found = db.session.execute(query).one_or_none()
        known, given = _digits(found.customer_phone if found else "?"), _digits(phone)
        same = hmac.compare_digest(known.encode(), given.encode())
        return found.access_key if found is not None and same and given else None

    def _is_active(self, user: User) -> bool:
        return user.active and not (user.demo and self._production)

    @staticmethod
    def _actor(session: Session, user: User) -> Actor:
        codes = session.execute(select(Membership.group_code).where(Membership.user_id == user.id)).scalars()
        return Actor(user.id, user.username, frozenset(codes), user.display_name)

    # Tokens

    def create_token(self, username: str, days: int | None = None, label: str = "") -> str:
        """Return a new bearer token, shown this once; it expires after `days`; raises NotFound, Invalid."""
        if days is not None and not 0 < days <= 3650:
            raise Invalid([FieldError("days", "Between 1 and 3650.", "应在 1 到 3650 之间。")])
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with unit_of_work() as session:
            user = session.execute(select(User).filter_by(username=username)).scalar_one_or_none()
            if user is None or not self._is_active(user):
                raise NotFound(f"There is no user {username}.", f"没有用户 {username}。")
            expires = None if days is None else now + timedelta(days=days)
            session.add(Token(user_id=user.id, digest=_digest(token), label=label, created_at=now, expires_at=expires))
            record(session, now, SYSTEM.name, "cli:token:created", username, detail={"days": days})
        return token

    def revoke_tokens(self, username: str) -> int:
        """Revoke every token of the user and return how many; raises NotFound."""
        now = self._clock.now()
        with unit_of_work() as session:
            user = session.execute(select(User).filter_by(username=username)).scalar_one_or_none()
            if user is None:
                raise NotFound(f"There is no user {username}.", f"没有用户 {username}。")
            revoked = session.execute(update(Token).where(Token.user_id == user.id, Token.revoked_at.is_(None))
                                      .values(revoked_at=now)).rowcount  # type: ignore[attr-defined]
            record(session, now, SYSTEM.name, "cli:token:revoked", username, detail={"count": revoked})
        return int(revoked)

    # Lists

    def users(self) -> list[Person]:
        """Return all users, by username."""
        return self._people(select(User).order_by(User.username))

    def members(self, group: str) -> list[Person]:
        """Return the active users of a group, by username."""
        query = select(User).join(Membership, Membership.user_id == User.id).where(Membership.group_code == group)
        return self._people(query.where(User.active).order_by(User.username))

    @staticmethod
    def _people(query: object) -> list[Person]:
        users = list(db.session.execute(query).scalars())  # type: ignore[call-overload]
        codes: dict[int, list[str]] = {}
        rows = select(Membership.user_id, Membership.group_code).order_by(Membership.group_code)
        for user_id, code in db.session.execute(rows):
            codes.setdefault(user_id, []).append(code)
        return [Person(user.id, user.username, user.display_name, user.email, user.active, user.demo,
                       tuple(codes.get(user.id, ()))) for user in users]

    # Setting up

    def seed_groups(self) -> None:
        """Make every group of the policy that is not there yet, and keep their names as the policy's."""
        with unit_of_work() as session:
            known = {row.code: row for row in session.execute(select(Group)).scalars()}
            for code, (zh, en) in self._groups.items():
                if code in known:
                    known[code].name_zh, known[code].name_en = zh, en
                else:
                    session.add(Group(code=code, name_zh=zh, name_en=en))
            session.flush()

    def add_user(self, username: str, display_name: str, groups: Iterable[str], by: str,
                 email: str | None = None) -> str:
        """Make a user and return the first password, to be changed; raises Invalid by field."""
        password = secrets.token_urlsafe(12)
        hashed, wanted = self._hasher.hash(password), sorted(set(groups))
        with unit_of_work() as session:
            errors = []
            if not USERNAME.fullmatch(username):
                errors.append(FieldError("username", "2 to 40 small letters, digits, dots or dashes.",
                                         "应为 2 到 40 位小写字母、数字、点或横线。"))
            elif session.execute(select(User.id).filter_by(username=username)).first() is not None:
                errors.append(FieldError("username", "Is taken.", "已被使用。"))
            known = set(session.execute(select(Group.code)).scalars())
            errors += [FieldError("groups", f"There is no group {code}.", f"没有岗位 {code}。")
                       for code in wanted if code not in known]
            if errors:
                raise Invalid(errors)
            self._insert(session, username, display_name, hashed, wanted, email=email, demo=False)
            record(session, self._clock.now(), by, "cli:user:created", username, detail={"groups": wanted})
        return password

    def seed_demo(self) -> str:
        """Make the demo users that are missing and return their password; raises NotAllowed in production."""
        if self._production:
            raise NotAllowed("Production has no demo users.", "生产环境不允许演示用户。")
        self.seed_groups()
        password = self.demo_password() or self._new_demo_password()
        hashed: str | None = None
        with unit_of_work() as session:
            known = {row.username: row for row in session.execute(select(User)).scalars()}
            for username, (display_name, extra) in DEMO_PEOPLE.items():
                if username in known:
                    continue
                hashed = hashed or self._hasher.hash(password)  # one password, one hash: starting stays fast
                self._insert(session, username, display_name, hashed, (username, *extra), email=None, demo=True)
        return password

    def seed_sandbox(self) -> None:
        """Make the policy's people in a sandbox, where nobody signs in: their passwords fit nothing."""
        self.seed_groups()
        with unit_of_work() as session:
            for username, (display_name, extra) in DEMO_PEOPLE.items():
                self._insert(session, username, display_name, "!", (username, *extra), email=None, demo=True)

    def demo_password(self) -> str | None:
        """Return the demo users' password, or None where there is none."""
        path = self._var / PASSWORD_FILE
        return path.read_text(encoding="utf-8").strip() if path.exists() and not self._production else None

    def _new_demo_password(self) -> str:
        password = secrets.token_urlsafe(9)
        path = self._var / PASSWORD_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(password + "\n", encoding="utf-8")
        # Users of an older file would be shut out: they get the new one.
        hashed = self._hasher.hash(password)
        with unit_of_work() as session:
            session.execute(update(User).where(User.demo).values(password_hash=hashed))
        return password

    def _insert(self, session: Session, username: str, display_name: str, hashed: str, groups: Iterable[str], *,
                email: str | None, demo: bool) -> None:
        user = User(username=username, display_name=display_name, email=email, password_hash=hashed, demo=demo,
                    created_at=self._clock.now(), failures=0, session_epoch=0, active=True, locale="zh")
        session.add(user)
        session.flush()
        session.add_all(Membership(user_id=user.id, group_code=code) for code in groups)
        session.flush()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _digits(phone: str) -> str:
    digits = "".join(character for character in phone if character.isascii() and character.isdigit())
    return digits.removeprefix("86") if len(digits) == 13 else digits

