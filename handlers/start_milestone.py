"""Starts SLA clocks of the case."""

from __future__ import annotations

from datetime import datetime

from app.errors import StepFailed
from app.handling import LocalContext, local


@local(zh="启动时限")
def run(ctx: LocalContext, *, clock_start: str, names: list[str] | str | None = None, at: str | None = None) -> None:
    """Start every milestone that the decisions count from this moment, or from `at` (ANALYSIS O3); or only `names`."""
    ctx.clocks.open(clock_start, [names] if isinstance(names, str) else names, _moment(at))


def _moment(at: str | None) -> datetime | None:
    if at is None:
        return None
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise StepFailed(f"{at} has no zone.", f"时刻 {at} 缺少时区。")
    return moment
