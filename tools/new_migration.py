"""Writes a migration from the difference between the models and the migrations: tools/new_migration.py MESSAGE."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from app.store.migrate import MIGRATIONS, migrate

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/empty.db")
        migrate(engine)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.revision(
                config,
                message=" ".join(sys.argv[1:]),
                autogenerate=True,
                rev_id=sys.argv[1].split("_")[0] if "_" in sys.argv[1] else None,
            )
