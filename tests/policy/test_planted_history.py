"""Planted histories in a database: arriving in any order, judged event by event or anew, the verdicts are the same.

The stories, and what each of them breaks, stand in test_planted_cases; here they are rows, on both databases.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.clock import FixedClock
from app.facts import Actor
from app.policy.conformance import Change
from app.services.calendar_update import CalendarUpdate
from app.store import verdicts as marks
from app.store.base import db
from app.store.models import (
    Audit,
    CalendarDay,
    Case,
    Document,
    DocumentCopy,
    History,
    Instance,
    Milestone,
    Submission,
    Verdict,
    WorkItem,
)
from app.store.unit_of_work import in_unit_of_work
from app.wiring import services
from tests.policy.test_planted_cases import PLANTS, Story, at, broken, judged, skipped
from tests.web.api_client import Api, answers

NOW = "06-01 09:00"
Rows = list[tuple[Any, dict[str, Any]]]


@pytest.fixture
def planted(app: Flask, clock: FixedClock) -> Flask:
    clock.set(at(NOW))
    return app


def write(rows: Rows) -> None:
    def work(session: Any) -> None:
        for model, values in rows:
            session.execute(insert(model).values(**values))

    in_unit_of_work(work)


class Planted:
    """A story as rows: those that are there from the beginning, and those that arrive one by one."""

    def __init__(self, number: int, story: Story, **case: Any) -> None:
        self.id, self.number, self.story = str(uuid.UUID(int=number)), number, story
        version = services().runtime.library.latest("case")
        assert version is not None
        self.version = version.id
        more = story.more
        facts = {key: value for key, value in story.facts.items() if key != "responsibility"}
        self.base: Rows = [(Case, {
            "id": self.id, "number": f"T-{number}", "access_key": self.id, "state": more["state"], "status": "x",
            "customer_name": "张", "customer_phone": "13800000000", "description": "", "round": 1,
            "extra": {"responsibility": story.facts["responsibility"]}, "registered_at": at("02-12 10:00"),
            "registered_by": "clerk", "closed_at": more.get("ended_at"), "archived_at": more.get("archived_at"),
            "keep_until": more.get("keep_until"), "policy_version": "1", **facts, **case})]
        names = {one.instance for one in story.happened.values()} | {one.process for one in story.entries.values()}
        self.base += [(Instance, {
            "id": self.instance(name), "definition_id": self.version, "process": name, "case_id": self.id,
            "state": "active" if more["running"] else "completed", "revision": 1, "blob": b"",
            "created_at": at("02-12 10:00")}) for name in sorted(names)]

    def instance(self, name: str) -> str:
        return f"{self.number}-{name}"

    def arriving(self) -> Rows:
        """Events, answers, papers and changes, each a batch of rows of its own."""
        found: Rows = [(History, {
            "seq": self.number * 10_000 + one.seq, "instance_id": self.instance(one.instance), "case_id": self.id,
            "definition_id": self.version, "at": one.at, "process": one.process, "element_id": one.element,
            "task_id": "t", "type": "userTask", "activity": one.activity, "transition": "completed",
            "actor": one.actor, "group_code": one.group, "attempt": 1}) for one in self.story.happened.values()]
        for place, one in enumerate(self.story.entries.values()):
            task, instance = f"{self.number}-{place}", self.instance(one.instance or one.process)
            self.base.append((WorkItem, {
                "id": task, "instance_id": instance, "case_id": self.id, "process": one.process,
                "element_id": one.element, "name": "x", "name_en": "x", "form_id": one.form, "group_code": one.group,
                "state": "completed", "created_at": one.at}))
            found.append((Submission, {
                "work_item_id": task, "instance_id": instance, "case_id": self.id, "form_id": one.form,
                "data": dict(one.data), "submitted_at": one.at, "submitted_by": one.by}))
        paper = self.story.opinion
        self.base.append((Document, {
            "id": self.number, "case_id": self.id, "kind": paper.kind, "number": f"YJ-{self.number}",
            "state": paper.state, "copies": paper.copies, "data": {}, "prefilled": False, "opened_at": paper.opened_at,
            "closed_at": paper.closed_at}))
        found += [(DocumentCopy, {"document_id": self.number, "copy_no": copy, "recipient": holder})
                  for copy, holder in enumerate(paper.holders, 1)]
        found += [(Audit, {
            "at": change.at, "actor": "clerk", "action": "case:facts:changed", "subject": f"T-{self.number}",
            "case_id": self.id, "detail": {change.name: [change.before, self.story.facts.get(change.name)]}})
            for change in self.story.more.get("changes", ())]
        return found

    def plant(self) -> Planted:
        rows = self.arriving()
        write(self.base + rows)
        return self

    def verdicts(self) -> dict[str, str]:
        return {one.clause: one.state for one in services().conformance.of_case(self.id)}


def state() -> dict[tuple[str, str], tuple[Any, ...]]:
    db.session.rollback()
    return {(row.subject, row.clause): (row.state, row.since, row.due_at, json.dumps(row.evidence, sort_keys=True))
            for row in db.session.execute(select(Verdict).where(Verdict.case_id.is_not(None))).scalars()}


def chunks(rows: Sequence[Any], rng: random.Random, count: int) -> Iterator[Sequence[Any]]:
    cuts = sorted(rng.sample(range(1, len(rows)), count - 1))
    yield from (rows[one:two] for one, two in zip([0, *cuts], [*cuts, len(rows)], strict=True))


def arrive(cases: Sequence[Planted], rng: random.Random, steps: int, moved: Callable[[int], None]) -> None:
    """Write everything in a random order, and let the sweep judge after each handful."""
    rows = [(one.id, row) for one in cases for row in one.arriving()]
    write([row for one in cases for row in one.base])
    rng.shuffle(rows)
    for step, chunk in enumerate(chunks(rows, rng, steps)):
        write([row for _, row in chunk])
        touched = sorted({case for case, _ in chunk})
        in_unit_of_work(lambda session, touched=touched: [marks.mark(session, case) for case in touched])
        moved(step)
        services().conformance.sweep()


def test_stories_that_arrive_in_any_order_are_judged_exactly(any_app: Flask, clock: FixedClock) -> None:
    clock.set(at(NOW))
    stories = []
    for number, (plant, _) in enumerate(PLANTS.values(), 1):
        story = Story()
        plant(story)
        stories.append(Planted(number, story))
    arrive(stories, random.Random(4), 8, lambda step: None)
    swept = state()
    found = {case.number: {clause for (subject, clause), row in swept.items()
                           if subject == case.id and row[0] == "broken"} for case in stories}
    assert found == {number: set(expected.split()) for number, (_, expected) in enumerate(PLANTS.values(), 1)}
    services().conformance.judge_all()
    assert state() == swept


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_histories_in_random_order_end_as_they_are_judged_anew(any_app: Flask, clock: FixedClock, seed: int
                                                                     ) -> None:
    """Steps left out and moved, cases that run, ended or were withdrawn, facts that changed, the clock going on."""
    rng = random.Random(seed)
    cases = [Planted(number, spoilt(rng), state="open") if rng.random() < 0.3 else Planted(number, spoilt(rng))
             for number in range(1, 7)]
    clock.set(at("02-12 10:10"))
    arrive(cases, rng, 12, lambda step: clock.set(at("02-12 10:10") + step * timedelta(days=1, hours=5)))
    clock.set(at(NOW))
    services().conformance.sweep()
    swept = state()
    assert len({row[0] for row in swept.values()}) > 1
    services().conformance.judge_all()
    assert state() == swept


def spoilt(rng: random.Random) -> Story:
    story = Story()
    for plant, _ in rng.sample(list(PLANTS.values())[:15], 3):
        plant(story)
    skipped(*rng.sample(sorted(story.happened), rng.randint(0, 6)))(story)
    for where in rng.sample(sorted(story.happened), 5):
        one = story.happened[where]
        story.happened[where] = one._replace(at=one.at + rng.randint(-600, 6000) * timedelta(minutes=1))
    return story


# ---- what rows say beside the events


def clock_row(case: Planted, name: str, **values: Any) -> tuple[Any, dict[str, Any]]:
    return Milestone, {"id": values.pop("id", case.number), "case_id": case.id, "name": name, "state": "reached",
                       "target_only": False, "clock_start": "registered", "started_at": at("02-12 10:00"),
                       "duration": "PT4H", "calendar": "natural", "promised_at": at("02-12 14:00"),
                       "due_at": at("02-12 14:00"), "pauses": [], "decision": "deadlines", "rule": "r", "clauses": [],
                       "why": [], "provisional": False, "policy_version": "1", "round": 1, **values}


def stop(start: str, end: str | None) -> dict[str, Any]:
    return {"from": at(start).isoformat(), "to": at(end).isoformat() if end else None, "reason": "waiting_customer",
            "by": "t"}


def moved(where: str, when: str, number: int = 1) -> Planted:
    story = Story()
    story.move(where, when)
    return Planted(number, story).plant()


@pytest.mark.parametrize(("when", "expected"), [("02-12 16:00", "kept"), ("02-12 16:00:01", "broken")])
def test_a_stop_gives_time_to_a_clock_that_may_stop(planted: Flask, when: str, expected: str) -> None:
    case = moved("complaint/give_preliminary_proposal", when)
    write([clock_row(case, "preliminary_proposal", pauses=[stop("02-12 11:00", "02-12 13:00")])])
    assert case.verdicts()["A-2.1.7"] == expected


@pytest.mark.parametrize(("clock_name", "clause", "where", "when"), [
    ("first_response", "E-2.1.2", "intake/respond_and_promise", "02-12 10:15:01"),
    ("opinion_closed", "B21-5-3", "complaint/distribute_opinion", "02-27 00:00:01"),
    ("acknowledge", "D-2.3.7", "intake/confirm_dispatch", "02-12 11:15:01")])
def test_a_stop_that_the_policy_forbids_gives_no_time(planted: Flask, clock_name: str, clause: str, where: str,
                                                      when: str) -> None:
    """Clocks of answering and the 14 days never stop, whatever a row says."""
    case = moved(where, when)
    write([clock_row(case, clock_name, pauses=[stop("02-12 10:01", "02-13 13:00")])])
    assert case.verdicts()[clause] == "broken"
    still = Planted(2, Story())
    del still.story.happened[where]
    still.plant()
    write([clock_row(still, clock_name, state="open", pauses=[stop("02-12 10:01", None)], paused_at=at("02-12 10:01"))])
    assert still.verdicts()[clause] == "broken"


@pytest.mark.parametrize(("signed", "round_", "expected"), [("02-12 12:00", 1, "broken"), ("02-13 17:00", 2, "kept")])
def test_a_date_signed_in_the_first_round_is_none_of_the_second(planted: Flask, signed: str, round_: int,
                                                                expected: str) -> None:
    """Reopened on Friday afternoon, answered on Saturday: four hours are over, whatever was signed before."""
    story = Story()
    story.add("case/restart_clocks", "02-13 16:30", "system")
    story.add("complaint/give_preliminary_proposal", "02-14 10:00", "relations", "preliminary_proposal")
    case = Planted(1, story).plant()
    write([clock_row(case, "preliminary_proposal", started_at=at(signed), due_at=at("02-20 12:00"),
                     clauses=["A-2.1.7", "D-2.4.7"], round=round_)])
    assert case.verdicts()["A-2.1.7"] == expected


def test_a_merged_case_owes_nothing_more(planted: Flask) -> None:
    """It was merged a minute before the answer was due; the same case, closed as done, owes everything."""
    def cut_off(number: int, outcome: str) -> Planted:
        story = Story()
        story.happened = {where: one for where, one in story.happened.items() if one.at < at("02-12 10:14")}
        story.more["ended_at"] = at("02-12 10:14")
        return Planted(number, story, outcome=outcome).plant()

    assert "broken" not in cut_off(1, "end_merged").verdicts().values()
    assert cut_off(2, "end_closed_satisfied").verdicts()["E-2.1.2"] == "broken"


@pytest.mark.parametrize(("changed_at", "expected"), [("03-12 09:00", "not_applicable"), ("03-10 09:00", "broken")])
def test_the_audit_tells_what_a_case_was_when_something_was_decided(any_app: Flask, clock: FixedClock, changed_at: str,
                                                                    expected: str) -> None:
    """A case becomes a major one after, or before, its penalty was decided without the general manager's ruling."""
    clock.set(at(NOW))
    story = Story()
    story.add("assessment/issue_decision", "03-11 10:00", "general_affairs", "issue_assessment_decision")
    story.facts["severity"] = "major"
    story.more["changes"] = [Change(at(changed_at), "severity", "general")]
    assert Planted(1, story).plant().verdicts()["B21-6-3"] == expected


