"""The task page: the form, the case beside it, drafts, and what one does with colleagues."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError, Conflict, Invalid
from app.facts import CUSTOMER_GROUP, Actor
from app.services import sla_view
from app.services.work import ServedForm
from app.store.base import db
from app.store.models import WorkItem
from app.store.queries import case_page, people
from app.store.queries import inbox as queries
from app.web import helps, task_form
from app.web.answers import said, tell
from app.web.countdown import countdown
from app.web.entry import STAFF, actor, entry
from app.web.inbox import back
from app.web.problems import language
from app.web.shell import named, now, zone
from app.web.words import PARTIES
from app.wiring import services

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")
ABOVE = frozenset({"supervisor", "manager", "department_head", "director"})
MANY_FIELDS = 6  # forms with more inputs are not completed in bulk


@blueprint.get("/<task_id>")
@entry(STAFF)
def show(task_id: str) -> str:
    """Show one task, open or ended."""
    served = services().work.form(task_id, actor())
    return render_template("tasks/task.html", **page_of(served, task_form.form_of(served)))


def page_of(served: ServedForm, form: Any, gone: str = "", remarks: Any = ()) -> dict[str, Any]:
    """Return what the task page shows; `form` is filled in already."""
    who, item = actor(), served.item
    case = services().cases.row(item.case_id) if item.case_id else None
    clocks = sla_view.views(db.session(), item.case_id, now()) if item.case_id and item.milestone else []
    questions = queries.consultations(item.id)
    comments = case_page.comments(item.case_id) if item.case_id else []
    instance = queries.instance(item.instance_id)
    element = services().runtime.library.spec(instance.definition_id).element(item.process, item.element_id)
    others = [user for user in people.users() if user.id != who.user_id]
    members = {one.username for one in services().people.members(item.group_code)} if item.group_code else set()
    processes = {one.key: named(one) for one in queries.process_names()}
    lines = task_form.lines_of(served, served.data)
    return {
        "item": item,
        "case": case,
        "definition": served.definition,
        "lines": lines,
        "form": form,
        "gone": gone,
        "remarks": remarks,
        "me": who,
        "may_act": may_act(item, who),
        "delegated_to_me": item.owner_id is not None and item.assignee_id == who.user_id,
        "may_hand_on": bool(who.groups & ABOVE),
        "revision": item.revision,
        "files": task_form.names_of_files(lines),
        "group": next(iter(people.groups_named([item.group_code])), None) if item.group_code else None,
        "count": task_countdown(item),
        "names": people.names_of([item.assignee_id, item.owner_id]),
        "questions": questions,
        **helps.helps_of(served, case, who),
        "clock": next((one for one in reversed(clocks) if one.name == item.milestone), None),
        "element": element,
        "clauses": clauses_of(element.clauses),
        "process_name": processes.get(item.process, item.process),
        "comments": comments,
        "attachments": case_page.attachments(item.case_id) if item.case_id else [],
        "display": {**PARTIES, **people.display_names(
            {one.by for one in comments} | ({item.completed_by} if item.completed_by else set())
            | {one.text.partition("：")[0] for one in comments if one.kind == "independence"}
        )},
        "members": [user for user in others if user.username in members],
        "colleagues": others,
    }


def may_act(item: WorkItem, who: Actor) -> bool:
    """Return whether the page offers to complete the task: a clerk enters the customer's answers."""
    return services().work.may_act(item, who, on_behalf=item.group_code == CUSTOMER_GROUP)


def task_countdown(item: Any) -> Any:
    """Return the countdown of a work item."""
    return countdown(item.due_at, now(), item.remind_at, item.created_at)


def clauses_of(ids: Any) -> list[dict[str, str]]:
    """Return clauses with what they say, restated in the reader's language."""
    clauses = services().register.clauses
    return [{"id": one, "text": clauses[one].text(language()) if one in clauses else ""} for one in ids]


