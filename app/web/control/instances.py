"""Instances: found by one line of search, with facets, saved views and export; and one instance with all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from flask import Response as FlaskResponse
from flask import abort, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import ChengnuoError
from app.exports import tables
from app.services import sla_view
from app.services.sla_plan import NEVER_PAUSED
from app.store.base import db
from app.store.queries import case_page, inbox, people
from app.store.queries import control_list as queries
from app.store.queries.control_list import Facets, InstanceFilter
from app.web import data_words, diagrams
from app.web.answers import tell
from app.web.audit_words import Told
from app.web.control.base import (
    LOOKS,
    blueprint,
    group_names,
    page_number,
    process_names,
    rights,
    scope,
    vocabulary,
)
from app.web.control.search import Search, kind_of, quoted, split, understand, without
from app.web.countdown import countdown
from app.web.diagrams import seen_instance
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.shell import named, now, zone
from app.web.timeline import element_of, timeline
from app.web.words import pairs, word
from app.wiring import services

PAGE = "control"  # of saved views
SORTS = ("created", "number", "level", "due")
# Who asks for one of these wants what has ended, too; else only what runs is shown.
EVER = frozenset({"word", "customer", "passed", "sla", "from", "to", "task", "score", "cause", "age", "due", "came",
                  "closed"})


@dataclass(frozen=True)
class Option:
    """One line of a facet."""

    label: str
    number: int
    line: str  # the search that it leads to
    chosen: bool


def _search() -> Search:
    line = request.args.get("q", "").strip()[:300]
    sort = request.args.get("sort", "")
    sort = sort if sort in SORTS else "created"
    kinds = {kind_of(term) for term in split(line)}
    base = InstanceFilter(
        states=() if kinds & EVER else queries.RUNNING_STATES,
        sort=sort, descending=request.args.get("desc") == "1" or (sort == "created" and "sort" not in request.args),
        page=page_number())
    found = understand(line, vocabulary(), base)
    if sort == "due" and not found.asked.states:  # what has ended falls due no more
        found = replace(found, asked=replace(found.asked, states=queries.RUNNING_STATES))
    return found


@blueprint.get("/instances")
@entry(*LOOKS)
def instances() -> str:
    """List what one line of search finds, with how many there are of each kind."""
    search = _search()
    found = queries.conditions(scope(), search.asked)
    facets = queries.facets(found, now())
    page = queries.page(found, search.asked, facets.total)
    ids = [row.id for row in page.rows]
    where = queries.standing(ids)
    asked = search.asked
    return render_template(
        "control/instances.html", search=search, asked=asked, page=page, facets=_facets(facets, search),
        standing=where, failed=queries.with_incident(ids), waiting=_waiting(page.rows, where), groups=group_names(),
        rights=rights(), query=_query(search), views=inbox.saved_views(actor().user_id or 0, PAGE),
        colleagues=list(people.users()) if rights().hand_on else [],
        count=lambda row: countdown(row.next_due, now(), started_at=row.next_started))


@dataclass(frozen=True)
class Waiting:
    """What an instance without an open task waits for."""

    name: str
    due_at: datetime | None  # aware UTC


def _waiting(rows: Sequence[Any], tasks: Mapping[str, Any]) -> dict[str, Waiting]:
    """Return what the rows wait for in which nobody has anything to do: a time, a message or a call."""
    versions = {row.id: row.definition_id for row in rows if row.id not in tasks}
    found: dict[str, Waiting] = {}
    for instance_id, process, element_id, due_at in queries.waits(list(versions)):
        element = element_of(versions[instance_id], process, element_id)
        if element is not None and element.attached_to is None:
            found.setdefault(instance_id, Waiting(named(element), due_at))
    return found


def _query(search: Search) -> dict[str, str]:
    asked, found = search.asked, {"q": search.line} if search.line else {}
    if asked.sort != "created" or not asked.descending:
        found |= {"sort": asked.sort, "desc": "1" if asked.descending else ""}
    return {name: value for name, value in found.items() if value}


def _facets(found: Facets, search: Search) -> list[tuple[str, list[Option]]]:
    """Return the facets as (title, options); one click adds a term to the line, another takes it out."""
    asked, groups, names = search.asked, group_names(), process_names()

    def options(kind: str, rows: Sequence[tuple[str, str, int, bool]]) -> list[Option]:
        rest = without(search, kind)
        return [Option(label, number, rest if chosen else f"{rest} {term}".strip(), chosen)
                for label, term, number, chosen in rows]

    marks = [
        *options("overdue", [(_("Overdue"), "is:overdue", found.overdue, asked.overdue)]),
        *options("incident", [(_("With an incident"), "is:incident", found.incident, asked.incident)]),
    ]
    versions = [(f"{names.get(one.split('/')[0], one)} v{one.split('/')[1]}", f"version:{one}", number,
                 asked.definitions is not None) for one, number in found.version[:12]]
    elements = [(name_en if language() == "en" else name, quoted("element", element), number, asked.element == element)
                for (element, name, name_en), number in found.element]
    return [
        (_("Marks"), marks),
        (_("State"), _states(found, search)),
        (_("Level"), options("level", [(one, f"level:{one}", number, one == asked.level)
                                       for one, number in found.level])),
        (_("Stands at"), options("element", elements)),
        (_("With"), options("owner", [(groups.get(one, one), f"owner:{one}", number, one == asked.owner_group)
                                      for one, number in found.group])),
        (_("Type"), options("type", [(word(one, "type"), f"type:{one}", number, one == asked.type)
                                     for one, number in found.type])),
        (_("Version"), options("version", versions)),
    ]


def _states(found: Facets, search: Search) -> list[Option]:
    rest, states = without(search, "state"), search.asked.states
    rows = [Option(word(one, "instance_state"), number, rest if states == (one,) else f"{rest} state:{one}".strip(),
                   states == (one,)) for one, number in found.state]
    if states:  # how many there are in all is not counted for a page that does not show them
        rows.append(Option(_("Every state, ended too"), 0, f"{rest} state:all".strip(), False))
    return rows


# ---- saved views


@blueprint.post("/views")
@entry(*LOOKS)
def save_view() -> Response:
    """Keep this search under a name."""
    line = request.form.get("q", "").strip()[:300]
    with tell(_("The view is saved.")):
        services().desk.save_view(PAGE, request.form.get("name", ""), urlencode({"q": line}), actor())
    return redirect(url_for("control.instances", q=line or None))


@blueprint.post("/views/<int:view_id>/delete")
@entry(*LOOKS)
def delete_view(view_id: int) -> Response:
    """Forget a saved view."""
    with tell(_("The view is deleted.")):
        services().desk.delete_view(view_id, actor())
    return redirect(url_for("control.instances"))


@blueprint.get("/views/<int:view_id>")
@entry(*LOOKS)
def open_view(view_id: int) -> Response:
    """Open a saved view."""
    for view in inbox.saved_views(actor().user_id or 0, PAGE):
        if view.id == view_id:
            return redirect(url_for("control.instances", q=parse_qs(view.query).get("q", [""])[0] or None))
    abort(404)


# ---- export


@blueprint.get("/instances.<form>")
@entry(*LOOKS)
def export(form: str) -> FlaskResponse:
    """Give everything that the search finds as a CSV or XLSX file, row by row."""
    if form not in ("csv", "xlsx"):
        abort(404)
    search = _search()
    rows, name = _export_rows(search.asked), f"chengnuo-{now().astimezone(zone()):%Y%m%d-%H%M}.{form}"
    head = (_("Number"), _("Process"), _("Version"), _("State"), _("Type"), _("Level"), _("Status"), _("Customer"),
            _("Phone"), _("Product"), _("Stands at"), _("With"), _("Next deadline"), _("Began"), _("Ended"))
    if form == "csv":
        body: Any = stream_with_context(tables.csv_lines(head, rows))
        kind = "text/csv; charset=utf-8"
    else:
        body = tables.chunks(tables.xlsx(_("Instances"), head, rows))
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FlaskResponse(body, content_type=kind, headers={"Content-Disposition": f"attachment; filename={name}"})


def _export_rows(asked: InstanceFilter) -> Iterator[Sequence[Any]]:
    groups = group_names()

    def local(value: Any) -> Any:
        return value.astimezone(zone()).replace(tzinfo=None, microsecond=0) if value else None

    for row, where in queries.export(scope(), asked):
        yield (row.number or "", named(row), row.version, word(row.state, "instance_state"), word(row.type, "type"),
               row.level or "", word(row.status, "status"), row.customer_name or "", row.customer_phone or "",
               row.product_model or "", "; ".join(named(one) for one in where),
               "; ".join(dict.fromkeys(groups.get(one.group_code or "", "") for one in where)),
               local(row.next_due) if row.state in queries.RUNNING_STATES else None, local(row.created_at),
               local(row.ended_at))


# ---- one instance


@blueprint.get("/instances/<instance_id>")
@entry(*LOOKS)
def instance(instance_id: str) -> str:
    """Show one instance: its diagram, clocks, timeline, variables, papers and audit, and what may be done to it."""
    found = seen_instance(instance_id)
    case = services().cases.row(found.case_id) if found.case_id else None
    process = request.args.get("process")
    events = case_page.history(found.case_id) if found.case_id else []
    audit = case_page.audit(found.case_id)[::-1] if found.case_id else []
    display = people.display_names({one.actor for one in events} | {one.actor for one in audit})
    clocks = sla_view.views(db.session(), found.case_id, now(), superseded=True) if found.case_id else []
    version = services().runtime.library.version(found.definition_id)
    return render_template(
        "control/instance.html", instance=found, case=case, version=version,
        newest=services().runtime.library.latest(found.process),
        shown=diagrams.shown(found, now(), _known(found, process)), milestones=clocks,
        running=[one for one in clocks if not one.superseded and not one.target
                 and one.reached_at is None and one.state in ("pending", "late", "paused")],
        never_paused=NEVER_PAUSED, family=case_page.family(found.case_id) if found.case_id else [],
        tasks=[one for one in (case_page.tasks(found.case_id) if found.case_id else []) if one.state == "open"
               and one.instance_id == instance_id],
        incidents=list(case_page.open_incidents(found.case_id)) if found.case_id else [],
        events=timeline(events, display, everything=request.args.get("all") == "1"), display=display,
        audit=audit[:200], told=Told(audit[:200]),
        everything=request.args.get("all") == "1", variables=_variables(instance_id),
        papers=case_page.papers(found.case_id) if found.case_id else [], links=case_page.links(found.case_id)
        if found.case_id else [], groups={group.code: group for group in people.groups()},
        processes=process_names(), rights=rights(), colleagues=people.users(), levels=("P1", "P2", "P3", "P4"),
        pause_reasons=pairs("pause_reason"), more=False, may_operate=False, readable=set(),
        by_hand={one.name for one in clocks if one.state == "paused"},
        count=lambda task: countdown(task.due_at, now(), task.remind_at, task.created_at))


def _known(found: Any, process: str | None) -> str | None:
    elements = services().runtime.library.spec(found.definition_id).elements
    if process is not None and process not in {element.process for element in elements}:
        abort(404)
    return process


def _variables(instance_id: str) -> list[tuple[str, str, str]] | None:
    """Return (name, what it is called, what it says) of each variable; None where the state cannot be read."""
    try:
        found = services().control.variables(instance_id)
    except ChengnuoError:
        return None
    return [(name, data_words.label(name), data_words.value(name, one)[:2000]) for name, one in found.items()]

