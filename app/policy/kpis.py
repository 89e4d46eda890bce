"""The policy's targets and how each is counted, read from processes/policy/kpis.yaml."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import Finding, Refused
from app.policy.register import optional_rows

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Target:
    """One target as the policy sets it."""

    id: str
    zh: str
    en: str
    op: str  # >= | <=
    value: float  # a share, or a relative change
    formula_zh: str
    formula_en: str
    clauses: tuple[str, ...]
    assumptions: tuple[str, ...]  # what of it is ours: formula, cut, baseline, target, window …
    measure: Mapping[str, Any]

    def met(self, value: float) -> bool:
        """Return whether `value` meets the target."""
        return OPERATORS[self.op](value, self.value)


def read_targets(root: Path, clauses: frozenset[str], kinds: frozenset[str]) -> tuple[Target, ...]:
    """Return the targets; raises Refused for an unknown clause, measure or operator."""
    path = root / "processes" / "policy" / "kpis.yaml"
    found, findings = [], []
    for row in optional_rows(path, "kpis"):
        wrong = _problem(row, clauses, kinds)
        if wrong:
            findings.append(Finding(str(path), str(row.get("id")), None, "kpi", "error", f"指标有误：{wrong}",
                                    f"The target is wrong: {wrong}"))
            continue
        found.append(Target(str(row["id"]), str(row["zh"]), str(row["en"]), row["target"]["op"],
                            float(row["target"]["value"]), str(row["formula"]["zh"]), str(row["formula"]["en"]),
                            tuple(row["clauses"]), tuple(row.get("assumption") or ()), row["measure"]))
    if findings:
        raise Refused(findings)
    return tuple(found)


def _problem(row: Mapping[str, Any], clauses: frozenset[str], kinds: frozenset[str]) -> str | None:
    missing = [name for name in ("id", "zh", "en", "target", "formula", "clauses", "measure") if name not in row]
    if missing:
        return f"{', '.join(missing)} ?"
    measure = row["measure"]
    inner = measure.get("of") if measure.get("kind") == "change" else measure
    if not isinstance(inner, dict) or inner.get("kind") not in kinds | {"none"}:
        return f"measure {measure}"
    if row["target"].get("op") not in OPERATORS:
        return f"op {row['target'].get('op')}"
    unknown = sorted(set(row["clauses"]) - clauses)
    return f"clause {', '.join(unknown)}" if unknown else None
