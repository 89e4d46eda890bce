"""Where a clause stands in its original: by the line that the register notes, else by the words that both use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.policy.register import Clause

LIKELY = 0.3  # share of a clause's pairs of characters that have to stand there
NEAR = 2  # lines after the first that a clause may go on over
CLOSE = 3  # lines that the noted one and the best one may lie apart
BLANK = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Place:
    """A place in an original."""

    line: int  # from 1
    certain: bool  # the register notes this line; else the words only point there


def place_of(clause: Clause, lines: Sequence[str]) -> Place | None:
    """Return where the clause stands in an original of these lines, or None where nothing points anywhere.

    The noted line holds for the file that the register was taken from; in another copy it may say something else, and
    then the words decide.
    """
    noted = clause.line if clause.line is not None and clause.line <= len(lines) else None
    wanted = _pairs(f"{clause.section}{clause.zh}")
    scores = [_score(wanted, lines[at:at + 1 + NEAR]) if line.strip() else 0.0 for at, line in enumerate(lines)]
    best = max(range(len(lines)), key=lambda at: scores[at], default=None)
    if noted is not None and lines[noted - 1].strip():
        apart = abs(best - noted + 1) if best is not None else 0
        if clause.same_as or apart <= CLOSE or scores[noted - 1] * 2 >= scores[best or 0] or scores[best or 0] < LIKELY:
            return Place(noted, True)
    return Place(best + 1, False) if best is not None and scores[best] >= LIKELY else None


def _score(wanted: frozenset[str], lines: Sequence[str]) -> float:
    first = len(wanted & _pairs(lines[0]))
    return (first + len(wanted & _pairs("".join(lines)))) / 2 / len(wanted) if wanted and first else 0.0


def _pairs(text: str) -> frozenset[str]:
    plain = BLANK.sub("", unicodedata.normalize("NFKC", text).lower())
    return frozenset(plain[at:at + 2] for at in range(len(plain) - 1))
