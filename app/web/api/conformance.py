"""What each clause came to: the list of verdicts over all cases, and those of one case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from app.errors import FieldError, Invalid, NotFound
from app.policy.conformance import NOT_APPLICABLE, Verdict
from app.policy.conformance.rules import Monitor
from app.services.conformance import SEES
from app.store.queries import api as cases
from app.store.queries import conformance as queries
from app.store.unit_of_work import reading
from app.web.api.blueprint import api
from app.web.api.describe import (
    MAYBE_TEXT,
    MAYBE_WHEN,
    OBJECT,
    TEXT,
    Schema,
    describe,
    listed,
    meant,
    one_of,
    record,
)
from app.web.api.request import filters, moment, page, paging, scope
from app.web.entry import entry
from app.web.problems import language
from app.wiring import services

STATES = (*queries.KINDS, NOT_APPLICABLE)

SCHEMAS: dict[str, Schema] = {
    "ClauseVerdict": record(
        clause=TEXT, also=meant(listed(TEXT), "clauses that say the same"), case=MAYBE_TEXT,
        period=meant(MAYBE_TEXT, "first day, of what the company owes"), verdict=one_of(*STATES),
        obligation=one_of("must", "should", "info"), since=MAYBE_WHEN, due_at=MAYBE_WHEN,
        seconds_left=meant({"type": ["integer", "null"]}, "of a pending one with a time limit"),
        why=meant(TEXT, "in plain words"), evidence=listed(OBJECT), judged_at=MAYBE_WHEN,
        policy_version=MAYBE_TEXT),
}


@api.get("/compliance/conformance")
@entry(*SEES)
@describe("Verdicts by clause and case, newest first; without `case`, breaches unless `verdict` says otherwise",
          "compliance", answer="[ClauseVerdict]", query=("clause", "case", "verdict"), errors=(403, 404, 422))
def list_conformance() -> Response:
    """List verdicts."""
    wanted: dict[str, Any] = dict(filters("clause", "case", "verdict", choices={"verdict": STATES}))
    judge, now = services().conformance, services().clock.now()
    if "clause" in wanted:
        monitor = judge.monitors_at(now).of(wanted["clause"])
        wanted["clause"] = monitor.clause if monitor is not None else wanted["clause"]
    if "case" in wanted:
        return _of_one_case(wanted)
    if wanted.get("verdict") == NOT_APPLICABLE:
        raise Invalid([FieldError("verdict", "Name a case to see what does not apply to it.",
                                  "查看不适用的条款需指定 case。")])
    wanted.setdefault("verdict", "broken")
    limit, after = paging(datetime, str, str, str)
    found = queries.verdicts(reading(), wanted, now, limit, after)
    told = iter(shown([judge.stored(row) for row in found.rows], now))
    return page(found, lambda row: {**next(told), "case": row.number, "judged_at": moment(row.judged_at),
                                    "policy_version": row.policy_version})


def _of_one_case(wanted: dict[str, Any]) -> Response:
    """Everything of one case, judged this moment; not paged, since there are only so many clauses."""
    row = cases.case(reading(), scope(), wanted["case"])
    if row is None:
        raise NotFound("There is no such case.", "没有这个个案。")
    found = [one for one in services().conformance.of_case(row.id)
             if wanted.get("verdict", one.state) == one.state and wanted.get("clause", one.clause) == one.clause]
    items = all_shown(found, row)
    return jsonify({"items": items, "next": None, "total": len(items)})


def of_case(case: Any) -> list[dict[str, Any]]:
    """Return the verdicts of a case that apply, as its own document shows them."""
    return all_shown([one for one in services().conformance.of_case(case.id) if one.state != NOT_APPLICABLE], case)


def all_shown(found: Sequence[Verdict], case: Any) -> list[dict[str, Any]]:
    """Return verdicts on a case that were judged this moment as they are answered."""
    now = services().clock.now()
    version = services().conformance.monitors_at(case.registered_at).version
    return [{**one, "case": case.number, "judged_at": moment(now), "policy_version": version}
            for one in shown(found, now)]


def shown(verdicts: Sequence[Verdict], now: datetime) -> list[dict[str, Any]]:
    """Return verdicts as they are answered, without the case and when they were judged."""
    judge = services().conformance
    monitors, place = judge.monitors_at(now), 0 if language() == "zh" else 1
    return [_shown(verdict, monitors.of(verdict.clause), why[place], now)
            for verdict, why in zip(verdicts, judge.explain_all(verdicts), strict=True)]


def _shown(verdict: Verdict, monitor: Monitor | None, why: str, now: datetime) -> dict[str, Any]:
    pending = verdict.state == "pending" and verdict.due_at is not None
    left = int((verdict.due_at - now).total_seconds()) if pending and verdict.due_at else None
    return {"clause": verdict.clause, "case": None, "also": list(monitor.shared_by) if monitor else [],
            "verdict": verdict.state, "obligation": verdict.obligation, "period": verdict.period or None,
            "since": moment(verdict.since), "due_at": moment(verdict.due_at), "seconds_left": left,
            "why": why, "judged_at": None, "policy_version": None,
            "evidence": [dict(one) for one in verdict.evidence]}
