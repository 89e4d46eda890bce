"""Changes of the policy and reviews of its links over the API, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.store.test_policy_law import OUTSIDE, RULE
from tests.web.api_client import Api
from tests.web.test_api_compliance import schema_errors

LAW: dict[str, Any] = {"kind": "law", "key": "CPL-99", "entry": RULE, "reason": "新法施行",
                       "effective_from": "2026-03-02"}
HOW: dict[str, Any] = {"kind": "disposition", "key": "A-1.1", "entry": OUTSIDE, "reason": "线下办理",
                       "effective_from": "2026-03-02"}


def fields(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.get_json()
    return {one["field"] for one in answer.get_json()["errors"]}


def test_a_change_is_proposed_listed_read_and_decided_on(any_app: Flask) -> None:
    compliance, director = Api(any_app, "compliance"), Api(any_app, "director")
    made = compliance.post("/compliance/proposals", LAW, Idempotency_Key="once")
    assert made.status_code == 201
    law = made.get_json()
    assert compliance.post("/compliance/proposals", LAW, Idempotency_Key="once").get_json() == law
    how = compliance.post("/compliance/proposals", HOW).get_json()
    assert not schema_errors(any_app, "Proposal", law)
    first = director.get("/compliance/proposals", limit=1, state="proposed").get_json()
    assert ([one["id"] for one in first["items"]], first["total"]) == ([how["id"]], 2)
    second = director.get("/compliance/proposals", limit=1, state="proposed", cursor=first["next"]).get_json()
    assert [one["id"] for one in second["items"]] == [law["id"]]
    assert [one["key"] for one in director.get("/compliance/proposals", kind="law").get_json()["items"]] == ["CPL-99"]
    assert director.get(f"/compliance/proposals/{law['id']}").get_json() == law
    path = f"/compliance/proposals/{law['id']}"
    assert compliance.post(f"{path}/approve").status_code == 403
    assert director.post(f"{path}/withdraw").status_code == 403
    assert fields(director.post(f"{path}/reject", {})) == {"note"}
    done = director.post(f"{path}/approve", {"note": "同意"}).get_json()
    assert (done["state"], done["decided_by"], done["note"]) == ("approved", "director", "同意")
    assert director.post(f"{path}/approve").status_code == 409
    found = compliance.get("/compliance/law").get_json()["items"]
    assert ("CPL-99", "A-2.1.6") in {(one["rule"], one["clause"]) for one in found}
    assert not any(schema_errors(any_app, "LawFinding", one) for one in found)
    assert compliance.post(f"/compliance/proposals/{how['id']}/withdraw").get_json()["state"] == "withdrawn"
    gone = compliance.post("/compliance/proposals", {**LAW, "entry": None, "reason": "误登"}).get_json()
    refused = director.post(f"/compliance/proposals/{gone['id']}/reject", {"note": "保留"}).get_json()
    assert (refused["state"], refused["new"]) == ("rejected", None)


def test_bad_input_names_the_field_and_changes_nothing(any_app: Flask) -> None:
    api = Api(any_app, "compliance")
    for changes, named in (
            ({"kind": "kind"}, "kind"), ({"key": ""}, "key"), ({"reason": " "}, "reason"), ({"entry": "x"}, "entry"),
            ({"effective_from": "soon"}, "effective_from"), ({"effective_from": None}, "effective_from"),
            ({"effective_from": "2026-03-01"}, "effective_from"), ({"correction": "yes"}, "correction"),
            ({"entry": {**RULE, "read": 1}}, "read"), ({"entry": {**RULE, "bounds": [1]}}, "bounds[0].clause"),
            ({"entry": {}}, "bounds"), ({"kind": "clause", "entry": {**RULE}}, "bounds")):
        assert named in fields(api.post("/compliance/proposals", {**LAW, **changes})), changes
    missing = {name: value for name, value in LAW.items() if name != "entry"}
    assert fields(api.post("/compliance/proposals", missing)) == {"entry"}
    assert fields(api.get("/compliance/proposals", state="lost")) == {"state"}
    assert api.get("/compliance/proposals").get_json()["total"] == 0
    assert api.get("/compliance/proposals/1").status_code == 404
    assert api.post("/compliance/proposals/1/forget").status_code == 404


@pytest.mark.parametrize("name", ["clerk", "director", "manager"])
def test_only_compliance_proposes_and_notes_reviews(any_app: Flask, name: str) -> None:
    api = Api(any_app, name)
    assert api.post("/compliance/proposals", LAW).status_code == 403
    assert api.post("/compliance/reviews", {"clauses": ["E-2.1.2"]}).status_code == 403
    assert api.get("/compliance/proposals").status_code == (403 if name == "clerk" else 200)


def test_reviews_are_listed_and_noted(any_app: Flask) -> None:
    compliance, director = Api(any_app, "compliance"), Api(any_app, "director")
    assert compliance.get("/compliance/reviews", needs_review="true").get_json()["total"] == 0
    made = compliance.post("/compliance/proposals", HOW).get_json()
    director.post(f"/compliance/proposals/{made['id']}/approve")
    (wanted,) = compliance.get("/compliance/reviews", needs_review="true").get_json()["items"]
    assert not schema_errors(any_app, "Review", wanted)
    assert wanted["clause"] == "A-1.1"
    for given in (None, [], "A-1.1", [1], [{"digest": "x"}], ["Z-9"], [{"clause": "A-1.1", "digest": 1}]):
        assert fields(compliance.post("/compliance/reviews", {"clauses": given})) == {"clauses"}, given
    stale = compliance.post("/compliance/reviews", {"clauses": [{"clause": "A-1.1", "digest": "0" * 12}]}).get_json()
    assert (stale["reviewed"], [one["clause"] for one in stale["refused"]]) == ([], ["A-1.1"])
    seen = {"clause": "A-1.1", "digest": wanted["digest"]}
    noted = compliance.post("/compliance/reviews", {"clauses": [seen]}).get_json()
    assert not schema_errors(any_app, "NotedReviews", noted)
    assert noted == {"reviewed": ["A-1.1"], "refused": []}
    coverage = compliance.get("/compliance/coverage", limit=500).get_json()["items"]
    one = next(row for row in coverage if row["id"] == "A-1.1")
    assert (one["needs_review"], one["reviewed_on"], one["reviewed_by"]) == (False, "2026-03-02", "compliance")
