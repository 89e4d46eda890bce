"""Why was this judged so: one verdict in plain words, with its evidence and its deadline."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.errors import NotFound
from app.policy.conformance import COMPANY
from app.store.queries import compliance as rows
from app.web.cases import seen_case
from app.web.compliance.blueprint import MAY_READ, blueprint
from app.web.entry import STAFF, entry
from app.web.shell import now
from app.web.verdicts import clocks, shown


@blueprint.get("/cases/<number>/<clause>")
@entry(STAFF)
def of_one_case(number: str, clause: str) -> str:
    """Say why a clause was judged so on a case that I may see."""
    case = seen_case(number)
    return _page(case.id, clause, "", case)


@blueprint.get("/company/<clause>")
@entry(*MAY_READ)
def of_company(clause: str) -> str:
    """Say why a clause was judged so on the company in a period."""
    return _page(COMPANY, clause, request.args.get("period", "")[:10], None)


def _page(subject: str, clause: str, period: str, case: Any) -> str:
    row = rows.verdict(subject, clause, period, now())
    if row is None:
        raise NotFound("This clause was not judged here.", "此处未评判该条款。")
    return render_template(
        "compliance/verdict.html", one=shown(row), case=case, clocks=clocks(case.id, clause) if case else [],
        deviation=rows.deviation_of(subject, clause, period), judged_at=row.judged_at)
