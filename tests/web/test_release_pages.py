"""Releasing in the browser: differences, findings, drift, the decision, the way back, files in and out, the sandbox."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from app.facts import SYSTEM
from app.store.base import db
from app.store.models import Case, Instance
from app.wiring import services
from tests.web.api_client import Api
from tests.web.pages import Browser

FIXTURES = Path(__file__).resolve().parent.parent / "unit" / "fixtures" / "foreign"
DEADLINES = "processes/decisions/deadlines.dmn"
ENQUIRY = "processes/enquiry/enquiry.bpmn"


def draft_of(path: str, old: str, new: str, username: str = "owner") -> int:
    """Return a change set of one text, made by a user."""
    who = next(services().people.actor_of(one.id) for one in services().people.users() if one.username == username)
    draft = services().drafts.create("缩短时限", who)
    content, revision = services().drafts.read(draft, path)
    assert old.encode() in content
    services().drafts.save(draft, path, content.replace(old.encode(), new.encode(), 1), revision, who)
    return draft


def digest_on(page: str) -> str:
    """Return what the approver was shown."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_a_deadline_is_shortened_shown_submitted_approved_and_taken_back(app: Flask) -> None:
    owner, manager = Browser(app, "owner"), Browser(app, "manager")
    draft = draft_of(DEADLINES, "PT15M", "PT10M")
    page = owner.text(f"/studio/drafts/{draft}/changes")
    assert "15 分钟 → 10 分钟" in page
    assert "比制度更严" in page
    assert owner.post(f"/studio/drafts/{draft}/submit", note="").status_code == 422
    assert owner.post(f"/studio/drafts/{draft}/submit", note="客户等得太久").status_code == 302
    assert "须由他人审批" in owner.text(f"/studio/drafts/{draft}/changes") or "name=\"seen\"" not in page
    assert owner.post(f"/studio/drafts/{draft}/decision", decision="approve", seen="x").status_code == 403
    shown = manager.text(f"/studio/drafts/{draft}/changes")
    answer = manager.post(f"/studio/drafts/{draft}/decision", decision="approve", seen=digest_on(shown), note="好")
    assert answer.status_code == 302
    history = manager.text("/studio/releases")
    assert "客户等得太久" in history
    running = services().definitions.latest_id()
    release = manager.text(f"/studio/releases/{running}")
    assert "15 分钟 → 10 分钟" in release
    assert manager.post("/studio/releases/1/rollback", reason="").status_code == 422
    assert manager.post("/studio/releases/1/rollback", reason="客户投诉").status_code == 302
    assert b"PT10M" not in services().drafts.deployed()[DEADLINES]


def test_a_rule_is_shown_cell_by_cell_and_a_field_before_and_after(app: Flask) -> None:
    owner = Browser(app, "owner")
    page = owner.text(f"/studio/drafts/{draft_of(DEADLINES, 'PT15M', 'PT10M')}/compare/{DEADLINES}")
    assert "<del>15 分钟</del> <ins>10 分钟</ins>" in page
    draft = draft_of("forms/withdrawal.json", '"撤回', '"收回')
    assert "收回" in owner.text(f"/studio/drafts/{draft}/compare/forms/withdrawal.json")
    english = owner.get(f"/studio/drafts/{draft}/compare/forms/withdrawal.json", headers={"Accept-Language": "en"})
    assert english.status_code == 200


