"""The queue on PostgreSQL: a job is there with its step or not at all, and a worker that dies takes none with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.facts import SYSTEM
from app.jobs import postgres_queue
from app.queue_postgres import PostgresQueue
from app.services import jobs
from app.services.verification import verify
from app.store.base import db
from app.store.models import Job, Notification
from app.store.unit_of_work import in_unit_of_work, unit_of_work
from app.wiring import services

pytestmark = pytest.mark.postgres
COMPLAINT = {"type": "complaint", "channel": "phone", "customer": {"name": "吴芳", "phone": "13700000000"},
             "product": {"model": "CN-1", "serial_no": "S1"}, "description": "屏幕不亮"}


def queue_of(app: Flask) -> PostgresQueue:
    """Return the application's queue."""
    found = postgres_queue(app)
    assert found is not None
    return found


def announced() -> list[int]:
    """Return the ids of the jobs that the queue has been told of and that are not finished."""
    db.session.rollback()
    query = text("SELECT (args->>'job_id')::int FROM procrastinate_jobs WHERE status IN ('todo', 'doing') ORDER BY 1")
    return list(db.session.execute(query).scalars())


def states() -> dict[int, str]:
    """Return the state of every job."""
    db.session.rollback()
    return {row.id: row.state for row in db.session.execute(select(Job.id, Job.state))}


def undone(work: Callable[[Session], object]) -> None:
    """Do something in a unit of work that fails at its end."""

    def fail(session: Session) -> None:
        work(session)
        session.flush()
        raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        in_unit_of_work(fail)


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for something that happens in another thread or process."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, (states(), announced())
        time.sleep(0.1)


def test_a_job_is_announced_with_its_step_or_not_at_all(postgres_app: Flask) -> None:
    queue_of(postgres_app)
    now = services().clock.now()
    undone(lambda session: jobs.enqueue(session, jobs.TOUCH, {}, key="gone", now=now))
    assert (states(), announced()) == ({}, [])
    with unit_of_work() as session:
        kept = jobs.enqueue(session, jobs.TOUCH, {}, key="kept", now=now)
    assert (states(), announced()) == ({kept: "waiting"}, [kept])


def test_a_step_that_fails_leaves_neither_case_nor_job(postgres_app: Flask) -> None:
    queue_of(postgres_app)
    undone(lambda _: services().cases.register(COMPLAINT, SYSTEM))
    assert (states(), announced()) == ({}, [])
    services().cases.register(COMPLAINT, SYSTEM)
    assert states()
    assert set(states()) == set(announced())


def test_a_worker_runs_what_was_announced_once(postgres_app: Flask) -> None:
    queue = queue_of(postgres_app)
    for _ in range(3):
        services().cases.register(COMPLAINT, SYSTEM)
    queue.start(concurrency=2)
    try:
        until(lambda: set(states().values()) == {"done"} and not announced())
    finally:
        queue.stop()
    attempts = set(db.session.execute(select(Job.attempts)).scalars())
    assert attempts == {1}
    assert verify(services().runtime)["differences"] == []


def test_a_worker_killed_in_the_middle_of_a_job_loses_it_to_another_and_the_result_comes_once(
        postgres_app: Flask, clock: Any) -> None:
    services().cases.register({**COMPLAINT, "flags": ["safety"]}, SYSTEM)
    before = set(states())
    assert before
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        work_and_die(postgres_app)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert "running" in states().values()
    clock.advance(timedelta(minutes=3))  # the dead worker's claim has run out
    queue = queue_of(postgres_app)
    queue.start(concurrency=2)
    try:
        until(lambda: set(states().values()) == {"done"} and not announced())
    finally:
        queue.stop()
    told = list(db.session.execute(select(Notification.user_id, Notification.kind)).all())
    assert told
    assert len(told) == len(set(told))


def work_and_die(app: Flask) -> None:
    """Be a worker, and die by SIGKILL while the first handler runs."""
    try:
        with app.app_context():
            registry = services().runtime.registry
            notify = registry.get("notify")
            assert notify is not None

            def die(*_: Any, **__: Any) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            object.__setattr__(notify, "run", die)
            queue_of(app).start(concurrency=1)
            time.sleep(30)
    finally:
        os._exit(70)


def test_a_job_that_comes_before_its_time_is_not_forgotten(postgres_app: Flask, clock: Any) -> None:
    with unit_of_work() as session:
        later = jobs.enqueue(session, jobs.TOUCH, {}, key="later", now=clock.now(),
                             run_at=clock.now() + timedelta(seconds=1))
    with pytest.raises(jobs.StillRunning):
        services().jobs.run_or_wait(later)
    clock.advance(timedelta(seconds=2))
    services().jobs.run_or_wait(later)
    db.session.rollback()
    assert db.session.execute(select(Job.attempts).where(Job.id == later)).scalar_one() == 1
