"""Stamps a clause's links as reviewed, in the tree's processes/policy/dispositions.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.errors import FieldError, Invalid
from app.policy.coverage import Coverage
from app.policy.register import Disposition, read_register
from app.services.coverage import tree_coverage

HEAD = """\
# How each clause is carried out where that can't be computed from diagrams, decisions, forms, papers, handlers and
# targets, and when its links were last reviewed. `chengnuo policy review` writes the stamps: a digest of the clause and
# of everything linked to it; when either changes, `chengnuo policy coverage` says that the link needs review.
dispositions:
"""


def review(root: Path, clauses: Sequence[str], by: str, on: date) -> list[str]:
    """Stamp clauses, or with none given those that need review; return their ids. Raises Invalid, Refused."""
    name = by.strip()
    if not 0 < len(name) <= 80 or not name.isprintable():
        raise Invalid([FieldError("by", "A name of up to 80 characters.", "请写姓名，最多80个字符。")])
    register = read_register(root)
    unknown = [one for one in clauses if one not in register.clauses]
    if unknown:
        raise Invalid([FieldError("clause", f"There is no clause {unknown[0]}.", f"没有条款 {unknown[0]}。")])
    judged = {one.clause: one for one in tree_coverage(root, on).clauses}
    chosen = [one for one in judged.values()
              if (one.clause in clauses if clauses else one.needs_review) and one.disposition != "missing"]
    stamped = dict(register.dispositions) | {one.clause: _stamp(register.dispositions, one, name, on) for one in chosen}
    path = root / "processes" / "policy" / "dispositions.yaml"
    order = {clause: place for place, clause in enumerate(register.clauses)}
    rows = sorted(stamped.values(), key=lambda one: order.get(one.clause, len(order)))
    path.write_text(HEAD + "".join(map(_written, rows)), encoding="utf-8")
    return [one.clause for one in chosen]


def _stamp(old: Mapping[str, Disposition], one: Coverage, by: str, on: date) -> Disposition:
    declared = old.get(one.clause) or Disposition(one.clause)
    return replace(declared, reviewed_on=on, reviewed_by=by, digest=one.digest)


def _written(one: Disposition) -> str:
    seen = {"on": one.reviewed_on, "by": one.reviewed_by, "digest": one.digest} if one.digest else None
    row: dict[str, Any] = {
        "clause": one.clause, "disposition": one.disposition, "where": list(one.where), "reason_zh": one.reason_zh,
        "reason_en": one.reason_en, "owner": one.owner, "review_by": one.review_by, "reviewed": seen}
    given = {name: value for name, value in row.items() if value}
    if set(given) <= {"clause", "reviewed"}:
        return f"- {_flow(given)}\n"
    lines = [f"{name}: {_flow(value)}" for name, value in given.items()]
    return "- " + "\n  ".join(lines) + "\n"


def _flow(value: Any) -> str:
    text = str(yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=100_000))
    return text.strip().removesuffix("...").strip()
