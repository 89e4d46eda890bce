"""Tells people: groups, the owner, the customer."""

from __future__ import annotations

from typing import Any

from app.handling import EffectContext, effect


@effect(zh="通知")
def run(ctx: EffectContext, *, to: list[str] | str, template: str, unless_reached: str | None = None,
        **data: Any) -> None:
    """Send a template to groups, "owner" or "customer"; not when the milestone was met or stands still by then."""
    if unless_reached and ctx.post.is_settled(unless_reached):
        return
    ctx.post.notify([to] if isinstance(to, str) else to, template, data)
