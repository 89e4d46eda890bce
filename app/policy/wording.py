"""Gentle remarks on what is said to customers: vague words, a reply without a time (processes/wording.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.policy.register import optional_rows

# What counts as a time in a sentence: a date, an hour, a span with its figure, a day's name.
TIME = re.compile(
    r"\d{1,2}\s*[:：]\s*\d{2}|\d+\s*(?:月|日|号|点|时|分钟|小时|天|个?工作日|周|days?|hours?|minutes?)"
    r"|[一二两三四五六七八九十]+\s*(?:个?小时|分钟|天|个?工作日|日内|周内|点)|今天|明天|后天|今日|明日|当日|本?周[一二三四五六日天]")


@dataclass(frozen=True)
class Vague:
    """A wording that promises nothing."""

    pattern: re.Pattern[str]
    clause: str
    instead: str
    instead_en: str


@dataclass(frozen=True)
class Remark:
    """What might be said better; never an error."""

    field: str
    kind: str  # vague | no_time
    word: str  # as it was typed; empty for no_time
    clause: str
    instead: str = ""
    instead_en: str = ""


@dataclass(frozen=True)
class Wording:
    """The rules."""

    vague: tuple[Vague, ...]
    told: frozenset[str]  # keys of fields whose text the customer is told
    promises: Mapping[str, frozenset[str]]  # form id -> text fields that should name a time
    times: frozenset[str]  # fields that are the promised time themselves
    promise_clause: str

    def remarks(self, form: str, data: Mapping[str, Any]) -> tuple[Remark, ...]:
        """Return what might be said better in the answers to a form."""
        found = [Remark(key, "vague", match.group(0), rule.clause, rule.instead, rule.instead_en)
                 for key, text in data.items() if key in self.told and isinstance(text, str)
                 for rule in self.vague for match in [rule.pattern.search(text)] if match]
        texts = {key: text for key in self.promises.get(form, ()) if isinstance(text := data.get(key), str) and text}
        timed = any(data.get(key) for key in self.times) or any(TIME.search(text) for text in texts.values())
        if texts and not timed:
            found.append(Remark(min(texts), "no_time", "", self.promise_clause))
        return tuple(found)


def read_wording(root: Path) -> Wording:
    """Return the rules; raises Refused when the file is not understood."""
    path = root / "processes" / "wording.yaml"
    promises = optional_rows(path, "promises")
    return Wording(
        tuple(Vague(re.compile(str(row["pattern"])), str(row["clause"]), str(row["instead"]), str(row["instead_en"]))
              for row in optional_rows(path, "vague")),
        frozenset(str(row["field"]) for row in optional_rows(path, "told")),
        {str(row["form"]): frozenset(map(str, row["fields"])) for row in promises},
        frozenset(str(row["field"]) for row in optional_rows(path, "times")),
        str(promises[0]["clause"]) if promises else "")
