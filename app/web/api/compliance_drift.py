"""Drift of the deployed version from the written policy, and the waivers of it, for programs."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.policy.drift import VERDICTS, Drift
from app.services.waivers import WAIVERS, Waiver
from app.web.api.blueprint import api
from app.web.api.describe import FLAG, MAYBE_TEXT, MAYBE_WHEN, NUMBER, TEXT, WHEN, Schema, describe, one_of, record
from app.web.api.request import body, filters, moment, sliced, text_of
from app.web.entry import actor, entry
from app.wiring import services

SEVERITIES = ("error", "warning", "info", "none")
EVERYTHING = ("reported", "all")
_WAIVED: Schema = {"anyOf": [{"$ref": "#/components/schemas/Waiver"}, {"type": "null"}]}

SCHEMAS: dict[str, Schema] = {
    "Waiver": record(
        id=NUMBER, fingerprint=TEXT, clause=TEXT, where=TEXT, verdict=one_of(*VERDICTS), policy=TEXT, process=TEXT,
        reason=TEXT, waived_by=TEXT, waived_at=WHEN, until=WHEN, ended_at=MAYBE_WHEN, ended_by=MAYBE_TEXT, holds=FLAG),
    "Drift": record(
        clause=TEXT, where=TEXT, policy=TEXT, process=TEXT, verdict=one_of(*VERDICTS), severity=one_of(*SEVERITIES),
        kind=TEXT, message=TEXT, message_en=TEXT, fingerprint=TEXT, waiver=_WAIVED),
    "Waive": record(reason=TEXT, until=TEXT),
}  # fmt: skip


@api.get("/compliance/drift")
@entry("staff")
@describe("List where the deployed version deviates from the policy, the gravest first; scope=all lists agreement too",
          "compliance", answer="[Drift]", query=("scope", "clause", "verdict", "severity"), errors=(422,))  # fmt: skip
def list_drift() -> Response:
    """List the drift."""
    wanted = filters("scope", "clause", "verdict", "severity", choices={
        "scope": EVERYTHING, "verdict": tuple(VERDICTS), "severity": SEVERITIES})  # fmt: skip
    found = [one for one in services().drifts.now(wanted.get("scope") == "all")
             if wanted.get("clause", one.clause) == one.clause and wanted.get("verdict", one.verdict) == one.verdict
             and wanted.get("severity", one.severity) == one.severity]  # fmt: skip
    held = services().drifts.waivers.held()
    return sliced(found, lambda one: _drift(one, held.get(one.fingerprint)))


@api.post("/compliance/drift/<fingerprint>/waive")
@entry(*WAIVERS)
@describe("Answer for a deviation until the end of a day, with a reason", "compliance", body="Waive", answer="Waiver",
          errors=(403, 404, 409, 422))  # fmt: skip
def waive_drift(fingerprint: str) -> Response:
    """Waive a deviation."""
    given = body()
    reason, until = str(text_of(given, "reason")), str(text_of(given, "until", longest=40))
    return jsonify(_waiver(services().drifts.waive(fingerprint, actor(), reason, until)))


@api.get("/compliance/waivers")
@entry("staff")
@describe("List the waivers of drift, the newest first", "compliance", answer="[Waiver]", errors=(422,))
def list_waivers() -> Response:
    """List waivers."""
    return sliced(services().drifts.waivers.listed(limit=2000), _waiver)


def _drift(one: Drift, waiver: Waiver | None) -> dict[str, Any]:
    return {
        "clause": one.clause, "where": one.where, "policy": one.policy, "process": one.process,
        "verdict": one.verdict, "severity": one.severity, "kind": one.kind, "message": one.zh, "message_en": one.en,
        "fingerprint": one.fingerprint, "waiver": None if waiver is None else _waiver(waiver),
    }  # fmt: skip


def _waiver(one: Waiver) -> dict[str, Any]:
    return {
        "id": one.id, "fingerprint": one.fingerprint, "clause": one.clause, "where": one.place,
        "verdict": one.verdict, "policy": one.policy, "process": one.process, "reason": one.reason,
        "waived_by": one.waived_by, "waived_at": moment(one.waived_at), "until": moment(one.valid_until),
        "ended_at": moment(one.ended_at), "ended_by": one.ended_by, "holds": one.holds(services().clock.now()),
    }  # fmt: skip
