"""The database handle, the column types, and how SQLite is spoken to."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, bindparam, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

# Connections with this option, and everything while `writing` is set (migrations), take SQLite's write lock when they
# begin (RELIABILITY, recipe 1).
WRITING = "writing"
writing: ContextVar[bool] = ContextVar("writing", default=False)


class Utc(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite keeps it naive, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, which would be somebody's guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class State(String):
    """A word of a few that never change; comparisons carry it as a literal.

    Only then does the planner see that an index over the open rows alone answers the question: it does not know what
    a parameter will be.
    """

    class Comparator(String.Comparator[str]):
        """Writes `column = 'word'` instead of `column = ?`."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """Return the comparison; other operators and other values stay as they are."""
            if op in (operators.eq, operators.ne) and isinstance(other[0], str):
                other = (bindparam(None, other[0], type_=self.expr.type, literal_execute=True),)
            return super().operate(op, *other, **kwargs)

    comparator_factory = Comparator


def prepare_sqlite(engine: Engine) -> None:
    """Make a SQLite engine safe under concurrency: WAL, full sync, and a write lock taken at once by writers."""

    @event.listens_for(engine, "connect")
    def configure(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # we send BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "busy_timeout=30000",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = writing.get() or connection.get_execution_options().get(WRITING)
        connection.connection.dbapi_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def hurry_sqlite(engine: Engine) -> None:
    """Let a SQLite engine no longer wait for the disk: only where a power cut may cost the whole file."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def configure(dbapi: Any, _record: Any) -> None:
        dbapi.execute("PRAGMA synchronous=OFF")

    engine.dispose()
