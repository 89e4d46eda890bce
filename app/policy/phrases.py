"""Standard phrases by step, with places that the case fills, read from processes/phrases.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import Finding, Refused
from app.policy.register import optional_rows

PLACE = re.compile(r"\{([a-z_.]+)\}")
GAP = "＿＿"  # where the case has nothing to fill in: to be typed
PLACES = frozenset({
    "case.number", "case.customer_name", "case.product_model", "case.order_no", "case.serial_no", "case.status",
    "case.registered_at", "task.due", "me", "company", "now", "today"})
DUE = "due."  # and a milestone's name


@dataclass(frozen=True)
class Phrase:
    """One phrase."""

    id: str
    title: str
    title_en: str
    text: str
    elements: frozenset[str]  # steps, by element id
    forms: frozenset[str]
    field: str | None = None  # where it goes; None: the field that the writer is in

    def name(self, locale: str) -> str:
        """Return the title in `locale`."""
        return self.title if locale.startswith("zh") else self.title_en

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with its places filled; a gap is left where a value is missing."""
        return PLACE.sub(lambda found: values.get(found.group(1)) or GAP, self.text)


@dataclass(frozen=True)
class Phrases:
    """All phrases, and the steps beside which knowledge is suggested."""

    all: tuple[Phrase, ...]
    suggesting: frozenset[str]  # element ids

    def at(self, element: str, form: str | None) -> tuple[Phrase, ...]:
        """Return the phrases of a step: its own first, then its form's."""
        own = [one for one in self.all if element in one.elements]
        return (*own, *(one for one in self.all if form in one.forms and one not in own))


def read_phrases(root: Path, milestones: Iterable[str]) -> Phrases:
    """Return the phrases; raises Refused for a file that is not understood or a place that nothing fills."""
    path = root / "processes" / "phrases.yaml"
    known = PLACES | {DUE + name for name in milestones}
    found = tuple(
        Phrase(str(row["id"]), str(row["zh"]), str(row["en"]), str(row["text"]).strip(),
               frozenset(map(str, row.get("elements") or ())), frozenset(map(str, row.get("forms") or ())),
               row.get("field"))
        for row in optional_rows(path, "phrases"))
    wrong = [(one.id, place) for one in found for place in PLACE.findall(one.text) if place not in known]
    if wrong:
        raise Refused([Finding(str(path), phrase, None, "unknown_place", "error", f"未知占位符 {{{place}}}",
                               f"Nothing fills {{{place}}}") for phrase, place in wrong])
    suggesting = frozenset(str(row["element"]) for row in optional_rows(path, "suggesting"))
    return Phrases(found, suggesting)
