"""Trying a change set out: a private instance with a clock to move, its forms, tokens, deadlines and messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.engine import read_diagram
from app.errors import ChengnuoError, FieldError, Invalid, NotFound, Refused
from app.facts import SYSTEM
from app.sandbox import Sandbox
from app.services.cases import TYPES
from app.store.queries import people
from app.userforms.wtf import build_form
from app.web import data_words
from app.web.answers import said, tell
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.releases.blueprint import MAY_READ, blueprint
from app.wiring import services

SPANS = {"PT15M": timedelta(minutes=15), "PT1H": timedelta(hours=1), "P1D": timedelta(days=1),
         "P7D": timedelta(days=7)}  # fmt: skip


@blueprint.get("/drafts/<int:draft_id>/try")
@entry(*MAY_READ)
def try_out(draft_id: int) -> str:
    """Show the sandbox of a change set, or offer to begin one."""
    draft = services().drafts.open(draft_id, SYSTEM)
    box = _box(draft_id)
    if not box.exists:
        return _begin_page(draft, ())
    view = box.view()
    drawn = _drawn(draft_id)
    process = request.args.get("process", "")
    standing = [pair[0] for one in view.instances for pair in one.active]
    here = next((key for key in reversed(standing) if key in drawn), next(iter(drawn)))
    shown = process if process in drawn else here
    return render_template(
        "releases/try.html", draft=draft, view=view, language=language(), spans=SPANS, shown=shown, drawn=drawn,
        outdated=box.note.digest != services().releases.digest(draft_id), groups=_groups(), places=_places(view, shown),
        standing=list(dict.fromkeys(standing)), label=data_words.label, said=_said,
        display=people.display_names({one.actor for one in view.happened}),
    )  # fmt: skip


def _said(name: str, text: str) -> str:
    """Return a variable's value, written as JSON or plain, in words."""
    try:
        given = json.loads(text)
    except ValueError:
        given = text
    return data_words.value(name, text if isinstance(given, int | float) and not isinstance(given, bool) else given)


def _box(draft_id: int) -> Sandbox:
    return Sandbox(actor().name, draft_id)


def _groups() -> Mapping[str, Any]:
    return {group.code: group for group in people.groups()}


def _drawn(draft_id: int) -> Mapping[str, tuple[str, str]]:
    """Return the executable processes of the change set: key -> (name, path)."""
    found = {}
    for path, content in services().drafts.bundle(draft_id).items():
        if path.endswith(".bpmn"):
            try:
                processes = read_diagram(content, path).processes
            except Refused:
                continue
            found.update({one.id: (one.name or one.id, path) for one in processes if one.executable})
    return found


def _places(view: Any, process: str) -> Mapping[str, list[str]]:
    active = {element for one in view.instances for key, element in one.active if key == process}
    done = {element for one in view.instances for key, element in one.done if key == process}
    return {"active": sorted(active), "done": sorted(done - active)}


def _begin_page(draft: Any, problems: Any) -> str:
    changed = [info.path for info in services().drafts.files(draft.id)]
    drawn = _drawn(draft.id)
    return render_template("releases/try_begin.html", draft=draft, problems=problems, types=TYPES, drawn=drawn,
                           given=request.form,
                           changed=[key for key, (_name, path) in drawn.items() if path in changed])


@blueprint.post("/drafts/<int:draft_id>/try")
@entry(*MAY_READ)
def begin_trial(draft_id: int) -> Response | tuple[str, int]:
    """Begin, or begin again."""
    draft = services().drafts.open(draft_id, SYSTEM)
    files = services().drafts.bundle(draft_id)
    try:
        _box(draft_id).begin(files, _wanted())
    except Refused as refused:
        return _begin_page(draft, [f"{one.file} {one.element or ''}: {one.message(language())}"
                                   for one in refused.findings[:20]]), 422  # fmt: skip
    except Invalid as error:
        return _begin_page(draft, [one.message(language()) for one in error.errors]), 422
    except ChengnuoError as error:
        return _begin_page(draft, [said(error)]), 422
    return redirect(url_for("releases.try_out", draft_id=draft_id))


