"""What managers do from the control room: each with its rules, its reason, its result by row and its audit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from app.clock import FixedClock
from app.errors import Conflict, Invalid, NotAllowed
from app.facts import SYSTEM, Actor
from app.services.verification import verify
from app.store.base import db
from app.store.models import Audit, Case, Incident, Instance, Milestone, Notification
from app.store.unit_of_work import unit_of_work
from app.wiring import Services
from app.wiring import services as current_services
from tests.web.api_client import Api
from tests.web.pages import Browser, open_tasks

ACT = "/control/act"


def top(case_id: str) -> str:
    """Return the case's own instance."""
    found = db.session.query(Instance.id).filter_by(case_id=case_id, parent_id=None).order_by(Instance.created_at)
    return str(found.limit(1).scalar())


def results(page: str) -> list[tuple[str, str]]:
    """Return (label, result) of each row of an outcome."""
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", page, re.DOTALL)
    return [tuple(unescape(re.sub(r"<[^>]+>", "", part)).strip() for part in row) for row in rows]  # type: ignore[misc]


def audited(action: str) -> list[Audit]:
    """Return the audit rows of an action."""
    db.session.rollback()
    return db.session.query(Audit).filter_by(action=action).order_by(Audit.id).all()


def clocks(case_id: str, name: str) -> list[Milestone]:
    """Return the clocks of a name, oldest first, freshly read."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(Milestone).filter_by(case_id=case_id, name=name).order_by(Milestone.id).all()


@pytest.fixture
def one(any_app: Flask) -> Case:
    """Give an ordinary complaint."""
    return Browser(any_app, "clerk").register()


def test_a_case_is_regraded_with_a_reason_and_its_old_deadlines_are_kept(any_app: Flask, one: Case) -> None:
    manager, services = Browser(any_app, "manager"), current_services()
    level = one.level
    assert level != "P1"
    before = {row.name: row.due_at for row in db.session.query(Milestone).filter_by(case_id=one.id)}
    path, wanted = f"/control/cases/{one.number}/level", {"level": "P1", "reason": "媒体已介入"}
    assert manager.post(path, wanted).status_code == 302
    db.session.rollback()
    db.session.expire_all()
    changed = db.session.get(Case, one.id)
    assert changed is not None
    assert changed.level == "P1"
    rows = db.session.query(Milestone).filter_by(case_id=one.id).all()
    superseded = [row for row in rows if row.state == "superseded"]
    running = [row for row in rows if row.state == "open"]
    assert superseded
    assert all(row.due_at == before[row.name] and row.superseded_by for row in superseded)
    assert {row.name: row.due_at for row in running} != before
    assert {item.level for item in open_tasks(one.id)} == {"P1"}
    assert services.control.variables(top(one.id))["level"] == "P1"
    (entry,) = audited("control:level:change")
    assert entry.detail == {"from": level, "to": "P1", "reason": "媒体已介入"}
    assert verify(services.runtime)["differences"] == []


def test_regrading_is_refused_without_a_reason_for_the_same_level_and_to_who_may_not(
        any_app: Flask, one: Case) -> None:
    services = current_services()
    actors = {user.username: services.people.actor_of(user.id) for user in services.people.users()}
    manager = actors["manager"]
    with pytest.raises(Invalid):
        services.control.change_level(one.id, "P1", " ", manager)
    with pytest.raises(Invalid):
        services.control.change_level(one.id, "P9", "x", manager)
    with pytest.raises(Conflict):
        services.control.change_level(one.id, str(one.level), "x", manager)
    for who in ("clerk", "general_manager", "engineer"):
        with pytest.raises(NotAllowed):
            services.control.change_level(one.id, "P1", "x", actors[who])
    services.operations.cancel(top(one.id), "重复", manager)
    with pytest.raises(Conflict):
        services.control.change_level(one.id, "P1", "x", manager)


def test_a_clock_stands_still_and_moves_by_that_time(any_app: Flask, one: Case, clock: FixedClock) -> None:
    manager = Browser(any_app, "manager")
    (row,) = clocks(one.id, "resolution")
    due, path = row.due_at, f"/control/cases/{one.number}/clock"
    fields = {"milestone": "resolution", "verb": "pause", "why": "waiting_parts", "reason": "主管批准：等待压缩机到货"}
    assert manager.post(path, fields).status_code == 302
    (row,) = clocks(one.id, "resolution")
    assert row.paused_at is not None
    assert "已被人工暂停" in manager.text(manager.post(path, fields).location)
    clock.advance(timedelta(hours=2))
    manager.post(path, {"milestone": "resolution", "verb": "resume", "reason": "备件已到"})
    (row,) = clocks(one.id, "resolution")
    assert row.paused_at is None
    # Two working hours: from Thursday 18:00 to Friday 11:00.
    assert (due, row.due_at) == (datetime(2026, 3, 5, 10, tzinfo=UTC), datetime(2026, 3, 6, 3, tzinfo=UTC))
    assert row.promised_at == due
    assert [entry.detail["milestone"] for entry in audited("control:clock:pause") + audited("control:clock:resume")
            ] == ["resolution", "resolution"]
    assert "未被人工暂停" in manager.text(manager.post(path, {"milestone": "resolution", "verb": "resume",
                                                            "reason": "x"}).location)
    assert verify(current_services().runtime)["differences"] == []


@pytest.mark.parametrize(("milestone", "said"), [
    ("first_response", "D-2.4.1"), ("acknowledge", "约定 O4"), ("close", "B21-5-3"), ("opinion_closed", "14 天")])
def test_clocks_of_answering_and_the_fourteen_days_never_stand_still(app: Flask, milestone: str, said: str) -> None:
    one, manager = Browser(app, "clerk").register(), Browser(app, "manager")
    answer = manager.post(f"/control/cases/{one.number}/clock", {
        "milestone": milestone, "verb": "pause", "why": "waiting_customer", "reason": "客户出差"})
    assert said in manager.text(answer.location)
    assert all(row.paused_at is None for row in clocks(one.id, milestone))


def test_a_clock_is_not_stopped_for_another_reason_or_by_others(app: Flask, services: Services,
                                                                actor: Callable[[str], Actor]) -> None:
    one = Browser(app, "clerk").register()
    with pytest.raises(Invalid):
        services.control.pause(one.id, "resolution", "holiday", "x", actor("manager"))
    with pytest.raises(Invalid):
        services.control.pause(one.id, "resolution", "waiting_parts", "", actor("manager"))
    with pytest.raises(Conflict):
        services.control.pause(one.id, "refund", "waiting_parts", "x", actor("manager"))
    with pytest.raises(NotAllowed):
        services.control.pause(one.id, "resolution", "waiting_parts", "x", actor("clerk"))
    services.control.pause(one.id, "resolution", "waiting_parts", "x", actor("supervisor"))


def test_many_are_suspended_and_each_row_tells_what_came_of_it(any_app: Flask, one: Case) -> None:
    manager, other = Browser(any_app, "manager"), Browser(any_app, "clerk").register(phone="13900000009")
    rows = [top(one.id), top(other.id), "nothing"]
    manager.post(ACT, {"verb": "suspend", "row": rows[0], "reason": "先停一件"})
    page = manager.post(ACT, {"verb": "suspend", "row": rows, "reason": "系统盘点"}).get_data(as_text=True)
    assert "3 项中 1 项成功" in page
    assert ["成功" in text for _label, text in results(page)] == [False, True, False]
    page = manager.post(ACT, {"verb": "resume", "row": rows[:2]}).get_data(as_text=True)
    assert "2 项中 2 项成功" in page
    reasons = [entry.detail.get("reason") for entry in audited("operations:instance:suspended")]
    assert reasons == ["先停一件", "系统盘点"]


def test_cancelling_is_asked_once_more_and_needs_a_reason(any_app: Flask, one: Case) -> None:
    manager, row = Browser(any_app, "manager"), top(one.id)
    page = manager.post(ACT, {"verb": "cancel", "row": row}).get_data(as_text=True)
    assert "此操作无法撤销" in page
    assert one.number in page
    assert db.session.query(Instance.state).filter_by(id=row).scalar() == "active"
    page = manager.post(ACT, {"verb": "cancel", "row": row, "confirmed": "yes"}).get_data(as_text=True)
    assert "请说明原因" in page
    sure = {"verb": "cancel", "row": row, "confirmed": "yes", "reason": "误登记"}
    page = manager.post(ACT, sure).get_data(as_text=True)
    assert "1 项中 1 项成功" in page
    db.session.rollback()
    db.session.expire_all()
    assert db.session.query(Instance.state).filter_by(id=row).scalar() == "cancelled"


def test_tasks_are_handed_on_and_urged_by_row(any_app: Flask, one: Case) -> None:
    manager, row = Browser(any_app, "manager"), top(one.id)
    task = open_tasks(one.id)[0]
    page = manager.post(ACT, {"verb": "reassign", "row": row, "to": "warehouse"}).get_data(as_text=True)
    assert "该同事不属于此任务的岗位" in page
    page = manager.post(ACT, {"verb": "reassign", "row": row, "to": task.group_code, "reason": "请今天办"}).get_data(
        as_text=True)
    assert "成功" in page
    moved = open_tasks(one.id)[0]
    users = {user.username: user.id for user in current_services().people.users()}
    assert moved.assignee_id == users[str(task.group_code)]
    page = manager.post(ACT, {"verb": "remind", "row": row, "reason": "客户催了"}).get_data(as_text=True)
    assert "1 项中 1 项成功" in page
    page = manager.post(ACT, {"verb": "remind", "row": row}).get_data(as_text=True)
    assert "一小时内已催办过" in page
    current_services().operations.quiesce()
    db.session.rollback()
    assert db.session.query(Notification).filter_by(user_id=moved.assignee_id, kind="task_urged").count() == 1
    assert [entry.detail["to"] for entry in audited("work:task:transfer")] == [task.group_code]


def test_who_may_not_act_is_refused_row_by_row(app: Flask) -> None:
    one = Browser(app, "clerk").register()
    row = top(one.id)
    for who, verb in (("supervisor", "suspend"), ("general_manager", "cancel"), ("supervisor", "migrate"),
                      ("general_manager", "level")):
        page = Browser(app, who).post(ACT, {"verb": verb, "row": row, "reason": "x", "level": "P1", "confirmed": "yes"})
        assert "1 项中 0 项成功" in page.get_data(as_text=True), (who, verb)
    assert Browser(app, "clerk").post(ACT, {"verb": "suspend", "row": row}).status_code == 403
    assert Browser(app, "manager").post(ACT, {"verb": "explode", "row": row}).status_code == 404
    assert Browser(app, "manager").post(ACT, {"verb": "resume"}).status_code == 422
    assert Browser(app, "manager").post(ACT, {"verb": "resume", "row": ["x"] * 1 + [str(n) for n in range(201)]}
                                        ).status_code == 422


def test_incidents_are_tried_again_many_at_once(any_app: Flask, one: Case) -> None:
    services, manager = current_services(), Browser(any_app, "manager")
    with unit_of_work() as session:
        for place in range(2):
            session.add(Incident(instance_id=top(one.id), case_id=one.id, process="case", element_id="x", kind="timer",
                                 message_zh=f"定时器失败 {place}", message_en="failed",
                                 created_at=services.clock.now()))
    ids = [str(row.id) for row in db.session.query(Incident).order_by(Incident.id)]
    assert 'name="incident"' in manager.text("/operations/incidents")
    page = manager.post("/control/incidents/retry", {"incident": [*ids, "999999"]}).get_data(as_text=True)
    assert "3 项中 2 项成功" in page
    db.session.rollback()
    db.session.expire_all()
    assert {row.state for row in db.session.query(Incident)} == {"resolved"}
    assert manager.post("/control/incidents/retry", {}).status_code == 422
    assert Browser(any_app, "supervisor").post("/control/incidents/retry", {"incident": ids}).status_code == 403
    page = manager.post(ACT, {"verb": "retry", "row": top(one.id)}).get_data(as_text=True)
    assert "没有待处理的异常" in page


def changed_tree(services: Services, tmp_path: Any, old: str, new: str) -> None:
    """Deploy the shipped bundle with a text of case.bpmn replaced."""
    root = services.runtime.root
    for name in ("processes", "forms", "handlers"):
        shutil.copytree(root / name, tmp_path / "tree" / name)
    path = tmp_path / "tree" / "processes" / "case" / "case.bpmn"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    services.definitions.deploy(tmp_path / "tree", SYSTEM, "changed")


def test_a_running_instance_moves_to_a_version_in_which_all_it_waits_at_is_the_same(
        app: Flask, services: Services, tmp_path: Any) -> None:
    one, admin = Browser(app, "clerk").register(), Api(app, "admin")
    row = top(one.id)
    assert admin.post(f"/instances/{row}/migrate", {"reason": "新版"}).status_code == 409  # it is the newest
    changed_tree(services, tmp_path, 'name="生成服务工单与单号"', 'name="生成工单"')
    old = open_tasks(one.id)
    answer = admin.post(f"/instances/{row}/migrate", {"reason": "流程改名"})
    assert (answer.status_code, answer.get_json()["version"]) == (200, 2), answer.get_data(as_text=True)
    assert [task.id for task in open_tasks(one.id)] == [task.id for task in old]
    (entry,) = audited("control:instance:migrate")
    assert entry.detail == {"from": 1, "to": 2, "reason": "流程改名"}
    assert verify(services.runtime)["differences"] == []
    assert admin.post(f"/instances/{row}/migrate", {"reason": "x", "version": 99}).status_code == 404
    assert admin.post(f"/instances/{row}/migrate", {"reason": "x", "version": "a"}).status_code == 422
    assert admin.post(f"/instances/{row}/migrate", {"version": 1}).status_code == 422
    assert Api(app, "clerk").post(f"/instances/{row}/migrate", {"reason": "x"}).status_code == 403


def test_all_running_instances_of_a_process_move_at_once(any_app: Flask, tmp_path: Any) -> None:
    ones = [Browser(any_app, "clerk").register() for _ in range(2)]
    found = current_services()
    assert found.control.migrate_all("case", "x", SYSTEM) == []  # they are on the newest
    changed_tree(found, tmp_path, 'name="生成服务工单与单号"', 'name="生成工单"')
    moved = found.control.migrate_all("case", "流程改名", SYSTEM)
    assert {(one.key, one.ok) for one in moved} == {(top(one.id), True) for one in ones}
    assert verify(found.runtime)["differences"] == []
