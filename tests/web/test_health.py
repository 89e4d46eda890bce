"""What machines ask: alive, ready, and the figures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from app import create_app
from app.clock import FixedClock
from app.store.base import db
from tests.conftest import settings
from tests.web.api_client import Api


def figure(app: Flask, name: str) -> float:
    lines = app.test_client().get("/metrics").get_data(as_text=True).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_a_server_with_processes_is_ready(app: Flask) -> None:
    assert app.test_client().get("/healthz").get_json() == {"status": "ok"}
    assert app.test_client().get("/readyz").status_code == 200


def test_a_server_without_processes_or_tables_is_alive_but_not_ready(tmp_path: Path, clock: FixedClock) -> None:
    app = create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}"), clock)
    assert app.test_client().get("/healthz").status_code == 200
    assert app.test_client().get("/readyz").status_code == 503
    with app.app_context():
        db.create_all()
    assert app.test_client().get("/readyz").status_code == 503


def test_the_figures_count_what_waits_and_what_is_late(app: Flask, clock: FixedClock) -> None:
    clerk = Api(app, "clerk")
    clerk.register()
    assert figure(app, 'chengnuo_open_tasks{group="clerk"}') == 1
    assert figure(app, "chengnuo_overdue_tasks") == 0
    clock.advance(timedelta(minutes=16))
    db.session.rollback()
    assert figure(app, "chengnuo_overdue_tasks") == 1
    assert figure(app, "chengnuo_due_timers") >= 1
    assert figure(app, "chengnuo_unsealed_audit_rows") > 0
    assert figure(app, 'chengnuo_request_seconds_count{method="POST",route="/api/v1/cases",status="201"}') == 1


def test_the_figures_name_nobody(app: Flask) -> None:
    number = Api(app, "clerk").register()["number"]
    Api(app, "clerk").get(f"/cases/{number}")
    text = app.test_client().get("/metrics").get_data(as_text=True)
    assert number not in text
    assert "张伟" not in text
