"""The inbox: what is mine, my groups', asked of me, to be followed up, and done; filtered, sorted, paged, polled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError
from app.facts import Actor
from app.store.queries import inbox as queries
from app.store.queries import people
from app.store.queries.inbox import BOXES, InboxFilter, Seer
from app.web.answers import said, tell
from app.web.entry import STAFF, actor, entry
from app.web.shell import named, now, zone
from app.web.words import pairs
from app.wiring import services

blueprint = Blueprint("inbox", __name__)
SORTS = ("due", "level", "created", "name", "case", "follow_up")
DUES = ("late", "soon", "today", "none")
POLL_SECONDS = 25


def seer(who: Actor) -> Seer:
    """Return who looks at the inbox, and when."""
    tomorrow = now().astimezone(zone()).date() + timedelta(days=1)
    return Seer(who.user_id or 0, who.name, who.groups, now(), datetime.combine(tomorrow, time(), zone()))


def wanted(args: Mapping[str, str], box: str) -> InboxFilter:
    """Return what the address asks for; what makes no sense is left out."""
    page = args.get("page", "1")
    return InboxFilter(
        box=box,
        group=args.get("group", "")[:40],
        process=args.get("process", "")[:80],
        level=args.get("level", "") if args.get("level") in ("P1", "P2", "P3", "P4") else "",
        type=args.get("type", "")[:30],
        due=args.get("due", "") if args.get("due") in DUES else "",
        text=args.get("q", "").strip()[:80],
        sort=args.get("sort", "") if args.get("sort") in SORTS else "due",
        descending=args.get("desc") == "1",
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def query_of(asked: InboxFilter) -> dict[str, Any]:
    """Return the address arguments that ask for the same."""
    arguments = {
        "box": asked.box,
        "group": asked.group,
        "process": asked.process,
        "level": asked.level,
        "type": asked.type,
        "due": asked.due,
        "q": asked.text,
        "sort": asked.sort if asked.sort != "due" else "",
        "desc": "1" if asked.descending else "",
        "page": asked.page if asked.page > 1 else "",
    }
    return {name: value for name, value in arguments.items() if value}


@blueprint.get("/")
@entry(STAFF)
def home() -> Response:
    """Lead to my own tasks where there are some, else to my groups'."""
    box = "mine" if queries.counts(seer(actor())).get("mine") else "group"
    return redirect(url_for("inbox.listing", box=box))


@blueprint.get("/inbox/<box>")
@entry(STAFF)
def listing(box: str) -> str:
    """Show one box."""
    if box not in BOXES:
        abort(404)
    who, asked = actor(), wanted(request.args, box)
    return render_template(
        "inbox/inbox.html",
        **_rows(who, asked),
        counts=queries.counts(seer(who)),
        processes=queries.process_names(),
        groups=people.groups_named(who.groups),
        levels=("P1", "P2", "P3", "P4"),
        types=pairs("type"),
        views=queries.saved_views(who.user_id or 0),
        poll=POLL_SECONDS,
        boxes=(
            ("mine", _("My tasks")),
            ("group", _("My groups' tasks")),
            ("asked", _("Asked of me")),
            ("follow_up", _("Follow-up")),
            ("done", _("Done by me")),
        ),
        dues=(("late", _("Overdue")), ("soon", _("Due soon")), ("today", _("Due today")), ("none", _("No deadline"))),
    )


@blueprint.get("/inbox/<box>/rows")
@entry(STAFF)
def rows(box: str) -> Response:
    """Answer the poll: the rows, or 204 when they are what the page shows already."""
    if box not in BOXES:
        abort(404)
    shown = _rows(actor(), wanted(request.args, box))
    if request.args.get("seen") == shown["tag"]:
        return make_response("", 204)
    return make_response(render_template("inbox/_rows.html", **shown))


def _rows(who: Actor, asked: InboxFilter) -> dict[str, Any]:
    found = queries.page(seer(who), asked)
    processes = {one.key: named(one) for one in queries.process_names()}
    shown: dict[str, Any] = {
        "page": found,
        "asked": asked,
        "query": query_of(asked),
        "process_name": processes,
        "me": who,
    }
    if asked.box == "asked":
        shown["questions"] = queries.questions(who.user_id or 0)
    # The same rows render to the same text, so the text's digest says whether anything changed.
    body = render_template("inbox/_table.html", **shown)
    return {**shown, "body": body, "tag": hashlib.sha256(body.encode()).hexdigest()[:16]}


@blueprint.post("/inbox/claim")
@entry(STAFF)
def claim() -> Response:
    """Claim every chosen task; say how many others were faster."""
    done, refused = 0, []
    for task_id in request.form.getlist("task")[: queries.PAGE_SIZE]:
        try:
            services().work.claim(task_id, actor())
            done += 1
        except ChengnuoError as error:
            refused.append(said(error))
    if done:
        flash(_("%(n)s tasks claimed.", n=done), "success")
    for text in dict.fromkeys(refused):
        flash(text, "error")
    if not done and not refused:
        flash(_("Choose tasks first."), "warning")
    return redirect(back())


@blueprint.post("/inbox/views")
@entry(STAFF)
def save_view() -> Response:
    """Keep the present filter under a name."""
    asked = [(name, value) for name, value in parse_qsl(request.form.get("query", "")) if name != "page"]
    with tell(_("The view is saved.")):
        services().desk.save_view("inbox", request.form.get("name", ""), urlencode(asked), actor())
    return redirect(back())


@blueprint.post("/inbox/views/<int:view_id>/delete")
@entry(STAFF)
def delete_view(view_id: int) -> Response:
    """Forget a saved view."""
    with tell(_("The view is deleted.")):
        services().desk.delete_view(view_id, actor())
    return redirect(back())


@blueprint.get("/inbox/views/<int:view_id>")
@entry(STAFF)
def open_view(view_id: int) -> Response:
    """Open a saved view."""
    for view in queries.saved_views(actor().user_id or 0):
        if view.id == view_id:
            arguments = dict(parse_qsl(view.query))
            box = arguments.pop("box", "group")
            return redirect(
                url_for("inbox.listing", box=box if box in BOXES else "group", **wanted_arguments(arguments))
            )
    abort(404)


def wanted_arguments(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of a kept address that the inbox knows."""
    return {name: value for name, value in query_of(wanted(arguments, "group")).items() if name != "box"}


def back() -> str:
    """Return the address of the list that a form was sent from, with its filter."""
    box = request.values.get("box", "group")
    arguments = wanted_arguments(dict(parse_qsl(request.values.get("query", ""))))
    return url_for("inbox.listing", box=box if box in BOXES else "group", **arguments)
