"""A simulated history judged by the clauses: planted breaches are found, all of them and no others; step by step or
anew, the verdicts are the same; and every instance replays as tokens on its diagram."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update

from app import create_app
from app.clock import FixedClock
from app.services.replaying import replay_all
from app.store import verdicts as marks
from app.store.base import db
from app.store.migrate import migrate
from app.store.models import Case, Document, History, Instance, Milestone, MilestoneCheck, Submission, Verdict, WorkItem
from app.store.unit_of_work import in_unit_of_work
from app.wiring import services
from tests.conftest import ROOT, settings

pytestmark = pytest.mark.xdist_group("planted")  # one worker simulates for all of them
SIZE = ("--cases", "15", "--days", "30", "--seed", "8", "--json")
State = dict[tuple[str, str, str], tuple[Any, ...]]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that a simulation has filled."""
    folder = tmp_path_factory.mktemp("conformance")
    path = folder / "sim.db"
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{path}", "CHENGNUO_VAR": str(folder)}
    done = subprocess.run([sys.executable, "-m", "app.cli", "simulate", *SIZE], cwd=ROOT, env=environment, text=True,
                          capture_output=True, timeout=900, check=False)
    assert json.loads(done.stdout)["cases"] == 15, done.stderr[-2000:]
    return path


@contextmanager
def history(simulated: Path, folder: Path) -> Iterator[tuple[Flask, FixedClock]]:
    """Open a copy of the simulated database, at the moment at which it ends."""
    shutil.copyfile(simulated, folder / "copy.db")
    chosen = settings(folder, f"sqlite:///{folder / 'copy.db'}")
    chosen.CLOCK = "system"
    clock = FixedClock(datetime.fromisoformat("2026-04-02T00:00:00+08:00"))
    app = create_app(chosen, clock)
    with app.app_context():
        migrate(db.engine)
        clock.set(db.session.execute(select(func.max(History.at))).scalar_one())
        yield app, clock
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def opened(simulated: Path, tmp_path: Path) -> Iterator[FixedClock]:
    with history(simulated, tmp_path) as (_app, clock):
        yield clock


def state() -> State:
    """Everything that was judged, without when."""
    db.session.rollback()
    return {(row.subject, row.clause, row.period): (row.state, row.since, row.due_at, json.dumps(row.evidence))
            for row in db.session.execute(select(Verdict)).scalars()}


def broken(found: State) -> set[tuple[str, str, str]]:
    return {key for key, value in found.items() if value[0] == "broken"}


def judged_anew() -> State:
    in_unit_of_work(lambda session: session.execute(delete(Verdict)))
    services().conformance.judge_all()
    return state()


# ---- what is known of the simulated history without the monitors


LIMITS = {"A-2.1.7": "preliminary_proposal", "B1-6.1": "first_response", "E-2.1.2": "first_response",
          "D-2.2.6": "first_response", "D-2.2.8": "first_response", "C-2.2.6": "first_response",
          "D-2.2.9": "resolution", "D-2.2.7": "resolution", "A-2.5.5": "low_score_visit", "B21-5-3": "opinion_closed",
          "E-2.3.5": "supervisor_visit", "A-2.5.1": "follow_up"}


def late_by_the_clocks(now: datetime) -> set[tuple[str, str]]:
    """An independent judge: the SLA clocks, which the step has kept by itself."""
    query = (select(Milestone, MilestoneCheck.clause, MilestoneCheck.due_at)
             .join(MilestoneCheck, MilestoneCheck.milestone_id == Milestone.id)
             .where(Milestone.state.in_(("open", "reached"))
                    | (Milestone.state == "cancelled") & Milestone.paused_at.is_not(None)))  # lapsed standing still
    late = set()
    for clock, clause, due in db.session.execute(query):
        stopped = clock.reached_at or clock.paused_at or now
        if LIMITS.get(clause) == clock.name and stopped > due:
            late.add((clock.case_id, clause))
    return late


