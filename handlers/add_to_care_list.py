"""Puts the customer on the list of those who are cared for."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="列入关怀名单")
def run(ctx: LocalContext, *, consent: str | None = None) -> str:
    """Note the customer and what he agreed to, once a case; return the entry (E-2.3.7)."""
    known = consent or "unknown"
    ctx.desk.note("care", f"重点关怀：{ctx.case.customer_name if ctx.case else ''}（{known}）")
    return known
