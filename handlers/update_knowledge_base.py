"""Keeps what a rectification has taught, for whoever answers the same problem next."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="更新知识库")
def run(ctx: LocalContext, *, rectification: str, problem: str | None = None, answer: str | None = None,
        product: str | None = None) -> str:
    """Seal a lesson with the problem, what cured it and the product it is about; return its number (B16-5, C-2.3.1)."""
    number = f"{rectification}-K{ctx.numbers.next('lesson')[-3:]}"
    ctx.papers.open("lesson", copies=1, number=number, prefilled=True, data={
        "rectification": rectification, "problem": problem, "answer": answer, "product_model": product})
    ctx.papers.close("lesson", number=number, recipients=("clerk",), reason="verified")
    return number
