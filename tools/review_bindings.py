"""Write processes/policy/reviewed.yaml: the process as it is now, for a person to review as a difference.

Run it after a diagram, decision, form or clause was changed on purpose, and read `git diff` line by line against the
clauses: what it holds is what `chengnuo policy drift` takes as agreed. Findings about figures, roles and order that
are compared with the clauses themselves stay, whatever is written here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.policy.drift import review  # noqa: E402
from app.policy.register import read_register  # noqa: E402
from app.services.bundle_view import view_of_tree  # noqa: E402

HEAD = "# The process as it was held against the policy last. Written by tools/review_bindings.py; review each change.\n"


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


def main() -> None:
    """Write the file for the tree that this script is part of, or for another one given as an argument."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    register = read_register(root)
    content = HEAD + "\n".join(lines(review(register, view_of_tree(root, register)))) + "\n"
    (root / "processes" / "policy" / "reviewed.yaml").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
