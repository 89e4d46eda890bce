"""Cases: the list, registration with its duplicates, the case page, and what is added to a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Invalid
from app.facts import CUSTOMER_GROUP
from app.services import sla_view
from app.services.cases import SEES_ALL
from app.services.work import READS_ALL
from app.store.base import db
from app.store.models import Case
from app.store.queries import case_page, inbox, people
from app.store.queries.case_page import CaseFilter, Scope
from app.web import diagrams, task_form, verdicts
from app.web.answers import by_field, tell
from app.web.countdown import countdown
from app.web.entry import STAFF, actor, entry
from app.web.files import file_response
from app.web.registration import DUPLICATE_FIELDS, prefix_errors, request_of
from app.web.shell import named, now, zone
from app.web.timeline import timeline
from app.web.words import PARTIES, pairs
from app.wiring import services

blueprint = Blueprint("cases", __name__)
REGISTERS = ("clerk", "relations", "supervisor", "manager", "admin")
OPERATES = frozenset({"manager", "admin", "director"})
SERVES = SEES_ALL - {"compliance", "general_manager"}
SORTS = ("registered", "number", "level", "due")


@blueprint.get("/cases")
@entry(STAFF)
def listing() -> str | Response:
    """List the cases that I may see; one line searches them."""
    who, asked = actor(), _asked(request.args)
    scope = Scope(bool(who.groups & SEES_ALL), who.user_id or 0, who.name, who.groups, now())
    found = case_page.cases(scope, asked)
    if asked.text and found.total == 1 and found.rows[0].number == asked.text:
        return redirect(url_for("cases.show", number=asked.text))
    return render_template(
        "cases/list.html",
        page=found,
        asked=asked,
        query=_query(asked),
        types=pairs("type"),
        states=pairs("case_state"),
        may_register=bool(who.groups & frozenset(REGISTERS)),
        statuses=case_page.statuses(),
        count=lambda row: countdown(row.next_due, now(), started_at=row.next_started),
    )


def _asked(args: Mapping[str, str]) -> CaseFilter:
    page = args.get("page", "1")
    sort = args.get("sort", "") if args.get("sort") in SORTS else "registered"
    return CaseFilter(
        text=args.get("q", "").strip()[:80],
        type=args.get("type", "")[:30],
        level=args.get("level", "")[:2],
        state=args.get("state", "")[:10],
        status=args.get("status", "")[:40],
        late=args.get("late") == "1",
        sort=sort,
        descending=args.get("desc") == "1" or (sort == "registered" and "sort" not in args),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _query(asked: CaseFilter) -> dict[str, Any]:
    shown = {
        "q": asked.text,
        "type": asked.type,
        "level": asked.level,
        "state": asked.state,
        "status": asked.status,
        "late": "1" if asked.late else "",
    }
    if asked.sort != "registered" or not asked.descending:
        shown |= {"sort": asked.sort, "desc": "1" if asked.descending else ""}
    return {name: value for name, value in shown.items() if value}


@blueprint.route("/cases/new", methods=["GET", "POST"])
@entry(*REGISTERS)
def new() -> Response | str | tuple[str, int]:
    """Register a case; the same telephone, order or serial number is shown before."""
    if request.method == "GET":
        return _new_page({"channel": "phone", "type": "complaint"}, {})
    given = {name: value.strip() for name, value in request.form.items()}
    if request.form.get("_action") == "check":
        return _new_page(given, {})
    try:
        case_id = services().cases.register(request_of(request.form), actor())
    except Invalid as error:
        return _new_page(given, prefix_errors(by_field(error))), 422
    number = services().cases.facts(case_id).number
    for other in request.form.getlist("link"):
        with tell(_("Linked with %(number)s.", number=other)):
            services().cases.link(case_id, other, request.form.get("link_kind", "duplicate"), actor())
    flash(_("The case is registered: %(number)s. Tell the customer this number.", number=number), "success")
    return redirect(url_for("cases.show", number=number or case_id))


def _new_page(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "cases/new.html",
        given=given,
        errors=errors,
        duplicates=_duplicates(given),
        flags=request.form.getlist("flags"),
        linked=request.form.getlist("link"),
        types=pairs("type", "complaint", "return_exchange", "fault_repair", "consultation", "suggestion", "other"),
    )


def _duplicates(given: Mapping[str, str]) -> list[Any]:
    values = [given.get(name, "").strip() for name in DUPLICATE_FIELDS]
    return [
        one
        for one in services().cases.duplicates(*(value or None for value in values))
        if services().cases.may_see(one.case_id, actor())
    ]


@blueprint.get("/cases/duplicates")
@entry(*REGISTERS)
def duplicates() -> str:
    """Show cases with the same telephone, order or serial number, while the form is typed."""
    return render_template(
        "cases/_duplicates.html", duplicates=_duplicates(request.args), linked=request.args.getlist("link")
    )


def seen_case(number: str) -> Case:
    """Return the case that I may see; aborts with 404."""
    case = case_page.by_number(number)
    if case is None or not services().cases.may_see(case.id, actor()):
        abort(404)
    return case


@blueprint.get("/cases/<number>")
@entry(STAFF)
def show(number: str) -> str:
    """Show everything about one case."""
    return _page(seen_case(number))


def _page(case: Case, correcting: int | None = None, form: Any = None, reason: str = "") -> str:
    who, tasks, filled = actor(), case_page.tasks(case.id), case_page.filled(case.id)
    family = case_page.family(case.id)
    everything, before = request.args.get("all") == "1", request.args.get("before", "")
    events = case_page.history(case.id, int(before) if before.isdecimal() and len(before) < 18 else None)
    comments, contacts, attachments = (
        case_page.comments(case.id),
        case_page.contacts(case.id),
        case_page.attachments(case.id),
    )
    usernames = {one.by for one in comments} | {one.by for one in contacts} | {event.actor for event in events}
    usernames |= {one.text.partition("：")[0] for one in comments if one.kind == "independence"}
    usernames |= {version.submitted_by for one in filled for version in one.versions} | {case.registered_by}
    processes = {one.key: named(one) for one in inbox.process_names()}
    lines = {version.id: _lines(one.task, version) for one in filled for version in one.versions}
    display = {**PARTIES, **people.display_names(usernames)}
    running = [one for one in family if one.state in ("active", "suspended")] or list(family)
    return render_template(
        "cases/case.html",
        case=case,
        milestones=sla_view.views(db.session(), case.id, now(), superseded=True),
        tasks=tasks,
        readable={task.id for task in tasks if _may_read(task)},
        filled=filled,
        lines=lines,
        family=family,
        papers=case_page.papers(case.id),
        contacts=contacts,
        comments=comments,
        attachments=attachments,
        links=case_page.links(case.id),
        copies=case_page.copies(case.id),
        display=display,
        events=timeline(events, display, everything=everything),
        more=len(events) == case_page.HISTORY_SIZE and events[-1].seq,
        everything=everything,
        incidents=case_page.open_incidents(case.id),
        processes=processes,
        groups={group.code: group for group in people.groups()},
        shown=diagrams.shown(running[0], now(), _where(running[0], tasks)) if running else None,
        may_operate=bool(who.groups & OPERATES),
        may_export=services().case_files.may_export(case.id, who),
        serves=bool(who.groups & SERVES),
        wishes=services().cases.wishes(case),
        me=who,
        may_correct=[one.task.id for one in filled if _may_correct(one.task)],
        correcting=correcting,
        form=form,
        reason=reason,
        files=case_page.file_names([row.id for row in attachments]),
        colleagues=[user for user in people.users() if user.id != who.user_id],
        count=lambda task: countdown(task.due_at, now(), task.remind_at, task.created_at),
        ways=pairs("way"),
        verdicts=verdicts.of_case(case.id),
        verdict_words=verdicts,
    )


def _where(instance: Any, tasks: Any) -> str | None:
    """Return the process of the instance that people work in now: its diagram is shown first."""
    return next((task.process for task in tasks if task.instance_id == instance.id and task.state == "open"), None)


def _may_read(task: Any) -> bool:
    """Return whether the list of tasks leads to this one: the rule of Work.may_see without its questions."""
    who = actor()
    mine = who.user_id in (task.assignee_id, task.owner_id) or task.completed_by == who.name
    entered = task.group_code == CUSTOMER_GROUP and "clerk" in who.groups
    return bool(who.groups & READS_ALL) or task.group_code in who.groups or mine or entered


def _may_correct(task: Any) -> bool:
    groups = actor().groups
    return task.form_id is not None and bool(
        task.group_code in groups
        or groups & {"supervisor", "manager"}
        or (task.group_code == "customer" and "clerk" in groups)
    )


def _lines(task: Any, version: Any) -> Any:
    if not task.form_id:
        return ()
    definition = services().runtime.library.form(task.definition_id, task.form_id)
    return task_form.describe_in(definition, version.data)


@blueprint.route("/cases/<number>/submissions/<int:submission_id>/correct", methods=["GET", "POST"])
@entry(STAFF)
def correct(number: str, submission_id: int) -> Response | str | tuple[str, int]:
    """Correct a submitted form with a reason; the old version stays visible."""
    case = seen_case(number)
    filled = next((one for one in case_page.filled(case.id) if one.newest.id == submission_id), None)
    if filled is None or not filled.task.form_id or not _may_correct(filled.task):
        abort(404)
    served = services().work.form(filled.task.id, actor())
    form = task_form.correction_of(served, filled.newest.data)
    if request.method == "GET":
        return render_template(
            "cases/correct.html", case=case, filled=filled, form=form, reason="", definition=served.definition
        )
    try:
        raw = task_form.raw_of(form, task_form.keeper(served, actor()))
        changes = {key: value for key, value in raw.items() if value != filled.newest.data.get(key)}
        if not changes:
            flash(_("Nothing was changed."), "warning")
            return redirect(url_for("cases.show", number=number, _anchor="filled"))
        services().work.correct(submission_id, changes, request.form.get("_reason", ""), actor())
    except Invalid as error:
        form.show_errors(error.errors)
        return render_template(
            "cases/correct.html",
            case=case,
            filled=filled,
            form=form,
            reason=request.form.get("_reason", ""),
            definition=served.definition,
        ), 422
    flash(_("The correction is kept; the old version stays visible."), "success")
    return redirect(url_for("cases.show", number=number, _anchor="filled"))


@blueprint.post("/cases/<number>/comments")
@entry(STAFF)
def comment(number: str) -> Response:
    """Add a comment for colleagues."""
    case = seen_case(number)
    with tell(_("The comment is added.")):
        services().desk.comment(case.id, request.form.get("text", ""), actor())
    return _back(number, "comments")


@blueprint.post("/cases/<number>/contacts")
@entry(STAFF)
def contact(number: str) -> Response:
    """Add a contact with the customer or a supplier to the log (D-2.4.6)."""
    case, given = seen_case(number), dict(request.form.items())
    try:
        given["at"] = (
            datetime.fromisoformat(given["at"]).replace(tzinfo=zone()).astimezone(UTC).isoformat()
            if given.get("at")
            else ""
        )
    except ValueError:
        given["at"] = "?"
    with tell(_("The contact is logged.")):
        services().desk.log_contact(case.id, given, actor())
    return _back(number, "contacts")


@blueprint.post("/cases/<number>/files")
@entry(STAFF)
def attach(number: str) -> Response:
    """Attach files."""
    case = seen_case(number)
    for file in request.files.getlist("file"):
        with tell(_("%(name)s is attached.", name=file.filename)):
            services().desk.attach(file, case.id, None, request.form.get("received_via", "upload"), actor())
    return _back(number, "files")


@blueprint.post("/cases/<number>/links")
@entry(STAFF)
def link(number: str) -> Response:
    """Link with another case."""
    case = seen_case(number)
    with tell(_("The cases are linked.")):
        services().cases.link(
            case.id, request.form.get("number", "").strip(), request.form.get("kind", "related"), actor()
        )
    return _back(number, "family")


@blueprint.post("/cases/<number>/copies")
@entry(STAFF)
def copy(number: str) -> Response:
    """Give colleagues a copy to read (抄送)."""
    case = seen_case(number)
    with tell(_("The copies are sent.")):
        services().colleagues.copy_case(case.id, request.form.getlist("to"), request.form.get("note", ""), actor())
    return _back(number)


@blueprint.post("/cases/<number>/customer/<wish>")
@entry(STAFF)
def customer_wish(number: str, wish: str) -> Response:
    """Enter what the customer asks for on the telephone: withdraw, appeal, reopen, change."""
    case, given, cases = seen_case(number), request.form, services().cases
    calls = {
        "withdraw": lambda: cases.withdraw(case.id, given.get("reason", ""), actor()),
        "appeal": lambda: cases.appeal(
            case.id,
            {"reason": given.get("reason"), "demand": given.get("demand"), "evidence": given.get("evidence")},
            actor(),
        ),
        "reopen": lambda: cases.reopen(case.id, given.get("reason", ""), actor()),
        "change": lambda: cases.request_change(
            case.id, {"content": given.get("content"), "reason": given.get("reason")}, actor()
        ),
    }
    if wish not in calls:
        abort(404)
    with tell(_("The customer's wish is taken in.")):
        calls[wish]()
    return _back(number)


@blueprint.post("/cases/<number>/instances/<instance_id>/<verb>")
@entry(*OPERATES)
def operate(number: str, instance_id: str, verb: str) -> Response:
    """Suspend, resume or cancel an instance of the case."""
    seen_case(number)
    operations, reason = services().operations, request.form.get("reason", "")
    calls: dict[str, Callable[[], None]] = {
        "suspend": lambda: operations.suspend(instance_id, reason, actor()),
        "resume": lambda: operations.resume(instance_id, actor()),
        "cancel": lambda: operations.cancel(instance_id, reason, actor()),
    }
    texts = {
        "suspend": _("The process is suspended."),
        "resume": _("The process goes on."),
        "cancel": _("The process is cancelled."),
    }
    if verb not in calls:
        abort(404)
    with tell(texts[verb]):
        calls[verb]()
    return _back(number, "family")


@blueprint.get("/files/<attachment_id>")
@entry(STAFF)
def file(attachment_id: str) -> Response:
    """Download an attachment."""
    return file_response(services().desk.file(attachment_id, actor()))


def _back(number: str, anchor: str | None = None) -> Response:
    return redirect(url_for("cases.show", number=number, _anchor=anchor))
