"""Which row of its lane each node stands in: chains of nodes kept straight, then improved move by move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.engine.drawing.columns import Columns, anchor
from app.engine.drawing.document import Flow, Plane

BEND, ROW, DETOUR, ABOVE_HOST, PORT = 4.0, 5.0, 6.0, 50.0, 14.0
MAIN = 3.0  # how much straighter the longest way should be
SWEEPS = 4
EFFORT = 8_000_000  # pairs of flows that one improvement may compare

Place = dict[str, tuple[int, int]]  # node -> (band, row)


@dataclass(frozen=True)
class Taste:
    """What a placement is judged by before its flows are routed."""

    crossing: float = 12.0
    rise: float = 2.5  # for each row between the ends of a flow


@dataclass(frozen=True)
class Rows:
    """The band and row of each free-standing node, and how many rows each band has."""

    of: Mapping[str, tuple[int, int]]
    counts: tuple[int, ...]


class Placing:
    """Finds the rows of a plane's nodes; `main` has the steps of its longest way."""

    def __init__(self, plane: Plane, columns: Columns, taste: Taste) -> None:
        self.bands = max(1, len(plane.lanes))
        band = {node.id: node.lane if plane.lanes else 0 for node in plane.nodes if node.host is None}
        chains = _chains(plane, columns)
        self.main = tuple(zip(chains[0], chains[0][1:], strict=False)) if chains else ()
        self.improver = _Improver(plane, columns, self.bands, chains, taste)
        self.first = _first_placement(plane, columns, band, chains)

    def best(self) -> Rows:
        """Return the placement that looks best before flows are routed."""
        return self._counted(self.improver.improve(self.first))

    def neighbours(self, rows: Rows, most: int) -> list[Rows]:
        """Return the `most` promising placements that are one move away from `rows`."""
        return [self._counted(place) for place in self.improver.neighbours(dict(rows.of), most)]

    def _counted(self, place: Place) -> Rows:
        counts = [1] * self.bands
        for at, row in place.values():
            counts[at] = max(counts[at], row + 1)
        return Rows(place, tuple(counts))


def _chains(plane: Plane, columns: Columns) -> list[list[str]]:
    """Return every node once: the longest way first, then what branches off it, each as far as it leads."""
    anchors = anchor(plane)
    flows = [flow for flow in plane.flows if flow.id not in columns.back]
    seen: set[str] = set()
    chains: list[list[str]] = []
    free = [node.id for node in plane.nodes if node.host is None]
    starts = sorted(free, key=lambda node: columns.of[node])
    queue = sorted((node for node in free if columns.of[node] == 0), key=lambda node: -columns.height.get(node, 0))
    while True:
        head = next((node for node in queue if node not in seen), None)
        if head is None:
            head = next((node for node in starts if node not in seen), None)
        if head is None:
            return chains
        chain = [head]
        seen.add(head)
        while True:
            following = [anchors[flow.target] for flow in flows if flow.source == chain[-1]]
            following = [node for node in following if node not in seen]
            if not following:
                break
            chain.append(max(following, key=lambda node: columns.height.get(node, 0)))
            seen.add(chain[-1])
        chains.append(chain)
        queue = [anchors[flow.target] for node in chain for flow in flows if anchors[flow.source] == node] + queue


def _runs(chain: list[str], band: Mapping[str, int]) -> Iterator[list[str]]:
    run: list[str] = []
    for node in chain:
        if run and band[node] != band[run[-1]]:
            yield run
            run = []
        run.append(node)
    yield run


def _first_placement(plane: Plane, columns: Columns, band: Mapping[str, int], chains: list[list[str]]) -> Place:
    taken: dict[tuple[int, int], list[tuple[int, int]]] = {}  # (band, row) -> column intervals
    place: Place = {}
    anchors = anchor(plane)
    into: dict[str, Flow] = {}
    for flow in plane.flows:
        if flow.id not in columns.back:
            into.setdefault(anchors[flow.target], flow)
    for chain in chains:
        for run in _runs(chain, band):
            first, last = columns.of[run[0]], columns.of[run[-1]]
            wished = _wished_row(plane, run[0], into.get(run[0]), place, band)
            row = 0
            for row in sorted(range(len(place) + 2), key=lambda r: (abs(r - wished), -r)):
                if all(last < a or b < first for a, b in taken.get((band[run[0]], row), [])):
                    break
            taken.setdefault((band[run[0]], row), []).append((first, last))
            place.update({node: (band[node], row) for node in run})
    return _compact(place)


def _wished_row(plane: Plane, node: str, flow: Flow | None, place: Place, band: Mapping[str, int]) -> int:
    if flow is None:
        return 0
    source = plane.node(flow.source)
    before = place.get(source.host or source.id)
    if before is None or before[0] != band[node]:
        return 0
    return before[1] + 1 if source.host or source.shape == "gateway" else before[1]


