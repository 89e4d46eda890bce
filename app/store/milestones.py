"""Rows of SLA clocks and of the clauses that are checked on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, insert, or_, select
from sqlalchemy.orm import Session

from app.store.models import Case, Instance, Milestone, MilestoneCheck

OF_CASE = select(Milestone).where(Milestone.case_id == bindparam("case")).order_by(Milestone.id)


def of_case(session: Session, case_id: str) -> list[Milestone]:
    """Return every milestone of a case, superseded ones too, oldest first."""
    return list(session.scalars(OF_CASE, {"case": case_id}))


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Milestone]:
    """Insert milestones, each of another name, with one statement; return them in the same order."""
    if not rows:
        return []
    # Asking for the parameters' order would make SQLite insert one by one.
    added = {row.name: row for row in session.scalars(insert(Milestone).returning(Milestone), list(rows))}
    return [added[row["name"]] for row in rows]


def add_checks(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert checks with one statement."""
    if rows:
        session.execute(insert(MilestoneCheck), list(rows))


def checks_of(session: Session, milestone_ids: Sequence[int]) -> dict[int, list[MilestoneCheck]]:
    """Return the checks of each milestone, in the order in which they were written."""
    found: dict[int, list[MilestoneCheck]] = {number: [] for number in milestone_ids}
    if milestone_ids:
        query = select(MilestoneCheck).where(MilestoneCheck.milestone_id.in_(milestone_ids)).order_by(MilestoneCheck.id)
        for check in session.scalars(query):
            found[check.milestone_id].append(check)
    return found


def open_in_working_time(session: Session) -> list[tuple[Milestone, str]]:
    """Return every open milestone that working days decide, or one of its clauses' limits, with its case's number."""
    working_check = exists().where(MilestoneCheck.milestone_id == Milestone.id,
                                   MilestoneCheck.calendar.contains("working"))
    query = (select(Milestone, Case.number).join(Case, Case.id == Milestone.case_id)
             .where(Milestone.state == "open", or_(Milestone.calendar.contains("working"), working_check))
             .order_by(Milestone.due_at, Milestone.id))
    return [(milestone, number or "") for milestone, number in session.execute(query)]


def instances_of(session: Session, case_ids: Sequence[str]) -> list[str]:
    """Return the running instances of some cases."""
    if not case_ids:
        return []
    return list(session.scalars(select(Instance.id).where(Instance.case_id.in_(case_ids), Instance.state == "active")))


def provisional(session: Session) -> list[tuple[Milestone, str]]:
    """Return every open milestone whose due time may move when a year's holidays are announced."""
    query = (select(Milestone, Case.number).join(Case, Case.id == Milestone.case_id)
             .where(Milestone.state == "open", Milestone.provisional).order_by(Milestone.due_at, Milestone.id))
    return [(milestone, number or "") for milestone, number in session.execute(query)]
