"""A compliance officer's morning in a real browser: what is new, a clause on its diagram, a deviation to its end."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app.clock import FixedClock
from app.facts import SYSTEM
from app.store.base import db
from app.store.models import Deviation
from app.wiring import services
from tests.conftest import MONDAY, missing
from tests.processes.test_papers import COMPLAINT

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.browser


@pytest.fixture
def address(app: Flask, clock: FixedClock) -> Iterator[str]:
    """Serve the application with one late complaint; skips without a browser, which is a failure in CI."""
    if CHROMIUM is None:
        missing("chromium")
    services().cases.register(COMPLAINT, SYSTEM)
    services().operations.quiesce()
    clock.set(MONDAY + timedelta(days=1))
    services().conformance.sweep()
    services().pictures.now()  # as the sweep does in a server
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    """Give the officer's browser, signed in; whatever its console complains of fails the test."""
    complaints: list[str] = []
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(base_url=address, locale="zh-CN", viewport={"width": 1440, "height": 900})
        found = context.new_page()
        found.set_default_timeout(30_000)
        found.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.goto("/sign-in")
        found.fill("#f-username", "compliance")
        found.fill("#f-password", str(services().people.demo_password()))
        found.click("form.panel button.btn-primary")
        yield found
        browser.close()
    assert complaints == []


def test_an_officers_morning(page: Any) -> None:
    page.click(".nav-main a:has-text('合规')")
    assert page.text_content(".tile.late .tile-l") == "新增违反"

    page.goto("/compliance/policy?document=E")
    page.click("#c-E-2\\.1\\.2 a")
    page.wait_for_selector("#clause [data-clause-diagram][data-ready]")
    assert page.url.endswith("/compliance/policy/E-2.1.2")
    assert page.locator("#clause .djs-element.is-lit").count() > 0
    assert page.get_attribute("#c-E-2\\.1\\.2 a", "aria-current") == "true"
    page.click("#clause nav a:has-text('客户申诉')")
    page.wait_for_selector("[data-source='/compliance/diagrams/appeal.bpmn'][data-ready]")
    assert page.locator("#clause .djs-element.is-lit").count() > 0

    page.click("#clause a:has-text('项')")  # its open deviations
    page.click("table.list a:has-text('#')")
    assert "为什么判定违反" in page.text_content("main")
    page.click("#do-explain summary")
    page.fill("#do-explain textarea", "前台同时接听两部电话，响应晚了。")
    page.click("#do-explain button")
    assert "已说明" in page.text_content("main .head")
    page.click("#do-close summary")
    page.fill("#do-close textarea", "已改进排班并答复客户。")
    page.click("#do-close button")
    page.wait_for_selector("main .head .chip:has-text('已结案')")
    db.session.rollback()
    row = db.session.execute(select(Deviation).where(Deviation.clause == "E-2.1.2")).scalar_one()
    assert (row.state, row.closed_by) == ("closed", "compliance")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
