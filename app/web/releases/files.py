"""Files on their way in and out: uploads, sources for the viewers, pictures, whole bundles."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePosixPath

from flask import Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from app.engine.drawing.scene import scenes
from app.errors import ChengnuoError, Invalid, Refused
from app.exports.pictures import pdf, png, svg
from app.facts import SYSTEM
from app.services.interchange import pack
from app.web.answers import said
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.releases.blueprint import MAY_EDIT, MAY_READ, blueprint
from app.web.shell import now
from app.wiring import services

TYPES = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
SIDES = ("before", "after")
# An SVG is opened as a page of its own: nothing in it may run or fetch.
LOCKED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@blueprint.get("/import")
@entry(*MAY_EDIT)
def import_page() -> str:
    """Ask for a file."""
    return _import_page(())


def _import_page(problems: object) -> str:
    drafts = [row for row, _count in services().drafts.listing(SYSTEM, ("editing",), 100)]
    return render_template("releases/import.html", drafts=drafts, problems=problems, chosen=request.values.get("draft"))


@blueprint.post("/import")
@entry(*MAY_EDIT)
def import_file() -> Redirect | tuple[str, int]:
    """Keep an uploaded file in a change set."""
    upload, chosen = request.files.get("file"), request.form.get("draft", "")
    draft_id = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    name = (upload.filename or "file") if upload is not None else "file"
    content = upload.read() if upload is not None else b""
    try:
        done = services().interchange.import_file(name, content, actor(), draft_id)
    except Refused as refused:
        return _import_page([(one.line, one.message(language())) for one in refused.findings]), 422
    except Invalid as error:
        return _import_page([(None, one.message(language())) for one in error.errors]), 422
    except ChengnuoError as error:
        return _import_page([(None, said(error))]), 409
    if done.laid_out:
        flash(_("%(n)s diagrams came without a drawing and were laid out.", n=len(done.laid_out)), "success")
    if done.skipped:
        flash(_("Left out, since no bundle holds such files: %(names)s", names=", ".join(done.skipped[:10])), "info")
    if len(done.paths) == 1:
        return redirect(url_for("releases.compare_file", draft_id=done.draft_id, path=done.paths[0]))
    return redirect(url_for("releases.changes", draft_id=done.draft_id))


@blueprint.get("/drafts/<int:draft_id>/side/<side>/<path:path>")
@entry(*MAY_READ)
def side(draft_id: int, side: str, path: str) -> Response:
    """Give a file as it is before or after the change set, for the viewers."""
    answer = Response(_side(draft_id, side, path), content_type="application/xml; charset=utf-8")
    answer.headers["Content-Security-Policy"] = LOCKED
    return answer


def _side(draft_id: int, which: str, path: str) -> bytes:
    content = services().releases.pair(draft_id, path)[SIDES.index(which)] if which in SIDES else None
    if content is None:
        abort(404)
    return content


@blueprint.get("/drafts/<int:draft_id>/picture/<form>/<path:path>")
@entry(*MAY_READ)
def draft_picture(draft_id: int, form: str, path: str) -> Response:
    """Give a diagram of a change set as SVG, PNG or PDF."""
    return _picture(_side(draft_id, "after", path), form, path)


@blueprint.get("/releases/<int:deployment_id>/picture/<form>/<path:path>")
@entry(*MAY_READ)
def picture(deployment_id: int, form: str, path: str) -> Response:
    """Give a released diagram as SVG, PNG or PDF."""
    content = services().definitions.files(deployment_id).get(path)
    if content is None:
        abort(404)
    return _picture(content, form, path)


def _picture(content: bytes, form: str, path: str) -> Response:
    if form not in TYPES or not path.endswith(".bpmn"):
        abort(404)
    planes = scenes(content, path)
    wanted = request.args.get("plane")
    planes = tuple(one for one in planes if one.element == wanted) if wanted else planes
    if not planes:
        abort(404)
    stem = PurePosixPath(path).stem if not wanted else f"{PurePosixPath(path).stem}.{wanted}"
    made = {"svg": lambda: svg(planes[0]).encode(), "png": lambda: png(planes[0]),
            "pdf": lambda: pdf(planes, planes[0].name or stem, now())}[form]()  # fmt: skip
    answer = _download(made, TYPES[form], f"{stem}.{form}")
    answer.headers["Content-Security-Policy"] = LOCKED
    return answer


@blueprint.get("/drafts/<int:draft_id>/bundle.zip")
@entry(*MAY_READ)
def draft_bundle(draft_id: int) -> Response:
    """Give everything that a release of the change set would deploy."""
    services().drafts.open(draft_id, SYSTEM)
    return _download(pack(services().drafts.bundle(draft_id)), "application/zip", f"chengnuo-draft-{draft_id}.zip")


@blueprint.get("/releases/<int:deployment_id>/bundle.zip")
@entry(*MAY_READ)
def bundle(deployment_id: int) -> Response:
    """Give the files of a deployment, byte for byte."""
    files = services().definitions.files(deployment_id)
    return _download(pack(files), "application/zip", f"chengnuo-release-{deployment_id}.zip")


def _download(content: bytes, media_type: str, name: str) -> Response:
    return send_file(BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name)
