"""What walks of processes beside the case need: what operations answer, and what each process starts with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

WALKS = {"appeal": 900, "requirement_change": 300, "assessment": 600, "rectification": 400, "customer_care": 300,
         "survey_reply": 40, "weekly_report": 100, "monthly_review": 200, "month_end_slips": 150,
         "half_year_survey": 200}
KEYS = tuple(WALKS)


def _chosen(world: Any, call: Any) -> dict[str, Any]:
    named = call.params.get("person")
    fit = named is not None and world.random.random() < 0.7
    return {"person": "appeals", "independent": fit, "why": None if fit else "B14-6.2", "eligible": ["appeals"],
            "groups": world.random.choice([["clerk"], ["clerk", "supervisor"]])}


def _applied(world: Any, _call: Any) -> dict[str, Any]:
    return {"way": world.random.choice(["reroute", "executing", "none"]),
            "opinion": world.random.choice(["YJ-202603-001", None])}


def _report(world: Any, call: Any) -> dict[str, Any]:
    return {"number": "BB-202603-001", "summary": str(call.params["kind"]), "period": "2026-02", "baseline": 9,
            "current": 3, "change": -66.7, "response_rate": world.random.choice([0.1, 0.5]), "slips": [],
            "unsealed": world.random.choice([[], ["HC-202603-001"]]), "repeat_customers": ["13800000001"],
            "open_items": world.random.choice([0, 2])}


def _occasion(world: Any, _call: Any) -> dict[str, Any]:
    more = world.random.random() < 0.6
    return {"at": (world.time + timedelta(days=60)).isoformat() if more else None, "occasion": "元旦" if more else None}


# What operations answer whose result the diagram looks into.
ANSWERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "choose_appeal_person": _chosen, "apply_change": _applied, "build_report": _report,
    "collect_closed_opinions": lambda world, _call: world.random.choice([[], [{"opinion": "YJ-202602-001"}]]),
    "next_care_occasion": _occasion, "start_survey": lambda _world, _call: ["case"]}


def start_of(key: str, world: Any) -> dict[str, object]:
    """Return the variables that a walk of `key` starts with."""
    pick = world.random.choice
    if key == "requirement_change":
        world.case["state"] = pick(["open", "open", "open", "closed"])
        return {"reason": "customer_request", "change_content": "改为换货", "change_reason": "急用"}
    if key == "customer_care":
        return {"care_consent": pick(["granted", "refused", None]), "tips_due": world.time + timedelta(days=30)}
    if key == "survey_reply":
        return {"campaign": "DC-202607-001", "note": "请评价"}
    if key in {"weekly_report", "monthly_review", "month_end_slips", "half_year_survey"}:
        return {}
    if key == "assessment":
        return {"opinion_number": "YJ-202603-001", "severity": pick(["major", "important", "general", None]),
                "origin": pick(["self_made", "purchased", "not_applicable"]), "review_month": "2026-02"}
    if key == "rectification":
        return {"reason": pick(["systemic", "batch", "improvement_missing"]), "problem": "批次裂纹", "report": None,
                "identified_at": pick([world.time, None]), "product_model": "CN-1", "complaint_type": None,
                "opinion_number": None, "repeat_customers": []}
    return {"reason": "objects_to_result", "opinion_number": pick(["YJ-202603-001", None]),
            "appeal_reason": pick(["不认可", None]), "appeal_demand": "退款", "appeal_evidence": None,
            "result_at": pick([world.time - timedelta(days=days) for days in (1, 14, 16)])}
