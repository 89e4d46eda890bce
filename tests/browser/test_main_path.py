"""A complaint in a real browser: filed by the customer, walked through the roles on their pages, to its archive."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.facts import SYSTEM
from app.store.models import WorkItem
from app.wiring import services
from tests.conftest import missing
from tests.robot import answer, fields, fill
from tests.web.api_walk import WHO
from tests.web.pages import case, open_tasks, sent

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.browser

HAPPY: Mapping[str, Mapping[str, Any]] = {
    "followup_call": {"reached": True, "problem_solved": True},
    "confirm_result": {"result_confirmed": True},
    "rate_service": {"satisfaction_score": 5, "appeal_wanted": False},
}
HELD = {"sign_afterwards"}  # a signature that nothing waits for
STEPS = 60  # tasks and waits at most


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve the application and give its address; skips without a browser, which is a failure in CI."""
    if CHROMIUM is None:
        missing("chromium")
    app.config["WTF_CSRF_ENABLED"] = True  # as in production: a page without its token changes nothing
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)


class Office:
    """Everybody's browser: one context a person, one page each."""

    def __init__(self, browser: Any, address: str) -> None:
        self._browser, self._address = browser, address
        self._pages: dict[str, Any] = {}
        self.complaints: list[str] = []  # of the browsers' consoles

    def page(self, who: str) -> Any:
        """Return the page of a person, signed in; the customer's needs no sign-in."""
        if who not in self._pages:
            context = self._browser.new_context(
                base_url=self._address, locale="zh-CN", viewport={"width": 1440, "height": 900}
            )
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on(
                "console", lambda message: self.complaints.append(message.text) if message.type == "error" else None
            )
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.on("dialog", lambda dialog: dialog.accept())
            self._pages[who] = page
            if who != "customer":
                page.goto("/sign-in")
                page.fill("#f-username", who)
                page.fill("#f-password", str(services().people.demo_password()))
                page.click("form.panel button.btn-primary")
        return self._pages[who]


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    """Give browsers on the application."""
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Office(browser, address)
        browser.close()


def file_complaint(page: Any) -> str:
    """File a complaint as a customer; return the number."""
    page.goto("/welcome")
    page.click("a[href$='type=complaint']")
    page.fill("#f-description", "电饭煲使用两周后无法加热，联系门店两次未解决，要求维修。")
    page.fill("#f-name", "张伟")
    page.fill("#f-phone", "13800138000")
    page.fill("#f-model", "CN-200")
    page.click("button:has-text('提交')")
    found = re.search(r"\d{6}-\d{4}", page.text_content("h1"))
    assert found is not None
    return found.group(0)


def put(form: Any, name: str, value: str) -> bool:
    """Give one answer and tell whether its question is in sight."""
    try:
        return put_in_sight(form, name, value)
    except sync_api.TimeoutError:  # another answer has hidden it meanwhile
        if form.locator(f'[name="{name}"]:visible').count():
            raise
        return False


def put_in_sight(form: Any, name: str, value: str) -> bool:
    """Give one answer by the kind of its input."""
    place = form.locator(f'[name="{name}"]:visible')
    if not place.count():
        return False
    first = place.first
    kind, tag = first.get_attribute("type"), first.evaluate("element => element.tagName")
    if kind == "radio":
        form.locator(f'input[name="{name}"][value="{value}"]').check()
    elif kind == "checkbox" and place.count() == 1:
        first.set_checked(value == "true" or value == first.get_attribute("value"))
    elif kind == "checkbox":
        form.locator(f'input[name="{name}"][value="{value}"]').check()
    elif tag == "SELECT":
        first.select_option(value)
    elif kind != "file":
        first.fill(value)
    return True


