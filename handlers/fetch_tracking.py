"""Asks the carrier where a parcel is."""

from __future__ import annotations

from typing import Any

from app.errors import BusinessError
from app.handling import EffectContext, call


@call(zh="查询物流")
def run(ctx: EffectContext, *, tracking_no: str | None = None) -> dict[str, Any]:
    """Return the parcel's state: on_the_way, delivered or lost (A-2.4.4); BY_HAND where no carrier is connected."""
    if tracking_no is None or not ctx.outside.is_registered("logistics"):
        raise BusinessError("BY_HAND", "未连接物流系统，请人工跟踪并登记签收情况。")
    answer = ctx.outside.request("logistics", {"action": "track", "tracking_no": tracking_no}, ctx.key)
    state = str(answer.get("state") or "on_the_way")
    return {"state": state if state in {"delivered", "lost"} else "on_the_way", "note": str(answer.get("note") or "")}
