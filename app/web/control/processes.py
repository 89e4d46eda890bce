"""The process picture: per process and version, what stands at each element and how long it takes, with its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response as FlaskResponse
from flask import abort, make_response, render_template, request, url_for
from flask_babel import gettext as _

from app.services.throughput import Figures
from app.store.queries import control_list, control_process
from app.store.queries.control_board import Span
from app.store.unit_of_work import reading
from app.web.control.base import LOOKS, blueprint, group_names, periods, process_names, span_of, span_query
from app.web.control.search import quoted
from app.web.countdown import span as in_words
from app.web.entry import entry
from app.web.shell import named
from app.web.words import word
from app.wiring import services

ACTIVITIES = frozenset({"userTask", "callActivity", "subProcess", "receiveTask"})
LASTS = ACTIVITIES | {"serviceTask"}  # whose length means something
MUCH_LATE = 0.1  # share of late runs from which an element is marked as late
SOME_LATE = 0.0
LAYERS = ("now", "finished", "median", "late")


@dataclass(frozen=True)
class Row:
    """One element in the table and on the diagram."""

    id: str
    name: str
    kind: str
    lane: str
    figures: Figures
    median: str
    p90: str
    heat: str  # "" | ok | soon | late: how it stands, said in words beside it
    verdict: str
    standing: str  # addresses of the cases behind the numbers
    passed: str
    late: str
    called: str | None


@blueprint.get("/processes")
@entry(*LOOKS)
def processes() -> str:
    """List the processes with their versions and what runs on them."""
    names, running = process_names(), control_process.versions_in_use(reading())
    rows = [(key, name, control_list.versions_of(key)) for key, name in names.items()]
    return render_template("control/processes.html", rows=rows, running=running)


@blueprint.get("/processes/<key>")
@entry(*LOOKS)
def process(key: str) -> str:
    """Show the diagram of a process with its figures over a span of time, and the same as a table."""
    versions, version = control_list.versions_of(key), request.args.get("version", "")
    if not versions or (version and version not in {str(one.version) for one in versions}):
        abort(404)
    drawn = next((one for one in versions if str(one.version) == version), versions[0])
    definitions = control_list.definition_ids(key, drawn.version) if version else None
    span, spec = span_of(request.args), services().runtime.library.spec(drawn.id)
    figures = services().throughput.picture(key, spec.elements, definitions, span.first, span.last)
    groups = group_names()
    rows = [_row(element, figures[element.id], groups, span, f"{key}/{version}" if version else "")
            for element in spec.elements if element.process == key and element.name and _is_shown(
                element, figures[element.id])]
    ordered = sorted(rows, key=lambda row: (-row.figures.now.instances, -row.figures.finished))
    layer = request.args.get("layer", "")
    return render_template(
        "control/process.html", key=key, name=named(drawn), versions=versions, version=version, drawn=drawn,
        rows=ordered, marks=[_mark(row) for row in rows], span=span, periods=periods(),
        layer=layer if layer in LAYERS else "now", query=span_query(span), names=process_names())


def _is_shown(element: Any, figures: Figures) -> bool:
    """Return whether an element is told: all work, and events and services where something happened."""
    if element.type in ACTIVITIES:
        return True
    if element.type in ("boundaryEvent", "intermediateCatchEvent", "endEvent"):
        return bool(figures.finished or figures.now.instances)
    return bool(figures.now.instances)


def _row(element: Any, figures: Figures, groups: Any, span: Span, version: str) -> Row:
    share, term = figures.late_share, quoted("element", f"{element.process}/{element.id}")
    heat, verdict = _heat(figures)
    where = f"{term} version:{version}" if version else term
    passed = f"passed:{element.process}/{element.id} from:{span.first} to:{span.last}"
    if version:
        passed += f" version:{version}"
    listed = element.type not in ("callActivity", "subProcess")
    return Row(
        element.id, named(element), word(element.type, "element_type"),
        groups.get(element.lane, element.lane_name or ""),
        figures, _length(element, figures.median), _length(element, figures.p90), heat, verdict,
        url_for("control.instances", q=where) if listed else
        url_for("control.instances", q=f"process:{element.called}") if element.called else "",
        url_for("control.instances", q=passed),
        url_for("control.instances", q=passed.replace(f"/{element.id}", f"/{element.id}/late", 1))
        if share and element.type == "userTask" else "",
        element.called)


def _length(element: Any, value: timedelta | None) -> str:
    """Return a length in words; events have none."""
    if value is None or element.type not in LASTS:
        return ""
    return in_words(value) if value else _("at once")


def _heat(figures: Figures) -> tuple[str, str]:
    """Return the colour of an element and the words that say the same."""
    now, share = figures.now, figures.late_share
    if now.failed:
        return "late", _("%(n)s failed", n=now.failed)
    if now.late or (share is not None and share > MUCH_LATE):
        return "late", _("%(n)s late now", n=now.late) if now.late else _("often late")
    if share is not None and share > SOME_LATE:
        return "soon", _("sometimes late")
    return ("ok", _("on time")) if share is not None else ("", "")


def _mark(row: Row) -> dict[str, Any]:
    """Return what the diagram shows at an element, for each layer."""
    share = row.figures.late_share
    return {
        "id": row.id, "heat": row.heat, "href": row.standing, "passed": row.passed,
        "now": str(row.figures.now.instances) if row.figures.now.instances else "",
        "finished": str(row.figures.finished) if row.figures.finished else "",
        "median": row.median, "late": f"{share:.0%}" if share else "",
        "title": f"{row.name}: {row.figures.now.instances} / {row.figures.finished} / {row.median}",
    }


@blueprint.get("/processes/<key>/diagram.bpmn")
@entry(*LOOKS)
def process_source(key: str) -> FlaskResponse:
    """Give the BPMN of a version of a process."""
    versions: Sequence[Any] = control_list.versions_of(key)
    wanted = request.args.get("version", "")
    found = next((one for one in versions if str(one.version) == wanted), versions[0] if versions else None)
    if found is None:
        abort(404)
    answer = make_response(services().runtime.library.diagram(found.id))
    answer.headers["Content-Type"] = "application/xml; charset=utf-8"
    return answer
