"""Marks an SLA clock as reached."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="达成时限")
def run(ctx: LocalContext, *, name: str, start_clocks: list[str] | str | None = None) -> None:
    """Mark the milestone as reached now, and start the clocks that count from this moment."""
    ctx.clocks.reach(name)
    for clock_start in [start_clocks] if isinstance(start_clocks, str) else start_clocks or ():
        ctx.clocks.open(clock_start)
