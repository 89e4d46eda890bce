"""Migrations bring an empty database to what the models say, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import app.store.models  # noqa: F401 - fills the metadata
from app.store.base import db
from app.store.migrate import migrate
from tests.conftest import fresh_postgres


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_the_migrations_make_what_the_models_say(database: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/m.db" if database == "sqlite" else fresh_postgres("migrations"))
    migrate(engine)
    migrate(engine)  # nothing is left to do the second time
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = [one for one in compare_metadata(context, db.metadata) if not _of_queue(one)]
    engine.dispose()
    assert differences == []


def _of_queue(difference: object) -> bool:
    return "procrastinate" in str(difference)
