"""File locks beside an SQLite database: who works on it, and whether its time is a simulation's just now."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.errors import Conflict

SQLITE = "sqlite:///"


def take(url: str, suffix: str) -> IO[str] | None:
    """Take the lock file `suffix` of an SQLite database, until it is closed; raises BlockingIOError where it is taken.

    Other databases have none.
    """
    if not url.startswith(SQLITE):
        return None
    handle = Path(url.removeprefix(SQLITE) + suffix).open("w", encoding="ascii")  # noqa: SIM115 - kept open
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise
    return handle


@contextmanager
def simulating(url: str) -> Iterator[None]:
    """Keep a server's sweeps off the database while a simulation fills it; raises Conflict where another one does."""
    try:
        handle = take(url, ".simulating")
    except OSError as error:
        raise Conflict("Another simulation fills this database", "另一个模拟正在写入此数据库") from error
    try:
        yield
    finally:
        if handle is not None:
            handle.close()


def is_simulated(url: str) -> bool:
    """Return whether a simulation fills the database just now: nobody else may go by its due times."""
    if not url.startswith(SQLITE) or not Path(url.removeprefix(SQLITE) + ".simulating").exists():
        return False
    try:
        handle = take(url, ".simulating")
    except OSError:
        return True
    if handle is not None:
        handle.close()
    return False
