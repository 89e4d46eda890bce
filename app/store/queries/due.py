"""When something falls due next: one statement, since sweeps ask it all the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store.models import Instance, Job, Timer, WorkItem

# Asked of the timers in the order in which they are due, so that the first one whose instance runs is the answer.
_RUNS = select(Instance.state).where(Instance.id == Timer.instance_id).scalar_subquery() == "active"
_TIMER = (
    select(Timer.due_at).where(Timer.due_at.is_not(None), Timer.not_before.is_(None), _RUNS)
    .order_by(Timer.due_at).limit(1).scalar_subquery()
)
_PUSHED_BACK = (
    select(func.min(case((Timer.not_before > Timer.due_at, Timer.not_before), else_=Timer.due_at)))
    .where(Timer.not_before.is_not(None), _RUNS).scalar_subquery()
)
_REMINDER = select(func.min(WorkItem.remind_at)).where(WorkItem.state == "open").scalar_subquery()
# The jobs of suspended instances wait with them.
_HELD = select(Instance.id).where(Instance.id == Job.instance_id, Instance.state == "suspended").exists()
_JOB = select(func.min(Job.run_at)).where(Job.state == "waiting", ~_HELD).scalar_subquery()
_LEASE = select(func.min(Job.locked_until)).where(Job.state == "running").scalar_subquery()
_EACH = select(_TIMER, _PUSHED_BACK, _REMINDER, _JOB, _LEASE)


@dataclass(frozen=True)
class Due:
    """When the first of each kind is due (aware UTC), None where none waits."""

    timer: datetime | None
    reminder: datetime | None
    job: datetime | None
    lease: datetime | None  # when the first job in hand is taken for lost

    @property
    def next(self) -> datetime | None:
        """Return when the next timer, reminder or job is due."""
        return first(self.timer, self.reminder, self.job)


def first(*moments: datetime | None) -> datetime | None:
    """Return the earliest of the moments that there are."""
    return min((at for at in moments if at is not None), default=None)


def next_due(session: Session) -> Due:
    """Return when the next timer, reminder and job are due."""
    timer, pushed_back, reminder, job, lease = session.execute(_EACH).one()
    return Due(first(timer, pushed_back), reminder, job, lease)
