"""Cases over the API: their shape to the letter, their pages, and who sees which."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.clock import FixedClock
from tests.web.api_client import COMPLAINT, Api


@pytest.fixture
def clerk(app: Flask) -> Api:
    return Api(app, "clerk")


def test_a_case_is_graded_and_its_clocks_run_when_the_post_is_answered(clerk: Api) -> None:
    made = clerk.register()
    assert {"number", "type", "level", "state", "status", "instance_id", "links"} <= set(made)
    assert (made["type"], made["level"], made["state"], made["status"]) == ("complaint", "P3", "open", "待处理")
    found = clerk.get(f"/cases/{made['number']}").get_json()
    assert {key: found[key] for key in ("number", "level", "instance_id")} == {
        key: made[key] for key in ("number", "level", "instance_id")}
    names = {milestone["name"] for milestone in found["milestones"]}
    assert {"first_response", "verify", "resolution"} <= names
    assert [one["process"] for one in found["instances"]] == ["case"]
    assert found["outcome"] is None
    assert found["open_tasks"][0]["case"] == made["number"]


def test_each_clause_of_a_clock_has_its_own_verdict(clerk: Api, clock: FixedClock) -> None:
    number = clerk.register()["number"]
    clock.advance(timedelta(minutes=16))
    first = clerk.milestone(number, "first_response")
    assert first["state"] == "late"
    assert first["clauses"] == ["E-2.1.2"]
    verdicts = {check["clause"]: check["state"] for check in first["checks"]}
    assert verdicts["E-2.1.2"] == "late"
    assert verdicts["B1-6.1"] == "pending"
    limits = {check["clause"]: check["limit"] for check in first["checks"]}
    assert (limits["E-2.1.2"], limits["B1-6.1"]) == ("PT15M", "PT24H")
    assert datetime.fromisoformat(first["due_at"]).tzinfo is not None


def test_the_reason_of_a_deadline_comes_in_the_callers_language(app: Flask, clerk: Api) -> None:
    number = clerk.register()["number"]
    chinese = clerk.get(f"/cases/{number}").get_json()["milestones"][0]["why"]
    english = Api(app, "clerk", **{"Accept-Language": "en"}).get(f"/cases/{number}").get_json()["milestones"][0]["why"]
    assert "条款" in chinese
    assert english.isascii() or "条款" not in english


@pytest.mark.parametrize(("changes", "field"), [
    ({"type": "nonsense"}, "type"), ({"type": None}, "type"), ({"channel": "pigeon"}, "channel"),
    ({"customer": {"name": "张伟"}}, "customer.phone"), ({"customer": {"phone": "13800138000"}}, "customer.name"),
    ({"customer": "张伟"}, "customer"), ({"description": ""}, "description"), ({"description": 5}, "description"),
    ({"urgency": "very"}, "urgency"), ({"flags": ["safety", "fun"]}, "flags"), ({"flags": "safety"}, "flags"),
    ({"product": {"purchase_date": "yesterday"}}, "product.purchase_date"), ({"surprise": 1}, "surprise"),
    ({"customer": {"name": "张" * 200, "phone": "13800138000"}}, "customer.name"),
])
def test_a_wrong_field_is_named_with_a_reason(clerk: Api, changes: dict[str, object], field: str) -> None:
    response = clerk.post("/cases", {**COMPLAINT, **changes})
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert field in [error["field"] for error in response.get_json()["errors"]]
    assert all(error["message"] for error in response.get_json()["errors"])


def test_pages_of_cases_join_without_gap_or_double_while_new_ones_come(any_app: Flask, clock: FixedClock) -> None:
    clerk, made = Api(any_app, "clerk"), []
    for _ in range(5):
        made.append(clerk.register()["number"])
        clock.advance(timedelta(seconds=1))
    first = clerk.get("/cases", limit=2).get_json()
    assert first["total"] == 5
    clerk.register()
    seen, cursor = [item["number"] for item in first["items"]], first["next"]
    while cursor:
        page = clerk.get("/cases", limit=2, cursor=cursor).get_json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next"]
    assert seen == made[::-1]


def test_cases_of_the_same_moment_are_not_lost_between_pages(clerk: Api) -> None:
    made = {clerk.register()["number"] for _ in range(3)}
    first = clerk.get("/cases", limit=1).get_json()
    second = clerk.get("/cases", limit=1, cursor=first["next"]).get_json()
    third = clerk.get("/cases", limit=1, cursor=second["next"]).get_json()
    assert {page["items"][0]["number"] for page in (first, second, third)} == made
    assert third["next"] is None


@pytest.mark.parametrize("query", [
    {"limit": "0"}, {"limit": "501"}, {"limit": "ten"}, {"limit": "-1"}, {"cursor": "nonsense"}, {"cursor": "W10"},
    {"cursor": "WyJhIiwgImIiXQ"}, {"cursor": "bnVsbA"}, {"state": "lost"}, {"type": "lost"}, {"level": "P9"},
])
def test_a_list_refuses_what_it_cannot_mean(clerk: Api, query: dict[str, str]) -> None:
    response = clerk.get("/cases", **query)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] in query


def test_cases_are_filtered(clerk: Api) -> None:
    clerk.register()
    urgent = clerk.register(severity="major", customer={"name": "李强", "phone": "13900000000"})["number"]
    assert [one["number"] for one in clerk.get("/cases", level="P1").get_json()["items"]] == [urgent]
    assert [one["number"] for one in clerk.get("/cases", phone="13900000000").get_json()["items"]] == [urgent]
    assert clerk.get("/cases", state="closed").get_json() == {"items": [], "next": None, "total": 0}


def test_managers_see_every_case_and_the_warehouse_none_that_never_reached_it(any_app: Flask) -> None:
    app = any_app
    number = Api(app, "clerk").register()["number"]
    for reader in ("manager", "director", "compliance", "supervisor"):
        assert Api(app, reader).get(f"/cases/{number}").status_code == 200, reader
    warehouse = Api(app, "warehouse")
    assert warehouse.get(f"/cases/{number}").status_code == 404
    assert warehouse.get("/cases").get_json()["total"] == 0
    body = {"reason": "x", "demand": "y", "content": "z"}
    for verb in ("appeals", "changes", "withdrawal"):
        assert warehouse.post(f"/cases/{number}/{verb}", body).status_code == 404


def test_only_who_serves_customers_starts_a_case(app: Flask) -> None:
    assert Api(app, "warehouse").post("/cases", COMPLAINT).status_code == 403


def test_who_answers_for_the_customer_gets_the_signed_link_and_compliance_does_not(app: Flask, clerk: Api) -> None:
    number = clerk.register()["number"]
    assert clerk.get(f"/cases/{number}").get_json()["links"]["customer"].startswith("/c/")
    assert "customer" not in Api(app, "compliance").get(f"/cases/{number}").get_json()["links"]


def test_an_appeal_before_there_is_a_result_is_a_conflict_and_says_so(clerk: Api) -> None:
    number = clerk.register()["number"]
    response = clerk.post(f"/cases/{number}/appeals", {"reason": "处理不公", "demand": "重新处理"})
    assert response.status_code == 409
    assert response.get_json()["state"] == "open"
    assert clerk.post(f"/cases/{number}/appeals", {"demand": "重新处理"}).status_code == 422


def test_a_number_that_is_nobodys_is_not_found(clerk: Api) -> None:
    assert clerk.get("/cases/209901-0001").status_code == 404
