"""Opens a numbered paper of the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import StepFailed
from app.handling import LocalContext, local


@local(zh="开立单据")
def run(ctx: LocalContext, *, kind: str, copies: int, number: str | None = None, prefilled: bool = False,
        approved_by: str | None = None, data: Mapping[str, Any] | None = None, opinion: str | None = None,
        needs_opinion: bool = False) -> str:
    """Open a paper in so many copies and return its number; a slip only on a settled opinion (B21-7-1a, B21-7-4a)."""
    if needs_opinion:
        _ask(ctx, opinion)
    content = {**(data or {}), **({"opinion_no": opinion} if opinion else {})}
    return ctx.papers.open(kind, copies=int(copies), number=number, prefilled=bool(prefilled), approved_by=approved_by,
                           data=content or None)


def _ask(ctx: LocalContext, opinion: str | None) -> None:
    paper = ctx.papers.look(opinion) if opinion else None
    if paper is None or not paper.is_settled:
        raise StepFailed(f"No goods move before the opinion is settled (B21-7-1a, B21-7-4a): {opinion}.",
                         f"意见书结案之前货物不得移动（B21-7-1a、B21-7-4a）：{opinion}。",
                         clauses=["B21-7-1a", "B21-7-4a"])
