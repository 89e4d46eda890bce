"""A complaint from filing to archive over the API alone, by the demo users, each seeing only what is theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask

from app.clock import FixedClock
from app.services.demo_people import DEMO_PEOPLE
from app.wiring import services
from tests.web.api_client import Api, answers

STEPS = 120


def test_a_complaint_is_walked_to_its_end_by_its_roles(app: Flask, clock: FixedClock) -> None:
    users = {username: Api(app, username) for username in DEMO_PEOPLE}
    groups = {username: {username, *extra} for username, (_, extra) in DEMO_PEOPLE.items()}
    number = users["clerk"].register()["number"]
    walked: list[str] = []
    for _ in range(STEPS):
        services().operations.quiesce()
        found = users["manager"].get(f"/cases/{number}").get_json()
        if not found["open_tasks"]:
            if found["state"] == "closed" and not any(one["state"] == "active" for one in found["instances"]):
                break
            clock.advance(timedelta(hours=12))
            continue
        task = found["open_tasks"][0]
        username = doer(task, groups)
        served = users[username].get(f"/tasks/{task['id']}").get_json()
        body = {"data": answers(served), "revision": served["revision"], "on_behalf": task["group"] == "customer"}
        done = users[username].post(f"/tasks/{task['id']}/complete", body)
        assert done.status_code == 200, f"{username} {task['element_id']}: {done.get_data(as_text=True)}"
        assert all(users[username].get(f"/tasks/{one}").status_code == 200 for one in done.get_json()["next_tasks"])
        walked.append(task["element_id"])
    found = users["manager"].get(f"/cases/{number}").get_json()
    assert (found["state"], bool(found["outcome"])) == ("closed", True), walked
    assert {milestone["state"] for milestone in found["milestones"]} <= {"kept", "late", "cancelled", "pending"}
    assert users["manager"].get("/incidents", state="open").get_json()["total"] == 0
    seen = {event["element_id"] for one in found["instances"] for event in history(users["manager"], one["id"])}
    assert seen >= set(walked)


def history(reader: Api, instance_id: str) -> list[dict[str, Any]]:
    """Return the first 500 events of an instance."""
    events: list[dict[str, Any]] = reader.get(f"/instances/{instance_id}/history", limit=500).get_json()["items"]
    return events



def doer(task: dict[str, Any], groups: dict[str, set[str]]) -> str:
    """Return a demo user who may do the task; clerks answer for customers."""
    if task["group"] == "customer":
        return "clerk"
    return next(username for username, codes in groups.items() if task["group"] in codes)
