"""Makes a customer's change take effect: never without the signature."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.errors import StepFailed
from app.handling import LocalContext, local


@local(zh="变更生效")
def run(ctx: LocalContext, *, number: str, new_case_type: str | None = None, main_remedy: str | None = None,
        reassessed_deadline: str | None = None) -> dict[str, Any]:
    """Change the case and its deadlines, the old ones kept; refused unless the paper bears a signature (D-2.4.8)."""
    paper = ctx.papers.look(number)
    if paper is None or paper.data.get("customer_signed") is not True or not paper.data.get("customer_signature"):
        raise StepFailed(f"{number} bears no signature of the customer; nothing is changed (D-2.4.8).",
                         f"{number} 没有客户签字，变更不生效（D-2.4.8）。", clauses=["D-2.4.8"])
    case, opinion = ctx.case, ctx.papers.newest("opinion", "closed")
    retyped = case is not None and new_case_type is not None and new_case_type != case.type
    if retyped:
        ctx.desk.update(type=new_case_type)
        ctx.clocks.regrade()
    if reassessed_deadline:
        ctx.clocks.agree("resolution", datetime.fromisoformat(reassessed_deadline), "D-2.4.7")
    executing = opinion is not None and main_remedy is not None and not ctx.clocks.is_reached("resolution")
    ctx.desk.note("change", f"{number}：{paper.data.get('change_content') or ''}")
    return {"way": "reroute" if retyped else "executing" if executing else "none",
            "opinion": opinion.number if opinion is not None else None}
