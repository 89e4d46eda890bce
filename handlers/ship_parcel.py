"""Hands a parcel to the carrier."""

from __future__ import annotations

from typing import Any

from app.errors import BusinessError, HandlerFailed
from app.handling import EffectContext, call

BY_HAND = "BY_HAND"  # no system does it: a person does, and writes down what came of it


@call(zh="寄出包裹")
def run(ctx: EffectContext, *, purpose: str, slip: str | None = None, goods: str | None = None) -> dict[str, Any]:
    """Order the parcel and return carrier and tracking number (A-2.4.4); BY_HAND where no carrier is connected."""
    if not ctx.outside.is_registered("logistics"):
        raise BusinessError(BY_HAND, "未连接物流系统，请人工寄出并登记快递单号。")
    case = ctx.case.id if ctx.case is not None else None
    answer = ctx.outside.request("logistics", {"action": "ship", "case": case, "purpose": purpose, "slip": slip,
                                               "goods": goods}, ctx.key)
    if not answer.get("tracking_no"):
        raise HandlerFailed("The carrier gave no tracking number.", "物流系统没有返回快递单号。")
    return {"tracking_no": str(answer["tracking_no"]), "carrier": str(answer.get("carrier") or "")}
