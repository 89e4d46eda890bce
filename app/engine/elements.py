"""The elements of a process as the product sees them: facts.Element, in document order."""

from __future__ import annotations

from app.engine.catalog import Catalog
from app.engine.diagram import Flow, Node, Process
from app.facts import Element

EVENT_KINDS = {"terminate": "terminate", "compensate": "compensation"}


def elements_of(process: Process, catalog: Catalog) -> tuple[Element, ...]:
    """Return every flow node and sequence flow of `process` in document order."""
    return tuple(_node(item, catalog) if isinstance(item, Node) else _flow(item) for item in process.items)


def words(identifier: str) -> str:
    """Return an id in words: verify_complaint -> "Verify complaint"."""
    spaced = identifier.replace("_", " ").replace("-", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def _node(node: Node, catalog: Catalog) -> Element:
    properties, event = node.properties, node.event
    timer = event if event is not None and event.kind == "timer" else None
    message = event.name if event is not None and event.kind == "message" else None
    return Element(
        id=node.id,
        process=node.process,
        type=node.type,
        name=node.name or node.id,
        name_en=properties.get("name_en") or words(node.id),
        lane=catalog.group_of(node.lane_name),
        lane_name=node.lane_name,
        parent=None if node.scope == node.process else node.scope,
        attached_to=node.attached_to,
        event=EVENT_KINDS.get(event.kind, event.kind) if event is not None else None,
        interrupting=node.interrupting,
        activity=properties.get("activity") or None,
        extra_activities=_split(properties.get("extra_activities")),
        clauses=_split(properties.get("clauses")),
        milestone=properties.get("milestone") or None,
        form=properties.get("form") or None,
        group=properties.get("group") or None,
        remind_at=properties.get("remind_at") or None,
        pauses=_split(properties.get("pauses")),
        pause_reason=properties.get("pause_reason") or None,
        status=properties.get("status") or None,
        closes_case=properties.get("closes_case") == "true",
        timer=timer.expression if timer else None,
        timer_kind=timer.timer_kind if timer else None,
        message=message,
        correlate=properties.get("correlate") or None,
        operation=node.operation,
        decision=node.decision,
        called=node.called,
        documentation=node.documentation,
        properties=dict(properties),
    )


def _flow(flow: Flow) -> Element:
    return Element(
        id=flow.id,
        process=flow.process,
        type="sequenceFlow",
        name=flow.name or "",
        name_en=flow.properties.get("name_en") or flow.name or "",
        parent=None if flow.scope == flow.process else flow.scope,
        clauses=_split(flow.properties.get("clauses")),
        documentation=flow.documentation,
        properties={**flow.properties, **({"condition": flow.condition} if flow.condition else {})},
        source=flow.source,
        target=flow.target,
    )


def _split(value: str | None) -> tuple[str, ...]:
    return tuple((value or "").replace(",", " ").split())
