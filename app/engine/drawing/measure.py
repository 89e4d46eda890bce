"""What is good about a drawing, in numbers: crossings, bends, lengths, size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from app.engine.drawing.geometry import Drawing, Point

CROSSING, BEND, LENGTH, OVERLAP, WIDTH, HEIGHT = 3.0, 1.0, 1 / 250, 20.0, 1 / 150, 1 / 90
UNDER, MAIN = 6.0, 4.0


def price(drawing: Drawing, main: Iterable[tuple[str, str]] = ()) -> float:
    """Return how much is wrong with the drawing, whose longest way is `main`: less is better."""
    edges = {flow.id: (flow.source, flow.target, drawing.edges[flow.id]) for flow in drawing.plane.flows
             if flow.id in drawing.edges}
    total = CROSSING * count_crossings({key: edge[2] for key, edge in edges.items()})
    total += BEND * sum(len(points) - 2 for _, _, points in edges.values())
    total += LENGTH * sum(abs(b[0] - a[0]) + abs(b[1] - a[1]) for _, _, points in edges.values()
                          for a, b in pairwise(points))
    lane_of = {node.id: node.lane for node in drawing.plane.nodes}
    total += MAIN * sum(drawing.shapes[a].middle[1] != drawing.shapes[b].middle[1] for a, b in main
                        if not drawing.lanes or lane_of[a] == lane_of[b])
    total += OVERLAP * len(list(overlaps(drawing)))
    shapes = drawing.shapes.values()
    total += WIDTH * max((s.right for s in shapes), default=0) + HEIGHT * max((s.bottom for s in shapes), default=0)
    hosts = {node.id: node.host for node in drawing.plane.nodes if node.host}
    for source, target, _ in edges.values():
        host = hosts.get(source)
        if host and lane_of[target] == lane_of[host] and drawing.shapes[target].y < drawing.shapes[host].bottom:
            total += UNDER  # what a boundary event starts belongs beneath its host
    return total


def count_crossings(edges: Mapping[str, Sequence[Point]]) -> int:
    """Return how many crossings the eye sees: flows that have joined into one line cross another one once."""
    return len({point for _, _, point in crossings(edges)})


def crossings(edges: Mapping[str, Sequence[Point]]) -> Iterator[tuple[str, str, Point]]:
    """Yield where two flows cross."""
    level, upright = [], []
    for key, points in edges.items():
        for a, b in pairwise(points):
            if a[1] == b[1]:
                level.append((a[1], min(a[0], b[0]), max(a[0], b[0]), key))
            elif a[0] == b[0]:
                upright.append((a[0], min(a[1], b[1]), max(a[1], b[1]), key))
    for y, left, right, one in level:
        for x, top, bottom, other in upright:
            if left < x < right and top < y < bottom and one != other:
                yield one, other, (x, y)


def overlaps(drawing: Drawing) -> Iterator[tuple[str, str]]:
    """Yield pairs of flows with neither end in common that lie on each other."""
    stretches = [(a, b, flow) for flow in drawing.plane.flows if flow.id in drawing.edges
                 for a, b in pairwise(drawing.edges[flow.id])]
    for at, (a, b, one) in enumerate(stretches):
        for c, d, other in stretches[at + 1:]:
            if one.source != other.source and one.target != other.target and lie_together(a, b, c, d):
                yield one.id, other.id


def lie_together(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether two upright or level lines share more than a point."""
    for axis in (0, 1):
        if a[axis] == b[axis] == c[axis] == d[axis]:
            other = 1 - axis
            low, high = max(min(a[other], b[other]), min(c[other], d[other])), min(max(a[other], b[other]),
                                                                                   max(c[other], d[other]))
            return low < high
    return False
