"""The customer's pages: filing, following by number and telephone, and the case behind the signed link."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, Conflict, Invalid
from app.facts import CUSTOMER_GROUP, Actor
from app.notifications.templates import PAGE_EN, PAGE_ZH
from app.services import sla_view
from app.services.cases import NEEDS
from app.services.work import ServedForm
from app.store.base import db
from app.store.models import Case, Communication
from app.store.queries import case_page, inbox
from app.web import task_form
from app.web.answers import by_field, said, tell
from app.web.entry import CUSTOMER, PUBLIC, actor, entry
from app.web.exports import paper_file
from app.web.files import file_response
from app.web.limits import limiter
from app.web.registration import prefix_errors, request_of
from app.web.shell import now
from app.web.words import MILESTONES, pairs
from app.wiring import services

blueprint = Blueprint("portal", __name__)
# What the customer may ask for, and the message that the case must wait for.
TOLD = ("first_response", "preliminary_proposal", "proposal", "resolution", "refund", "follow_up", "appeal_decision")

LINK = re.compile("(?:" + "|".join(re.escape(text.partition("{")[0]) for text in (PAGE_ZH, PAGE_EN)) + r")\S*")
NEWEST = 5  # messages that stand open; the earlier ones are folded away


@blueprint.get("/welcome")
@entry(PUBLIC)
def welcome() -> str:
    """Offer filing and following."""
    return render_template("portal/welcome.html", types=_types())


@blueprint.route("/file", methods=["GET", "POST"])
@limiter.limit("10 per minute; 60 per hour", methods=["POST"])
@entry(PUBLIC)
def file_case() -> Response | str | tuple[str, int]:
    """File a complaint or another request; the receipt is the case's own page."""
    if request.method == "GET":
        return _file_page({"type": request.args.get("type", "complaint")}, {})
    try:
        case_id = services().cases.register(
            request_of(request.form, channel="web_form"), _stranger(request.form.get("name", ""))
        )
    except Invalid as error:
        return _file_page(request.form, prefix_errors(by_field(error))), 422
    case = services().cases.row(case_id)
    for upload in request.files.getlist("file"):
        if upload.filename:
            with tell(""):
                services().desk.attach(
                    upload,
                    case_id,
                    None,
                    "portal",
                    Actor(None, "customer", frozenset({CUSTOMER_GROUP}), case.customer_name, case_id),
                )
    return redirect(url_for("portal.case", access_key=case.access_key, new=1))


def _stranger(name: str) -> Actor:
    """Return the actor of somebody who has no case yet; the empty case id keeps it from being the system."""
    return Actor(None, "customer", frozenset({CUSTOMER_GROUP}), name[:120], "")


def _types() -> list[tuple[str, str]]:
    """Return (code, word) of what a customer may file, as far as a process for it is deployed."""
    return pairs("type", *(code for code in NEEDS if services().runtime.library.latest(NEEDS[code]) is not None))