@blueprint.post("/<task_id>/complete")
@entry(STAFF)
def complete(task_id: str) -> Response | tuple[str, int]:
    """Complete the task, or keep what was typed as a draft; errors stand at their fields, nothing typed is lost."""
    who, work = actor(), services().work
    served = work.form(task_id, who)
    form = task_form.form_of(served)
    try:
        if form is not None and form.row_button():
            form.raw(task_form.keeper(served, who))
            return render_template("tasks/task.html", **page_of(served, form)), 200
        raw = task_form.raw_of(form, task_form.keeper(served, who))
        if request.form.get("_action") == "draft":
            with tell(_("The draft is kept.")):
                work.save_draft(task_id, raw, who)
            return redirect(url_for("tasks.show", task_id=task_id))
        remarks = helps.remarks_on(served, form, raw)
        if remarks and request.form.get("_anyway") != "1" and form is not None and form.check(raw) is not None:
            return render_template("tasks/task.html", **page_of(served, form, remarks=remarks)), 200
        done = work.complete(
            task_id, raw, who, revision=_revision(), on_behalf=served.item.group_code == CUSTOMER_GROUP
        )
    except Invalid as error:
        if form is not None:
            form.show_errors(error.errors)
        return render_template("tasks/task.html", **page_of(work.form(task_id, who), form)), 422
    except Conflict as error:
        return _conflict(task_id, form, error)
    flash(_("Done: %(task)s.", task=named(served.item)), "success")
    return redirect(_next_page(done.next_tasks, done.case_number))


def _revision() -> int | None:
    given = request.form.get("_revision", "")
    return int(given) if given.isdecimal() and len(given) < 10 else None


def _conflict(task_id: str, form: Any, error: Conflict) -> tuple[str, int]:
    db.session.rollback()  # what this request read before is old
    served = services().work.form(task_id, actor())
    shown = page_of(served, form, gone=said(error))
    if shown["item"].state == "open":
        return render_template("tasks/task.html", **shown), 409
    typed = task_form.lines_of(served, task_form.raw_of(form))
    return render_template("tasks/conflict.html", **shown, typed=typed), 409


def _next_page(next_tasks: tuple[str, ...], number: str | None) -> str:
    """Lead on: to the next task of this case that I may do, else to the case."""
    for task_id in next_tasks:
        item = queries.work_item(task_id)
        if item is not None and may_act(item, actor()) and item.assignee_id in (None, actor().user_id):
            return url_for("tasks.show", task_id=task_id)
    return url_for("cases.show", number=number) if number else url_for("inbox.home")


@blueprint.post("/<task_id>/draft")
@entry(STAFF)
def draft(task_id: str) -> FlaskResponse:
    """Keep a draft, as the page's script sends it every few seconds while something changes."""
    served = services().work.form(task_id, actor())
    at = services().work.save_draft(task_id, task_form.raw_of(task_form.form_of(served)), actor())
    return jsonify({"at": at.astimezone(zone()).strftime("%H:%M:%S")})


@blueprint.post("/<task_id>/hidden")
@entry(STAFF)
def hidden(task_id: str) -> FlaskResponse:
    """Say which fields these answers hide and which they make required."""
    served = services().work.form(task_id, actor())
    form = task_form.form_of(served)
    return jsonify(form.hidden_now() if form is not None else {"hidden": [], "required": []})


@blueprint.post("/<task_id>/wording")
@entry(STAFF)
def wording(task_id: str) -> FlaskResponse:
    """Say, while it is typed, what might be said better."""
    served = services().work.form(task_id, actor())
    form = task_form.form_of(served)
    return jsonify({"remarks": helps.remarks_on(served, form, task_form.raw_of(form))})


@blueprint.post("/<task_id>/knowledge/<int:article_id>")
@entry(STAFF)
def use_knowledge(task_id: str, article_id: int) -> Response:
    """Give an answer of the knowledge base: its text goes to the page's script, or else into the draft."""
    text = services().knowledge.use(article_id, task_id, actor())
    served = services().work.form(task_id, actor())
    filled = helps.given(served, article_id, text)
    if request.accept_mimetypes.best == "application/json":
        return jsonify({"fields": filled, "answer": helps.answer_field(served)})
    target = helps.answer_field(served)
    if target is None:
        flash(_("Noted: the customer was told this."), "success")
        return _back(task_id, "knowledge")
    before = str(served.data.get(target) or "").rstrip()
    with tell(_("The answer stands in the draft; check it and complete the task.")):
        data = {**served.data, **filled, target: f"{before}\n{text}".strip()}
        services().work.save_draft(task_id, data, actor())
    return _back(task_id, "form-h")


