"""Runs migrations on the connection that app/store/migrate.py hands over."""

from alembic import context

import app.store.models  # noqa: F401 - fills the metadata
from app.store.base import db

context.configure(connection=context.config.attributes["connection"], target_metadata=db.metadata, render_as_batch=True,
                  compare_type=True)
with context.begin_transaction():
    context.run_migrations()
