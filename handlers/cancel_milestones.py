"""Cancels the SLA clocks that were not reached."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="取消时限")
def run(ctx: LocalContext) -> None:
    """Cancel every open milestone: the case ends without them (withdrawn, merged, rerouted)."""
    ctx.clocks.cancel_open()
