"""What a changed working calendar does to promises that still run: first shown, then done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.facts import Period
from app.services.sla_plan import compute, with_pauses
from app.store import milestones as rows
from app.store.models import Milestone
from app.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Change:
    """One deadline that a new calendar moves, or settles."""

    milestone_id: int
    case_id: str
    case_number: str
    name: str
    due_before: datetime  # aware UTC
    due_after: datetime
    provisional_before: bool
    provisional_after: bool


def provisional_deadlines(session: Session) -> list[tuple[Milestone, str]]:
    """Return the open milestones that may still move, with their case numbers, the earliest first."""
    return rows.provisional(session)


def preview(session: Session, calendar: WorkCalendar) -> list[Change]:
    """Return what `calendar` would change; nothing is written."""
    found = []
    for row, number in rows.open_in_working_time(session):
        period = Period(row.duration, row.calendar)
        provisional = compute(calendar, row.started_at, period).provisional
        due = with_pauses(calendar, row.started_at, period, row.pauses)
        if due != row.due_at or provisional != row.provisional:
            found.append(Change(row.id, row.case_id, number, row.name, row.due_at, due, row.provisional, provisional))
    return found


def apply(session: Session, calendar: WorkCalendar) -> list[Change]:
    """Write what `preview` shows, in the caller's transaction, and return it: the cases' timers have to be armed again.

    A clock keeps its rule and its pauses; its reasons are written anew, and the clauses' own limits move with it.
    """
    changes = {change.milestone_id: change for change in preview(session, calendar)}
    found = [row for row, _ in rows.open_in_working_time(session)]
    checks = rows.checks_of(session, [row.id for row in found])
    for row in found:
        if row.id in changes:
            deadline = compute(calendar, row.started_at, Period(row.duration, row.calendar))
            row.promised_at, row.due_at = deadline.due_at, changes[row.id].due_after
            row.provisional = deadline.provisional
            row.why = [row.why[0], *map(dict, deadline.trace)]
        for check in checks[row.id]:
            own = Period(check.duration, check.calendar)
            check.due_at = with_pauses(calendar, row.started_at, own, row.pauses)
    session.flush()
    return list(changes.values())