def test_a_change_of_other_facts_and_other_audit_rows_say_nothing(planted: Flask) -> None:
    case = Planted(1, Story()).plant()
    for action, detail in (("case:facts:changed", {"status": ["a", "b"], "last_progress": ['"level": [', None]}),
                           ("case:note:added", {"type": ["suggestion", "complaint"]})):
        write([(Audit, {"at": at("03-12 09:00"), "actor": "x", "action": action, "subject": "x", "case_id": case.id,
                        "detail": detail})])
    assert "broken" not in case.verdicts().values()
    assert not broken(judged(services().conformance.monitors_at(at("02-12 10:00")), case.story))


def test_a_level_changed_by_a_manager_is_judged_as_it_was(planted: Flask, clock: FixedClock) -> None:
    """Through the product: answered in three hours as P3, then raised to P1; two days later nothing was late."""
    clock.set(datetime.fromisoformat("2026-03-02T09:00:00+08:00"))
    clerk = Api(planted, "clerk")
    number = clerk.register()["number"]
    for name in ("register_case", "respond_and_promise"):
        clock.advance(timedelta(minutes=5))
        task = next(one for one in clerk.tasks(case=number, state="open") if one["element_id"] == name)
        full = clerk.get(f"/tasks/{task['id']}").get_json()
        done = clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(full)})
        assert done.status_code == 200, done.get_data(as_text=True)
    case = db.session.execute(select(Case).where(Case.number == number)).scalar_one()
    assert case.level is not None
    other = "P1" if case.level != "P1" else "P3"
    clock.advance(timedelta(days=2))
    manager = person("manager")
    before = {one.clause: one.state for one in services().conformance.of_case(case.id)}
    services().control.change_level(case.id, other, "按实际情况调整", manager)
    after = {one.clause: one.state for one in services().conformance.of_case(case.id)}
    settled = {"C-2.2.5", "C-2.2.6", "C-2.2.7", "D-2.2.6", "D-2.2.8", "D-2.2.10", "E-2.1.2", "E-2.1.3"}
    assert {clause: after[clause] for clause in settled} == {clause: before[clause] for clause in settled}


