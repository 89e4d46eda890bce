"""How flows run: on a coarse grid of columns and rows with channels between them, so never through a shape.

Lines are numbered across and down. Across, 2c is the channel left of column c and 2c+1 the column itself. Down, each
band has a channel, a row, a channel, a row ... and a last channel, so that lane borders lie between two channels.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from app.engine.drawing.columns import Columns
from app.engine.drawing.document import Flow, Plane
from app.engine.drawing.ports import MARGIN, activity_width, boundary_ports
from app.engine.drawing.rows import Rows

Point = tuple[int, int]
Direction = tuple[int, int]
Net = tuple[str, str]  # source and target of a flow
RIGHT, LEFT, DOWN, UP = (1, 0), (-1, 0), (0, 1), (0, -1)

STEP_ACROSS, STEP_DOWN = 6.0, 5.0
BEND, CROSS, BESIDE, BLOCKED, STUB = 9.0, 16.0, 1.5, 70.0, 8.0
ROUNDS = 3
BARRED = 300.0
MANY = 150  # flows beyond which each is routed once


@dataclass(frozen=True)
class Route:
    """The way of one flow: the points where it starts, turns and ends."""

    flow: Flow
    points: tuple[Point, ...]
    back: bool = False

    @property
    def leaves(self) -> Direction:
        """Return the direction in which the flow leaves its source."""
        return _direction(self.points[0], self.points[1])

    @property
    def enters(self) -> Direction:
        """Return the direction in which the flow runs into its target."""
        return _direction(self.points[-2], self.points[-1])


@dataclass(frozen=True)
class Grid:
    """The lines of a plane and the cells in which its nodes stand."""

    cells: Mapping[str, Point]  # of free-standing nodes
    hosts: Mapping[str, str]  # boundary event -> host
    across: int  # number of lines
    rising: frozenset[str]  # boundary events on their host's upper border, since what they start lies above
    widths: Mapping[str, int]  # of activities, in pixels
    ports: Mapping[str, int]  # boundary event -> pixels from the middle of its host
    kinds: tuple[str, ...]  # of each line down: "row" or "channel"
    bands: tuple[tuple[int, int], ...]  # first and last line of each band

    def cell(self, node: str) -> Point:
        """Return the cell of the node, a boundary event's being its host's."""
        return self.cells[self.hosts.get(node, node)]


def make_grid(plane: Plane, columns: Columns, rows: Rows) -> Grid:
    """Return the grid on which `plane` is drawn."""
    kinds: list[str] = []
    bands = []
    for count in rows.counts:
        first = len(kinds)
        kinds += ["channel", "row"] * count + ["channel"]
        bands.append((first, len(kinds) - 1))
    cells = {node: (2 * columns.of[node] + 1, bands[band][0] + 2 * row + 1) for node, (band, row) in rows.of.items()}
    width = 2 * (1 + max(columns.of.values(), default=0)) + 1
    hosts = {node.id: node.host for node in plane.nodes if node.host}
    lanes = {node.id: node.lane for node in plane.nodes}
    lifted = {flow.source for flow in plane.flows if flow.source in hosts and lanes[flow.target] < lanes[flow.source]}
    sinking = {flow.source for flow in plane.flows if flow.source in hosts and flow.source not in lifted}
    rising = frozenset(lifted - sinking if plane.lanes else ())
    targets = {flow.source: cells[hosts.get(flow.target, flow.target)] for flow in reversed(plane.flows)
               if flow.source in hosts and hosts.get(flow.target, flow.target) in cells}
    standing = list(hosts.values())
    widths = {node.id: activity_width(node.name, standing.count(node.id)) for node in plane.nodes}
    ports = boundary_ports(hosts, targets, cells, widths)
    return Grid(cells, hosts, width, rising, widths, ports, tuple(kinds), tuple(bands))


def _direction(a: Point, b: Point) -> Direction:
    return ((b[0] > a[0]) - (b[0] < a[0]), (b[1] > a[1]) - (b[1] < a[1]))


def _least(point: Point, goal: Point) -> float:
    """Return what the rest of a way costs at least; its last step is free."""
    across, down = abs(point[0] - goal[0]), abs(point[1] - goal[1])
    return max(0.0, STEP_ACROSS * (across - 1) + STEP_DOWN / 2 * down)


def _walk(points: tuple[Point, ...]) -> Iterator[tuple[Point, Direction]]:
    """Yield every grid point of a route with the direction in which it is left (the last one: entered)."""
    direction = RIGHT
    for a, b in pairwise(points):
        direction = _direction(a, b)
        while a != b:
            yield a, direction
            a = (a[0] + direction[0], a[1] + direction[1])
    yield points[-1], direction


@dataclass
class _Traffic:
    """What runs over each grid point already."""

    level: dict[Point, dict[Net, int]] = field(default_factory=dict)  # point -> ends -> flows running across
    upright: dict[Point, dict[Net, int]] = field(default_factory=dict)
    ports: dict[tuple[str, Direction, str], int] = field(default_factory=dict)  # (node, side, in|out) -> flows

    def note(self, route: Route, change: int) -> None:
        net = (route.flow.source, route.flow.target)
        before = None
        for point, direction in _walk(route.points):
            for passed in {before or direction, direction}:
                table = self.level if passed[0] else self.upright
                nets = table.setdefault(point, {})
                nets[net] = nets.get(net, 0) + change
                if not nets[net]:
                    del nets[net]
            before = direction
        self._count((route.flow.source, route.leaves, "out"), change)
        side = (-route.enters[0], -route.enters[1])
        self._count((route.flow.target, side, "in"), change)

    def _count(self, port: tuple[str, Direction, str], change: int) -> None:
        self.ports[port] = self.ports.get(port, 0) + change

    def others(self, table: Mapping[Point, dict[Net, int]], point: Point, net: Net) -> int:
        """Return how many flows there neither begin nor end where `net` does."""
        nets = table.get(point)
        return 0 if not nets else sum(other[0] != net[0] and other[1] != net[1] for other in nets)


class Router:
    """Finds the ways of all flows of a plane, each knowing the others."""

    def __init__(self, plane: Plane, columns: Columns, grid: Grid) -> None:
        self.plane, self.columns, self.grid = plane, columns, grid
        self.nodes = plane.by_id
        self.occupied = {cell: node for node, cell in grid.cells.items()}
        self.hosting = {(host, UP if event in grid.rising else DOWN) for event, host in grid.hosts.items()}
        self.traffic = _Traffic()
        self.barred: Mapping[str, frozenset[Point]] = {}

    def route(self, barred: Mapping[str, frozenset[Point]] | None = None) -> tuple[Route, ...]:
        """Return the routes in the order of the plane's flows; `barred` has points that a flow should avoid."""
        self.barred = barred or {}
        flows = [flow for flow in self.plane.flows if flow.type == "sequenceFlow"]
        order = sorted(range(len(flows)), key=lambda i: (*self._difficulty(flows[i]), i))
        found: dict[int, Route] = {}
        for _ in range(ROUNDS if len(flows) <= MANY else 1):
            changed = False
            for i in order:
                if i in found:
                    self.traffic.note(found[i], -1)
                route = self._find(flows[i])
                changed = changed or found.get(i) != route
                found[i] = route
                self.traffic.note(route, 1)
            if not changed:
                break
        return tuple(found[i] for i in range(len(flows)))

    def _difficulty(self, flow: Flow) -> tuple[int, int]:
        (xa, ya), (xb, yb) = self.grid.cell(flow.source), self.grid.cell(flow.target)
        straight = ya == yb and xb == xa + 2
        return (0 if straight else 2 if flow.id in self.columns.back else 1, abs(xa - xb) + abs(ya - yb))

    def _find(self, flow: Flow) -> Route:
        """Return the cheapest way (A* over point and direction)."""
        start, goal = self.grid.cell(flow.source), self.grid.cell(flow.target)
        net = (flow.source, flow.target)
        best: dict[tuple[Point, Direction], float] = {}
        came: dict[tuple[Point, Direction], tuple[Point, Direction] | None] = {}
        heap: list[tuple[float, int, float, Point, Direction]] = []  # least whole cost, order, cost so far
        count = 0
        for direction, price in self._exits(flow):
            point = (start[0] + direction[0], start[1] + direction[1])
            state = (point, direction)
            best[state] = price + self._price(point, direction, net)
            came[state] = None
            heapq.heappush(heap, (best[state] + _least(point, goal), count, best[state], point, direction))
            count += 1
        while heap:
            _, _, cost, point, direction = heapq.heappop(heap)
            state = (point, direction)
            if cost > best[state]:
                continue
            if point == goal:
                return self._unwind(flow, start, state, came)
            for turn in (RIGHT, LEFT, DOWN, UP):
                if turn == (-direction[0], -direction[1]):
                    continue
                following = (point[0] + turn[0], point[1] + turn[1])
                step = self._step(flow, point, direction, turn, following, start, goal, net)
                if step is None:
                    continue
                reached = (following, turn)
                if cost + step < best.get(reached, float("inf")) - 1e-9:
                    best[reached] = cost + step
                    came[reached] = state
                    heapq.heappush(heap, (cost + step + _least(following, goal), count, cost + step, following, turn))
                    count += 1
        raise AssertionError("the outer channels join every cell")

    def _unwind(self, flow: Flow, start: Point, state: tuple[Point, Direction],
                came: Mapping[tuple[Point, Direction], tuple[Point, Direction] | None]) -> Route:
        states = [state]
        before = came[state]
        while before is not None:
            states.append(before)
            before = came[before]
        states.reverse()
        points = [start]
        points += [point for (point, direction), (_, turn) in pairwise(states)
                   if direction != turn]
        points.append(states[-1][0])
        return Route(flow, tuple(points), flow.id in self.columns.back)

    def _exits(self, flow: Flow) -> Iterator[tuple[Direction, float]]:
        node = self.nodes[flow.source]
        if node.host is not None:
            yield UP if node.id in self.grid.rising else DOWN, 0.0
            return
        back = flow.id in self.columns.back
        busy = {side: self.traffic.ports.get((node.id, side, "out"), 0) for side in (RIGHT, DOWN, UP)}
        arriving = {side: self.traffic.ports.get((node.id, side, "in"), 0) for side in (DOWN, UP)}
        shared = 32.0 if flow.name else 7.0
        yield RIGHT, shared * busy[RIGHT] + (4.0 if back else 0.0)
        over = self.grid.cell(flow.target)[0] == self.grid.cell(flow.source)[0]
        aside = 3.0 if node.shape == "gateway" else 0.0 if over else 12.0 if back else 40.0
        for side in (DOWN, UP):
            if (node.id, side) not in self.hosting:
                yield side, aside + shared * busy[side] + 40.0 * arriving[side]

    def _entry(self, flow: Flow, direction: Direction, start: Point) -> float | None:
        """Return what running into the target in `direction` costs; None where it may not."""
        node = self.nodes[flow.target]
        if direction == LEFT:
            return None
        if direction == RIGHT:
            return 0.0
        side = (0, -direction[1])
        if (node.id, side) in self.hosting:
            return None
        boundary = flow.source in self.grid.hosts
        beneath = boundary and start[0] == self.grid.cell(flow.target)[0]
        reach = self.grid.widths[node.id] // 2 - MARGIN if node.shape == "task" else -1
        if beneath and abs(self.grid.ports[flow.source]) > reach:
            return None  # the event does not hang over what stands beneath
        leaving = self.traffic.ports.get((node.id, side, "out"), 0)
        over = start[0] == self.grid.cell(flow.target)[0]
        easy = flow.id in self.columns.back or node.shape == "gateway" or boundary or over
        return (6.0 if easy else 18.0) + 40.0 * leaving + (8.0 if node.shape == "event" else 0.0)

    def _step(self, flow: Flow, point: Point, direction: Direction, turn: Direction, following: Point,
              start: Point, goal: Point, net: Net) -> float | None:
        x, y = following
        if not (0 <= x < self.grid.across and 0 <= y < len(self.grid.kinds)):
            return None
        price = BEND if turn != direction else 0.0
        if following in self.barred.get(flow.id, ()):
            price += BARRED
        if following == goal:
            entry = self._entry(flow, turn, start)
            return None if entry is None else price + entry
        if following in self.occupied:
            return None
        if turn != direction and self._on_cell(point):
            # Two flows that turn in the same empty cell cannot be told apart.
            price += BLOCKED * bool(self.traffic.others(self.traffic.level, point, net)
                                    or self.traffic.others(self.traffic.upright, point, net))
        return price + self._price(following, turn, net)

    def _on_cell(self, point: Point) -> bool:
        return point[0] % 2 == 1 and self.grid.kinds[point[1]] == "row"

    def _price(self, point: Point, direction: Direction, net: Net) -> float:
        traffic = self.traffic
        level, upright = (traffic.others(traffic.level, point, net), traffic.others(traffic.upright, point, net))
        if (level or upright) and net[0] in self.grid.hosts and point[0] == self.grid.cell(net[0])[0]:
            kin, crossed = self._beneath_host(point, direction, net)
            return self._charge(point, direction, level - kin[0], upright - kin[1]) + CROSS * crossed
        return self._charge(point, direction, level, upright)

    def _beneath_host(self, point: Point, direction: Direction, net: Net) -> tuple[tuple[int, int], int]:
        """Return how many flows from the same host run across and upright here, and how many of them are crossed.

        Each hangs on a port of its own, so they run beside each other; one that turns crosses those on that side.
        """
        host, port, ports = self.grid.hosts[net[0]], self.grid.ports[net[0]], self.grid.ports

        def kin(table: Mapping[Point, dict[Net, int]], at: Point) -> set[Net]:
            return {other for other in table.get(at, {}) if other[0] != net[0] and other[1] != net[1]
                    and self.grid.hosts.get(other[0]) == host}

        level, upright = kin(self.traffic.level, point), kin(self.traffic.upright, point)
        if direction[0]:
            crossed = sum((ports[other[0]] - port) * direction[0] > 0 for other in upright)
        else:
            right = kin(self.traffic.level, (point[0] + 1, point[1]))
            crossed = sum((port > ports[other[0]]) == (other in right) for other in level)
        return (len(level), len(upright)), crossed

    def _charge(self, point: Point, direction: Direction, level: int, upright: int) -> float:
        """Return what a step costs where so many other flows run across and upright."""
        if direction[0]:
            beside = BESIDE
            if self.grid.kinds[point[1]] == "row":  # a row's middle line holds one flow only
                beside = BLOCKED if point[0] % 2 else STUB
            return STEP_ACROSS + CROSS * upright + beside * level
        fixed = point[0] % 2 == 1
        step = STEP_DOWN if self.grid.kinds[point[1]] == "row" else STEP_DOWN / 2
        return step + CROSS * level + upright * (BLOCKED if fixed else BESIDE)
