"""Recomputes the SLA clocks after the case was graded anew."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="重算时限")
def run(ctx: LocalContext) -> None:
    """Recompute the open milestones from their own starts; the old ones are kept as superseded (D-2.4.7)."""
    ctx.clocks.regrade()
