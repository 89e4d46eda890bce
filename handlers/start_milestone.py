"""Starts SLA clocks of the case."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="启动时限")
def run(ctx: LocalContext, *, clock_start: str, names: list[str] | str | None = None) -> None:
    """Start every milestone that the decisions count from this moment, or only the named ones (ANALYSIS O3)."""
    ctx.clocks.open(clock_start, [names] if isinstance(names, str) else names)
