"""Clauses that changed since the process was held against them, where no comparison of figures settles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.policy.drift.bindings import Bindings
from app.policy.drift.figures import leaves
from app.policy.drift.model import CONTRADICTORY, INCOMPARABLE, MISSING, Drift, found
from app.policy.register import Clause, Register

# Figures that are compared where the process carries them out; a change shows there.
COMPARED = frozenset({"within", "calendar", "every", "retention", "copies", "before", "due_day", "due_day_strict",
                      "range.max", "range.calendar", "trigger.after", "from"})  # fmt: skip
OF_A_POPULATION = ("kpi", "numbering", "action", "channels")  # judged over many cases, or told elsewhere


def compare_clauses(register: Register, bindings: Bindings, compared: set[str]) -> Iterator[Drift]:
    """Yield each changed figure; `compared` are the clauses whose spans and counts were held against something."""
    reviewed: Mapping[str, Mapping[str, Any]] = bindings.reviewed.get("clauses", {})
    if not reviewed:
        return
    for clause in register.clauses.values():
        yield from _itself(clause)
        now, before = dict(leaves(clause.figures)), reviewed.get(clause.id, {})
        for path in dict.fromkeys((*before, *now)):
            old, new = before.get(path), now.get(path)
            if old == new or (path in COMPARED and clause.id in compared):
                continue
            what = (f"条款 {clause.id} 的 {path}", f"{path} of clause {clause.id}")
            soft = path.startswith(OF_A_POPULATION) or (old is None and clause.obligation != "must")
            verdict = INCOMPARABLE if soft else MISSING if old is None else CONTRADICTORY
            yield found(clause.id, f"clauses.{clause.id}.{path}", "clause", verdict, new, f"仍按 / still {old}", what,
                        severity="warning" if soft else "error", changed=True)  # fmt: skip


def _itself(clause: Clause) -> Iterator[Drift]:
    """Yield when a clause's rule of order gives another span than its figure."""
    for rule in clause.declare:
        for part in ("within", "calendar"):
            if part in rule and rule[part] != clause.figures.get(part):
                yield found(clause.id, f"clauses.{clause.id}.declare", "clause", CONTRADICTORY,
                            clause.figures.get(part), rule[part],
                            (f"条款 {clause.id} 自相矛盾", f"Clause {clause.id} disagrees with itself"))  # fmt: skip
