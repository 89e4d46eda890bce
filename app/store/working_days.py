"""The company's own working calendar: the table of exceptions, and the years that it completes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import literal, select, true
from sqlalchemy.orm import Session

from app.store.models import CalendarDay, Setting
from app.work_calendar import DayRule

ANNOUNCED = "calendar_announced_years"  # a setting: years whose holidays the table holds though the library does not
Stamp = tuple[tuple[tuple[date, datetime], ...], tuple[int, ...]]  # equal while nothing has changed


def read(session: Session) -> tuple[list[CalendarDay], frozenset[int]]:
    """Return the exceptions and the completed years, with one statement: every step asks."""
    years = select(Setting.value).where(Setting.key == ANNOUNCED).scalar_subquery()
    anchor = select(literal(1).label("one")).subquery()  # a row even where the table is empty
    query = select(years, CalendarDay).select_from(anchor.outerjoin(CalendarDay, true())).order_by(CalendarDay.day)
    found = session.execute(query).all()
    return [row for _, row in found if row is not None], frozenset(found[0][0] or ())


def stamp_of(days: list[CalendarDay], announced: frozenset[int]) -> Stamp:
    """Return what tells one state of the table from another."""
    return tuple((row.day, row.changed_at) for row in days), tuple(sorted(announced))


def rules_of(days: list[CalendarDay]) -> dict[date, DayRule]:
    """Return the exceptions as the calendar takes them."""
    return {row.day: DayRule(row.working, tuple((opens, closes) for opens, closes in row.hours) if row.hours else None,
                             row.note) for row in days}


def announce(session: Session, year: int) -> bool:
    """Note that the table holds the whole of `year`; False where it was noted before."""
    row = session.get(Setting, ANNOUNCED)
    if row is None:
        session.add(Setting(key=ANNOUNCED, value=[year]))
        return True
    if year in row.value:
        return False
    row.value = sorted({*row.value, year})
    return True