def test_what_is_late_is_what_the_clocks_say_and_nothing_else(opened: FixedClock) -> None:
    found = {(subject, clause) for subject, clause, _ in broken(judged_anew()) if clause in LIMITS}
    # The clock of an appeal names clauses of priority too; they bind only the kinds of case that they speak of.
    kinds = {"B21-5-3": {"complaint"}, "D-2.2.6": {"complaint", "fault_repair", "return_exchange", "other"}}
    opinions = {(case, clause) for case, clause in late_by_the_clocks(opened.now())
                if of(case).type in kinds.get(clause, {of(case).type})}
    assert found == opinions
    assert found


# ---- planted breaches


def event(element: str, wanted: Callable[[History], bool] = lambda _: True) -> History:
    query = select(History).where(History.element_id == element, History.transition == "completed")
    found = next(row for row in db.session.execute(query.order_by(History.seq)).scalars() if wanted(row))
    db.session.expunge(found)  # it stays readable when its row is gone
    return found


def changed(row: Any, **values: Any) -> None:
    model = type(row)
    key = History.seq == row.seq if model is History else model.id == row.id  # type: ignore[attr-defined]
    in_unit_of_work(lambda session: session.execute(update(model).where(key).values(**values)))


def of(case_id: str) -> Case:
    found = db.session.get(Case, case_id)
    assert found is not None
    return found


