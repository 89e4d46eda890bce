"""Change sets: what is edited is kept with its revision, and nobody overwrites anybody silently."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from app.facts import SYSTEM, Actor
from app.services.definitions import check_files
from app.services.drafts import Drafts
from app.store.base import db
from app.store.models import Audit
from app.wiring import Services
from app.wiring import services as current_services
from tests.conftest import ROOT

FORM = "forms/verification.json"
DIAGRAM = "processes/enquiry/enquiry.bpmn"
OWNER = Actor(1, "owner", frozenset({"owner"}))
OTHER = Actor(2, "second_owner", frozenset({"owner"}))
NAMES = ("试用", "Trial")


@pytest.fixture
def drafts(any_app: Flask) -> Drafts:
    return current_services().drafts


def edited(drafts: Drafts, path: str = FORM) -> bytes:
    return (ROOT / path).read_bytes().replace(b"\n", b"\n ", 1)


def test_a_file_is_read_as_deployed_until_it_is_saved(drafts: Drafts) -> None:
    draft = drafts.create("  核实表单\n调整 ", OWNER)
    assert drafts.open(draft, OWNER).title == "核实表单 调整"
    assert drafts.read(draft, FORM) == ((ROOT / FORM).read_bytes(), 0)
    assert drafts.files(draft) == []
    assert drafts.save(draft, FORM, edited(drafts), 0, OWNER) == 1
    assert drafts.save(draft, FORM, edited(drafts), 1, OWNER) == 1, "the same text again is no change"
    assert drafts.read(draft, FORM) == (edited(drafts), 1)
    (info,) = drafts.files(draft)
    assert (info.path, info.kind, info.change, info.changed_by) == (FORM, "form", "changed", "owner")
    assert drafts.bundle(draft)[FORM] == edited(drafts)
    assert drafts.bundle(draft)[DIAGRAM] == (ROOT / DIAGRAM).read_bytes()
    assert drafts.deployed()[FORM] == (ROOT / FORM).read_bytes(), "what runs is not touched"


def test_who_saves_on_an_old_revision_is_told_who_was_first_and_gets_both_texts(drafts: Drafts) -> None:
    draft = drafts.create("两人同改", OWNER)
    drafts.save(draft, FORM, edited(drafts), 0, OWNER)
    mine = b'{"type": "default", "components": []}'
    with pytest.raises(Conflict) as conflict:
        drafts.save(draft, FORM, mine, 0, OTHER)
    detail = conflict.value.detail
    assert (detail["by"], detail["revision"]) == ("owner", 1)
    assert detail["theirs"].encode() == edited(drafts)
    assert detail["at"] == drafts.files(draft)[0].changed_at
    assert drafts.read(draft, FORM) == (edited(drafts), 1)
    assert drafts.save(draft, FORM, mine, 1, OTHER) == 2, "having seen it, the other may decide"


def test_of_two_who_save_at_once_one_is_kept_and_one_is_told(any_app: Flask, drafts: Drafts) -> None:
    draft = drafts.create("同时", OWNER)
    answers: list[object] = []
    start = threading.Barrier(2)

    def save(number: int) -> None:
        with any_app.app_context():
            start.wait()
            try:
                answers.append(drafts.save(draft, FORM, b'{"components": [%d]}' % number, 0, OWNER))
            except Conflict as conflict:
                answers.append(conflict)

    threads = [threading.Thread(target=save, args=(number,)) for number in (1, 2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "int"]


def test_new_files_are_sound_and_come_and_go(drafts: Drafts) -> None:
    draft = drafts.create("新增", OWNER)
    paths = [drafts.add(draft, kind, f"trial_{kind}", NAMES, "客服专员", OWNER) for kind in
             ("process", "decision", "form")]
    assert paths == ["processes/trial_process/trial_process.bpmn", "processes/decisions/trial_decision.dmn",
                     "forms/trial_form.json"]
    services = current_services()
    findings = check_files(drafts.bundle(draft), services.registry, services.register)
    assert not [one for one in findings if one.file in paths and one.severity != "info"]
    with pytest.raises(Invalid):
        drafts.add(draft, "form", "trial_form", NAMES, "", OWNER)
    with pytest.raises(Invalid) as invalid:
        drafts.add(draft, "form", "../../etc", ("", ""), "", OWNER)
    assert {error.field for error in invalid.value.errors} == {"key", "name"}
    drafts.remove(draft, "forms/trial_form.json", 1, OWNER)
    assert "forms/trial_form.json" not in {info.path for info in drafts.tree(draft)}
    with pytest.raises(NotFound):
        drafts.read(draft, "forms/trial_form.json")
    assert drafts.add(draft, "form", "trial_form", NAMES, "", OWNER)


def test_a_removed_file_is_out_of_the_bundle_until_it_is_restored(drafts: Drafts) -> None:
    draft = drafts.create("删除", OWNER)
    drafts.remove(draft, FORM, 0, OWNER)
    assert [(info.path, info.change) for info in drafts.files(draft)] == [(FORM, "removed")]
    assert FORM not in drafts.bundle(draft)
    drafts.restore(draft, FORM, 1, OWNER)
    assert drafts.files(draft) == []
    assert drafts.bundle(draft) == drafts.deployed()


def test_what_cannot_be_kept_is_refused_and_changes_nothing(services: Services) -> None:
    draft = services.drafts.create("坏文件", OWNER)
    for path, content, error in (
        ("forms/x.json", b"{", Refused),
        ("forms/x.json", b"[1]", Refused),
        ("forms/x.json", b"[" * 100_000, Refused),
        (DIAGRAM, b"<a>\n<b>", Refused),
        (DIAGRAM, b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', Refused),
        ("processes/../etc/x.bpmn", b"<a/>", Invalid),
        ("handlers/evil.py", b"{}", Invalid),
        ("/forms/x.json", b"{}", Invalid),
    ):
        with pytest.raises(error):
            services.drafts.save(draft, path, content, 0, OWNER)
    assert services.drafts.files(draft) == []


def test_a_discarded_change_set_is_read_but_no_longer_changed(drafts: Drafts) -> None:
    draft = drafts.create("不要了", OWNER)
    drafts.save(draft, FORM, edited(drafts), 0, OWNER)
    drafts.discard(draft, OWNER)
    with pytest.raises(Conflict):
        drafts.save(draft, FORM, b"{}", 1, OWNER)
    assert drafts.read(draft, FORM)[0] == edited(drafts)
    assert draft not in {row.id for row, _files in drafts.listing(OWNER)}


def test_only_owners_and_administrators_change_drafts(services: Services, actor: Callable[[str], Actor]) -> None:
    draft = services.drafts.create("权限", OWNER)
    with pytest.raises(NotAllowed):
        services.drafts.create("不行", actor("clerk"))
    with pytest.raises(NotAllowed):
        services.drafts.open(draft, actor("clerk"))
    with pytest.raises(NotAllowed):
        services.drafts.save(draft, FORM, b"{}", 0, actor("manager"))
    assert services.drafts.open(draft, actor("manager")).id == draft
    assert services.drafts.save(draft, FORM, b"{}", 0, actor("admin")) == 1


def test_everything_is_audited_with_the_digest_of_what_was_saved(services: Services) -> None:
    drafts = services.drafts
    draft = drafts.create("审计", OWNER)
    drafts.rename(draft, "审计二", OWNER)
    drafts.save(draft, FORM, edited(drafts), 0, OWNER)
    drafts.remove(draft, FORM, 1, OTHER)
    drafts.discard(draft, SYSTEM)
    rows = db.session.execute(select(Audit).where(Audit.action.like("studio:draft:%")).order_by(Audit.id)).scalars()
    told = [(row.actor, row.action.rsplit(":", 1)[1], row.subject) for row in rows]
    assert told == [("owner", "create", str(draft)), ("owner", "rename", str(draft)),
                    ("owner", "save", f"{draft}:{FORM}"), ("second_owner", "remove", f"{draft}:{FORM}"),
                    ("system", "discard", str(draft))]
