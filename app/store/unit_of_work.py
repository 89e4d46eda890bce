"""One write transaction: begun at once, committed whole or not at all, tried again on a conflict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Executable, Insert, Select, bindparam, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.errors import Busy
from app.store.base import WRITING, db

T = TypeVar("T")
M = TypeVar("M")
ATTEMPTS = 5
# PostgreSQL: serialization failure, deadlock, lock not available; SQLite tells by text.
RETRYABLE_STATES = {"40001", "40P01", "55P03"}

_current: ContextVar[Session | None] = ContextVar("unit_of_work", default=None)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Yield the session of a write transaction; commit at the end, roll back on any error. Nested use joins."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    # A session of its own: nothing that was read before the lock may be believed after it.
    session = Session(db.engine, expire_on_commit=False, autoflush=False)
    current_token = _current.set(session)
    after = session.info["after_commit"] = []
    try:
        # Only this connection takes the write lock: another one that reads meanwhile would wait for us for ever.
        session.connection(execution_options={WRITING: True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()
        _current.reset(current_token)
    db.session.rollback()  # what this request reads from now on sees the commit
    for action in after:
        action()


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Call `action` once the unit of work has committed."""
    session.info["after_commit"].append(action)


def is_conflict(error: Exception) -> bool:
    """Return whether the whole unit of work may succeed when it is tried again."""
    if isinstance(error, StaleDataError):
        return True
    if isinstance(error, OperationalError) and "database is locked" in str(error):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in RETRYABLE_STATES


def in_unit_of_work(work: Callable[[Session], T]) -> T:
    """Run `work` in a unit of work, again with jitter on a conflict; raises Busy when it goes on failing."""
    if _current.get() is not None:
        with unit_of_work() as session:
            return work(session)
    for attempt in range(ATTEMPTS):
        try:
            with unit_of_work() as session:
                return work(session)
        except (StaleDataError, DBAPIError) as error:
            if not is_conflict(error):
                raise
            time.sleep(random.uniform(0.005, 0.03) * (attempt + 1))  # noqa: S311 - jitter, not a secret
    raise Busy("The system is busy; please try again.", "系统繁忙，请稍后再试。")


def locked(session: Session, model: type[M], key: Any) -> M | None:
    """Return the row of `model` with primary key `key`, locked until the end of the unit of work, freshly read."""
    found: M | None = session.execute(_locking(cast(Any, model)), {"key": key}).scalar_one_or_none()
    return found


@cache
def _locking(model: Any) -> Select[Any]:
    column = next(iter(model.__table__.primary_key.columns))
    return (
        select(model).where(column == bindparam("key")).with_for_update().execution_options(populate_existing=True)
    )


def insert_rows(session: Session, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert plain rows with one statement; nothing that the session holds is touched."""
    if rows:
        session.connection().execute(*inserting(model, rows))


@cache
def _inserting(model: Any) -> Insert:
    return insert(model.__table__).inline()  # nobody asks for the new keys


Write = tuple[Executable, Mapping[str, Any] | Sequence[Mapping[str, Any]]]  # a statement of Core and its parameters


def inserting(model: type[Any], rows: Sequence[Mapping[str, Any]]) -> Write:
    """Return the write that inserts plain rows, for `send`."""
    return _inserting(cast(Any, model)), rows


def send(session: Session, writes: Sequence[Write]) -> None:
    """Send statements whose answers nobody needs; on PostgreSQL without waiting for each, so that they cost one trip.

    Raises DBAPIError, there only after the last one is sent.
    """
    connection = session.connection()
    dialect = connection.dialect
    raw: Any = connection.connection.driver_connection
    pipeline = raw.pipeline() if dialect.name == "postgresql" else nullcontext()
    try:
        with pipeline:
            for statement, parameters in writes:
                connection.execute(statement, parameters)
    except dialect.loaded_dbapi.Error as error:  # told by the pipeline's end, past SQLAlchemy
        raise DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error) from error


def current_session() -> Session:
    """Return the unit of work's session inside one, else the request's; nothing is flushed.

    For what is read wherever one is, such as settings: a second connection in a unit of work would cost time, and
    could wait for ever for a pool whose connections all units of work hold.
    """
    current = _current.get()
    return db.session() if current is None else current


def reading() -> Session:
    """Return the session to read with: the unit of work's own inside one (flushed), else the request's."""
    current = _current.get()
    if current is None:
        return db.session()
    current.flush()
    return current
