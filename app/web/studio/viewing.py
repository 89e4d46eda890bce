"""A released version, to be looked at: its diagram, its table or its form, with nothing that could change it."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import render_template

from app.services.drafts import kind_of
from app.services.studio import name_file
from app.web.entry import entry
from app.web.studio.blueprint import MAY_READ, blueprint
from app.web.studio.editing import file_answer
from app.web.studio.form_pages import preview_of
from app.web.studio.pages import title_of
from app.web.studio.reading import decision_of, process_of
from app.wiring import services


@blueprint.get("/versions/<int:deployment_id>/<path:path>")
@entry(*MAY_READ)
def version(deployment_id: int, path: str) -> str:
    """Show a file as it was released."""
    content = services().studio.file(deployment_id, path)
    shown = {"process": process_of, "decision": decision_of, "form": _form}[kind_of(path)](content, path)
    release = next((one for one in services().studio.releases(path) if one.deployment_id == deployment_id), None)
    return render_template("studio/version.html", file=name_file(path, content), deployment_id=deployment_id,
                           release=release, title_of=title_of, path=path, **shown)


@blueprint.get("/files/<int:deployment_id>/<path:path>")
@entry(*MAY_READ)
def released_file(deployment_id: int, path: str) -> FlaskResponse:
    """Give a file as it was released; `download` names it."""
    return file_answer(path, services().studio.file(deployment_id, path), {})


def _form(content: bytes, path: str) -> dict[str, Any]:
    form, findings = preview_of(content, path)
    return {"form": form, "findings": findings}


