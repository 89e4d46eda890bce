"""What managers do to cases: hand work on, urge, regrade, stop and start clocks, migrate; many at once, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import engine
from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.services import audit, step
from app.services.casebox import CaseBox
from app.services.colleagues import Colleagues
from app.services.library import Version
from app.services.operations import Operations, reason_of
from app.services.reading import Reading
from app.services.runtime import Runtime
from app.services.sla import PAUSE_WORDS
from app.services.sla_plan import NEVER_PAUSED, TARGETS
from app.store.models import Incident, Instance, WorkItem
from app.store.unit_of_work import in_unit_of_work

STEERS = frozenset({"supervisor", "manager", "director"})  # who regrades, and who lets a clock stand still (O4)
LEVELS = ("P1", "P2", "P3", "P4")
BY_HAND = "manager"  # who holds a clock that a person stopped
FOURTEEN_DAYS = frozenset({"close", "opinion_closed"})
MOST = 200  # rows of one bulk action


@dataclass(frozen=True)
class Outcome:
    """What came of one row of a bulk action."""

    key: str
    error: ChengnuoError | None = None
    done: int = 1  # how many things were done for the row (tasks urged, incidents tried)

    @property
    def ok(self) -> bool:
        """True when it worked."""
        return self.error is None


class Control:
    """The verbs of managers; every one is audited with its reason."""

    def __init__(self, rt: Runtime, operations: Operations, colleagues: Colleagues) -> None:
        self._rt, self._operations, self._colleagues = rt, operations, colleagues

    # ---- many at once

    def each(self, keys: Sequence[str], act: Callable[[str], int | None]) -> list[Outcome]:
        """Do something to every key, each in its own transaction; what fails does not stop the others.

        `act` returns how many things it did (None: one). Raises Invalid without a key, or for more than 200.
        """
        if not 0 < len(keys) <= MOST:
            raise Invalid([FieldError("row", f"Choose 1 to {MOST} rows.", f"请选择 1 至 {MOST} 行。")])
        found = []
        for key in dict.fromkeys(keys):
            try:
                done = act(key)
                found.append(Outcome(key, done=1 if done is None else done))
            except ChengnuoError as error:
                found.append(Outcome(key, error, 0))
        return found

    def reassign(self, instance_id: str, to: str, note: str, actor: Actor) -> int:
        """Hand on the open tasks of an instance that are for a group of `to`; return how many.

        Raises NotFound, NotAllowed, Conflict when there is none, Invalid on "to".
        """
        rows = self._open_tasks(instance_id)
        return self._tasks(rows, lambda task: self._colleagues.transfer(task, to, note, actor))

    def remind(self, instance_id: str, note: str, actor: Actor) -> int:
        """Urge whoever has the open tasks of an instance (催办); return how many were urged. Raises Conflict."""
        rows = self._open_tasks(instance_id)
        return self._tasks(rows, lambda task: self._colleagues.remind(task, note, actor))

    def retry(self, instance_id: str, actor: Actor) -> int:
        """Try every open incident of an instance again; return how many. Raises Conflict when there is none."""
        query = select(Incident.id).where(Incident.instance_id == instance_id, Incident.state == "open")
        rows = self._rt.session().execute(query.order_by(Incident.id)).scalars().all()
        if not rows:
            raise Conflict("It has no open incident", "没有待处理的异常")
        for incident_id in rows:
            self._operations.retry(incident_id, actor)
        return len(rows)

    # ---- one case

    def change_level(self, case_id: str, level: str, reason: str, actor: Actor) -> None:
        """Regrade a case (D-2.1.6): deadlines are recomputed each from its own start, the old ones kept (D-2.4.7).

        Raises NotFound, NotAllowed, Conflict when the case has ended or was not graded yet, Invalid by field.
        """
        _may(actor)
        reason = reason_of(reason)
        if level not in LEVELS:
            raise Invalid([FieldError("level", "One of P1 to P4.", "应为 P1 至 P4 之一。")])

        def command(moving: step.Step) -> None:
            box = _box(moving)
            before = box.case.level
            if before is None:
                raise Conflict("The case was not graded yet", "个案尚未定级")
            if before == level:
                raise Conflict(f"The case is {level} already", f"个案已是 {level}", state=level)
            box.desk.update(level=level)
            box.clocks.regrade()
            moving.execution.assign({"level": level})
            moving.session.execute(
                update(WorkItem).where(WorkItem.case_id == case_id, WorkItem.state == "open").values(level=level))
            self._record(moving, actor, "control:level:change", {"from": before, "to": level, "reason": reason})

        step.run(self._rt, self._top(case_id), actor, command)

    def pause(self, case_id: str, milestone: str, reason: str, note: str, actor: Actor) -> None:
        """Stop a clock of a case; `reason` is waiting_customer or waiting_parts, `note` says more.

        Raises NotAllowed with the rule for clocks of answering and the 14 days, which never stop (O4, B21-5-3);
        NotFound, Conflict when it does not run, Invalid by field.
        """
        _may(actor)
        note = reason_of(note)
        if milestone in NEVER_PAUSED:
            raise never_paused(milestone)
        if reason not in PAUSE_WORDS:
            raise Invalid([FieldError("why", "Waiting for the customer, or for parts.", "应为等待客户或等待备件。")])

        def command(moving: step.Step) -> None:
            clocks = _box(moving).clocks
            row = clocks.current(milestone)
            if row is None or row.state != "open":
                raise Conflict("This clock does not run", "该时限未在计时")
            if any(entry["to"] is None and entry["by"] == BY_HAND for entry in row.pauses):
                raise Conflict("This clock was paused by hand already", "该时限已被人工暂停", by=_who(row.pauses))
            clocks.pause(_with_targets(milestone), reason, BY_HAND)
            self._record(moving, actor, "control:clock:pause", {"milestone": milestone, "why": reason, "reason": note})

        step.run(self._rt, self._top(case_id), actor, command)

    def resume(self, case_id: str, milestone: str, reason: str, actor: Actor) -> None:
        """Let a clock run again that was stopped by hand; it moves by the time it stood still.

        Raises NotFound, NotAllowed, Conflict when nobody paused it by hand, Invalid without a reason.
        """
        _may(actor)
        reason = reason_of(reason)

        def command(moving: step.Step) -> None:
            clocks = _box(moving).clocks
            row = clocks.current(milestone)
            if row is None or not any(entry["to"] is None and entry["by"] == BY_HAND for entry in row.pauses):
                raise Conflict("This clock was not paused by hand", "该时限未被人工暂停")
            clocks.resume(BY_HAND, _with_targets(milestone))
            self._record(moving, actor, "control:clock:resume", {"milestone": milestone, "reason": reason})

        step.run(self._rt, self._top(case_id), actor, command)

    # ---- one instance

    def migrate(self, instance_id: str, reason: str, actor: Actor, version: int | None = None) -> int:
        """Let a running instance go on in the newest version of its process, or in `version`; return that number.

        Only where all that it waits at is drawn alike there; raises Conflict with `findings` else, and NotFound,
        NotAllowed, Invalid without a reason. Timers keep the times that they were armed with, unless a milestone's.
        """
        self._operations.may(actor)
        reason = reason_of(reason)

        def work(session: Session) -> int:
            moving = step.Step.open(self._rt, session, instance_id, actor, fire=False)
            target = self._target(moving.instance, version)
            before, old = self._rt.library.version(moving.instance.definition_id), moving.spec
            new = self._rt.library.spec(target.id)
            found = engine.hindrances(moving.execution, old, new)
            if found:
                raise Conflict("It cannot go on there: " + "; ".join(one.message_en for one in found),
                               "无法迁移：" + "；".join(one.message_zh for one in found),
                               findings=[one.message_zh for one in found])
            moving.instance.definition_id, moving.spec = target.id, new
            if moving.box is not None:
                moving.box.definition_id = target.id
            moving.execution = engine.load(new, moving.execution.dump(), moving)
            moving.close()
            self._record(moving, actor, "control:instance:migrate",
                         {"from": before.version, "to": target.version, "reason": reason})
            return target.version

        return in_unit_of_work(work)

    def migrate_all(self, process: str, reason: str, actor: Actor, version: int | None = None) -> list[Outcome]:
        """Migrate every running instance of a process that is not on the target yet, each in its own transaction.

        What cannot go on there is an outcome with its error. Raises NotFound, NotAllowed, Invalid without a reason.
        """
        self._operations.may(actor)
        reason = reason_of(reason)
        target = self._version(process, version)
        query = select(Instance.id).where(Instance.process == process, Instance.definition_id != target.id,
                                          Instance.state.in_(("active", "suspended")))
        keys = self._rt.session().execute(query.order_by(Instance.created_at, Instance.id)).scalars().all()
        found: list[Outcome] = []
        for key in keys:
            try:
                self.migrate(key, reason, actor, target.version)
                found.append(Outcome(key))
            except ChengnuoError as error:
                found.append(Outcome(key, error, 0))
        return found

    def variables(self, instance_id: str) -> Mapping[str, Any]:
        """Return the variables of an instance as its last step left them; raises NotFound."""
        return dict(sorted(Reading.of(self._rt, instance_id).execution.variables().items()))

    # ---- inner

    def _version(self, process: str, version: int | None) -> Version:
        library = self._rt.library
        target = library.latest(process) if version is None else library.numbered(process, version)
        if target is None:
            raise NotFound("There is no such version", "没有这个版本")
        return target

    def _target(self, instance: Instance, version: int | None) -> Version:
        target = self._version(instance.process, version)
        if target.id == instance.definition_id:
            raise Conflict("It runs on this version already", "实例已在该版本上运行", state=f"v{target.version}")
        return target

    def _top(self, case_id: str) -> str:
        """Return the case's own running process; raises NotFound, Conflict when it has ended."""
        query = select(Instance.id, Instance.state).where(Instance.case_id == case_id, Instance.parent_id.is_(None))
        rows = self._rt.session().execute(query.order_by(Instance.created_at)).all()
        if not rows:
            raise NotFound("No such case", "没有这个个案")
        running = next((row.id for row in rows if row.state in ("active", "suspended")), None)
        if running is None:
            raise Conflict("The case has ended", "个案已结束")
        return str(running)

    def _open_tasks(self, instance_id: str) -> Sequence[str]:
        query = select(WorkItem.id).where(WorkItem.instance_id == instance_id, WorkItem.state == "open")
        rows = self._rt.session().execute(query.order_by(WorkItem.created_at, WorkItem.id)).scalars().all()
        if not rows:
            raise Conflict("It has no open task", "没有待办任务")
        return rows

    @staticmethod
    def _tasks(rows: Sequence[str], act: Callable[[str], None]) -> int:
        """Do something to each task; raises the first error when it worked for none."""
        done, first = 0, None
        for task_id in rows:
            try:
                act(task_id)
                done += 1
            except ChengnuoError as error:
                first = first or error
        if not done and first is not None:
            raise first
        return done

    @staticmethod
    def _record(moving: step.Step, actor: Actor, action: str, detail: Mapping[str, Any]) -> None:
        subject = moving.box.case.number if moving.box is not None else None
        audit.record(moving.session, moving.now(), actor.name, action, subject or moving.instance.id,
                     moving.instance.case_id, detail)


