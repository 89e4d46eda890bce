"""How much room a label takes: bpmn-js's own way of breaking lines, with measured widths."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

LABEL_SIZE = 11  # px, bpmn-js's font size outside shapes
LINE_HEIGHT = 1.2
WIDE = 0.72  # of the font size: capitals and digits with room to spare
NARROW = 0.56


@dataclass(frozen=True)
class Box:
    """The size of a label in pixels."""

    width: int
    height: int


def width(text: str, size: int = LABEL_SIZE) -> float:
    """Return the width of one line in pixels, in Arial beside a Chinese face."""
    return size * sum(1.0 if ord(char) > 0x2000 else WIDE if char.isupper() else NARROW for char in text)


def lines(text: str, room: float, size: int = LABEL_SIZE) -> list[str]:
    """Return the lines that bpmn-js makes of `text` in `room` pixels."""
    waiting = text.split("\n")
    made = []
    while waiting:
        whole = fit = waiting.pop(0)
        while width(fit, size) > room and len(fit) >= 2:
            fit = _shorten(fit, room, size)
        rest = whole[len(fit):].strip()
        if len(fit) < len(whole) and rest:
            waiting.insert(0, rest)
        made.append(fit)
    return made


def _shorten(line: str, room: float, size: int) -> str:
    length = max(len(line) * room / width(line, size), 1)
    kept: list[str] = []
    parts = re.split(r"(\s|-)", line)
    if len(parts) > 1:
        used = 0
        for part in parts:
            if len(part) + used >= length:
                if part == "-" and kept:
                    kept.pop()
                break
            kept.append(part)
            used += len(part)
    return "".join(kept) or line[:max(math.floor(length - 1 + 0.5), 1)]


@lru_cache(maxsize=4096)
def label_box(text: str, most: int = 90, size: int = LABEL_SIZE) -> Box:
    """Return the smallest box in which `text` takes no more lines than in `most` pixels, well broken if it can be."""
    count = len(lines(text, most, size))
    rooms = [room for room in range(2 * size, most + 1, 4) if len(lines(text, room, size)) <= count] or [most]
    room = min(rooms, key=lambda r: (_bad_breaks(lines(text, r, size)), r))
    widest = max((width(line, size) for line in lines(text, room, size)), default=0)
    return Box(max(room, math.ceil(widest) + 1), math.ceil(count * size * LINE_HEIGHT) + 1)


def _bad_breaks(broken: list[str]) -> int:
    """Count lines that begin with closing punctuation or hold a single character."""
    return sum(line[:1] in "，。？！、；：）》”" or len(line) == 1 for line in broken[1:])
