"""When something falls due next: one statement, since sweeps ask it all the time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, select, union_all
from sqlalchemy.orm import Session

from app.store.models import Instance, Job, Timer, WorkItem

_TIMER = (
    select(func.min(case((Timer.not_before > Timer.due_at, Timer.not_before), else_=Timer.due_at)).label("at"))
    .join(Instance, Instance.id == Timer.instance_id)
    .where(Instance.state == "active")
)
_REMINDER = select(func.min(WorkItem.remind_at)).where(WorkItem.state == "open")
# The jobs of suspended instances wait with them.
_HELD = select(Instance.id).where(Instance.id == Job.instance_id, Instance.state == "suspended").exists()
_JOB = select(func.min(Job.run_at)).where(Job.state == "waiting", ~_HELD)
_EACH = union_all(_TIMER, _REMINDER, _JOB).subquery()
_NEXT = select(func.min(_EACH.c.at))


def next_due(session: Session) -> datetime | None:
    """Return when the next timer, reminder or job is due (aware UTC), or None."""
    return session.execute(_NEXT).scalar_one_or_none()
