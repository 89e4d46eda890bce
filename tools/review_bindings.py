"""Write processes/policy/reviewed.yaml: the process as it is now, for a person to review as a difference.

Run it after a diagram, decision, form or clause was changed on purpose, and read `git diff` line by line against the
clauses: what it holds is what `chengnuo policy drift` takes as agreed. Findings about figures, roles and order that
are compared with the clauses themselves stay, whatever is written here. For rules of order that are broken it prints
the ways past that `bindings.yaml` would have to allow: put them there only where the policy agrees.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.facts_bundle import BundleView
from app.policy.drift import Bindings, read_bindings, review
from app.policy.drift.order import escapes_of, paths_of
from app.policy.register import Register, read_register
from app.services.bundle_view import view_of_tree

HEAD = "# The process as it was held against the policy last. Written by tools/review_bindings.py; read its changes.\n"


def lines(entries: Mapping[str, Any], depth: int = 0) -> list[str]:
    """Return YAML with one line an entry, so that a change is a line of a difference."""
    found = []
    for key, value in entries.items():
        name = "  " * depth + json.dumps(key, ensure_ascii=False)
        if isinstance(value, dict) and (depth == 0 or {"rules", "fields"} & value.keys() or key in {"rules", "fields"}):
            found += [f"{name}:", *lines(value, depth + 1)] if value else [f"{name}: {{}}"]
        else:
            found.append(f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}")
    return found


def ways_past(register: Register, view: BundleView, bindings: Bindings) -> list[str]:
    """Return for each broken rule of order the flows, steps or processes that it is passed by."""
    paths, told = paths_of(view, bindings.rounds), []
    for clause in register.clauses.values():
        for rule in clause.declare:
            template, a, b = str(rule["template"]), str(rule["a"]), str(rule.get("b") or "")
            key = f"{template} {a}>{b}" if b else f"{template} {a}"
            bound = bindings.order.get(clause.id, {}).get(key) or {}
            allow = list(bound.get("allow", ()))
            known = len(allow)
            if {a, b} - {""} <= paths.activities.keys():
                while new := {one.name or one.root for one in escapes_of(paths, template, a, b, allow)} - {*allow}:
                    allow += sorted(new)
            told += [f"{clause.id}: {key}: {way}" for way in allow[known:]]
    return told


def main() -> None:
    """Write the file for the tree that this script is part of, or for another one given as an argument."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    register = read_register(root)
    view = view_of_tree(root, register)
    content = HEAD + "\n".join(lines(review(register, view))) + "\n"
    (root / "processes" / "policy" / "reviewed.yaml").write_text(content, encoding="utf-8")
    sys.stdout.write("\n".join(ways_past(register, view, read_bindings(root))) + "\n")


if __name__ == "__main__":
    main()
