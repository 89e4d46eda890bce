"""Breaks text into lines as Chinese is set: anywhere but before closing marks, whole words of Latin letters."""

from __future__ import annotations

import re
from collections.abc import Callable

TOKEN = re.compile(r"[!-~\u00a1-\u024f]+|\s|.", re.DOTALL)
NOT_FIRST = frozenset("，。、；：？！）》”’】」』〉…—％℃·,.;:?!)]}")
NOT_LAST = frozenset("（《“‘【「『〈([{")


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Return the lines of `text` none of which is wider than `width` by `measure`; at least one line.

    A mark that may not begin a line takes the token before it along; a word wider than a line is broken.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines += _paragraph(paragraph, width, measure)
    return lines or [""]


def _paragraph(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines: list[list[str]] = [[]]
    used = 0.0
    for token in _fitting(text, width, measure):
        size = measure(token)
        if used + size > width and lines[-1]:
            if token.isspace():
                continue
            carried = _carried(lines[-1], token)
            lines.append(carried)
            used = sum(map(measure, carried))
        lines[-1].append(token)
        used += size
    return ["".join(line).rstrip() for line in lines]


def _carried(line: list[str], token: str) -> list[str]:
    """Take off the end of a line what has to stand with `token` on the next one."""
    count = 0
    head = token
    while len(line) - count > 1 and (head[0] in NOT_FIRST or line[-1 - count][-1] in NOT_LAST) and count < 4:
        count += 1
        head = line[-count]
    carried = line[len(line) - count:]
    del line[len(line) - count:]
    return carried


def _fitting(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    tokens: list[str] = []
    for token in TOKEN.findall(text):
        if len(token) > 1 and measure(token) > width:
            tokens += list(token)
        else:
            tokens.append(token)
    return tokens
