"""Proposals and who decided on them; the versions that came of it."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.policy.law import LawFinding, looser_than_law
from app.policy.versions import Change, in_force
from app.services.policies import APPROVERS
from app.store.models import PolicyChange
from app.store.queries import people
from app.store.queries import policy as rows
from app.web.answers import said, tell
from app.web.entry import actor, entry
from app.web.policy import showing
from app.web.policy.blueprint import MAY_DECIDE, MAY_READ, blueprint, page_number
from app.wiring import services

SIZE = 50
STATES = ("proposed", "approved", "rejected", "withdrawn")


@blueprint.get("/proposals")
@entry(*MAY_READ)
def proposals() -> str:
    """List the proposals, those that wait first."""
    chosen = request.args.get("state", "proposed")
    states = (chosen,) if chosen in STATES else STATES
    number = page_number(request.args.get("page"))
    found, total = rows.proposals(states, SIZE, (number - 1) * SIZE)
    return render_template("policy/proposals.html", found=found, total=total, number=number, size=SIZE, states=STATES,
                           state=chosen if chosen in STATES else "all", display=_names(found), today=_today())


@blueprint.get("/proposals/<int:change_id>")
@entry(*MAY_READ)
def proposal(change_id: int) -> str:
    """Read a proposal: what it changes, from when and why."""
    row = rows.change(change_id)
    if row is None:
        raise NotFound("There is no such proposal.", "没有这个提案。")
    who, register = actor(), services().register
    return render_template(
        "policy/proposal.html", row=row, register=register, display=_names([row]), today=_today(),
        diff=showing.diff(row.kind, row.old, row.new, register), loosened=_loosened(row),
        mine=row.proposed_by == who.name,
        decides=bool(who.groups & APPROVERS) and row.proposed_by != who.name and row.state == "proposed")


@blueprint.post("/proposals/<int:change_id>/<verb>")
@entry(*MAY_READ)
def decide(change_id: int, verb: str) -> Response:
    """Approve, reject or withdraw a proposal."""
    policies, note = services().policies, request.form.get("note", "")
    verbs = {"approve": (policies.approve, _("Approved. It takes effect on its day.")),
             "reject": (policies.reject, _("Rejected.")), "withdraw": (policies.withdraw, _("Withdrawn."))}
    if verb not in verbs:
        abort(404)
    act, text = verbs[verb]
    with tell(text):
        act(change_id, actor(), note)
    return redirect(url_for("policy.proposal", change_id=change_id))


@blueprint.post("/proposals")
@entry(*MAY_DECIDE)
def decide_several() -> Response:
    """Approve or reject the proposals that were ticked."""
    ids = {int(one) for one in request.form.getlist("id") if one.isascii() and one.isdigit() and len(one) < 10}
    verb, note = request.form.get("verb", ""), request.form.get("note", "")
    if verb not in ("approve", "reject"):
        abort(404)
    with tell(""):
        failed = services().policies.decide_all(ids, verb, actor(), note)
        done = len(ids) - len(failed)
        if done:
            flash(ngettext("%(num)s proposal is decided.", "%(num)s proposals are decided.", done), "success")
        for key, error in failed:
            flash(f"{key}: {said(error)}", "error")
        if not ids:
            flash(_("Tick at least one proposal."), "error")
    return redirect(url_for("policy.proposals"))


@blueprint.get("/versions")
@entry(*MAY_READ)
def versions() -> str:
    """List the versions of the register, the newest first."""
    found = services().policies.versions()
    present = services().register.version
    names = {name for one in found for change in one.changes for name in (change.proposed_by, change.decided_by)}
    return render_template("policy/versions.html", versions=found, present=present, display=people.display_names(names),
                           today=_today(), register=services().register, showing=showing)


def _loosened(row: PolicyChange) -> list[LawFinding]:
    """Return the figures that are looser than the law with a waiting proposal, and were not before."""
    if row.state != "proposed" or row.kind not in ("clause", "law") or row.new is None:
        return []
    register, day = services().policies.register_for(row.effective_from), row.effective_from
    there = looser_than_law(register, day)
    changed = in_force(register, [Change(row.id, row.kind, row.key, row.new, day)], day)
    return [one for one in looser_than_law(changed, day) if one not in there]


def _names(found: Any) -> Any:
    changes: list[PolicyChange] = list(found)
    return people.display_names({name for one in changes for name in (one.proposed_by, one.decided_by) if name})


def _today() -> Any:
    return services().policies.today()


