"""The API's guards: idempotency, limits, bodies that are attacks, problem documents."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from pathlib import Path

import pytest
from flask import Flask

from app.store.base import db
from app.web.limits import limiter
from app.wiring import services
from tests.web.api_client import COMPLAINT, Api

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489") + b"\0" * 40


@pytest.fixture
def clerk(app: Flask) -> Api:
    return Api(app, "clerk")


def test_the_same_key_and_body_make_one_case_and_one_answer(clerk: Api) -> None:
    first = clerk.post("/cases", COMPLAINT, Idempotency_Key="k-1")
    again = clerk.post("/cases", COMPLAINT, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert clerk.get("/cases").get_json()["total"] == 1


def test_the_same_key_with_another_body_or_path_is_refused(clerk: Api) -> None:
    clerk.post("/cases", COMPLAINT, Idempotency_Key="k-1")
    other = clerk.post("/cases", {**COMPLAINT, "description": "另一件事"}, Idempotency_Key="k-1")
    assert other.status_code == 422
    assert clerk.post("/messages", {"name": "x"}, Idempotency_Key="k-1").status_code == 422
    assert clerk.get("/cases").get_json()["total"] == 1


def test_a_key_is_its_users_own_and_a_failed_request_does_not_spend_it(app: Flask, clerk: Api) -> None:
    assert clerk.post("/cases", {**COMPLAINT, "type": "x"}, Idempotency_Key="k-1").status_code == 422
    mine = clerk.post("/cases", COMPLAINT, Idempotency_Key="k-1").get_json()["number"]
    theirs = Api(app, "supervisor").post("/cases", COMPLAINT, Idempotency_Key="k-1")
    assert theirs.status_code == 201
    assert theirs.get_json()["number"] != mine


def test_a_repeated_upload_is_one_file_although_its_boundary_differs(clerk: Api) -> None:
    def send(content: bytes) -> object:
        clerk.headers["Idempotency-Key"] = "up-1"
        return clerk.upload("a.png", io.BytesIO(content)).get_json().get("id")

    assert send(PNG) == send(PNG) is not None
    assert send(PNG + b"\0") is None


def test_eight_posts_at_once_with_one_key_make_one_case(any_app: Flask) -> None:
    clerk = Api(any_app, "clerk")
    numbers: list[str] = []

    def post() -> None:
        response = clerk.post("/cases", COMPLAINT, Idempotency_Key="k-8")
        numbers.append(response.get_json().get("number", response.get_data(as_text=True)))

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 1
    assert clerk.get("/cases").get_json()["total"] == 1


@pytest.mark.parametrize(("raw", "kind", "status"), [
    (b"{", "application/json", 400), (b"[]", "application/json", 422), (b"null", "application/json", 422),
    (b'{"a": NaN}', "application/json", 400), (b'{"description": "\\u0000"}', "application/json", 400),
    (b'{"description": "\\ud800"}', "application/json", 400), (b"\xff\xfe", "application/json", 400),
    (b"[" * 100_000, "application/json", 400), (b'{"a": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b"type=complaint", "application/x-www-form-urlencoded", 415), (b"<a/>", "text/xml", 415),
    (b"x" * (13 * 1024 * 1024), "application/json", 413),
])
def test_a_body_that_is_not_json_is_refused_without_an_accident(
        app: Flask, clerk: Api, raw: bytes, kind: str, status: int) -> None:
    response = app.test_client().post("/api/v1/cases", data=raw, headers=clerk.headers, content_type=kind)
    assert response.status_code == status, response.get_data(as_text=True)[:300]
    assert response.mimetype == "application/problem+json"


def test_errors_are_problem_documents_also_where_there_is_no_route(app: Flask, clerk: Api) -> None:
    nobody = app.test_client().get("/api/v1/cases")
    for response, status in ((clerk.get("/nothing"), 404), (clerk.get("/clock/advance"), 405),
                             (clerk.get("/cases/x"), 404), (nobody, 401)):
        problem = response.get_json()
        assert response.mimetype == "application/problem+json"
        assert (response.status_code, problem["status"]) == (status, status)
        assert {"type", "title", "detail", "instance"} <= set(problem)


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "bearer x y", "Bearer \x00"])
def test_a_bad_token_opens_nothing(app: Flask, header: str) -> None:
    response = app.test_client().get("/api/v1/cases", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing(app: Flask, clerk: Api) -> None:
    services().people.revoke_tokens("clerk")
    assert clerk.get("/cases").status_code == 401


def test_openapi_names_every_route_of_the_api_and_only_schemas_that_exist(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    served = {(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
              for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")
              for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}}
    assert described == served
    references = {word.split('"')[0] for word in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= set(document["components"]["schemas"])
    for path in ("/cases", "/tasks/{task_id}/complete", "/instances/{instance_id}/history", "/messages", "/files",
                 "/incidents/{incident_id}/retry", "/clock/advance", "/definitions"):
        assert path in document["paths"]


def test_beyond_a_hundred_requests_a_second_a_token_waits_and_is_told_how_long(
        template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from app import create_app
    from tests.conftest import settings

    shutil.copyfile(template, tmp_path / "chengnuo.db")
    chosen = settings(tmp_path, f"sqlite:///{tmp_path / 'chengnuo.db'}")
    chosen.RATELIMIT_ENABLED = True
    app = create_app(chosen)
    try:
        with app.app_context():
            clerk, other = Api(app, "clerk"), Api(app, "owner")
            moment = time.time()
            monkeypatch.setattr("time.time", lambda: moment)
            assert {clerk.get("/definitions").status_code for _ in range(100)} == {200}
            refused = clerk.get("/definitions")
            assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
            assert int(refused.headers["Retry-After"]) >= 1
            assert other.get("/definitions").status_code == 200
            monkeypatch.setattr("time.time", lambda: moment + 1.1)
            assert clerk.get("/definitions").status_code == 200
            db.session.remove()
            db.engine.dispose()
    finally:
        limiter.enabled = False
        limiter.reset()
