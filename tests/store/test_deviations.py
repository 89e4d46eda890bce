"""Breaches become deviations with the verdict that turned, once; each verb says who may do it and where; on both
databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shutil import copytree

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.clock import FixedClock
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.store.base import db
from app.store.models import Audit, Deviation, Document, Instance, Notification, Verdict, WorkItem
from app.store.queries import compliance as rows
from app.wiring import Services
from app.wiring import services as current
from tests.conftest import MONDAY, ROOT
from tests.processes.test_papers import COMPLAINT
from tests.robot import fill
from tests.web.pages import Browser

DAY = timedelta(days=1)
WHY = "前台同时接听两部电话，响应晚了。"


@pytest.fixture
def services(any_app: Flask) -> Services:
    return current()


@pytest.fixture
def people(services: Services) -> Callable[[str], Actor]:
    ids = {one.username: one.id for one in services.people.users()}
    return lambda name: services.people.actor_of(ids[name])


@pytest.fixture
def case_id(services: Services, clock: FixedClock) -> str:
    """Give a complaint that nobody has answered for a day, and judge it."""
    found = services.cases.register(COMPLAINT, SYSTEM)
    services.operations.quiesce()
    clock.set(MONDAY + DAY)
    services.conformance.sweep()
    return found


def breaches(case_id: str) -> list[Deviation]:
    db.session.rollback()
    query = select(Deviation).where(Deviation.subject == case_id).order_by(Deviation.clause)
    return list(db.session.execute(query.execution_options(populate_existing=True)).scalars())


def late(case_id: str) -> Deviation:
    return next(row for row in breaches(case_id) if row.clause == "E-2.1.2")


def test_each_broken_limit_is_one_deviation_however_often_it_is_judged(services: Services, case_id: str) -> None:
    broken = db.session.execute(select(Verdict.clause).where(
        Verdict.case_id == case_id, Verdict.state == "broken", Verdict.obligation != "info")).scalars().all()
    found = breaches(case_id)
    assert sorted(row.clause for row in found) == sorted(broken)
    assert "E-2.1.2" in broken
    assert {row.state for row in found} == {"open"}
    services.conformance.judge_all()
    services.conformance.judge_all()
    assert [row.id for row in breaches(case_id)] == [row.id for row in found]


def test_what_is_broken_no_more_closes_itself_and_opens_again(services: Services, clock: FixedClock, case_id: str,
                                                              people: Callable[[str], Actor]) -> None:
    row = late(case_id)
    services.deviations.close(next(one.id for one in breaches(case_id) if one.id != row.id), people("compliance"),
                              "已与客户沟通并致歉。")
    clock.set(MONDAY + timedelta(minutes=1))  # as if the register had been corrected: nothing is late yet
    services.conformance.judge_some([case_id])
    gone = late(case_id)
    assert (gone.state, gone.closed_by, gone.gone_at is not None) == ("closed", "system", True)
    clock.set(MONDAY + DAY)
    services.conformance.judge_some([case_id])
    back = late(case_id)
    assert (back.state, back.closed_by, back.gone_at) == ("open", None, None)
    assert [note.verb for note in rows.notes(back.id)] == ["gone", "found_again"]
    by_hand = [one for one in breaches(case_id) if one.closed_by == "compliance"]
    assert len(by_hand) == 1  # what a person closed stays closed


def test_a_deviation_goes_from_its_owner_to_its_end(services: Services, case_id: str,
                                                   people: Callable[[str], Actor]) -> None:
    officer, clerk, row = people("compliance"), people("clerk"), late(case_id)
    with pytest.raises(NotFound):
        services.deviations.get(row.id, clerk)
    with pytest.raises(NotAllowed):
        services.deviations.assign(row.id, people("manager"), "clerk")
    with pytest.raises(Invalid):
        services.deviations.assign(row.id, officer, "nobody")
    with pytest.raises(Invalid):
        services.deviations.assign(row.id, officer, "clerk", "2026-03-01")
    services.deviations.assign(row.id, officer, "clerk", "2026-03-06")
    assert (late(case_id).state, late(case_id).owner) == ("assigned", "clerk")
    assert services.deviations.verbs(services.deviations.get(row.id, clerk), clerk) == {"explain"}
    told = db.session.execute(select(Notification).where(Notification.kind == "deviation")).scalar_one()
    assert (told.user_id, told.case_id) == (clerk.user_id, case_id)
    with pytest.raises(Invalid):
        services.deviations.explain(row.id, clerk, "忙")
    services.deviations.explain(row.id, clerk, WHY)
    assert (late(case_id).state, late(case_id).explanation) == ("explained", WHY)
    services.deviations.close(row.id, officer, "已改进排班，个案已答复客户。")
    with pytest.raises(Conflict):
        services.deviations.explain(row.id, clerk, WHY)
    services.deviations.reopen(row.id, officer, "客户再次来电，说明不实。")
    assert late(case_id).state == "assigned"
    assert [note.verb for note in rows.notes(row.id)] == ["assign", "explain", "close", "reopen"]
    audited = db.session.execute(select(Audit.action).where(Audit.action.like("compliance:deviation:%"))
                                 .order_by(Audit.id)).scalars().all()
    assert audited == [f"compliance:deviation:{verb}" for verb in ("assign", "explain", "close", "reopen")]


def test_a_waiver_takes_four_eyes_and_ends_by_its_day(services: Services, clock: FixedClock, case_id: str,
                                                      people: Callable[[str], Actor]) -> None:
    officer, director, row = people("compliance"), people("director"), late(case_id)
    services.deviations.explain(row.id, officer, WHY)
    with pytest.raises(NotAllowed):
        services.deviations.waive(row.id, officer, "系统切换期间放宽。", "2026-03-10")
    for until in ("2026-03-01", "2030-01-01", "soon"):
        with pytest.raises(Invalid):
            services.deviations.waive(row.id, director, "系统切换期间放宽。", until)
    services.deviations.waive(row.id, director, "系统切换期间放宽。", "2026-03-10")
    assert (late(case_id).state, late(case_id).waived_by) == ("waived", "director")
    services.deviations.sweep()
    assert late(case_id).state == "waived"
    clock.set(late(case_id).waived_until or MONDAY)
    services.deviations.sweep()
    assert late(case_id).state == "open"
    assert rows.waivers_ended(MONDAY) == 1


def test_a_rectification_runs_beside_the_case_and_holds_the_deviation(services: Services, case_id: str,
                                                                      people: Callable[[str], Actor]) -> None:
    officer, row = people("compliance"), late(case_id)
    instance_id = services.deviations.correct(row.id, officer, "首次响应人手不足，须调整排班。")
    instance = db.session.get(Instance, instance_id)
    assert instance is not None
    assert (instance.process, instance.case_id, instance.state) == ("rectification", case_id, "active")
    paper = db.session.execute(select(Document).where(Document.kind == "rectification")).scalar_one()
    assert paper.case_id == case_id
    assert late(case_id).state == "correcting"
    with pytest.raises(Conflict):
        services.deviations.close(row.id, officer, "整改完成，结案。")
    with pytest.raises(Conflict):
        services.deviations.correct(row.id, officer, "再次启动整改。")
    services.operations.cancel(instance_id, "误启动", people("manager"))
    services.deviations.close(row.id, officer, "误启动，改以说明处理。")
    assert late(case_id).state == "closed"


def test_what_the_company_owes_is_corrected_without_a_case(services: Services, clock: FixedClock,
                                                           people: Callable[[str], Actor]) -> None:
    services.cases.register(COMPLAINT, SYSTEM)
    clock.set(MONDAY + 40 * DAY)
    services.conformance.judge_some(["company"])
    row = breaches("company")[0]
    assert (row.case_id, bool(row.period)) == (None, True)
    instance = db.session.get(Instance, services.deviations.correct(row.id, people("director"), "周报连续缺失。"))
    assert instance is not None
    assert instance.case_id is None


def test_drift_comes_is_waived_and_goes_with_the_deployed_version(services: Services, tmp_path: Path,
                                                                  people: Callable[[str], Actor]) -> None:
    for folder in ("processes", "forms", "handlers"):
        copytree(ROOT / folder, tmp_path / "tree" / folder)
    path = tmp_path / "tree" / "processes" / "subtask" / "subtask.bpmn"
    path.write_text(path.read_text(encoding="utf-8").replace('after("PT1H")', 'after("PT3H")'), encoding="utf-8")
    assert services.deviations.sweep() == 0
    gate, services.definitions.gate = services.definitions.gate, lambda files: ()
    services.definitions.deploy(tmp_path / "tree", SYSTEM)
    services.deviations.sweep()
    query = select(Deviation).where(Deviation.kind == "drift")
    found = {one.clause: one for one in db.session.execute(query).scalars()}
    assert sorted(found) == ["D-2.3.7", "D-2.3.8"]
    assert {one.state for one in found.values()} == {"open"}
    director, row = people("director"), found["D-2.3.7"]
    assert "close" not in services.deviations.verbs(row, director)
    services.deviations.waive(row.id, director, "备件系统切换期间暂时放宽。", "2026-03-20")
    assert [one.clause for one in services.drifts.waivers.held().values()] == ["D-2.3.7"]
    services.deviations.reopen(row.id, director, "已切换完成，不再放宽。")
    assert not services.drifts.waivers.held()
    services.drifts.waive(found["D-2.3.8"].key.partition(":")[2], people("compliance"), "命令行豁免",
                          "2026-03-20")
    services.deviations.sweep()
    services.definitions.gate = gate
    states = {(row.kind, row.clause): row.state for row in db.session.execute(select(Deviation)).scalars()}
    assert states == {("drift", "D-2.3.7"): "open", ("drift", "D-2.3.8"): "waived",
                      ("review", "D-2.3.7"): "open", ("review", "D-2.3.8"): "open"}
    services.definitions.deploy(ROOT, SYSTEM)
    services.deviations.sweep()
    db.session.rollback()
    closed = db.session.execute(select(func.count()).where(Deviation.state == "closed",
                                                           Deviation.closed_by == "system")).scalar_one()
    assert closed == 4


def correcting(services: Services, case_id: str, people: Callable[[str], Actor]) -> tuple[int, str]:
    """Give a breach to the manager and start its rectification; return the deviation and the instance."""
    row = late(case_id)
    services.deviations.assign(row.id, people("compliance"), "manager")
    return row.id, services.deviations.correct(row.id, people("compliance"), "首次响应人手不足，须调整排班。")


def work_off(services: Services, clock: FixedClock, instance_id: str) -> None:
    """Do the tasks of a rectification, from month to month, until it has ended."""
    for _ in range(40):
        db.session.rollback()
        query = select(WorkItem).where(WorkItem.process == "rectification", WorkItem.state == "open")
        for item in db.session.execute(query).scalars().all():
            form = services.work.form(item.id, SYSTEM)
            services.work.complete(item.id, fill(form.json, form.data, {}), SYSTEM)
            services.operations.quiesce()
        instance = db.session.get(Instance, instance_id, populate_existing=True)
        if instance is not None and instance.state == "completed":
            return
        clock.advance(10 * DAY)
        services.operations.quiesce()
    raise AssertionError("the rectification goes on for ever")


def test_a_verified_rectification_closes_its_deviation_once(any_app: Flask, services: Services, clock: FixedClock,
                                                            case_id: str, people: Callable[[str], Actor]) -> None:
    deviation_id, instance_id = correcting(services, case_id, people)
    services.deviations.sweep()
    assert late(case_id).state == "correcting"
    work_off(services, clock, instance_id)
    services.deviations.sweep()
    row = late(case_id)
    assert (row.state, row.closed_by, row.instance_id) == ("closed", "system", instance_id)
    assert "整改" in row.closed_why
    assert services.deviations.sweep() == 0
    notes = [one for one in rows.notes(deviation_id) if one.verb == "verified"]
    assert [one.detail["instance"] for one in notes] == [instance_id]
    page = Browser(any_app, "compliance").text(f"/compliance/deviations/{deviation_id}")
    assert "整改已实施并经验证达标。" in page
    assert f"/instances/{instance_id}" in page
    services.conformance.judge_some([case_id])  # history keeps the breach; a correction that was verified stays
    assert late(case_id).state == "closed"
    services.deviations.reopen(deviation_id, people("compliance"), "复核发现问题仍在。")
    services.deviations.sweep()
    assert late(case_id).state == "assigned"


def test_a_rectification_that_ends_without_success_gives_the_deviation_back(
        services: Services, case_id: str, people: Callable[[str], Actor]) -> None:
    deviation_id, instance_id = correcting(services, case_id, people)
    services.operations.cancel(instance_id, "方案不可行", people("manager"))
    told = db.session.execute(select(func.count()).select_from(Notification)).scalar_one()
    services.deviations.sweep()
    row = late(case_id)
    assert (row.state, row.owner, row.closed_at) == ("assigned", "manager", None)
    assert services.deviations.sweep() == 0
    assert [one.verb for one in rows.notes(deviation_id)].count("unverified") == 1
    assert db.session.execute(select(func.count()).select_from(Notification)).scalar_one() == told + 1
    assert services.deviations.correct(deviation_id, people("compliance"), "改用新的整改方案。") != instance_id
