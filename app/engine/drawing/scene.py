"""A BPMN file's drawing as strokes and words, plane by plane: pictures without a browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from app.engine.drawing import symbols
from app.engine.drawing.document import DC, DI, EVENTS, GATEWAYS, SUBPROCESSES, TASKS, parse, tag
from app.engine.xml import BPMN, BPMNDI
from app.facts_scene import Box, Item, Label, Line, Oval, Point, Scene

MARGIN = 20.0
MAX_SIDE = 30_000.0  # nobody draws larger; a hostile coordinate must not make an endless picture
Rect = tuple[float, float, float, float]


def scenes(xml: bytes, file: str) -> tuple[Scene, ...]:
    """Return every plane that the file draws; raises Refused when it is no BPMN 2.0."""
    root = parse(xml, file)
    by_id = {one.get("id"): one for one in root.iter() if isinstance(one.tag, str) and one.get("id")}
    found = [_scene(plane, by_id) for plane in root.iter(f"{{{BPMNDI}}}BPMNPlane")]
    return tuple(scene for scene in found if scene is not None)


def _scene(plane: Any, by_id: dict[str, Any]) -> Scene | None:
    items: list[Item] = []
    defaults = {one.get("default") for one in by_id.values() if one.get("default")}
    shapes = sorted(plane.iter(f"{{{BPMNDI}}}BPMNShape"), key=lambda one: _layer(_target(one, by_id)))
    for shape in shapes:
        rect = _bounds(shape)
        if rect is not None:
            items += _shape(shape, _target(shape, by_id), rect)
    for edge in plane.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = tuple(point for one in edge.iter(f"{{{DI}}}waypoint") if (point := _point(one)) is not None)
        if len(points) > 1:
            items += _edge(edge, _target(edge, by_id), points, defaults)
    if not items:
        return None
    target = _target(plane, by_id)
    name = (target.get("name") or "") if target is not None else ""
    return _framed(items, _local(plane.get("bpmnElement")), name)


def _local(reference: str | None) -> str:
    return (reference or "").rpartition(":")[2]


def _target(element: Any, by_id: dict[str, Any]) -> Any:
    reference = element.get("bpmnElement") or ""
    return by_id.get(reference, by_id.get(_local(reference)))


def _layer(target: Any) -> int:
    name = tag(target) if target is not None else ""
    order = ("participant", "lane", "group")
    if name in order:
        return order.index(name)
    return 3 if name in SUBPROCESSES else 5 if name == "boundaryEvent" else 4


def _number(value: str | None) -> float:
    try:
        number = float(value or 0)
    except ValueError:
        return 0.0
    return max(-MAX_SIDE, min(MAX_SIDE, number)) if math.isfinite(number) else 0.0


def _bounds(element: Any) -> Rect | None:
    found = element.find(f"{{{DC}}}Bounds")
    if found is None:
        return None
    x, y, width, height = (_number(found.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, max(width, 0), max(height, 0)


def _point(element: Any) -> Point | None:
    return _number(element.get("x")), _number(element.get("y"))


def _label(element: Any, text: str, otherwise: Rect) -> Label:
    holder = element.find(f"{{{BPMNDI}}}BPMNLabel")
    rect = _bounds(holder) if holder is not None else None
    x, y, width, height = rect or otherwise
    if width < 30:  # a label that says only where it stands; the words need room
        x, width = x + width / 2 - 45, 90.0
    return Label(x, y, width, height, text, size=11, top=True)


def _shape(shape: Any, target: Any, rect: Rect) -> Iterator[Item]:
    kind = tag(target) if target is not None else ""
    key = target.get("id") if target is not None else None
    name = " ".join((target.get("name") or "").split()) if target is not None else ""
    x, y, width, height = rect
    if kind in EVENTS:
        yield from _event(target, rect)
        if name:
            yield _label(shape, name, (x + width / 2 - 45, y + height + 4, 90, 30))
    elif kind in GATEWAYS:
        corners = ((x + width / 2, y), (x + width, y + height / 2), (x + width / 2, y + height), (x, y + height / 2))
        yield Line(corners, closed=True, fill="paper", element=key)
        yield from symbols.gateway(kind, rect)
        if name:
            yield _label(shape, name, (x + width / 2 - 45, y + height + 4, 90, 30))
    elif kind in {"participant", "lane"}:
        flat = shape.get("isHorizontal", "true") == "true"
        yield Box(x, y, width, height, element=key)
        yield from _head(rect, name, flat, kind == "participant" and _holds_something(target))
    elif kind in TASKS | SUBPROCESSES or kind in {"callChoreography", "choreographyTask", "subChoreography"}:
        yield from _activity(shape, target, kind, rect, name)
    elif kind == "textAnnotation":
        text = "".join(one.text or "" for one in target.iter(f"{{{BPMN}}}text"))
        yield Line(((x + 10, y), (x, y), (x, y + height), (x + 10, y + height)), element=key)
        yield Label(x + 6, y + 4, width - 8, height - 8, " ".join(text.split()), size=11, left=True)
    elif kind == "group":
        yield Box(x, y, width, height, 8, dash=(8, 4), fill=None, element=key)
        yield _label(shape, name, (x, y + 2, width, 16))
    else:
        yield from symbols.data(kind, rect, key)
        if name:
            yield _label(shape, name, (x + width / 2 - 45, y + height + 4, 90, 30))


def _holds_something(participant: Any) -> bool:
    return bool(participant.get("processRef"))


def _head(rect: Rect, name: str, flat: bool, ruled: bool) -> Iterator[Item]:
    """Yield the title of a pool or lane, along its side where it lies flat; a pool's has a rule beside it."""
    x, y, width, height = rect
    if flat:
        if ruled:
            yield Line(((x + 30, y), (x + 30, y + height)))
        yield Label(x + 3, y + 4, 24, height - 8, name, vertical=True)
    else:
        if ruled:
            yield Line(((x, y + 30), (x + width, y + 30)))
        yield Label(x + 4, y + 3, width - 8, 24, name)


