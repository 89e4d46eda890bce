"""The sweep: what has become due is fired, one step an instance; reminders are sent on the way."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
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


class Timers:
    """Fires due timers. The table is the truth; no scheduler job stands for a timer."""

    def __init__(self, rt: Runtime, standing: StandingWork) -> None:
        self._rt, self._standing = rt, standing

    def next_due(self) -> datetime | None:
        """Return when the next timer, reminder, job or standing work is due (aware UTC), or None."""
        with jobs.unit_of_work_for_reading() as session:
            found = (falling.next_due(session), self._standing.next_due())
        return min((when for when in found if when is not None), default=None)

    def fire_due(self, limit: int = 200) -> int:
        """Fire what is due, oldest first, and start standing work; return how many instances and reminders moved."""
        return self._fire_timers(limit) + self._send_reminders(limit) + self._standing.start_due()

    def _fire_timers(self, limit: int) -> int:
        now = self._rt.clock.now()
        due = (
            select(Timer.instance_id, func.min(Timer.due_at))
            .where(
                Timer.due_at <= now,
                RUNNING,
                or_(Timer.not_before.is_(None), Timer.not_before <= now),
            )
            .group_by(Timer.instance_id)
            .order_by(func.min(Timer.due_at), func.min(Timer.id))
            .limit(limit)
        )
        with jobs.unit_of_work_for_reading() as session:
            instances = [row[0] for row in session.execute(due)]
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
        with jobs.unit_of_work_for_reading() as session:  # looking takes no write lock
            waiting = select(WorkItem.id).where(WorkItem.state == "open", WorkItem.remind_at <= now).limit(1)
            if session.execute(waiting).first() is None:
                return 0

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
