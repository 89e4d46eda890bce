"""Finds the next day on which a customer is greeted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from app.handling import LocalContext, local

FESTIVALS = ((1, 1, "元旦"), (5, 1, "劳动节"), (10, 1, "国庆节"))
EARLY_ACCESS = ((4, 10, "新品优先体验"), (9, 10, "新品优先体验"))  # the company's two launches a year
MORNING = timedelta(hours=1)  # 09:00 in Shanghai, in UTC


@local(zh="下一个关怀日")
def run(ctx: LocalContext, *, until: str, birthday: str | None = None, early_access: bool | None = None
        ) -> dict[str, Any]:
    """Return when and why the customer is greeted next; the time is null when none lies before `until` (E-2.3.11)."""
    days = [*FESTIVALS, *(EARLY_ACCESS if early_access else ())]
    if birthday:
        month, day = birthday.split("-")
        days.append((int(month), int(day), "生日"))
    end = datetime.fromisoformat(until)
    found = [(at, why) for year in (ctx.now.year, ctx.now.year + 1) for month, day, why in days
             if ctx.now < (at := _morning(ctx.now, year, month, day)) <= end]
    if not found:
        return {"at": None, "occasion": None}
    first, why = min(found)
    return {"at": first.isoformat(), "occasion": why}


def _morning(now: datetime, year: int, month: int, day: int) -> datetime:
    try:
        chosen = date(year, month, day)
    except ValueError:  # 29 February
        chosen = date(year, month, day - 1)
    return now.replace(year=chosen.year, month=chosen.month, day=chosen.day, hour=0, minute=0, second=0,
                       microsecond=0) + MORNING
