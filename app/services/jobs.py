"""Work that follows a commit: effects, calls and deliveries. One row a job, one interface, two backends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from app.errors import BusinessError, ChengnuoError, Conflict, HandlerFailed, NotFound
from app.facts import SYSTEM, CaseFacts
from app.handling.contract import EffectContext, Outside, Post
from app.services.runtime import Runtime
from app.store.models import Case, Incident, Instance, Job
from app.store.records import case_facts
from app.store.unit_of_work import in_unit_of_work, unit_of_work

log = logging.getLogger(__name__)
TOUCH = "touch_instance"  # an empty step: arms and fires what has become due
LEASE = timedelta(minutes=2)  # a job that runs longer is taken for dead and run again
BACKOFF = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))

# PostgreSQL: tells procrastinate of a job inside the session's transaction. SQLite: nobody to tell.
Announcer = Callable[[Session, int, "str | None", datetime], None]
announcers: dict[Any, Announcer] = {}  # engine -> announcer


# The jobs of suspended instances wait with them.
HELD = exists().where(Instance.id == Job.instance_id, Instance.state == "suspended")
IS_DUE = or_((Job.state == "waiting") & (Job.run_at <= bindparam("now")) & ~HELD,
             (Job.state == "running") & (Job.locked_until < bindparam("now")))
ENQUEUE = insert(Job.__table__).returning(Job.__table__.c.id)
DUE = select(Job.id).where(IS_DUE).order_by(Job.run_at, Job.id).limit(bindparam("most"))
TAKE = (update(Job).where(Job.id == bindparam("job"), IS_DUE)
        .values(state="running", attempts=Job.attempts + 1, locked_until=bindparam("until"))
        .returning(Job).execution_options(synchronize_session=False))
FINISH = update(Job.__table__).where(Job.__table__.c.id == bindparam("job"))


class StillRunning(Exception):
    """Another worker has the job, or died with it, or it came too early: ask again later."""


def announce(session: Session, job_id: int, instance_id: str | None, run_at: datetime) -> None:
    """Tell the queue of a job, in the session's transaction."""
    tell = announcers.get(session.get_bind())
    if tell is not None:
        tell(session, job_id, instance_id, run_at)


def enqueue(
    session: Session,
    operation: str,
    args: Mapping[str, Any],
    *,
    key: str,
    now: datetime,
    instance_id: str | None = None,
    run_at: datetime | None = None,
    max_attempts: int = 5,
) -> int:
    """Queue a job in the session's transaction; `key` makes it unique and goes outside as the idempotency key."""
    row = {
        "key": key,
        "operation": operation,
        "args": dict(args),
        "instance_id": instance_id,
        "state": "waiting",
        "attempts": 0,
        "max_attempts": max_attempts,
        "run_at": run_at or now,
        "created_at": now,
    }
    job_id = int(session.connection().execute(ENQUEUE, row).scalar_one())
    announce(session, job_id, instance_id, run_at or now)
    return job_id