def test_a_diagram_is_shown_on_both_sides_with_what_was_found(app: Flask) -> None:
    owner = Browser(app, "owner")
    draft = draft_of(ENQUIRY, 'name="form" value="enquiry_answer"', 'name="form" value="no_such_form"')
    page = owner.text(f"/studio/drafts/{draft}/compare/{ENQUIRY}")
    assert 'data-side="before"' in page
    assert 'data-severity="error"' in page
    before = owner.get(f"/studio/drafts/{draft}/side/before/{ENQUIRY}").data
    assert before == services().drafts.deployed()[ENQUIRY]
    assert owner.get(f"/studio/drafts/{draft}/side/nowhere/{ENQUIRY}").status_code == 404
    assert owner.get(f"/studio/drafts/{draft}/compare/processes/none/none.bpmn").status_code == 404


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF-")])
def test_a_diagram_is_taken_out_as_a_picture_with_its_chinese_words(app: Flask, form: str, begins: bytes) -> None:
    answer = Browser(app, "manager").get(f"/studio/releases/1/picture/{form}/{ENQUIRY}")
    assert answer.data.startswith(begins)
    assert "attachment" in answer.headers["Content-Disposition"]
    if form == "svg":
        assert "客户" in answer.data.decode()
    assert Browser(app, "manager").get(f"/studio/releases/1/picture/gif/{ENQUIRY}").status_code == 404


def test_a_bundle_is_taken_out_and_imported_again_without_a_difference(app: Flask) -> None:
    owner = Browser(app, "owner")
    packed = owner.get("/studio/releases/1/bundle.zip").data
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert names == sorted(services().drafts.deployed())
    answer = owner.post("/studio/import", file=(io.BytesIO(packed), "bundle.zip"))
    assert answer.status_code == 302
    assert "没有差异" in owner.text(answer.headers["Location"])


def test_diagrams_made_elsewhere_are_kept_drawn_and_told_what_they_lack(app: Flask) -> None:
    owner = Browser(app, "owner")
    for path in sorted(FIXTURES.glob("*.bpmn")):
        answer = owner.post("/studio/import", file=(io.BytesIO(path.read_bytes()), path.name))
        assert answer.status_code == 302, answer.get_data(as_text=True)
        page = owner.text(answer.headers["Location"])
        assert 'data-side="after"' in page, path.name
        assert "检查结果" in page
        picture = owner.get(answer.headers["Location"].replace("/compare/", "/picture/svg/"))
        nothing_drawn = path.stem in {"nothing_at_all", "empty_process", "without_ids"}
        assert picture.status_code == (404 if nothing_drawn else 200), path.name
        assert nothing_drawn or picture.data.count(b"<") > 8, path.name


def test_an_imported_file_stays_available_as_it_came(app: Flask) -> None:
    """What is kept is in UTF-8 and drawn, and may be edited; the file from elsewhere is not lost by that."""
    owner = Browser(app, "owner")
    for name in ("no_drawing.bpmn", "sixteen_bits.bpmn", "with_a_mark.bpmn"):
        given = (FIXTURES / name).read_bytes()
        place = owner.post("/studio/import", file=(io.BytesIO(given), name)).headers["Location"]
        draft, path = int(place.split("/")[3]), place.split("/compare/")[1]
        content, revision = services().drafts.read(draft, path)
        assert content != given
        services().drafts.save(draft, path, content + b"\n", revision, SYSTEM)
        assert owner.get(f"/studio/drafts/{draft}/content/{path}?original=1&download=1").data == given
        assert "original=1" in owner.text(f"/studio/drafts/{draft}/edit/{path}")
    draft = draft_of(DEADLINES, "PT15M", "PT10M")
    assert owner.get(f"/studio/drafts/{draft}/content/{DEADLINES}?original=1").status_code == 404


def test_what_an_editor_would_not_keep_of_a_file_is_said_in_words(app: Flask) -> None:
    owner, given = Browser(app, "owner"), (FIXTURES / "two_diagrams.bpmn").read_bytes()
    place = owner.post("/studio/import", file=(io.BytesIO(given), "two_diagrams.bpmn")).headers["Location"]

    def lost(text: str) -> list[str]:
        answer = owner.post(place.replace("/compare/", "/lost/"), json={"content": text})
        return list(answer.get_json()["lost"])

    text = given.decode()
    assert lost(text) == []
    assert lost(text.replace(' expressionLanguage="http://www.w3.org/1999/XPath"', "")) == [], "that is its default"
    assert "Goods came back" in lost(text.replace('<startEvent id="s2" name="Goods came back"/>', ""))[0]
    assert lost(text.replace('bpmnElement="t1"', 'bpmnElement="t9"')) == ["任务“Pack”：不再画在图上"]
    without = text[: text.index('<bpmndi:BPMNEdge id="stray_di">')] + text[text.index("</bpmndi:BPMNPlane>"):]
    assert lost(without) == ["不代表任何元素的图形：不再画在图上"]


