"""Draws a BPMN file: every plane laid out from left to right, lane by lane, and written as BPMN DI."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from app.engine.drawing.columns import Columns, assign_columns
from app.engine.drawing.document import Plane, parse, read_pictures
from app.engine.drawing.geometry import Drawing, Reserve, Surveyor
from app.engine.drawing.interchange import replace_drawing
from app.engine.drawing.labels import place_labels
from app.engine.drawing.measure import overlaps, price
from app.engine.drawing.pools import stack_pools
from app.engine.drawing.routes import Point, Router, make_grid
from app.engine.drawing.rows import Placing, Rows, Taste
from app.engine.drawing.tracks import assign_tracks
from app.errors import Finding, Refused

TASTES = (Taste(), Taste(crossing=25.0, rise=1.5), Taste(crossing=8.0, rise=4.0))
WORK = 900  # routed flows that the search for a better placement may cost
NEAR = 24  # placements tried in one round of it, at most
LARGE = 150  # flows of a plane beyond which the first good placement is taken
MOST = 800  # nodes or flows of a plane that we draw
ROUNDS = 4  # of that search, and of setting stacked flows apart


def tidy(xml: bytes, file: str) -> bytes:
    """Return the file with a complete new drawing; what it means stays byte for byte (in UTF-8).

    Embedded subprocesses are drawn collapsed, their content on a plane of its own. Raises Refused.
    """
    xml = _in_utf8(xml, parse(xml, file).getroottree().docinfo.encoding or "UTF-8")
    pictures = read_pictures(xml, file)
    for picture in pictures:
        for plane in picture.planes:
            if max(len(plane.nodes), len(plane.flows)) > MOST:
                raise Refused([Finding(file, plane.element, plane.line, "too_large", "error",
                                       f"图太大：一个平面最多 {MOST} 个节点、{MOST} 条连线",
                                       f"too large to draw: a plane may have {MOST} elements and {MOST} flows")])
    return replace_drawing(xml, [stack_pools(picture, [draw_plane(plane) for plane in picture.planes])
                                 for picture in pictures])


def draw_plane(plane: Plane) -> Drawing:
    """Return the plane with coordinates for everything in it: the best of several ways to place its nodes."""
    large = len(plane.flows) > LARGE
    tastes = TASTES[:1] if large else TASTES
    stacks = (False,) if not plane.lanes else (True,) if large else (True, False)
    best = min((_placed(plane, taste, stack) for stack in stacks for taste in tastes), key=lambda one: one.price)
    most = min(NEAR, WORK // max(1, len(plane.flows)) // ROUNDS)
    for _ in range(0 if large else ROUNDS):
        near = [_routed(plane, best.columns, best.placing, rows) for rows in best.placing.neighbours(best.rows, most)]
        found = min([best, *near], key=lambda candidate: candidate.price)
        if found is best:
            break
        best = found
    apart = _routed(plane, best.columns, best.placing, best.rows, ROUNDS)
    return place_labels(min(best, apart, key=lambda candidate: candidate.price).surveyor)


def _in_utf8(xml: bytes, encoding: str) -> bytes:
    """Return the same file in UTF-8, without a byte order mark."""
    if encoding.upper() in ("UTF-8", "ASCII", "US-ASCII") and not xml.startswith(codecs.BOM_UTF8):
        return xml
    text = xml.removeprefix(codecs.BOM_UTF8).decode(encoding).removeprefix("\ufeff")
    return re.sub(r"""(<\?xml[^>]*encoding=)["'][^"']*["']""", r'\1"UTF-8"', text, count=1).encode()


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


def _routed(plane: Plane, columns: Columns, placing: Placing, rows: Rows, rounds: int = 1) -> _Candidate:
    """Return the placed plane with its flows routed; those that lie on each other, again in further rounds."""
    grid = make_grid(plane, columns, rows)
    barred: dict[str, frozenset[Point]] = {}
    candidates = []
    for _ in range(rounds):
        routes = Router(plane, columns, grid).route(barred)
        surveyor = Surveyor(plane, grid, routes, assign_tracks(grid, routes))
        drawing = surveyor.survey(Reserve())
        candidates.append(_Candidate(columns, placing, rows, surveyor, price(drawing, placing.main)))
        turns = {route.flow.id: frozenset(route.points) for route in routes}
        before = dict(barred)
        for one, other in overlaps(drawing):
            barred[one] = barred.get(one, frozenset()) | (turns[one] & turns[other])
        if barred == before:
            break
    return min(candidates, key=lambda candidate: candidate.price)
