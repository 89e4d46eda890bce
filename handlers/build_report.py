"""Counts a report from the database and keeps it as a sealed paper."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local

KEPT = ("period", "count", "open_items", "repeat_customers", "red_count", "black_count", "slips", "unsealed",
        "response_rate", "average_score", "baseline", "current", "change")


@local(zh="汇总报表")
def run(ctx: LocalContext, *, kind: str, **params: Any) -> dict[str, Any]:
    """Count the figures, file them under a number, and return the number with what the diagram needs (A-2.6.3)."""
    found = ctx.figures.report(kind, params)
    number = ctx.figures.file(kind, ctx.numbers.next("report"), found)
    kept = {name: found[name] for name in KEPT if name in found}
    return {"number": number, "summary": "\n".join(found["lines"]), **kept}
