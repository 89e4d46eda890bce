"""A complaint that nobody answers climbs the ladder, rung by rung, and every clause gets its own verdict (issue 2)."""

from __future__ import annotations

import re
from contextvars import Context
from typing import Any

import pytest
from flask import Flask

from app.services.verification import verify
from app.wiring import services
from tests.web.api_walk import ApiWalk


def verdicts(walk: ApiWalk, name: str) -> dict[str, str]:
    """Return clause -> state of the newest clock of that name."""
    found = [one for one in walk.case()["milestones"] if one["name"] == name][-1]
    return {check["clause"]: check["state"] for check in found["checks"]}


def milestone(walk: ApiWalk, name: str) -> dict[str, Any]:
    """Return the newest clock of that name."""
    found: dict[str, Any] = [one for one in walk.case()["milestones"] if one["name"] == name][-1]
    return found


def escalations(walk: ApiWalk) -> list[str]:
    """Return the ids of the case's escalations."""
    return [one["id"] for one in walk.case()["instances"] if one["process"] == "escalation"]


def told(app: Flask, username: str) -> list[str]:
    """Return the kinds of what somebody was told inside the product."""
    from sqlalchemy import select

    from app.store.base import db
    from app.store.models import Notification, User

    db.session.rollback()
    query = select(Notification.kind).join(User, User.id == Notification.user_id).where(User.username == username)
    return list(db.session.execute(query.order_by(Notification.id)).scalars())


