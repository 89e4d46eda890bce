"""Starts the assessment of closed opinions, each beside its own case."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="逐份启动考核")
def run(ctx: LocalContext, *, opinions: list[dict[str, Any]], month: str) -> int:
    """Start one assessment an opinion, once for ever; return how many were started (B21-6-1)."""
    started = 0
    for one in opinions:
        variables = {"opinion_number": one["opinion"], "severity": one.get("severity"), "origin": one.get("origin"),
                     "review_month": month}
        found = ctx.flows.start_for(str(one["case_id"]), "assessment", variables, key=f"assessment:{one['opinion']}")
        started += found is not None
    return started
