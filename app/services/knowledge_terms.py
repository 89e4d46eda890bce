"""The terms by which knowledge is found: pairs of Chinese characters, single ones, and Latin words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(rf"[{HAN}]+|[a-z0-9]+(?:[-_.][a-z0-9]+)*")
LONGEST = 40  # characters of a term
MOST_TIMES = 3  # a word that stands more often says no more


def index_terms(weighted: Mapping[str, int]) -> Mapping[str, int]:
    """Return the weight of each term of texts: text -> weight of one occurrence."""
    found: Counter[str] = Counter()
    for text, weight in weighted.items():
        for term, times in Counter(_all(text)).items():
            found[term] += weight * min(times, MOST_TIMES)
    return found


def query_terms(text: str) -> list[str]:
    """Return what has to be found for a query, each once, in its order; 退款 is one term, 退 another."""
    found: list[str] = []
    for run in RUN.findall(_plain(text)):
        found += [_joined(run)] if run[0].isascii() else _pairs(run) or [run]
    return list(dict.fromkeys(found))


def _all(text: str) -> list[str]:
    found: list[str] = []
    for run in RUN.findall(_plain(text)):
        if run[0].isascii():
            found += dict.fromkeys([_joined(run), *(part[:LONGEST] for part in re.split(r"[-_.]", run))])
        else:
            found += [*run, *_pairs(run)]
    return found


def _pairs(run: str) -> list[str]:
    return [run[at:at + 2] for at in range(len(run) - 1)]


def _joined(word: str) -> str:
    return re.sub(r"[-_.]", "", word)[:LONGEST]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
