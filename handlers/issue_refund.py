"""Pays a refund."""

from __future__ import annotations

from typing import Any

from app.errors import BusinessError, HandlerFailed
from app.handling import EffectContext, call


@call(zh="支付退款")
def run(ctx: EffectContext, *, voucher: str, amount: float, channel: str | None = None, account: str | None = None,
        opinion: str | None = None, red_slip: str | None = None) -> dict[str, Any]:
    """Pay and return the reference (A-2.3.4, B20-2.5); BY_HAND without a bank, REFUND_REJECTED when it refuses."""
    if not ctx.outside.is_registered("payment"):
        raise BusinessError("BY_HAND", "未连接付款系统，请人工付款并登记凭证。")
    answer = ctx.outside.request("payment", {"voucher": voucher, "amount": str(amount), "currency": "CNY",
                                             "channel": channel, "account": account, "opinion": opinion,
                                             "red_slip": red_slip}, ctx.key)
    if answer.get("rejected"):
        raise BusinessError("REFUND_REJECTED", str(answer.get("reason") or "付款被退回"))
    if not answer.get("reference"):
        raise HandlerFailed("The bank gave no reference.", "付款系统没有返回付款凭证号。")
    return {"reference": str(answer["reference"])}
