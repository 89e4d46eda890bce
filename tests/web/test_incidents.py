"""What fails outside is tried again, then shown to an operator, and goes on from where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from app import create_app
from app.clock import FixedClock
from app.services.verification import verify
from app.store.base import db
from app.wiring import services
from tests.conftest import settings
from tests.partner import TLS, partner
from tests.web.api_walk import ApiWalk

PURCHASED = {"product": {"model": "CN-9", "serial_no": "SN-9", "origin": "purchased"}}
QUALITY = {"determine_responsibility": {"responsibility": "product_quality"}}


@pytest.fixture
def supplier() -> Iterator[SimpleNamespace]:
    """Give a supplier's system that is out of order."""
    with partner() as found:
        found.status = 503
        yield found


@pytest.fixture
def connected(template: Path, tmp_path: Path, clock: FixedClock, supplier: SimpleNamespace) -> Iterator[Flask]:
    """Give the product with the supplier's system registered."""
    shutil.copyfile(template, tmp_path / "chengnuo.db")
    shutil.copyfile(template.parent / "demo_password", tmp_path / "demo_password")
    chosen = settings(tmp_path, f"sqlite:///{tmp_path / 'chengnuo.db'}")
    chosen.CONNECTOR_URLS, chosen.CONNECTOR_CA = f"supplier={supplier.url}", str(TLS / "localhost.pem")
    chosen.CONNECTOR_PRIVATE_HOSTS = "localhost"
    app = create_app(chosen, clock)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def waiting(connected: Flask) -> ApiWalk:
    """Give a complaint whose supplier is being written to."""
    walk = ApiWalk(connected, PURCHASED)
    while "determine_responsibility" not in walk.done:
        element = next(iter(walk.open()))
        walk.complete(element, **QUALITY.get(element, {}))
    return walk


def test_a_supplier_that_is_down_for_a_while_is_asked_again_with_the_same_key(
        waiting: ApiWalk, supplier: SimpleNamespace) -> None:
    waiting.advance(by="PT10S")
    assert len(supplier.seen) >= 1
    supplier.status = 200
    waiting.advance(by="PT5M")
    assert "record_supplier_handling" in waiting.open()
    assert len({key for _, key, _ in supplier.seen}) == 1
    assert waiting.api("admin").get("/incidents").get_json()["total"] == 0


def test_a_supplier_that_stays_down_is_an_incident_that_an_operator_retries(
        waiting: ApiWalk, supplier: SimpleNamespace) -> None:
    admin = waiting.api("admin")
    waiting.advance(by="PT1H")
    (incident,) = admin.get("/incidents", state="open").get_json()["items"]
    assert (incident["kind"], incident["element_id"], incident["case"]) == ("job", "engage_supplier", waiting.number)
    assert "503" in incident["message"]
    assert incident["attempts"] == len(supplier.seen) == 5
    assert waiting.case()["state"] == "open"
    assert admin.post(f"/incidents/{incident['id']}/retry").get_json()["state"] == "resolved"
    waiting.advance(by="PT1H")
    (again,) = admin.get("/incidents", state="open").get_json()["items"]
    supplier.status = 200
    assert admin.post(f"/incidents/{again['id']}/retry").status_code == 200
    waiting.advance(by="PT1S")
    assert "record_supplier_handling" in waiting.open()
    assert admin.get("/incidents", state="open").get_json()["total"] == 0
    assert verify(services().runtime)["differences"] == []


def test_a_supplier_who_answers_while_the_instance_is_suspended_is_asked_when_it_goes_on(
        waiting: ApiWalk, supplier: SimpleNamespace) -> None:
    path, admin = f"/instances/{waiting.case()['instances'][0]['id']}", waiting.api("admin")
    assert admin.post(f"{path}/suspend", {"reason": "核对"}).status_code == 200
    supplier.status = 200
    waiting.advance(by="P1D")
    assert supplier.seen == []
    assert admin.get("/incidents").get_json()["total"] == 0
    assert admin.post(f"{path}/resume").status_code == 200
    waiting.advance(by="PT1S")
    assert "record_supplier_handling" in waiting.open()
    assert len(supplier.seen) == 1
