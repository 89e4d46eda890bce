"""Tasks over the API: seen, claimed, handed on, completed, each by who may."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import FixedClock
from app.wiring import services
from tests.web.api_client import Api, answers

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\0" * 60


def demo_password() -> str:
    return services().people.demo_password() or ""


@pytest.fixture
def clerk(app: Flask) -> Api:
    return Api(app, "clerk")


@pytest.fixture
def task(clerk: Api) -> dict[str, Any]:
    """Give the first task of a new complaint, with its form."""
    number = clerk.register()["number"]
    first = clerk.tasks(state="open", case=number)[0]
    found: dict[str, Any] = clerk.get(f"/tasks/{first['id']}").get_json()
    return found


def test_a_task_brings_its_form_with_all_options_and_what_is_known_already(task: dict[str, Any]) -> None:
    assert {"id", "case", "instance_id", "element_id", "name", "group", "assignee", "state", "created_at", "due_at",
            "revision", "form", "data"} <= set(task)
    assert (task["group"], task["assignee"], task["state"]) == ("clerk", None, "open")
    assert task["form"]["components"]
    assert task["data"]["customer_name"] == "张伟"


def test_tasks_are_filtered_by_state_group_assignee_and_case(any_app: Flask) -> None:
    clerk = Api(any_app, "clerk")
    task = clerk.tasks(case=clerk.register()["number"])[0]
    other = clerk.register()["number"]
    assert {one["case"] for one in clerk.tasks(case=other)} == {other}
    assert clerk.tasks(state="completed") == []
    assert len(clerk.tasks(group="clerk", state="open")) == 2
    assert clerk.tasks(group="warehouse") == []
    assert clerk.tasks(assignee="clerk") == []
    clerk.post(f"/tasks/{task['id']}/claim")
    assert [one["id"] for one in clerk.tasks(assignee="clerk")] == [task["id"]]
    assert [one["case"] for one in clerk.tasks(assignee="none")] == [other]
    assert clerk.get("/tasks", state="lost").status_code == 422
    assert clerk.tasks(case="209901-0001") == []


def test_completing_without_a_claim_claims_first_and_leads_to_what_the_caller_may_see(
        clerk: Api, task: dict[str, Any]) -> None:
    response = clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(task), "revision": task["revision"]})
    assert response.status_code == 200, response.get_data(as_text=True)
    done = response.get_json()
    assert (done["case"], done["state"]) == (task["case"], "open")
    assert all(clerk.get(f"/tasks/{one}").status_code == 200 for one in done["next_tasks"])
    ended = clerk.get(f"/tasks/{task['id']}").get_json()
    assert (ended["state"], ended["assignee"], ended["completed_by"]) == ("completed", "clerk", "clerk")
    assert ended["data"]["customer_name"] == "张伟"


def test_a_second_completion_is_a_conflict_that_says_who_and_when(
        clerk: Api, task: dict[str, Any], clock: FixedClock) -> None:
    body = {"data": answers(task)}
    clerk.post(f"/tasks/{task['id']}/complete", body)
    again = clerk.post(f"/tasks/{task['id']}/complete", body)
    assert again.status_code == 409
    assert again.get_json()["by"] == "clerk"
    assert again.get_json()["at"] == clock.now().isoformat()


def test_an_old_revision_is_a_conflict(clerk: Api, task: dict[str, Any]) -> None:
    clerk.post(f"/tasks/{task['id']}/claim")
    response = clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(task), "revision": task["revision"] + 7})
    assert response.status_code == 409


def test_who_sends_what_was_opened_before_a_change_is_told_who_changed_the_task_and_when(
    any_app: Flask, clock: FixedClock
) -> None:
    clerk = Api(any_app, "clerk")
    (first,) = clerk.tasks(state="open", case=clerk.register()["number"])
    task = clerk.get(f"/tasks/{first['id']}").get_json()
    clerk.post(f"/tasks/{task['id']}/claim")
    opened = clerk.get(f"/tasks/{task['id']}").get_json()
    clock.advance(timedelta(minutes=4))
    hand = {"to": "clerk", "note": "加急", "kind": "transfer"}
    handed = Api(any_app, "manager").post(f"/tasks/{task['id']}/delegate", hand)
    assert handed.status_code == 200
    at = clock.now().isoformat()
    clock.advance(timedelta(minutes=4))
    body = {"data": answers(task), "revision": opened["revision"]}
    response = clerk.post(f"/tasks/{task['id']}/complete", body)
    refused = response.get_json()
    assert (response.status_code, refused["by"], refused["at"]) == (409, "manager", at)
    assert refused["revision"] == opened["revision"] + 1


def test_wrong_answers_come_back_by_field_and_nothing_moves(clerk: Api, task: dict[str, Any]) -> None:
    response = clerk.post(f"/tasks/{task['id']}/complete", {"data": {"channel": "pigeon", "surprise": 1}})
    assert response.status_code == 422
    assert {"channel", "surprise"} <= {error["field"] for error in response.get_json()["errors"]}
    assert clerk.get(f"/tasks/{task['id']}").get_json()["state"] == "open"


@pytest.mark.parametrize("body", [
    {"data": []}, {"data": "x"}, {"data": {}, "revision": "1"}, {"data": {}, "revision": True}])
def test_a_completion_of_another_shape_is_refused(clerk: Api, task: dict[str, Any], body: dict[str, Any]) -> None:
    assert clerk.post(f"/tasks/{task['id']}/complete", body).status_code == 422


def test_a_claimed_task_is_its_assignees_until_it_is_released(app: Flask, clerk: Api, task: dict[str, Any]) -> None:
    claimed = clerk.post(f"/tasks/{task['id']}/claim").get_json()
    assert claimed["assignee"] == "clerk"
    assert clerk.post(f"/tasks/{task['id']}/release").get_json()["assignee"] is None


def test_a_manager_frees_a_task_that_somebody_holds_and_nobody_else_does(
        app: Flask, clerk: Api, task: dict[str, Any]) -> None:
    clerk.post(f"/tasks/{task['id']}/claim")
    assert Api(app, "compliance").post(f"/tasks/{task['id']}/release").status_code == 403
    freed = Api(app, "manager").post(f"/tasks/{task['id']}/release")
    assert (freed.status_code, freed.get_json()["assignee"]) == (200, None)


def test_another_groups_task_is_not_there_and_a_readers_is_not_theirs_to_do(app: Flask, task: dict[str, Any]) -> None:
    warehouse, manager = Api(app, "warehouse"), Api(app, "manager")
    for verb in ("claim", "release", "delegate", "complete"):
        assert warehouse.post(f"/tasks/{task['id']}/{verb}", {"to": "warehouse", "data": {}}).status_code == 404, verb
    assert warehouse.get(f"/tasks/{task['id']}").status_code == 404
    assert manager.get(f"/tasks/{task['id']}").status_code == 200
    assert manager.post(f"/tasks/{task['id']}/complete", {"data": answers(task)}).status_code == 403
    assert manager.post(f"/tasks/{task['id']}/claim").status_code == 403


def test_delegating_hands_the_task_to_a_colleague_who_may_read_it_ever_after(
        app: Flask, clerk: Api, task: dict[str, Any]) -> None:
    clerk.post(f"/tasks/{task['id']}/claim")
    assert clerk.post(f"/tasks/{task['id']}/delegate", {}).status_code == 422
    assert clerk.post(f"/tasks/{task['id']}/delegate", {"to": "nobody"}).status_code in (404, 422)
    engineer = Api(app, "engineer")
    assert engineer.get(f"/tasks/{task['id']}").status_code == 404
    response = clerk.post(f"/tasks/{task['id']}/delegate", {"to": "engineer", "note": "请先判断"})
    assert response.get_json()["assignee"] == "engineer"
    assert engineer.get(f"/tasks/{task['id']}").status_code == 200
    assert clerk.get(f"/tasks/{task['id']}").status_code == 200
    services().colleagues.resolve(task["id"], "已判断", services().people.authenticate("engineer", demo_password()))
    assert clerk.get(f"/tasks/{task['id']}").get_json()["assignee"] == "clerk"
    clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(task)})
    assert engineer.get(f"/tasks/{task['id']}").get_json()["state"] == "completed"
    assert [one["id"] for one in engineer.tasks(case=task["case"])] == [task["id"]]
    assert engineer.get(f"/cases/{task['case']}").status_code == 200


def test_a_file_in_a_form_becomes_part_of_the_case(app: Flask, clerk: Api, task: dict[str, Any]) -> None:
    made = clerk.upload("照片.jpg", io.BytesIO(JPEG), case=task["case"])
    assert made.status_code == 201
    file_id = made.get_json()["id"]
    got = Api(app, "manager").get(f"/files/{file_id}")
    assert got.data == JPEG
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert Api(app, "warehouse").get(f"/files/{file_id}").status_code == 404
    assert Api(app, "warehouse").upload("a.jpg", io.BytesIO(JPEG), case=task["case"]).status_code == 404
    assert clerk.upload("a.svg", io.BytesIO(b"<svg/>")).status_code == 422
    assert clerk.post("/files", {}).status_code == 422


def test_a_task_that_never_was_is_not_found(clerk: Api) -> None:
    for path in ("/tasks/nonsense", "/tasks/00000000000000000000000000000000"):
        assert clerk.get(path).status_code == 404
        assert clerk.post(f"{path}/complete", {"data": {}}).status_code == 404
