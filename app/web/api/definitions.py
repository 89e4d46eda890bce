"""The deployed versions of processes."""

from __future__ import annotations

from flask import Response, jsonify

from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api import show
from app.web.api.blueprint import api
from app.web.api.describe import MAYBE_WHEN, NUMBER, TEXT, WHEN, Schema, describe, listed, record
from app.web.api.idempotency import idempotent
from app.web.api.request import filters, moment, page, paging
from app.web.entry import actor, entry
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Definition": record(id=NUMBER, key=TEXT, version=NUMBER, kind=TEXT, digest=TEXT, name=TEXT, deployment_id=NUMBER,
                         created_at=WHEN),
    "Standing": record(key=TEXT, name=TEXT, clauses=listed(TEXT), next_start=MAYBE_WHEN, last_start=MAYBE_WHEN,
                       running=NUMBER),
    "Started": record(key=TEXT, instance_id=TEXT),
}


@api.get("/definitions")
@entry("staff")
@describe("List the deployed versions, newest first", "definitions", answer="[Definition]", query=("key",),
          errors=(422,))
def list_definitions() -> Response:
    """List versions of processes."""
    wanted = filters("key")
    limit, after = paging(int)
    return page(queries.definitions(reading(), wanted, limit, after), show.definition)


@api.get("/definitions/standing")
@entry("staff")
@describe("List the standing processes with their next start", "definitions", answer="[Standing]")
def list_standing() -> Response:
    """List what starts by the calendar."""
    found = services().standing.all()
    return jsonify({"items": [{"key": one.key, "name": one.name, "clauses": list(one.clauses),
                               "next_start": moment(one.next_start), "last_start": moment(one.last_start),
                               "running": one.running} for one in found], "next": None, "total": len(found)})


@api.post("/definitions/<key>/start")
@entry("staff")
@describe("Start a standing process by hand", "definitions", answer="Started", status=201, errors=(403, 404),
          creates=True)
@idempotent
def start_standing(key: str) -> Response:
    """Start an instance now; the next start by the calendar stays."""
    answer = jsonify({"key": key, "instance_id": services().standing.start(key, actor())})
    answer.status_code = 201
    return answer
