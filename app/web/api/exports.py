"""Papers and whole cases as files."""

from __future__ import annotations

from flask import Response

from app.services import event_logs
from app.services.case_files import EXPORTERS
from app.web import exports
from app.web.api.blueprint import api
from app.web.api.describe import Schema, describe
from app.web.entry import entry

SCHEMAS: dict[str, Schema] = {}


@api.get("/papers/<number>.pdf")
@entry("staff")
@describe("All copies of a numbered paper as PDF; `lang=en` for a reading copy", "papers", query=("lang",),
          errors=(404,))
def get_paper(number: str) -> Response:
    """Print a paper."""
    return exports.paper_response(number)


@api.get("/cases/<number>/file.<form>")
@entry(*sorted(EXPORTERS))
@describe("The whole case for a regulator: `form` is pdf or zip", "cases", query=("lang",), errors=(403, 404))
def get_case_file(number: str, form: str) -> Response:
    """Take a whole case out."""
    return exports.case_file_response(number, form)


@api.get("/exports/<form>")
@entry(*sorted(event_logs.EXPORTERS))
@describe("The history of what began in a period: `form` is xes, ocel-json, ocel-xml, ocel-sqlite or xlsx", "exports",
          query=("from", "to", "lang"), errors=(403, 422))
def get_event_log(form: str) -> Response:
    """Take the history out as an event log."""
    return exports.event_log_response(form)