class Jobs:
    """Runs jobs; each at least once, its result exactly once."""

    def __init__(self, rt: Runtime, post_for: Callable[[CaseFacts | None, str], Post], outside: Outside) -> None:
        self._rt, self._post_for, self._outside = rt, post_for, outside
        self.internal: dict[
            str, Callable[[Mapping[str, Any], str | None], None]
        ] = {}  # operations of the platform's own

    def run_due(self, limit: int = 50) -> int:
        """Run what is due, oldest first; return how many ran."""
        ran = 0
        for job_id in self.due(limit):
            ran += self.run(job_id)
        return ran

    def due(self, limit: int) -> list[int]:
        """Return the ids of due jobs, those of a dead worker included."""
        now = self._rt.clock.now()
        with unit_of_work_for_reading() as session:
            return list(session.execute(DUE, {"now": now, "most": limit}).scalars())

    def running(self) -> bool:
        """Return whether a worker that lives has a job in hand."""
        alive = select(Job.id).where(Job.state == "running", Job.locked_until >= self._rt.clock.now()).limit(1)
        with unit_of_work_for_reading() as session:
            return session.execute(alive).first() is not None

    def run(self, job_id: int) -> bool:
        """Run one job unless somebody else has it; failures are kept, retried with back-off, then an incident."""
        job = self._claim(job_id)
        if job is None:
            return False
        if job.attempts > job.max_attempts:  # every worker that took it died with it
            self._failed(job, HandlerFailed("Its workers ended before it did.", "执行此任务的进程均中途终止。"))
            return True
        try:
            self._perform(job)
        except BusinessError as error:
            self._hand_back(job, error)
        except Exception as error:  # whatever a handler does wrong, somebody has to hear of it
            if not isinstance(error, ChengnuoError):
                log.exception("job %s (%s) failed", job.id, job.operation)
            self._failed(job, error)
        return True

    def run_or_wait(self, job_id: int) -> None:
        """Run a job that a queue handed over.

        Raises StillRunning while somebody else's claim on it is fresh, or where it came before its time; a job that is
        held is announced again by whoever lets its instance go on.
        """
        if self.run(job_id):
            return
        with unit_of_work_for_reading() as session:
            unfinished = select(Job.id).where(Job.id == job_id, Job.state.in_(("waiting", "running")), ~HELD)
            if session.execute(unfinished).first() is not None:
                raise StillRunning(f"job {job_id}")

    # ---- inner

    def _claim(self, job_id: int) -> Job | None:
        """Take the job with a conditional update, so that only one worker gets it."""
        now = self._rt.clock.now()
        with unit_of_work() as session:
            return session.execute(TAKE, {"job": job_id, "now": now, "until": now + LEASE}).scalar_one_or_none()

    def _perform(self, job: Job) -> None:
        if job.operation in self.internal:
            self.internal[job.operation](job.args, job.instance_id)
            self._done(job, None)
            return
        operation = self._rt.registry.get(job.operation)
        if operation is None:
            raise NotFound(f"No handler for {job.operation}", f"没有处理器 {job.operation}")
        args = job.args
        case = self._case(args.get("case"))
        context = EffectContext(
            now=self._rt.clock.now(),
            operation=job.operation,
            process=args["process"],
            element_id=args["element"],
            key=job.key,
            attempt=job.attempts,
            case=case,
            post=self._post_for(case, job.key),
            outside=self._outside,
        )
        result = operation.run(context, **args["params"])
        self._done(job, result)

    def _done(self, job: Job, result: Any) -> None:
        """Store the result and, for a call, move the token on: both or neither."""

        def work(session: Session) -> None:
            if job.args.get("waits"):
                self._move(session, job, lambda execution: execution.finish_call(job.args["task"], result))
            _finish(session, job.id, self._rt.clock.now(), state="done", result=result, error=None)

        in_unit_of_work(work)

    def _hand_back(self, job: Job, error: BusinessError) -> None:
        """A BPMN error: the diagram decides what follows."""

        def work(session: Session) -> None:
            if job.args.get("waits"):
                self._move(session, job, lambda execution: execution.fail_call(job.args["task"], error))
            _finish(session, job.id, self._rt.clock.now(), state="done", result={"error": error.code}, error=error.text)

        in_unit_of_work(work)

    def _move(self, session: Session, job: Job, command: Callable[[Any], None]) -> None:
        from app.services.step import Step

        try:
            step = Step.open(self._rt, session, str(job.instance_id), SYSTEM)
        except Conflict as conflict:
            if conflict.detail.get("state") == "suspended":
                raise HandlerFailed("The instance is suspended", "流程实例已挂起") from conflict
            return  # ended meanwhile: the result has nowhere to go
        if any(call.task_id == job.args["task"] for call in step.execution.view().calls):
            command(step.execution)
        step.close()

    def _failed(self, job: Job, error: Exception) -> None:
        """Retry with back-off while it may help, then leave it dead with an incident."""
        now = self._rt.clock.now()
        again = job.attempts < job.max_attempts and getattr(error, "retryable", True)
        text = str(error) or type(error).__name__

        def work(session: Session) -> None:
            if again:
                run_at = now + BACKOFF[min(job.attempts, len(BACKOFF)) - 1]
                _finish(session, job.id, None, state="waiting", result=None, error=text, run_at=run_at)
                announce(session, job.id, job.instance_id, run_at)
                return
            _finish(session, job.id, None, state="dead", result=None, error=text)
            chinese = error.message_zh if isinstance(error, ChengnuoError) else text
            session.add(
                Incident(
                    instance_id=job.instance_id,
                    case_id=job.args.get("case"),
                    process=job.args.get("process"),
                    element_id=job.args.get("element"),
                    task_id=job.args.get("task"),
                    job_id=job.id,
                    kind="job",
                    message_en=f"{job.operation}: {text}",
                    message_zh=f"{job.operation}：{chinese}",
                    attempts=job.attempts,
                    created_at=now,
                )
            )

        in_unit_of_work(work)

    @staticmethod
    def _case(case_id: str | None) -> CaseFacts | None:
        if case_id is None:
            return None
        with unit_of_work_for_reading() as session:
            case = session.get(Case, case_id)
            return case_facts(case) if case else None


def _finish(session: Session, job_id: int, done_at: datetime | None, **values: Any) -> None:
    session.connection().execute(FINISH.values(locked_until=None, done_at=done_at, **values), {"job": job_id})


def unit_of_work_for_reading() -> Session:
    """Return a session for a short read of its own; use it as a context manager."""
    from app.store.base import db

    return Session(db.engine, expire_on_commit=False)
