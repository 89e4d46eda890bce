"""Draws a BPMN file: every plane laid out from left to right, lane by lane, and written as BPMN DI."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from app.engine.drawing.columns import Columns, assign_columns
from app.engine.drawing.document import Picture, Plane, parse, read_pictures
from app.engine.drawing.geometry import Drawing, Reserve, Surveyor, boundary_ports
from app.engine.drawing.interchange import replace_drawing
from app.engine.drawing.labels import place_labels
from app.engine.drawing.measure import price
from app.engine.drawing.routes import Router, make_grid
from app.engine.drawing.rows import Placing, Rows, Taste
from app.engine.drawing.tracks import assign_tracks

TASTES = (Taste(), Taste(crossing=25.0, rise=1.5), Taste(crossing=8.0, rise=4.0))
WORK = 900  # routed flows that the search for a better placement may cost
ROUNDS = 4  # of that search, and of setting stacked flows apart


def tidy(xml: bytes, file: str) -> bytes:
    """Return the file with a complete new drawing; what it means stays byte for byte (in UTF-8).

    Embedded subprocesses are drawn collapsed, their content on a plane of its own. Raises Refused.
    """
    root = parse(xml, file)
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in ("UTF-8", "ASCII", "US-ASCII") or xml.startswith(b"\xef\xbb\xbf"):
        xml = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return replace_drawing(xml, [draw_picture(picture) for picture in read_pictures(xml, file)])


def draw_picture(picture: Picture) -> tuple[Picture, tuple[Drawing, ...], tuple[str, ...]]:
    """Return the picture with its drawings."""
    return picture, tuple(draw_plane(plane) for plane in picture.planes), ()


def draw_plane(plane: Plane) -> Drawing:
    """Return the plane with coordinates for everything in it: the best of several ways to place its nodes."""
    first = [_placed(plane, taste, stack) for stack in ((True, False) if plane.lanes else (False,)) for taste in TASTES]
    best = min(first, key=lambda candidate: candidate.price)
    most = max(4, min(24, WORK // max(1, len(plane.flows)) // ROUNDS))
    for _ in range(ROUNDS):
        near = [_routed(plane, best.columns, best.placing, rows) for rows in best.placing.neighbours(best.rows, most)]
        found = min([best, *near], key=lambda candidate: candidate.price)
        if found is best:
            break
        best = found
    return place_labels(best.surveyor)


@dataclass(frozen=True)
class _Candidate:
    columns: Columns
    placing: Placing
    rows: Rows
    surveyor: Surveyor
    price: float


def _placed(plane: Plane, taste: Taste, stack: bool) -> _Candidate:
    """Return the plane placed by `taste`; what would be stacked but for something in between is set apart."""
    apart: frozenset[str] = frozenset()
    for _ in range(ROUNDS):
        columns = assign_columns(plane, apart if stack else None)
        placing = Placing(plane, columns, taste)
        rows = placing.best()
        blocked = _blocked(plane, columns, rows)
        if not blocked:
            break
        apart |= blocked
    return _routed(plane, columns, placing, rows)


def _blocked(plane: Plane, columns: Columns, rows: Rows) -> frozenset[str]:
    found = set()
    for flow in plane.flows:
        if flow.id in columns.stacked:
            low, high = sorted((rows.of[flow.source], rows.of[flow.target]))
            column = columns.of[flow.source]
            if any(low < place < high and columns.of[node] == column for node, place in rows.of.items()):
                found.add(flow.id)
    return frozenset(found)


def _routed(plane: Plane, columns: Columns, placing: Placing, rows: Rows) -> _Candidate:
    grid = make_grid(plane, columns, rows)
    routes = Router(plane, columns, grid).route()
    ports = boundary_ports(plane, grid, routes)
    surveyor = Surveyor(plane, grid, routes, assign_tracks(grid, routes, ports), ports)
    return _Candidate(columns, placing, rows, surveyor, price(surveyor.survey(Reserve()), placing.main))
