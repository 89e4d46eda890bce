"""Cancels an open paper; its number stays used."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="作废单据")
def run(ctx: LocalContext, *, kind: str, reason: str) -> str | None:
    """Void the case's open paper of a kind and return its number: what it was written for did not happen (B20-2.4)."""
    return ctx.papers.void(kind, reason)
