"""Running processes: where they stand, what happened, and what operators do to them."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.errors import FieldError, Invalid, NotFound
from app.services.operations import OPERATORS
from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api import show
from app.web.api.blueprint import api
from app.web.api.describe import (
    MAYBE_TEXT,
    MAYBE_WHEN,
    NUMBER,
    OBJECT,
    TEXT,
    WHEN,
    Schema,
    describe,
    listed,
    one_of,
    record,
    ref,
)
from app.web.api.request import body, moment, page, paging, scope, text_of
from app.web.entry import actor, entry
from app.web.problems import language
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Instance": record(
        id=TEXT, process=TEXT, version=NUMBER, definition_id=NUMBER, case=MAYBE_TEXT,
        state=one_of("active", "suspended", "completed", "cancelled"), revision=NUMBER, parent_id=MAYBE_TEXT,
        created_at=WHEN, ended_at=MAYBE_WHEN, outcome=MAYBE_TEXT, reason=MAYBE_TEXT, links=OBJECT,
        open_tasks=listed(ref("Task")), timers=listed(record(element_id=TEXT, due_at=MAYBE_WHEN, milestone=MAYBE_TEXT)),
        messages=listed(record(element_id=TEXT, name=TEXT, correlation=MAYBE_TEXT))),
    "Migration": record(("reason",), reason=TEXT, version=NUMBER),
    "Event": record(
        seq=NUMBER, at=WHEN, instance_id=TEXT, process=TEXT, element_id=TEXT, name=TEXT, type=TEXT, activity=MAYBE_TEXT,
        transition=one_of("started", "completed", "cancelled", "fired", "failed"), actor=TEXT, group=MAYBE_TEXT,
        clauses=listed(TEXT), version=NUMBER, attempt=NUMBER),
}


@api.get("/instances/<instance_id>")
@entry("staff")
@describe("One instance and what it waits for", "instances", answer="Instance", errors=(404,))
def get_instance(instance_id: str) -> Response:
    """Read one instance."""
    return jsonify(_instance(instance_id))


@api.get("/instances/<instance_id>/history")
@entry("staff")
@describe("What happened in an instance, in order", "instances", answer="[Event]", errors=(404, 422))
def get_history(instance_id: str) -> Response:
    """List the events of an instance."""
    _seen(instance_id)
    limit, after = paging(int)
    return page(queries.history(reading(), instance_id, limit, after), _event)


@api.post("/instances/<instance_id>/cancel")
@entry(*OPERATORS)
@describe("Cancel an instance for good", "instances", body="Reason", answer="Instance", errors=(403, 404, 409, 422))
def cancel_instance(instance_id: str) -> Response:
    """Cancel an instance."""
    _seen(instance_id)
    services().operations.cancel(instance_id, text_of(body(), "reason") or "", actor())
    return jsonify(_instance(instance_id))


@api.post("/instances/<instance_id>/suspend")
@entry(*OPERATORS)
@describe("Stop an instance for a while", "instances", body="Reason", answer="Instance", errors=(403, 404, 409, 422))
def suspend_instance(instance_id: str) -> Response:
    """Suspend an instance."""
    _seen(instance_id)
    services().operations.suspend(instance_id, text_of(body(), "reason") or "", actor())
    return jsonify(_instance(instance_id))


@api.post("/instances/<instance_id>/resume")
@entry(*OPERATORS)
@describe("Let a suspended instance go on", "instances", answer="Instance", errors=(403, 404, 409))
def resume_instance(instance_id: str) -> Response:
    """Resume an instance."""
    _seen(instance_id)
    services().operations.resume(instance_id, actor())
    return jsonify(_instance(instance_id))


@api.post("/instances/<instance_id>/migrate")
@entry(*OPERATORS)
@describe("Let an instance go on in the newest version of its process, or in `version`; refused with why where what it "
          "waits at is drawn in another way", "instances", body="Migration", answer="Instance",
          errors=(403, 404, 409, 422))
def migrate_instance(instance_id: str) -> Response:
    """Migrate an instance."""
    _seen(instance_id)
    given = body()
    version = given.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise Invalid([FieldError("version", "A whole number.", "应为整数。")])
    services().control.migrate(instance_id, text_of(given, "reason") or "", actor(), version)
    return jsonify(_instance(instance_id))


def _seen(instance_id: str) -> Any:
    row = queries.instance(reading(), scope(), instance_id)
    if row is None:
        raise NotFound("There is no such instance.", "没有这个流程实例。")
    return row


def _instance(instance_id: str) -> dict[str, Any]:
    row, session = _seen(instance_id), reading()
    timers = queries.waiting_timers(session, instance_id)
    awaited = queries.awaited_messages(session, instance_id)
    return {**show.instance(row),
            "open_tasks": [show.task(one) for one in queries.open_tasks(session, scope(), instance_id=instance_id)],
            "timers": [{"element_id": one.element_id, "due_at": moment(one.due_at), "milestone": one.milestone}
                       for one in timers],
            "messages": [{"element_id": one.element_id, "name": one.message, "correlation": one.correlation}
                         for one in awaited]}


def _event(row: Any) -> dict[str, Any]:
    element = services().runtime.library.spec(row.definition_id).element(row.process, row.element_id)
    return {"seq": row.seq, "at": moment(row.at), "instance_id": row.instance_id, "process": row.process,
            "element_id": row.element_id, "name": element.name if language() == "zh" else element.name_en,
            "type": row.type, "activity": row.activity, "transition": row.transition, "actor": row.actor,
            "group": row.group_code, "clauses": list(element.clauses), "version": row.version, "attempt": row.attempt}