def _file_page(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template("portal/file.html", given=given, errors=errors, types=_types(),
                           flags=request.form.getlist("flags"))


@blueprint.route("/track", methods=["GET", "POST"])
@limiter.limit("10 per minute; 60 per hour", methods=["POST"])
@entry(PUBLIC)
def track() -> Response | str | tuple[str, int]:
    """Open a case by number and telephone; a wrong pair gets one and the same answer."""
    if request.method == "GET":
        return render_template("portal/track.html", number="", phone="", error="")
    number, phone = request.form.get("number", "")[:40], request.form.get("phone", "")[:40]
    key = services().people.customer_by_number(number, phone)
    if key is None:
        text = _("No case has this number together with this telephone.")
        return render_template("portal/track.html", number=number, phone=phone, error=text), 404
    return redirect(url_for("portal.case", access_key=key))


@blueprint.get("/c/<access_key>")
@entry(CUSTOMER)
def case(access_key: str) -> str:
    """Show the customer how the case stands."""
    return _page(access_key)


def _page(
    access_key: str, form: Any = None, task_id: str = "", errors: Mapping[str, str] | None = None, wish: str = ""
) -> str:
    who = actor()
    found = services().cases.row(str(who.case_id))
    tasks = [item for item in case_page.tasks(found.id) if item.group_code == CUSTOMER_GROUP and item.state == "open"]
    forms = [(item, form if item.id == task_id else _blank(item.id, who), _answer_by(item)) for item in tasks]
    wishes = services().cases.wishes(found)
    clocks = [one for one in sla_view.views(db.session(), found.id, now()) if one.name in TOLD and not one.target]
    contacts = [
        one
        for one in case_page.contacts(found.id)
        if one.party == "customer"
        and (one.by in ("system", "customer") or one.way in ("portal", "email", "sms", "system"))
    ]
    return render_template(
        "portal/case.html",
        case=found,
        key=access_key,
        forms=forms,
        wishes=wishes,
        errors=errors or {},
        wish=wish,
        stages=stages(found, bool(tasks)),
        next_clock=min(
            (one for one in clocks if one.state in ("pending", "late") and one.reached_at is None),
            key=lambda one: one.due_at, default=None,
        ),
        clocks=clocks,
        contacts=[(one, *read_here(one)) for one in contacts],
        newest=NEWEST,
        milestone_word=MILESTONES,
        given=request.form,
        papers=_papers(found.id),
        files=[one for one in case_page.attachments(found.id) if one.uploaded_by == "customer"],
    )


def _papers(case_id: str) -> list[case_page.Paper]:
    """Return the papers of which the customer gets a copy."""
    return [one for one in case_page.papers(case_id) if any(copy.recipient == "customer" for copy in one.copies)]


def _answer_by(item: Any) -> datetime | None:
    """Return when silence counts as an answer (A-2.3.5): the timer that ends the task, else its due time."""
    instance = inbox.instance(item.instance_id)
    elements = services().runtime.library.spec(instance.definition_id).elements
    ending = [
        one.id
        for one in elements
        if one.process == item.process and one.attached_to == item.element_id and one.interrupting
    ]
    return case_page.timer_due(item.instance_id, item.process, ending) or item.due_at


def _blank(task_id: str, who: Actor) -> Any:
    return _form_of(services().work.form(task_id, who))


def _form_of(served: ServedForm) -> Any:
    """Return the form of a task; several stand on the customer's page, so the ids of each name its task."""
    return task_form.form_of(served, id_prefix=f"f-{served.item.id[:8]}-")


def read_here(one: Communication) -> tuple[str, str]:
    """Return title and text of a message; the link to the page that the reader is on is left out."""
    text = LINK.sub("", one.summary).strip()
    title, _between, body = text.partition("\n") if one.by == "system" else ("", "", text)
    return (title, body) if body else ("", title)


def stages(found: Case, asked: bool) -> list[tuple[str, str]]:
    """Return the way of a case in five words, each done, now or later."""
    names = [_("Taken in"), _("Being handled"), _("Your answer"), _("Carried out"), _("Closed")]
    place = 1
    if found.state != "open":
        place = 5
    elif asked or found.status == "待客户确认":
        place = 2
    elif found.status in ("处理完成", "已结案"):
        place = 3
    elif found.status == "待处理":
        place = 0
    return [
        (name, "done" if index < place else "now" if index == place else "later") for index, name in enumerate(names)
    ]


@blueprint.post("/c/<access_key>/tasks/<task_id>")
@entry(CUSTOMER)
def answer(access_key: str, task_id: str) -> Response | tuple[str, int]:
    """Take the customer's answer: accept, refuse, confirm, rate."""
    who = actor()
    served = services().work.form(task_id, who)
    form = _form_of(served)
    try:
        if form is not None and form.row_button():
            return _page(access_key, form, task_id), 200
        raw = task_form.raw_of(form, task_form.keeper(served, who, "portal"))
        services().work.complete(task_id, raw, who)
    except Invalid as error:
        if form is not None:
            form.show_errors(error.errors)
        return _page(access_key, form, task_id), 422
    except Conflict as error:
        flash(said(error), "error")
        return redirect(url_for("portal.case", access_key=access_key))
    flash(_("Thank you. Your answer has arrived."), "success")
    return redirect(url_for("portal.case", access_key=access_key))


@blueprint.post("/c/<access_key>/tasks/<task_id>/hidden")
@entry(CUSTOMER)
def hidden(access_key: str, task_id: str) -> Mapping[str, Any]:
    """Say which fields the answers so far hide and require."""
    form = _form_of(services().work.form(task_id, actor()))
    return form.hidden_now() if form is not None else {"hidden": [], "required": []}


@blueprint.post("/c/<access_key>/wishes/<wish>")
@limiter.limit("10 per minute")
@entry(CUSTOMER)
def ask(access_key: str, wish: str) -> Response | tuple[str, int]:
    """Withdraw, appeal, reopen or change."""
    who, given, cases = actor(), request.form, services().cases
    case_id = str(who.case_id)
    calls: dict[str, Callable[[], None]] = {
        "withdraw": lambda: cases.withdraw(case_id, given.get("reason", ""), who),
        "appeal": lambda: cases.appeal(
            case_id, {name: given.get(name) for name in ("reason", "demand", "evidence")}, who
        ),
        "reopen": lambda: cases.reopen(case_id, given.get("reason", ""), who),
        "change": lambda: cases.request_change(case_id, {name: given.get(name) for name in ("content", "reason")}, who),
    }
    if wish not in calls:
        abort(404)
    try:
        calls[wish]()
    except Invalid as error:
        return _page(access_key, errors=by_field(error), wish=wish), 422
    except ChengnuoError as error:
        flash(said(error), "error")
    else:
        flash(_("Your request has arrived; we go on with it."), "success")
    return redirect(url_for("portal.case", access_key=access_key))


@blueprint.post("/c/<access_key>/messages")
@limiter.limit("10 per minute")
@entry(CUSTOMER)
def say(access_key: str) -> Response:
    """Take a message, evidence files, or both."""
    who, text = actor(), request.form.get("text", "")
    uploads = [upload for upload in request.files.getlist("file") if upload.filename]
    if text.strip() or not uploads:
        with tell(_("Your message has arrived.")):
            services().voice.say(text, who)
    for upload in uploads:
        with tell(_("%(name)s has arrived.", name=upload.filename)):
            services().desk.attach(upload, who.case_id, None, "portal", who)
    return redirect(url_for("portal.case", access_key=access_key, _anchor="messages"))


@blueprint.get("/c/<access_key>/files/<attachment_id>")
@entry(CUSTOMER)
def download(access_key: str, attachment_id: str) -> FlaskResponse:
    """Give the customer a file that the customer has sent."""
    own = {one.id for one in case_page.attachments(str(actor().case_id)) if one.uploaded_by == "customer"}
    if attachment_id not in own:
        abort(404)
    return file_response(services().desk.file(attachment_id, actor()))


@blueprint.get("/c/<access_key>/papers/<number>.pdf")
@entry(CUSTOMER)
def paper(access_key: str, number: str) -> FlaskResponse:
    """Give the customer a paper of which the customer gets a copy: the return slip goes with the goods."""
    found = next((one for one in _papers(str(actor().case_id)) if one.row.number == number), None)
    if found is None:
        abort(404)
    return paper_file(found, services().cases.row(str(actor().case_id)))
