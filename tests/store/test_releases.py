"""Releasing: checked, compared, decided by somebody else, taken back, and never undone by a restart."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.errors import Conflict, Invalid, NotAllowed, Refused
from app.facts import SYSTEM, Actor
from app.services.definitions import digest_of, read_files
from app.services.interchange import pack, unpack
from app.store.base import db
from app.store.models import Audit, Deployment, Instance, Notification
from app.wiring import Services
from app.wiring import services as current_services
from tests.conftest import ROOT
from tests.web.api_client import Api

DEADLINES = "processes/decisions/deadlines.dmn"
COMPLAINT = "processes/complaint/complaint.bpmn"
People = Callable[[str], Actor]


def changed(services: Services, draft: int, path: str, old: str, new: str, who: Actor) -> None:
    """Replace one text of a file of a change set."""
    content, revision = services.drafts.read(draft, path)
    assert old.encode() in content
    services.drafts.save(draft, path, content.replace(old.encode(), new.encode(), 1), revision, who)


def begun(services: Services, who: Actor, old: str = "PT15M", new: str = "PT10M") -> int:
    """Return a change set that shortens a deadline."""
    draft = services.drafts.create("缩短时限", who)
    changed(services, draft, DEADLINES, old, new, who)
    return draft


def released(services: Services, draft: int, owner: Actor, approver: Actor) -> int:
    """Submit and approve a change set; return the deployment's id."""
    services.releases.submit(draft, "客户等得太久", owner)
    return services.releases.approve(draft, services.releases.digest(draft), "同意", approver).deployment_id


def test_a_release_is_a_version_that_new_cases_take_while_running_ones_stay(any_app: Flask, clock: object) -> None:
    services = current_services()
    people = {person.username: services.people.actor_of(person.id) for person in services.people.users()}
    before = Api(any_app, "clerk").register()
    old = services.runtime.library.latest("case")
    draft = begun(services, people["owner"])
    deployed = released(services, draft, people["owner"], people["manager"])
    after = Api(any_app, "clerk").register()
    new = services.runtime.library.latest("case")
    assert old is not None
    assert new is not None
    assert (old.version, new.version, new.deployment_id) == (1, 2, deployed)
    rows = {row.case_id: row.definition_id for row in db.session.query(Instance).filter_by(process="case")}
    assert sorted(rows.values()) == [old.id, new.id]
    assert before["number"] != after["number"]
    row = db.session.get(Deployment, deployed)
    assert row is not None
    assert (row.source, row.created_by) == ("studio", "manager")
    assert "客户等得太久" in row.note
    actions = [one.action for one in db.session.query(Audit).filter(Audit.action.like("studio:%"))]
    assert "studio:draft:submit" in actions
    assert "studio:draft:approve" in actions


def test_nobody_who_changed_a_file_approves_it(services: Services, actor: People) -> None:
    owner, other = actor("owner"), Actor(None, "second_owner", frozenset({"owner", "manager"}))
    draft = begun(services, owner)
    changed(services, draft, DEADLINES, "PT10M", "PT9M", Actor(99, "second_owner", other.groups))
    changed(services, draft, DEADLINES, "PT9M", "PT8M", owner)  # the row names only the last one
    services.releases.submit(draft, "原因", owner)
    seen = services.releases.digest(draft)
    for who in (owner, Actor(99, "second_owner", other.groups)):
        assert not services.releases.may_decide(draft, who)
        with pytest.raises(NotAllowed):
            services.releases.approve(draft, seen, "", who)
    with pytest.raises(NotAllowed):
        services.releases.approve(draft, seen, "", actor("clerk"))
    assert services.releases.approve(draft, seen, "", actor("general_manager")).new


def test_a_note_is_needed_and_what_is_submitted_can_be_sent_back(services: Services, actor: People) -> None:
    draft = begun(services, actor("owner"))
    with pytest.raises(Invalid):
        services.releases.submit(draft, " ", actor("owner"))
    services.releases.submit(draft, "原因", actor("owner"))
    with pytest.raises(Conflict):  # nobody edits what somebody is looking at
        changed(services, draft, DEADLINES, "PT10M", "PT9M", actor("owner"))
    with pytest.raises(Invalid):
        services.releases.reject(draft, "", actor("manager"))
    services.releases.reject(draft, "太短", actor("manager"))
    row = services.drafts.open(draft, actor("owner"))
    assert (row.state, row.decision_note, row.decided_by) == ("editing", "太短", "manager")
    titles = [one.title_zh for one in db.session.query(Notification)]
    assert any("待审批" in title for title in titles)
    assert any("退回" in title for title in titles)


