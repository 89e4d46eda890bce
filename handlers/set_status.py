"""Sets the case's status in the policy's wording."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="更新状态")
def run(ctx: LocalContext, *, status: str, reason: str | None = None) -> str:
    """Set the status (D-2.4.1, D-2.5.7), and keep the reason for it."""
    ctx.desk.update(status=status)
    if reason:
        ctx.desk.note("status", f"{status}：{reason}")
    return status
