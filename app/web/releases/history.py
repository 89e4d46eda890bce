"""Deployments: who released what and why, what runs on them, and the way back."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, Invalid, NotFound, Refused
from app.services.releases import APPROVERS
from app.store.queries import people, releases
from app.store.queries.inbox import Page
from app.web.answers import by_field, said
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.releases.blueprint import MAY_DECIDE, MAY_READ, blueprint
from app.wiring import services

PAGE = 25


@blueprint.get("/releases")
@entry(*MAY_READ)
def history() -> str:
    """List the deployments, and what waits for approval."""
    total = releases.count()
    given = request.args.get("page", "1")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 1
    number = max(1, min(number, -(-total // PAGE)))
    found = releases.releases(PAGE, (number - 1) * PAGE)
    waiting = releases.waiting()
    names = {one.by for one in found} | {one.submitted_by for one in waiting if one.submitted_by}
    return render_template("releases/history.html", page=Page(found, number, total, PAGE), waiting=waiting,
                           display=_display(names), may_edit=services().drafts.may_edit(actor()))


@blueprint.get("/releases/<int:deployment_id>")
@entry(*MAY_READ)
def release(deployment_id: int) -> str:
    """Show a deployment: what it changed, what it brought, what runs on it."""
    return _page(deployment_id, {})


def _page(deployment_id: int, errors: object) -> str:
    found = releases.release(deployment_id)
    if found is None:
        abort(404)
    files = services().definitions.files(deployment_id)
    first = releases.releases(1, releases.count() - 1)[0].id == deployment_id
    return render_template(
        "releases/release.html", release=found, files=files, first=first, errors=errors, language=language(),
        compared=None if first else services().releases.of_deployment(deployment_id),
        display=_display({found.by}), may_roll_back=bool(actor().groups & APPROVERS) and not found.current,
    )  # fmt: skip


def _display(names: set[str]) -> Mapping[str, str]:
    return {**people.display_names(names), "system": _("System")}


@blueprint.post("/releases/<int:deployment_id>/rollback")
@entry(*MAY_DECIDE)
def roll_back(deployment_id: int) -> Response | tuple[str, int]:
    """Deploy the files of an earlier deployment again."""
    try:
        done = services().releases.roll_back(deployment_id, request.form.get("reason", ""), actor())
    except Invalid as error:
        return _page(deployment_id, by_field(error)), 422
    except NotFound:
        raise
    except Refused as error:
        flash(_("It has errors and can't be released: %(first)s", first=error.message(language())), "error")
        return redirect(url_for("releases.release", deployment_id=deployment_id))
    except ChengnuoError as error:
        flash(said(error), "error")
        return redirect(url_for("releases.release", deployment_id=deployment_id))
    flash(_("The files of release %(n)s run again; running cases stay on their version.", n=deployment_id), "success")
    return redirect(url_for("releases.release", deployment_id=done.deployment_id))
