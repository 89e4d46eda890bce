"""Orders a deduction from wages: never without an issued decision letter."""

from __future__ import annotations

from app.errors import StepFailed
from app.handling import LocalContext, local


@local(zh="工资扣款")
def run(ctx: LocalContext, *, decision: str | None, opinion: str | None, amount: float | None, month: str) -> str:
    """Seal the order to deduct, once, by a sealed decision letter and never more than it approves (B21-7-6b)."""
    letter = ctx.papers.look(decision) if decision else None
    if letter is None or letter.kind != "assessment_decision" or letter.state != "closed":
        raise _refused(f"{decision} is no issued decision letter", f"{decision} 不是已签发的考核决定书")
    approved = letter.data.get("approved_amount")
    if amount is None or approved is None or not 0 < float(amount) <= float(approved):
        raise _refused(f"{amount} is not within the approved {approved}", f"{amount} 元未在核准的 {approved} 元之内")
    last = ctx.papers.newest("payroll_deduction", "closed")
    if last is not None and last.data.get("decision") == decision:
        raise _refused(f"{decision} was deducted already by {last.number}", f"{decision} 已由 {last.number} 扣款")
    number = ctx.numbers.next("payroll")
    ctx.papers.open("payroll_deduction", copies=1, number=number, approved_by="general_affairs", data={
        "decision": decision, "opinion": opinion, "amount": amount, "month": month,
        "persons": letter.data.get("persons")})
    ctx.papers.close("payroll_deduction", number=number, recipients=("finance",), reason="ordered")
    return number


def _refused(english: str, chinese: str) -> StepFailed:
    return StepFailed(f"{english}: nothing is deducted before it is approved (B21-7-6b).",
                      f"{chinese}：核准之前不得扣款（B21-7-6b）。", clauses=["B21-7-6b"])
