"""The documents, their originals, and the conflicts between them."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from app.errors import Invalid, NotFound
from app.services.desk import StoredFile
from app.services.policy_originals import TAKEN
from app.store.queries import people
from app.store.queries import policy as rows
from app.web.entry import actor, entry
from app.web.files import file_response
from app.web.policy import showing
from app.web.policy.blueprint import MAY_READ, blueprint, page_number
from app.web.problems import language
from app.wiring import services

LINES = 400  # of an original, on one page


@blueprint.get("/documents")
@entry(*MAY_READ)
def documents() -> str:
    """List the documents, the company's and the law's."""
    register = services().register
    counts: dict[str, int] = {}
    for one in (*register.clauses.values(), *register.law.values()):
        counts[one.document] = counts.get(one.document, 0) + 1
    return render_template("policy/documents.html", register=register, counts=counts, open_keys=rows.open_keys(),
                           originals={one.document: one for one in rows.originals()})


@blueprint.get("/documents/<key>")
@entry(*MAY_READ)
def document(key: str) -> str:
    """Read what is known of a document: its parts, clauses by section, originals, history."""
    return _document(key)


def _document(key: str, error: str = "") -> str:
    register, changes = services().register, rows.of_entry("document", key)
    text = register.texts.get(key)
    if text is None and not changes:
        raise NotFound("There is no such document.", "没有这份制度文件。")
    sections: dict[str, list[Any]] = {}
    for one in (*register.clauses.values(), *register.law.values()):
        if one.document == key:
            sections.setdefault(one.section, []).append(one)
    earlier = rows.earlier_originals(key)
    names = {name for one in changes for name in (one.proposed_by, one.decided_by) if name}
    return render_template(
        "policy/document.html", key=key, text=text, register=register, sections=sections, changes=changes, error=error,
        own_parts=[one for one in register.texts.values() if one.part_of == key], showing=showing, taken=TAKEN,
        original=services().originals.of(key, register) if text is not None else None, earlier=earlier,
        display=people.display_names(names | {one.uploaded_by for one in earlier}))


@blueprint.route("/documents/<key>/original", methods=["GET", "POST"])
@entry(*MAY_READ)
def original(key: str) -> Redirect | str | tuple[str, int]:
    """Open the original at a line; compliance uploads a new one."""
    register = services().register
    if request.method == "POST":
        return _upload(key)
    row = services().originals.of(key, register) if key in register.texts else None
    if row is None:
        raise NotFound("The original of this document was not uploaded yet.", "尚未上传此文件的原文。")
    full, wanted = services().originals.read(row.id), request.args.get("line", "")
    line = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 7 else 0
    last = max(1, -(-len(full.lines) // LINES))
    number = (line - 1) // LINES + 1 if 0 < line <= len(full.lines) else page_number(request.args.get("page"))
    number = min(number, last)
    start = (number - 1) * LINES
    family = {key, full.document, *(one.id for one in register.texts.values() if one.part_of == full.document)}
    at_line: dict[int, list[str]] = {}
    for one in register.clauses.values():
        if one.document in family and one.line:
            at_line.setdefault(one.line, []).append(one.id)
    return render_template(
        "policy/original.html", key=key, original=full, register=register, line=line, number=number, last=last,
        lines=list(enumerate(full.lines[start:start + LINES], start + 1)), at_line=at_line,
        clause=request.args.get("clause", "")[:40], display=people.display_names({full.uploaded_by}))


def _upload(key: str) -> Redirect | tuple[str, int]:
    file = request.files.get("file")
    try:
        services().originals.upload(key, (file.filename if file else "") or "", file.read() if file else b"", actor(),
                                    services().register)
    except Invalid as error:
        return _document(key, error.errors[0].message(language())), 422
    flash(_("The original is kept; clauses open it at their places."), "success")
    return redirect(url_for("policy.document", key=key))


@blueprint.get("/originals/<int:original_id>/file")
@entry(*MAY_READ)
def original_file(original_id: int) -> Response:
    """Download an original as it was uploaded."""
    row = services().originals.read(original_id, with_content=True)
    return file_response(StoredFile(str(row.id), row.name, row.media_type, row.size, row.content))


@blueprint.get("/conflicts")
@entry(*MAY_READ)
def conflicts() -> str:
    """List where the texts disagree, and the rule that decides."""
    return render_template("policy/conflicts.html", register=services().register, open_keys=rows.open_keys())


@blueprint.get("/conflicts/<key>")
@entry(*MAY_READ)
def conflict(key: str) -> str:
    """Read a conflict and how it is decided."""
    register, changes = services().register, rows.of_entry("conflict", key)
    found = register.conflicts.get(key)
    if found is None and not changes:
        raise NotFound("There is no such conflict.", "没有这个冲突。")
    return render_template(
        "policy/conflict.html", key=key, conflict=found, register=register, changes=changes, showing=showing,
        display=people.display_names({name for one in changes for name in (one.proposed_by, one.decided_by) if name}))


