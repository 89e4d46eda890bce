"""Instances, incidents, messages and the clock over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import SystemClock
from app.store.models import Incident
from app.store.unit_of_work import unit_of_work
from app.wiring import services
from tests.web.api_client import Api


@pytest.fixture
def clerk(app: Flask) -> Api:
    return Api(app, "clerk")


@pytest.fixture
def case(clerk: Api) -> dict[str, Any]:
    return clerk.register()


def test_an_instance_says_where_it_stands_and_what_it_waits_for(clerk: Api, case: dict[str, Any]) -> None:
    found = clerk.get(f"/instances/{case['instance_id']}").get_json()
    assert (found["process"], found["state"], found["case"]) == ("case", "active", case["number"])
    assert found["open_tasks"][0]["group"] == "clerk"
    assert all({"element_id", "due_at"} <= set(timer) for timer in found["timers"])


def test_history_is_told_in_order_with_names_clauses_and_version(clerk: Api, case: dict[str, Any]) -> None:
    page = clerk.get(f"/instances/{case['instance_id']}/history", limit=3).get_json()
    assert page["total"] > 3
    events = page["items"]
    while page["next"]:
        page = clerk.get(f"/instances/{case['instance_id']}/history", limit=3, cursor=page["next"]).get_json()
        events += page["items"]
    assert len(events) == page["total"]
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert all({"seq", "at", "instance_id", "element_id", "name", "type", "activity", "transition", "actor", "group",
                "clauses", "version"} <= set(event) for event in events)
    order = next(event for event in events
                 if (event["element_id"], event["transition"]) == ("create_work_order", "completed"))
    assert "D-2.1.5" in order["clauses"]
    assert order["version"] == 1


def test_what_the_caller_may_not_see_is_not_there(app: Flask, case: dict[str, Any]) -> None:
    warehouse = Api(app, "warehouse")
    for path in (case["instance_id"], f"{case['instance_id']}/history", "nonsense"):
        assert warehouse.get(f"/instances/{path}").status_code == 404


def test_operators_suspend_resume_and_cancel_with_a_reason(app: Flask, clerk: Api, case: dict[str, Any]) -> None:
    path, admin = f"/instances/{case['instance_id']}", Api(app, "admin")
    assert clerk.post(f"{path}/suspend", {"reason": "x"}).status_code == 403
    assert admin.post(f"{path}/suspend", {}).status_code == 422
    assert admin.post(f"{path}/suspend", {"reason": "核对数据"}).get_json()["state"] == "suspended"
    assert admin.post(f"{path}/suspend", {"reason": "再来"}).status_code == 409
    task = clerk.tasks(case=case["number"])[0]["id"]
    assert clerk.post(f"/tasks/{task}/complete", {"data": {}}).status_code in (409, 422)
    assert admin.post(f"{path}/resume").get_json()["state"] == "active"
    assert admin.post(f"{path}/cancel", {"reason": "误录"}).get_json()["state"] == "cancelled"
    assert clerk.get(f"/cases/{case['number']}").get_json()["state"] == "cancelled"
    assert {one["state"] for one in clerk.tasks(case=case["number"])} == {"cancelled"}
    assert admin.post("/instances/nonsense/cancel", {"reason": "x"}).status_code == 404


def test_the_administrator_runs_instances_without_reading_the_customers(app: Flask, case: dict[str, Any]) -> None:
    admin = Api(app, "admin")
    assert admin.get(f"/instances/{case['instance_id']}").get_json()["open_tasks"] == []
    assert admin.get(f"/cases/{case['number']}").status_code == 404


def test_incidents_are_listed_for_operators_and_tried_again(app: Flask, clerk: Api, case: dict[str, Any]) -> None:
    with unit_of_work() as session:
        session.add(Incident(instance_id=case["instance_id"], kind="timer", process="case", message_zh="定时器失败",
                             message_en="A timer failed", created_at=services().clock.now()))
        session.flush()
    admin = Api(app, "admin")
    assert clerk.get("/incidents").status_code == 403
    listed = admin.get("/incidents", state="open").get_json()
    assert (listed["total"], listed["items"][0]["message"]) == (1, "定时器失败")
    path = f"/incidents/{listed['items'][0]['id']}"
    assert admin.post(f"{path}/retry", {"variables": []}).status_code == 422
    assert admin.post(f"{path}/retry").get_json()["state"] == "resolved"
    again = admin.post(f"{path}/retry")
    assert (again.status_code, again.get_json()["by"]) == (409, "admin")
    assert admin.get("/incidents/4711").status_code == 404


def test_a_message_is_taken_once_and_kept_when_nobody_waits(app: Flask, clerk: Api, case: dict[str, Any]) -> None:
    body = {"name": "supplier_answer", "correlation": case["number"], "payload": {"text": "好"}, "key": "m-1"}
    first = clerk.post("/messages", body)
    assert (first.status_code, first.get_json()["state"]) == (201, "waiting")
    assert clerk.post("/messages", body).get_json()["state"] == "duplicate"
    assert clerk.post("/messages", {"correlation": case["number"]}).status_code == 422
    assert clerk.post("/messages", {"name": "x", "payload": []}).status_code == 422
    assert Api(app, "warehouse").post("/messages", body).status_code == 403
    assert Api(app, "marketing").post("/messages", {**body, "key": "m-2"}).status_code == 404


def test_a_withdrawal_moves_the_case_at_once(clerk: Api, case: dict[str, Any]) -> None:
    response = clerk.post(f"/cases/{case['number']}/withdrawal", {"reason": "客户不再追究"})
    assert response.status_code in (200, 409), response.get_data(as_text=True)
    if response.status_code == 200:
        assert response.get_json()["number"] == case["number"]


def test_definitions_are_listed_with_their_versions(clerk: Api) -> None:
    listed = clerk.get("/definitions").get_json()
    assert {"case", "complaint"} <= {one["key"] for one in listed["items"]}
    assert clerk.get("/definitions", key="case").get_json()["items"][0]["version"] == 1


def test_only_the_administrator_moves_the_clock(clerk: Api) -> None:
    assert clerk.post("/clock/advance", {"by": "PT16M"}).status_code == 403


def test_the_adjustable_clock_walks_from_due_time_to_due_time(template: Any, tmp_path: Any) -> None:
    import shutil

    from app import create_app
    from app.store.base import db
    from tests.conftest import settings

    shutil.copyfile(template, tmp_path / "chengnuo.db")
    app = create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'chengnuo.db'}"))
    with app.app_context():
        clerk, admin = Api(app, "clerk"), Api(app, "admin")
        number = clerk.register()["number"]
        before = services().clock.now()
        moved = admin.post("/clock/advance", {"by": "PT16M"})
        assert moved.status_code == 200, moved.get_data(as_text=True)
        assert moved.get_json()["fired"] >= 1
        assert services().clock.now() - before >= timedelta(minutes=16)
        assert clerk.milestone(number, "first_response")["state"] == "late"
        for wrong in ({}, {"by": "soon"}, {"to": "never"}, {"by": "PT1M", "to": "next"}, {"by": "-PT1M"}, {"by": 5}):
            assert admin.post("/clock/advance", wrong).status_code == 422, wrong
        assert admin.post("/clock/advance", {"to": "next"}).status_code == 200
        services().runtime.clock = SystemClock()
        assert admin.post("/clock/advance", {"by": "PT1M"}).status_code == 403
        db.session.remove()
        db.engine.dispose()
