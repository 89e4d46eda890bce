"""What is done from the control room: to many rows at once, each with its result, and to one case with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, NotFound
from app.services.control import MOST, Outcome
from app.store.queries import case_page
from app.store.queries import control_list as queries
from app.store.queries import operations as incident_queries
from app.web.answers import safe_next, said, tell
from app.web.cases import seen_case
from app.web.control.base import LOOKS, blueprint
from app.web.diagrams import seen_instance
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.shell import named
from app.wiring import services

FOR_GOOD = frozenset({"cancel"})  # asked once more before it is done
CONFIRMED = "yes"


def _verbs() -> dict[str, tuple[str, Callable[[str], int | None]]]:
    """Return what may be done to instances: its name, and what does it to one."""
    control, operations, who, given = services().control, services().operations, actor(), request.form
    reason = note = given.get("reason", "")

    def seen(act: Callable[[str], Any]) -> Callable[[str], int | None]:
        def do(instance_id: str) -> int | None:
            if not _is_seen(instance_id):
                raise NotFound("No such instance", "没有这个流程实例")
            found: int | None = act(instance_id)
            return found

        return do

    return {
        "reassign": (_("Reassign"), seen(lambda one: control.reassign(one, given.get("to", ""), note, who))),
        "remind": (_("Remind"), seen(lambda one: control.remind(one, note, who))),
        "suspend": (_("Suspend"), seen(lambda one: operations.suspend(one, reason, who))),
        "resume": (_("Resume"), seen(lambda one: operations.resume(one, who))),
        "cancel": (_("Cancel the process"), seen(lambda one: operations.cancel(one, reason, who))),
        "retry": (_("Try incidents again"), seen(lambda one: control.retry(one, who))),
        "migrate": (_("Move to the newest version"), seen(lambda one: _migrated(one, reason))),
        "level": (_("Change the level"), seen(lambda one: _regraded(one, given.get("level", ""), reason))),
    }


def _is_seen(instance_id: str) -> bool:
    try:
        seen_instance(instance_id)
    except HTTPException:
        return False
    return True


def _migrated(instance_id: str, reason: str) -> None:
    services().control.migrate(instance_id, reason, actor())


def _regraded(instance_id: str, level: str, reason: str) -> None:
    found = seen_instance(instance_id)
    if not found.case_id:
        raise NotFound("It belongs to no case", "该流程不属于任何个案")
    services().control.change_level(found.case_id, level, reason, actor())


@blueprint.post("/act")
@entry(*LOOKS)
def act() -> Response | str | tuple[str, int]:
    """Do one thing to every chosen instance and show what came of each; what is for good is asked once more."""
    verbs, verb = _verbs(), request.form.get("verb", "")
    if verb not in verbs:
        abort(404)
    ids = request.form.getlist("row")
    back = safe_next(request.form.get("back"), url_for("control.instances"))
    name, run = verbs[verb]
    rows = {row.id: row for row in queries.rows_of(ids[:MOST]) if _is_seen(row.id)}
    if verb in FOR_GOOD and request.form.get("confirmed") != CONFIRMED:
        return render_template("control/confirm.html", name=name, verb=verb, back=back, rows=list(rows.values()),
                               reason=request.form.get("reason", ""))
    try:
        found = services().control.each(ids, run)
    except ChengnuoError as error:
        return render_template("control/outcome.html", name=name, results=[], back=back, error=said(error)), 422
    results = [(_label(rows.get(one.key)), _link(rows.get(one.key)), one, _said(one)) for one in found]
    return render_template("control/outcome.html", name=name, results=results, back=back, error="")


def _label(row: Any) -> str:
    return "" if row is None else " · ".join(filter(None, (row.number, named(row), row.customer_name)))


def _link(row: Any) -> str:
    return "" if row is None else url_for("control.instance", instance_id=row.id)


def _said(one: Outcome) -> str:
    return said(one.error) if one.error is not None else _("done (%(n)s)", n=one.done) if one.done != 1 else _("done")


@blueprint.post("/incidents/retry")
@entry("manager", "director", "admin")
def retry_incidents() -> Response | str | tuple[str, int]:
    """Try the chosen incidents again and show what came of each."""
    back = url_for("operations.incidents")
    rows = {number: incident_queries.incident(int(number)) for number in request.form.getlist("incident")
            if number.isascii() and number.isdigit() and len(number) < 10}

    def retry(number: str) -> None:
        services().operations.retry(int(number), actor())

    try:
        found = services().control.each(list(rows), retry)
    except ChengnuoError as error:
        return render_template("control/outcome.html", name=_("Try again"), results=[], back=back,
                               error=said(error)), 422
    results = [(f"#{one.key} {_what(rows[one.key])}", url_for("operations.incident", incident_id=int(one.key)), one,
                _said(one)) for one in found]
    return render_template("control/outcome.html", name=_("Try again"), results=results, back=back, error="")


def _what(row: Any) -> str:
    return "" if row is None else (row.message_zh if language() == "zh" else row.message_en)[:120]


@blueprint.post("/cases/<number>/level")
@entry(*LOOKS)
def change_level(number: str) -> Response:
    """Regrade a case with a reason."""
    case = seen_case(number)
    with tell(_("The case is regraded; its deadlines are recomputed, the old ones are kept.")):
        services().control.change_level(case.id, request.form.get("level", ""), request.form.get("reason", ""),
                                        actor())
    return _back(case)


@blueprint.post("/cases/<number>/clock")
@entry(*LOOKS)
def clock(number: str) -> Response:
    """Stop a clock of a case with a reason, or let it run again."""
    case, given = seen_case(number), request.form
    milestone, reason = given.get("milestone", ""), given.get("reason", "")
    if given.get("verb") == "resume":
        with tell(_("The clock runs again; its deadline moved by the time it stood still.")):
            services().control.resume(case.id, milestone, reason, actor())
    else:
        with tell(_("The clock stands still.")):
            services().control.pause(case.id, milestone, given.get("why", ""), reason, actor())
    return _back(case)


def _back(case: Any) -> Response:
    family = case_page.family(case.id)
    default = url_for("control.instance", instance_id=family[0].id, _anchor="clocks") if family else url_for(
        "cases.show", number=case.number or case.id)
    return redirect(safe_next(request.form.get("back"), default))