def test_an_approver_releases_only_what_was_seen(services: Services, actor: People) -> None:
    first, second = begun(services, actor("owner")), services.drafts.create("另一个", actor("owner"))
    changed(services, second, COMPLAINT, "workdays(5)", "workdays(4)", actor("owner"))
    services.releases.submit(second, "原因", actor("owner"))
    seen = services.releases.digest(second)
    released(services, first, actor("owner"), actor("manager"))
    with pytest.raises(Conflict):
        services.releases.approve(second, seen, "", actor("manager"))
    assert services.releases.approve(second, services.releases.digest(second), "", actor("manager")).new
    running = services.drafts.deployed()
    assert b"PT10M" in running[DEADLINES]  # the other one's file was not taken back
    assert b"workdays(4)" in running[COMPLAINT]


def test_two_change_sets_of_one_file_end_in_a_conflict_that_is_settled(services: Services, actor: People) -> None:
    owner, manager = actor("owner"), actor("manager")
    first, second = begun(services, owner), begun(services, owner, "PT24H", "PT20H")
    released(services, first, owner, manager)
    with pytest.raises(Conflict) as conflict:
        services.releases.submit(second, "原因", owner)
    assert conflict.value.detail["paths"] == [DEADLINES]
    stale = services.releases.stale(second)[0]
    assert any("15 分钟 → 10 分钟" in change.zh for change in stale.theirs.changes)
    with pytest.raises(Invalid):
        services.releases.rebase(second, {}, owner)
    services.releases.rebase(second, {DEADLINES: "mine"}, owner)
    released(services, second, owner, manager)
    assert b"PT20H" in services.drafts.deployed()[DEADLINES]
    third = begun(services, owner, "PT20H", "PT19H")
    fourth = begun(services, owner, "PT20H", "PT18H")
    released(services, fourth, owner, manager)
    services.releases.rebase(third, {DEADLINES: "theirs"}, owner)
    assert services.drafts.files(third) == []


def test_a_change_set_with_an_error_is_refused_and_changes_nothing(services: Services, actor: People) -> None:
    draft = services.drafts.create("坏的", actor("owner"))
    changed(services, draft, COMPLAINT, "workdays(5)", "workdays(", actor("owner"))
    findings = [one for one in services.releases.check(draft) if one.severity == "error"]
    assert findings
    assert findings[0].file == COMPLAINT
    services.releases.submit(draft, "原因", actor("owner"))
    latest = services.definitions.latest_id()
    with pytest.raises(Refused):
        services.releases.approve(draft, services.releases.digest(draft), "", actor("manager"))
    assert services.definitions.latest_id() == latest


def test_a_way_back_is_a_new_deployment_with_the_earlier_files(services: Services, actor: People) -> None:
    first = services.definitions.latest_id()
    assert first is not None
    before = services.drafts.deployed()
    draft = begun(services, actor("owner"))
    second = released(services, draft, actor("owner"), actor("manager"))
    with pytest.raises(Invalid):
        services.releases.roll_back(first, "", actor("manager"))
    with pytest.raises(NotAllowed):
        services.releases.roll_back(first, "出错", actor("clerk"))
    back = services.releases.roll_back(first, "出错了", actor("manager"))
    assert services.drafts.deployed() == before
    row = db.session.get(Deployment, back.deployment_id)
    assert row is not None
    assert (row.source, row.restores_id, row.note) == ("rollback", first, "出错了")
    with pytest.raises(Conflict):
        services.releases.roll_back(first, "再来", actor("manager"))
    assert services.releases.roll_back(second, "还是新的好", actor("director")).new


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the shipped processes and forms that a test may change."""
    for folder in ("processes", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / "tree" / folder)
    return tmp_path / "tree"


def test_a_restart_never_takes_a_release_back(services: Services, actor: People, tree: Path) -> None:
    assert services.definitions.deploy(tree, SYSTEM).new == {}
    deployed = released(services, begun(services, actor("owner")), actor("owner"), actor("manager"))
    assert services.definitions.deploy(tree, SYSTEM, "make run").deployment_id == deployed  # the tree is unchanged
    form = tree / "forms" / "withdrawal.json"
    form.write_text(form.read_text(encoding="utf-8").replace("撤回", "撤销", 1), encoding="utf-8")
    later = services.definitions.deploy(tree, SYSTEM, "make run")
    row = db.session.get(Deployment, later.deployment_id)
    assert row is not None
    assert row.source == "tree"
    assert str(deployed) in row.note  # it says that it replaces the studio's release
    assert services.definitions.deploy(tree, SYSTEM, "make run").deployment_id == later.deployment_id


def test_a_bundle_goes_out_to_files_and_comes_back_the_same(services: Services, actor: People, tmp_path: Path) -> None:
    draft = begun(services, actor("owner"))
    deployed = released(services, draft, actor("owner"), actor("manager"))
    files = services.definitions.files(deployed)
    packed = pack(files)
    assert packed == pack(dict(reversed(files.items())))
    zipfile.ZipFile(io.BytesIO(packed)).extractall(tmp_path / "out")
    out = read_files(tmp_path / "out")
    assert digest_of(out) == digest_of(files)
    assert services.definitions.deploy(tmp_path / "out", SYSTEM).new == {}
    assert {path for path, data in out.items() if data != (ROOT / path).read_bytes()} == {DEADLINES}
    assert unpack(packed) == (files, ())
