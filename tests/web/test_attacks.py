"""What the policy forbids, tried over the API as an attacker would: refused, with the clause, and nothing moves."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.web.api_client import answers
from tests.web.api_walk import ApiWalk
from tests.web.test_complaint_over_the_api import HAPPY, lodge

RETURN = {"type": "return_exchange", "description": "收到的机器有裂纹，要求退货。"}


@pytest.mark.parametrize(("message", "clause"), [
    ("opinion_closed", "B21-7-1a"), ("case_rerouted", "D-2.4.8"), ("demand_changed", "D-2.4.8")])
@pytest.mark.parametrize("who", ["clerk", "admin"])
def test_nobody_says_in_place_of_a_diagram_that_a_rule_is_met(app: Flask, message: str, clause: str, who: str) -> None:
    walk = ApiWalk(app, RETURN)
    before = walk.open()
    forged = {"name": message, "correlation": walk.number, "payload": {"new_case_type": "return_exchange"}}
    refused = walk.api(who).post("/messages", forged)
    assert refused.status_code == 403
    assert clause in refused.get_data(as_text=True)
    assert walk.open() == before
    assert walk.case()["documents"] == []


def test_a_change_without_a_signature_is_refused_with_its_clause(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(until="give_preliminary_proposal")
    asked = walk.api("clerk").post(f"/cases/{walk.number}/changes", {"content": "改为换货", "reason": "急用"})
    assert asked.status_code in {200, 201}, asked.get_data(as_text=True)
    walk.complete("describe_change")
    walk.complete("assess_change", feasible=True, extra_cost="0.00")
    task = walk.open()["sign_change"]
    served = walk.api("clerk").get(f"/tasks/{task['id']}").get_json()
    data = {**answers(served, customer_signed=True), "customer_signature": []}
    refused = walk.api("clerk").post(f"/tasks/{task['id']}/complete", {"data": data, "on_behalf": True})
    assert refused.status_code == 422
    (error,) = [one for one in refused.get_json()["errors"] if one["field"] == "customer_signature"]
    assert "D-2.4.8" in error["message"]
    assert walk.case()["type"] == "complaint"
    assert "sign_change" in walk.open()


def test_nobody_who_handled_the_case_hears_its_appeal(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(HAPPY)
    lodge(walk)
    walk.run(HAPPY, until="name_person")
    manager = walk.api("manager")

    def named(person: str) -> Any:
        task = walk.open()["name_person"]
        served = manager.get(f"/tasks/{task['id']}").get_json()
        data = {**answers(served), "appeal_person": person}
        return manager.post(f"/tasks/{task['id']}/complete", {"data": data})

    refused = named("clerk")
    assert refused.status_code == 422
    assert "B14-6.2" in refused.get_data(as_text=True)
    walk.complete("name_person")
    task = walk.open()["accept_appointment"]
    for verb, body in (("claim", {}), ("complete", {"data": {}}), ("delegate", {"to": "clerk", "note": "请代办"})):
        answer = walk.api("clerk").post(f"/tasks/{task['id']}/{verb}", body)
        assert answer.status_code in {403, 404, 422}, (verb, answer.get_data(as_text=True))
    assert walk.open()["accept_appointment"]["assignee"] == "appeals"
