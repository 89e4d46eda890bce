"""Speaks to the API as a demo user with a bearer token."""

from __future__ import annotations

from contextvars import Context
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.wiring import services
from tests.robot import fill

COMPLAINT: dict[str, Any] = {
    "type": "complaint", "channel": "phone", "customer": {"name": "张伟", "phone": "13800138000"},
    "product": {"model": "CN-200", "serial_no": "SN-1", "origin": "self_made"}, "description": "机器运行时有异响",
}


class Api:
    """The API as one user sees it."""

    def __init__(self, app: Flask, username: str, **headers: str) -> None:
        self._client = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {services().people.create_token(username)}", **headers}

    def get(self, path: str, **arguments: Any) -> TestResponse:
        """GET a path below /api/v1."""
        return self._send("GET", path, query_string=arguments)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """POST JSON to a path below /api/v1; an underscore in a header's name stands for a dash."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send("POST", path, more, json={} if body is None else body)

    def upload(self, name: str, content: Any, **form: str) -> TestResponse:
        """POST a file."""
        data = {"file": (content, name), **form}
        return self._send("POST", "/files", data=data, content_type="multipart/form-data")

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        # A context of its own, as on a server: what one request remembers in `g` must not reach the next.
        send = partial(self._client.open, f"/api/v1{path}", method=method, headers={**self.headers, **(headers or {})})
        return Context().run(partial(send, **options))

    def register(self, **changes: Any) -> dict[str, Any]:
        """Start a complaint and return what the API answers."""
        response = self.post("/cases", {**COMPLAINT, **changes})
        assert response.status_code == 201, response.get_data(as_text=True)
        found: dict[str, Any] = response.get_json()
        return found

    def milestone(self, number: str, name: str) -> dict[str, Any]:
        """Return one clock of a case."""
        return next(one for one in self.get(f"/cases/{number}").get_json()["milestones"] if one["name"] == name)

    def tasks(self, **filters: str) -> list[dict[str, Any]]:
        """Return the tasks of a list."""
        items: list[dict[str, Any]] = self.get("/tasks", **filters).get_json()["items"]
        return items


def answers(task: dict[str, Any], **choices: Any) -> dict[str, Any]:
    """Return data that the form of a served task accepts, from what it says itself."""
    return fill(task["form"], task["data"], choices)
