"""Script tasks: lines of `name = FEEL`."""

from __future__ import annotations

import re

from app.errors import ExpressionError

ASSIGNMENT = re.compile(r"([^\W\d]\w*)\s*=(?!=)\s*(.*)", re.DOTALL)


def assignments(script: str) -> tuple[tuple[str, str], ...]:
    """Return the (name, expression) pairs of a script; raises ExpressionError, with the offset, for other lines.

    An indented line continues the one before; lines that begin with `//` are remarks.
    """
    found: list[tuple[int, str]] = []
    offset = 0
    for line in script.splitlines(keepends=True):
        text = line.strip()
        if text and not text.startswith("//"):
            if line[:1].isspace() and found and not ASSIGNMENT.match(text):
                found[-1] = (found[-1][0], f"{found[-1][1]}\n{text}")
            else:
                found.append((offset, text))
        offset += len(line)
    pairs = []
    for position, text in found:
        match = ASSIGNMENT.fullmatch(text)
        if match is None or not match.group(2).strip():
            raise ExpressionError(
                f"A script line must be `name = expression`: {text[:80]}",
                f"脚本的每一行必须是“变量 = 表达式”：{text[:80]}",
                expression=text,
                position=position,
            )
        pairs.append((match.group(1), match.group(2).strip()))
    return tuple(pairs)
