"""The register and its coverage over the API."""

from __future__ import annotations

import pytest
from flask import Flask

from app.wiring import services
from tests.web.api_client import Api
from tests.web.test_api_contract import wrong


def schema_errors(app: Flask, name: str, value: object) -> list[str]:
    from app.web.api.openapi import document
    with app.test_request_context():
        schemas = document()["components"]["schemas"]
    return list(wrong(value, schemas[name], schemas))


def test_the_register_is_listed_page_by_page(any_app: Flask) -> None:
    api = Api(any_app, "clerk")
    first = api.get("/compliance/clauses", limit=200).json
    assert first is not None
    assert len(first["items"]) == 200
    assert not any(schema_errors(any_app, "Clause", one) for one in first["items"])
    found, answer = list(first["items"]), first
    while answer["next"]:
        answer = api.get("/compliance/clauses", limit=200, cursor=answer["next"]).json
        found += answer["items"]
    with any_app.app_context():
        register = services().register
    assert [one["id"] for one in found] == [*register.clauses, *register.law]
    assert first["total"] == len(found)


def test_clauses_are_found_by_words_and_kind(any_app: Flask) -> None:
    api = Api(any_app, "compliance")
    deadlines = api.get("/compliance/clauses", kind="deadline", document="D").json
    assert deadlines is not None
    assert {one["id"] for one in deadlines["items"]} >= {"D-2.2.7", "D-2.3.7"}
    assert {(one["kind"], one["document"]) for one in deadlines["items"]} == {("deadline", "D")}
    law = api.get("/compliance/clauses", origin="law", q="第二十五条").json
    assert law is not None
    assert {one["id"] for one in law["items"]} == {"CPL-25-1", "CPL-25-2"}


def test_coverage_says_what_carries_out_each_clause(any_app: Flask) -> None:
    api = Api(any_app, "compliance")
    found = api.get("/compliance/coverage", limit=500).json
    assert found is not None
    assert not any(schema_errors(any_app, "Coverage", one) for one in found["items"])
    assert "missing" not in {one["disposition"] for one in found["items"]}
    outside = api.get("/compliance/coverage", disposition="outside").json
    assert outside is not None
    assert all(one["reason"] and one["owner"] for one in outside["items"])
    counts = api.get("/compliance/coverage/counts").json
    assert counts is not None
    assert schema_errors(any_app, "CoverageCounts", counts) == []
    assert sum(counts["dispositions"].values()) == counts["clauses"] == found["total"]
    assert counts["dispositions"]["outside"] == outside["total"]


@pytest.mark.parametrize(("path", "given", "field"), [
    ("clauses", {"kind": "nonsense"}, "kind"), ("clauses", {"limit": "0"}, "limit"),
    ("clauses", {"cursor": "xx"}, "cursor"), ("coverage", {"disposition": "gone"}, "disposition"),
    ("coverage", {"needs_review": "perhaps"}, "needs_review")])
def test_a_filter_that_cannot_be_is_told(app: Flask, path: str, given: dict[str, str], field: str) -> None:
    response = Api(app, "clerk").get(f"/compliance/{path}", **given)
    assert response.status_code == 422
    assert [one["field"] for one in (response.json or {})["errors"]] == [field]


def test_strangers_are_turned_away(app: Flask) -> None:
    for path in ("clauses", "coverage", "coverage/counts"):
        assert app.test_client().get(f"/api/v1/compliance/{path}").status_code == 401
