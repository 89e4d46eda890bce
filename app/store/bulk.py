"""Many rows of one table at once, past what an ORM does for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import orjson
from sqlalchemy import JSON, Dialect, insert
from sqlalchemy.orm import Session

from app.store.base import Utc

Cell = Callable[[Any], Any]


def insert_tuples(session: Session, model: type[Any], columns: tuple[str, ...],
                  rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows whose cells stand in the order of `columns`, with one statement."""
    connection = session.connection()
    sql, cells, positional = _plan(cast(Any, model), columns, connection.dialect)
    if not rows:
        return
    written = [column if cell is None else list(map(cell, column))
               for cell, column in zip(cells, zip(*rows, strict=True), strict=True)]
    given = zip(*written, strict=True)
    connection.exec_driver_sql(
        sql, list(given) if positional else [dict(zip(columns, row, strict=True)) for row in given])


@cache
def _plan(model: Any, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, list[Cell | None], bool]:
    """The statement, what writes each column's cells, and whether the driver counts parameters or names them."""
    compiled = insert(model.__table__).compile(dialect=dialect, column_keys=list(columns))
    ordered = compiled.positiontup
    return str(compiled), [_cell(model.__table__.c[name].type, dialect) for name in columns], ordered is not None


def _cell(kind: Any, dialect: Dialect) -> Cell | None:
    if isinstance(kind, JSON):
        return lambda value: orjson.dumps(value).decode()
    made: Cell | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(maxsize=1024)(made) if made is not None and isinstance(kind, Utc) else made  # moments repeat
