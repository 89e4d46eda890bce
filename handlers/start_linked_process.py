"""Starts a process beside the case: an escalation, an appeal, a rectification."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="启动关联流程")
def run(ctx: LocalContext, *, process: str, reason: str, milestone: str | None = None,
        unless_reached: str | None = None, status: str | None = None, **variables: Any) -> str | None:
    """Start it once for a case, reason, milestone and round (C-2.5.1); null when it was, or the clock was met."""
    if unless_reached and (ctx.clocks.is_reached(unless_reached) or ctx.clocks.is_paused(unless_reached)):
        return None
    about = milestone or unless_reached
    round_ = ctx.case.round if ctx.case is not None else 1
    key = ":".join((process, reason, about or "-", str(round_)))
    started = ctx.flows.start_linked(process, {"reason": reason, "milestone": about, **variables}, key=key)
    if started is not None and status:
        ctx.desk.update(status=status)
    return started
