"""Tasks and cases on their pages: filled in, corrected, discussed, drawn, and who may see them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.clock import FixedClock
from app.facts import Actor
from app.store.models import Comment
from app.store.unit_of_work import unit_of_work
from app.wiring import Services
from tests.web.pages import REGISTRATION, Browser, case, open_tasks

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def clerk(app: Flask) -> Browser:
    return Browser(app, "clerk")


def test_a_registration_says_what_is_missing_and_keeps_the_rest(clerk: Browser) -> None:
    answer = clerk.post("/cases/new", {**REGISTRATION, "phone": "abc", "description": ""})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#f-phone"' in page
    assert 'href="#f-description"' in page
    assert "CN-200" in page


def test_a_duplicate_is_shown_before_it_is_registered_and_linked_with_it(clerk: Browser) -> None:
    first = clerk.register()
    assert first.number in clerk.text("/cases/duplicates?phone=13800138000")
    assert first.number in clerk.text("/cases/duplicates?order_no=DD20260001")
    assert first.number not in clerk.text("/cases/duplicates?phone=13999999999")
    second = clerk.register(link=first.number, link_kind="duplicate")
    assert first.number in clerk.text(f"/cases/{second.number}")
    assert second.number in clerk.text(f"/cases/{first.number}")


def test_the_case_page_shows_clauses_broken_and_kept(clerk: Browser, clock: FixedClock) -> None:
    found = clerk.register()
    clock.advance(timedelta(minutes=16))
    page = clerk.text(f"/cases/{found.number}")
    assert "E-2.1.2 · 15 分钟 · 违约" in page
    assert "B1-6.1 · 24 小时 · 运行中" in page
    assert "为何是这个时限？" in page


def test_a_form_says_its_errors_at_the_fields_and_keeps_what_was_typed(clerk: Browser) -> None:
    task = open_tasks(clerk.register().id)[0]
    answer = clerk.post(f"/tasks/{task.id}/complete", {"description": "只写了描述"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in page
    assert "只写了描述" in page


def test_a_draft_comes_back(clerk: Browser) -> None:
    task = open_tasks(clerk.register().id)[0]
    assert clerk.post(f"/tasks/{task.id}/draft", {"facts": "周一上午在门店"}).get_json()["at"]
    assert "周一上午在门店" in clerk.text(f"/tasks/{task.id}")
    assert "草稿" in clerk.text("/inbox/group")


def test_who_comes_second_learns_who_was_first_and_keeps_the_text(
    app: Flask, clerk: Browser, services: Services, actor: Callable[[str], Actor]
) -> None:
    task = open_tasks(clerk.register().id)[0]
    second = Browser(app, "clerk")
    assert clerk.complete(task.id, actor("clerk")).status_code == 302
    answer = second.post(f"/tasks/{task.id}/complete", {"facts": "我的补充", "contact_person": "王先生"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "陈晓雯" in page
    assert "我的补充" in page


def test_a_correction_keeps_the_old_version_and_needs_a_reason(clerk: Browser, actor: Callable[[str], Actor]) -> None:
    found = clerk.register()
    task = open_tasks(found.id)[0]
    clerk.complete(task.id, actor("clerk"), facts="旧的情况")
    page = clerk.text(f"/cases/{found.number}")
    link = re.search(r"/cases/[\d-]+/submissions/\d+/correct", page).group(0)
    form = clerk.text(link)
    assert "旧的情况" in form
    fields = inputs(form)
    refused = clerk.post(link, {**fields, "facts": "新的情况", "_reason": ""})
    assert refused.status_code == 422
    assert '<a href="#f-_reason">更正原因</a>: 请说明更正原因。' in refused.get_data(as_text=True)
    assert clerk.post(link, {**fields, "facts": "新的情况", "_reason": "客户来电更正"}).status_code == 302
    page = clerk.text(f"/cases/{found.number}")
    assert "旧的情况" in page
    assert "新的情况" in page
    assert "客户来电更正" in page


def inputs(page: str) -> dict[str, str]:
    """Return what a page's form would send as it stands (one value a name)."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind, name = attributes.get("type", "text"), attributes.get("name", "")
        if (
            (name
            and kind not in ("checkbox", "radio", "file", "search"))
            or (kind in ("checkbox", "radio") and " checked" in tag)
        ):
            found[name] = attributes.get("value", "")
    for name, body in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', page):
        found[name] = body
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen.group(1) if chosen else ""
    return found


def test_work_with_colleagues_holds_back_and_comes_back(
    app: Flask, clerk: Browser, actor: Callable[[str], Actor]
) -> None:
    found = clerk.register()
    task = open_tasks(found.id)[0]
    clerk.post(f"/tasks/{task.id}/claim")
    clerk.post(f"/tasks/{task.id}/ask/countersign", of="supervisor", question="可以吗？")
    answer = clerk.complete(task.id, actor("clerk"))
    assert answer.status_code == 409
    assert "会签尚未完成" in answer.get_data(as_text=True)
    supervisor = Browser(app, "supervisor")
    link = re.search(r"/tasks/[\w-]+/questions/\d+/answer", supervisor.text(f"/tasks/{task.id}")).group(0)
    supervisor.post(link, answer="同意", agreed="1")
    clerk.post(f"/tasks/{task.id}/delegate", to="engineer", note="请先看技术部分")
    engineer = Browser(app, "engineer")
    assert "委派给您" in engineer.text(f"/tasks/{task.id}")
    engineer.post(f"/tasks/{task.id}/resolve", note="看过了")
    assert open_tasks(found.id)[0].assignee_id == actor("clerk").user_id
    assert clerk.complete(task.id, actor("clerk")).status_code == 302