class Planting:
    """Plants breaches, and knows which verdicts they must turn."""

    def __init__(self, before: State) -> None:
        self.before, self.expected = before, set[tuple[str, str, str]]()

    def kept(self, case_id: str | None, *clauses: str) -> bool:
        """Whether these clauses are kept in a case that no other breach was planted in."""
        return all(self.before.get((str(case_id), one, ""), ("",))[0] == "kept"
                   and (case_id, one, "") not in self.expected for one in clauses)

    def breaks(self, case_id: str | None, *clauses: str) -> None:
        self.expected |= {(str(case_id), one, "") for one in clauses}

    def late(self) -> None:
        """A dispatch that is confirmed after an hour and a minute."""
        row = event("confirm_dispatch", lambda one: self.kept(one.case_id, "D-2.3.7"))
        sent = event("dispatch_case", lambda one: one.case_id == row.case_id)
        changed(row, at=sent.at + 61 * MINUTE)
        self.breaks(row.case_id, "D-2.3.7")

    def late_in_working_time(self) -> None:
        """Goods taken back a minute after closing time of the fifteenth working day, a holiday in between or not."""
        row = event("draft_solution", lambda one: (one.case_id, "A-2.3.4", "") not in self.before
                    and of(str(one.case_id)).outcome != "end_withdrawn")
        due = services().calendar.workdays(row.at + MINUTE, 15).due_at
        for element, at in (("agree_method", row.at + MINUTE), ("stock_in", due + MINUTE)):
            self.insert(row, at, process="return_reissue", element_id=element, actor="clerk", group_code="clerk")
        self.breaks(row.case_id, "A-2.3.4")

    @staticmethod
    def insert(like: History, at: datetime, **values: Any) -> None:
        planted = {"instance_id": like.instance_id, "case_id": like.case_id, "definition_id": like.definition_id,
                   "at": at, "task_id": "planted", "type": "userTask", "activity": None, "transition": "completed",
                   "attempt": 1, **values}
        in_unit_of_work(lambda session: session.execute(insert(History).values(**planted)))

    def skipped(self) -> None:
        """An ended case whose customer was never told its number."""
        running = select(Instance.case_id).where(Instance.state == "active", Instance.case_id.is_not(None))
        alive = set(db.session.execute(running).scalars())
        row = event("tell_number", lambda one: self.kept(one.case_id, "C-2.1.6", "A-2.4.1")
                    and one.case_id not in alive and of(str(one.case_id)).outcome != "end_withdrawn")
        in_unit_of_work(lambda session: session.execute(delete(History).where(History.seq == row.seq)))
        self.breaks(row.case_id, "C-2.1.6", "A-2.4.1")

    def out_of_order(self) -> None:
        """Responsibility determined an hour before the complaint was verified."""
        row = event("determine_responsibility", lambda one: self.kept(one.case_id, "A-2.2.3", "B10-5.3"))
        first = event("verify_complaint", lambda one: one.case_id == row.case_id)
        changed(row, at=first.at - HOUR)
        self.breaks(row.case_id, "A-2.2.3", "B10-5.3")

    def wrong_role(self) -> None:
        """An appeal decided at the counter."""
        row = event("decide_appeal", lambda one: self.kept(one.case_id, "B14-6.2"))
        changed(row, group_code="clerk")
        self.breaks(row.case_id, "B14-6.2")

    def same_person(self) -> None:
        """An appeal investigated by whoever had handled the case."""
        row = event("investigate_appeal", lambda one: self.kept(one.case_id, "B14-6.2"))
        self.insert(row, row.at - HOUR, process="complaint", element_id="draft_opinion_self_made",
                    activity="analyse_cause", actor=row.actor, group_code="manufacturing")
        self.breaks(row.case_id, "B14-6.2")

    def over_the_threshold(self) -> None:
        """A penalty of 5,000 yuan approved by general affairs: the bound itself is the general manager's."""
        row = event("register_case", lambda one: not any(
            (one.case_id, clause, "") in self.before for clause in ("B21-6-4a", "B21-6-4b")))
        item = db.session.execute(select(WorkItem).where(WorkItem.case_id == row.case_id).limit(1)).scalar_one()

        in_unit_of_work(lambda session: session.execute(insert(Submission).values(
            work_item_id=item.id, instance_id=row.instance_id, case_id=row.case_id, form_id="penalty_proposal",
            data={"penalty_amount": "5000.00"}, submitted_at=row.at, submitted_by="general_affairs")))
        self.insert(row, row.at + MINUTE, process="assessment", element_id="approve_small",
                    activity="penalty_approve", actor="general_affairs", group_code="general_affairs")
        self.breaks(row.case_id, "B21-6-4b")

    def missing_record(self) -> None:
        """A work order without a telephone number."""
        query = select(Submission).where(Submission.form_id == "work_order").order_by(Submission.id)
        row = next(one for one in db.session.execute(query).scalars() if self.kept(one.case_id, "A-2.1.3"))
        changed(row, data={**row.data, "phone": ""})
        self.breaks(row.case_id, "A-2.1.3")

    def too_few_copies(self) -> None:
        """An opinion in three copies."""
        query = select(Document).where(Document.kind == "opinion", Document.state == "closed").order_by(Document.id)
        row = next(one for one in db.session.execute(query).scalars() if self.kept(one.case_id, "B21-7-1b"))
        changed(row, copies=3)
        self.breaks(row.case_id, "B21-7-1b")

    def too_short_retention(self) -> None:
        """An archived case that may be deleted a day before its three years are over."""
        row = next(one for one in db.session.execute(select(Case).order_by(Case.number)).scalars()
                   if self.kept(one.id, "A-2.6.2"))
        changed(row, keep_until=row.keep_until - DAY)
        self.breaks(row.id, "A-2.6.2")

    def missing_report(self) -> None:
        """A week without its report."""
        done = [key for key, value in self.before.items() if key[1] == "E-2.2.1" and value[0] == "kept"]
        period = sorted(done)[0][2]
        start = datetime.fromisoformat(f"{period}T00:00:00+08:00")
        in_unit_of_work(lambda session: session.execute(delete(History).where(
            History.element_id == "analyse_week", History.at >= start, History.at < start + 7 * DAY)))
        self.expected |= {("company", clause, period) for clause in ("E-2.2.1", "A-2.6.3")}


