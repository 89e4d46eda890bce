"""What needs an operator: incidents with retry, jobs, standing work, the policy's switches, the adjustable clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, Invalid
from app.services.profile import OWNER, SWITCHES
from app.services.standing import STARTERS
from app.store.queries import inbox
from app.store.queries import operations as queries
from app.web.answers import by_field, said, tell
from app.web.entry import actor, entry
from app.web.shell import moment, named, now
from app.web.timeline import element_of
from app.wiring import services

blueprint = Blueprint("operations", __name__, url_prefix="/operations")
OPERATORS = ("manager", "admin", "director")


def _number(name: str) -> int:
    given = request.args.get(name, "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 1


@blueprint.get("/incidents")
@entry(*OPERATORS)
def incidents() -> str:
    """List what failed and waits for somebody."""
    state = "resolved" if request.args.get("state") == "resolved" else "open"
    processes = {one.key: named(one) for one in inbox.process_names()}
    return render_template(
        "operations/incidents.html",
        page=queries.incidents(state, _number("page")),
        state=state,
        query={"state": state} if state != "open" else {},
        processes=processes,
    )


@blueprint.route("/incidents/<int:incident_id>", methods=["GET", "POST"])
@entry(*OPERATORS)
def incident(incident_id: int) -> Response | str | tuple[str, int]:
    """Show one incident; try again, with edited variables if need be."""
    found = queries.incident(incident_id)
    if found is None:
        abort(404)
    if request.method == "GET":
        return _incident_page(found)
    given, variables = request.form.get("variables", "").strip(), None
    if given:
        try:
            variables = json.loads(given)
        except ValueError:
            return _incident_page(found, given, _("This is not JSON.")), 422
        if not isinstance(variables, dict):
            return _incident_page(found, given, _('A JSON object is expected, such as {"level": "P2"}.')), 422
    try:
        services().operations.retry(incident_id, actor(), variables)
    except ChengnuoError as error:
        return _incident_page(found, given, said(error)), 422
    flash(_("Tried again. If it fails once more, a new incident appears here."), "success")
    return redirect(url_for("operations.incidents"))


def _incident_page(found: Any, given: str = "", error: str = "") -> str:
    instance = inbox.instance(found.instance_id) if found.instance_id else None
    element = (
        element_of(instance.definition_id, found.process, found.element_id) if instance and found.element_id else None
    )
    case = services().cases.facts(found.case_id) if found.case_id else None
    return render_template(
        "operations/incident.html", incident=found, element=element, case=case, given=given, error=error
    )


@blueprint.get("/jobs")
@entry(*OPERATORS)
def jobs() -> str:
    """List background jobs."""
    state = request.args.get("state", "")
    state = state if state in ("waiting", "running", "done", "dead") else ""
    return render_template(
        "operations/jobs.html",
        page=queries.jobs(state, _number("page")),
        state=state,
        query={"state": state} if state else {},
    )


@blueprint.get("/standing")
@entry(*STARTERS)
def standing() -> str:
    """List the standing work with its next start."""
    return render_template("operations/standing.html", rows=services().standing.all())


@blueprint.post("/standing/<key>")
@entry(*STARTERS)
def start_standing(key: str) -> Response:
    """Start one by hand, besides its calendar."""
    with tell(_("Started; its tasks are in the inboxes now.")):
        services().standing.start(key, actor())
    return redirect(url_for("operations.standing"))


@blueprint.route("/clock", methods=["GET", "POST"])
@entry("admin")
def clock() -> Response | str:
    """Move the adjustable clock, from due time to due time."""
    if current_app.config["CLOCK"] != "adjustable":
        abort(404)
    if request.method == "GET":
        return render_template("operations/clock.html", next_due=services().operations.next_due())
    by = request.form.get("by", "")
    if by == "own":
        own = request.form.get("own", "").strip()
        if not own.isdecimal():
            flash(_("Another length of time: a whole number is needed."), "error")
            return redirect(url_for("operations.clock"))
        by = request.form.get("unit", "").replace("{}", own)
    wanted = {"to": "next"} if by == "next" else {"by": by}
    with tell(""):
        at, fired = services().operations.advance_clock(actor(), **wanted)
        flash(_("It is now %(at)s; %(n)s steps were taken on the way.", at=moment(at), n=fired), "success")
    return redirect(url_for("operations.clock", _anchor=str(int(now().timestamp()))))


@blueprint.get("/profile")
@entry(OWNER, "compliance", *OPERATORS)
def profile() -> str:
    """Show the policy's switches."""
    return _profile_page({}, {})


def _profile_page(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template("operations/profile.html", stands=services().profiles.read(), given=given, errors=errors,
                           switches=SWITCHES, may_change=OWNER in actor().groups)


@blueprint.post("/profile")
@entry(OWNER)
def set_profile() -> Response | tuple[str, int]:
    """Change the policy's switches."""
    try:
        services().profiles.change(request.form, actor())
    except Invalid as error:
        return _profile_page(request.form, by_field(error)), 422
    flash(_("The switches are set. Deadlines that were promised already stay as they are."), "success")
    return redirect(url_for("operations.profile"))
