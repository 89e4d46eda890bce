"""Passes the copies of a month's slips on to finance."""

from __future__ import annotations

from app.handling import LocalContext, local

HOLDERS = ("warehouse", "marketing")  # the first and the second copy


@local(zh="单据移交财务")
def run(ctx: LocalContext, *, slips: list[str]) -> int:
    """Hand each copy that warehouse and marketing hold to finance; return how many moved (B21-7-3b, B21-7-4d)."""
    moved = 0
    for number in slips:
        paper = ctx.papers.look(number)
        for holder in HOLDERS:
            if paper is not None and holder in paper.holders:
                ctx.papers.hand_over(number, holder, "finance")
                moved += 1
    return moved
