"""The functions that expressions of diagrams and forms may call besides FEEL's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.facts import Period
from app.services.casebox import CaseBox
from app.services.moments import Moments
from app.services.runtime import Runtime


def functions_at(rt: Runtime, now: datetime, box: CaseBox | None) -> Mapping[str, Callable[..., Any]]:
    """Return due, after, workdays, now, today and the moments of standing work for the case in `box`.

    They answer as of `now` (aware UTC), by the calendar as it is now.
    """
    calendar = box.calendar if box else rt.calendar()

    def due(name: str) -> datetime | None:
        return box.clocks.due_times().get(name) if box else None

    def after(duration: str) -> datetime:
        return calendar.add(now, Period(str(duration), "natural")).due_at

    def workdays(days: Any) -> datetime:
        span = days if isinstance(days, str) else f"P{int(days)}D"
        return calendar.add(now, Period(span, "working")).due_at

    return {**Moments(calendar, rt.zone, now).functions(), "due": due, "after": after, "workdays": workdays,
            "now": lambda: now, "today": lambda: calendar.local(now).date()}
