"""A consistent copy of an SQLite database, taken while others write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

PAGES = 1000  # pages copied at a time; writers get in between


def copy_database(engine: Engine, target: Path) -> None:
    """Copy the database to the new file `target`; a copy that is not sound raises sqlite3.DatabaseError."""
    with (
        closing(sqlite3.connect(f"file:{engine.url.database}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=PAGES)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file that stands alone
        (found,) = copy.execute("PRAGMA quick_check").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
