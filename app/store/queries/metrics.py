"""The figures that monitoring reads: what is open, late, due and broken."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.store.models import Audit, Definition, Incident, Instance, Job, Timer, WorkItem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Figures:
    """What waits at one moment."""

    open_tasks: Mapping[str, int]  # by group
    overdue_tasks: int
    due_timers: int
    jobs: Mapping[str, int]  # by state, without those that are done
    open_incidents: int
    unsealed: int


def figures(session: Session, now: datetime) -> Figures:
    """Return what waits at `now` (aware UTC)."""
    def count(query: Select[int]) -> int:
        return session.execute(query).scalar_one()

    total = func.count()
    tasks = select(WorkItem.group_code, total).where(WorkItem.state == "open").group_by(WorkItem.group_code)
    jobs = select(Job.state, total).where(Job.state.in_(("waiting", "running", "dead"))).group_by(Job.state)
    # Asked of the timers that are due, one by one: a join would begin with every running instance.
    running = select(Instance.state).where(Instance.id == Timer.instance_id).scalar_subquery() == "active"
    timers = select(total).select_from(Timer).where(Timer.due_at <= now, running)
    return Figures(
        open_tasks={group or "": number for group, number in session.execute(tasks)},
        overdue_tasks=count(select(total).select_from(WorkItem).where(WorkItem.state == "open", WorkItem.due_at < now)),
        due_timers=count(timers), jobs=dict(session.execute(jobs).all()),
        open_incidents=count(select(total).select_from(Incident).where(Incident.state == "open")),
        unsealed=count(select(total).select_from(Audit).where(Audit.chain.is_(None))))


def readiness(session: Session) -> str:
    """Return "ok", or why no request can be served: the database does not answer, or no process is deployed."""
    try:
        deployed = session.execute(select(Definition.id).limit(1)).first() is not None
    except SQLAlchemyError:
        log.exception("the database does not answer")
        return "the database does not answer"
    return "ok" if deployed else "nothing is deployed"
