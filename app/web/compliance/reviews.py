"""Links to review: what has changed since somebody looked, and the button that says that they have looked again."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.policy.coverage import is_overdue
from app.policy.finding import Page
from app.services.policies import EDITORS
from app.web.answers import safe_next, said, tell
from app.web.compliance.blueprint import MAY_READ, blueprint, page_number, picture
from app.web.entry import actor, entry
from app.wiring import services

SIZE = 50
SHOWN = 5  # refusals, one message each


@blueprint.get("/reviews")
@entry(*MAY_READ)
def review_list() -> str:
    """List the clauses whose links need review, with what has changed since the last one."""
    wanted = services().reviews.wanted()
    number = min(page_number(), max(1, -(-len(wanted) // SIZE)))
    shown = wanted[(number - 1) * SIZE:number * SIZE]
    return render_template(
        "compliance/reviews.html", page=Page(shown, number, SIZE, len(wanted)),
        overdue={one.clause for one in shown if is_overdue(one, services().policies.today())},
        changes=services().reviews.changes(shown), register=picture().register)


@blueprint.post("/reviews")
@entry(*sorted(EDITORS))
def stamp_reviews() -> Response:
    """Note that the ticked clauses were looked at, as they were shown: "clause digest" each."""
    looked_at = dict(pair for one in request.form.getlist("seen") if len(pair := one.split(" ", 1)) == 2)
    back = redirect(safe_next(request.form.get("back"), url_for("compliance.review_list")))
    if not looked_at:
        flash(_("Tick the clauses first."), "warning")
        return back
    with tell(""):
        done, refused = services().reviews.stamp(looked_at, actor())
        if done:
            flash(ngettext("%(num)s clause is noted as reviewed.", "%(num)s clauses are noted as reviewed.", len(done)),
                  "success")
        for error in refused[:SHOWN]:
            flash(said(error), "warning")
    return back
