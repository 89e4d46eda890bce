"""The knowledge pages: searched and read by every colleague, written by process owners and supervisors."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Conflict, Invalid
from app.services.knowledge import CATEGORIES, EDITORS, LIMITS, PAGE, STATES
from app.store.queries import people
from app.web.answers import by_field, said, tell
from app.web.entry import STAFF, actor, entry
from app.wiring import services

blueprint = Blueprint("knowledge", __name__, url_prefix="/knowledge")
WRITERS = tuple(sorted(EDITORS))


@blueprint.get("")
@entry(STAFF)
def listing() -> str:
    """Search the articles; without words the newest come first."""
    args, may_edit = request.args, services().knowledge.may_edit(actor())
    given = args.get("page", "1")
    page = int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 7 else 1
    category = args.get("category", "") if args.get("category") in CATEGORIES else ""
    state = args.get("state", "") if may_edit and args.get("state") in STATES else ""
    text = args.get("q", "").strip()[:200]
    states = (state,) if state else STATES if may_edit else ("published",)
    found, total = services().knowledge.search(text, actor(), category=category, states=states, page=page)
    return render_template("knowledge/list.html", found=found, total=total, page=max(page, 1), size=PAGE, q=text,
                           category=category, state=state, may_edit=may_edit)


@blueprint.get("/suggest")
@entry(STAFF)
def suggest() -> str:
    """Show what fits a description while it is typed."""
    found = services().knowledge.suggest(request.args.get("description", ""), request.args.get("model"))
    return render_template("knowledge/_suggested.html", found=found)


@blueprint.get("/<int:article_id>")
@entry(STAFF)
def show(article_id: int) -> str:
    """Read an article."""
    knowledge, who = services().knowledge, actor()
    article, versions = knowledge.one(article_id, who), knowledge.versions(article_id, who)
    row = knowledge.article(article_id, who)
    shown = next(one for one in versions if one.number == (row.published or row.newest))
    return render_template("knowledge/article.html", article=article, versions=versions, shown=shown,
                           may_edit=knowledge.may_edit(who), display=people.display_names({one.by for one in versions}))


@blueprint.route("/new", methods=["GET", "POST"])
@entry(*WRITERS)
def new() -> Response | str | tuple[str, int]:
    """Write an article."""
    return _edit(None, {}, 0) if request.method == "GET" else _save(None)


@blueprint.route("/<int:article_id>/edit", methods=["GET", "POST"])
@entry(*WRITERS)
def edit(article_id: int) -> Response | str | tuple[str, int]:
    """Write a new version of an article."""
    if request.method == "POST":
        return _save(article_id)
    version = services().knowledge.versions(article_id, actor())[0]
    given = {name: getattr(version, name) for name in (*LIMITS, "category")}
    return _edit(article_id, {**given, "steps": "\n".join(version.steps), "note": ""}, version.number)


def _edit(article_id: int | None, given: Any, seen: int, errors: Any = None, problem: str = "") -> str:
    return render_template("knowledge/edit.html", article_id=article_id, given=given, seen=seen, errors=errors or {},
                           problem=problem)


def _save(article_id: int | None) -> Response | tuple[str, int]:
    given, knowledge = request.form, services().knowledge
    seen = int(given["seen"]) if given.get("seen", "").isdecimal() and len(given["seen"]) < 8 else 0
    try:
        saved = knowledge.save(article_id, given, actor(), seen=seen if article_id else None)
    except Invalid as error:
        return _edit(article_id, given, seen, by_field(error)), 422
    except Conflict as error:
        return _edit(article_id, given, seen, problem=said(error)), 409
    if given.get("_action") == "publish":
        knowledge.publish(saved, actor())
    flash(_("The article is published.") if given.get("_action") == "publish" else _("The draft is kept."), "success")
    return redirect(url_for("knowledge.show", article_id=saved))


@blueprint.post("/<int:article_id>/<verb>")
@entry(*WRITERS)
def turn(article_id: int, verb: str) -> Response:
    """Publish or retire an article."""
    knowledge = services().knowledge
    verbs = {"publish": (knowledge.publish, _("The article is published.")),
             "retire": (knowledge.retire, _("The article is retired."))}
    if verb not in verbs:
        abort(404)
    act, text = verbs[verb]
    with tell(text):
        act(article_id, actor())
    return redirect(url_for("knowledge.show", article_id=article_id))


@blueprint.get("/notes")
@entry(*WRITERS)
def notes() -> str:
    """List what cases taught that is no knowledge yet."""
    return render_template("knowledge/notes.html", notes=services().knowledge.notes(actor()))


@blueprint.post("/notes/<int:comment_id>/draft")
@entry(*WRITERS)
def draft(comment_id: int) -> Response:
    """Make a draft from a note."""
    made = 0
    with tell(_("The draft is made; check it before you publish it.")):
        made = services().knowledge.draft_from(comment_id, actor())
    return redirect(url_for("knowledge.edit", article_id=made) if made else url_for("knowledge.notes"))
