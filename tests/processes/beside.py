"""What walks of processes beside the case need: what operations answer, and what each process starts with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

WALKS = {"appeal": 900, "requirement_change": 300}
KEYS = tuple(WALKS)


def _chosen(world: Any, call: Any) -> dict[str, Any]:
    named = call.params.get("person")
    fit = named is not None and world.random.random() < 0.7
    return {"person": "appeals", "independent": fit, "why": None if fit else "B14-6.2", "eligible": ["appeals"],
            "groups": world.random.choice([["clerk"], ["clerk", "supervisor"]])}


def _applied(world: Any, _call: Any) -> dict[str, Any]:
    return {"way": world.random.choice(["reroute", "executing", "none"]),
            "opinion": world.random.choice(["YJ-202603-001", None])}


# What operations answer whose result the diagram looks into.
ANSWERS: Mapping[str, Callable[[Any, Any], Any]] = {"choose_appeal_person": _chosen, "apply_change": _applied}


def start_of(key: str, world: Any) -> dict[str, object]:
    """Return the variables that a walk of `key` starts with."""
    pick = world.random.choice
    if key == "requirement_change":
        world.case["state"] = pick(["open", "open", "open", "closed"])
        return {"reason": "customer_request", "change_content": "改为换货", "change_reason": "急用"}
    return {"reason": "objects_to_result", "opinion_number": pick(["YJ-202603-001", None]),
            "appeal_reason": pick(["不认可", None]), "appeal_demand": "退款", "appeal_evidence": None,
            "result_at": pick([world.time - timedelta(days=days) for days in (1, 14, 16)])}