def _compact(place: Place) -> Place:
    """Return the same placement without empty rows."""
    used: dict[int, list[int]] = {}
    for at, row in place.values():
        used.setdefault(at, []).append(row)
    rank = {at: {row: index for index, row in enumerate(sorted(set(rows)))} for at, rows in used.items()}
    return {node: (at, rank[at][row]) for node, (at, row) in place.items()}


class _Improver:
    """Moves runs and single nodes between rows while that makes the drawing simpler."""

    def __init__(self, plane: Plane, columns: Columns, bands: int, chains: list[list[str]],
                 taste: Taste) -> None:
        self.column = columns.of
        self.bands = bands
        self.taste = taste
        anchors = anchor(plane)
        fan: dict[str, int] = {}
        for flow in plane.flows:
            fan[flow.source] = fan.get(flow.source, 0) + 1
        main = set(chains[0]) if chains else set()
        self.links = [(anchors[f.source], anchors[f.target], plane.node(f.source).host is not None,
                       f.id in columns.back, fan[f.source] > 1,
                       MAIN if anchors[f.source] in main and anchors[f.target] in main else 1.0)
                      for f in plane.flows if anchors[f.source] != anchors[f.target]]
        self.forks: dict[str, list[str]] = {}
        for flow in plane.flows:
            if fan[flow.source] > 1 and plane.node(flow.source).host is None:
                self.forks.setdefault(flow.source, []).append(anchors[flow.target])
        band = {node.id: node.lane if plane.lanes else 0 for node in plane.nodes if node.host is None}
        self.band = band
        runs = [run for chain in chains for run in _runs(chain, band)]
        tails = [run[i:] for run in runs for i in range(1, len(run) - 1)]
        singles = [[node] for run in runs if len(run) > 1 for node in run]
        self.groups = runs + tails + singles

    def improve(self, place: Place) -> Place:
        """Return the best placement that single moves lead to."""
        best, cost = place, self._cost(place)
        left = EFFORT // (1 + len(self.links)) ** 2
        for _ in range(SWEEPS):
            before = cost
            for move in self._moves(best):
                candidate = move(best) if left > 0 else None
                if candidate is not None:
                    left -= 1
                    price = self._cost(candidate, cost)
                    if price < cost - 1e-9:
                        best, cost = candidate, price
            if cost >= before:
                break
        return best

    def neighbours(self, place: Place, most: int) -> list[Place]:
        """Return the `most` cheapest placements one move away."""
        found: dict[tuple[tuple[str, tuple[int, int]], ...], tuple[float, Place]] = {}
        here = tuple(sorted(place.items()))
        for move in self._moves(place):
            candidate = move(place)
            if candidate is not None:
                key = tuple(sorted(candidate.items()))
                if key != here and key not in found:
                    found[key] = (self._cost(candidate), candidate)
        return [candidate for _, candidate in sorted(found.values(), key=lambda item: item[0])[:most]]

    def _moves(self, place: Place) -> Iterator[_Move | _Swap | _Exchange]:
        for group in self.groups:
            rows = 2 + max(row for at, row in place.values() if at == place[group[0]][0])
            for row in range(rows):
                yield _Move(group, row, False, self.column)
                yield _Move(group, row, True, self.column)
        cells = sorted(place, key=lambda node: (place[node][0], self.column[node]))
        for at, node in enumerate(cells):
            for other in cells[at + 1:]:
                if place[other][0] != place[node][0] or self.column[other] != self.column[node]:
                    break
                yield _Exchange(node, other)
        for band in range(self.bands):
            rows = 1 + max((row for b, row in place.values() if b == band), default=0)
            for row in range(rows):
                for lower in range(row + 1, rows):
                    yield _Swap(band, row, lower)

    def _cost(self, place: Place, limit: float = float("inf")) -> float:
        """Return what is wrong with the placement; no less than `limit` where it is no better than that."""
        counts = [1] * self.bands
        for at, row in place.values():
            counts[at] = max(counts[at], row + 1)
        top = [0.0] * self.bands
        for at in range(1, self.bands):
            top[at] = top[at - 1] + counts[at - 1] + 0.3
        y = {node: top[at] + row for node, (at, row) in place.items()}
        taken = {(self.column[node], y[node]) for node in place}
        total = ROW * sum(counts) + PORT * self._excess(y, taken)
        across: list[tuple[float, float, float, str]] = []
        down: list[tuple[float, float, float, str]] = []
        for link in self.links:
            total += self._draw(link, y, taken, across, down)
            if total >= limit:
                return total
        for x, y0, y1, to in down:
            for level, x0, x1, other in across:
                if x0 < x < x1 and y0 < level < y1 and to != other:
                    total += self.taste.crossing
            if total >= limit:
                return total
        return total

    def _excess(self, y: Mapping[str, float], taken: set[tuple[int, float]]) -> int:
        """Return how many flows must share the right, upper or lower corner of a fork."""
        excess = 0
        for source, targets in self.forks.items():
            sides = {1: 0, -1: 0, 0: 0}
            around = 0  # flows that go around what stands in the same row
            for target in targets:
                rise = (y[target] > y[source]) - (y[target] < y[source])
                behind = self.column[target] <= self.column[source]
                if behind or (rise == 0 and any((c, y[source]) in taken for c in
                                                range(self.column[source] + 1, self.column[target]))):
                    around += 1
                else:
                    sides[rise] += 1
            excess += sum(max(0, count - 1) for count in sides.values())
            excess += max(0, around - (sides[1] == 0) - (sides[-1] == 0))
        return excess

    def _draw(self, link: tuple[str, str, bool, bool, bool, float], y: Mapping[str, float],
              taken: set[tuple[int, float]], across: list[tuple[float, float, float, str]],
              down: list[tuple[float, float, float, str]]) -> float:
        """Add how the flow would roughly run to `across` and `down`; return what it costs by itself."""
        source, target, boundary, back, fork, weight = link
        a, b, ya, yb = self.column[source], self.column[target], y[source], y[target]
        low, high = min(ya, yb), max(ya, yb)
        cost = self.taste.rise * (high - low) * weight
        if back:
            level = high + 0.45
            across.append((level, b, a + 0.5, target))
            down.append((a + 0.5, ya, level, target))
            down.append((float(b), yb, level, target))
            return cost * 0.5 + 0.3 * (a - b)
        if boundary:
            cost += ABOVE_HOST if yb <= ya and self.band[source] == self.band[target] else 0.0
            clear = all((a, level) not in taken for level in y.values() if ya < level < yb)
            x = a if clear else a + 0.4
            down.append((x, low, high, target))
            across.append((yb, x, float(b), target))
            return cost + (0.0 if clear else DETOUR)
        if a == b:  # straight down or up into another lane
            clear = all((a, level) not in taken for level in y.values() if low < level < high)
            down.append((a if clear else a + 0.4, low, high, target))
            return cost + (0.0 if clear else DETOUR * 2)
        between = range(a + 1, b)
        if ya == yb:
            blocked = any((c, ya) in taken for c in between)
            across.append((ya + (0.45 if blocked else 0.0), a + 0.0, b + 0.0, target))
            return DETOUR * 1.5 if blocked else 0.0
        late = all((c, ya) not in taken for c in between)
        early = all((c, yb) not in taken for c in between)
        cost += BEND * weight
        if early and (fork or not late):
            down.append((a + 0.4, low, high, target))
            across.append((yb, a + 0.4, float(b), target))
        elif late:
            down.append((b - 0.4, low, high, target))
            across.append((ya, float(a), b - 0.4, target))
        else:
            level = yb - 0.45 if yb > ya else yb + 0.45
            down.append((a + 0.4, min(ya, level), max(ya, level), target))
            across.append((level, a + 0.4, b - 0.4, target))
            cost += DETOUR
        return cost


