"""The editors' pages, and what they ask while somebody works: save, check, tidy, one expression, the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response as FlaskResponse
from flask import jsonify, make_response, render_template, request, url_for

from app.errors import ChengnuoError, FieldError, Invalid, Refused
from app.services.drafts import kind_of
from app.services.studio import name_file
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.studio import form_pages
from app.web.studio.answering import as_rows, problem
from app.web.studio.blueprint import MAY_EDIT, MAY_READ, blueprint
from app.web.studio.pages import title_of
from app.web.studio.reading import decision_of
from app.web.studio.texts import editor_texts
from app.wiring import services

STYLES_FROM_SCRIPTS = "style-src 'self' 'unsafe-inline'"  # dmn-js sets its columns' widths by style elements


@blueprint.get("/drafts/<int:draft_id>/edit/<path:path>")
@entry(*MAY_READ)
def editor(draft_id: int, path: str) -> FlaskResponse | str:
    """Open a file of a change set in its editor; who may only read gets a canvas that changes nothing."""
    drafts = services().drafts
    row = drafts.open(draft_id, actor())
    content, revision = drafts.read(draft_id, path)
    editable = drafts.may_edit(actor()) and row.state == "editing"
    kind = kind_of(path)
    if kind == "form":
        return form_pages.page(row, path, content, revision, editable, open_=request.args.get("open", "")[:20])
    imported = path in drafts.imported(draft_id)
    if kind == "decision" and not editable:
        return render_template("studio/read_decision.html", draft=row, path=path, file=name_file(path, content),
                               title_of=title_of, editable=False, imported=imported, **decision_of(content, path))
    answer = make_response(render_template(
        f"studio/{'bpmn' if kind == 'process' else 'dmn'}.html", draft=row, path=path, revision=revision,
        file=name_file(path, content), title_of=title_of, editable=editable, imported=imported,
    ))  # fmt: skip
    if kind == "decision":
        answer.headers["Content-Security-Policy"] = with_inline_styles()
    return answer


def with_inline_styles() -> str:
    """Return the content security policy of the one page that needs inline styles."""
    return (
        f"default-src 'none'; script-src 'self'; {STYLES_FROM_SCRIPTS}; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@blueprint.get("/drafts/<int:draft_id>/content/<path:path>")
@entry(*MAY_READ)
def content(draft_id: int, path: str) -> FlaskResponse:
    """Give a file of a change set as it stands, with its revision in a header; `download` names it.

    `original` asks for it as it was imported.
    """
    drafts = services().drafts
    drafts.open(draft_id, actor())
    if "original" in request.args:
        return file_answer(path, drafts.original(draft_id, path), {})
    data, revision = drafts.read(draft_id, path)
    return file_answer(path, data, {"X-Revision": str(revision)})


def file_answer(path: str, data: bytes, headers: Mapping[str, str]) -> FlaskResponse:
    """Return a definition's file: inert where it is opened, named where it is downloaded."""
    answer = make_response(data)
    kind = "application/json" if path.endswith(".json") else "application/xml"
    answer.headers["Content-Type"] = f"{kind}; charset=utf-8"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers.update(headers)
    if "download" in request.args:
        answer.headers["Content-Disposition"] = f'attachment; filename="{path.rpartition("/")[2]}"'
    return answer


@blueprint.get("/drafts/<int:draft_id>/vocabulary/<path:path>")
@entry(*MAY_READ)
def vocabulary(draft_id: int, path: str) -> FlaskResponse:
    """Give what the panel offers, and its words in the reader's language."""
    services().drafts.open(draft_id, actor())
    found = services().studio.vocabulary(draft_id, path)
    links = {"editor": url_for("studio.editor", draft_id=draft_id, path="PATH")}
    return jsonify({**found, "texts": editor_texts(), "locale": language(), "links": links})


@blueprint.post("/drafts/<int:draft_id>/save/<path:path>")
@entry(*MAY_EDIT)
def save(draft_id: int, path: str) -> FlaskResponse:
    """Keep a file that was edited: {content, revision} to {revision}; 409 gives who was first, and both texts."""
    try:
        body = _body()
        revision = services().drafts.save(draft_id, path, body["content"].encode(), body["revision"], actor())
    except ChengnuoError as error:
        return problem(error)
    return jsonify({"revision": revision})


@blueprint.post("/drafts/<int:draft_id>/check/<path:path>")
@entry(*MAY_READ)
def check(draft_id: int, path: str) -> FlaskResponse:
    """Say what the lint finds in a file as it is edited now: {content} to {findings}."""
    try:
        services().drafts.open(draft_id, actor())
        services().drafts.read(draft_id, path)
        found = services().studio.file_findings(draft_id, path, _body(revision=False)["content"].encode())
    except Refused as refused:
        return jsonify({"findings": as_rows(refused.findings)})
    except ChengnuoError as error:
        return problem(error)
    return jsonify({"findings": as_rows(found)})


@blueprint.post("/drafts/<int:draft_id>/lost/<path:path>")
@entry(*MAY_READ)
def lost(draft_id: int, path: str) -> FlaskResponse:
    """Say what an editor that has only opened a file would not keep of it: {content} to {lost: [in words]}."""
    try:
        services().drafts.open(draft_id, actor())
        found = services().studio.lost(draft_id, path, _body(revision=False)["content"].encode())
    except ChengnuoError as error:
        return problem(error)
    return jsonify({"lost": [one.words(language()) for one in found]})


@blueprint.post("/drafts/<int:draft_id>/tidy/<path:path>")
@entry(*MAY_READ)
def tidy(draft_id: int, path: str) -> FlaskResponse:
    """Draw a diagram anew: {content} to {content}; nothing is saved."""
    try:
        services().drafts.open(draft_id, actor())
        services().drafts.read(draft_id, path)
        data = services().studio.tidied(_body(revision=False)["content"].encode(), path)
    except ChengnuoError as error:
        return problem(error)
    return jsonify({"content": data.decode()})


@blueprint.post("/expression")
@entry(*MAY_READ)
def expression() -> FlaskResponse:
    """Judge one expression while it is typed: {text, kind} to {ok, type, message, position}."""
    given = request.get_json(silent=True)
    given = given if isinstance(given, dict) else {}
    try:
        verdict = services().studio.expression(str(given.get("text", "")), str(given.get("kind", "")))
    except ChengnuoError as error:
        return problem(error)
    message = verdict.error_zh if language() == "zh" else verdict.error_en
    return jsonify({"ok": verdict.ok, "type": verdict.type, "names": verdict.names, "message": message,
                    "position": verdict.position})


def _body(revision: bool = True) -> dict[str, Any]:
    given = request.get_json(silent=True)
    text = given.get("content") if isinstance(given, dict) else None
    number = given.get("revision") if isinstance(given, dict) else None
    if not isinstance(text, str) or (revision and (not isinstance(number, int) or isinstance(number, bool))):
        raise Invalid([FieldError("content", "A text and its revision are needed.", "缺少内容或版本号。")])
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid([FieldError("content", "The text is not valid Unicode.", "内容不是有效的文字。")]) from error
    return {"content": text, "revision": number}
