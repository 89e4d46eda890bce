"""What a file's drawing says: rectangles, waypoints and labels as they stand in its BPMN DI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.drawing.document import DC, DI
from app.engine.drawing.geometry import Point, Rect
from app.engine.xml import BPMNDI


@dataclass(frozen=True)
class Drawn:
    """Everything that is drawn in a file, by the id of what it shows."""

    planes: frozenset[str]
    shapes: Mapping[str, Rect]
    edges: Mapping[str, tuple[Point, ...]]
    labels: Mapping[str, Rect]


def read_drawn(root: Any) -> Drawn:
    """Return what is drawn; what has no or broken coordinates counts as not drawn."""
    shapes: dict[str, Rect] = {}
    edges: dict[str, tuple[Point, ...]] = {}
    labels: dict[str, Rect] = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        rect = _bounds(shape.find(f"{{{DC}}}Bounds"))
        if rect is not None:
            shapes[_shown(shape)] = rect
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = tuple(_points(edge))
        if len(points) >= 2:
            edges[_shown(edge)] = points
    for label in root.iter(f"{{{BPMNDI}}}BPMNLabel"):
        rect = _bounds(label.find(f"{{{DC}}}Bounds"))
        if rect is not None:
            labels[_shown(label.getparent())] = rect
    planes = frozenset(_shown(plane) for plane in root.iter(f"{{{BPMNDI}}}BPMNPlane"))
    return Drawn(planes, shapes, edges, labels)


def _shown(element: Any) -> str:
    return str(element.get("bpmnElement") or "").rpartition(":")[2]


def _bounds(bounds: Any) -> Rect | None:
    try:
        return None if bounds is None else Rect(*(round(float(bounds.get(key)))
                                                  for key in ("x", "y", "width", "height")))
    except (TypeError, ValueError, OverflowError):
        return None


def _points(edge: Any) -> Iterator[Point]:
    for point in edge.findall(f"{{{DI}}}waypoint"):
        try:
            yield round(float(point.get("x"))), round(float(point.get("y")))
        except (TypeError, ValueError, OverflowError):
            continue
