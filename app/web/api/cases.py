"""Cases: started, listed, read with their clocks, and what customers may ask of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify

from app.errors import NotFound
from app.services import sla_view
from app.services.cases import CHANNELS, FLAGS, TYPES
from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api import conformance, show
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
    ref,
)
from app.web.api.idempotency import idempotent
from app.web.api.request import body, filters, page, paging, scope, text_of
from app.web.entry import actor, entry
from app.wiring import services

REGISTERS = ("clerk", "relations", "supervisor", "manager", "marketing", "admin")
LEVELS = ("P1", "P2", "P3", "P4")
STATES = ("open", "closed", "cancelled")

SCHEMAS: dict[str, Schema] = {
    "NewCase": record(
        ("type", "channel", "customer", "description"), type=one_of(*TYPES), channel=one_of(*CHANNELS),
        customer=record(("name", "phone"), name=TEXT, phone=TEXT, email=TEXT, level=one_of("vip", "ordinary")),
        product=record(model=TEXT, serial_no=TEXT, order_no=TEXT, purchase_date={"type": "string", "format": "date"},
                       origin=one_of("self_made", "purchased")),
        description=TEXT, urgency=one_of("high", "medium", "low"), severity=one_of("major", "important", "general"),
        flags=listed(one_of(*FLAGS))),
    "CaseSummary": record(
        number=TEXT, type=TEXT, level=one_of(*LEVELS, None), state=one_of(*STATES),
        status=meant(TEXT, "the policy's wording"), instance_id=TEXT, registered_at=WHEN, closed_at=MAYBE_WHEN,
        owner_group=MAYBE_TEXT, links=OBJECT),
    "Verdict": one_of("pending", "kept", "late", "paused", "cancelled"),
    "Check": record(clause=TEXT, limit=meant(TEXT, "ISO 8601 duration"), calendar=TEXT, due_at=WHEN,
                    state=ref("Verdict")),
    "Milestone": record(
        name=TEXT, due_at=WHEN, promised_at=WHEN, started_at=WHEN, reached_at=MAYBE_WHEN, state=ref("Verdict"),
        clauses=listed(TEXT), rule=TEXT, why=TEXT, target=meant(FLAG, "a share of cases, never a breach"),
        duration=TEXT, calendar=TEXT, provisional=FLAG, round=NUMBER, policy_version=TEXT, checks=listed(ref("Check"))),
    "Case": {"allOf": [ref("CaseSummary"), record(
        milestones=listed(ref("Milestone")), superseded=listed(ref("Milestone")),
        outcome=meant(MAYBE_TEXT, "id of the end event reached"), open_tasks=listed(ref("Task")),
        instances=listed(record(id=TEXT, process=TEXT, state=TEXT, version=NUMBER)), documents=listed(OBJECT),
        verdicts=listed(ref("ClauseVerdict")),
        customer=OBJECT, product=OBJECT, channel=TEXT, description=TEXT, urgency=MAYBE_TEXT, severity=MAYBE_TEXT,
        flags=listed(TEXT), registered_by=TEXT)]},
    "Appeal": record(("reason", "demand"), reason=TEXT, demand=TEXT, evidence=TEXT),
    "Change": record(("content",), content=TEXT, reason=TEXT),
    "Reason": record(("reason",), reason=TEXT),
}


@api.post("/cases")
@entry(*REGISTERS)
@describe("Start a case; the answer comes when it is graded and its clocks run", "cases", body="NewCase",
          answer="CaseSummary", status=201, errors=(422,), creates=True)
@idempotent
def create_case() -> Response:
    """Register a case."""
    case_id = services().cases.register(body(), actor())
    row = queries.case_by_id(reading(), case_id)
    answer = jsonify(_summary(row))
    answer.status_code = 201
    answer.headers["Location"] = f"/api/v1/cases/{row.number}"
    return answer


@api.get("/cases")
@entry("staff")
@describe("List cases, newest first", "cases", answer="[CaseSummary]",
          query=("state", "type", "level", "status", "phone", "order_no", "serial_no"), errors=(422,))
def list_cases() -> Response:
    """List the cases that the caller may see."""
    wanted = filters("state", "type", "level", "status", "phone", "order_no", "serial_no",
                     choices={"state": STATES, "type": TYPES, "level": LEVELS})
    limit, after = paging(datetime, str)
    found = queries.cases(reading(), scope(), wanted, limit, after)
    main = queries.main_instances(reading(), [row.id for row in found.rows])
    return page(found, lambda row: show.case_summary(row, main.get(row.id), actor().groups))


@api.get("/cases/<number>")
@entry("staff")
@describe("One case with its clocks, open tasks, family and papers", "cases", answer="Case", errors=(404,))
def get_case(number: str) -> Response:
    """Read one case."""
    row = _seen(number)
    session, now = reading(), services().clock.now()
    clocks = sla_view.views(session, row.id, now, superseded=True)
    return jsonify({
        **_summary(row), **show.case_facts(row), "outcome": row.outcome,
        "milestones": [show.milestone(one) for one in clocks if not one.superseded],
        "superseded": [show.milestone(one) for one in clocks if one.superseded],
        "open_tasks": [show.task(one) for one in queries.open_tasks(session, scope(), case_id=row.id)],
        "instances": [{"id": one.id, "process": one.process, "state": one.state, "version": one.version}
                      for one in queries.family(session, row.id)],
        "documents": [show.document(one) for one in queries.documents(session, row.id)],
        "verdicts": conformance.of_case(row)})


@api.post("/cases/<number>/appeals")
@entry("staff")
@describe("Lodge the customer's appeal", "cases", body="Appeal", answer="CaseSummary", status=201,
          errors=(403, 404, 409, 422), creates=True)
@idempotent
def lodge_appeal(number: str) -> Response:
    """Take in an appeal against the result."""
    row = _seen(number)
    services().cases.appeal(row.id, body(), actor())
    return _after(row.id, 201)


@api.post("/cases/<number>/changes")
@entry("staff")
@describe("Ask for a change of what was agreed", "cases", body="Change", answer="CaseSummary", status=201,
          errors=(403, 404, 409, 422), creates=True)
@idempotent
def request_change(number: str) -> Response:
    """Take in a change of the customer's requirement."""
    row = _seen(number)
    services().cases.request_change(row.id, body(), actor())
    return _after(row.id, 201)


@api.post("/cases/<number>/withdrawal")
@entry("staff")
@describe("Withdraw the case for the customer", "cases", body="Reason", answer="CaseSummary",
          errors=(403, 404, 409, 422), creates=True)
@idempotent
def withdraw(number: str) -> Response:
    """Tell the case that the customer withdraws it."""
    row = _seen(number)
    services().cases.withdraw(row.id, text_of(body(), "reason") or "", actor())
    return _after(row.id, 200)


def _seen(number: str) -> Any:
    row = queries.case(reading(), scope(), number)
    if row is None:
        raise NotFound("There is no such case.", "没有这个个案。")
    return row


def _summary(row: Any) -> dict[str, Any]:
    return show.case_summary(row, queries.main_instances(reading(), [row.id]).get(row.id), actor().groups)


def _after(case_id: str, status: int) -> Response:
    answer = jsonify(_summary(queries.case_by_id(reading(), case_id)))
    answer.status_code = status
    return answer
