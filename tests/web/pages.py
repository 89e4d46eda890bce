"""A browser without a screen: signs in, follows redirects, fills in forms as a page sends them."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.store.base import db
from app.store.models import Case, WorkItem
from app.wiring import services
from tests.robot import fill

ZONE = ZoneInfo("Asia/Shanghai")
REGISTRATION = {
    "type": "complaint",
    "channel": "phone",
    "name": "张伟",
    "phone": "13800138000",
    "level_of_customer": "ordinary",
    "model": "CN-200",
    "order_no": "DD20260001",
    "origin": "self_made",
    "description": "电饭煲无法加热，要求退货。",
}


class Browser:
    """One person's browser."""

    def __init__(self, app: Flask, username: str | None = None) -> None:
        self._client = app.test_client()
        if username is not None:
            assert (
                self.post("/sign-in", username=username, password=services().people.demo_password()).status_code == 302
            )

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET a page."""
        return self._send("GET", path, **options)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **fields: Any) -> TestResponse:
        """POST a form; `json` is what a script sends."""
        if "json" in fields:
            return self._send("POST", path, json=fields["json"])
        return self._send("POST", path, data=data if data is not None else fields)

    def text(self, path: str, **options: Any) -> str:
        """Return a page's text; fails for anything but 200."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def register(self, **changes: Any) -> Case:
        """Register a complaint by the page; return its row."""
        answer = self.post("/cases/new", {**REGISTRATION, **changes})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return case(answer.location.rsplit("/", 1)[1])

    def complete(self, task_id: str, actor: Any, **choices: Any) -> TestResponse:
        """Fill in a task's form as the page would, and send it."""
        served = services().work.form(task_id, actor)
        return self.post(f"/tasks/{task_id}/complete", sent(fill(served.json, served.data, choices)))

    def _send(self, method: str, path: str, **options: Any) -> TestResponse:
        # A context of its own, as on a server: what one request remembers in `g` must not reach the next.
        answer = Context().run(partial(self._client.open, path, method=method, **options))
        db.session.rollback()
        return answer


def sent(answers: Mapping[str, Any]) -> MultiDict[str, str]:
    """Return answers as a page's form sends them."""
    found: MultiDict[str, str] = MultiDict()
    for key, value in answers.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for index, row in enumerate(value):
                for name, inner in sent(row).items(multi=True):
                    found.add(f"{key}-{index}-{name}", inner)
        elif isinstance(value, list):
            for one in value:
                found.add(key, str(one))
        elif isinstance(value, bool):
            found.add(key, "true" if value else "false")
        elif value is not None:
            found.add(key, _local(str(value)))
    return found


def _local(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M") if "T" in value else value


def case(number: str) -> Case:
    """Return a case by number, freshly read."""
    db.session.rollback()
    return db.session.execute(
        select(Case).where(Case.number == number).execution_options(populate_existing=True)
    ).scalar_one()


def open_tasks(case_id: str) -> list[WorkItem]:
    """Return the open work items of a case, oldest first."""
    db.session.rollback()
    query = (
        select(WorkItem)
        .where(WorkItem.case_id == case_id, WorkItem.state == "open")
        .order_by(WorkItem.created_at, WorkItem.id)
    )
    return list(db.session.execute(query.execution_options(populate_existing=True)).scalars())
