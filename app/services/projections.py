"""Writes what an instance waits for into the tables that people and sweeps read, as a difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, bindparam, cast, delete, func, literal, null, select, union_all, update
from sqlalchemy.orm import Session

from app.engine import feel
from app.errors import Conflict
from app.facts import Element, ExecutionView, OpenTask, WaitingTimer
from app.services import messages
from app.store.models import Incident, Instance, Subscription, Timer, User, WorkItem
from app.store.unit_of_work import Write, inserting

if TYPE_CHECKING:
    from app.services.step import Step


ITEMS = WorkItem.__table__
CLOSE_ITEM = update(ITEMS).where(ITEMS.c.id == bindparam("item"), ITEMS.c.state == "open")
# What the tables say that an instance waits for, with one statement: its timers, then its subscriptions.
STORED_WAITS = union_all(
    select(literal("timer").label("kind"), Timer.id, Timer.task_id, Timer.due_at, Timer.attempts,
           cast(null(), Subscription.message.type).label("message"))
    .where(Timer.instance_id == bindparam("instance")),
    select(literal("message"), Subscription.id, Subscription.task_id, cast(null(), Timer.due_at.type), literal(0),
           Subscription.message)
    .where(Subscription.instance_id == bindparam("instance")),
)
TIMERS, SUBSCRIPTIONS = Timer.__table__, Subscription.__table__
FORGET_TIMERS = delete(TIMERS).where(TIMERS.c.id.in_(bindparam("gone", expanding=True)))
FORGET_SUBSCRIPTIONS = delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id.in_(bindparam("gone", expanding=True)))
MOVE_TIMER = (
    update(TIMERS)
    .where(TIMERS.c.id == bindparam("timer"))
    .values(due_at=bindparam("due"), milestone=bindparam("of"), attempts=0, not_before=None)
)


class Projections:
    """The difference between what the tables say of an instance and what its state says."""

    def __init__(self, step: Step) -> None:
        self.step, self.session, self.instance = step, step.session, step.instance
        self.now = step.now()
        self.writes: list[Write] = []

    def write(self, view: ExecutionView) -> list[Write]:
        """Close work items and open incidents; return the other writes, still to be sent."""
        self._work_items(view)
        self._waits(view)
        self._incidents(view)
        return self.writes

    # ---- work items

    def _work_items(self, view: ExecutionView) -> None:
        deadlines = Deadlines(self.step, view)
        waiting = {task.task_id: task for task in view.tasks}
        for item in self.step.items.values():
            if item.id not in waiting:
                self._close_item(item)
                continue
            due = deadlines.of(waiting[item.id], item.created_at, item.due_at)
            if due != item.due_at:
                item.due_at, item.remind_at = due, remind_at(waiting[item.id], item.created_at, due)
        new = [self._item_row(task, deadlines) for task in view.tasks if task.task_id not in self.step.items]
        if new:
            self.writes.append(inserting(WorkItem, new))

    def _close_item(self, item: WorkItem) -> None:
        """Guarded: whoever changed the row since it was read wins (both nets: row lock and count)."""
        values = self.step.completed.get(item.id) or {"state": "cancelled", "completed_at": self.now}
        values |= {"draft": None, "remind_at": None, "revision": item.revision + 1}
        # Core, past the session: the ORM's row is not looked at again.
        done = self.session.connection().execute(CLOSE_ITEM.values(**values), {"item": item.id})
        if done.rowcount != 1:
            raise Conflict("Somebody else was first", "已有他人先行处理")

    def _item_row(self, task: OpenTask, deadlines: Deadlines) -> dict[str, Any]:
        element, due = task.element, deadlines.of(task, self.now)
        box = self.step.box
        return {
            "id": task.task_id,
            "instance_id": self.instance.id,
            "case_id": self.instance.case_id,
            "process": element.process,
            "element_id": element.id,
            "name": element.name or element.id,
            "name_en": element.name_en,
            "form_id": element.form,
            "group_code": task.group,
            "assignee_id": self._assignee(task),
            "state": "open",
            "level": box.case.level if box else None,
            "milestone": element.milestone,
            "created_at": self.now,
            "due_at": due,
            "remind_at": remind_at(task, self.now, due),
            "revision": 0,
            "on_behalf": False,
        }

    def _assignee(self, task: OpenTask) -> int | None:
        """Return the user whom the diagram names for the task, or None."""
        wanted = task.element.properties.get("assignee")
        if not wanted:
            return None
        name = feel.evaluate(wanted, {**task.variables, **self.step.facts()}, self.step.functions())
        found = self.session.execute(select(User.id).where(User.username == str(name), User.active))
        return found.scalar_one_or_none()

    # ---- timers and messages

    def _waits(self, view: ExecutionView) -> None:
        elements = self.step.spec.elements
        if not any(element.timer or element.message for element in elements):
            return
        stored = self.session.execute(STORED_WAITS, {"instance": self.instance.id}).all()
        self._timers(view, {row.task_id: row for row in stored if row.kind == "timer"})
        self._subscriptions(view, {(row.task_id, row.message): row.id for row in stored if row.kind == "message"})

    def _timers(self, view: ExecutionView, stored: Mapping[str, Row[Any]]) -> None:
        waiting = {timer.task_id: timer for timer in view.timers}
        gone = [row.id for task_id, row in stored.items() if task_id not in waiting]
        if gone:
            self.writes.append((FORGET_TIMERS, {"gone": gone}))
        new = [timer_row(self.instance.id, timer) for task_id, timer in waiting.items() if task_id not in stored]
        if new:
            self.writes.append(inserting(Timer, new))
        moved = [
            {"timer": row.id, "due": waiting[task_id].due_at, "of": waiting[task_id].milestone}
            for task_id, row in stored.items()
            if task_id in waiting and (row.due_at != waiting[task_id].due_at or row.attempts)
        ]
        if moved:
            self.writes.append((MOVE_TIMER, moved))

    @staticmethod
    def bound_elsewhere(session: Session, case_id: str, instance_id: str, names: Iterable[str]) -> list[str]:
        """Return the case's other active instances with timers bound to one of the milestones `names`."""
        names = list(names)
        if not names:
            return []
        query = (
            select(Timer.instance_id)
            .join(Instance, Instance.id == Timer.instance_id)
            .where(
                Instance.case_id == case_id,
                Instance.id != instance_id,
                Instance.state == "active",
                Timer.milestone.in_(names),
            )
            .group_by(Timer.instance_id)
            .order_by(func.min(Timer.id))  # always in one order, whatever the ids
        )
        return list(session.execute(query).scalars())

    def _subscriptions(self, view: ExecutionView, stored: Mapping[tuple[str, str], int]) -> None:
        waiting = {(wait.task_id, wait.message): wait for wait in view.messages}
        gone = [row_id for key, row_id in stored.items() if key not in waiting]
        if gone:
            self.writes.append((FORGET_SUBSCRIPTIONS, {"gone": gone}))
        new = [
            {
                "instance_id": self.instance.id,
                "task_id": wait.task_id,
                "element_id": wait.element.id,
                "message": wait.message,
                "correlation": wait.correlation or self._number(),
            }
            for key, wait in waiting.items()
            if key not in stored
        ]
        if new:
            self.writes.append(inserting(Subscription, new))
            for row in new:
                messages.wake_early(self.session, str(row["message"]), row["correlation"], now=self.now)

    def _number(self) -> str | None:
        return self.step.box.case.number if self.step.box else None

    # ---- incidents

    def _incidents(self, view: ExecutionView) -> None:
        if not view.failed:
            return
        known = set(
            self.session.execute(
                select(Incident.task_id).where(Incident.instance_id == self.instance.id, Incident.state == "open")
            ).scalars()
        )
        for failed in view.failed:
            if failed.task_id not in known:
                self.session.add(
                    Incident(
                        instance_id=self.instance.id,
                        case_id=self.instance.case_id,
                        process=failed.element.process,
                        element_id=failed.element.id,
                        task_id=failed.task_id,
                        kind="engine",
                        message_en=failed.error,
                        message_zh=failed.error,
                        created_at=self.now,
                    )
                )


