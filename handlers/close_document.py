"""Seals a numbered paper of the case and hands its copies out."""

from __future__ import annotations

from app.errors import StepFailed
from app.handling import LocalContext, local


@local(zh="单据结案")
def run(ctx: LocalContext, *, kind: str, number: str | None = None, recipients: list[str] | str | None = None,
        reason: str | None = None, status: str | None = None, signed_by: str | None = None) -> str | None:
    """Seal the paper, hand its copies out, return its number; without an open one only the status changes (B21-5-3)."""
    if signed_by is not None:
        paper = ctx.papers.look(number) if number else None
        if paper is None or signed_by not in paper.signed_by:
            raise StepFailed(f"{number} lacks the signature of {signed_by} (B21-7-2b).",
                             f"{number} 尚无 {signed_by} 的签认（B21-7-2b）。", clauses=["B21-7-2b"])
    to = [recipients] if isinstance(recipients, str) else list(recipients or ())
    closed = ctx.papers.close(kind, number=number, recipients=to, reason=reason)
    if status:
        ctx.desk.update(status=status)
    return closed