def test_files_comments_and_contacts_are_kept_and_bad_files_refused(clerk: Browser) -> None:
    number = clerk.register().number
    clerk.post(f"/cases/{number}/comments", text="客户很着急")
    clerk.post(f"/cases/{number}/contacts", way="phone", direction="out", summary="告知处理进度", next_step="明日回电")
    clerk.post(f"/cases/{number}/files", {"file": (io.BytesIO(PNG), "照片.png"), "received_via": "wechat"})
    clerk.post(f"/cases/{number}/files", {"file": (io.BytesIO(b"<svg onload=alert(1)>"), "x.svg")})
    page = clerk.text(f"/cases/{number}")
    for text in ("客户很着急", "告知处理进度", "明日回电", "照片.png", "微信"):
        assert text in page
    assert page.count('href="/files/') == 1
    download = clerk.get(re.search(r'href="(/files/[\w-]+)"', page).group(1))
    assert download.data == PNG
    assert download.headers["Content-Disposition"].startswith("attachment")


def test_what_is_typed_is_never_run(clerk: Browser) -> None:
    number = clerk.register(name="<script>alert(1)</script>", description='"><img src=x onerror=alert(1)>').number
    page = clerk.text(f"/cases/{number}")
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_the_diagram_says_where_the_case_stands_also_as_a_table(clerk: Browser) -> None:
    page = clerk.text(f"/cases/{clerk.register().number}")
    source = re.search(r'data-source="([^"]+)"', page).group(1).replace("&amp;", "&")
    assert b"<bpmn:definitions" in clerk.get(source).data
    places = clerk.get(re.search(r'data-places="([^"]+)"', page).group(1).replace("&amp;", "&")).get_json()["steps"]
    assert "active" in {step["state"] for step in places}
    assert "done" in {step["state"] for step in places}
    assert "流程图步骤表" in page


def test_a_case_is_hidden_from_those_whom_it_does_not_concern(app: Flask, clerk: Browser) -> None:
    found = clerk.register()
    finance = Browser(app, "finance")
    assert finance.get(f"/cases/{found.number}").status_code == 404
    assert found.number not in finance.text("/cases")
    assert finance.get(f"/tasks/{open_tasks(found.id)[0].id}").status_code == 404
    clerk.post(f"/cases/{found.number}/copies", to="finance", note="请知悉")
    assert finance.get(f"/cases/{found.number}").status_code == 200


def test_a_manager_suspends_resumes_and_cancels(app: Flask, clerk: Browser) -> None:
    found = clerk.register()
    manager = Browser(app, "manager")
    page = manager.text(f"/cases/{found.number}")
    stem = re.search(rf"/cases/{found.number}/instances/[\w-]+/", page).group(0)
    assert clerk.post(stem + "suspend", reason="试试").status_code == 403
    manager.post(stem + "suspend", reason="等待法务意见")
    assert "等待法务意见" in clerk.text(f"/cases/{found.number}")
    manager.post(stem + "resume")
    manager.post(stem + "cancel", reason="误登记")
    assert case(found.number).state == "cancelled"


def test_one_line_finds_a_case_by_its_number_or_telephone(clerk: Browser) -> None:
    found = clerk.register(phone="021-55667788")
    clerk.register()
    assert clerk.get(f"/cases?q={found.number}").location.endswith(f"/cases/{found.number}")
    page = clerk.text("/cases?q=021-55667788").partition("<tbody>")[2]
    assert page.count("<tr>") == 1


def test_a_long_form_is_not_completed_for_several_cases_at_once(clerk: Browser) -> None:
    tasks = [open_tasks(clerk.register().id)[0].id for _ in range(2)]
    clerk.get("/tasks/many", query_string={"task": tasks})
    assert "此表单较长" in clerk.text("/inbox/group")


def test_notes_of_the_process_are_in_words(clerk: Browser) -> None:
    number = clerk.register().number
    found = case(number)
    with unit_of_work() as session:
        for kind, text in (("measures", "coordination、trace_meeting"), ("care", "重点关怀：李女士（refused）"),
                           ("independence", "appeals：合格"), ("lesson", "经验教训"), ("comment", "call_back soon")):
            session.add(Comment(case_id=found.id, kind=kind, at=found.registered_at, by="customer", text=text))
        session.commit()
    page = clerk.text(f"/cases/{number}")
    assert "跨部门协同、溯源会" in page
    assert "重点关怀：李女士（不同意）" in page
    assert "杨静怡：合格" in page
    assert page.count("经验教训") == 1
    assert "call_back soon" in page
    assert "客户 · " in page
    assert "customer · " not in page
