"""Sets the case's status in the policy's wording."""

from __future__ import annotations

from app.handling import LocalContext, local

REASONS = {"satisfied": "客户满意", "dissatisfied": "客户不满意", "silent": "客户未答复，视为同意",
           "unsolved": "问题未解决", "not_agreed": "未达成一致", "rehandle": "客户要求重办", "appeal": "客户申诉"}


@local(zh="更新状态")
def run(ctx: LocalContext, *, status: str, reason: str | None = None) -> str:
    """Set the status (D-2.4.1, D-2.5.7), and keep the reason for it."""
    ctx.desk.update(status=status)
    if reason:
        ctx.desk.note("status", f"{status}：{REASONS.get(reason, reason)}")
    return status