def never_paused(milestone: str) -> NotAllowed:
    """Return the refusal to stop a clock, with the clause or assumption that forbids it."""
    if milestone in FOURTEEN_DAYS:
        return NotAllowed("The 14 days of closing never stand still (B21-5-3; assumption O4).",
                          "14 天结案期限从不暂停（依据 B21-5-3；约定 O4）。", clauses=["B21-5-3"], assumption="O4")
    return NotAllowed("Clocks of answering the customer never stand still (assumption O4 on D-2.4.1).",
                      "响应客户的时限从不暂停（D-2.4.1 未赋予状态以暂停效力；约定 O4）。", clauses=["D-2.4.1"],
                      assumption="O4")


def _with_targets(milestone: str) -> list[str]:
    return [milestone, *(target for target, met_by in TARGETS.items() if met_by == milestone)]


def _box(moving: step.Step) -> CaseBox:
    if moving.box is None:
        raise NotFound("No such case", "没有这个个案")
    return moving.box


def _who(pauses: Sequence[Mapping[str, Any]]) -> str:
    return next((str(entry.get("actor", "")) for entry in reversed(pauses) if entry["by"] == BY_HAND), "")


def _may(actor: Actor) -> None:
    if not actor.groups & STEERS:
        raise NotAllowed("Only supervisors and managers may do this", "只有主管和管理人员可以这样做")
