"""Notes a signature on an open paper."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="签认单据")
def run(ctx: LocalContext, *, number: str, role: str, name: str | None = None) -> bool:
    """Note that a group has signed the paper, and who signed for it (B21-7-2b); return true."""
    ctx.papers.sign(number, role, name)
    return True
