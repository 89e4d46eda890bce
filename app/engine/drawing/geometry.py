"""Where everything lies in pixels: columns and rows as wide as what they hold, channels as wide as their tracks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.engine.drawing.document import Node, Plane
from app.engine.drawing.ports import TASK
from app.engine.drawing.routes import DOWN, RIGHT, UP, Grid, Route
from app.engine.drawing.text import Box, label_box
from app.engine.drawing.tracks import Tracks

EVENT = 36
GATEWAY = 50
TRACK = 10
GAP_ACROSS = 44  # between columns without tracks
PAD_ACROSS = 20  # beside the tracks of an upright channel
GAP_DOWN = 24
PAD_DOWN = 15
STRIP = 30  # name strips of pool and lane
GRID = 10
LEFT, TOP = 160, 80  # where pictures begin
GAP_LABEL = 5
Point = tuple[int, int]


@dataclass(frozen=True)
class Rect:
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Return the centre."""
        return (self.x + self.width // 2, self.y + self.height // 2)

    def overlaps(self, other: Rect, gap: int = 0) -> bool:
        """Return whether the two share more than an edge, or come nearer than `gap`."""
        return (self.x < other.right + gap and other.x < self.right + gap
                and self.y < other.bottom + gap and other.y < self.bottom + gap)

    def holds(self, other: Rect) -> bool:
        """Return whether `other` lies wholly inside."""
        return (self.x <= other.x and other.right <= self.right
                and self.y <= other.y and other.bottom <= self.bottom)

    def crossed_by(self, a: Point, b: Point, gap: int = 0) -> bool:
        """Return whether the upright or level line from `a` to `b` runs through the inside."""
        return (min(a[0], b[0]) < self.right + gap and self.x - gap < max(a[0], b[0])
                and min(a[1], b[1]) < self.bottom + gap and self.y - gap < max(a[1], b[1]))

    def moved(self, dx: int, dy: int) -> Rect:
        """Return the rectangle elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


@dataclass
class Reserve:
    """Extra room that labels turned out to need, in pixels."""

    left: dict[int, int] = field(default_factory=dict)  # by column line
    right: dict[int, int] = field(default_factory=dict)
    above: dict[int, int] = field(default_factory=dict)  # by row line
    below: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawing:
    """A plane with coordinates."""

    plane: Plane
    shapes: Mapping[str, Rect]
    edges: Mapping[str, tuple[Point, ...]]
    labels: Mapping[str, Rect]
    lanes: tuple[Rect, ...]
    pool: Rect | None

    def moved(self, dx: int, dy: int) -> Drawing:
        """Return the drawing elsewhere."""
        return Drawing(self.plane, {key: rect.moved(dx, dy) for key, rect in self.shapes.items()},
                       {key: tuple((x + dx, y + dy) for x, y in points) for key, points in self.edges.items()},
                       {key: rect.moved(dx, dy) for key, rect in self.labels.items()},
                       tuple(lane.moved(dx, dy) for lane in self.lanes), self.pool and self.pool.moved(dx, dy))

    def frame(self) -> Rect:
        """Return the rectangle around everything."""
        rects = [*self.shapes.values(), *self.labels.values(), *self.lanes, *([self.pool] if self.pool else [])]
        points = [point for points in self.edges.values() for point in points]
        xs = [x for r in rects for x in (r.x, r.right)] + [x for x, _ in points]
        ys = [y for r in rects for y in (r.y, r.bottom)] + [y for _, y in points]
        return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)) if xs else Rect(0, 0, 0, 0)


def size(node: Node, grid: Grid) -> tuple[int, int]:
    """Return width and height of the node's shape."""
    if node.shape == "event":
        return (EVENT, EVENT)
    if node.shape == "gateway":
        return (GATEWAY, GATEWAY)
    return (grid.widths[node.id], TASK[1])


class Surveyor:
    """Turns grid, routes and tracks into coordinates."""

    def __init__(self, plane: Plane, grid: Grid, routes: tuple[Route, ...], tracks: Tracks) -> None:
        self.plane, self.grid, self.routes, self.tracks, self.ports = plane, grid, routes, tracks, grid.ports
        self.nodes = plane.by_id
        self.sides = {node.id: self._label_side(node) for node in plane.nodes}

    def _label_side(self, node: Node) -> str:
        """Return where the node's name goes: the side that no flow uses."""
        used = {route.leaves for route in self.routes if route.flow.source == node.id}
        used |= {(-route.enters[0], -route.enters[1]) for route in self.routes if route.flow.target == node.id}
        first, second = (UP, DOWN) if node.shape == "gateway" else (DOWN, UP)
        word = {UP: "above", DOWN: "below"}
        if node.host is not None:
            return "beside"
        return word[first] if first not in used else word[second] if second not in used else "corner"

    def survey(self, reserve: Reserve) -> Drawing:
        """Return the drawing without labels."""
        xs = self._columns(reserve)
        ys, bands = self._rows(reserve)
        shapes = self._shapes(xs, ys)
        edges = {route.flow.id: self._edge(number, route, xs, ys, shapes)
                 for number, route in enumerate(self.routes)}
        return self._framed(shapes, edges, xs, bands)

    def _extent(self, node: Node) -> tuple[int, int, int, int]:
        """Return the room that node and name take left, right, above and below the cell's middle."""
        events = [event for event, host in self.grid.hosts.items() if host == node.id]
        wide, high = size(node, self.grid)
        left = right = wide // 2
        above = below = high // 2
        for event in events:
            box = label_box(self.nodes[event].name, 66)
            room = high // 2 + EVENT // 2 + 6 + box.height
            above, below = (max(above, room), below) if event in self.grid.rising else (above, max(below, room))
            right = max(right, self.ports[event] + 8 + box.width)
        if node.shape in ("gateway", "event") and node.name:
            box, side = self.name_box(node), self.sides[node.id]
            left = max(left, box.width // 2 if side != "corner" else box.width + 6)
            right = max(right, box.width // 2 if side != "corner" else 0)
            above += box.height + GAP_LABEL if side in ("above", "corner") else 0
            below += box.height + GAP_LABEL if side == "below" else 0
        return left, right, above, below

    def name_box(self, node: Node) -> Box:
        """Return the size of the node's name."""
        return label_box(node.name, 66 if self.sides[node.id] in ("corner", "beside") else 90)

    def _columns(self, reserve: Reserve) -> dict[int, tuple[int, int]]:
        """Return for every line across where it begins and its first track (a column: its middle)."""
        extents: dict[int, list[tuple[int, int]]] = {}
        for node_id, (x, _) in self.grid.cells.items():
            extents.setdefault(x, []).append(self._extent(self.nodes[node_id])[:2])
        need = self._label_room()
        lines: dict[int, tuple[int, int]] = {}
        at = 0
        for line in range(self.grid.across):
            if line % 2 == 0:
                lines[line], at = self._channel_across(line, at, need.get(line, 0))
                continue
            left = max((e[0] for e in extents.get(line, [])), default=30) + reserve.left.get(line, 0)
            right = max((e[1] for e in extents.get(line, [])), default=30) + reserve.right.get(line, 0)
            middle = -(-(at + left) // GRID) * GRID
            lines[line] = (at, middle)
            at = middle + right
        lines[self.grid.across] = (at, at)
        return lines

    def _channel_across(self, line: int, at: int, labels: int) -> tuple[tuple[int, int], int]:
        tracks = self.tracks.upright.get(line, 0)
        outer = line in (0, self.grid.across - 1)
        if not tracks:
            return (at, at), at + max(labels, 30 if outer else GAP_ACROSS)
        wide = TRACK * (tracks - 1)
        before = max(labels, PAD_ACROSS)
        first = -(-(at + before) // 5) * 5
        return (at, first), first + wide + PAD_ACROSS

    def _label_room(self) -> dict[int, int]:
        """Return how wide each upright channel must be for the names of flows that leave to the right."""
        need: dict[int, int] = {}
        for route in self.routes:
            source = self.nodes[route.flow.source]
            if route.flow.name and route.leaves == RIGHT:
                column = self.grid.cell(source.id)[0]
                widest = max(self._extent(self.nodes[n])[1] for n, (x, _) in self.grid.cells.items() if x == column)
                slack = widest - self._extent(source)[1] if source.shape != "gateway" else widest - GATEWAY // 2
                room = label_box(route.flow.name, 66).width + (22 if route.flow.default else 12) - slack
                need[column + 1] = max(need.get(column + 1, 0), room)
        return need

    def _rows(self, reserve: Reserve) -> tuple[dict[int, int], list[tuple[int, int]]]:
        """Return for every line down its middle (a channel: its first track), and top and bottom of each band."""
        extents: dict[int, list[tuple[int, int]]] = {}
        for node_id, (_, y) in self.grid.cells.items():
            extents.setdefault(y, []).append(self._extent(self.nodes[node_id])[2:])
        lines: dict[int, int] = {}
        bands = []
        at = 0
        for number, (first, last) in enumerate(self.grid.bands):
            top = at
            for line in range(first, last + 1):
                if self.grid.kinds[line] == "channel":
                    lines[line], at = self._channel_down(line, at, line in (first, last))
                    continue
                above = max((e[0] for e in extents.get(line, [])), default=30) + reserve.above.get(line, 0)
                below = max((e[1] for e in extents.get(line, [])), default=30) + reserve.below.get(line, 0)
                lines[line] = -(-(at + above) // GRID) * GRID
                at = lines[line] + below
            name = self.plane.lanes[number].name if self.plane.lanes else ""
            lacking = max(0, 13 * len(name) + 20 - (at - top))
            for line in range(first, last + 1):  # a long name is not cut by a low lane
                lines[line] += -(-(lacking // 2) // GRID) * GRID
            at = -(-(at + lacking) // GRID) * GRID
            bands.append((top, at))
        return lines, bands

    def _channel_down(self, line: int, at: int, outer: bool) -> tuple[int, int]:
        tracks = self.tracks.level.get(line, 0)
        if not tracks:
            return at, at + (PAD_DOWN if outer else GAP_DOWN)
        first = -(-(at + PAD_DOWN) // 5) * 5
        return first, first + TRACK * (tracks - 1) + PAD_DOWN

    def _shapes(self, xs: Mapping[int, tuple[int, int]], ys: Mapping[int, int]) -> dict[str, Rect]:
        shapes = {}
        for node in self.plane.nodes:
            x, y = self.grid.cell(node.id)
            if node.host is None:
                wide, high = size(node, self.grid)
                shapes[node.id] = Rect(xs[x][1] - wide // 2, ys[y] - high // 2, wide, high)
            else:
                border = -TASK[1] // 2 if node.id in self.grid.rising else TASK[1] // 2
                shapes[node.id] = Rect(xs[x][1] + self.ports[node.id] - EVENT // 2, ys[y] + border - EVENT // 2,
                                       EVENT, EVENT)
        return shapes

    def _edge(self, number: int, route: Route, xs: Mapping[int, tuple[int, int]], ys: Mapping[int, int],
              shapes: Mapping[str, Rect]) -> tuple[Point, ...]:
        stretches = self.tracks.stretches[number]
        places = []
        for stretch in stretches:
            if stretch.level:
                step = 1 if self.grid.kinds[stretch.line] == "row" else TRACK
                places.append(int(ys[stretch.line] + step * stretch.offset))
            else:
                step = 1 if stretch.line % 2 else TRACK
                places.append(int(xs[stretch.line][1] + step * stretch.offset))
        points = [_port(shapes[route.flow.source], route.leaves, places[0])]
        for at in range(1, len(stretches)):
            level, upright = (places[at], places[at - 1]) if stretches[at].level else (places[at - 1], places[at])
            points.append((upright, level))
        enters = (-route.enters[0], -route.enters[1])
        points.append(_port(shapes[route.flow.target], enters, places[-1]))
        return tuple(points)

    def _framed(self, shapes: dict[str, Rect], edges: dict[str, tuple[Point, ...]],
                xs: Mapping[int, tuple[int, int]], bands: list[tuple[int, int]]) -> Drawing:
        """Return the drawing moved to where pictures begin, with its pool and lanes around it."""
        pool = None
        lanes: tuple[Rect, ...] = ()
        left, top, right = 0, 0, -(-xs[self.grid.across][0] // GRID) * GRID
        inner = STRIP if self.plane.lanes else 0
        if self.plane.lanes:
            lanes = tuple(Rect(left - inner, a, right + inner, b - a) for a, b in bands)
        if self.plane.pool:
            pool = Rect(left - inner - STRIP, top, right + inner + STRIP, bands[-1][1])
        frame = pool or (lanes[0] if lanes else Rect(left, top, 0, 0))
        for flow in self.plane.flows:
            if flow.type != "sequenceFlow":
                edges[flow.id] = _straight(shapes[flow.source], shapes[flow.target])
        return Drawing(self.plane, shapes, edges, {}, lanes, pool).moved(LEFT - frame.x, TOP - frame.y)


def _straight(one: Rect, other: Rect) -> tuple[Point, Point]:
    """Return the shortest upright or level line between two shapes, a slanted one where there is none."""
    (x, y), (x2, y2) = one.middle, other.middle
    if one.x < other.right and other.x < one.right:
        x = x2 = (max(one.x, other.x) + min(one.right, other.right)) // 2
        return ((x, one.bottom), (x2, other.y)) if y < y2 else ((x, one.y), (x2, other.bottom))
    if one.y < other.bottom and other.y < one.bottom:
        y = y2 = (max(one.y, other.y) + min(one.bottom, other.bottom)) // 2
    return ((one.right, y), (other.x, y2)) if x < x2 else ((one.x, y), (other.right, y2))


def _port(shape: Rect, side: tuple[int, int], place: int) -> Point:
    """Return the point on the border of the shape where a flow on the line `place` meets it."""
    if side[0]:
        return (shape.right if side[0] > 0 else shape.x, place)
    return (place, shape.bottom if side[1] > 0 else shape.y)
