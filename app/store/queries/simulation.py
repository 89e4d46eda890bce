"""What a simulation reads: tasks that have appeared, and the figures at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.models import Case, History, Incident, Instance, Setting, WorkItem


def any_case(session: Session) -> bool:
    """Return whether there is a case."""
    return session.execute(select(Case.id).limit(1)).first() is not None


def appeared(session: Session, since: datetime) -> Sequence[WorkItem]:
    """Return the open tasks that were created since then (aware UTC), in an order that ids do not decide."""
    query = (
        select(WorkItem)
        .join(Instance, Instance.id == WorkItem.instance_id)
        .outerjoin(Case, Case.id == WorkItem.case_id)
        .where(WorkItem.state == "open", WorkItem.created_at >= since)
        .order_by(
            WorkItem.created_at,
            Case.number,
            Instance.created_at,
            WorkItem.process,
            WorkItem.element_id,
            WorkItem.group_code,
            WorkItem.due_at,
            WorkItem.id,
        )
    )
    return session.execute(query).scalars().all()


def totals(session: Session) -> Mapping[str, int]:
    """Return how many cases, steps of instances, events, incidents and ended cases there are."""

    def count(query: object) -> int:
        return int(session.execute(query).scalar_one() or 0)  # type: ignore[call-overload]

    return {
        "cases": count(select(func.count(Case.id))),
        "steps": count(select(func.sum(Instance.revision))),
        "events": count(select(func.count(History.seq))),
        "incidents": count(select(func.count(Incident.id))),
        "ended": count(select(func.count(Case.id)).where(Case.state != "open")),
    }


def set_setting(session: Session, key: str, value: float) -> None:
    """Set a value that the running system keeps."""
    session.merge(Setting(key=key, value=value))
