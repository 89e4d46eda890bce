"""Cancels an open paper; its number stays used."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="作废单据")
def run(ctx: LocalContext, *, kind: list[str] | str, reason: str) -> list[str]:
    """Void the case's open papers of some kinds, return their numbers: what they are for did not happen (B20-2.4)."""
    voided = [ctx.papers.void(one, reason) for one in ([kind] if isinstance(kind, str) else kind)]
    return [number for number in voided if number is not None]
