"""File locks beside an SQLite database: who works on it, and whether its time is a simulation's just now."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from app.errors import Conflict

SIMULATING = ".simulating"


def take(url: URL, suffix: str) -> IO[str] | None:
    """Take the lock file `suffix` of an SQLite database, until it is closed; raises BlockingIOError where it is taken.

    Databases in memory and elsewhere have none.
    """
    path = _beside(url, suffix)
    if path is None:
        return None
    handle = path.open("w", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise
    return handle


@contextmanager
def simulating(url: URL) -> Iterator[None]:
    """Keep a server's sweeps off the database while a simulation fills it; raises Conflict where another one does."""
    try:
        handle = take(url, SIMULATING)
    except OSError as error:
        raise Conflict("Another simulation fills this database", "另一个模拟正在写入此数据库") from error
    try:
        yield
    finally:
        if handle is not None:
            handle.close()


def is_simulated(url: URL) -> bool:
    """Return whether a simulation fills the database just now: nobody else may go by its due times."""
    path = _beside(url, SIMULATING)
    if path is None or not path.exists():
        return False
    try:
        handle = take(url, SIMULATING)
    except OSError:
        return True
    if handle is not None:
        handle.close()
    return False


def _beside(url: URL, suffix: str) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(f"{url.database}{suffix}")