@blueprint.post("/<task_id>/knowledge/uses/<int:use_id>")
@entry(STAFF)
def judge_knowledge(task_id: str, use_id: int) -> Response:
    """Say whether a given answer helped."""
    with tell(_("Thank you; this is counted.")):
        services().knowledge.judge(use_id, request.form.get("solved") == "1", actor())
    return _back(task_id, "knowledge")


@blueprint.route("/many", methods=["GET", "POST"])
@entry(STAFF)
def many() -> Response | str | tuple[str, int]:
    """Complete several tasks that take the same short form, with the same answers."""
    who, work = actor(), services().work
    ids = list(dict.fromkeys(request.values.getlist("task")))[: queries.PAGE_SIZE]
    if request.form.get("_action") == "choose":  # the list's form carries a token that no address may show
        box, query = request.form.get("box", ""), request.form.get("query", "")
        return redirect(url_for("tasks.many", task=ids, box=box, query=query))
    if not ids:
        flash(_("Choose tasks first."), "warning")
        return redirect(back())
    served = [work.form(task_id, who) for task_id in ids]
    problem = _not_together(served)
    if problem:
        flash(problem, "warning")
        return redirect(back())
    first = served[0]
    cases = {one.item.case_id: services().cases.row(one.item.case_id) for one in served if one.item.case_id}
    if request.method == "GET":
        return render_template(
            "tasks/many.html", served=served, cases=cases, form=task_form.form_of(first), definition=first.definition,
            back=back(),
        )
    form = task_form.form_of(first)
    try:
        raw = task_form.raw_of(form, task_form.keeper(first, who))
    except Invalid as error:
        flash(said(error), "error")
        return redirect(back())
    results = work.complete_many(
        [(task_id, raw) for task_id in ids], who, on_behalf=first.item.group_code == CUSTOMER_GROUP
    )
    failed = {task_id: result for task_id, result in results if isinstance(result, ChengnuoError)}
    if len(ids) > len(failed):
        flash(_("%(n)s tasks completed.", n=len(ids) - len(failed)), "success")
    invalid = next((error for error in failed.values() if isinstance(error, Invalid)), None)
    if invalid is not None and form is not None:
        form.show_errors(invalid.errors)
        left = [one for one in served if one.item.id in failed]
        return render_template("tasks/many.html", served=left, cases=cases, form=form, definition=first.definition,
                               back=back()), 422
    for problem in dict.fromkeys(said(error) for error in failed.values()):
        flash(problem, "error")
    return redirect(back())


def _not_together(served: list[ServedForm]) -> str:
    if any(one.item.state != "open" or not may_act(one.item, actor()) for one in served):
        return str(_("Some of these tasks are no longer open, or not yours to do."))
    if len({(one.item.process, one.item.element_id, one.item.form_id) for one in served}) > 1:
        return str(_("Only tasks of the same kind can be completed together."))
    definition = served[0].definition
    if definition is not None and sum(not field.component.readonly for field in definition.fields) > MANY_FIELDS:
        return str(_("This form is too long to be completed for several cases at once."))
    return ""


def _back(task_id: str, anchor: str = "") -> Response:
    return redirect(url_for("tasks.show", task_id=task_id, _anchor=anchor or None))


@blueprint.post("/<task_id>/claim")
@entry(STAFF)
def claim(task_id: str) -> Response:
    """Take the task."""
    with tell(_("The task is yours.")):
        services().work.claim(task_id, actor())
    return _back(task_id)


@blueprint.post("/<task_id>/release")
@entry(STAFF)
def release(task_id: str) -> Response:
    """Give the task back to the group."""
    with tell(_("The task is back with its group.")):
        services().work.release(task_id, actor())
    return _back(task_id)


