"""Writes to the supplier of a purchased product."""

from __future__ import annotations

from typing import Any

from app.errors import HandlerFailed
from app.handling import EffectContext, call


@call(zh="通知供应商")
def run(ctx: EffectContext, *, template: str, reply_by: str | None = None, **data: Any) -> dict[str, Any]:
    """Send the supplier a message with the date by which an answer is expected (B21-5-2, B21-4-1-6)."""
    if ctx.case is None:
        raise HandlerFailed("A message to the supplier needs a case.", "通知供应商需要所属个案。")
    payload = {"case": ctx.case.id, "template": template, "reply_by": reply_by, **data}
    return dict(ctx.outside.request("supplier", payload, ctx.key))
