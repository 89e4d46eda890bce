"""Changes of the policy for programs: proposed, read, decided on; and the reviews of what carries each clause out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Response, jsonify

from app.errors import FieldError, Invalid, NotFound
from app.policy.coverage import Coverage, LinkChange
from app.policy.entries import KINDS
from app.policy.law import LawFinding, looser_than_law
from app.services.policies import EDITORS, READERS, Proposal
from app.services.reviews import MOST
from app.store.models import PolicyChange
from app.store.queries import policy as rows
from app.store.queries.api import Page, Place
from app.web.api.blueprint import api
from app.web.api.describe import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_WHEN,
    NUMBER,
    TEXT,
    WHEN,
    Schema,
    describe,
    listed,
    meant,
    one_of,
    record,
)
from app.web.api.idempotency import idempotent
from app.web.api.request import body, filters, moment, object_of, page, paging, sliced, text_of
from app.web.entry import actor, entry
from app.wiring import services

STATES = ("proposed", "approved", "rejected", "withdrawn")
VERBS = ("approve", "reject", "withdraw")
_ENTRY: Schema = {"type": ["object", "null"]}
_CHANGES: Schema = {"type": ["array", "null"],
                    "items": record(what=one_of("clause", "changed", "new", "gone"), where=TEXT)}

SCHEMAS: dict[str, Schema] = {
    "Proposal": record(
        id=NUMBER, kind=one_of(*KINDS), key=meant(TEXT, "the entry; of a disposition its clause"),
        old=meant(_ENTRY, "as it stood; null: it is new"), new=meant(_ENTRY, "as it shall be; null: retired"),
        reason=TEXT, effective_from=meant(TEXT, "a day of the company's zone"), correction=FLAG, batch=MAYBE_TEXT,
        state=one_of(*STATES), proposed_at=WHEN, proposed_by=TEXT, decided_at=MAYBE_WHEN, decided_by=MAYBE_TEXT,
        note=MAYBE_TEXT),
    "Propose": record(
        ("kind", "key", "reason", "effective_from"), kind=one_of(*KINDS), key=TEXT,
        entry=meant(_ENTRY, "the whole entry as it shall be; null retires it"), reason=TEXT,
        effective_from=meant(TEXT, "such as 2026-07-01"),
        correction=meant(FLAG, "the register was wrong: the day may lie in the past")),
    "Decide": record(note=meant(TEXT, "needed to reject")),
    "Review": record(
        clause=TEXT, needs_review=FLAG, digest=meant(TEXT, "of the clause and of what carries it out now"),
        reviewed_on=MAYBE_TEXT, reviewed_by=MAYBE_TEXT,
        changes=meant(_CHANGES, "since the review; null: nothing tells what there was then")),
    "NoteReviews": record(("clauses",), clauses=meant(listed({"anyOf": [TEXT, record(clause=TEXT, digest=TEXT)]}),
                                                      "ids, or ids with the digest that was looked at")),
    "NotedReviews": record(reviewed=listed(TEXT), refused=listed(record(clause=TEXT, message=TEXT, message_en=TEXT))),
    "LawFinding": record(
        rule=TEXT, clause=TEXT, figure=TEXT, law=TEXT, policy=TEXT, certain=FLAG,
        replaced=meant(FLAG, "the figure is of a rule that was replaced"), message=TEXT, message_en=TEXT),
}


@api.get("/compliance/proposals")
@entry(*READERS)
@describe("List the changes of the policy, the newest first; `state` is all unless it says otherwise", "compliance",
          answer="[Proposal]", query=("state", "kind", "key"), errors=(422,))
def list_proposals() -> Response:
    """List proposals."""
    given = filters("state", "kind", "key", choices={"state": STATES, "kind": KINDS})
    limit, after = paging(int)
    states = (given["state"],) if "state" in given else STATES
    before = after[0] if after is not None else None
    found, total = rows.changes_before(states, given.get("kind"), given.get("key"), before, limit)
    following: Place | None = (found[-1].id,) if len(found) == limit and found[-1].id > 1 else None
    return page(Page(found, following, total), _proposal)


@api.get("/compliance/proposals/<int:change_id>")
@entry(*READERS)
@describe("Read a change of the policy", "compliance", answer="Proposal", errors=(404,))
def get_proposal(change_id: int) -> Response:
    """Read one."""
    return jsonify(_proposal(services().policies.change(change_id)))


@api.post("/compliance/proposals")
@entry(*EDITORS)
@describe("Propose a change of one entry: a clause, document, conflict, rule of law or disposition", "compliance",
          body="Propose", answer="Proposal", status=201, errors=(403, 409, 422), creates=True)
@idempotent
def propose_change() -> Response:
    """Propose."""
    given = body()
    kind, key = str(text_of(given, "kind", longest=20)), str(text_of(given, "key", longest=40))
    if kind not in KINDS:
        raise Invalid([FieldError("kind", f"One of: {', '.join(KINDS)}.", f"应为其中之一：{'、'.join(KINDS)}。")])
    if "entry" not in given:
        raise Invalid([FieldError("entry", "The whole entry, or null to retire it.", "应为完整条目，废止时为 null。")])
    if not isinstance(given.get("correction", False), bool):
        raise Invalid([FieldError("correction", "Yes or no is expected.", "应为“是”或“否”。")])
    entry_ = None if given["entry"] is None else object_of(given, "entry")
    made = services().policies.propose(
        Proposal(kind, key, entry_, _day(given), str(text_of(given, "reason")), bool(given.get("correction"))), actor())
    answer = jsonify(_proposal(services().policies.change(made)))
    answer.status_code = 201
    return answer


@api.post("/compliance/proposals/<int:change_id>/<verb>")
@entry(*READERS)
@describe("Decide on a change: approve or reject (leaders, never the proposer), withdraw (the proposer)", "compliance",
          body="Decide", answer="Proposal", errors=(403, 404, 409, 422))
def decide_on_proposal(change_id: int, verb: str) -> Response:
    """Decide."""
    if verb not in VERBS:
        raise NotFound("There is no such verb.", "没有这个操作。")
    policies, note = services().policies, text_of(body(), "note", required=False) or ""
    {"approve": policies.approve, "reject": policies.reject, "withdraw": policies.withdraw}[verb](
        change_id, actor(), note)
    return jsonify(_proposal(services().policies.change(change_id)))


@api.get("/compliance/reviews")
@entry("staff")
@describe("List the clauses with the last review of what carries them out, and what has changed since; `needs_review` "
          "is true or false", "compliance", answer="[Review]", query=("needs_review",), errors=(422,))
def list_reviews() -> Response:
    """List reviews."""
    given = filters("needs_review", choices={"needs_review": ("true", "false")})
    found = [one for one in services().coverage.now().clauses
             if given.get("needs_review", str(one.needs_review).lower()) == str(one.needs_review).lower()]
    limit, after = paging(int)
    start = max(0, int(after[0])) if after is not None else 0  # what has changed is looked up of this page alone
    changes = services().reviews.changes([one for one in found[start:start + limit] if one.needs_review])
    return sliced(found, lambda one: _review(one, changes.get(one.clause, [])))


@api.post("/compliance/reviews")
@entry(*EDITORS)
@describe("Note that what carries some clauses out was looked at; what can't be noted is told, the rest is kept",
          "compliance", body="NoteReviews", answer="NotedReviews", errors=(403, 422))
def note_reviews() -> Response:
    """Note reviews."""
    done, refused = services().reviews.stamp(_looked_at(body().get("clauses")), actor())
    return jsonify({"reviewed": done, "refused": [
        {"clause": one.detail["clause"], "message": one.message("zh"), "message_en": one.message("en")}
        for one in refused]})


@api.get("/compliance/law")
@entry(*READERS)
@describe("List the figures in force that are looser than a rule of law that binds today", "compliance",
          answer="[LawFinding]", errors=(422,))
def list_law_findings() -> Response:
    """List what is looser than the law."""
    return sliced(looser_than_law(services().register, services().policies.today()), _law_finding)


def _looked_at(given: Any) -> Mapping[str, str | None]:
    """Return clause -> digest that was looked at; raises Invalid."""
    wrong = Invalid([FieldError("clauses", f"A list of 1 to {MOST} clauses.", f"应为 1 至 {MOST} 个条款的列表。")])
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise wrong
    found: dict[str, str | None] = {}
    for one in given:
        clause, digest = (one.get("clause"), one.get("digest")) if isinstance(one, dict) else (one, None)
        if not isinstance(clause, str) or not isinstance(digest, str | None):
            raise wrong
        found[clause] = digest
    return found


def _day(given: Mapping[str, Any]) -> date | None:
    """Return the day of effect, None for what is none: the service says so by field."""
    try:
        return date.fromisoformat(str(given.get("effective_from")))
    except ValueError:
        return None


def _proposal(one: PolicyChange) -> dict[str, Any]:
    return {
        "id": one.id, "kind": one.kind, "key": one.key, "old": one.old, "new": one.new, "reason": one.reason,
        "effective_from": one.effective_from.isoformat(), "correction": one.correction, "batch": one.batch,
        "state": one.state, "proposed_at": moment(one.proposed_at), "proposed_by": one.proposed_by,
        "decided_at": moment(one.decided_at), "decided_by": one.decided_by, "note": one.decision_note or None}


def _review(one: Coverage, changes: Sequence[LinkChange] | None) -> dict[str, Any]:
    return {"clause": one.clause, "needs_review": one.needs_review, "digest": one.digest,
            "reviewed_on": one.reviewed_on.isoformat() if one.reviewed_on else None, "reviewed_by": one.reviewed_by,
            "changes": None if changes is None else [{"what": each.what, "where": each.where} for each in changes]}


def _law_finding(one: LawFinding) -> dict[str, Any]:
    return {"rule": one.rule, "clause": one.clause, "figure": one.figure, "law": one.law, "policy": one.policy,
            "certain": one.certain, "replaced": one.replaced, "message": one.message_zh, "message_en": one.message_en}
