"""Draws diagrams with more patience than `chengnuo tidy`: other orders of the lanes, other tastes, a longer search.

    .venv/bin/python tools/redraw.py processes/appeal/appeal.bpmn [--tries 4]

The best drawing found is written in place when it is better than the one that the file has: fewer flows that cross or
run backwards, then a smaller picture. The customer's lane stays first and the system's last.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.engine.drawing import layout, measure
from app.engine.drawing.checks import check_drawing
from app.engine.drawing.rows import Taste

LANE = re.compile(r'[ \t]*<bpmn:lane id="(\w+)".*?</bpmn:lane>\n', re.S)
ENDS = ("lane_customer", "lane_system")
TASTES = (Taste(), Taste(crossing=25.0, rise=1.5), Taste(crossing=40.0, rise=1.0), Taste(crossing=8.0, rise=4.0))
COUNT = re.compile(r"^(\d+) ")


def faults(xml: bytes, file: str) -> tuple[int, int, int]:
    """Return how bad a drawing is: what is wrong with it, flows that cross or run backwards, its size."""
    wrong = poor = 0
    for finding in check_drawing(xml, file):
        if finding.rule == "crossings":
            poor += int(COUNT.match(finding.message_en).group(1))  # type: ignore[union-attr]
        elif finding.rule == "right_to_left":
            poor += 2
        else:
            wrong += 1
    corners = re.findall(rb'<dc:Bounds x="(-?\d+)" y="(-?\d+)"', xml)
    return wrong, poor, max((int(x) + int(y) for x, y in corners), default=0)


def reordered(text: str, order: list[str]) -> str:
    """Return the text with the lanes of its process in another order."""
    lanes = {found.group(1): found.group(0) for found in LANE.finditer(text)}
    places = iter(order)
    return LANE.sub(lambda _: lanes[next(places)], text)


def orders(text: str, tries: int, source: random.Random) -> list[list[str]]:
    """Return orders of the lanes: the present one, then others at random."""
    present = [found.group(1) for found in LANE.finditer(text)]
    found = [present]
    middle = [lane for lane in present if lane not in ENDS]
    for _ in range(tries * 3):
        source.shuffle(middle)
        first, last = ([lane for lane in present if lane == end] for end in ENDS)
        order = [*first, *middle, *last]
        if order not in found and len(found) < tries:
            found.append(order)
    return found


def redraw(file: Path, tries: int) -> str:
    """Draw a file anew; return what came of it in a line."""
    text = file.read_text("utf-8")
    before = best = faults(text.encode(), file.name)
    for order in orders(text, tries, random.Random(1)):
        drawn = layout.tidy(reordered(text, order).encode(), file.name)
        score = faults(drawn, file.name)
        if score < best:
            best = score
            file.write_bytes(drawn)
    return f"{file}: {before} -> {best}"


def main() -> None:
    """Redraw the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tries", type=int, default=4, help="orders of the lanes")
    chosen = parser.parse_args()
    layout.TASTES, measure.CROSSING = TASTES, 8.0  # type: ignore[assignment]
    layout.WORK, layout.NEAR, layout.ROUNDS = 20_000, 60, 8
    for file in chosen.files:
        print(redraw(file, chosen.tries), flush=True)


if __name__ == "__main__":
    main()
