"""The list of deviations and the page of one: assigned, explained, corrected, waived, closed, reopened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Conflict, Invalid, NotAllowed
from app.services.deviations import KEEPERS
from app.store.deviations import BREACH, KINDS, STATES, SYSTEM, VERIFIED_ZH
from app.store.models import Deviation
from app.store.queries import case_page, people
from app.store.queries import compliance as rows
from app.web.answers import by_field, safe_next, said, tell
from app.web.compliance.blueprint import MAY_READ, blueprint, choice, page_number, picture
from app.web.entry import STAFF, actor, entry
from app.web.shell import now
from app.web.verdicts import clocks, register, shown
from app.wiring import services

MOST = 200  # assigned at a time


@blueprint.get("/deviations")
@entry(STAFF)
def deviation_list() -> str:
    """List deviations: all for those who keep watch, for anybody else their own."""
    wanted = asked()
    query = _query(wanted)
    found = rows.deviations(wanted, now())
    names = {row.Deviation.owner for row in found.rows if row.Deviation.owner}
    return render_template(
        "compliance/deviations.html", page=found, wanted=wanted, query=query, ageing=rows.ageing(now()),
        display=people.display_names(names), users=people.users(), now_=now(),
        clause_text=request.args.get("clause", "").strip()[:40], kinds=KINDS, states=STATES)


def asked() -> rows.Wanted:
    """Return the filters of the address; raises nothing: what can't be is left out."""
    args = request.args
    mine = not actor().groups & set(MAY_READ)
    clause = args.get("clause", "").strip()[:40]
    sort = choice("sort", *rows.SORTS)
    return rows.Wanted(
        kind=choice("kind", *KINDS), state=args.get("state", "live") if args.get("state", "live") in
        ("live", "", *STATES) else "live", clauses=(clause,) if clause else (), case=args.get("case", "").strip()[:40],
        owner=actor().name if mine else args.get("owner", "").strip()[:80], age=choice("age", *rows.AGES),
        obligation=choice("obligation", "must", "should", "info"), since=_moment(args.get("since", "")),
        overdue=args.get("overdue") == "1", sort=sort or "found",
        descending=args.get("desc") == "1" or not sort, page=page_number())


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign of an offset is read as a blank
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _query(wanted: rows.Wanted) -> dict[str, Any]:
    shown_ = {"kind": wanted.kind, "state": wanted.state if wanted.state != "live" else None,
              "clause": " ".join(wanted.clauses), "case": wanted.case,
              "owner": request.args.get("owner", "")[:80], "age": wanted.age, "obligation": wanted.obligation,
              "since": wanted.since.isoformat() if wanted.since else "", "overdue": "1" if wanted.overdue else "",
              "sort": wanted.sort if wanted.sort != "found" or not wanted.descending else "",
              "desc": "1" if wanted.sort != "found" and wanted.descending else ""}
    return {name: value for name, value in shown_.items() if value or (name == "state" and value == "")}


@blueprint.post("/deviations/assign")
@entry(*sorted(KEEPERS))
def assign_many() -> Response:
    """Assign the deviations that were ticked."""
    ids = [int(one) for one in request.form.getlist("id")[:MOST] if one.isascii() and one.isdigit() and len(one) < 10]
    if not ids:
        flash(_("Tick the deviations first."), "warning")
    else:
        with tell(""):
            done, refused = services().deviations.assign_all(ids, actor(), request.form.get("to", ""),
                                                             request.form.get("until", ""))
            flash(_("%(n)s assigned.", n=done), "success")
            for error in refused[:3]:
                flash(said(error), "warning")
    return redirect(safe_next(request.form.get("back"), url_for("compliance.deviation_list")))


@blueprint.get("/deviations/<int:deviation_id>")
@entry(STAFF)
def deviation(deviation_id: int) -> str:
    """Show one deviation with its evidence, its reasons, and what was done about it."""
    return _page(services().deviations.get(deviation_id, actor()))


@blueprint.post("/deviations/<int:deviation_id>/<verb>")
@entry(STAFF)
def act(deviation_id: int, verb: str) -> Response | tuple[str, int]:
    """Do something about a deviation; the service says who may."""
    row, form, deviations = services().deviations.get(deviation_id, actor()), request.form, services().deviations
    calls: dict[str, Callable[[], Any]] = {
        "assign": lambda: deviations.assign(deviation_id, actor(), form.get("to", ""), form.get("until", "")),
        "explain": lambda: deviations.explain(deviation_id, actor(), form.get("explanation", "")),
        "correct": lambda: deviations.correct(deviation_id, actor(), form.get("problem", "")),
        "waive": lambda: deviations.waive(deviation_id, actor(), form.get("reason", ""), form.get("until", "")),
        "close": lambda: deviations.close(deviation_id, actor(), form.get("reason", "")),
        "reopen": lambda: deviations.reopen(deviation_id, actor(), form.get("reason", "")),
    }
    if verb not in calls:
        abort(404)
    try:
        calls[verb]()
    except Invalid as error:
        return _page(row, verb, by_field(error)), 422
    except (Conflict, NotAllowed) as error:
        flash(said(error), "error")
    else:
        flash(_done()[verb], "success")
    return redirect(url_for("compliance.deviation", deviation_id=deviation_id))


def _done() -> Mapping[str, str]:
    return {"assign": _("The deviation is assigned."), "explain": _("The explanation is kept."),
            "correct": _("The rectification has started."), "waive": _("The deviation is waived until that day."),
            "close": _("The deviation is closed."), "reopen": _("The deviation is open again.")}


def _page(row: Deviation, verb: str = "", errors: Mapping[str, str] | None = None) -> str:
    notes, service = rows.notes(row.id), services().deviations
    judged = rows.verdict(row.subject, row.clause, row.period, now()) if row.kind == BREACH and row.subject else None
    case = case_page.by_number(row.case_id) if row.case_id else None
    names = {one.by for one in notes} | {name for name in (row.owner, row.explained_by, row.waived_by, row.closed_by)
                                         if name}
    return render_template(
        "compliance/deviation.html", row=row, closed_why=_closed_why, notes=notes,
        clause=register().clauses.get(row.clause),
        judged=shown(judged) if judged is not None else None, case=case, verb=verb, errors=errors or {},
        given=request.form, verbs=service.verbs(row, actor()), users=people.users(),
        clocks=clocks(row.case_id, row.clause) if row.case_id else [], display=people.display_names(names),
        may_see_case=bool(case is not None and services().cases.may_see(case.id, actor())),
        instance=rows.rectification(row.instance_id) if row.instance_id else None, picture=picture())


def _closed_why(row: Deviation) -> str:
    """Return why a deviation was closed, in the reader's language where the system closed it."""
    if row.closed_by != SYSTEM:
        return row.closed_why
    verified = row.closed_why == VERIFIED_ZH
    return str(_("The rectification was carried out and verified.") if verified
               else _("Found no more when judged anew."))
