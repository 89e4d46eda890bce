"""Files: uploaded before they are named in a form, downloaded by who may see their case."""

from __future__ import annotations

from flask import Response, jsonify, request

from app.errors import FieldError, Invalid, NotFound
from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api.blueprint import api
from app.web.api.describe import TEXT, Schema, describe, meant, record
from app.web.api.idempotency import idempotent
from app.web.api.request import scope
from app.web.entry import actor, entry
from app.web.files import file_response
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Upload": record(("file",), file={"type": "string", "format": "binary"}, case=meant(TEXT, "number of a case"),
                     task=TEXT, received_via=TEXT),
    "File": record(id=TEXT),
}


@api.post("/files")
@entry("staff")
@describe("Upload a file; its id goes into filepicker and signature values", "files", body="Upload", answer="File",
          status=201, errors=(404, 413, 422), creates=True)
@idempotent
def upload_file() -> Response:
    """Keep a file; without a case it is its uploader's until a form names it."""
    file = request.files.get("file")
    if file is None:
        raise Invalid([FieldError("file", "Is required (multipart/form-data).", "必填（multipart/form-data）。")])
    file_id = services().desk.attach(file, _case_id(request.form.get("case")), request.form.get("task") or None,
                                     request.form.get("received_via") or "upload", actor())
    answer = jsonify({"id": file_id})
    answer.status_code = 201
    return answer


@api.get("/files/<file_id>")
@entry("staff")
@describe("Download a file", "files", errors=(404,))
def get_file(file_id: str) -> Response:
    """Download a file."""
    return file_response(services().desk.file(file_id, actor()))


def _case_id(number: str | None) -> str | None:
    if not number:
        return None
    row = queries.case(reading(), scope(), number)
    if row is None:
        raise NotFound("There is no such case.", "没有这个个案。")
    found: str = row.id
    return found
