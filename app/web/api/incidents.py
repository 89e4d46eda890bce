"""Incidents: what needs an operator, and trying it again."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.errors import NotFound
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
    meant,
    one_of,
    record,
)
from app.web.api.request import OVERSEERS, body, filters, object_of, page, paging
from app.web.entry import actor, entry
from app.wiring import services

STATES = ("open", "resolved")

SCHEMAS: dict[str, Schema] = {
    "Incident": record(
        id=NUMBER, instance_id=MAYBE_TEXT, case=MAYBE_TEXT, process=MAYBE_TEXT, element_id=MAYBE_TEXT,
        kind=one_of("engine", "job", "timer", "state"), message=TEXT, attempts=NUMBER, state=one_of(*STATES),
        created_at=WHEN, resolved_at=MAYBE_WHEN, resolved_by=MAYBE_TEXT, resolution=MAYBE_TEXT),
    "Retry": record(variables=meant(OBJECT, "what to change before it is tried again")),
}


@api.get("/incidents")
@entry(*OVERSEERS)
@describe("List incidents, newest first", "incidents", answer="[Incident]", query=("state", "instance"), errors=(422,))
def list_incidents() -> Response:
    """List incidents."""
    wanted = filters("state", "instance", choices={"state": STATES})
    limit, after = paging(int)
    return page(queries.incidents(reading(), wanted, limit, after), show.incident)


@api.get("/incidents/<int:incident_id>")
@entry(*OVERSEERS)
@describe("One incident", "incidents", answer="Incident", errors=(404,))
def get_incident(incident_id: int) -> Response:
    """Read one incident."""
    return jsonify(_incident(incident_id))


@api.post("/incidents/<int:incident_id>/retry")
@entry(*OPERATORS)
@describe("Try again what failed, with edited variables if given", "incidents", body="Retry", answer="Incident",
          errors=(403, 404, 409, 422))
def retry_incident(incident_id: int) -> Response:
    """Try an incident's step again."""
    _incident(incident_id)
    services().operations.retry(incident_id, actor(), object_of(body(), "variables") or None)
    return jsonify(_incident(incident_id))


def _incident(incident_id: int) -> dict[str, Any]:
    row = queries.incident(reading(), incident_id)
    if row is None:
        raise NotFound("There is no such incident.", "没有这个异常。")
    return show.incident(row)
