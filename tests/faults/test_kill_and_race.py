"""Nothing lost, nothing done twice: processes that are killed inside a step, and clients that race for tasks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.errors import ChengnuoError
from app.facts import SYSTEM
from app.services import step as steps
from app.services.verification import verify
from app.store.base import db
from app.store.models import History, Job, Submission, WorkItem
from app.store.unit_of_work import in_unit_of_work
from app.wiring import services
from tests.robot import fill

COMPLAINT = {
    "type": "complaint",
    "channel": "phone",
    "customer": {"name": "陈女士", "phone": "13800000001"},
    "product": {"model": "CN-1", "serial_no": "S1"},
    "description": "机器噪音很大，希望处理。",
}


def register(count: int = 1) -> list[str]:
    """Register complaints; return the ids of their first tasks."""
    cases = [services().cases.register(COMPLAINT, SYSTEM) for _ in range(count)]
    query = select(WorkItem.id).where(WorkItem.case_id.in_(cases), WorkItem.state == "open")
    return list(db.session.execute(query).scalars())


def complete(task_id: str, actor: Any = SYSTEM) -> None:
    """Complete a task with whatever its form asks for."""
    form = services().work.form(task_id, actor)
    services().work.complete(task_id, fill(form.json, form.data, {}), actor)


def in_child(app: Flask, work: Callable[[], int]) -> int:
    """Run `work` in a forked process with connections of its own; return the exit status, or minus the signal."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            with app.app_context():
                status = work()
        except BaseException:
            status = 71
        finally:
            os._exit(status)
    _, raw = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(raw)


def killed_at(statement: int, work: Callable[[], None]) -> int:
    """Run `work` and die by SIGKILL just before its n-th statement; the commits count too."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "before_cursor_execute", count)
    event.listen(db.engine, "commit", count)
    work()
    return 0


def test_a_kill_at_any_moment_of_a_step_leaves_it_wholly_done_or_wholly_undone(any_app: Flask) -> None:
    task_id = register()[0]
    survived = False
    statement = 0
    while not survived:
        statement += 1
        assert statement < 200, "the step never ends"
        before = counts()
        status = in_child(any_app, partial(killed_at, statement, lambda: complete(task_id)))
        survived = status == 0
        state = db.session.execute(select(WorkItem.state).where(WorkItem.id == task_id)).scalar_one()
        assert verify(services().runtime)["differences"] == []
        if state == "open":
            assert counts() == before, f"killed before statement {statement}: something was left behind"
        else:
            break
        db.session.rollback()
    assert statement > 10, "the kill was never inside the step"
    assert (
        db.session.execute(
            select(func.count()).select_from(Submission).where(Submission.work_item_id == task_id)
        ).scalar_one()
        == 1
    )
    with pytest.raises(ChengnuoError):
        complete(task_id)


def counts() -> tuple[int, ...]:
    """Return how many rows there are of everything that a step writes."""
    db.session.rollback()
    return tuple(
        db.session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (WorkItem, History, Submission, Job)
    )


def test_eight_clients_that_complete_the_same_fifty_tasks_make_fifty_completions(any_app: Flask) -> None:
    tasks = register(50)
    assert len(tasks) == 50
    db.session.remove()
    db.engine.dispose()
    children = []
    for client in range(8):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            won = -1
            try:
                with any_app.app_context():
                    won = race(tasks, client)
            finally:
                os.write(write, str(won).encode())
                os._exit(0)
        os.close(write)
        children.append((child, read))
    wins = []
    for child, read in children:
        os.waitpid(child, 0)
        with os.fdopen(read) as pipe:
            wins.append(int(pipe.read() or -1))
    assert min(wins) >= 0
    assert sum(wins) == 50
    done = select(func.count()).select_from(WorkItem).where(WorkItem.id.in_(tasks), WorkItem.state == "completed")
    assert db.session.execute(done).scalar_one() == 50
    assert (
        db.session.execute(
            select(func.count()).select_from(Submission).where(Submission.work_item_id.in_(tasks))
        ).scalar_one()
        == 50
    )
    assert verify(services().runtime)["differences"] == []


def race(tasks: list[str], client: int) -> int:
    """Complete every task, each client in an order of its own; return how many it won."""
    won = 0
    for index in range(len(tasks)):
        try:
            complete(tasks[(index + client * 6) % len(tasks)])
            won += 1
        except ChengnuoError:
            db.session.rollback()
    return won


def test_a_crash_between_a_commit_and_its_effects_loses_no_effect_and_doubles_none(app: Flask) -> None:
    register()
    waiting = db.session.execute(select(func.count()).select_from(Job).where(Job.state == "waiting")).scalar_one()
    assert waiting > 0
    in_child(app, lambda: killed_at(3, lambda: services().jobs.run_due() and None))
    services().operations.advance_clock(SYSTEM, by="PT10M")
    states = set(db.session.execute(select(Job.state)).scalars())
    assert states == {"done"}
    assert verify(services().runtime)["differences"] == []


def test_linked_instances_start_once_however_often_they_are_asked_for(app: Flask) -> None:
    case_id = services().cases.register(COMPLAINT, SYSTEM)
    main = services().cases.family(case_id)[0].id

    def ask(session: Any) -> str | None:
        step = steps.Step.open(services().runtime, session, main, SYSTEM)
        started = steps.Flows(step).start_linked(
            "escalation", {"reason": "overdue", "milestone": "first_response"}, key="twice"
        )
        step.close()
        return started

    first, second = in_unit_of_work(ask), in_unit_of_work(ask)
    assert first is not None
    assert second is None


def test_moving_the_clock_waits_for_what_a_worker_has_in_hand(app: Flask) -> None:
    register()
    begun = threading.Event()

    def work() -> None:
        with app.app_context():
            notify = services().registry.get("notify")
            assert notify is not None
            run = notify.run

            def slowly(*args: Any, **kwargs: Any) -> Any:
                begun.set()
                time.sleep(0.5)
                return run(*args, **kwargs)

            object.__setattr__(notify, "run", slowly)
            services().jobs.run_due(limit=1)

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(10)
    services().operations.advance_clock(SYSTEM, by="PT1S")
    db.session.rollback()
    assert set(db.session.execute(select(Job.state)).scalars()) == {"done"}
    worker.join()
