"""Messages from outside: published once, kept when nobody waits yet."""

from __future__ import annotations

from flask import Response, jsonify

from app.errors import NotFound
from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api.blueprint import api
from app.web.api.describe import MAYBE_TEXT, OBJECT, TEXT, Schema, describe, meant, one_of, record
from app.web.api.idempotency import idempotent
from app.web.api.request import body, object_of, scope, text_of
from app.web.entry import actor, entry
from app.wiring import services

PUBLISHERS = ("admin", "manager", "supervisor", "clerk", "marketing")  # marketing enters what suppliers answer

SCHEMAS: dict[str, Schema] = {
    "NewMessage": record(("name",), name=TEXT, correlation=meant(TEXT, "the case number, as a rule"), payload=OBJECT,
                         key=meant(TEXT, "the same key is the same message")),
    "Delivery": record(state=one_of("delivered", "waiting", "duplicate"), instance_id=MAYBE_TEXT),
}


@api.post("/messages")
@entry(*PUBLISHERS)
@describe("Publish a message", "messages", body="NewMessage", answer="Delivery", status=201, errors=(403, 404, 422),
          creates=True)
@idempotent
def publish_message() -> Response:
    """Hand a message to whoever waits for it, now or later."""
    given = body()
    name = text_of(given, "name", longest=80) or ""
    correlation = text_of(given, "correlation", required=False, longest=120)
    _need_case(correlation)
    delivery = services().messages.publish(name, correlation, object_of(given, "payload"), actor(),
                                           key=text_of(given, "key", required=False, longest=200))
    answer = jsonify({"state": delivery.state, "instance_id": delivery.instance_id})
    answer.status_code = 201
    return answer


def _need_case(correlation: str | None) -> None:
    """Refuse a message to a case that the caller may not see, as if there were none."""
    if correlation is None or "admin" in actor().groups or services().cases.by_number(correlation) is None:
        return
    if queries.case(reading(), scope(), correlation) is None:
        raise NotFound("There is no such case.", "没有这个个案。")
