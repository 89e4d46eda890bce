"""The control room in a real browser: charts are drawn, numbers lead to cases, called processes open in place."""

from __future__ import annotations

from collections.abc import Callable

from app.facts import Actor
from app.wiring import Services
from tests.browser.test_main_path import Office, address, office, pytestmark

__all__ = ["address", "office", "pytestmark"]
REQUEST = {
    "type": "complaint", "channel": "phone", "customer": {"name": "张伟", "phone": "13800138000"},
    "product": {"model": "CN-200", "serial_no": "SN-1", "origin": "self_made"}, "description": "机器运行时有异响",
}


def test_a_manager_reads_the_dashboard_the_picture_and_an_instance(
        office: Office, services: Services, actor: Callable[[str], Actor]) -> None:
    number = services.cases.facts(services.cases.register(REQUEST, actor("clerk"))).number
    page = office.page("manager")
    page.set_default_timeout(60_000)
    page.goto("/control/")
    page.wait_for_function("Number(document.documentElement.dataset.charts) >= 3")
    assert page.locator("[data-chart] canvas").count() >= 3

    page.goto(f"/control/instances?q={number}")
    page.locator("td.title a", has_text=number).click()
    page.wait_for_selector("#diagram .open-call", state="attached")
    before = page.locator("[data-shown]").first.inner_text()
    page.locator("#diagram .open-call").first.dispatch_event("click")  # a called process opens in the same place
    page.wait_for_function("name => document.querySelector('[data-shown]').textContent !== name", arg=before)
    page.locator("[data-back]:visible").click()
    page.wait_for_function("name => document.querySelector('[data-shown]').textContent === name", arg=before)

    page.goto("/control/processes/intake")
    page.wait_for_selector("#picture a.mark", state="attached")
    page.locator("#picture a.mark").first.dispatch_event("click")
    page.wait_for_url("**/control/instances?**")
    assert page.locator("td.title a", has_text=number).count() == 1
    assert office.complaints == []
