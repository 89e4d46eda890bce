"""The application factory."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.clock import Clock


def create_app(settings: Any = None, clock: Clock | None = None) -> Flask:
    """Return the application; `settings` is one of config.py's objects (default: what CHENGNUO_ENV names)."""
    import config
    from app import web, wiring
    from app.store.base import db, prepare_sqlite

    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    app.config.from_object(settings or config.current())
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        app.config["VAR"].mkdir(parents=True, exist_ok=True)
    elsewhere = not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")  # a server can hang up, a file can't
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", {"pool_pre_ping": elsewhere, "pool_size": 20})
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            prepare_sqlite(db.engine)
        wiring.build(app, clock)
    web.register(app)
    return app