def test_hostile_and_broken_files_are_refused_and_nothing_is_kept(app: Flask) -> None:
    files = [
        ("a.bpmn", b"<definitions"),
        ("a.bpmn", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        ("a.bpmn", '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16")),
        ("a.xml", b"<html/>"),
        ("a.json", b'{"a": '),
        ("a.json", b'{"a": 1}'),
        ("a.zip", b"PK\x03\x04broken"),
        ("a.bpmn", b""),
        ("a.bpmn", b"\x00\x01\x02"),
    ]
    owner = Browser(app, "owner")
    for name, content in files:
        answer = owner.post("/studio/import", file=(io.BytesIO(content), name))
        assert answer.status_code == 422, content
        assert "文件被拒绝" in answer.get_data(as_text=True)
    assert services().drafts.count(("editing",)) == 0


def test_an_archive_that_unpacks_without_end_or_climbs_out_is_refused(app: Flask) -> None:
    bomb, climbing = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(12):
            archive.writestr(f"processes/a/a{number}.bpmn", b" " * 5_000_000)
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("processes/../../etc/a.bpmn", b"<x/>")
    owner = Browser(app, "owner")
    for content in (bomb, climbing):
        content.seek(0)
        assert owner.post("/studio/import", file=(content, "x.zip")).status_code == 422


def test_a_case_is_tried_in_a_sandbox_that_touches_nothing_real(app: Flask) -> None:
    owner = Browser(app, "owner")
    before = db.session.query(Case).count()
    draft = draft_of(DEADLINES, "PT15M", "PT10M")
    assert "试运行" in owner.text(f"/studio/drafts/{draft}/try")
    begun = owner.post(f"/studio/drafts/{draft}/try", what="case", type="complaint", severity="general", urgency="low")
    assert begun.status_code == 302, begun.get_data(as_text=True)
    page = owner.text(f"/studio/drafts/{draft}/try")
    task = re.search(rf"/studio/drafts/{draft}/try/tasks/([0-9a-f-]+)", page)
    assert task is not None
    form = owner.text(task[0])
    assert "沙箱" in form
    assert owner.post(task[0], {}).status_code == 422
    clock = re.search(r'<time class="mono" datetime="([^"]+)"', page)
    assert owner.post(f"/studio/drafts/{draft}/try/move", what="next").status_code == 302
    moved = owner.text(f"/studio/drafts/{draft}/try")
    later = re.search(r'<time class="mono" datetime="([^"]+)"', moved)
    assert clock is not None
    assert later is not None
    assert clock[1] < later[1]
    assert (db.session.query(Case).count(), db.session.query(Instance).count()) == (before, 0)
    assert owner.post(f"/studio/drafts/{draft}/try/move", what="end").status_code == 302
    assert task[0] not in owner.text(f"/studio/drafts/{draft}/try")
    assert owner.get(task[0]).status_code == 404


def test_what_does_not_pass_the_lint_cannot_be_tried_and_is_told_why(app: Flask) -> None:
    draft = draft_of(ENQUIRY, 'name="form" value="enquiry_answer"', 'name="form" value="no_such_form"')
    answer = Browser(app, "owner").post(f"/studio/drafts/{draft}/try", what="case", type="consultation")
    assert answer.status_code == 422
    assert "no_such_form" in answer.get_data(as_text=True)


def test_who_has_no_part_in_releasing_finds_no_page_of_it(app: Flask) -> None:
    draft = draft_of(DEADLINES, "PT15M", "PT10M")
    clerk = Browser(app, "clerk")
    for path in (f"/studio/drafts/{draft}/changes", "/studio/releases", "/studio/import", f"/studio/drafts/{draft}/try",
                 "/studio/releases/1/bundle.zip"):
        assert clerk.get(path).status_code == 403
    assert Api(app, "clerk").register()["number"]
