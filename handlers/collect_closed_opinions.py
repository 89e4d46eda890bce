"""Lists the opinions that were settled in a month."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="列出已结案意见书")
def run(ctx: LocalContext, *, month: str) -> list[dict[str, Any]]:
    """Return the month's closed opinions with their cases, each once (B21-6-1, B21-4-1-7)."""
    return [dict(one) for one in ctx.figures.closed_opinions(month)]
