"""Passes copies of sealed papers on."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="移交联次")
def run(ctx: LocalContext, *, numbers: list[str] | str, holder: str, to: str) -> None:
    """Pass on the copies that `holder` has of these papers (B21-7-3b, B21-7-4d)."""
    for number in [numbers] if isinstance(numbers, str) else numbers:
        ctx.papers.hand_over(number, holder, to)
