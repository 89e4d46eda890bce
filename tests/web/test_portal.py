"""The customer's pages: filing, following, answering, and seeing nothing else."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.notifications.templates import PAGE_ZH
from app.store.base import db
from app.store.models import Communication, Document, DocumentCopy, Job
from app.store.unit_of_work import unit_of_work
from tests.web.api_walk import ApiWalk
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
    assert '<a href="#f-phone">电话</a>: 必填。' in answer.get_data(as_text=True)
    assert "多次报修无人处理" in answer.get_data(as_text=True)


def test_a_danger_that_was_ticked_is_still_ticked_after_a_mistake(customer: Browser) -> None:
    page = customer.post("/file", {**FILED, "phone": "", "flags": ["safety"]}).get_data(as_text=True)
    assert re.search(r'value="safety" checked', page)
    assert not re.search(r'value="production_stop" checked', page)


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


def test_two_questions_on_one_page_keep_their_fields_and_errors_apart(app: Flask, customer: Browser) -> None:
    walk = ApiWalk(app)
    walk.run(until="confirm_result")
    address = f"/c/{case(walk.number).access_key}"
    page = customer.text(address)
    ids = re.findall(r' id="([^"]+)"', page)
    assert page.count("提交答复") == 2
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)
    task = next(task for task in open_tasks(case(walk.number).id) if task.element_id == "rate_service")
    refused = customer.post(f"{address}/tasks/{task.id}", {})
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    wrong = re.findall(r'<a href="#(f-[^"]+)"', page)
    assert wrong
    assert all(page.count(f'id="{field}"') == 1 and task.id[:8] in field for field in wrong)


def test_messages_stand_newest_first_without_the_link_to_the_page_itself(app: Flask, customer: Browser) -> None:
    address = file(customer)
    found = case(number_on(customer.text(address)))
    with unit_of_work() as session:
        for day in range(1, 10):
            at = found.registered_at.replace(day=day + 10)
            text = f"第{day}天\n一切正常。{PAGE_ZH.format(link=address)}"
            session.add(Communication(case_id=found.id, at=at, way="portal", direction="out", party="customer",
                                      by="system", key=f"k{day}", summary=text))
        session.commit()
    page = customer.text(address)
    assert page.index("第9天") < page.index("第5天") < page.index("更早的留言") < page.index("第1天")
    assert "进度查询与答复" not in page
    assert '<strong class="pre">第9天</strong>' in page


def test_a_customer_opens_the_papers_meant_for_customers_and_no_others(app: Flask, customer: Browser) -> None:
    address = file(customer)
    found = case(number_on(customer.text(address)))
    with unit_of_work() as session:
        for number, recipient in (("TD-1", "customer"), ("TD-2", "finance")):
            paper = Document(case_id=found.id, kind="return_slip", number=number, copies=1,
                             opened_at=found.registered_at)
            session.add(paper)
            session.flush()
            session.add(DocumentCopy(document_id=paper.id, copy_no=1, recipient=recipient))
        session.commit()
    page = customer.text(address)
    assert f'href="{address}/papers/TD-1.pdf"' in page
    assert "TD-2" not in page
    assert customer.get(f"{address}/papers/TD-1.pdf").data.startswith(b"%PDF")
    assert customer.get(f"{address}/papers/TD-2.pdf").status_code == 404


def test_what_was_late_but_is_done_is_not_what_happens_next(app: Flask, customer: Browser) -> None:
    walk = ApiWalk(app)
    walk.advance(by="PT20M")
    assert "“首次响应”本应" in customer.text(f"/c/{case(walk.number).access_key}")
    walk.complete("register_case")
    walk.complete("respond_and_promise")
    assert "本应" not in customer.text(f"/c/{case(walk.number).access_key}")


def test_a_wrong_pair_leaves_what_was_typed(customer: Browser) -> None:
    page = customer.post("/track", number="209901-0001", phone="13911112222").get_data(as_text=True)
    assert 'value="209901-0001"' in page
    assert 'value="13911112222"' in page
