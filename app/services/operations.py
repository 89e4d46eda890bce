"""What operators do to running instances, and moving the adjustable clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import AdjustableClock, monotonic
from app.durations import parse_duration
from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.services import audit, jobs, messages, step
from app.services.jobs import Jobs
from app.services.runtime import OFFSET, Runtime
from app.services.timers import Timers
from app.store.models import Incident, Instance, Job, Setting, Subscription, Timer
from app.store.unit_of_work import in_unit_of_work, locked

PATIENCE = 5.0  # seconds that moving the clock waits for workers; one that died is not waited for longer
OPERATORS = frozenset({"manager", "admin", "director"})


@dataclass(frozen=True)
class Settled:
    """What running everything that was due came to."""

    moved: int  # instances, reminders and jobs
    following: datetime | None  # when something is due next (aware UTC)


class Operations:
    """Cancel, suspend, resume, retry; every verb is audited."""

    def __init__(self, rt: Runtime, timers: Timers, runner: Jobs) -> None:
        self._rt, self._timers, self._jobs = rt, timers, runner

    def cancel(self, instance_id: str, reason: str, actor: Actor) -> None:
        """Cancel an instance for good; with the case's own process the case and all that runs beside it.

        Raises NotFound, NotAllowed, Conflict, Invalid without a reason.
        """
        self.may(actor)
        reason = reason_of(reason)

        def work(session: Session) -> None:
            for relative_id in _lock_beside(session, instance_id):
                self._cancel_one(session, relative_id, reason, actor)
            self._cancel_one(session, instance_id, reason, actor)

        in_unit_of_work(work)

    def suspend(self, instance_id: str, reason: str, actor: Actor) -> None:
        """Stop an instance for a while: nothing moves it. Raises NotFound, NotAllowed, Conflict, Invalid."""
        self._switch(instance_id, actor, "active", "suspended", reason_of(reason))

    def resume(self, instance_id: str, actor: Actor) -> None:
        """Let a suspended instance go on: what fell due, and what came for it meanwhile, moves it at once."""
        self._switch(instance_id, actor, "suspended", "active", None)
        self._rt.woken()

    def retry(self, incident_id: int, actor: Actor, variables: Mapping[str, Any] | None = None) -> None:
        """Try again what failed, with edited variables if given; raises NotFound, NotAllowed, Conflict, Invalid."""
        self.may(actor)
        incident = self._rt.session().get(Incident, incident_id)
        if incident is None:
            raise NotFound("No such incident", "没有这个异常")
        if incident.state != "open":
            raise Conflict("The incident is resolved", "异常已解决", by=incident.resolved_by, at=incident.resolved_at)
        if incident.kind == "job":
            self._retry_job(incident, actor, variables)
        elif incident.kind == "engine" and incident.instance_id and incident.task_id:
            self._retry_task(incident, actor, variables)
        else:
            self._retry_timers(incident, actor)
        self._rt.woken()

    def quiesce(self, limit: int = 10_000) -> Settled:
        """Run timers and jobs that are due until nothing is left to do; return how many moved, and what comes next."""
        moved = 0
        for _ in range(limit):
            now, coming = self._rt.clock.now(), self._timers.upcoming()
            if not coming.is_anything(now):
                return Settled(moved, coming.next)
            ran = self._timers.fire_due(upcoming=coming)
            if ran or coming.has_job(now):
                ran += self._jobs.run_due()
            moved += ran
            if not ran:
                break
        return Settled(moved, self.next_due())

    def advance_clock(self, actor: Actor, *, by: str | None = None, to: str | None = None) -> tuple[datetime, int]:
        """Move the adjustable clock from due time to due time; return the new time and how many things fired.

        Raises NotAllowed when the clock is not adjustable or the actor no administrator, Invalid for a bad duration.
        """
        clock = self._rt.clock
        if not isinstance(clock, AdjustableClock):
            raise NotAllowed("The clock is not adjustable (CLOCK=adjustable)", "时钟不可调整（需 CLOCK=adjustable）")
        if not actor.is_system and "admin" not in actor.groups:
            raise NotAllowed("Only an administrator moves the clock", "只有管理员可以调整时钟")
        self._rt.clock_moved()  # another process may have moved it a moment ago
        start, patience = clock.now(), monotonic() + PATIENCE
        fired = self._quiesce_all(patience).moved
        target = self._target(start, by, to)
        if target is not None:
            fired += self.walk(
                target, lambda moment: self._set_time(clock, moment), lambda: self._quiesce_all(patience)
            )
        in_unit_of_work(
            lambda session: audit.record(
                session,
                clock.now(),
                actor.name,
                "clock:offset:advance",
                "clock",
                None,
                {"from": start.isoformat(), "to": clock.now().isoformat()},
            )
        )
        return clock.now(), fired

    def walk(self, target: datetime, move: Callable[[datetime], None], settle: Callable[[], Settled]) -> int:
        """Move the clock with `move` from due time to due time up to `target` (aware UTC); return how much fired.

        `settle` runs what is due.
        """
        fired, found = 0, self.next_due()
        while True:
            following = found if found is not None and found <= target else None
            moment = max(following, self._rt.clock.now()) if following is not None else target
            move(moment)
            settled = settle()
            fired, found = fired + settled.moved, settled.following
            if moment >= target:
                return fired
            if not settled.moved and following is not None:  # what can't be done now must not stop the clock
                move(target)
                return fired + settle().moved

    def next_due(self) -> datetime | None:
        """Return when the next timer, reminder, job or standing work is due (aware UTC), or None."""
        return self._timers.next_due()

    # ---- inner

    def _cancel_one(self, session: Session, instance_id: str, reason: str, actor: Actor) -> None:
        moving = step.Step.open(self._rt, session, instance_id, actor, fire=False, suspended=True)
        moving.execution.cancel()
        moving.instance.state, moving.instance.ended_at, moving.instance.reason = "cancelled", moving.now(), reason
        box = moving.box
        if box is not None and moving.instance.parent_id is None:
            box.clocks.cancel_open()
            box.desk.update(state="cancelled", status="已取消", closed_at=moving.now())
        moving.close(settle=False)
        session.execute(
            update(Job)
            .where(Job.instance_id == instance_id, Job.state == "waiting", Job.operation != "notify")
            .values(state="done", error="cancelled", done_at=moving.now())
        )
        self._record(session, actor, "cancel", moving.instance, {"reason": reason})

    def _quiesce_all(self, until: float) -> Settled:
        """Run what is due, and wait (until a monotonic time) for jobs that workers have."""
        settled = self.quiesce()
        while self._jobs.running() and monotonic() < until:
            time.sleep(0.02)
            again = self.quiesce()
            settled = Settled(settled.moved + again.moved, again.following)
        return settled

    def _target(self, start: datetime, by: str | None, to: str | None) -> datetime | None:
        if to == "next" and by is None:
            return self.next_due()
        if by is None or to is not None:
            raise Invalid(
                [
                    FieldError(
                        "by", "Give either by (a duration) or to (“next”).", "请给出 by（时长）或 to（“next”）之一。"
                    )
                ]
            )
        try:
            span = parse_duration(by)
        except ChengnuoError as error:
            raise Invalid([FieldError("by", error.message_en, error.message_zh)]) from error
        if span.months:
            raise Invalid([FieldError("by", "Days, hours, minutes and seconds only.", "只能用天、小时、分钟、秒。")])
        target = start + span.elapsed
        if not start < target <= start + timedelta(days=3660):
            raise Invalid([FieldError("by", "Between a second and ten years.", "应在一秒至十年之间。")])
        return target

    def _set_time(self, clock: AdjustableClock, moment: datetime) -> None:
        def work(session: Session) -> None:
            row = session.get(Setting, OFFSET)
            offset = (moment - clock.now()).total_seconds() + float(row.value if row else 0)
            if row is None:
                session.add(Setting(key=OFFSET, value=offset))
            else:
                row.value = offset

        if moment > clock.now():
            in_unit_of_work(work)
            self._rt.clock_moved()

    def _switch(self, instance_id: str, actor: Actor, before: str, after: str, reason: str | None) -> None:
        self.may(actor)

        def work(session: Session) -> None:
            instance = locked(session, Instance, instance_id)
            if instance is None:
                raise NotFound("No such instance", "没有这个流程实例")
            if instance.state != before:
                raise Conflict(
                    f"The instance is {instance.state}", "流程实例的状态不允许这样操作", state=instance.state
                )
            instance.state, instance.reason = after, reason
            instance.revision += 1
            self._record(session, actor, after, instance, {"reason": reason} if reason else {})
            if after == "active":
                self._catch_up(session, instance)

        in_unit_of_work(work)

    def _catch_up(self, session: Session, instance: Instance) -> None:
        """Queue what an instance missed while it stood still: its timers, its jobs, and messages that came for it."""
        now = self._rt.clock.now()
        key = f"touch:{instance.id}:resumed:{instance.revision}"
        jobs.enqueue(session, jobs.TOUCH, {}, key=key, now=now, instance_id=instance.id)
        held = select(Job.id, Job.run_at).where(Job.instance_id == instance.id, Job.state == "waiting")
        for row in session.execute(held).all():
            jobs.announce(session, row.id, instance.id, row.run_at)
        awaited = select(Subscription.message, Subscription.correlation).where(Subscription.instance_id == instance.id)
        for wait in session.execute(awaited).all():
            messages.wake_early(session, wait.message, wait.correlation, now=now)

    def _retry_job(self, incident: Incident, actor: Actor, variables: Mapping[str, Any] | None) -> None:
        def work(session: Session) -> None:
            job = session.get(Job, incident.job_id, with_for_update=True)
            if job is None or job.state != "dead":
                raise Conflict("The job is not dead", "该后台任务无需重试")
            now = self._rt.clock.now()
            job.state, job.attempts, job.run_at, job.error = "waiting", 0, now, None
            if variables:
                job.args = {**job.args, "params": {**job.args.get("params", {}), **variables}}
            jobs.announce(session, job.id, job.instance_id, now)
            self._resolve(session, incident.id, actor, "retried")

        in_unit_of_work(work)

    def _retry_task(self, incident: Incident, actor: Actor, variables: Mapping[str, Any] | None) -> None:
        def command(moving: step.Step) -> None:
            moving.execution.retry(str(incident.task_id), variables)
            self._resolve(moving.session, incident.id, actor, "retried")

        step.run(self._rt, str(incident.instance_id), actor, command, fire=False)

    def _retry_timers(self, incident: Incident, actor: Actor) -> None:
        def work(session: Session) -> None:
            session.execute(
                update(Timer).where(Timer.instance_id == incident.instance_id).values(attempts=0, not_before=None)
            )
            self._resolve(session, incident.id, actor, "retried")

        in_unit_of_work(work)

    def _resolve(self, session: Session, incident_id: int, actor: Actor, how: str) -> None:
        row = session.get(Incident, incident_id)
        if row is not None:
            row.state, row.resolved_at, row.resolved_by, row.resolution = (
                "resolved",
                self._rt.clock.now(),
                actor.name,
                how,
            )
            audit.record(
                session,
                self._rt.clock.now(),
                actor.name,
                "operations:incident:retry",
                str(incident_id),
                row.case_id,
                {},
            )

    def _record(self, session: Session, actor: Actor, verb: str, instance: Instance, detail: dict[str, Any]) -> None:
        audit.record(
            session,
            self._rt.clock.now(),
            actor.name,
            f"operations:instance:{verb}",
            instance.id,
            instance.case_id,
            detail,
        )

    @staticmethod
    def may(actor: Actor) -> None:
        """Raise NotAllowed for who does not operate instances."""
        if not actor.is_system and not actor.groups & OPERATORS:
            raise NotAllowed("Only managers and administrators may do this", "只有管理人员可以这样做")


def _lock_beside(session: Session, instance_id: str) -> list[str]:
    """Lock an instance and, for a case's own process, what runs beside it; return the ids of the latter.

    All at once and before the case, in one order: a step holds one instance and then the case.
    """
    row = session.execute(select(Instance.case_id, Instance.parent_id).where(Instance.id == instance_id)).first()
    if row is None or row.case_id is None or row.parent_id is not None:
        return []
    family = (
        select(Instance.id)
        .where(Instance.case_id == row.case_id, Instance.state.in_(("active", "suspended")))
        .order_by(Instance.id)
        .with_for_update()
    )
    return [found for found in session.execute(family).scalars() if found != instance_id]


def reason_of(reason: str) -> str:
    """Return a reason, trimmed; raises Invalid on "reason" where there is none."""
    if not reason or not reason.strip():
        raise Invalid([FieldError("reason", "Say why.", "请说明原因。")])
    return reason.strip()[:2000]
