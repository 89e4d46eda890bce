"""Which track of its channel each stretch of a flow takes: flows that would lie on each other get their own, in the
order that crosses least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.engine.drawing.routes import Grid, Route

LINE = 1000.0  # provisional distance of two grid lines: tracks and ports are offsets from their line
PASSES = 4
FREE_OFFSETS = (0, 10, -10, 20, -20, 30, -30)
OVERLAP = 6.0  # what lying on another flow costs, in crossings


@dataclass
class Stretch:
    """A straight part of a route along one grid line."""

    route: int
    index: int
    level: bool  # runs across
    line: int
    low: int
    high: int
    net: str
    ends: list[tuple[Stretch | None, int, int]] = field(default_factory=list)  # neighbour, grid line there, side
    offset: float = 0.0  # from the middle of its line: pixels on rows and columns, the track's number in a channel
    fixed: bool = False  # hangs on a port

    def at(self) -> float:
        """Return the provisional place of the line that it runs on."""
        return self.line * LINE + self.offset


@dataclass(frozen=True)
class Tracks:
    """Every route's stretches, and how many tracks each channel needs."""

    stretches: tuple[tuple[Stretch, ...], ...]
    upright: Mapping[int, int]  # channel across -> tracks
    level: Mapping[int, int]  # channel down -> tracks


def assign_tracks(grid: Grid, routes: Sequence[Route]) -> Tracks:
    """Return the tracks of all routes."""
    stretches = [_cut(number, route, grid.ports) for number, route in enumerate(routes)]
    every = [stretch for route in stretches for stretch in route]
    channels: dict[tuple[bool, int], list[list[Stretch]]] = {}
    for level in (False, True):
        for line in sorted({s.line for s in every if s.level == level}):
            own = [s for s in every if s.level == level and s.line == line]
            if _is_channel(grid, level, line):
                channels[level, line] = _bundle(own, routes)
            else:
                _spread(own, routes)
    counts: dict[tuple[bool, int], int] = {}
    for _ in range(PASSES):
        for (level, line), bundles in channels.items():
            bundles[:] = _ordered(bundles)
            counts[level, line] = _number(bundles)
    return Tracks(tuple(tuple(route) for route in stretches),
                  {line: n for (level, line), n in counts.items() if not level},
                  {line: n for (level, line), n in counts.items() if level})


def _is_channel(grid: Grid, level: bool, line: int) -> bool:
    return grid.kinds[line] == "channel" if level else line % 2 == 0


def _cut(number: int, route: Route, ports: Mapping[str, int]) -> list[Stretch]:
    points = route.points
    cut = []
    for index, (a, b) in enumerate(pairwise(points)):
        level = a[1] == b[1]
        line, ends = (a[1], (a[0], b[0])) if level else (a[0], (a[1], b[1]))
        cut.append(Stretch(number, index, level, line, min(ends), max(ends), route.flow.target))
    for index, stretch in enumerate(cut):
        for near, here in ((index - 1, points[index]), (index + 1, points[index + 1])):
            other = cut[near] if 0 <= near < len(cut) else None
            away = points[near] if near < index else points[min(near + 1, len(points) - 1)]
            where = here[0] if stretch.level else here[1]
            side = 0 if other is None else (away[1] - here[1] if stretch.level else away[0] - here[0])
            stretch.ends.append((other, where, (side > 0) - (side < 0)))
    cut[0].fixed = cut[-1].fixed = True
    if route.flow.source in ports and not cut[0].level:
        cut[0].offset = ports[route.flow.source]
    return cut


def _overlap(a: Stretch, b: Stretch) -> bool:
    return a.low <= b.high and b.low <= a.high


def _bundle(own: list[Stretch], routes: Sequence[Route]) -> list[list[Stretch]]:
    """Join what may share a track: flows that run into the same node, and forks of one port that part there."""
    bundles: list[list[Stretch]] = []
    for stretch in own:
        home = next((bundle for bundle in bundles if any(_joins(stretch, other, routes) for other in bundle)
                     and all(_joins(stretch, other, routes) or not _overlap(stretch, other) for other in bundle)),
                    None)
        if home is None:
            bundles.append([stretch])
        else:
            home.append(stretch)
    return bundles


def _joins(a: Stretch, b: Stretch, routes: Sequence[Route]) -> bool:
    if a.net == b.net:
        return _overlap(a, b)
    one, other = routes[a.route], routes[b.route]
    fork = a.index == b.index == 1 and one.flow.source == other.flow.source and one.leaves == other.leaves
    return fork and _overlap(a, b)


def _spread(own: list[Stretch], routes: Sequence[Route]) -> None:
    """Move what lies on another flow in the middle of a row or column aside, where no port holds it."""
    for at, stretch in enumerate(own):
        if not stretch.fixed:
            rivals = [o for i, o in enumerate(own) if not _joins(o, stretch, routes) and _overlap(o, stretch)
                      and (i < at or o.fixed)]
            used = {o.offset for o in rivals}
            stretch.offset = next((float(o) for o in FREE_OFFSETS if float(o) not in used), 0.0)


def _end_place(end: tuple[Stretch | None, int, int]) -> float:
    neighbour, line, _ = end
    return neighbour.at() if neighbour is not None else line * LINE


def _before_cost(first: Stretch, second: Stretch) -> float:
    """Return the crossings caused by `first` lying left of (above) `second`."""
    if not _overlap(first, second):
        return 0.0
    cost = 0.0
    for one, other, side in ((first, second, 1), (second, first, -1)):
        places = [_end_place(end) for end in other.ends]
        for end in one.ends:
            if end[0] is None or end[2] != side:
                continue
            place = _end_place(end)
            if min(places) < place < max(places):
                cost += 1.0
            elif any(abs(place - p) < 0.5 and e[2] == -side and e[0] is not None
                     for p, e in zip(places, other.ends, strict=True)):
                cost += OVERLAP / 2
    return cost


def _ordered(bundles: list[list[Stretch]]) -> list[list[Stretch]]:
    size = len(bundles)
    price = [[sum(_before_cost(a, b) for a in bundles[i] for b in bundles[j]) for j in range(size)]
             for i in range(size)]
    order = list(range(size))
    for _ in range(size + 1):
        moved = False
        for item in list(order):
            rest = [other for other in order if other != item]
            costs = [sum(price[other][item] for other in rest[:at]) + sum(price[item][other] for other in rest[at:])
                     for at in range(size)]
            here = order.index(item)
            best = min(range(size), key=lambda at: (costs[at], abs(at - here)))
            if costs[best] < costs[here]:
                rest.insert(best, item)
                order = rest
                moved = True
        if not moved:
            break
    return [bundles[i] for i in order]


def _number(bundles: list[list[Stretch]]) -> int:
    """Give each bundle the first track after those that it must lie behind; return how many tracks there are."""
    tracks: list[int] = []
    for at, bundle in enumerate(bundles):
        track = 0
        for earlier in range(at):
            if any(_overlap(a, b) for a in bundle for b in bundles[earlier]):
                track = max(track, tracks[earlier] + 1)
        tracks.append(track)
        for stretch in bundle:
            stretch.offset = float(track)
    return 1 + max(tracks, default=-1)
