"""Every route says who may enter, and keeps everybody else out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextvars import Context
from functools import partial
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.services.demo_people import PLATFORM_GROUPS
from app.store.base import db
from app.store.models import Attachment, Case, Submission
from app.store.unit_of_work import unit_of_work
from app.web.entry import KINDS, entry_of
from app.wiring import services
from tests.web.api_client import Api, answers

FILE = "5a1c2f9e-0000-4000-8000-000000000000"
OF_A_CASE = {"number", "task_id", "instance_id", "attachment_id"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def rules(app: Flask) -> Iterator[Rule]:
    yield from (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")


def send(app: Flask, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
    return Context().run(partial(app.test_client().open, path, method=method, headers=headers, **options))


def signed_in(app: Flask, username: str) -> Any:
    client = app.test_client()
    password = services().people.demo_password()
    response = Context().run(partial(client.post, "/sign-in", data={"username": username, "password": password}))
    assert response.status_code == 302
    return client


@pytest.fixture
def secrets(app: Flask) -> dict[str, str]:
    """Give the ids of a clerk's case that nobody of the warehouse has anything to do with."""
    clerk = Api(app, "clerk")
    made = clerk.register()
    task = clerk.get(f"/tasks/{clerk.tasks(case=made['number'])[0]['id']}").get_json()
    clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(task)})
    case = db.session.query(Case).filter_by(number=made["number"]).one()
    with unit_of_work() as session:
        session.add(Attachment(id=FILE, case_id=case.id, name="a.txt", size=1, content=b"x", media_type="text/plain",
                               digest="0" * 64, uploaded_at=case.registered_at, uploaded_by="clerk"))
    submission = db.session.query(Submission.id).filter_by(case_id=case.id).scalar()
    return {"key": "weekly_report", "number": made["number"], "task_id": task["id"], "instance_id": made["instance_id"],
            "attachment_id": FILE, "file_id": FILE, "submission_id": str(submission), "incident_id": "1",
            "verb": "suspend", "wish": "withdrawal", "kind": "opinion", "consultation_id": "1",
            "article_id": "1", "use_id": "1", "form": "pdf", "deviation_id": "1", "clause": "E-2.1.2", "change_id": "1",
            "fingerprint": "0" * 20}


def test_every_route_says_who_may_enter_and_names_groups_that_exist(app: Flask) -> None:
    known = KINDS | set(PLATFORM_GROUPS)
    for rule in rules(app):
        who = entry_of(app.view_functions[rule.endpoint])
        assert who, f"{rule.rule} does not say who may enter"
        assert who <= known, f"{rule.rule} names {who - known}"


def test_customers_routes_carry_the_key_that_opens_them(app: Flask) -> None:
    for rule in rules(app):
        if "customer" in (entry_of(app.view_functions[rule.endpoint]) or ()):
            assert "access_key" in rule.arguments, rule.rule


def test_nobody_enters_without_a_name(app: Flask, secrets: dict[str, str]) -> None:
    for rule in rules(app):
        if "public" in (entry_of(app.view_functions[rule.endpoint]) or ()):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: secrets.get(found.group(1), "1"), rule.rule)
        for method in set(METHODS) & (rule.methods or set()):
            response = send(app, method, path)
            if response.status_code == 302:
                assert response.headers["Location"].startswith("/sign-in"), path
            else:
                assert response.status_code in (401, 404), f"{method} {path}: {response.status_code}"


def test_a_foreign_user_finds_nothing_of_the_case_over_the_api(app: Flask, secrets: dict[str, str]) -> None:
    token = Api(app, "warehouse").headers
    bodies: dict[str, Any] = {"data": {}, "reason": "x", "demand": "x", "content": "x", "to": "warehouse", "name": "x"}
    tried = 0
    for rule in rules(app):
        if not rule.endpoint.startswith("api.") or not rule.arguments:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: secrets[found.group(1)], rule.rule)
        for method in set(METHODS) & (rule.methods or set()):
            response = send(app, method, path, token, json=bodies if method != "GET" else None)
            assert response.status_code in (403, 404), f"{method} {path}: {response.status_code}"
            assert secrets["number"] not in response.get_data(as_text=True).replace(path, "")
            tried += 1
    assert tried >= 15


def test_a_foreign_user_finds_nothing_of_the_case_on_the_pages(app: Flask, secrets: dict[str, str]) -> None:
    client = signed_in(app, "warehouse")
    for rule in rules(app):
        if rule.endpoint.startswith("api.") or "access_key" in rule.arguments or not rule.arguments & OF_A_CASE:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: secrets[found.group(1)], rule.rule)
        for method in set(METHODS) & (rule.methods or set()):
            data = {"to": "warehouse", "reason": "x", "text": "x", "note": "x", "question": "x", "answer": "x"}
            response = Context().run(partial(client.open, path, method=method, data=data if method != "GET" else None))
            assert response.status_code in (403, 404), f"{method} {path}: {response.status_code}"


def test_a_customers_link_opens_its_own_case_only(app: Flask, secrets: dict[str, str]) -> None:
    other = Api(app, "clerk").register()
    key = db.session.query(Case.access_key).filter_by(number=other["number"]).scalar()
    assert send(app, "GET", f"/c/{key}").status_code == 200
    assert send(app, "GET", "/c/" + "x" * 32).status_code == 404
    assert send(app, "GET", f"/c/{key}/files/{secrets['attachment_id']}").status_code == 404
    assert send(app, "POST", f"/c/{key}/tasks/{secrets['task_id']}", data={}).status_code == 404
    assert secrets["number"] not in send(app, "GET", f"/c/{key}").get_data(as_text=True)


def test_a_view_that_says_nothing_is_closed(app: Flask) -> None:
    app.view_functions["auth.sign_in"] = lambda: "open"
    assert send(app, "GET", "/sign-in").status_code == 404
