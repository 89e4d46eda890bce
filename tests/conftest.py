"""What every test may use: an application on its own database, a clock that stands still, people who sign in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest
from flask import Flask

from app import create_app
from app.clock import FixedClock
from app.facts import SYSTEM, Actor
from app.store.base import db
from config import Testing

if TYPE_CHECKING:
    from app.wiring import Services

ROOT = Path(__file__).resolve().parent.parent
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # Monday 09:00 in Shanghai, an ordinary working day
PASSWORD = "a-long-test-password"

# Speed is watched in benchmarks/: a property that is tried on a busy machine holds as well, only later.
hypothesis.settings.register_profile(
    "chengnuo", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("chengnuo")


def settings(folder: Path, url: str, root: Path = ROOT) -> Testing:
    """Return testing settings on a database of its own, with a movable clock."""
    chosen = Testing()
    chosen.PROJECT_ROOT, chosen.VAR, chosen.SQLALCHEMY_DATABASE_URI = root, folder, url
    chosen.CLOCK = "adjustable"
    return chosen


def required(name: str) -> str:
    """Return an environment variable, or skip."""
    return os.environ.get(name, "") or missing(name)


def missing(what: str) -> NoReturn:
    """Skip for want of something; in CI, where everything is installed, that is a failure."""
    if os.environ.get("TEST_REQUIRE_ALL"):
        pytest.fail(f"needs {what}, which TEST_REQUIRE_ALL says is there")
    pytest.skip(f"needs {what}")


@pytest.fixture
def clock() -> FixedClock:
    """Stand still on Monday 2026-03-02, 09:00 in Shanghai."""
    return FixedClock(MONDAY)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the schema, the shipped processes and the demo users, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "chengnuo.db"
    app = create_app(settings(folder, f"sqlite:///{path}"), FixedClock(MONDAY))
    prepare(app)
    with app.app_context():
        db.engine.dispose()
    return path


def prepare(app: Flask) -> None:
    """Bring an empty database to where `make run` brings it."""
    from app.jobs import postgres_queue
    from app.store.migrate import migrate
    from app.wiring import services as current_services

    with app.app_context():
        migrate(db.engine)
        queue = postgres_queue(app)
        if queue is not None:
            queue.migrate()
        services = current_services()
        services.definitions.deploy(services.runtime.root, SYSTEM)
        services.people.seed_groups()
        services.people.seed_demo()


@pytest.fixture
def app(template: Path, tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    """Give the shipped product on SQLite, inside its context."""
    path = tmp_path / "chengnuo.db"
    shutil.copyfile(template, path)
    shutil.copyfile(template.parent / "demo_password", tmp_path / "demo_password")
    app = create_app(settings(tmp_path, f"sqlite:///{path}"), clock)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def services(app: Flask) -> Services:
    """Give the services of the product."""
    from app.wiring import services as current_services

    return current_services()


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the name of a PostgreSQL database like `template`, to be copied, and the folder of its files."""
    folder, name = tmp_path_factory.mktemp("postgres_template"), f"template{os.getpid()}"
    app = create_app(settings(folder, fresh_postgres(name)), FixedClock(MONDAY))
    prepare(app)
    forget(app)
    return name, folder


@pytest.fixture
def postgres_app(postgres_template: tuple[str, Path], tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    """Give the shipped product on a PostgreSQL database of its own, inside its context."""
    from app.jobs import postgres_queue

    name, folder = postgres_template
    shutil.copyfile(folder / "demo_password", tmp_path / "demo_password")
    app = create_app(settings(tmp_path, fresh_postgres(f"t{os.getpid()}", name)), clock)
    postgres_queue(app)  # as a server does: jobs are announced
    with app.app_context():
        yield app
        db.session.remove()
    forget(app)


def forget(app: Flask) -> None:
    """Let go of the application's database."""
    from app.services import jobs as job_rows

    with app.app_context():
        job_rows.announcers.pop(db.engine, None)
        db.engine.dispose()


def fresh_postgres(name: str, template: str = "template1") -> str:
    """Make a copy of a database on the test server (an empty one, if none is named) and return its URL."""
    import psycopg

    server = required("TEST_POSTGRES_URL")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + f"/{name}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request: pytest.FixtureRequest) -> Flask:
    """Give the product on both databases, one after the other."""
    found: Flask = request.getfixturevalue("app" if request.param == "sqlite" else "postgres_app")
    return found


@pytest.fixture
def actor(services: Services) -> Callable[[str], Actor]:
    """Give the demo user's actor by username."""

    def find(username: str) -> Actor:
        user_id = next(person.id for person in services.people.users() if person.username == username)
        return services.people.actor_of(user_id)

    return find


__all__ = ["MONDAY", "PASSWORD", "prepare", "required", "settings"]