PLANTED = ("late", "late_in_working_time", "skipped", "out_of_order", "wrong_role", "same_person",
           "over_the_threshold", "missing_record", "too_few_copies", "too_short_retention", "missing_report")


def test_every_planted_breach_is_found_and_nothing_else_turns(opened: FixedClock) -> None:
    before = judged_anew()
    planting = Planting(before)
    for name in PLANTED:
        getattr(planting, name)()
        db.session.rollback()
    after = judged_anew()
    assert broken(after) - broken(before) == planting.expected
    assert broken(before) <= broken(after)


@pytest.mark.parametrize("name", PLANTED)
def test_a_breach_turns_its_own_verdicts_in_the_sweep_after_it(opened: FixedClock, name: str) -> None:
    before = judged_anew()
    planting = Planting(before)
    getattr(planting, name)()
    touched = {subject for subject, _, _ in planting.expected}
    in_unit_of_work(lambda session: [marks.mark(session, None if one == "company" else one) for one in touched])
    assert services().conformance.sweep() == len(touched)
    swept = state()
    assert broken(swept) - broken(before) == planting.expected
    assert swept == judged_anew()
    verdict = next(one for one in planting.expected)
    row = db.session.get(Verdict, verdict)
    row.effective = row.state
    zh, en = services().conformance.explain(services().conformance.stored(row))
    assert zh.startswith(f"条款 {verdict[1]}：违反")
    assert en.startswith(f"Clause {verdict[1]}: broken")


# ---- step by step and anew


def test_judged_event_by_event_the_verdicts_are_those_of_a_full_run(opened: FixedClock) -> None:
    end = opened.now()
    rows = [{column.key: getattr(row, column.key) for column in History.__table__.columns}
            for row in db.session.execute(select(History).order_by(History.at, History.seq)).scalars()]
    in_unit_of_work(lambda session: session.execute(delete(History)))
    in_unit_of_work(lambda session: session.execute(delete(Verdict)))
    for start in range(0, len(rows), 150):
        chunk = rows[start:start + 150]

        def append(session: Any, chunk: list[dict[str, Any]] = chunk) -> None:
            session.execute(insert(History), chunk)
            for case in sorted({row["case_id"] or "" for row in chunk}):
                marks.mark(session, case or None)

        in_unit_of_work(append)
        opened.set(chunk[-1]["at"])
        services().conformance.sweep()
    opened.set(end)
    services().conformance.sweep()
    step_by_step = state()
    assert step_by_step == judged_anew()
    assert len(step_by_step) > 300


def test_time_alone_turns_a_pending_verdict(opened: FixedClock) -> None:
    judged_anew()
    due = [row for row in db.session.execute(select(Verdict).where(
        Verdict.state == "pending", Verdict.due_at.is_not(None))).scalars() if row.due_at >= opened.now()]
    assert due
    opened.set(max(row.due_at for row in due) + MINUTE)
    services().conformance.sweep()
    after = state()
    assert all(after[row.subject, row.clause, row.period][0] == "broken" for row in due)
    assert after == judged_anew()


# ---- tokens


def test_every_instance_replays_on_its_version_and_a_changed_history_does_not(opened: FixedClock) -> None:
    runtime = services().runtime
    result = replay_all(runtime)
    assert result["differences"] == []
    assert result["replayed"] > 50
    removed = event("verify_complaint")
    twice = event("determine_responsibility", lambda one: one.instance_id != removed.instance_id)
    in_unit_of_work(lambda session: session.execute(delete(History).where(History.seq == removed.seq)))
    values = {column.key: getattr(twice, column.key) for column in History.__table__.columns if column.key != "seq"}
    in_unit_of_work(lambda session: session.execute(insert(History).values(**values)))
    found = {one["instance"] for one in replay_all(runtime)["differences"]}
    assert found == {removed.instance_id, twice.instance_id}
