"""Sends the half-year survey to everybody who was served."""

from __future__ import annotations

from app.handling import LocalContext, local

HALF_YEAR = 182  # days


@local(zh="逐户发送调查")
def run(ctx: LocalContext, *, campaign: str, note: str | None = None) -> list[str]:
    """Start one reply a customer of the last half year, once a campaign; return the cases asked about (B21-8-2-3)."""
    asked = ctx.figures.served(HALF_YEAR)
    for case_id in asked:
        ctx.flows.start_for(case_id, "survey_reply", {"campaign": campaign, "note": note}, key=f"survey:{campaign}")
    return asked
