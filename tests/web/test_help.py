"""The guides in the product: everybody finds their own, and every picture and link leads somewhere."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.web.help import GUIDES, rendered
from tests.web.pages import Browser


@pytest.mark.parametrize(("who", "name"), [("clerk", "clerk"), ("finance", "clerk"), ("manager", "manager"),
                                           ("owner", "owner"), ("compliance", "compliance")])
def test_everybody_is_led_to_the_guide_of_their_own_work(app: Flask, who: str, name: str) -> None:
    browser = Browser(app, who)
    assert 'href="/help">使用指南</a>' in browser.text("/inbox/mine")
    assert browser.get("/help").location == f"/help/{name}"


def test_customers_read_their_guide_without_a_name_and_no_other(app: Flask) -> None:
    stranger = Browser(app)
    assert stranger.get("/help").location == "/help/customer"
    assert "/help/owner" not in stranger.text("/help/customer")
    assert stranger.get("/help/owner").location.startswith("/sign-in")


@pytest.mark.parametrize("name", GUIDES)
def test_pictures_and_links_of_a_guide_lead_somewhere(app: Flask, name: str) -> None:
    clerk = Browser(app, "clerk")
    page = clerk.text(f"/help/{name}")
    body = page[page.index("<article"):page.index("</article>")]
    assert 'style="' not in body
    for address in set(re.findall(r'(?:src|href)="([^"]+)"', body)):
        assert address.startswith("/help/"), address
        assert clerk.get(address).status_code == 200, address


def test_what_is_no_guide_is_not_found(app: Flask) -> None:
    clerk = Browser(app, "clerk")
    for path in ("/help/nobody", "/help/img/nobody.png", "/help/img/..%2Farchitecture.png"):
        assert clerk.get(path).status_code == 404, path


def test_markup_in_a_guide_stays_text(app: Flask) -> None:
    with app.test_request_context():
        assert "&lt;script&gt;" in rendered("<script>alert(1)</script>")
        assert "href" not in rendered("[x](javascript:alert(1))")


def test_lines_of_chinese_are_joined_without_a_space(app: Flask) -> None:
    with app.test_request_context():
        assert rendered("先登记，\n再定级。\n") == "<p>先登记，再定级。</p>\n"
        assert rendered("one\ntwo\n") == "<p>one\ntwo</p>\n"