def _wanted() -> Mapping[str, Any]:
    given = request.form
    if given.get("what") == "process":
        return {"process": given.get("process", ""), "variables": _object(given.get("variables", ""))}
    body = {"type": given.get("type", ""), "channel": given.get("channel") or "phone",
            "customer": {"name": "试运行客户", "phone": "13800000000", "level": given.get("level") or "ordinary"},
            "product": {"model": "CN-100", "serial_no": "SN-TRY-1", "order_no": "DD-TRY-1",
                        "origin": given.get("origin") or "self_made"},
            "description": given.get("description", "").strip() or "试运行：产品无法使用。",
            "severity": given.get("severity") or "general", "urgency": given.get("urgency") or "medium"}  # fmt: skip
    return {"case": body}


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or len(text) > 20_000:
        raise Invalid([FieldError("variables", "Write a JSON object, such as {\"amount\": 120}.",
                                  "请填写 JSON 对象，例如 {\"amount\": 120}。")])
    return value


@blueprint.post("/drafts/<int:draft_id>/try/move")
@entry(*MAY_READ)
def move_trial(draft_id: int) -> Response:
    """Let time pass, send a message, or throw the sandbox away."""
    box, what = _box(draft_id), request.form.get("what", "")
    if what == "end":
        box.end()
        flash(_("The sandbox is gone; nothing of it is left."), "success")
    elif what == "message":
        with tell(_("The message was delivered.")):
            box.send(request.form.get("message", ""), _object(request.form.get("payload", "")))
    elif what == "next" or what in SPANS:
        with tell(""):
            fired = box.advance(by=SPANS.get(what))
            flash(_("Time has passed: %(n)s timers and jobs ran.", n=fired), "success")
    return redirect(url_for("releases.try_out", draft_id=draft_id))


@blueprint.route("/drafts/<int:draft_id>/try/tasks/<item_id>", methods=["GET", "POST"])
@entry(*MAY_READ)
def trial_task(draft_id: int, item_id: str) -> Response | str | tuple[str, int]:
    """Show a task's form in the sandbox, and complete it."""
    draft = services().drafts.open(draft_id, SYSTEM)
    spoken, status = language(), 200
    try:
        with _box(draft_id).acting(item_id) as (inner, who, on_behalf):
            served = inner.work.form(item_id, who)
            shown = {"name": served.item.name, "name_en": served.item.name_en}
            form = build_form(served.definition, served.context, spoken, served.data) if served.definition else None
            if request.method == "POST" and not (form is not None and form.row_button()):
                try:
                    raw = form.raw(_keep(inner, served.item, who)) if form is not None else {}
                    inner.work.complete(item_id, raw, who, on_behalf=on_behalf)
                    done = True
                except Invalid as error:
                    done, status = False, 422
                    if form is not None:
                        form.show_errors(error.errors)
            else:
                done = False
            # What the page needs is taken along: nothing of the sandbox's database is asked for outside.
            fields = SimpleNamespace(nodes=form.nodes, problems=form.problems, name_of_file=str) if form else None
    except NotFound:
        abort(404)
    except ChengnuoError as error:
        flash(said(error), "error")
        return redirect(url_for("releases.try_out", draft_id=draft_id))
    if done:
        flash(_("Done: %(task)s.", task=shown["name_en"] if spoken == "en" else shown["name"]), "success")
        return redirect(url_for("releases.try_out", draft_id=draft_id))
    page = render_template("releases/try_task.html", draft=draft, item_id=item_id, form=fields, who=who,
                           task=SimpleNamespace(**shown))
    return (page, status) if status != 200 else page


def _keep(inner: Any, item: Any, who: Any) -> Any:
    def keep(file: FileStorage) -> str:
        return str(inner.desk.attach(file, item.case_id, item.id, "upload", who))

    return keep
