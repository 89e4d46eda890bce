"""Pages and API: views that parse, make one call, and show what came of it."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add everything that answers HTTP; the doors first, so that no blueprint stands outside of them."""
    from app.web import (
        admin,
        api,
        auth,
        cases,
        compliance,
        diagrams,
        exports,
        health,
        inbox,
        knowledge,
        notifications,
        operations,
        policy,
        portal,
        security,
        shell,
        tasks,
    )

    shell.install(app)
    security.install(app)
    parts = (auth, inbox, tasks, cases, diagrams, exports, knowledge, policy, portal, notifications, operations, admin,
             compliance)
    for part in parts:
        app.register_blueprint(part.blueprint)
    api.install(app)
    health.install(app)
