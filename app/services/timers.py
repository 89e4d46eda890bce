"""The sweep: what has become due is fired, one step an instance; reminders are sent on the way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import ChengnuoError, Conflict
from app.facts import SYSTEM
from app.services import jobs, step
from app.services.runtime import Runtime
from app.services.standing import StandingWork
from app.store.models import Incident, Instance, Timer, WorkItem
from app.store.queries import due as falling
from app.store.unit_of_work import in_unit_of_work

log = logging.getLogger(__name__)
POISON_PAUSE = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30))


# Asked of the timers that are due, one by one: a join would begin with every running instance.
RUNNING = select(Instance.state).where(Instance.id == Timer.instance_id).scalar_subquery() == "active"

DUE_TIMERS = (
    select(Timer.instance_id, func.min(Timer.due_at))
    .where(Timer.due_at <= bindparam("now"), RUNNING,
           or_(Timer.not_before.is_(None), Timer.not_before <= bindparam("now")))
    .group_by(Timer.instance_id)
    .order_by(func.min(Timer.due_at), func.min(Timer.id))
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class Upcoming:
    """When the first of each kind is due (aware UTC)."""

    rows: falling.Due
    standing: datetime | None
    new_standing: bool  # a standing process does not know yet when it comes first

    @property
    def next(self) -> datetime | None:
        """Return when the next timer, reminder, job or standing work is due, or None."""
        return falling.first(self.rows.next, self.standing)

    def has_job(self, now: datetime) -> bool:
        """Return whether a job is due, be it that a worker died with it."""
        return is_due(self.rows.job, now) or is_due(self.rows.lease, now)

    def is_anything(self, now: datetime) -> bool:
        """Return whether there is something to do."""
        return self.new_standing or is_due(self.next, now) or self.has_job(now)


def is_due(moment: datetime | None, now: datetime) -> bool:
    """Return whether the moment has come."""
    return moment is not None and moment <= now


class Timers:
    """Fires due timers. The table is the truth; no scheduler job stands for a timer."""

    def __init__(self, rt: Runtime, standing: StandingWork) -> None:
        self._rt, self._standing = rt, standing

    def upcoming(self) -> Upcoming:
        """Return when what is due next."""
        with jobs.unit_of_work_for_reading() as session:
            return Upcoming(falling.next_due(session), *self._standing.coming(session))

    def next_due(self) -> datetime | None:
        """Return when the next timer, reminder, job or standing work is due (aware UTC), or None."""
        return self.upcoming().next

    def fire_due(self, limit: int = 200, upcoming: Upcoming | None = None) -> int:
        """Fire what is due, oldest first, and start standing work; return how many instances and reminders moved.

        `upcoming` is what `upcoming()` has just returned, if somebody has asked.
        """
        now, coming = self._rt.clock.now(), upcoming or self.upcoming()
        moved = self._fire_timers(limit) if is_due(coming.rows.timer, now) else 0
        if is_due(coming.rows.reminder, now):
            moved += self._send_reminders(limit)
        if coming.new_standing or is_due(coming.standing, now):
            moved += self._standing.start_due()
        return moved

    def _fire_timers(self, limit: int) -> int:
        with jobs.unit_of_work_for_reading() as session:
            found = session.execute(DUE_TIMERS, {"now": self._rt.clock.now(), "most": limit})
            instances = [row[0] for row in found]
        fired = 0
        for instance_id in instances:
            try:
                step.run(self._rt, instance_id, SYSTEM, lambda moving: None)
                fired += 1
            except Conflict:
                continue  # ended or suspended since it was listed
            except Exception as error:  # a poison instance must not stop the others
                log.exception("timer of instance %s failed", instance_id)
                self._push_back(instance_id, error)
        return fired

    def _push_back(self, instance_id: str, error: Exception) -> None:
        """Let a poison instance wait, longer each time, and tell an operator."""
        now = self._rt.clock.now()

        def work(session: Session) -> None:
            due = (Timer.instance_id == instance_id) & (Timer.due_at <= now)
            attempts = session.execute(select(func.max(Timer.attempts)).where(due)).scalar_one_or_none() or 0
            pause = POISON_PAUSE[min(attempts, len(POISON_PAUSE) - 1)]
            session.execute(update(Timer).where(due).values(attempts=attempts + 1, not_before=now + pause))
            known = session.execute(
                select(Incident).where(
                    Incident.instance_id == instance_id, Incident.kind == "timer", Incident.state == "open"
                )
            ).scalar_one_or_none()
            if known is not None:
                known.attempts = attempts + 1
                return
            instance = session.get(Instance, instance_id)
            chinese = error.message_zh if isinstance(error, ChengnuoError) else str(error)
            session.add(
                Incident(
                    instance_id=instance_id,
                    case_id=instance.case_id if instance else None,
                    kind="timer",
                    process=instance.process if instance else None,
                    message_en=str(error),
                    message_zh=chinese,
                    attempts=attempts + 1,
                    created_at=now,
                )
            )

        in_unit_of_work(work)

    def _send_reminders(self, limit: int) -> int:
        """Queue the reminder of each task whose time has come; clearing remind_at makes it once."""
        now = self._rt.clock.now()

        def work(session: Session) -> int:
            due = (
                select(WorkItem)
                .where(WorkItem.state == "open", WorkItem.remind_at <= now)
                .order_by(WorkItem.remind_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            items = list(session.execute(due).scalars())
            for item in items:
                jobs.enqueue(
                    session,
                    "notify",
                    {
                        "params": {"to": [f"task:{item.id}"], "template": "task_reminder"},
                        "process": item.process,
                        "element": item.element_id,
                        "task": item.id,
                        "waits": False,
                        "case": item.case_id,
                    },
                    key=f"remind:{item.id}:{int(now.timestamp())}",
                    now=now,
                    instance_id=item.instance_id,
                )
                item.remind_at = None
            session.flush()
            return len(items)

        return in_unit_of_work(work)
