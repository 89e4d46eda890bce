"""Writes the drawing into the file (BPMN DI) without touching a byte of what the file means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from app.engine.drawing.document import DC, DI, SUBPROCESSES
from app.engine.drawing.geometry import Drawing, Point, Rect
from app.engine.drawing.pools import Drawn
from app.engine.xml import BPMNDI

NAMESPACES = {"bpmndi": BPMNDI, "dc": DC, "di": DI}


def replace_drawing(xml: bytes, pictures: Iterable[Drawn]) -> bytes:
    """Return `xml` (UTF-8) with its diagrams replaced; all else stays byte for byte."""
    cuts, end, declared = _spans(xml)
    kept = []
    at = 0
    for first, last in cuts:
        kept.append(xml[at:first].rstrip())
        at = last
    kept.append(xml[at:end].rstrip())
    body = b"".join(kept)
    missing = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if declared.get(prefix) != uri)
    written = "\n".join(line for drawn in pictures for line in _diagram(drawn, missing))
    return body + b"\n" + written.encode() + b"\n" + xml[end:]


def _spans(xml: bytes) -> tuple[list[tuple[int, int]], int, dict[str, str]]:
    """Return where diagrams begin and end, where the root ends, and the root's namespace prefixes."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.namespace_prefixes = False
    depth = 0
    begun = 0
    cuts: list[tuple[int, int]] = []
    ending = 0
    declared: dict[str, str] = {}

    def start_namespace(prefix: str | None, uri: str) -> None:
        if depth == 0:
            declared[prefix or ""] = uri

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth, begun
        depth += 1
        if depth == 2 and name == f"{BPMNDI} BPMNDiagram":
            begun = parser.CurrentByteIndex

    def end(name: str) -> None:
        nonlocal depth, ending
        if depth == 2 and name == f"{BPMNDI} BPMNDiagram":
            close = xml.index(b">", parser.CurrentByteIndex) + 1
            cuts.append((begun, close))
        if depth == 1:
            ending = parser.CurrentByteIndex
        depth -= 1

    parser.StartNamespaceDeclHandler = start_namespace
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(xml, True)
    return cuts, ending, declared


def _diagram(drawn: Drawn, missing: str) -> Iterator[str]:
    picture = drawn.picture
    key = _name(picture.element)
    yield f'  <bpmndi:BPMNDiagram id="diagram_{key}"{missing}>'
    yield f'    <bpmndi:BPMNPlane id="plane_{key}" bpmnElement={quoteattr(picture.element)}>'
    for drawing in drawn.drawings:
        yield from _plane(drawing)
    for box in picture.boxes:
        yield from shape(box.id, drawn.boxes[box.id], ' isHorizontal="true"')
    for message in picture.messages:
        if message.id in drawn.messages:
            yield from edge(message.id, drawn.messages[message.id])
    yield "    </bpmndi:BPMNPlane>"
    yield "  </bpmndi:BPMNDiagram>"


def _plane(drawing: Drawing) -> Iterator[str]:
    plane = drawing.plane
    if drawing.pool is not None and plane.pool:
        yield from shape(plane.pool, drawing.pool, ' isHorizontal="true"')
    for lane, rect in zip(plane.lanes, drawing.lanes, strict=False):
        yield from shape(lane.id, rect, ' isHorizontal="true"')
    for node in sorted(plane.nodes, key=lambda n: n.host is not None):  # boundary events lie on top of their hosts
        extra = ' isExpanded="false"' if node.type in SUBPROCESSES else ""
        extra += ' isMarkerVisible="true"' if node.type == "exclusiveGateway" else ""
        yield from shape(node.id, drawing.shapes[node.id], extra, drawing.labels.get(node.id))
    for flow in plane.flows:
        if flow.id in drawing.edges:
            yield from edge(flow.id, drawing.edges[flow.id], drawing.labels.get(flow.id))


def shape(element: str, rect: Rect, extra: str = "", label: Rect | None = None) -> Iterator[str]:
    """Yield the lines of a BPMNShape."""
    yield f'      <bpmndi:BPMNShape id="{_name(element)}_di" bpmnElement={quoteattr(element)}{extra}>'
    yield f"        {_bounds(rect)}"
    yield from _label(label)
    yield "      </bpmndi:BPMNShape>"


def edge(element: str, points: tuple[Point, ...], label: Rect | None = None) -> Iterator[str]:
    """Yield the lines of a BPMNEdge."""
    yield f'      <bpmndi:BPMNEdge id="{_name(element)}_di" bpmnElement={quoteattr(element)}>'
    for x, y in points:
        yield f'        <di:waypoint x="{x}" y="{y}"/>'
    yield from _label(label)
    yield "      </bpmndi:BPMNEdge>"


def _label(rect: Rect | None) -> Iterator[str]:
    if rect is not None:
        yield "        <bpmndi:BPMNLabel>"
        yield f"          {_bounds(rect)}"
        yield "        </bpmndi:BPMNLabel>"


def _bounds(rect: Rect) -> str:
    return f'<dc:Bounds x="{rect.x}" y="{rect.y}" width="{rect.width}" height="{rect.height}"/>'


def _name(element: str) -> str:
    return re.sub(r"[^\w.-]", "_", element)
