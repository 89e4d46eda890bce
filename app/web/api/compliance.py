"""The written policy and how the running process covers it, for programs."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.policy.coverage import DISPOSITIONS, Coverage
from app.policy.entries import CLAUSE_KINDS, OBLIGATIONS, ORIGINS, normal
from app.policy.finding import find
from app.policy.register import Clause
from app.web.api.blueprint import api
from app.web.api.describe import FLAG, MAYBE_TEXT, NUMBER, OBJECT, TEXT, Schema, describe, listed, one_of, record
from app.web.api.request import filters, sliced
from app.web.entry import entry
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Clause": record(
        id=TEXT, document=TEXT, section=TEXT, line={"type": ["integer", "null"]}, kind=one_of(*CLAUSE_KINDS),
        obligation=one_of(*OBLIGATIONS), flow=listed(TEXT), zh=TEXT, en=TEXT, figures=OBJECT, declare=listed(OBJECT),
        same_as=MAYBE_TEXT, truncated=FLAG, assumptions=listed(TEXT), valid_from=MAYBE_TEXT, valid_to=MAYBE_TEXT,
        origin=one_of(*ORIGINS), version=TEXT),
    "Coverage": record(
        id=TEXT, disposition=one_of(*DISPOSITIONS), where=listed(TEXT), reason=TEXT, reason_en=TEXT,
        obligation=one_of(*OBLIGATIONS), owner=MAYBE_TEXT, review_by=MAYBE_TEXT, needs_review=FLAG,
        reviewed_on=MAYBE_TEXT, reviewed_by=MAYBE_TEXT),
    "CoverageCounts": record(version=TEXT, clauses=NUMBER, needs_review=NUMBER, dispositions=OBJECT),
}


@api.get("/compliance/clauses")
@entry("staff")
@describe("List the clauses in force, the company's before the law's; `q` words that must be there", "compliance",
          answer="[Clause]", query=("q", "document", "kind", "obligation", "origin"), errors=(422,))
def list_clauses() -> Response:
    """List the register."""
    given = filters("q", "document", "kind", "obligation", "origin",
                    choices={"kind": CLAUSE_KINDS, "obligation": OBLIGATIONS, "origin": ORIGINS})
    register = services().register
    most = len(register.clauses) + len(register.law) + 1
    found = find(register, given.pop("q", ""), given, 1, most).items
    return sliced(found, lambda clause: _clause(clause, register.version))


@api.get("/compliance/coverage")
@entry("staff")
@describe("Say for each clause what carries it out; `needs_review` is true or false", "compliance",
          answer="[Coverage]", query=("disposition", "obligation", "needs_review"), errors=(422,))
def list_coverage() -> Response:
    """List the coverage by the deployed version."""
    given = filters("disposition", "obligation", "needs_review", choices={
        "disposition": DISPOSITIONS, "obligation": OBLIGATIONS, "needs_review": ("true", "false")})
    found = [one for one in services().coverage.now().clauses
             if given.get("disposition", one.disposition) == one.disposition
             and given.get("obligation", one.obligation) == one.obligation
             and given.get("needs_review", str(one.needs_review).lower()) == str(one.needs_review).lower()]
    return sliced(found, _coverage)


@api.get("/compliance/coverage/counts")
@entry("staff")
@describe("Count the clauses by disposition", "compliance", answer="CoverageCounts")
def count_coverage() -> Response:
    """Count the coverage."""
    judged = services().coverage.now()
    return jsonify({"version": judged.version, "clauses": len(judged.clauses), "dispositions": dict(judged.counts),
                    "needs_review": sum(one.needs_review for one in judged.clauses)})


def _clause(one: Clause, version: str) -> dict[str, Any]:
    told = normal("clause", one.source or {})
    return {
        "id": one.id, "document": one.document, "section": one.section, "line": one.line, "kind": one.kind,
        "obligation": one.obligation, "flow": list(one.flow), "zh": one.zh, "en": one.en,
        "figures": told.get("figures", {}), "declare": told.get("declare", []), "same_as": one.same_as,
        "truncated": one.truncated, "assumptions": list(one.assumptions), "valid_from": told.get("valid_from"),
        "valid_to": told.get("valid_to"), "origin": one.origin, "version": version}


def _coverage(one: Coverage) -> dict[str, Any]:
    return {
        "id": one.clause, "disposition": one.disposition, "where": list(one.where), "reason": one.reason_zh,
        "reason_en": one.reason_en, "obligation": one.obligation, "owner": one.owner,
        "review_by": one.review_by.isoformat() if one.review_by else None, "needs_review": one.needs_review,
        "reviewed_on": one.reviewed_on.isoformat() if one.reviewed_on else None, "reviewed_by": one.reviewed_by}