def agreed_with_a_full_run() -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the sweep has come to, which must be what a full run says."""
    services().conformance.sweep()
    swept = state()
    services().conformance.judge_all()
    assert state() == swept
    return swept


def person(username: str) -> Actor:
    people = services().people
    return people.actor_of(next(one.id for one in people.users() if one.username == username))


def test_what_changes_without_an_event_is_judged_again_as_well(any_app: Flask, clock: FixedClock) -> None:
    """A level that is raised, a clock that is stopped and goes on, a holiday that is declared."""
    clock.set(datetime.fromisoformat("2026-03-02T09:00:00+08:00"))
    clerk, manager = Api(any_app, "clerk"), person("manager")
    number = clerk.register(type="complaint", severity="general")["number"]
    clock.advance(timedelta(minutes=5))
    task = next(one for one in clerk.tasks(case=number, state="open") if one["element_id"] == "register_case")
    full = clerk.get(f"/tasks/{task['id']}").get_json()
    assert clerk.post(f"/tasks/{task['id']}/complete", {"data": answers(full)}).status_code == 200
    db.session.rollback()
    case = db.session.execute(select(Case).where(Case.number == number)).scalar_one()
    case_id, level = case.id, case.level
    before = agreed_with_a_full_run()
    services().control.change_level(case_id, "P1" if level != "P1" else "P3", "按实际情况调整", manager)
    raised = agreed_with_a_full_run()
    assert raised.keys() != before.keys()
    services().control.pause(case_id, "preliminary_proposal", "waiting_customer", "等客户回电", manager)
    assert agreed_with_a_full_run() != raised
    clock.advance(timedelta(hours=1))
    services().control.resume(case_id, "preliminary_proposal", "客户已回电", manager)
    agreed_with_a_full_run()


def test_a_holiday_that_is_declared_moves_what_is_pending(any_app: Flask, clock: FixedClock) -> None:
    clock.set(datetime.fromisoformat("2026-03-02T09:00:00+08:00"))
    Api(any_app, "clerk").register(type="complaint", severity="general", flags=[], urgency="low")
    before = agreed_with_a_full_run()
    write([(CalendarDay, {"day": datetime.fromisoformat("2026-03-03").date(), "working": False, "note": "停电",
                          "hours": None, "changed_at": clock.now(), "changed_by": "admin"})])
    CalendarUpdate(services().runtime).apply(person("admin"))
    assert agreed_with_a_full_run() != before
