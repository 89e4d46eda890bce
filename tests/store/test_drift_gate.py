"""A deviation from the policy stops a deployment, unless a named person answers for it until a date."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from app.facts import SYSTEM, Actor
from app.services.definitions import read_files
from app.store.base import db
from app.store.models import Audit
from app.wiring import Services, services

ROOT = Path(__file__).resolve().parent.parent.parent
SUBTASK = "processes/subtask/subtask.bpmn"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the project in which a sub-task may be confirmed after three hours instead of one."""
    for folder in ("processes", "forms", "handlers"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / SUBTASK
    text = path.read_text(encoding="utf-8")
    assert 'after("PT1H")' in text
    path.write_text(text.replace('after("PT1H")', 'after("PT3H")'), encoding="utf-8")
    return tmp_path


@pytest.fixture
def built(any_app: Flask) -> Iterator[Services]:
    with any_app.app_context():
        yield services()


@pytest.fixture
def officer(built: Services) -> Actor:
    return built.people.actor_named("compliance")


def test_a_looser_timer_stops_the_deployment_with_its_findings(built: Services, tree: Path) -> None:
    with pytest.raises(Refused) as refused:
        built.definitions.deploy(tree, SYSTEM)
    assert {finding.rule for finding in refused.value.findings} == {"drift_looser"}
    assert all("subtask.deadline_confirm_subtask" in finding.message_zh for finding in refused.value.findings)
    assert any("1 小时" in finding.message_zh and "3 小时" in finding.message_zh for finding in refused.value.findings)


def test_a_waiver_lets_it_pass_until_its_day_and_no_longer(built: Services, tree: Path, officer: Actor) -> None:
    files = read_files(tree)
    until = (built.clock.now() + timedelta(days=10)).date().isoformat()
    for one in built.drifts.of_files(files):
        built.drifts.waive(one.fingerprint, officer, "备件商系统升级，接单确认放宽", until, files)
    assert built.definitions.deploy(tree, SYSTEM).new["case"] >= 2
    assert [one.severity for one in built.drifts.now()] == ["error", "error"]  # it is waived, not gone
    built.operations.advance_clock(built.people.actor_named("admin"), by="P12D")
    assert not built.drifts.waivers.held()
    assert len(built.drifts.blocking(files)) == 2


def test_a_waiver_is_for_one_deviation_and_one_figure(built: Services, tree: Path, officer: Actor) -> None:
    files = read_files(tree)
    until = (built.clock.now() + timedelta(days=10)).date().isoformat()
    for one in built.drifts.of_files(files):
        built.drifts.waive(one.fingerprint, officer, "放宽到三小时", until, files)
    worse = {**files, SUBTASK: files[SUBTASK].replace(b'after("PT3H")', b'after("PT4H")')}
    assert len(built.drifts.blocking(worse)) == 2


def test_who_waives_is_named_gives_a_reason_and_an_end(built: Services, tree: Path, officer: Actor) -> None:
    files = read_files(tree)
    print_ = built.drifts.of_files(files)[0].fingerprint
    until = (built.clock.now() + timedelta(days=10)).date().isoformat()
    with pytest.raises(NotAllowed):
        built.drifts.waive(print_, SYSTEM, "因为需要", until, files)
    with pytest.raises(NotAllowed):
        built.drifts.waive(print_, built.people.actor_named("clerk"), "因为需要", until, files)
    why = "因为暂时需要"
    for reason, end in (("", until), (why, "2020-01-01"), (why, "2090-01-01"), (why, "soon")):
        with pytest.raises(Invalid):
            built.drifts.waive(print_, officer, reason, end, files)
    with pytest.raises(NotFound):
        built.drifts.waive("0" * 20, officer, "因为暂时需要", until, files)
    built.drifts.waive(print_, officer, "因为暂时需要", until, files)
    with pytest.raises(Conflict):
        built.drifts.waive(print_, officer, "因为暂时需要", until, files)
    entry = db.session.query(Audit).filter_by(action="compliance:drift_waiver:grant").one()
    assert entry.actor == "compliance"
    assert entry.detail["reason"] == "因为暂时需要"


def test_a_waiver_can_be_taken_back(built: Services, tree: Path, officer: Actor) -> None:
    files = read_files(tree)
    until = (built.clock.now() + timedelta(days=10)).date().isoformat()
    made = built.drifts.waive(built.drifts.of_files(files)[0].fingerprint, officer, "因为暂时需要", until, files)
    assert built.drifts.waivers.ending(timedelta(days=20)) == [made]
    built.drifts.waivers.end(made.id, officer)
    assert not built.drifts.waivers.held()
    assert built.drifts.waivers.listed()[0].ended_by == "compliance"
    with pytest.raises(Conflict):
        built.drifts.waivers.end(made.id, officer)
