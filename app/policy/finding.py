"""Clauses found by words and by what they are; the whole register is in memory, so nothing is indexed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.policy.register import Clause, Register

Filters = Mapping[str, str]  # document, kind, obligation, flow, origin


@dataclass(frozen=True)
class Page:
    """A page of a list."""

    items: Sequence[Any]  # clauses, where it was searched
    number: int
    size: int
    total: int

    @property
    def first(self) -> int:
        """The place of the first item, from 1; 0 where there is none."""
        return min((self.number - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """The place of the last item."""
        return min(self.number * self.size, self.total)


def find(register: Register, text: str, filters: Filters, number: int, size: int) -> Page:
    """Return a page of the clauses and rules of law that hold every word of `text` and fit the filters."""
    words = _folded(text).split()
    documents = _family(register, filters.get("document", ""))
    pool = {"law": register.law.values(), "company": register.clauses.values()}.get(
        filters.get("origin", ""), (*register.clauses.values(), *register.law.values()))
    found = [one for one in pool
             if (not documents or one.document in documents) and _fits(one, filters)
             and all(word in _searched(one.id, one.section, one.zh, one.en) for word in words)]
    last = max(1, -(-len(found) // size))
    number = min(max(number, 1), last)
    return Page(found[(number - 1) * size:number * size], number, size, len(found))


def _family(register: Register, document: str) -> frozenset[str]:
    parts = {key for key, text in register.texts.items() if text.part_of == document}
    return frozenset({document, *parts}) if document else frozenset()


def _fits(clause: Clause, filters: Filters) -> bool:
    return (filters.get("kind", "") in ("", clause.kind) and filters.get("obligation", "") in ("", clause.obligation)
            and (not filters.get("flow") or filters["flow"] in clause.flow))


@lru_cache(maxsize=4096)
def _searched(*texts: str) -> str:
    return _folded(" ".join(texts))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
