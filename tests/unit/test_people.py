"""People: sign-in, lockout, passwords, tokens, demo users."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher, profiles
from flask import Flask

from app.clock import FixedClock
from app.errors import Invalid, NotAllowed, NotFound
from app.services.administration import Administration
from app.services.people import FAILURES_ALLOWED, People, Refusal
from app.store.base import db, prepare_sqlite
from app.store.models import Audit, Token, User

HASHER = PasswordHasher.from_parameters(profiles.CHEAPEST)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'people.db'}"
    db.init_app(app)
    with app.app_context():
        prepare_sqlite(db.engine)
        db.create_all()
        db.session.commit()
        yield tmp_path
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def people(database: Path, clock: FixedClock) -> People:
    return People(clock, [{"code": "clerk", "zh": "客服专员", "en": "Service clerk"}], database, HASHER)


@pytest.fixture
def password(people: People) -> str:
    return people.seed_demo()


def forget() -> None:
    db.session.rollback()
    db.session.expire_all()


def test_demo_users_are_in_their_own_group_and_the_ones_that_the_architecture_adds(
        people: People, password: str) -> None:
    groups = {person.username: set(person.groups) for person in people.users()}
    assert len(groups) == 16
    assert all(username in codes for username, codes in groups.items())
    assert groups["clerk"] == {"clerk", "relations"}
    assert groups["engineer"] == {"engineer", "tech_manager", "logistics"}
    assert groups["manager"] == {"manager", "department_head", "task_force"}
    assert groups["manufacturing"] == {"manufacturing", "product", "research"}
    assert groups["marketing"] == {"marketing", "supplier"}


def test_the_password_is_made_once_and_kept_for_its_owner_only(people: People, password: str, database: Path) -> None:
    path = database / "demo_password"
    assert path.read_text().strip() == password
    assert path.stat().st_mode & 0o077 == 0
    assert people.seed_demo() == password
    assert len(people.users()) == 16


def test_a_demo_user_who_changed_the_password_keeps_it_when_the_server_starts_again(
        people: People, password: str) -> None:
    clerk = people.authenticate("clerk", password)
    people.change_password(clerk, password, "a quite different one")
    people.seed_demo()
    assert people.authenticate("clerk", "a quite different one").name == "clerk"


def test_a_lost_password_file_gives_the_demo_users_a_new_password(
        people: People, password: str, database: Path) -> None:
    (database / "demo_password").unlink()
    again = people.seed_demo()
    assert again != password
    assert people.authenticate("owner", again).name == "owner"


def test_production_makes_no_demo_users_and_lets_none_in(
        people: People, password: str, database: Path, clock: FixedClock) -> None:
    token = people.create_token("clerk")
    clerk = people.authenticate("clerk", password)
    production = People(clock, [], database, HASHER, production=True)
    with pytest.raises(NotAllowed):
        production.seed_demo()
    with pytest.raises(Refusal):
        production.authenticate("clerk", password)
    assert production.actor_of_token(token) is None
    assert clerk.user_id is not None
    assert production.session_actor(clerk.user_id, people.epoch(clerk.user_id), "x") is None
    assert production.demo_password() is None


def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(people: People, password: str) -> None:
    with pytest.raises(Refusal) as wrong:
        people.authenticate("clerk", "nonsense")
    with pytest.raises(Refusal) as unknown:
        people.authenticate("nobody", "nonsense")
    assert (wrong.value.message_zh, wrong.value.detail) == (unknown.value.message_zh, unknown.value.detail)


def test_after_ten_failures_even_the_right_password_waits_a_quarter_of_an_hour(
        people: People, password: str, clock: FixedClock) -> None:
    for _ in range(FAILURES_ALLOWED):
        with pytest.raises(Refusal):
            people.authenticate("clerk", "nonsense")
        forget()
    with pytest.raises(Refusal):
        people.authenticate("clerk", password)
    forget()
    assert people.authenticate("owner", password).name == "owner"
    clock.advance(timedelta(minutes=15, seconds=1))
    assert people.authenticate("clerk", password).name == "clerk"


def test_guessing_while_locked_does_not_lock_for_longer(people: People, password: str, clock: FixedClock) -> None:
    for _ in range(FAILURES_ALLOWED * 2):
        with pytest.raises(Refusal):
            people.authenticate("clerk", "nonsense")
        forget()
    clock.advance(timedelta(minutes=15, seconds=1))
    assert people.authenticate("clerk", password).name == "clerk"


def test_a_sign_in_is_audited_but_never_what_was_typed(people: People, password: str) -> None:
    with pytest.raises(Refusal):
        people.authenticate("my secret typed into the wrong field", "x")
    people.authenticate("clerk", password)
    forget()
    rows = db.session.query(Audit).all()
    assert any(row.action == "web:session:signed_in" for row in rows)
    assert not any("secret" in f"{row.actor}{row.subject}{row.detail}" for row in rows)


@pytest.mark.parametrize(("new", "why"), [("short", "10"), ("clerkclerk1", "username"), ("x" * 300, "200")])
def test_poor_passwords_are_refused(people: People, password: str, new: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        people.change_password(people.authenticate("clerk", password), password, new)
    assert refused.value.errors[0].field == "new"
    assert why in refused.value.errors[0].message_en


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(people: People, password: str) -> None:
    clerk = people.authenticate("clerk", password)
    assert clerk.user_id is not None
    epoch = people.epoch(clerk.user_id)
    with pytest.raises(Refusal):
        people.change_password(clerk, "not the old one", "a quite different one")
    people.change_password(clerk, password, "a quite different one")
    forget()
    assert people.session_actor(clerk.user_id, epoch, "session") is None
    assert people.session_actor(clerk.user_id, people.epoch(clerk.user_id), "session") == clerk


def test_an_ended_session_stays_ended(people: People, password: str) -> None:
    clerk = people.authenticate("clerk", password)
    assert clerk.user_id is not None
    people.end_session("one")
    forget()
    epoch = people.epoch(clerk.user_id)
    assert people.session_actor(clerk.user_id, epoch, "one") is None
    assert people.session_actor(clerk.user_id, epoch, "two") == clerk


def test_a_token_stands_for_its_user_until_it_expires_or_is_revoked(
        people: People, password: str, clock: FixedClock) -> None:
    lasting, short = people.create_token("clerk"), people.create_token("clerk", days=1)
    found = people.actor_of_token(lasting)
    assert found is not None
    assert (found.name, found.groups) == ("clerk", frozenset({"clerk", "relations"}))
    clock.advance(timedelta(days=1))
    assert people.actor_of_token(short) is None
    clock.advance(timedelta(days=4000))
    assert people.actor_of_token(lasting) is not None
    assert people.revoke_tokens("clerk") == 2
    forget()
    assert people.actor_of_token(lasting) is None


def test_the_database_keeps_no_token_and_no_password(people: People, password: str) -> None:
    token = people.create_token("clerk")
    assert all(token not in row.digest for row in db.session.query(Token))
    assert all(row.password_hash.startswith("$argon2id$") for row in db.session.query(User))


def test_a_token_for_nobody_is_refused(people: People) -> None:
    with pytest.raises(NotFound):
        people.create_token("nobody")
    with pytest.raises(Invalid):
        people.create_token("clerk", days=0)


def test_a_user_who_was_shut_out_comes_in_no_way(people: People, password: str, clock: FixedClock) -> None:
    token = people.create_token("clerk")
    clerk = people.authenticate("clerk", password)
    assert clerk.user_id is not None
    epoch = people.epoch(clerk.user_id)
    Administration(clock, HASHER).allow("clerk", False, people.authenticate("admin", password))
    forget()
    with pytest.raises(Refusal):
        people.authenticate("clerk", password)
    assert people.actor_of_token(token) is None
    assert people.session_actor(clerk.user_id, epoch, "x") is None
    with pytest.raises(NotFound):
        people.actor_of(clerk.user_id)


def test_a_new_user_gets_a_first_password_and_only_groups_that_exist(people: People) -> None:
    people.seed_groups()
    first = people.add_user("li.na", "李娜", ["clerk"], "system")
    assert people.authenticate("li.na", first).groups == {"clerk"}
    with pytest.raises(Invalid) as refused:
        people.add_user("li.na", "李娜", ["kings"], "system")
    assert {error.field for error in refused.value.errors} == {"username", "groups"}
