"""Several pools in one picture: one below the other, black boxes last, with the messages between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.engine.drawing.document import Picture
from app.engine.drawing.geometry import LEFT, TOP, Drawing, Point, Rect

GAP = 60  # between pools
BOX = (600, 60)


@dataclass(frozen=True)
class Drawn:
    """A picture with coordinates."""

    picture: Picture
    drawings: tuple[Drawing, ...]
    boxes: Mapping[str, Rect]
    messages: Mapping[str, tuple[Point, ...]]


def stack_pools(picture: Picture, drawings: Sequence[Drawing]) -> Drawn:
    """Return the picture with its pools stacked; a single pool stays where it is."""
    placed: list[Drawing] = []
    at = TOP
    widest = BOX[0]
    for drawing in drawings:
        placed.append(drawing.moved(0, at - TOP))
        frame = placed[-1].frame()
        at = frame.bottom + GAP
        widest = max(widest, frame.width)
    boxes = {}
    for box in picture.boxes:
        boxes[box.id] = Rect(LEFT, at, widest, BOX[1])
        at += BOX[1] + GAP
    shapes: dict[str, Rect] = dict(boxes)
    for drawing in placed:
        shapes.update(drawing.shapes)
        if drawing.pool and drawing.plane.pool:
            shapes[drawing.plane.pool] = drawing.pool
    messages = {}
    for message in picture.messages:
        source, target = shapes.get(message.source), shapes.get(message.target)
        if source and target:
            messages[message.id] = _message(source, target)
    return Drawn(picture, tuple(placed), boxes, messages)


def _message(source: Rect, target: Rect) -> tuple[Point, ...]:
    """Return an upright line between two shapes, with a level part halfway where they stand apart."""
    upward = source.middle[1] > target.middle[1]
    y, y2 = (source.y, target.bottom) if upward else (source.bottom, target.y)
    x, x2 = source.middle[0], target.middle[0]
    if source.width > 100 and source.x <= x2 <= source.right:
        x = x2  # a pool can be left anywhere along its border
    elif target.width > 100 and target.x <= x <= target.right:
        x2 = x
    return ((x, y), (x2, y2)) if x == x2 else ((x, y), (x, (y + y2) // 2), (x2, (y + y2) // 2), (x2, y2))
