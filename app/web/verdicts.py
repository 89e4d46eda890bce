"""Verdicts of clauses as pages show them: in words, with reasons, evidence and the deadlines behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _

from app.policy.register import Register
from app.services import sla_view
from app.store.base import db
from app.store.queries import conformance
from app.web.policy.showing import say
from app.web.problems import language
from app.web.shell import now
from app.wiring import services

VERDICTS: Mapping[str, Any] = {
    "kept": _("Complied"), "broken": _("Breached"), "pending": _("Pending"), "not_applicable": _("Does not apply"),
}
VERDICT_KINDS = {"kept": "ok", "broken": "late", "pending": "brand", "not_applicable": ""}
VERDICT_ICONS = {"kept": "ok", "broken": "late", "pending": "soon", "not_applicable": "none"}
ORDER = {"broken": 0, "pending": 1, "kept": 2}


@dataclass(frozen=True)
class Judged:
    """One verdict as pages show it."""

    clause: str
    text: str  # what the clause asks
    state: str
    obligation: str
    since: datetime | None
    due_at: datetime | None
    period: str
    why: str  # in plain words
    evidence: Sequence[Any]
    policy_version: str
    also: Sequence[str]  # clauses that say the same


def shown(row: Any) -> Judged:
    """Return a stored verdict with its reasons, in the reader's language."""
    judge = services().conformance
    monitor = judge.monitors_at(now()).of(row.clause)
    return _judged(row, say(judge.explain(judge.stored(row))), monitor.shared_by if monitor is not None else ())


def of_case(case_id: str) -> list[Judged]:
    """Return the verdicts of a case as they were judged last, what is broken first; reasons for what is not kept."""
    judge = services().conformance
    found = sorted(conformance.of_subject(db.session(), case_id, now()),
                   key=lambda row: (ORDER[row.effective], row.clause))
    asking = [row for row in found if row.effective != "kept"]
    reasons = dict(zip([row.clause for row in asking], judge.explain_all([judge.stored(row) for row in asking]),
                       strict=True))
    return [_judged(row, say(reasons[row.clause]) if row.clause in reasons else "", ()) for row in found]


def _judged(row: Any, why: str, also: Sequence[str]) -> Judged:
    return Judged(row.clause, text_of(row.clause), row.effective, row.obligation, row.since, row.due_at, row.period,
                  why, row.evidence, row.policy_version, also)


def register() -> Register:
    """Return the policy in force now, looked up once a request."""
    if "register" not in g:
        g.register = services().register
    found: Register = g.register
    return found


def text_of(clause_id: str) -> str:
    """Return what a clause asks, in the reader's language."""
    clause = register().clauses.get(clause_id)
    if clause is None:
        return ""
    return text_of(clause.same_as) if not clause.zh and clause.same_as else clause.text(language())


def clocks(case_id: str, clause: str) -> list[sla_view.MilestoneView]:
    """Return the deadlines of a case that serve a clause, with why each is what it is."""
    found = sla_view.views(db.session(), case_id, now(), superseded=True)
    return [one for one in found if clause in one.clauses or any(check.clause == clause for check in one.checks)]