def fill_in(page: Any, form: Any, item: WorkItem, served: Any, choices: Mapping[str, Any]) -> None:
    """Fill in a form as its page shows it, send it, and answer what it still asks for."""
    data = fill(served.json, served.data, choices)
    by_key = {component["key"]: component for component in fields(served.json["components"])} if served.json else {}
    for _ in range(5):
        left = list(sent(data).items(multi=True))
        for _twice in range(2):  # answers may bring up further questions
            left = [(name, value) for name, value in left if not put(form, name, value)]
            sync_api.expect(page.locator("[aria-busy=true]")).to_have_count(0)
        form.locator("button.btn-primary").click()
        page.wait_for_load_state()
        asked = page.locator("[aria-invalid=true]")
        if not asked.count():
            return
        for element in asked.all():
            key = (
                (element.get_attribute("name") or element.get_attribute("id") or "")
                .removeprefix("f-")
                .partition("-")[0]
            )
            if key in by_key:
                data[key] = answer(by_key[key])
    raise AssertionError(f"{item.element_id} is never content: {page.locator('[role=alert]').all_text_contents()}")


def do(office: Office, item: WorkItem, access_key: str, choices: Mapping[str, Any]) -> None:
    """Do one task on the page of whom it is for."""
    who = "customer" if item.group_code == "customer" else WHO.get(str(item.group_code), str(item.group_code))
    actor = services().people.customer_of(access_key) if who == "customer" else SYSTEM
    page, served = office.page(who), services().work.form(item.id, actor)
    page.goto(f"/c/{access_key}" if who == "customer" else f"/tasks/{item.id}")
    form = page.locator(f'form[action$="/tasks/{item.id}"]' if who == "customer" else "#task-form")
    fill_in(page, form, item, served, choices.get(item.element_id, {}))


def walk(office: Office, number: str, choices: Mapping[str, Any]) -> list[str]:
    """Do every task on the page of whom it is for until the case ends."""
    found, done = case(number), list[str]()
    for _ in range(STEPS):
        services().operations.quiesce()
        todo = [item for item in open_tasks(found.id) if item.element_id not in HELD]
        if case(number).state != "open":
            break
        if todo:
            do(office, todo[0], found.access_key, choices)
            assert todo[0].id not in {item.id for item in open_tasks(found.id)}, todo[0].element_id
            done.append(todo[0].element_id)
        else:
            services().operations.advance_clock(SYSTEM, to="next")
    return done


def test_a_complaint_is_walked_from_filing_to_archive(app: Flask, office: Office) -> None:
    number = file_complaint(office.page("customer"))
    done = walk(office, number, HAPPY)
    closed = case(number)
    assert (closed.state, closed.status) == ("closed", "已关闭-满意"), done
    assert closed.archived_at is not None

    clerk = office.page("clerk")
    clerk.goto(f"/cases/{number}")
    clerk.wait_for_selector("#diagram .djs-container svg")
    clerk.wait_for_selector("#diagram .is-done")
    assert clerk.locator("#clocks .chip.ok").count()
    assert clerk.locator("#clocks .chip.late").count() == 0  # every clock was kept
    assert "投诉处理意见书" in clerk.text_content("#papers")
    customer = office.page("customer")
    customer.reload()
    assert "已关闭" in customer.text_content("main")
    assert office.complaints == []


# The other ends differ in answers, not in pages: tests/web walks them over HTTP.
WITHDRAWN: Mapping[str, Mapping[str, Any]] = {"accept_proposal": {"accepted": False, "refusal_choice": "withdraw"}}


def test_a_complaint_reaches_another_end_on_the_pages(app: Flask, office: Office) -> None:
    number = file_complaint(office.page("customer"))
    done = walk(office, number, WITHDRAWN)
    assert case(number).outcome == "end_withdrawn", done
    assert office.complaints == []


def test_a_duplicate_is_merged_on_the_page(app: Flask, office: Office) -> None:
    first = file_complaint(office.page("customer"))
    number = file_complaint(office.page("customer"))
    walk(office, number, {"register_case": {"is_duplicate": True, "duplicate_of": first}})
    assert case(number).outcome == "end_merged"
    assert office.complaints == []
