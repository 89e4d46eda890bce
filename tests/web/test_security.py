"""Sessions, cookies, CSRF and headers, tried as an attacker would."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.clock import FixedClock
from app.store.base import db
from app.wiring import services
from tests.conftest import settings
from tests.web.api_client import COMPLAINT, Api


@pytest.fixture
def guarded(template: Path, tmp_path: Path, clock: FixedClock) -> Iterator[Flask]:
    """Give the product with CSRF protection on, as it is outside of tests."""
    shutil.copyfile(template, tmp_path / "chengnuo.db")
    shutil.copyfile(template.parent / "demo_password", tmp_path / "demo_password")
    chosen = settings(tmp_path, f"sqlite:///{tmp_path / 'chengnuo.db'}")
    chosen.WTF_CSRF_ENABLED = True
    app = create_app(chosen, clock)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def go(client: FlaskClient, method: str, path: str, **options: Any) -> TestResponse:
    return Context().run(partial(client.open, path, method=method, **options))


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    assert found is not None
    return found.group(1)


def enter(app: Flask, username: str = "clerk") -> FlaskClient:
    client = app.test_client()
    assert go(client, "POST", "/sign-in", data=credentials(client, username)).status_code == 302
    return client


def credentials(client: FlaskClient, username: str = "clerk") -> dict[str, Any]:
    token = token_of(go(client, "GET", "/sign-in"))
    return {"username": username, "password": services().people.demo_password(), "csrf_token": token}


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("session")
    assert found is not None
    return found.value


def test_a_browser_that_was_tricked_changes_nothing(guarded: Flask) -> None:
    client = enter(guarded)
    for path in ("/api/v1/cases", "/sign-out", "/inbox/claim", "/locale"):
        assert go(client, "POST", path, json=COMPLAINT).status_code == 400, path
    assert go(client, "GET", "/api/v1/cases").get_json()["total"] == 0


def test_the_session_api_takes_the_token_in_a_header_and_bearers_need_none(guarded: Flask) -> None:
    client = enter(guarded)
    token = token_of(go(client, "GET", "/password"))
    assert go(client, "POST", "/api/v1/cases", json=COMPLAINT, headers={"X-CSRFToken": token}).status_code == 201
    assert Api(guarded, "clerk").post("/cases", COMPLAINT).status_code == 201


def test_a_bad_bearer_does_not_fall_back_to_the_cookie(guarded: Flask) -> None:
    client = enter(guarded)
    assert go(client, "GET", "/api/v1/cases", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_a_session_that_was_given_before_sign_in_is_not_kept(guarded: Flask) -> None:
    client = guarded.test_client()
    page = go(client, "GET", "/sign-in")
    with client.session_transaction() as session:
        session["planted"] = "by an attacker"
    form = {"username": "clerk", "password": services().people.demo_password(), "csrf_token": token_of(page)}
    go(client, "POST", "/sign-in", data=form)
    with client.session_transaction() as session:
        assert "planted" not in session


def test_a_stolen_cookie_is_dead_after_signing_out(guarded: Flask) -> None:
    client = enter(guarded)
    stolen = cookie(client)
    assert go(client, "GET", "/api/v1/cases").status_code == 200
    go(client, "POST", "/sign-out", data={"csrf_token": token_of(go(client, "GET", "/password"))})
    thief = guarded.test_client()
    thief.set_cookie("session", stolen)
    assert go(thief, "GET", "/api/v1/cases").status_code == 401


def test_a_stolen_cookie_is_dead_in_another_browser(guarded: Flask) -> None:
    stolen = cookie(enter(guarded))
    thief = guarded.test_client()
    thief.set_cookie("session", stolen)
    assert go(thief, "GET", "/api/v1/cases", headers={"User-Agent": "somebody else's"}).status_code == 401


def test_signing_out_here_does_not_sign_out_there(guarded: Flask) -> None:
    here, there = enter(guarded), enter(guarded)
    go(here, "POST", "/sign-out", data={"csrf_token": token_of(go(here, "GET", "/password"))})
    assert go(there, "GET", "/api/v1/cases").status_code == 200


def test_a_changed_password_ends_the_other_sessions_at_once(guarded: Flask) -> None:
    here, there = enter(guarded), enter(guarded)
    form = {"old": services().people.demo_password(), "new": "a quite different one", "again": "a quite different one",
            "csrf_token": token_of(go(here, "GET", "/password"))}
    assert go(here, "POST", "/password", data=form).status_code == 302
    assert go(here, "GET", "/api/v1/cases").status_code == 200
    assert go(there, "GET", "/api/v1/cases").status_code == 401


@pytest.mark.parametrize("forged", ["1.0", "1.0.x.y", "a.b.c", "1.-1.x", "", "99999.0.x", "²..x"])
def test_a_session_of_another_shape_is_nobodys(guarded: Flask, forged: str) -> None:
    client = guarded.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = forged, True
    assert go(client, "GET", "/api/v1/cases").status_code == 401


def test_cookies_are_closed_to_scripts_and_to_other_sites(guarded: Flask) -> None:
    client = guarded.test_client()
    header = go(client, "POST", "/sign-in", data=credentials(client)).headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_pages_forbid_what_they_never_do(guarded: Flask) -> None:
    for path in ("/sign-in", "/api/v1/openapi.json", "/nothing", "/healthz"):
        headers = go(guarded.test_client(), "GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"


def test_pages_carry_no_script_or_style_that_the_policy_would_stop(guarded: Flask) -> None:
    client = enter(guarded)
    for path in ("/", "/cases", "/cases/new", "/password"):
        page = go(client, "GET", path)
        text = page.get_data(as_text=True)
        nonces = set(re.findall(r'nonce="([^"]+)"', text))
        assert all(f"'nonce-{nonce}'" in page.headers["Content-Security-Policy"] for nonce in nonces)
        assert not re.search(r"<script(?![^>]*(?:src=|nonce=|type=\"application/json\"))", text), path
        assert not re.search(r"\son\w+=\"|javascript:|\sstyle=\"", text), path


def test_sign_in_says_the_same_to_everybody(guarded: Flask) -> None:
    texts = set()
    for username in ("clerk", "nobody"):
        client = guarded.test_client()
        form = {"username": username, "password": "wrong", "csrf_token": token_of(go(client, "GET", "/sign-in"))}
        response = go(client, "POST", "/sign-in", data=form)
        assert response.status_code == 401
        texts.add(re.sub(r'(value|content|nonce)="[^"]*"', "", response.get_data(as_text=True)))
    assert len(texts) == 1


def test_asking_for_the_head_of_a_page_does_nothing_but_that(guarded: Flask) -> None:
    assert go(guarded.test_client(), "HEAD", "/sign-in").status_code == 200
    client = enter(guarded)
    for path in ("/password", "/cases/new"):
        assert go(client, "HEAD", path).status_code == 200, path


def test_sign_in_leads_to_no_other_site(guarded: Flask) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        client = guarded.test_client()
        form = {**credentials(client), "next": target}
        assert go(client, "POST", "/sign-in", data=form).headers["Location"] == "/"
