"""Cancels the SLA clocks that were not reached."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="取消时限")
def run(ctx: LocalContext, *, names: list[str] | str | None = None) -> None:
    """Cancel the open milestones, or only the named ones: they are not owed any more (withdrawn, merged, settled)."""
    ctx.clocks.cancel_open([names] if isinstance(names, str) else names)
