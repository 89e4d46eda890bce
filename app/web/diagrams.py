"""The live diagram: the BPMN of an instance's own version, where it stands, and the same as a table of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, jsonify, make_response, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _

from app.store.queries import case_page, inbox, people
from app.store.queries.case_page import Places
from app.store.queries.control_list import SEES_STANDING
from app.web.entry import STAFF, actor, entry
from app.web.shell import moment, named, now
from app.web.words import PROMINENT, word
from app.wiring import services

blueprint = Blueprint("diagrams", __name__)


@dataclass(frozen=True)
class Step:
    """One row of the table beside the diagram."""

    id: str
    name: str
    kind: str
    lane: str
    state: str  # done | active | late | failed | open
    times: int
    at: datetime | None  # aware UTC
    who: str
    called: str | None  # process key that can be opened


@dataclass(frozen=True)
class Shown:
    """A diagram that a page shows."""

    instance: Any
    process: str
    name: str
    steps: Sequence[Step]
    done: int
    calls: Sequence[tuple[str, str]]  # (process key, name) of what can be opened


def shown(instance: Any, at: datetime, process: str | None = None) -> Shown:
    """Return the diagram of an instance (or of a process that it calls) with its table of steps."""
    process = process or instance.process
    places = case_page.places(instance.id, process, at)
    spec = services().runtime.library.spec(instance.definition_id)
    elements = [element for element in spec.elements if element.process == process]
    names = {one.key: named(one) for one in inbox.process_names()}
    groups = {group.code: named(group) for group in people.groups()}
    display = people.display_names({who for _at, _transition, who in places.events.values()})
    steps = [
        _step(element, places, groups, display) for element in elements if element.type in PROMINENT and element.name
    ]
    keys = dict.fromkeys([instance.process, *(element.called for element in spec.elements if element.called)])
    return Shown(
        instance,
        process,
        names.get(process, process),
        steps,
        sum(step.state == "done" for step in steps),
        [(key, names.get(key, key)) for key in keys],
    )


def _step(element: Any, places: Places, groups: Any, display: Any) -> Step:
    at, _transition, who = places.events.get(element.id, (None, "", ""))
    state = (
        "failed"
        if element.id in places.failed
        else "late"
        if element.id in places.late
        else "active"
        if element.id in places.active
        else "done"
        if places.done.get(element.id)
        else "open"
    )
    by = (
        ""
        if who in ("system", "") or element.type != "userTask"
        else {"customer": _("Customer")}.get(who, display.get(who, who))
    )
    return Step(
        element.id,
        named(element),
        word(element.type, "element_type"),
        groups.get(element.lane, element.lane_name or ""),
        state,
        places.done.get(element.id, 0),
        at,
        by,
        element.called,
    )


def seen_instance(instance_id: str) -> Any:
    """Return the instance when I may see its case; aborts with 404."""
    found = inbox.instance(instance_id)
    who = actor()
    if found is None or not (
        services().cases.may_see(found.case_id, who)
        if found.case_id
        else who.groups & SEES_STANDING
    ):
        abort(404)
    return found


def _process(instance: Any) -> str:
    process = request.args.get("process") or instance.process
    elements = services().runtime.library.spec(instance.definition_id).elements
    if process not in {element.process for element in elements}:
        abort(404)
    return str(process)


@blueprint.get("/instances/<instance_id>")
@entry(STAFF)
def page(instance_id: str) -> str:
    """Show the diagram alone, large."""
    instance = seen_instance(instance_id)
    case = services().cases.facts(instance.case_id) if instance.case_id else None
    family = case_page.family(instance.case_id) if instance.case_id else []
    return render_template(
        "cases/diagram.html", shown=shown(instance, now(), _process(instance)), case=case, family=family
    )


@blueprint.get("/instances/<instance_id>/diagram.bpmn")
@entry(STAFF)
def source(instance_id: str) -> FlaskResponse:
    """Give the BPMN that the instance runs on."""
    instance = seen_instance(instance_id)
    answer = make_response(services().runtime.library.diagram(instance.definition_id, _process(instance)))
    answer.headers["Content-Type"] = "application/xml; charset=utf-8"
    return answer


@blueprint.get("/instances/<instance_id>/places")
@entry(STAFF)
def places_of(instance_id: str) -> FlaskResponse:
    """Say where the instance stands, for the markers on the diagram."""
    instance = seen_instance(instance_id)
    found = shown(instance, now(), _process(instance))
    labels = {"active": _("here"), "late": _("late"), "failed": _("failed")}
    return jsonify(
        {
            "steps": [
                {
                    "id": step.id,
                    "state": step.state,
                    "times": step.times,
                    "label": labels.get(step.state, ""),
                    "at": moment(step.at),
                    "open": url_for("diagrams.page", instance_id=instance_id, process=step.called)
                    if step.called
                    else None,
                }
                for step in found.steps
                if step.state != "open" or step.called
            ]
        }
    )
