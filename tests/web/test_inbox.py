"""The inbox: whose tasks, in which order, filtered, polled, claimed and completed together."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event

from app.clock import FixedClock
from app.facts import Actor
from app.store.base import db
from app.wiring import Services
from tests.web.pages import Browser, open_tasks


@pytest.fixture
def clerk(app: Flask) -> Browser:
    return Browser(app, "clerk")


def rows(page: str) -> str:
    """Return the table's rows."""
    return page.partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_new_case_lies_in_its_groups_box_and_nowhere_else(app: Flask, clerk: Browser) -> None:
    case = clerk.register()
    assert case.number in rows(clerk.text("/inbox/group"))
    assert case.number not in clerk.text("/inbox/mine")
    assert case.number not in Browser(app, "finance").text("/inbox/group")


def test_a_due_time_is_said_in_words_as_it_comes_nearer(clerk: Browser, clock: FixedClock) -> None:
    from datetime import timedelta

    clerk.register()
    assert "宽裕 · 剩 15 分钟" in clerk.text("/inbox/group")
    clock.advance(timedelta(minutes=13))
    assert "将到期 · 剩 2 分钟" in clerk.text("/inbox/group")
    clock.advance(timedelta(minutes=5))
    assert "已超期 · 3 分钟" in clerk.text("/inbox/group")


def test_filters_narrow_the_list(clerk: Browser) -> None:
    one, two = (
        clerk.register(phone="13800000001", name="甲"),
        clerk.register(phone="13800000002", name="乙", flags="safety"),
    )
    assert rows(clerk.text("/inbox/group?q=13800000001")).count("<tr>") == 1
    assert two.number not in clerk.text(f"/inbox/group?q={one.number}")
    assert one.number not in clerk.text("/inbox/group?level=P1")
    assert two.number in clerk.text("/inbox/group?level=P1")
    assert rows(clerk.text("/inbox/group?due=late")) == ""
    assert rows(clerk.text("/inbox/group?q=100%25")) == ""  # a wildcard is a letter


def test_the_most_urgent_comes_first_and_a_click_turns_the_order(clerk: Browser) -> None:
    slow, urgent = clerk.register(), clerk.register(flags="safety")
    page = rows(clerk.text("/inbox/group"))
    assert page.index(urgent.number) < page.index(slow.number)
    page = rows(clerk.text("/inbox/group?sort=due&desc=1"))
    assert page.index(slow.number) < page.index(urgent.number)


def test_a_poll_that_finds_nothing_new_answers_204(clerk: Browser) -> None:
    clerk.register()
    seen = re.search(r"seen=([0-9a-f]+)", clerk.text("/inbox/group")).group(1)
    assert clerk.get(f"/inbox/group/rows?seen={seen}").status_code == 204
    number = clerk.register().number
    answer = clerk.get(f"/inbox/group/rows?seen={seen}")
    assert answer.status_code == 200
    assert number in answer.get_data(as_text=True)


def test_chosen_tasks_are_claimed_at_once_and_only_once(app: Flask, clerk: Browser, services: Services) -> None:
    tasks = [open_tasks(clerk.register().id)[0].id for _ in range(3)]
    services.people.add_user("second", "刘洋", ["clerk"], "test")
    clerk.post("/inbox/claim", task=tasks, box="group")
    assert "已领取 3 项任务" in clerk.text("/inbox/mine")
    assert all(task in clerk.text("/inbox/mine") for task in tasks)


def test_a_view_is_saved_opened_and_deleted(clerk: Browser) -> None:
    clerk.post("/inbox/views", name="紧急", query="box=group&level=P1&page=4", box="group")
    page = clerk.text("/inbox/group")
    assert "紧急" in page
    opened = clerk.get(re.search(r"/inbox/views/\d+", page).group(0))
    assert opened.location.endswith("/inbox/group?level=P1")
    clerk.post(re.search(r"/inbox/views/\d+", page).group(0) + "/delete", box="group")
    assert "紧急" not in clerk.text("/inbox/mine")


def test_a_question_lies_in_the_box_of_who_is_asked(app: Flask, clerk: Browser) -> None:
    task = open_tasks(clerk.register().id)[0]
    clerk.post(f"/tasks/{task.id}/claim")
    clerk.post(f"/tasks/{task.id}/ask/countersign", of="supervisor", question="这样定级可以吗？")
    supervisor = Browser(app, "supervisor")
    assert "这样定级可以吗？" in supervisor.text("/inbox/asked")
    assert "请您会签" in supervisor.text(f"/tasks/{task.id}")


def test_pages_of_the_inbox_are_counted(clerk: Browser, services: Services, actor: Callable[[str], Actor]) -> None:
    request = {
        "type": "complaint",
        "channel": "phone",
        "customer": {"name": "某", "phone": "13800138000"},
        "description": "问题",
    }
    for _ in range(52):
        services.cases.register(request, actor("clerk"))
    assert "第 1–50 项，共 52 项" in clerk.text("/inbox/group")
    assert "第 51–52 项，共 52 项" in clerk.text("/inbox/group?page=2")
    assert "第 51–52 项，共 52 项" in clerk.text("/inbox/group?page=99")


def test_the_number_of_statements_does_not_grow_with_the_rows(clerk: Browser) -> None:
    def statements() -> int:
        counted = []

        def count(*_args: object) -> None:
            counted.append(1)

        event.listen(db.engine, "before_cursor_execute", count)
        clerk.text("/inbox/group")
        event.remove(db.engine, "before_cursor_execute", count)
        return len(counted)

    clerk.register()
    clerk.text("/inbox/group")  # says that the case was registered
    few = statements()
    for _ in range(8):
        clerk.register()
    clerk.text("/inbox/group")
    assert statements() <= few
    assert few <= 20