@dataclass(frozen=True)
class _Move:
    """A group goes to a row of its band, or to a new row before it."""

    group: list[str]
    row: int
    insert: bool
    column: Mapping[str, int]

    def __call__(self, place: Place) -> Place | None:
        at = place[self.group[0]][0]
        moved = set(self.group)
        if self.insert:
            changed = {node: (b, r + 1) if b == at and r >= self.row and node not in moved else (b, r)
                       for node, (b, r) in place.items()}
        else:
            if all(place[node][1] == self.row for node in self.group):
                return None
            changed = dict(place)
            columns = {self.column[node] for node in self.group}
            if any(b == at and r == self.row and self.column[node] in columns
                   for node, (b, r) in place.items() if node not in moved):
                return None
        changed.update(dict.fromkeys(self.group, (at, self.row)))
        return _compact(changed)


@dataclass(frozen=True)
class _Swap:
    """Two rows of a band change places."""

    band: int
    row: int
    other: int

    def __call__(self, place: Place) -> Place | None:
        turn = {self.row: self.other, self.other: self.row}
        return {node: (b, turn.get(r, r)) if b == self.band else (b, r) for node, (b, r) in place.items()}


@dataclass(frozen=True)
class _Exchange:
    """Two nodes of a column change places."""

    one: str
    other: str

    def __call__(self, place: Place) -> Place | None:
        return {**place, self.one: place[self.other], self.other: place[self.one]}
