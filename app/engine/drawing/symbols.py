"""BPMN's small signs as strokes: event and gateway symbols, task types, markers, arrows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.engine.xml import BPMN
from app.facts_scene import Box, Item, Line, Oval, Point

Rect = tuple[float, float, float, float]
# Signs in a square from (0, 0) to (1, 1): closed or open strokes.
_BOLT: tuple[Point, ...] = ((0.22, 0.8), (0.38, 0.25), (0.6, 0.6), (0.8, 0.2), (0.63, 0.75), (0.41, 0.42))
_RISE: tuple[Point, ...] = ((0.5, 0.15), (0.78, 0.85), (0.5, 0.58), (0.22, 0.85))
_CROSS: tuple[Point, ...] = (
    (0.2, 0.3), (0.3, 0.2), (0.5, 0.4), (0.7, 0.2), (0.8, 0.3), (0.6, 0.5),
    (0.8, 0.7), (0.7, 0.8), (0.5, 0.6), (0.3, 0.8), (0.2, 0.7), (0.4, 0.5),
)  # fmt: skip
_ARROW: tuple[Point, ...] = (
    (0.15, 0.42), (0.55, 0.42), (0.55, 0.22), (0.9, 0.5), (0.55, 0.78), (0.55, 0.58), (0.15, 0.58),
)  # fmt: skip
_TRIANGLE: tuple[Point, ...] = ((0.5, 0.18), (0.82, 0.76), (0.18, 0.76))
_PENTAGON: tuple[Point, ...] = ((0.5, 0.15), (0.86, 0.42), (0.72, 0.84), (0.28, 0.84), (0.14, 0.42))
_REWIND: tuple[Point, ...] = (
    (0.12, 0.5), (0.48, 0.25), (0.48, 0.5), (0.84, 0.25), (0.84, 0.75), (0.48, 0.5), (0.48, 0.75),
)  # fmt: skip
CLOSED = {"error": _BOLT, "escalation": _RISE, "cancel": _CROSS, "link": _ARROW, "signal": _TRIANGLE,
          "multiple": _PENTAGON, "compensate": _REWIND}  # fmt: skip


def _inner(rect: Rect, share: float = 0.62) -> Rect:
    x, y, width, height = rect
    return x + width * (1 - share) / 2, y + height * (1 - share) / 2, width * share, height * share


def _placed(points: tuple[Point, ...], rect: Rect) -> tuple[Point, ...]:
    x, y, width, height = rect
    return tuple((x + a * width, y + b * height) for a, b in points)


def event(kind: str, rect: Rect, thrown: bool) -> Iterator[Item]:
    """Yield the symbol of an event definition; thrown ones are filled."""
    area = _inner(rect)
    x, y, width, height = area
    fill = "ink" if thrown else None
    if kind == "timer":
        yield Oval(x, y, width, height, 1.2, fill=None)
        yield Line(_placed(((0.62, 0.12), (0.5, 0.5), (0.75, 0.55)), area), 1.2)
    elif kind == "message":
        yield from _letter((x, y + height * 0.15, width, height * 0.7), thrown)
    elif kind == "terminate":
        yield Oval(x, y, width, height, 1.2, fill="ink")
    elif kind == "conditional":
        yield Box(x + width * 0.15, y, width * 0.7, height, 0, 1.2, fill=None)
        for share in (0.25, 0.5, 0.75):
            yield Line(_placed(((0.27, share), (0.73, share)), area), 1)
    elif kind in CLOSED:
        yield Line(_placed(CLOSED[kind], area), 1.2, closed=True, fill=fill)


def _letter(rect: Rect, filled: bool) -> Iterator[Item]:
    x, y, width, height = rect
    yield Box(x, y, width, height, 0, 1.2, fill="ink" if filled else None)
    if not filled:
        yield Line(((x, y), (x + width / 2, y + height * 0.55), (x + width, y)), 1.2)


def gateway(kind: str, rect: Rect) -> Iterator[Item]:
    """Yield the sign in a gateway."""
    area = _inner(rect, 0.42)
    x, y, width, height = area
    if kind == "exclusiveGateway":
        yield Line(_placed(((0.1, 0.0), (0.9, 1.0)), area), 3)
        yield Line(_placed(((0.9, 0.0), (0.1, 1.0)), area), 3)
    elif kind in {"parallelGateway", "complexGateway"}:
        yield Line(_placed(((0.5, -0.05), (0.5, 1.05)), area), 3)
        yield Line(_placed(((-0.05, 0.5), (1.05, 0.5)), area), 3)
        if kind == "complexGateway":
            yield Line(_placed(((0.1, 0.1), (0.9, 0.9)), area), 3)
            yield Line(_placed(((0.9, 0.1), (0.1, 0.9)), area), 3)
    elif kind == "inclusiveGateway":
        yield Oval(x, y, width, height, 2.5, fill=None)
    else:
        yield Oval(x - 2, y - 2, width + 4, height + 4, 1, fill=None)
        yield Line(_placed(_PENTAGON, area), 1.2, closed=True)


def task(kind: str, rect: Rect) -> Iterator[Item]:
    """Yield the sign of a task's type in its corner."""
    x, y, size = rect[0] + 6, rect[1] + 6, 15.0
    area = (x, y, size, size)
    if kind == "userTask":
        yield Oval(x + 4, y, 7, 7, 1.1)
        yield Line(_placed(((0.05, 1), (0.1, 0.65), (0.35, 0.48), (0.65, 0.48), (0.9, 0.65), (0.95, 1)), area), 1.1,
                   closed=True)  # fmt: skip
    elif kind == "serviceTask":
        yield Oval(x + 1, y + 1, 13, 13, 1.1, (2.5, 1.6))
        yield Oval(x + 5, y + 5, 5, 5, 1.1)
    elif kind == "scriptTask":
        yield Box(x + 1, y, 12, 15, 1, 1.1)
        for share in (0.25, 0.5, 0.75):
            yield Line(_placed(((0.22, share), (0.72, share)), area), 1)
    elif kind == "businessRuleTask":
        yield Box(x, y + 1, 16, 12, 0, 1.1)
        yield Line(((x, y + 5), (x + 16, y + 5)), 1.1)
        yield Line(((x + 5, y + 5), (x + 5, y + 13)), 1.1)
    elif kind in {"sendTask", "receiveTask"}:
        yield from _letter((x, y + 1, 16, 11), kind == "sendTask")
    elif kind == "manualTask":
        yield Line(_placed(((0, 0.5), (0.35, 0.15), (0.6, 0.15), (0.5, 0.35), (1, 0.35), (1, 0.85), (0.2, 0.85)), area),
                   1.1, closed=True)  # fmt: skip


