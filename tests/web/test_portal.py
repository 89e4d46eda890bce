"""The customer's pages: filing, following, answering, and seeing nothing else."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.store.base import db
from app.store.models import Communication, Job
from tests.web.pages import Browser, case, open_tasks
from tests.web.test_case_page import PNG

FILED = {"type": "complaint", "name": "李女士", "phone": "13911112222", "description": "空调不制冷，多次报修无人处理。"}


@pytest.fixture
def customer(app: Flask) -> Browser:
    return Browser(app)


def file(customer: Browser, **changes: object) -> str:
    """File a complaint and return the address of the customer's page."""
    answer = customer.post("/file", {**FILED, **changes})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.location.partition("?")[0])


def number_on(page: str) -> str:
    """Return the case's number on the customer's page."""
    return re.search(r"\d{6}-\d{4}", page).group(0)


def test_filing_gives_a_number_and_a_page_of_ones_own(customer: Browser) -> None:
    page = customer.text(file(customer) + "?new=1")
    found = case(number_on(page))
    assert found.channel == "web_form"
    assert found.registered_by == "customer"
    assert "您的事项已受理" in page
    assert "首次响应" in page


def test_what_is_missing_is_said_at_its_field(customer: Browser) -> None:
    answer = customer.post("/file", {**FILED, "phone": ""})
    assert answer.status_code == 422
    assert 'href="#f-phone"' in answer.get_data(as_text=True)
    assert "多次报修无人处理" in answer.get_data(as_text=True)


def test_number_and_telephone_open_the_page_and_wrong_pairs_look_alike(customer: Browser) -> None:
    address = file(customer)
    number = number_on(customer.text(address))
    opened = customer.post("/track", number=number, phone="+86 139-1111-2222")
    assert opened.location.endswith(address)
    wrong = customer.post("/track", number=number, phone="13900000000")
    unknown = customer.post("/track", number="209901-0001", phone="13911112222")
    assert wrong.status_code == unknown.status_code == 404
    assert "没有与此单号和电话同时相符的个案" in wrong.get_data(as_text=True)
    assert "没有与此单号和电话同时相符的个案" in unknown.get_data(as_text=True)


def test_a_guessed_link_opens_nothing(customer: Browser) -> None:
    file(customer)
    assert customer.get("/c/guessed").status_code == 404


def test_a_customer_sees_no_work_of_ours(app: Flask, customer: Browser) -> None:
    address = file(customer)
    number = number_on(customer.text(address))
    clerk = Browser(app, "clerk")
    clerk.post(f"/cases/{number}/comments", text="内部意见：先拖一拖")
    clerk.post(f"/cases/{number}/contacts", way="phone", direction="out", summary="内部通话记录")
    clerk.post(f"/cases/{number}/files", {"file": (io.BytesIO(PNG), "内部.png")})
    page = customer.text(address)
    assert "内部" not in page
    file_id = re.search(r'href="/files/([\w-]+)"', clerk.text(f"/cases/{number}")).group(1)
    assert customer.get(f"{address}/files/{file_id}").status_code == 404
    task = open_tasks(case(number).id)[0]
    assert customer.post(f"{address}/tasks/{task.id}").status_code == 404


def test_a_message_and_its_evidence_reach_the_owner(app: Flask, customer: Browser) -> None:
    address = file(customer)
    customer.post(f"{address}/messages", {"text": "今天又坏了", "file": (io.BytesIO(PNG), "现场.png")})
    page = customer.text(address)
    assert "今天又坏了" in page
    assert "现场.png" in page
    number = number_on(page)
    assert "今天又坏了" in Browser(app, "clerk").text(f"/cases/{number}")
    row = db.session.execute(select(Communication).where(Communication.summary == "今天又坏了")).scalar_one()
    assert (row.way, row.direction, row.by) == ("portal", "in", "customer")
    assert db.session.execute(select(Job.id).where(Job.key.startswith("customer_message:"))).first() is not None


def test_a_customer_withdraws(customer: Browser) -> None:
    address = file(customer)
    page = customer.text(address)
    assert "/wishes/withdraw" in page
    assert customer.post(f"{address}/wishes/withdraw", reason="").status_code == 422
    assert customer.post(f"{address}/wishes/withdraw", reason="已自行解决").status_code == 302
    assert "您的请求已收到" in customer.text(address)


def test_a_wish_that_does_not_fit_now_is_neither_offered_nor_taken(customer: Browser) -> None:
    address = file(customer)
    assert "/wishes/reopen" not in customer.text(address)
    customer.post(f"{address}/wishes/reopen", reason="再来一次")
    assert "个案当前不能这样处理" in customer.text(address)


def test_the_page_speaks_english_too(customer: Browser) -> None:
    address = file(customer)
    customer.post("/locale", locale="en", next=address)
    page = customer.text(address)
    assert "What happens next" in page
    assert "First response" in page
