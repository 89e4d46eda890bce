"""Asks the papers themselves: is the opinion settled, has finance what it needs to book?"""

from __future__ import annotations

from app.handling import LocalContext, local

MISSING = {"opinion": "意见书", "red_slip": "退库手续（红字出库单）", "black_slip": "重新发货手续（黑色出库单）",
           "refund_voucher": "退款凭证"}


@local(zh="查核单据")
def run(ctx: LocalContext, *, opinion: str | None = None, red_slip: str | None = None, black_slip: str | None = None,
        refund_voucher: str | None = None, wanted: list[str] | str | None = None,
        held_by: str | None = None) -> dict[str, object]:
    """Return whether every wanted paper is settled (and `held_by` has a copy), and what is missing (B21-7-5).

    `lapsed` says that the opinion was sealed without settling anything (withdrawn, taken elsewhere): another is needed.
    """
    numbers = {"opinion": opinion, "red_slip": red_slip, "black_slip": black_slip, "refund_voucher": refund_voucher}
    names = [wanted] if isinstance(wanted, str) else list(wanted or numbers)
    missing = [name for name in names if not _is_there(ctx, numbers[name], held_by)]
    paper = ctx.papers.look(opinion) if opinion else None
    lapsed = paper is None or (paper.state != "open" and not paper.is_settled)
    return {"complete": not missing, "missing": "、".join(MISSING[name] for name in missing), "lapsed": lapsed}


def _is_there(ctx: LocalContext, number: str | None, held_by: str | None) -> bool:
    paper = ctx.papers.look(number) if number else None
    return paper is not None and paper.is_settled and (held_by is None or held_by in paper.holders)
