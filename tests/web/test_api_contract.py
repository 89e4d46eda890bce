"""The API as ARCHITECTURE, section 8 words it, field by field, and as its own OpenAPI document describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from app.web.api.openapi import document
from tests.robot import fields
from tests.web.api_client import COMPLAINT, Api, answers
from tests.web.api_walk import ApiWalk

MILESTONE = {"name", "due_at", "reached_at", "state", "clauses", "rule", "why", "checks"}
CHECK = {"clause", "limit", "due_at", "state"}
TASK = {"id", "case", "instance_id", "element_id", "name", "group", "assignee", "state", "created_at", "due_at",
        "revision", "form", "data"}
EVENT = {"seq", "at", "instance_id", "element_id", "name", "type", "activity", "transition", "actor", "group",
         "clauses", "version"}
STATES = {"pending", "kept", "late", "paused", "cancelled"}
DURATION = re.compile(r"^P(?=.)(\d+[YMWD])*(T(?=.)(\d+[HMS])*)?(\|P.*)?$")
TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool,
                                             "object": dict, "array": list, "null": type(None)}


def wrong(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield where a value is not what an OpenAPI schema says; fields that it does not name are wrong too."""
    if "$ref" in schema:
        yield from wrong(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, at)
        return
    if "allOf" in schema:
        yield from wrong(value, merged(schema, schemas), schemas, at)
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
                         for kind in kinds):
        yield f"{at}: {value!r} is not {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not of {schema['enum']}"
    if schema.get("format") == "date-time" and value is not None and datetime.fromisoformat(value).tzinfo is None:
        yield f"{at}: {value!r} has no offset"
    if isinstance(value, dict) and "properties" in schema:
        for name in value.keys() ^ schema["properties"].keys():
            yield f"{at}.{name}: {'not described' if name in value else 'missing'}"
        for name in value.keys() & schema["properties"].keys():
            yield from wrong(value[name], schema["properties"][name], schemas, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from wrong(item, schema["items"], schemas, f"{at}[{index}]")


def merged(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of all parts as one object."""
    properties: dict[str, Any] = {}
    for part in schema["allOf"]:
        found = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        properties |= merged(found, schemas)["properties"] if "allOf" in found else found["properties"]
    return {"type": "object", "properties": properties}


@pytest.fixture
def clerk(app: Flask) -> Api:
    return Api(app, "clerk")


@pytest.fixture
def walk(app: Flask) -> ApiWalk:
    """Give a complaint that has come some way, was late once, and is being thought over by the customer."""
    walk = ApiWalk(app)
    walk.advance(by="PT16M")
    walk.run(until="accept_proposal", silent=("supervisor_contacts",))
    return walk


def test_every_answer_is_what_openapi_says(walk: ApiWalk) -> None:
    admin, manager, schemas = walk.api("admin"), walk.api("manager"), document()["components"]["schemas"]
    case = walk.case()
    task = manager.tasks(case=walk.number, state="open")[0]
    told = {
        "Case": case, "Task": task, "TaskWithForm": manager.get(f"/tasks/{task['id']}").get_json(),
        "CaseSummary": manager.get("/cases").get_json()["items"][0],
        "Instance": admin.get(f"/instances/{case['instance_id']}").get_json(),
        "Definition": admin.get("/definitions").get_json()["items"][0],
        "Advanced": walk.advance(by="PT1S"),
        "Delivery": admin.post("/messages", {"name": "x", "correlation": walk.number}).get_json(),
    }
    errors = [error for name, value in told.items() for error in wrong(value, {"$ref": f"/{name}"}, schemas, name)]
    for event in admin.get(f"/instances/{case['instance_id']}/history", limit=500).get_json()["items"]:
        errors += wrong(event, {"$ref": "/Event"}, schemas, "Event")
    assert errors == []


def test_a_case_is_answered_as_the_architecture_words_it(walk: ApiWalk) -> None:
    case = walk.case()
    assert {"number", "type", "level", "state", "status", "instance_id", "links", "milestones", "outcome",
            "open_tasks", "instances", "documents"} <= set(case)
    assert (case["type"], case["level"], case["state"], case["outcome"]) == ("complaint", "P3", "open", None)
    assert re.search(r"[一-龥]", case["status"])
    for one in case["milestones"]:
        assert set(one) >= MILESTONE
        assert one["state"] in STATES
        assert one["why"]
        assert one["checks"] or one["target"], one["name"]  # a target is a share of cases: none breaks it
        for check in one["checks"]:
            assert set(check) >= CHECK
            assert check["state"] in STATES
            assert DURATION.match(check["limit"]), check
    assert {one["state"] for one in case["milestones"]} >= {"kept", "late", "paused", "pending"}
    assert {one["process"] for one in case["instances"]} == {"case", "escalation"}
    assert all({"id", "process", "state", "version"} <= set(one) for one in case["instances"])
    deep = next(task for task in case["open_tasks"] if task["element_id"] == "accept_proposal")
    assert deep["group"] == "customer"


def test_the_clocks_that_run_at_registration_are_those_of_the_deadlines_decision(clerk: Api) -> None:
    made = clerk.register()
    found = {one["name"]: one for one in clerk.get(f"/cases/{made['number']}").get_json()["milestones"]}
    assert {"first_response", "preliminary_proposal", "verify", "proposal", "resolution"} <= set(found)
    assert found["first_response"]["due_at"] == "2026-03-02T01:15:00+00:00"
    assert found["verify"]["due_at"] == "2026-03-03T10:00:00+00:00"  # one working day: Tuesday 18:00
    assert found["opinion_closed"]["due_at"] == "2026-03-16T16:00:00+00:00"  # 24:00 of day fourteen


def test_every_task_of_a_walk_serves_a_form_that_can_be_filled_from_itself(walk: ApiWalk) -> None:
    manager = walk.api("manager")
    tasks = [manager.get(f"/tasks/{one['id']}").get_json() for one in manager.tasks(case=walk.number)]
    assert len(tasks) > 8
    for task in tasks:
        assert set(task) >= TASK
        assert task["form"] is None or task["form"]["components"]
        for field in fields(task["form"]["components"]):
            if field["type"] in {"radio", "select", "checklist"}:
                assert field["values"], (task["element_id"], field["key"])
                assert all({"label", "value"} <= set(option) for option in field["values"])
            if field.get("validate", {}).get("pattern"):
                assert field["properties"]["example"], (task["element_id"], field["key"])


def test_lists_have_items_next_and_total_and_limits(clerk: Api) -> None:
    for _ in range(3):
        clerk.register()
    for path in ("/cases", "/tasks", "/definitions"):
        page = clerk.get(path, limit=1).get_json()
        assert set(page) == {"items", "next", "total"}
        assert len(page["items"]) == 1
        assert page["total"] >= 3
        assert page["next"]
        assert clerk.get(path, limit=500).get_json()["next"] is None
        assert clerk.get(path, limit=501).status_code == 422


def test_a_customers_task_needs_on_behalf_and_elsewhere_it_says_nothing(walk: ApiWalk) -> None:
    clerk = walk.api("clerk")
    task = clerk.get(f"/tasks/{walk.open()['accept_proposal']['id']}").get_json()
    body = {"data": answers(task)}
    assert clerk.post(f"/tasks/{task['id']}/complete", body).status_code == 403
    assert walk.api("marketing").post(f"/tasks/{task['id']}/complete", {**body, "on_behalf": True}).status_code == 404
    done = clerk.post(f"/tasks/{task['id']}/complete", {**body, "on_behalf": True})
    assert done.status_code == 200
    assert set(done.get_json()) == {"case", "state", "next_tasks"}
    after = clerk.get(f"/tasks/{task['id']}").get_json()
    assert (after["state"], after["on_behalf"], after["completed_by"]) == ("completed", True, "clerk")
    other = next(one for one in walk.open().values() if one["group"] == "marketing")
    marketing = walk.api("marketing")
    served = marketing.get(f"/tasks/{other['id']}").get_json()
    done = marketing.post(f"/tasks/{other['id']}/complete", {"data": answers(served), "on_behalf": True})
    assert done.status_code == 200
    assert marketing.get(f"/tasks/{other['id']}").get_json()["on_behalf"] is False


def test_every_error_is_a_problem_document(app: Flask, clerk: Api) -> None:
    number = clerk.register()["number"]
    task = clerk.tasks(case=number)[0]["id"]
    body = {"data": answers(clerk.get(f"/tasks/{task}").get_json())}
    assert clerk.post(f"/tasks/{task}/complete", body).status_code == 200
    found = {
        404: clerk.get("/cases/209912-9999"), 422: clerk.post("/cases", {}),
        403: Api(app, "warehouse").post("/cases", COMPLAINT),
        409: clerk.post(f"/tasks/{task}/complete", body), 405: clerk.post("/definitions"),
        400: clerk._send("POST", "/cases", data="{", content_type="application/json"),
        415: clerk._send("POST", "/cases", data="x=1", content_type="application/x-www-form-urlencoded"),
        401: Api(app, "clerk", Authorization="Bearer nonsense").get("/cases"),
    }
    for status, answer in found.items():
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
        assert {"type", "title", "status", "detail"} <= set(answer.get_json())
    fields_of = {error["field"] for error in found[422].get_json()["errors"]}
    assert {"type", "channel", "customer", "description"} <= {name.split(".")[0] for name in fields_of}
    assert found[409].get_json()["by"] == "clerk"
    assert datetime.fromisoformat(found[409].get_json()["at"]).tzinfo is not None


def test_history_tells_everything_in_order_and_only_known_transitions(walk: ApiWalk) -> None:
    for instance in walk.case()["instances"]:
        events = walk.api("manager").get(f"/instances/{instance['id']}/history", limit=500).get_json()["items"]
        assert events
        assert all(set(event) >= EVENT for event in events)
        assert {event["transition"] for event in events} <= {"started", "completed", "cancelled", "fired", "failed"}
        assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
        assert {event["instance_id"] for event in events} == {instance["id"]}
        done = [event for event in events if event["type"] == "userTask" and event["transition"] == "completed"]
        assert all(event["activity"] and event["group"] and event["actor"] for event in done)


def test_the_clock_answers_with_now_and_what_fired(walk: ApiWalk) -> None:
    admin = walk.api("admin")
    first = walk.advance(by="PT1M")
    assert set(first) == {"now", "fired"}
    following = walk.advance(to="next")
    assert datetime.fromisoformat(following["now"]) > datetime.fromisoformat(first["now"])
    for body in ({}, {"by": "P1M"}, {"by": "-PT1M"}, {"by": "PT0S"}, {"by": 5}, {"to": "soon"},
                 {"by": "PT1M", "to": "next"}):
        answer = admin.post("/clock/advance", body)
        assert answer.status_code == 422, body
        assert answer.get_json()["errors"], body
    assert walk.api("manager").post("/clock/advance", {"by": "PT1M"}).status_code == 403
