"""Deviations from the policy for programs: listed, read, and what is done about each; the audit's hash chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify

from app.errors import NotFound
from app.services.deviations import READERS, VERBS
from app.store.deviations import KINDS, STATES
from app.store.models import Deviation
from app.store.queries import compliance as rows
from app.store.queries.api import Page, Place
from app.web.api.blueprint import api
from app.web.api.describe import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_WHEN,
    NUMBER,
    OBJECT,
    TEXT,
    WHEN,
    Schema,
    describe,
    listed,
    meant,
    one_of,
    record,
)
from app.web.api.request import body, filters, moment, page, paging, text_of
from app.web.entry import actor, entry
from app.wiring import services

LIVE = "live"
SCHEMAS: dict[str, Schema] = {
    "Deviation": record(
        id=NUMBER, kind=one_of(*KINDS), clause=TEXT, obligation=TEXT, case=MAYBE_TEXT,
        period=meant(MAYBE_TEXT, "first day, of what the company owes"), place=MAYBE_TEXT, since=WHEN, found_at=WHEN,
        state=one_of(*STATES), owner=MAYBE_TEXT, due_at=MAYBE_WHEN, explanation=MAYBE_TEXT, explained_by=MAYBE_TEXT,
        waived_until=MAYBE_WHEN, waived_by=MAYBE_TEXT, instance_id=meant(MAYBE_TEXT, "the rectification"),
        gone_at=meant(MAYBE_WHEN, "found no more since"), closed_at=MAYBE_WHEN, closed_by=MAYBE_TEXT,
        closed_why=MAYBE_TEXT, verbs=meant(listed(TEXT), "what the caller may do now")),
    "DeviationVerb": record(
        to=meant(TEXT, "assign: username"), until=meant(TEXT, "assign, waive: a day such as 2026-06-30"),
        explanation=meant(TEXT, "explain"), problem=meant(TEXT, "correct"),
        reason=meant(TEXT, "waive, close, reopen")),
    "AuditChain": record(holds=FLAG, checked=NUMBER, waiting=NUMBER, head=NUMBER, hash=TEXT,
                         anchored={"type": ["integer", "null"]}, problems=listed(OBJECT)),
}


@api.get("/compliance/deviations")
@entry(*READERS)
@describe("List deviations, the newest first; `state` is `live` (not closed) unless it says otherwise", "compliance",
          answer="[Deviation]", query=("kind", "state", "clause", "case", "owner", "obligation", "age"), errors=(422,))
def list_deviations() -> Response:
    """List deviations."""
    given = filters("kind", "state", "clause", "case", "owner", "obligation", "age", choices={
        "kind": KINDS, "state": (LIVE, "all", *STATES), "obligation": ("must", "should", "info"), "age": rows.AGES})
    limit, after = paging(int)
    number = after[0] if after is not None else 1
    state = given.get("state", LIVE)
    wanted = rows.Wanted(
        kind=given.get("kind", ""), state="" if state == "all" else state, case=given.get("case", ""), page=number,
        clauses=(given["clause"],) if "clause" in given else (), owner=given.get("owner", ""),
        age=given.get("age", ""), obligation=given.get("obligation", ""))
    found = rows.deviations(wanted, services().clock.now(), limit)
    following: Place | None = (number + 1,) if found.last < found.total else None
    shown = [] if number > max(1, -(-found.total // limit)) else found.rows
    return page(Page(shown, following, found.total), lambda row: _shown(row.Deviation, row.number))


@api.get("/compliance/deviations/<int:deviation_id>")
@entry("staff")
@describe("Read a deviation: who keeps watch, or who has to explain it", "compliance", answer="Deviation",
          errors=(404,))
def get_deviation(deviation_id: int) -> Response:
    """Read one."""
    return _one(deviation_id)


@api.post("/compliance/deviations/<int:deviation_id>/<verb>")
@entry("staff")
@describe("Do something about a deviation: assign, explain, correct, waive, close or reopen", "compliance",
          body="DeviationVerb", answer="Deviation", errors=(403, 404, 409, 422))
def act_on_deviation(deviation_id: int, verb: str) -> Response:
    """Do a verb."""
    if verb not in VERBS:
        raise NotFound("There is no such verb.", "没有这个操作。")
    services().deviations.get(deviation_id, actor())
    given, deviations, me = body(), services().deviations, actor()

    def told(field: str, *, required: bool = True) -> str:
        return text_of(given, field, required=required) or ""

    calls: dict[str, Callable[[], Any]] = {
        "assign": lambda: deviations.assign(deviation_id, me, told("to"), told("until", required=False)),
        "explain": lambda: deviations.explain(deviation_id, me, told("explanation")),
        "correct": lambda: deviations.correct(deviation_id, me, told("problem")),
        "waive": lambda: deviations.waive(deviation_id, me, told("reason"), told("until")),
        "close": lambda: deviations.close(deviation_id, me, told("reason")),
        "reopen": lambda: deviations.reopen(deviation_id, me, told("reason")),
    }
    calls[verb]()
    return _one(deviation_id)


@api.post("/compliance/audit/verify")
@entry(*READERS)
@describe("Verify the audit's hash chain against its anchor", "compliance", answer="AuditChain")
def verify_audit() -> Response:
    """Verify the chain."""
    chain = services().sealer.check()
    return jsonify({"holds": chain.holds, "checked": chain.checked, "waiting": chain.waiting, "head": chain.head,
                    "hash": chain.hash, "anchored": chain.anchored,
                    "problems": [{"message": zh, "message_en": en} for zh, en in chain.problems]})


def _one(deviation_id: int) -> Response:
    row = services().deviations.get(deviation_id, actor())
    return jsonify(_shown(row, rows.case_number(row.case_id) if row.case_id else None))


def _shown(row: Deviation, number: str | None) -> dict[str, Any]:
    texts = ("owner", "explanation", "explained_by", "waived_by", "instance_id", "closed_by", "closed_why", "place")
    times = ("due_at", "waived_until", "gone_at", "closed_at", "since", "found_at")
    return {"id": row.id, "kind": row.kind, "clause": row.clause, "obligation": row.obligation, "case": number,
            "period": row.period or None, "state": row.state,
            **{name: getattr(row, name) or None for name in texts},
            **{name: moment(getattr(row, name)) for name in times},
            "verbs": sorted(services().deviations.verbs(row, actor()))}
