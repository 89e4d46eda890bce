"""The control room in a real browser: charts are drawn, numbers lead to cases, called processes open in place."""

from __future__ import annotations

from tests.browser.test_main_path import Office, address, office, pytestmark
from tests.web.pages import Browser

__all__ = ["address", "office", "pytestmark"]


def test_a_manager_reads_the_dashboard_the_picture_and_an_instance(app, office: Office) -> None:  # type: ignore[no-untyped-def]
    clerk = Browser(app, "clerk")
    app.config["WTF_CSRF_ENABLED"] = False
    number = clerk.register().number
    app.config["WTF_CSRF_ENABLED"] = True
    page = office.page("manager")
    page.goto("/control/")
    page.wait_for_function("Number(document.documentElement.dataset.charts) >= 4")
    assert page.locator("[data-chart] canvas").count() >= 4

    page.goto(f"/control/instances?q={number}")
    page.locator("td.title a", has_text=str(number)).click()
    page.wait_for_selector("#diagram .mark.active")
    page.locator("#diagram .open-call").first.click()  # a called process opens in the same place
    page.locator("[data-back]:visible").click()
    page.wait_for_selector("#diagram .open-call")

    page.goto("/control/processes/intake")
    page.locator("#picture a.mark").first.click()
    assert "/control/instances" in page.url
    assert page.locator("td.title a", has_text=str(number)).count() == 1
    assert office.complaints == []