def markers(element: Any, kind: str, expanded: bool, rect: Rect) -> Iterator[Item]:
    """Yield the markers at an activity's foot: folded, repeated, several, for compensation, ad hoc."""
    signs = []
    multi = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if kind in {"subProcess", "transaction", "adHocSubProcess", "callActivity", "subChoreography"} and not expanded:
        signs.append("plus")
    if multi is not None:
        signs.append("rows" if multi.get("isSequential") == "true" else "columns")
    if element.find(f"{{{BPMN}}}standardLoopCharacteristics") is not None:
        signs.append("loop")
    if element.get("isForCompensation") == "true":
        signs.append("rewind")
    x, y = rect[0] + rect[2] / 2 - len(signs) * 9, rect[1] + rect[3] - 17
    for sign in signs:
        yield from _marker(sign, (x + 2, y, 14, 14))
        x += 18


def _marker(sign: str, area: Rect) -> Iterator[Item]:
    x, y, width, height = area
    if sign == "plus":
        yield Box(x, y, width, height, 0, 1.2)
        yield Line(_placed(((0.5, 0.2), (0.5, 0.8)), area), 1.2)
        yield Line(_placed(((0.2, 0.5), (0.8, 0.5)), area), 1.2)
    elif sign in {"rows", "columns"}:
        for share in (0.2, 0.5, 0.8):
            ends = ((0.0, share), (1.0, share)) if sign == "rows" else ((share, 0.0), (share, 1.0))
            yield Line(_placed(ends, area), 2)
    elif sign == "loop":
        arc = tuple((0.5 + 0.42 * math.cos(math.radians(a)), 0.5 + 0.42 * math.sin(math.radians(a)))
                    for a in range(130, 420, 15))  # fmt: skip
        yield Line(_placed(arc, area), 1.3)
    else:
        yield Line(_placed(_REWIND, area), 1.1, closed=True)


def data(kind: str, rect: Rect, key: str | None) -> Iterator[Item]:
    """Yield a data object or store; anything unknown is a plain box, so that it is seen."""
    x, y, width, height = rect
    if kind.startswith("dataStore"):
        band = min(height * 0.2, 10)
        yield Line(((x, y + band), (x, y + height - band)), element=key)
        yield Line(((x + width, y + band), (x + width, y + height - band)))
        yield Oval(x, y + height - 2 * band, width, 2 * band, fill=None)
        yield Oval(x, y, width, 2 * band)
    elif kind.startswith("data"):
        fold = min(width, height) * 0.28
        yield Line(((x, y), (x + width - fold, y), (x + width, y + fold), (x + width, y + height), (x, y + height)),
                   closed=True, fill="paper", element=key)  # fmt: skip
        yield Line(((x + width - fold, y), (x + width - fold, y + fold), (x + width, y + fold)))
    elif kind == "conversation":
        points = ((0.25, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0.25, 1), (0, 0.5))
        yield Line(_placed(points, rect), closed=True, fill="paper", element=key)
    else:
        yield Box(x, y, width, height, 4, element=key)


def arrow(before: Point, tip: Point, *, hollow: bool = False) -> Line:
    """Return the head of an arrow that comes from `before`."""
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    sides = [(tip[0] - 9 * math.cos(angle + turn), tip[1] - 9 * math.sin(angle + turn)) for turn in (0.42, -0.42)]
    return Line((sides[0], tip, sides[1]), 1.2, closed=True, fill="paper" if hollow else "ink")


def slash(first: Point, second: Point) -> Line:
    """Return the stroke that marks a default flow, near its beginning."""
    angle = math.atan2(second[1] - first[1], second[0] - first[0])
    x, y = first[0] + 12 * math.cos(angle), first[1] + 12 * math.sin(angle)
    turn = angle + math.radians(60)
    return Line(((x - 6 * math.cos(turn), y - 6 * math.sin(turn)), (x + 6 * math.cos(turn), y + 6 * math.sin(turn))))


def moved(item: Item, x: float, y: float) -> Item:
    """Return the item at another place."""
    if isinstance(item, Line):
        return replace(item, points=tuple((a + x, b + y) for a, b in item.points))
    return replace(item, x=item.x + x, y=item.y + y)
