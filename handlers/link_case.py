"""Links the case to another one."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="关联个案")
def run(ctx: LocalContext, *, number: str, kind: str) -> None:
    """Link the case to the one of that number: merged into it, or about the same (O19)."""
    ctx.desk.link(number, kind)
