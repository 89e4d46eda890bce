"""The audit trail: who did what, and whether its hash chain holds."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request

from app.services.audit import Chain
from app.store.queries import case_page, people
from app.store.queries import compliance as rows
from app.web.audit_words import Told, areas
from app.web.compliance.blueprint import MAY_READ, begin_of, blueprint, day_of, page_number
from app.web.entry import entry
from app.wiring import services


@blueprint.get("/audit")
@entry(*MAY_READ)
def trail() -> str:
    """List the audit trail, newest first."""
    return _page(None)


@blueprint.post("/audit/verify")
@entry(*MAY_READ)
def verify_trail() -> str:
    """Verify the hash chain from its first row to its anchor, and say what came of it."""
    return _page(services().sealer.check())


def _page(chain: Chain | None) -> str:
    args = request.args
    first, last, number = day_of("from"), day_of("to"), args.get("case", "").strip()[:40]
    case = case_page.by_number(number) if number else None
    wanted = rows.Trail(
        args.get("actor", "").strip()[:80], args.get("action", "").strip()[:80],
        (case.id if case is not None else "-") if number else "", begin_of(first) if first else None,
        begin_of(last + timedelta(days=1)) if last else None, page_number())
    found = rows.audit_trail(wanted)
    query = {"actor": wanted.actor, "action": wanted.action, "case": number, "from": first, "to": last}
    return render_template("compliance/audit.html", page=found, query={k: v for k, v in query.items() if v},
                           given=query, chain=chain, told=Told(row.Audit for row in found.rows), areas=areas(),
                           users=people.users())
