"""A change set before it is released: findings, differences in words and colours, drift, and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, Conflict, Finding, Invalid, Refused
from app.facts import SYSTEM
from app.services.draft_drift import Moved
from app.services.releases import APPROVERS, SUBMITTERS
from app.services.studio import name_file
from app.store.queries import people
from app.web.answers import by_field, said, tell
from app.web.compliance import wording
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.releases.blueprint import MAY_DECIDE, MAY_EDIT, MAY_READ, blueprint
from app.web.releases.tables import field_rows, table_views
from app.web.studio.pages import title_of
from app.wiring import services

SEVERITIES = ("error", "warning", "info")


@blueprint.get("/drafts/<int:draft_id>/changes")
@entry(*MAY_READ)
def changes(draft_id: int) -> str:
    """Show what a change set changes, what the lint and the policy say of it, and who may decide."""
    return _page(draft_id, {})


def _page(draft_id: int, errors: Mapping[str, str]) -> str:
    releases, who = services().releases, actor()
    draft = services().drafts.open(draft_id, SYSTEM)
    compared = releases.compare(draft_id)
    paths = [one.path for one in compared.files]
    findings = _findings(draft_id) if draft.state != "released" else ()
    authors, moved = releases.authors(draft_id), releases.drift(draft_id)
    named = services().studio.names(draft_id)
    picture = services().pictures.now()
    names = {draft.created_by, *authors, *filter(None, (draft.submitted_by, draft.decided_by))}
    return render_template(
        "releases/changes.html", draft=draft, compared=compared, language=language(), errors=errors,
        findings=[one for one in findings if one.file in paths],
        elsewhere=[one for one in findings if one.file not in paths and one.severity == "error"],
        counts=_counts(findings), drift=moved,
        blocked=_blocked(draft, moved),
        digest=releases.digest(draft_id), titles={path: title_of(one) for path, one in named.items()},
        place=lambda where: wording.place(where, picture), said=wording.figure,
        stale=releases.stale(draft_id) if draft.state in {"editing", "submitted"} else (), authors=authors,
        display=people.display_names(names), may_submit=bool(who.groups & SUBMITTERS),
        may_decide=releases.may_decide(draft_id, who), is_approver=bool(who.groups & APPROVERS),
    )  # fmt: skip


def _blocked(draft: Any, moved: Sequence[Moved]) -> Sequence[Finding]:
    """Return the breaches that nobody waives; asked only where there may be some."""
    if draft.state == "released" or not any(one.is_breach for one in moved):
        return ()
    return services().releases.blocking(draft.id)


def _findings(draft_id: int) -> Sequence[Finding]:
    found = services().releases.check(draft_id)
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), one.file, one.line or 0))


def _counts(findings: Sequence[Finding]) -> Mapping[str, int]:
    return {name: sum(one.severity == name for one in findings) for name in SEVERITIES}


@blueprint.get("/drafts/<int:draft_id>/compare/<path:path>")
@entry(*MAY_READ)
def compare_file(draft_id: int, path: str) -> str:
    """Show one file before and after: diagrams side by side, tables cell by cell, forms by field."""
    releases = services().releases
    draft = services().drafts.open(draft_id, SYSTEM)
    before, after = releases.pair(draft_id, path)
    if before is None and after is None:
        abort(404)
    difference = next((one for one in releases.compare(draft_id).files if one.path == path), None)
    findings = [one for one in _findings(draft_id) if one.file == path] if draft.state != "released" else []
    kind = PurePosixPath(path).suffix.lstrip(".")
    found = difference.changes if difference is not None else ()
    return render_template(
        "releases/compare.html", draft=draft, path=path, kind=kind, difference=difference,
        title=title_of(name_file(path, after if after is not None else before or b"")), findings=findings,
        before=before is not None, after=after is not None, language=language(),
        tables=table_views(path, before, after) if kind == "dmn" else (),
        rows=field_rows(found) if kind == "json" else (),
    )  # fmt: skip


@blueprint.post("/drafts/<int:draft_id>/submit")
@entry(*MAY_EDIT)
def submit(draft_id: int) -> Response | tuple[str, int]:
    """Ask for approval."""
    return _done(draft_id, lambda: services().releases.submit(draft_id, request.form.get("note", ""), actor()),
                 _("The change set waits for approval by somebody else."))


@blueprint.post("/drafts/<int:draft_id>/withdraw")
@entry(*MAY_EDIT)
def withdraw(draft_id: int) -> Response:
    """Take a submitted change set back."""
    with tell(_("The change set can be edited again.")):
        services().releases.withdraw(draft_id, actor())
    return redirect(url_for("releases.changes", draft_id=draft_id))


@blueprint.post("/drafts/<int:draft_id>/decision")
@entry(*MAY_DECIDE)
def decide(draft_id: int) -> Response | tuple[str, int]:
    """Approve and release, or send back."""
    note, releases = request.form.get("note", ""), services().releases
    if request.form.get("decision") == "reject":
        return _done(draft_id, lambda: releases.reject(draft_id, note, actor()), _("The change set was sent back."))
    return _done(draft_id, lambda: releases.approve(draft_id, request.form.get("seen", ""), note, actor()),
                 _("Released. New cases take this version; running ones stay on theirs."))


@blueprint.post("/drafts/<int:draft_id>/rebase")
@entry(*MAY_EDIT)
def rebase(draft_id: int) -> Response | tuple[str, int]:
    """Settle conflicts with what was released meanwhile."""
    choices = {name: value for name, value in request.form.items() if value in {"mine", "theirs"}}
    return _done(draft_id, lambda: services().releases.rebase(draft_id, choices, actor()),
                 _("The change set now stands on the running version."))


def _done(draft_id: int, act: Any, success: str) -> Response | tuple[str, int]:
    """Do it and say so; the page again with what went wrong."""
    try:
        act()
    except Invalid as error:
        return _page(draft_id, by_field(error)), 422
    except Refused as error:
        flash(_("It has errors and can't be released: %(first)s", first=error.message(language())), "error")
    except Conflict as error:
        flash(said(error), "error")
    except ChengnuoError:
        raise
    else:
        flash(success, "success")
    return redirect(url_for("releases.changes", draft_id=draft_id))
