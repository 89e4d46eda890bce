"""Gives the case, or a paper or process beside it, its number."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="编号")
def run(ctx: LocalContext, *, kind: str, status: str | None = None) -> str:
    """Take the next number of a kind (D-2.1.5); the service order's is the case's own and is taken once."""
    if kind == "service_order" and ctx.case is not None and ctx.case.number:
        number = ctx.case.number
    else:
        number = ctx.numbers.next(kind)
    facts = {"number": number} if kind == "service_order" else {}
    if status:
        facts["status"] = status
    if facts:
        ctx.desk.update(**facts)
    return number
