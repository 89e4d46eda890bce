"""Seals a numbered paper of the case and hands its copies out."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="单据结案")
def run(ctx: LocalContext, *, kind: str, number: str | None = None, recipients: list[str] | str | None = None,
        reason: str | None = None, status: str | None = None) -> str | None:
    """Seal the paper, hand its copies out, return its number; without an open one only the status changes (B21-5-3)."""
    to = [recipients] if isinstance(recipients, str) else list(recipients or ())
    closed = ctx.papers.close(kind, number=number, recipients=to, reason=reason)
    if status:
        ctx.desk.update(status=status)
    return closed