class Deadlines:
    """The clock of a task: its milestone's, else the deadline on it or on a phase around it, else the case's.

    A milestone that was over before the task came is somebody else's lateness: the clock of the case says so, and the
    task goes by the deadline that is drawn on itself, where there is one (each rung of the ladder has its two hours).
    """

    def __init__(self, step: Step, view: ExecutionView) -> None:
        clocks = step.box.clocks if step.box else None
        due = clocks.due_times() if clocks else {}
        self._due = {name: when for name, when in due.items() if clocks and not clocks.is_reached(name)}
        self._spec = step.spec
        self._on_host: dict[tuple[str, str], datetime] = {}
        for timer in view.timers:
            if timer.due_at and timer.element.id.startswith("deadline_"):
                self._note(timer.element, timer.due_at)
        # A deadline that has fired waits no more, but whoever is late stays late.
        for milestone, element in step.spec.deadlines:
            when = self._due.get(milestone)
            if when is not None:
                self._note(element, when)

    def _note(self, boundary: Element, due: datetime) -> None:
        if boundary.attached_to:
            key = (boundary.process, boundary.attached_to)
            self._on_host[key] = min(due, self._on_host.get(key, due))

    def of(self, task: OpenTask, arrived: datetime, stored: datetime | None = None) -> datetime | None:
        """Return when the task that arrived then is due (aware UTC), or None; `stored` is what it was due until now."""
        element = task.element
        own = self._due.get(element.milestone) if element.milestone else None
        if own is not None:
            if own > arrived:
                return own
            # A deadline of its own that has fired waits no more: what it said stays.
            return self._on_host.get((element.process, element.id)) or stored or own
        host: str | None = element.id
        while host is not None:
            due = self._on_host.get((element.process, host))
            if due is not None:
                return due
            host = self._spec.element(element.process, host).parent
        return self._due.get("resolution")


def remind_at(task: OpenTask, created: datetime, due: datetime | None) -> datetime | None:
    """Return when to remind whoever has the task: at a share of the time to its due time."""
    share = task.element.remind_at
    if not share or due is None or due <= created:
        return None
    return created + timedelta(seconds=(due - created).total_seconds() * float(share.rstrip("%")) / 100)


def timer_row(instance_id: str, timer: WaitingTimer) -> dict[str, Any]:
    """Return the row of a waiting timer."""
    return {
        "instance_id": instance_id,
        "task_id": timer.task_id,
        "process": timer.element.process,
        "element_id": timer.element.id,
        "due_at": timer.due_at,
        "milestone": timer.milestone,
        "attempts": 0,
    }
