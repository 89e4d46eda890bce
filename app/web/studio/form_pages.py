"""The form editor: a list of fields beside its live preview; everything works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Conflict, Finding, Invalid, Refused
from app.services import form_editing as editing
from app.services.studio import name_file
from app.userforms import FormContext, read_form
from app.userforms.wtf import WebForm, build_form
from app.web.answers import by_field, said
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.shell import zone
from app.web.studio import words
from app.web.studio.answering import problem as problem_answer
from app.web.studio.blueprint import MAY_EDIT, MAY_READ, blueprint
from app.web.studio.pages import revision, title_of
from app.wiring import services


def preview_of(content: bytes, path: str) -> tuple[WebForm | None, tuple[Finding, ...]]:
    """Return the form as people will get it, every field shown; None with the findings where it can't be drawn."""
    try:
        definition = read_form(content, path)
    except Refused as refused:
        return None, refused.findings
    context = FormContext({}, lambda _text, _variables: None, zone=zone().key)
    given = {found.key: _("(filled in by the system)") for found in definition.fields
             if found.component.readonly and found.component.type in {"textfield", "textarea"}}  # fmt: skip
    return build_form(definition, context, language(), given), ()


def page(row: Any, path: str, content: bytes, now: int, editable: bool, *, given: Mapping[str, str] | None = None,
         errors: Mapping[str, str] | None = None, problem: str = "", open_: str = "") -> str:
    """Return the editor's page for a form; `given` is what was sent and could not be kept."""
    try:
        form = editing.load(content)
        if given is not None and not errors:
            form = editing.apply(form, given)
    except Invalid:
        form = {"components": []}
        errors = {**(errors or {}), "top.name": _("The form can't be read.")}
    return render_template(
        "studio/form.html", draft=row, path=path, revision=now, editable=editable, file=name_file(path, content),
        head=editing.head(form), rows=editing.rows(form), title_of=title_of, errors=errors or {}, problem=problem,
        given=given or {}, open_=open_, types=[(kind, words.FIELD_TYPES[kind]) for kind in editing.TYPES],
        input_types=[(kind, words.FIELD_TYPES[kind]) for kind in editing.TYPES if kind in editing.INPUTS],
        subtypes=[(kind, words.SUBTYPES[kind]) for kind in editing.SUBTYPES], hints=words.FIELD_HINTS,
        findings=services().studio.file_findings(row.id, path, content), parents=editing.PARENTS,
        labels=words.FIELD_LABELS,
    )  # fmt: skip


@blueprint.get("/drafts/<int:draft_id>/preview/<path:path>")
@entry(*MAY_READ)
def preview(draft_id: int, path: str) -> str:
    """Show the form as people will get it."""
    services().drafts.open(draft_id, actor())
    content, _now = services().drafts.read(draft_id, path)
    form, findings = preview_of(content, path)
    checked = services().studio.file_findings(draft_id, path, content)
    template = "studio/preview.html" if "page" in request.args else "studio/_preview.html"
    return render_template(template, form=form, findings=checked or findings, draft_id=draft_id, path=path)


@blueprint.post("/drafts/<int:draft_id>/form/<path:path>")
@entry(*MAY_EDIT)
def edit_form(draft_id: int, path: str) -> Response | FlaskResponse | tuple[str, int]:
    """Keep what was edited, then add, move or remove a field if a button said so; a script gets JSON."""
    drafts, quiet = services().drafts, request.accept_mimetypes.best == "application/json"
    content, _now = drafts.read(draft_id, path)
    try:
        form = editing.apply(editing.load(content), request.form)
        open_ = _act(form, request.form.get("_action", "save"))
        kept = drafts.save(draft_id, path, editing.dump(form, content), revision(), actor())
    except Invalid as error:
        if quiet:
            return problem_answer(error)
        row = drafts.open(draft_id, actor())
        return page(row, path, content, revision(), True, given=request.form, errors=by_field(error)), 422
    except Conflict as error:
        if quiet or "revision" not in error.detail:
            return problem_answer(error)
        flash(_("Yours is not saved: compare, then save again to put yours in place of theirs."), "error")
        row, newer = drafts.open(draft_id, actor()), int(error.detail["revision"])
        return page(row, path, content, newer, True, given=request.form, problem=said(error)), 409
    if quiet:
        return jsonify({"revision": kept})
    target = url_for("studio.editor", draft_id=draft_id, path=path, open=open_)
    return redirect(f"{target}#field-{open_}" if open_ else target)


def _act(form: dict[str, Any], action: str) -> str:
    """Do what a button says and return the field to open; raises Invalid."""
    verb, _colon, place = action.partition(":")
    if verb in {"up", "down"}:
        return editing.move(form, place, -1 if verb == "up" else 1)
    if verb == "remove":
        editing.remove(form, place)
    if verb == "add":
        kind = request.form.get(f"_type.{place}", "textfield")
        return editing.add(form, kind, place)
    return request.form.get("_open", "")