def _event(target: Any, rect: Rect) -> Iterator[Item]:
    kind, key = tag(target), target.get("id")
    x, y, width, height = rect
    broken = "false" in {target.get("cancelActivity"), target.get("isInterrupting")}
    dash = (4.0, 3.0) if broken else None
    yield Oval(x, y, width, height, 4 if kind == "endEvent" else 1.5, dash, element=key)
    if kind in {"intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}:
        yield Oval(x + 3, y + 3, width - 6, height - 6, 1.5, dash, None)
    definitions = [tag(one).removesuffix("EventDefinition") for one in target
                   if tag(one).endswith("EventDefinition")]  # fmt: skip
    if definitions:
        thrown = kind in {"endEvent", "intermediateThrowEvent"}
        yield from symbols.event(definitions[0] if len(definitions) == 1 else "multiple", rect, thrown)


def _activity(shape: Any, target: Any, kind: str, rect: Rect, name: str) -> Iterator[Item]:
    x, y, width, height = rect
    expanded = kind in SUBPROCESSES and shape.get("isExpanded") == "true"
    dash = (6.0, 4.0) if target.get("triggeredByEvent") == "true" else None
    yield Box(x, y, width, height, 10, 4 if kind == "callActivity" else 1.5, dash, element=target.get("id"))
    if kind == "transaction":
        yield Box(x + 3, y + 3, width - 6, height - 6, 8, fill=None)
    yield from symbols.task(kind, rect)
    yield from symbols.markers(target, kind, expanded, rect)
    yield Label(x + 6, y + 6, width - 12, height - 12, name, top=expanded)


def _edge(edge: Any, target: Any, points: tuple[Point, ...], defaults: set[str]) -> Iterator[Item]:
    kind = tag(target) if target is not None else ""
    key = target.get("id") if target is not None else None
    dash = {"messageFlow": (8.0, 5.0), "association": (1.5, 4.0), "dataInputAssociation": (1.5, 4.0),
            "dataOutputAssociation": (1.5, 4.0)}.get(kind)  # fmt: skip
    yield Line(points, 1.5, dash, element=key)
    if kind in {"sequenceFlow", ""}:
        yield symbols.arrow(points[-2], points[-1])
        if key in defaults:
            yield symbols.slash(points[0], points[1])
    elif kind == "messageFlow":
        yield symbols.arrow(points[-2], points[-1], hollow=True)
        yield Oval(points[0][0] - 4, points[0][1] - 4, 8, 8)
    elif kind.startswith("data"):
        yield symbols.arrow(points[-2], points[-1], hollow=True)
    name = " ".join((target.get("name") or "").split()) if target is not None else ""
    if name:
        middle = points[len(points) // 2 - 1 : len(points) // 2 + 1]
        x, y = (middle[0][0] + middle[1][0]) / 2, (middle[0][1] + middle[1][1]) / 2
        yield _label(edge, name, (x - 45, y - 18, 90, 16))


def _framed(items: list[Item], element: str, name: str) -> Scene:
    """Return the items moved to the picture's corner, with a margin around them."""
    corners = [corner for item in items for corner in _corners(item)]
    left, top = min(x for x, _ in corners) - MARGIN, min(y for _, y in corners) - MARGIN
    right, bottom = max(x for x, _ in corners) + MARGIN, max(y for _, y in corners) + MARGIN
    return Scene(element, name, right - left, bottom - top, tuple(symbols.moved(item, -left, -top) for item in items))


def _corners(item: Item) -> tuple[Point, ...]:
    if isinstance(item, Line):
        return item.points
    return ((item.x, item.y), (item.x + item.width, item.y + item.height))
