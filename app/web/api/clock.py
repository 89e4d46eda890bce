"""The adjustable clock of development and simulation."""

from __future__ import annotations

from flask import Response, jsonify

from app.web.api.blueprint import api
from app.web.api.describe import NUMBER, TEXT, WHEN, Schema, describe, meant, one_of, record
from app.web.api.request import body, moment, text_of
from app.web.entry import actor, entry
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Advance": record(by=meant(TEXT, "ISO 8601 duration, such as PT16M"),
                      to=meant(one_of("next"), "the next due timer")),
    "Advanced": record(now=WHEN, fired=NUMBER),
}


@api.post("/clock/advance")
@entry("admin")
@describe("Move the adjustable clock; answers when everything that fell due was stepped", "clock", body="Advance",
          answer="Advanced", errors=(403, 422))
def advance_clock() -> Response:
    """Move the clock from due time to due time."""
    given = body()
    by, to = text_of(given, "by", required=False, longest=40), text_of(given, "to", required=False, longest=40)
    now, fired = services().operations.advance_clock(actor(), by=by, to=to)
    return jsonify({"now": moment(now), "fired": fired})
