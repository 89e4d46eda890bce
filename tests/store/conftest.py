"""A database of its own for each test of the store and of the services on top of it."""

import os
import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

import app.store.models as models
from app.store.base import Base, prepare_sqlite

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)  # 10:00 in Shanghai


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request, tmp_path):
    """An engine with all tables; PostgreSQL where TEST_POSTGRES_URL names a server, in a schema of its own."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
        prepare_sqlite(engine)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()
        return
    url = os.environ.get("TEST_POSTGRES_URL")
    if not url:
        pytest.skip("TEST_POSTGRES_URL is not set")
    url = url.replace("postgresql://", "postgresql+psycopg://")
    schema = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, connect_args={"options": f"-csearch_path={schema}"})
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    Base.metadata.create_all(engine)
    yield engine
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


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
