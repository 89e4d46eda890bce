"""Where a sandbox stands, as plain facts: nothing of its database leaves it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.errors import ChengnuoError
from app.facts import Element
from app.services.reading import Reading
from app.services.runtime import Runtime
from app.store.models import (
    Case,
    Communication,
    History,
    Incident,
    Instance,
    Job,
    Milestone,
    Notification,
    Subscription,
    Timer,
    WorkItem,
)

ENDED = ("completed", "cancelled")
LAST = 40  # lines of what happened, and of what would be sent


@dataclass(frozen=True)
class TaskView:
    """An open task."""

    id: str
    process: str
    element: str
    name: str
    name_en: str
    group: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class TimerView:
    """A timer that waits; `due_at` is None while it is disarmed."""

    process: str
    element: str
    name: str
    name_en: str
    due_at: datetime | None


@dataclass(frozen=True)
class MessageView:
    """A message that something waits for."""

    name: str
    correlation: str | None
    element: str


@dataclass(frozen=True)
class InstanceView:
    """An instance of the family: where its tokens stand, and what it knows."""

    id: str
    process: str
    state: str
    outcome: str | None
    active: tuple[tuple[str, str], ...]  # (process, element)
    done: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Happened:
    """One thing that happened."""

    at: datetime
    process: str
    name: str
    name_en: str
    transition: str
    actor: str


@dataclass(frozen=True)
class SandboxView:
    """Everything that the page shows."""

    now: datetime
    next_due: datetime | None
    instances: tuple[InstanceView, ...]
    tasks: tuple[TaskView, ...]
    timers: tuple[TimerView, ...]
    messages: tuple[MessageView, ...]
    milestones: tuple[Any, ...]  # plain rows: name, state, due_at, reached_at, paused
    incidents: tuple[tuple[str, str, str], ...]  # element, Chinese, English
    sent: tuple[tuple[datetime, str, str], ...]  # what would have been sent: when, to whom, words
    happened: tuple[Happened, ...]
    case_number: str | None
    case_status: str | None
    level: str | None


@dataclass(frozen=True)
class Clock:
    """An SLA clock."""

    name: str
    state: str
    due_at: datetime
    reached_at: datetime | None
    paused: bool


def view_of(rt: Runtime, instance_id: str, case_id: str | None) -> SandboxView:
    """Return where the case or the process that is tried stands."""
    session = rt.session()
    family = _family(rt, instance_id, case_id)
    ids = [one.id for one in family]
    timers = session.execute(
        select(Timer).where(Timer.instance_id.in_(ids)).order_by(Timer.due_at.is_(None), Timer.due_at)
    ).scalars().all()  # fmt: skip
    items = session.execute(
        select(WorkItem).where(WorkItem.instance_id.in_(ids), WorkItem.state == "open").order_by(WorkItem.created_at)
    ).scalars()  # fmt: skip
    waiting = session.execute(select(Subscription).where(Subscription.instance_id.in_(ids))).scalars()
    jobs = session.execute(
        select(Job.run_at).where(Job.instance_id.in_(ids), Job.state == "waiting")
    ).scalars().all()  # fmt: skip
    case = session.get(Case, case_id) if case_id else None
    due = [at for at in (*(timer.due_at for timer in timers), *jobs) if at is not None]
    return SandboxView(
        now=rt.clock.now(),
        next_due=min(due, default=None),
        instances=tuple(_instance(rt, one) for one in family),
        tasks=tuple(TaskView(one.id, one.process, one.element_id, one.name, one.name_en, one.group_code, one.due_at)
                    for one in items),
        timers=tuple(_timer(rt, family, one) for one in timers),
        messages=tuple(MessageView(one.message, one.correlation, one.element_id) for one in waiting),
        milestones=tuple(_clocks(rt, case_id)),
        incidents=tuple((one.element_id or "", one.message_zh, one.message_en) for one in session.execute(
            select(Incident).where(Incident.instance_id.in_(ids), Incident.state == "open")).scalars()),
        sent=_sent(rt, case_id),
        happened=_happened(rt, family, ids),
        case_number=case.number if case else None,
        case_status=case.status if case else None,
        level=case.level if case else None,
    )  # fmt: skip


def _family(rt: Runtime, instance_id: str, case_id: str | None) -> Sequence[Instance]:
    alone = (Instance.id == instance_id) | (Instance.parent_id == instance_id)
    mine = Instance.case_id == case_id if case_id else alone
    return rt.session().execute(select(Instance).where(mine).order_by(Instance.created_at, Instance.id)).scalars().all()


def _instance(rt: Runtime, row: Instance) -> InstanceView:
    session = rt.session()
    active: tuple[tuple[str, str], ...] = ()
    variables: dict[str, Any] = {}
    if row.state not in ENDED:
        try:
            reading = Reading.of(rt, row.id)
            found = reading.execution.view()
            active, variables = found.active, reading.execution.variables()
        except ChengnuoError:
            variables = {}
    query = select(History.process, History.element_id).where(
        History.instance_id == row.id, History.transition.in_(("completed", "fired"))
    )
    done = tuple(dict.fromkeys((one.process, one.element_id) for one in session.execute(query)))
    return InstanceView(row.id, row.process, row.state, row.outcome, active, done,
                        tuple((name, _plain(value)) for name, value in sorted(variables.items())))


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else f"{text[:299]}…"


def _element(rt: Runtime, row: Instance, process: str, element: str) -> Element | None:
    try:
        return rt.library.spec(row.definition_id).element(process, element)
    except KeyError:
        return None


def _timer(rt: Runtime, family: Sequence[Instance], timer: Timer) -> TimerView:
    row = next(one for one in family if one.id == timer.instance_id)
    element = _element(rt, row, timer.process, timer.element_id)
    name, english = (element.name, element.name_en) if element else (timer.element_id, timer.element_id)
    return TimerView(timer.process, timer.element_id, name, english, timer.due_at)


def _clocks(rt: Runtime, case_id: str | None) -> Sequence[Clock]:
    query = select(Milestone).where(Milestone.case_id == case_id).order_by(Milestone.due_at)
    return [Clock(one.name, one.state, one.due_at, one.reached_at, one.paused_at is not None)
            for one in rt.session().execute(query).scalars()]  # fmt: skip


def _sent(rt: Runtime, case_id: str | None) -> tuple[tuple[datetime, str, str], ...]:
    session = rt.session()
    told = select(Notification).where(Notification.case_id == case_id).order_by(Notification.id.desc()).limit(LAST)
    said = select(Communication).where(Communication.case_id == case_id).order_by(Communication.id.desc()).limit(LAST)
    rows = [(one.at, "staff", one.title_zh) for one in session.execute(told).scalars()]
    rows += [(one.at, one.party, one.summary) for one in session.execute(said).scalars() if one.direction == "out"]
    return tuple(sorted(dict.fromkeys(rows), key=lambda row: row[0], reverse=True)[:LAST])


def _happened(rt: Runtime, family: Sequence[Instance], ids: Sequence[str]) -> tuple[Happened, ...]:
    query = select(History).where(History.instance_id.in_(ids)).order_by(History.seq.desc()).limit(LAST)
    by_id = {one.id: one for one in family}
    found = []
    for row in rt.session().execute(query).scalars():
        element = _element(rt, by_id[row.instance_id], row.process, row.element_id)
        names = (element.name, element.name_en) if element else (row.element_id, row.element_id)
        found.append(Happened(row.at, row.process, *names, row.transition, row.actor))
    return tuple(found)