@blueprint.post("/<task_id>/transfer")
@entry(STAFF)
def transfer(task_id: str) -> Response:
    """Hand the task on for good (转办)."""
    with tell(_("The task is handed on.")):
        services().colleagues.transfer(task_id, request.form.get("to", ""), request.form.get("note", ""), actor())
    return redirect(url_for("inbox.home"))


@blueprint.post("/<task_id>/delegate")
@entry(STAFF)
def delegate(task_id: str) -> Response:
    """Let a colleague prepare the task (委派)."""
    with tell(_("The task is delegated; it comes back to you.")):
        services().colleagues.delegate(task_id, request.form.get("to", ""), request.form.get("note", ""), actor())
    return redirect(url_for("inbox.home"))


@blueprint.post("/<task_id>/resolve")
@entry(STAFF)
def resolve(task_id: str) -> Response:
    """Give delegated work back."""
    with tell(_("The task is back with its owner.")):
        services().colleagues.resolve(task_id, request.form.get("note", ""), actor())
    return redirect(url_for("inbox.home"))


@blueprint.post("/<task_id>/ask/<kind>")
@entry(STAFF)
def ask(task_id: str, kind: str) -> Response:
    """Ask a colleague for an opinion (加签) or a countersign (会签)."""
    with tell(_("The question is sent.")):
        services().colleagues.ask(task_id, kind, request.form.get("of", ""), request.form.get("question", ""), actor())
    return _back(task_id)


@blueprint.post("/<task_id>/questions/<int:consultation_id>/answer")
@entry(STAFF)
def answer(task_id: str, consultation_id: int) -> Response:
    """Answer what I was asked."""
    agreed = {"1": True, "0": False}.get(request.form.get("agreed", ""))
    with tell(_("Your answer is sent.")):
        services().colleagues.answer(consultation_id, request.form.get("answer", ""), agreed, actor())
    return _back(task_id)


@blueprint.post("/<task_id>/questions/<int:consultation_id>/withdraw")
@entry(STAFF)
def withdraw_question(task_id: str, consultation_id: int) -> Response:
    """Take a question back."""
    with tell(_("The question is withdrawn.")):
        services().colleagues.withdraw_question(consultation_id, actor())
    return _back(task_id)


@blueprint.post("/<task_id>/copy")
@entry(STAFF)
def copy(task_id: str) -> Response:
    """Give colleagues a copy of the case to read (抄送)."""
    with tell(_("The copies are sent.")):
        services().colleagues.copy(task_id, request.form.getlist("to"), request.form.get("note", ""), actor())
    return _back(task_id)


@blueprint.post("/<task_id>/remind")
@entry(STAFF)
def remind(task_id: str) -> Response:
    """Urge whoever has the task (催办)."""
    services().work.item(task_id, actor())
    with tell(_("The task was urged.")):
        services().colleagues.remind(task_id, request.form.get("note", ""), actor())
    return _back(task_id)


@blueprint.post("/<task_id>/follow-up")
@entry(STAFF)
def follow_up(task_id: str) -> Response:
    """Mark when to come back to the task."""
    given, at = request.form.get("at", ""), None
    if given and not request.form.get("clear"):
        try:
            at = datetime.fromisoformat(given).replace(tzinfo=zone()).astimezone(UTC)
        except ValueError:
            flash(_("This is not a time."), "error")
            return _back(task_id)
    with tell(_("The mark is set.") if at else _("The mark is removed.")):
        services().work.follow_up(task_id, at, actor())
    return _back(task_id)


@blueprint.post("/<task_id>/comments")
@entry(STAFF)
def comment(task_id: str) -> Response:
    """Add a comment for colleagues to the task's case."""
    item = services().work.item(task_id, actor())
    with tell(_("The comment is added.")):
        services().desk.comment(str(item.case_id), request.form.get("text", ""), actor())
    return _back(task_id, "comments")


@blueprint.post("/<task_id>/files")
@entry(STAFF)
def attach(task_id: str) -> Response:
    """Attach files to the task's case."""
    item = services().work.item(task_id, actor())
    for file in request.files.getlist("file"):
        with tell(_("%(name)s is attached.", name=file.filename)):
            services().desk.attach(file, item.case_id, task_id, request.form.get("received_via", "upload"), actor())
    return _back(task_id, "files")
