"""Papers, whole cases and the history on their way out of the house."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request, send_file
from flask_babel import force_locale

from app.errors import FieldError, Invalid, NotFound
from app.exports.archive import archive, safe_name
from app.exports.dossier import Dossier, dossier_pdf
from app.exports.papers import paper_pdf
from app.facts import Actor
from app.services import event_logs
from app.services.case_files import EXPORTERS
from app.store.models import Case, History
from app.store.queries import case_page
from app.web.dossiers import EVERYTHING, dossier_of
from app.web.entry import STAFF, actor, entry
from app.web.printing import printed
from app.web.problems import language
from app.web.shell import LOCALES, now, zone
from app.wiring import services

blueprint = Blueprint("exports", __name__)
LANGUAGE = "zh"  # of the company's papers; ?lang=en gives a reading copy


@blueprint.get("/papers/<number>.pdf")
@entry(STAFF)
def paper(number: str) -> Response:
    """Print all copies of a paper."""
    return paper_response(number)


@blueprint.get("/exports/<form>")
@entry(*sorted(event_logs.EXPORTERS))
def event_log(form: str) -> Response:
    """Take the history of a period out as an event log."""
    return event_log_response(form)


@blueprint.get("/cases/<number>/file.<form>")
@entry(*sorted(EXPORTERS))
def case_file(number: str, form: str) -> Response:
    """Take the whole case out, as PDF or ZIP."""
    return case_file_response(number, form)


def paper_response(number: str) -> Response:
    """Return a paper's PDF; raises NotFound where its case may not be seen."""
    found = case_page.paper(number)
    case = _seen(found.row.case_id) if found is not None and found.row.case_id else None
    if found is None or case is None:
        raise NotFound("There is no such paper.", "没有这份单据。")
    return paper_file(found, case)


def paper_file(found: case_page.Paper, case: Case) -> Response:
    """Return the PDF of a paper of a case, for whoever may have it."""
    with _language():
        content = paper_pdf(printed(found, case))
    return _download(BytesIO(content), "application/pdf", f"{found.row.number}.pdf")


def case_file_response(number: str, form: str) -> Response:
    """Return the whole case as "pdf" or "zip"; raises NotFound, NotAllowed."""
    case = case_page.by_number(number)
    if case is None or form not in ("pdf", "zip"):
        raise NotFound("There is no such case.", "没有这个个案。")
    name, who = case.number or case.id, actor()
    services().case_files.taken(case.id, name, form, who)
    with _language():
        dossier = dossier_of(case, who)
        if form == "pdf":
            return _download(BytesIO(dossier_pdf(dossier)), "application/pdf", f"{name}.pdf")
        packed = archive(_files(case, dossier, who), now().astimezone(zone()))
    return _download(packed, "application/zip", f"{name}.zip")


def event_log_response(form: str) -> Response:
    """Return the log of what began from the day `from` to the day `to`; raises Invalid (form, from, to), NotAllowed."""
    since, until = _day("from"), _day("to")
    log = services().event_logs.export(form, actor(), since, until and until + timedelta(days=1), language())
    media_type, ending = event_logs.FORMS[form]
    name = "-".join(["chengnuo", *(f"{day:%Y%m%d}" for day in (since, until) if day)])
    return _download(log, media_type, f"{name}.{ending}")


def _day(field: str) -> datetime | None:
    """Return the beginning of a day in the company's zone; raises Invalid."""
    given = request.args.get(field)
    try:
        return datetime.combine(date.fromisoformat(given), time(), zone()) if given else None
    except ValueError as error:
        raise Invalid([FieldError(field, "A day, as 2026-03-02.", "应为日期，例如 2026-03-02。")]) from error


def _seen(case_id: str) -> Case | None:
    return services().cases.row(case_id) if services().cases.may_see(case_id, actor()) else None


def _language() -> AbstractContextManager[Any]:
    asked = request.args.get("lang", LANGUAGE)
    return force_locale(asked) if asked in LOCALES else nullcontext()


def _files(case: Case, dossier: Dossier, who: Actor) -> Iterator[tuple[str, bytes]]:
    """Give the files of a case one by one: attachments may be large."""
    yield f"{safe_name(dossier.number)}.pdf", dossier_pdf(dossier)
    record = {"number": dossier.number, "facts": dossier.facts, "description": dossier.description[1],
              "sections": [asdict(section) for section in dossier.sections]}
    yield "record.json", json.dumps(record, ensure_ascii=False, indent=1).encode()
    yield "history.json", json.dumps([_event(row) for row in case_page.history(case.id, size=EVERYTHING)][::-1],
                                     ensure_ascii=False, indent=1).encode()
    for one in dossier.papers:
        yield f"papers/{safe_name(one.number)}.pdf", paper_pdf(one)
    for place, row in enumerate(case_page.attachments(case.id), 1):
        yield f"files/{place:03d}-{safe_name(row.name)}", services().desk.file(row.id, who).content


def _event(row: History) -> dict[str, Any]:
    return {"seq": row.seq, "at": row.at.isoformat(), "instance": row.instance_id, "process": row.process,
            "element": row.element_id, "type": row.type, "activity": row.activity, "transition": row.transition,
            "actor": row.actor, "group": row.group_code, "attempt": row.attempt, "detail": row.detail}


def _download(content: Any, media_type: str, name: str) -> Response:
    answer = send_file(content, mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
