"""What the policy asks of each kind of paper: who signs it and by which clauses, read from processes/papers.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.policy.register import optional_rows


@dataclass(frozen=True)
class PaperRule:
    """One kind of paper."""

    kind: str
    signers: tuple[str, ...]  # group codes, "customer", or "handler" for whoever works on the case
    clauses: tuple[str, ...]


UNKNOWN = PaperRule("", ("handler", "department_head"), ())


def read_papers(root: Path) -> Mapping[str, PaperRule]:
    """Return the rules by kind; raises Refused when the file is not understood."""
    rows = optional_rows(root / "processes" / "papers.yaml", "papers")
    return {str(row["kind"]): PaperRule(str(row["kind"]), tuple(map(str, row.get("signers") or UNKNOWN.signers)),
                                        tuple(map(str, row.get("clauses") or ())))
            for row in rows}
