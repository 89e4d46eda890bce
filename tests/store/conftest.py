"""A database of its own for each test of the store and of the services on top of it."""

import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

import app.store.models as models
from app.store.base import Base, db, prepare_sqlite
from tests.conftest import required

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)  # 10:00 in Shanghai


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request, tmp_path):
    """A URL and engine options: a SQLite file, or a PostgreSQL schema of its own on the server of TEST_POSTGRES_URL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}", {}
        return
    url = required("TEST_POSTGRES_URL").replace("postgresql://", "postgresql+psycopg://")
    schema = f"t{uuid.uuid4().hex[:12]}"
    server = create_engine(url)
    with server.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield url, {"connect_args": {"options": f"-csearch_path={schema}"}}
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()


@pytest.fixture
def engine(place):
    """An engine with all tables."""
    url, options = place
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def database(place, engine):
    """The same database as services reach it: through the application's context."""
    app = Flask("test")
    app.config["SQLALCHEMY_DATABASE_URI"], app.config["SQLALCHEMY_ENGINE_OPTIONS"] = place[0], place[1]
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            prepare_sqlite(db.engine)
        yield
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def session(engine):
    """A session as the unit of work makes it."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        yield session


@pytest.fixture
def statements(engine):
    """Every SQL statement sent while the test runs."""
    sent = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    return sent


@pytest.fixture
def case(session):
    """A complaint of P3 about a self-made product, registered on Monday 2 March 2026 at 10:00."""
    case = models.Case(
        id=str(uuid.uuid4()), number="202603-0001", access_key=uuid.uuid4().hex, type="complaint", level="P3",
        channel="phone", customer_name="张三", customer_phone="13800000000", origin="self_made", description="异响",
        registered_at=MONDAY, registered_by="clerk")
    session.add(case)
    session.flush()
    return case
