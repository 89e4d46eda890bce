"""The process picture's figures: what stands where now, and how long elements took, from history and its daily sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, null, select
from sqlalchemy.orm import Session

from app.store.models import ElementTime, History, Incident, Instance, Setting, Subscription, Timer, WorkItem

ROLLED_UNTIL = "element_time_until"  # setting: the first day that is not summed up yet (ISO date)
CHUNK = 500
ENDED = ("completed", "fired")


@dataclass(frozen=True)
class Run:
    """One run of an element that ended."""

    definition_id: int
    process: str
    element_id: str
    seconds: float
    ended_at: datetime  # aware UTC
    due_at: datetime | None

    @property
    def is_late(self) -> bool:
        """True when it ended after its deadline."""
        return self.due_at is not None and self.ended_at > self.due_at


@dataclass(frozen=True)
class Summed:
    """How many runs of an element ended in one span of length."""

    element_id: str
    bucket: int
    finished: int
    due: int
    late: int


@dataclass(frozen=True)
class Now:
    """What stands at an element now."""

    instances: int
    late: int
    failed: int


def runs(session: Session, start: datetime, end: datetime, process: str = "",
         definitions: Sequence[int] | None = None) -> Iterator[Run]:
    """Yield every run of an element that ended in [start, end), of one process and of some versions if asked."""
    query = select(History.definition_id, History.process, History.element_id, History.task_id, History.instance_id,
                   History.at).where(History.at >= start, History.at < end, History.transition.in_(ENDED))
    if process:
        query = query.where(History.process == process)
    if definitions is not None:
        query = query.where(History.definition_id.in_(definitions))
    ended = session.execute(query).all()
    ids = list(dict.fromkeys(row.instance_id for row in ended))
    for place in range(0, len(ids), CHUNK):
        some = ids[place:place + CHUNK]
        begun = select(History.task_id, func.min(History.at)).where(
            History.instance_id.in_(some), History.transition == "started", History.at < end)
        started = {str(task): at for task, at in session.execute(begun.group_by(History.task_id))}
        due = dict(session.execute(select(WorkItem.id, WorkItem.due_at).where(
            WorkItem.instance_id.in_(some), WorkItem.state == "completed", WorkItem.due_at.is_not(None))).all())
        wanted = set(some)
        for row in ended:
            if row.instance_id in wanted:
                seconds = (row.at - started.get(row.task_id, row.at)).total_seconds()
                yield Run(row.definition_id, row.process, row.element_id, seconds, row.at, due.get(row.task_id))


def first_event(session: Session) -> datetime | None:
    """Return when the first thing happened (aware UTC), or None."""
    return session.execute(select(History.at).order_by(History.at).limit(1)).scalar_one_or_none()


def rolled_until(session: Session) -> date | None:
    """Return the first day that is not summed up, or None when nothing is."""
    value = session.execute(select(Setting.value).where(Setting.key == ROLLED_UNTIL)).scalar_one_or_none()
    return None if value is None else date.fromisoformat(value)


def write_day(session: Session, day: date, rows: Sequence[Mapping[str, object]], following: date) -> None:
    """Put the sums of one day in the place of what was there, and remember that it is done."""
    session.execute(delete(ElementTime).where(ElementTime.day == day))
    if rows:
        session.execute(insert(ElementTime), list(rows))
    known = session.get(Setting, ROLLED_UNTIL)
    if known is None:
        session.add(Setting(key=ROLLED_UNTIL, value=following.isoformat()))
    else:
        known.value = following.isoformat()


def summed(session: Session, process: str, definitions: Sequence[int] | None, first: date, last: date) -> list[Summed]:
    """Return the daily sums of [first, last] added up, by element and length."""
    query = select(ElementTime.element_id, ElementTime.bucket, func.sum(ElementTime.finished),
                   func.sum(ElementTime.due), func.sum(ElementTime.late)).where(
        ElementTime.process == process, ElementTime.day >= first, ElementTime.day <= last)
    if definitions is not None:
        query = query.where(ElementTime.definition_id.in_(definitions))
    return [Summed(element, bucket, int(finished), int(due), int(late)) for element, bucket, finished, due, late
            in session.execute(query.group_by(ElementTime.element_id, ElementTime.bucket))]


def lateness(session: Session, processes: Sequence[str], definitions: Sequence[int] | None, first: date,
             last: date) -> Mapping[str, tuple[int, int]]:
    """Return process -> (how many runs had a deadline, how many of them were late) of the daily sums."""
    query = select(ElementTime.process, func.sum(ElementTime.due), func.sum(ElementTime.late)).where(
        ElementTime.process.in_(processes), ElementTime.day >= first, ElementTime.day <= last)
    if definitions is not None:
        query = query.where(ElementTime.definition_id.in_(definitions))
    return {row[0]: (int(row[1]), int(row[2])) for row in session.execute(query.group_by(ElementTime.process))}


def standing(session: Session, processes: Sequence[str], definitions: Sequence[int] | None,
             now: datetime) -> list[tuple[str, str, str, bool, bool]]:
    """Return (process, element, instance, late, failed) of everything that waits in these processes now."""
    of = Instance.definition_id.in_(definitions) if definitions is not None else None
    found: list[tuple[str, str, str, bool, bool]] = []
    items: Any = select(WorkItem.process, WorkItem.element_id, WorkItem.instance_id, WorkItem.due_at).where(
        WorkItem.state == "open", WorkItem.process.in_(processes))
    timers: Any = select(Timer.process, Timer.element_id, Timer.instance_id, null()).where(
        Timer.process.in_(processes))
    failures: Any = select(Incident.process, Incident.element_id, Incident.instance_id, null()).where(
        Incident.state == "open", Incident.process.in_(processes))
    for query, model in ((items, WorkItem), (timers, Timer), (failures, Incident)):
        if of is not None:
            query = query.join(Instance, Instance.id == model.instance_id).where(of)
        found += [(row[0], row[1] or "", row[2] or "", row[3] is not None and row[3] < now, model is Incident)
                  for row in session.execute(query)]
    return found


def waiting_for_messages(session: Session, elements: Sequence[str],
                         definitions: Sequence[int] | None) -> list[tuple[str, str]]:
    """Return (element, instance) of who waits for a message at these elements."""
    query = select(Subscription.element_id, Subscription.instance_id).where(Subscription.element_id.in_(elements))
    if definitions is not None:
        query = query.join(Instance, Instance.id == Subscription.instance_id).where(
            Instance.definition_id.in_(definitions))
    return [(row[0], row[1]) for row in session.execute(query)]


def versions_in_use(session: Session) -> Mapping[int, int]:
    """Return how many instances run on each version."""
    query = select(Instance.definition_id, func.count()).where(Instance.state.in_(("active", "suspended")))
    return {int(row[0]): int(row[1]) for row in session.execute(query.group_by(Instance.definition_id))}
