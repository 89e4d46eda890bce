"""Where names go: the first place near their element where they cover nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from app.engine.drawing.document import Flow, Node
from app.engine.drawing.geometry import GAP_LABEL, Drawing, Point, Rect, Reserve, Surveyor
from app.engine.drawing.routes import DOWN, RIGHT, UP, Route
from app.engine.drawing.text import Box, label_box

ROUNDS = 8
DEFAULT_MARK = 15  # pixels that the stroke of a default flow takes at its beginning
NEAR = 2  # pixels between a name and anything else


def place_labels(surveyor: Surveyor) -> Drawing:
    """Return the drawing with its labels; the drawing grows until every name has a free place."""
    reserve = Reserve()
    for _ in range(ROUNDS):
        drawing = surveyor.survey(reserve)
        placer = _Placer(surveyor, drawing)
        labels = placer.place()
        if not placer.cramped:
            break
        for element, kind in placer.cramped:
            _make_room(surveyor, reserve, element, kind)
    return replace(drawing, labels=labels)


def _make_room(surveyor: Surveyor, reserve: Reserve, node: str, kind: str) -> None:
    column, row = surveyor.grid.cell(node)
    tables = {"right": (reserve.right, column), "left": (reserve.left, column), "above": (reserve.above, row),
              "below": (reserve.below, row)}
    table, line = tables[kind]
    table[line] = table.get(line, 0) + 10


class _Placer:
    """Places the names of one drawing."""

    def __init__(self, surveyor: Surveyor, drawing: Drawing) -> None:
        self.surveyor, self.drawing = surveyor, drawing
        self.labels: dict[str, Rect] = {}
        self.cramped: list[tuple[str, str]] = []
        self.lines = [(a, b, flow) for flow, points in drawing.edges.items()
                      for a, b in pairwise(points)]
        for lane in drawing.lanes:
            self.lines.append(((lane.x, lane.bottom), (lane.right, lane.bottom), ""))

    def place(self) -> dict[str, Rect]:
        """Return the place of every name."""
        nodes = [n for n in self.drawing.plane.nodes if n.name and n.shape in ("event", "gateway")]
        for node in sorted(nodes, key=lambda n: n.host is None):
            self._take(node.id, list(self._around(node)), node.id, "right" if node.host else "below")
        routes = {route.flow.id: route for route in self.surveyor.routes}
        for flow in self.drawing.plane.flows:
            if flow.name and flow.id in self.drawing.edges:
                self._take(flow.id, list(self._along(flow)), *self._narrow(routes[flow.id]))
        return self.labels

    def _narrow(self, route: Route) -> tuple[str, str]:
        """Return the node beside which room has to be made for the flow's name, and its side."""
        points = self.drawing.edges[route.flow.id]
        own = [part for a, b in pairwise(points) for part in self._alone(route.flow, a, b)]
        if own and own[0][0] != points[0]:  # it parts from another flow on the way
            return route.flow.target, {RIGHT: "left", UP: "below", DOWN: "above"}[route.enters]
        side = {RIGHT: "right", UP: "above", DOWN: "below"}[route.leaves]
        return route.flow.source, side

    def _take(self, key: str, candidates: list[Rect], node: str, side: str) -> None:
        free = next((rect for rect in candidates if self._is_free(rect)), None)
        if free is None:
            free = min(candidates, key=self._covered)
            self.cramped.append((node, side))
        self.labels[key] = free

    def _is_free(self, rect: Rect) -> bool:
        return not any(True for _ in self._hits(rect))

    def _covered(self, rect: Rect) -> int:
        return sum(1 for _ in self._hits(rect))

    def _hits(self, rect: Rect) -> Iterator[object]:
        yield from (s for s in self.drawing.shapes.values() if rect.overlaps(s, NEAR))
        yield from (o for o in self.labels.values() if rect.overlaps(o, NEAR))
        yield from (line for line in self.lines if rect.crossed_by(line[0], line[1], NEAR))
        inside = self.drawing.pool
        if inside is not None and not inside.holds(rect):
            yield inside

    def _around(self, node: Node) -> Iterator[Rect]:
        shape = self.drawing.shapes[node.id]
        x, y = shape.middle
        side = self.surveyor.sides[node.id]
        if node.host is not None:
            box = self.surveyor.name_box(node)
            rising = node.id in self.surveyor.grid.rising
            outside = shape.y - 2 - box.height if rising else shape.bottom + 2
            yield Rect(x + 5, outside, box.width, box.height)
            yield Rect(shape.right + 2, y - 3 - box.height if rising else y + 3, box.width, box.height)
            yield Rect(x - 5 - box.width, outside, box.width, box.height)
            return
        box = self.surveyor.name_box(node)
        above = Rect(x - box.width // 2, shape.y - GAP_LABEL - box.height, box.width, box.height)
        below = Rect(x - box.width // 2, shape.bottom + GAP_LABEL, box.width, box.height)
        yield from ((above, below) if side == "above" else (below, above))
        narrow = label_box(node.name, 66)
        yield from self._corners(shape, narrow)

    def _corners(self, shape: Rect, box: Box) -> Iterator[Rect]:
        x = shape.middle[0]
        high, low = shape.y - box.height - NEAR, shape.bottom + NEAR
        for left in (x - 5 - box.width, x + 5):
            yield Rect(left, high, box.width, box.height)
            yield Rect(left, low, box.width, box.height)

    def _along(self, flow: Flow) -> Iterator[Rect]:
        box = label_box(flow.name, 66)
        points = self.drawing.edges[flow.id]
        stretches = list(pairwise(points))
        stretches = [own for a, b in stretches for own in self._alone(flow, a, b)] or stretches
        for a, b in stretches[:3]:
            own = a == points[0]
            yield from self._beside(a, b, box, DEFAULT_MARK if flow.default and own else 4, middle=not own)
        for a, b in reversed(stretches[3:]):
            yield from self._beside(a, b, box)
        for a, b in stretches[:1]:  # where nothing is free, at least near the beginning
            yield Rect(a[0] + 4, min(a[1], b[1]) - 3 - box.height, box.width, box.height)

    def _alone(self, flow: Flow, a: Point, b: Point) -> Iterator[tuple[Point, Point]]:
        """Yield the part of a stretch that no other flow runs on: a name beside two flows would name both."""
        axis = 0 if a[1] == b[1] else 1
        low, high = sorted((a[axis], b[axis]))
        for c, d, other in self.lines:
            if other in ("", flow.id) or c[1 - axis] != a[1 - axis] or d[1 - axis] != a[1 - axis]:
                continue
            first, last = sorted((c[axis], d[axis]))
            if first < high and low < last:
                if first <= low:
                    low = last
                else:
                    high = first
        if low < high:
            ends = (low, high) if a[axis] <= b[axis] else (high, low)
            one, two = ((end, a[1]) if axis == 0 else (a[0], end) for end in ends)
            yield one, two

    def _beside(self, a: Point, b: Point, box: Box, start: int = 4, *, middle: bool = False) -> Iterator[Rect]:
        """Yield places along a stretch from its beginning, or from its middle where it parts from another flow."""
        if a[1] == b[1]:
            room = abs(b[0] - a[0]) - box.width - start - 4
            if room >= 0:
                sign = 1 if b[0] > a[0] else -1
                for shift in _order({0, min(20, room), room // 2, room}, room, middle):
                    left = a[0] + start + shift if sign > 0 else a[0] - start - shift - box.width
                    yield Rect(left, a[1] - 3 - box.height, box.width, box.height)
                    yield Rect(left, a[1] + 3, box.width, box.height)
        else:
            room = abs(b[1] - a[1]) - box.height - start
            for shift in _order({0, max(0, room) // 2, max(0, room)}, room, middle):
                top = a[1] + start - 1 + shift if b[1] > a[1] else a[1] + 1 - start - shift - box.height
                yield Rect(a[0] + 4, top, box.width, box.height)
                yield Rect(a[0] - 4 - box.width, top, box.width, box.height)


def _order(shifts: set[int], room: int, middle: bool) -> list[int]:
    """Return the shifts from the least, or from the one nearest the middle of the room."""
    return sorted(shifts, key=lambda shift: (abs(2 * shift - room) if middle else 0, shift))
