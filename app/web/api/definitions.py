"""The deployed versions of processes."""

from __future__ import annotations

from flask import Response

from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api import show
from app.web.api.blueprint import api
from app.web.api.describe import NUMBER, TEXT, WHEN, Schema, describe, record
from app.web.api.request import filters, page, paging
from app.web.entry import entry

SCHEMAS: dict[str, Schema] = {
    "Definition": record(id=NUMBER, key=TEXT, version=NUMBER, kind=TEXT, digest=TEXT, name=TEXT, deployment_id=NUMBER,
                         created_at=WHEN),
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