def page(app: Flask, walk: ApiWalk, username: str) -> str:
    """Return the case page as somebody sees it in a browser."""
    client = app.test_client()
    data = {"username": username, "password": services().people.demo_password()}
    assert Context().run(client.post, "/sign-in", data=data).status_code == 302
    answer = Context().run(client.get, f"/cases/{walk.number}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.fixture
def walk(app: Flask) -> ApiWalk:
    """Give a P3 complaint that was registered on Monday at 09:00 in Shanghai."""
    return ApiWalk(app)


def test_an_unanswered_complaint_breaks_its_clauses_one_after_the_other(app: Flask, walk: ApiWalk) -> None:
    walk.advance(by="PT14M59S")
    assert escalations(walk) == []
    assert milestone(walk, "first_response")["state"] == "pending"
    walk.advance(by="PT1M1S")
    assert len(escalations(walk)) == 1
    assert milestone(walk, "first_response")["state"] == "late"
    states = verdicts(walk, "first_response")
    assert (states["E-2.1.2"], states["C-2.2.6"], states["D-2.2.8"], states["B1-6.1"]) == (
        "late", "pending", "pending", "pending")
    walk.advance(by="PT4H")
    assert verdicts(walk, "first_response")["C-2.2.6"] == "late"
    assert milestone(walk, "preliminary_proposal")["state"] == "late"
    walk.advance(by="PT19H43M59S")  # 08:59:59 on Tuesday
    assert verdicts(walk, "first_response")["B1-6.1"] == "pending"
    walk.advance(by="PT2S")
    assert set(verdicts(walk, "first_response").values()) == {"late"}
    html = page(app, walk, "clerk")
    assert "E-2.1.2" in html
    assert "B1-6.1" in html


def test_the_case_page_says_which_clause_is_broken_and_which_is_kept(app: Flask, walk: ApiWalk) -> None:
    walk.advance(by="PT20M")
    walk.complete("register_case")
    walk.complete("respond_and_promise")
    states = verdicts(walk, "first_response")
    assert (states["E-2.1.2"], states["B1-6.1"], states["C-2.2.6"]) == ("late", "kept", "kept")
    html = page(app, walk, "clerk")
    rows = [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<li>(.*?)</li>", html, re.DOTALL)]
    told_late = [row for row in rows if "E-2.1.2 · 15 分钟" in row]
    told_kept = [row for row in rows if "B1-6.1 ·" in row]
    assert told_late
    assert told_kept
    assert all("违约" in row for row in told_late), told_late
    assert all("按时" in row for row in told_kept), told_kept


def test_each_rung_has_two_hours_of_its_own_although_the_clock_of_the_case_is_late(walk: ApiWalk) -> None:
    due = []
    for by in ("PT16M", "PT2H", "PT2H"):
        walk.advance(by=by)
        due.append(next(task["due_at"] for element, task in walk.open().items() if element.endswith("_contacts")))
    assert due == ["2026-03-02T03:15:00+00:00", "2026-03-02T05:15:00+00:00", "2026-03-02T07:15:00+00:00"]
    late = milestone(walk, "escalated_contact")
    assert (late["state"], late["due_at"]) == ("late", "2026-03-02T03:15:00+00:00")
    walk.advance(by="PT3H")  # the director's deadline has fired, and the task stays late by it
    assert walk.open()["director_contacts"]["due_at"] == "2026-03-02T07:15:00+00:00"


def test_the_ladder_is_climbed_every_two_hours_and_each_rung_is_told(app: Flask, walk: ApiWalk) -> None:
    rungs = []
    for by in ("PT16M", "PT2H", "PT2H"):
        walk.advance(by=by)
        rungs.append(next(task["group"] for element, task in walk.open().items() if element.endswith("_contacts")))
    assert rungs == ["supervisor", "department_head", "director"]
    contact = milestone(walk, "escalated_contact")
    assert (contact["state"], contact["due_at"]) == ("late", "2026-03-02T03:15:00+00:00")
    assert contact["clauses"] == ["C-2.5.7"]
    walk.advance(by="PT2H")
    assert "escalated_contact_late" in told(app, "director")
    assert "director_contacts" in walk.open()
    assert len(escalations(walk)) == 1


def test_an_escalation_that_finds_the_customer_answered_goes_away(walk: ApiWalk) -> None:
    walk.advance(by="PT16M")
    walk.complete("register_case")
    walk.complete("respond_and_promise")
    walk.run({"followup_call": {"problem_solved": True}}, until="followup_call", silent=("supervisor_contacts",))
    walk.advance(by="PT1M")
    assert "supervisor_contacts" not in walk.open()
    walk.complete("sign_afterwards")
    walk.advance(by="PT1M")
    states = {one["id"]: one["state"] for one in walk.case()["instances"]}
    assert {states[one] for one in escalations(walk)} == {"completed"}


def test_a_complaint_that_nobody_touches_breaks_its_solution_too_and_goes_to_the_director(
        app: Flask, walk: ApiWalk) -> None:
    walk.advance(by="P3DT9H1M")  # Thursday 18:01: three working days are over
    late = milestone(walk, "resolution")
    assert (late["state"], late["due_at"]) == ("late", "2026-03-05T10:00:00+00:00")
    assert len(escalations(walk)) == 2
    walk.advance(by="P1D")
    assert len(escalations(walk)) == 3


def test_an_escalation_starts_once_however_often_its_time_comes(walk: ApiWalk) -> None:
    walk.advance(by="PT16M")
    for _ in range(3):
        services().timers.fire_due()
        services().operations.quiesce()
    assert len(escalations(walk)) == 1


def test_a_late_answer_breaks_one_clause_only(walk: ApiWalk) -> None:
    walk.complete("register_case")
    walk.advance(by="PT16M")
    walk.complete("respond_and_promise")
    found = milestone(walk, "first_response")
    assert (found["state"], found["reached_at"]) == ("late", "2026-03-02T01:16:00+00:00")
    assert {one["clause"]: one["state"] for one in found["checks"]} == {
        "E-2.1.2": "late", "B1-6.1": "kept", "B4-3": "kept", "C-2.2.6": "kept", "D-2.2.8": "kept"}
    walk.advance(by="P2D")
    assert verdicts(walk, "first_response")["B1-6.1"] == "kept"


def test_a_customer_who_thinks_stops_the_clock_of_the_solution_but_not_the_fourteen_days(walk: ApiWalk) -> None:
    walk.run(until="accept_proposal")
    due = milestone(walk, "resolution")["due_at"]
    fourteen = milestone(walk, "opinion_closed")["due_at"]
    assert milestone(walk, "resolution")["state"] == "paused"
    assert milestone(walk, "opinion_closed")["state"] == "pending"
    walk.advance(by="P1D")
    assert milestone(walk, "resolution")["state"] == "paused"
    walk.complete("accept_proposal")
    after = milestone(walk, "resolution")
    assert after["state"] == "pending"
    assert after["due_at"] > due
    assert after["promised_at"] == due
    assert milestone(walk, "opinion_closed")["due_at"] == fourteen
    assert "客户" in after["why"] or "暂停" in after["why"]


def test_regrading_recomputes_and_keeps_the_old_clock(walk: ApiWalk) -> None:
    before = milestone(walk, "first_response")
    walk.complete("register_case", severity="major", safety=True)
    case = walk.case()
    assert case["level"] == "P1"
    after = milestone(walk, "first_response")
    assert after["due_at"] < before["due_at"]
    assert after["rule"] != before["rule"]
    old = [one for one in case["superseded"] if one["name"] == "first_response"]
    assert [one["due_at"] for one in old] == [before["due_at"]]


def test_reminders_come_at_eighty_percent_once(app: Flask, walk: ApiWalk) -> None:
    walk.complete("register_case")
    clerk_before = told(app, "clerk").count("task_reminder")
    walk.advance(by="PT11M59S")
    assert told(app, "clerk").count("task_reminder") == clerk_before
    walk.advance(by="PT2S")
    walk.advance(by="PT1M")
    assert told(app, "clerk").count("task_reminder") == clerk_before + 1


def test_silence_of_five_working_days_accepts_at_the_end_of_the_fifth(walk: ApiWalk) -> None:
    walk.run(until="accept_proposal")  # on Monday
    walk.advance(by="P6DT22H")  # the next Monday 07:00 local or so; the fifth working day ends at 18:00
    assert "accept_proposal" in walk.open()
    walk.advance(by="PT12H")
    assert "accept_proposal" not in walk.open()
    assert verify(services().runtime)["differences"] == []


def test_messages_come_once_and_early_ones_wait(walk: ApiWalk) -> None:
    clerk = walk.api("clerk")
    early = {"name": "case_reopened", "correlation": walk.number, "payload": {"reopen_reason": "早"}, "key": "early-1"}
    first = clerk.post("/messages", early)
    assert (first.status_code, first.get_json()["state"]) == (201, "waiting")
    assert clerk.post("/messages", early).get_json()["state"] == "duplicate"
    walk.run({"followup_call": {"problem_solved": True}, "confirm_result": {"result_confirmed": True}})
    assert walk.case()["state"] == "closed"
    walk.advance(by="PT1M")
    assert walk.case()["state"] == "open"
    assert clerk.post("/messages", early).get_json()["state"] == "duplicate"


def test_a_message_that_came_too_early_is_not_kept_for_ever(walk: ApiWalk) -> None:
    early = {"name": "case_reopened", "correlation": walk.number, "payload": {}}
    assert walk.api("clerk").post("/messages", early).get_json()["state"] == "waiting"
    walk.advance(by="P31D")
    walk.run({"followup_call": {"problem_solved": True}, "confirm_result": {"result_confirmed": True}},
             silent=("supervisor_contacts", "head_contacts", "director_contacts"))
    walk.advance(by="PT1M")
    assert walk.case()["state"] == "closed"


def test_a_suspended_instance_stands_still_and_catches_up(walk: ApiWalk) -> None:
    path, admin = f"/instances/{walk.case()['instances'][0]['id']}", walk.api("admin")
    walk.complete("register_case")
    assert admin.post(f"{path}/suspend", {"reason": "核对"}).status_code == 200
    walk.advance(by="PT1H")
    assert escalations(walk) == []
    task = walk.open()["respond_and_promise"]
    refused = walk.api("clerk").post(f"/tasks/{task['id']}/complete", {"data": {}})
    assert (refused.status_code, refused.get_json()["state"]) == (409, "suspended")
    message = {"name": "withdrawal", "correlation": walk.number, "payload": {"withdrawal_reason": "不再追究"}}
    assert walk.api("clerk").post("/messages", message).get_json()["state"] == "waiting"
    walk.advance(by="PT1H")
    assert list(walk.open()) == ["respond_and_promise"]
    assert admin.post(f"{path}/resume").status_code == 200
    walk.advance(by="PT1S")
    assert len(escalations(walk)) == 1
    assert "record_withdrawal" in walk.open()
    assert verify(services().runtime)["differences"] == []


def test_cancelling_a_case_ends_its_escalations_with_it(walk: ApiWalk) -> None:
    walk.advance(by="PT16M")
    path = f"/instances/{walk.case()['instances'][0]['id']}"
    assert walk.api("admin").post(f"{path}/cancel", {"reason": "误录"}).status_code == 200
    case = walk.case()
    assert (case["state"], case["outcome"]) == ("cancelled", None)
    assert {one["state"] for one in case["instances"]} == {"cancelled"}
    assert case["open_tasks"] == []
    assert {one["state"] for one in case["milestones"]} <= {"cancelled", "late", "kept"}
    walk.advance(by="P5D")
    assert walk.open() == {}
    assert verify(services().runtime)["differences"] == []
