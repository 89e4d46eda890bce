"""The studio's pages and what its editors ask the server."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.facts import Actor
from app.wiring import Services
from app.wiring import services as current
from tests.conftest import ROOT
from tests.web.pages import Browser

OWNER = Actor(1, "owner", frozenset({"owner"}))
OTHER = Actor(2, "admin", frozenset({"admin"}))
DIAGRAM = "processes/enquiry/enquiry.bpmn"
DEADLINES = "processes/decisions/deadlines.dmn"
FORM = "forms/enquiry_answer.json"


@pytest.fixture
def owner(app: Flask) -> Browser:
    return Browser(app, "owner")


@pytest.fixture
def draft(services: Services) -> int:
    return services.drafts.create("试改", OWNER)


def changed(tmp_path: Path, services: Services, note: str) -> None:
    """Deploy the shipped files with another deadline, as a release does."""
    for folder in ("processes", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / "tree" / folder)
    table = tmp_path / "tree" / DEADLINES
    table.write_text(table.read_text("utf-8").replace("PT15M", "PT10M"), "utf-8")
    services.definitions.deploy(tmp_path / "tree", OWNER, note)


def test_definitions_are_listed_with_what_runs_on_them(app: Flask, owner: Browser) -> None:
    Browser(app, "clerk").register()
    page = owner.text("/studio")
    assert page.count("/studio/definitions/processes/") == 22
    row = page[page.index("售后个案"):]
    assert re.search(r'class="num"[^>]*>1<', row[: row.index("</tr>")])
    assert "时限表" in owner.text("/studio?kind=decision")
    forms = owner.text("/studio?kind=form")
    assert "page=2" in forms
    assert owner.text("/studio?kind=form&q=核实").count("/studio/definitions/forms/") < 5


def test_a_definition_tells_its_versions_who_released_them_why_and_what_runs_on_each(
    app: Flask, services: Services, owner: Browser, tmp_path: Path) -> None:
    Browser(app, "clerk").register()
    changed(tmp_path, services, "首次响应改为十分钟")
    Browser(app, "clerk").register(name="李娜", phone="13900139000")
    versions = services.studio.releases(DEADLINES)
    assert [(one.number, one.running, one.current, one.by) for one in versions] == [
        (2, 1, True, "owner"), (1, 1, False, "system")]  # fmt: skip
    assert any("v2" in name for name in versions[0].on)
    page = owner.text(f"/studio/definitions/{DEADLINES}")
    assert "首次响应改为十分钟" in page
    assert "秦海涛" in page
    released = versions[0].deployment_id
    assert owner.get(f"/studio/files/{released}/{DEADLINES}").data == (tmp_path / "tree" / DEADLINES).read_bytes()
    assert owner.get(f"/studio/files/1/{DEADLINES}?download").headers["Content-Disposition"].endswith('"deadlines.dmn"')


def test_a_change_set_names_what_somebody_released_anew(services: Services, owner: Browser, tmp_path: Path,
                                                        draft: int) -> None:
    content = (ROOT / DEADLINES).read_bytes().replace(b"PT15M", b"PT20M")
    services.drafts.save(draft, DEADLINES, content, 0, OWNER)
    changed(tmp_path, services, "先一步")
    assert services.drafts.outdated(draft) == [DEADLINES]
    assert "他人已重新发布" in owner.text(f"/studio/drafts/{draft}")


@pytest.mark.parametrize("path", [DIAGRAM, DEADLINES, FORM])
def test_every_kind_is_viewed_and_edited(owner: Browser, draft: int, path: str) -> None:
    assert "v1" in owner.text(f"/studio/versions/1/{path}")
    answer = owner.get(f"/studio/drafts/{draft}/edit/{path}")
    policy = answer.headers["Content-Security-Policy"]
    assert ("'unsafe-inline'" in policy) == path.endswith(".dmn")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert owner.get(f"/studio/drafts/{draft}/content/{path}").headers["X-Revision"] == "0"


def test_the_vocabulary_offers_what_the_bundle_and_the_register_know(owner: Browser, draft: int) -> None:
    words = owner.get(f"/studio/drafts/{draft}/vocabulary/{DIAGRAM}").get_json()
    assert ["clerk", "客服专员", "Service clerk"] in words["groups"]
    assert {"enquiry_answer"} <= {row[0] for row in words["forms"]}
    notify = next(one for one in words["operations"] if one["name"] == "notify")
    assert (notify["zh"], notify["kind"], notify["open"]) == ("通知", "effect", True)
    assert {"name": "to", "types": ["list", "string"], "required": True} in notify["parameters"]
    assert "need_specialist" in words["variables"]
    assert {"in", "out"} == set(words["interfaces"]["complaint"])
    outputs = {one["id"]: one["outputs"] for one in words["decisions"]}
    assert ["first_response", "首次响应"] in outputs["deadlines"]
    assert words["texts"]["Everything is saved"] == "已全部保存"


def test_an_expression_is_judged_with_the_place_of_its_mistake(owner: Browser) -> None:
    for text, kind, position in (
        ("1 + ", "condition", 4), ("1 + 1", "condition", 0), ('due("first_answer")', "timeDate", 5),
        ('"PT4X"', "timeDuration", None), ("a = 1\nb = a +", "script", 13), ("import os", "any", 7),
    ):  # fmt: skip
        found = post(owner, "/studio/expression", {"text": text, "kind": kind}).get_json()
        assert (found["ok"], found["position"]) == (False, position), text
        assert re.search("[一-鿿]", found["message"]), text
    for text, kind in (("need_specialist = true", "condition"), ('due("first_response")', "timeDate"),
                       ('after("PT24H")', "timeDate"), ("a = 1", "script"), ('"P1","P2"', "unary")):  # fmt: skip
        assert post(owner, "/studio/expression", {"text": text, "kind": kind}).get_json()["ok"], text
    assert post(owner, "/studio/expression", {"text": "1", "kind": "no_such"}).status_code == 422


def post(browser: Browser, path: str, body: Any) -> Any:
    return browser._send("POST", path, json=body)


def worse(answer: Any) -> list[dict[str, Any]]:
    """Return the findings that are more than a note."""
    return [one for one in answer.get_json()["findings"] if one["severity"] != "info"]


def test_a_diagram_is_checked_as_it_is_edited_with_the_bundle_around_it(owner: Browser, draft: int) -> None:
    text = (ROOT / DIAGRAM).read_text("utf-8")
    url = f"/studio/drafts/{draft}/check/{DIAGRAM}"
    assert worse(post(owner, url, {"content": text})) == []
    broken = text.replace('name="form" value="enquiry_answer"', 'name="form" value="gone"')
    (found,) = worse(post(owner, url, {"content": broken}))
    assert (found["rule"], found["element"]) == ("unknown_form", "answer_enquiry")
    (found,) = post(owner, url, {"content": "<a>\n<b>"}).get_json()["findings"]
    assert found["line"] == 2


def test_a_table_is_checked_for_gaps_and_overlaps(owner: Browser, draft: int) -> None:
    path = "processes/decisions/warranty.dmn"
    text = (ROOT / path).read_text("utf-8").replace('"misunderstanding"</text>', '"misuse"</text>', 1)
    found = post(owner, f"/studio/drafts/{draft}/check/{path}", {"content": text}).get_json()["findings"]
    assert {one["rule"] for one in found} & {"decision_gap", "decision_overlap", "decision_bad_cell"}


def test_a_form_is_checked_with_its_expressions_and_clauses(owner: Browser, draft: int) -> None:
    text = (ROOT / FORM).read_text("utf-8").replace("=need_specialist = true", "=need_specialist == true")
    found = post(owner, f"/studio/drafts/{draft}/check/{FORM}", {"content": text}).get_json()["findings"]
    assert any(one["severity"] == "error" and one["element"] == "answer" for one in found)


def test_tidying_draws_anew_and_keeps_what_the_diagram_says(owner: Browser, draft: int) -> None:
    path = "processes/shipping/shipping.bpmn"
    text = (ROOT / path).read_text("utf-8").replace('<dc:Bounds x="', '<dc:Bounds x="9')
    tidy = post(owner, f"/studio/drafts/{draft}/tidy/{path}", {"content": text}).get_json()["content"]
    assert tidy == (ROOT / path).read_text("utf-8")
    assert current().drafts.files(draft) == []


def test_saving_says_who_was_first_and_shows_both(owner: Browser, draft: int) -> None:
    url, text = f"/studio/drafts/{draft}/save/{FORM}", (ROOT / FORM).read_text("utf-8")
    assert post(owner, url, {"content": text + "\n", "revision": 0}).get_json() == {"revision": 1}
    answer = post(owner, url, {"content": text + "\n\n", "revision": 0})
    assert answer.status_code == 409
    found = answer.get_json()
    assert (found["by"], found["revision"], found["theirs"]) == ("秦海涛", 1, text + "\n")


def test_a_bad_body_is_told_and_changes_nothing(owner: Browser, draft: int) -> None:
    for body in (None, [], {}, {"content": 1, "revision": 0}, {"content": "{}", "revision": "0"},
                 {"content": "{}", "revision": True}, {"revision": 0}):
        answer = post(owner, f"/studio/drafts/{draft}/save/{FORM}", body)
        assert answer.status_code == 422, body
        assert answer.get_json()["message"]
    assert current().drafts.files(draft) == []


def test_no_other_file_is_reached(owner: Browser, draft: int) -> None:
    for path in ("processes/../config.py", "handlers/notify.py", "forms/none.json", "etc/passwd"):
        for url in (f"/studio/drafts/{draft}/edit/{path}", f"/studio/drafts/{draft}/content/{path}",
                    f"/studio/files/1/{path}", f"/studio/versions/1/{path}", f"/studio/definitions/{path}"):
            assert owner.get(url).status_code == 404, url


def test_managers_read_and_others_stay_out(app: Flask, draft: int) -> None:
    manager, clerk = Browser(app, "manager"), Browser(app, "clerk")
    assert "只读" in manager.text(f"/studio/drafts/{draft}/edit/{DIAGRAM}")
    assert "<table" in manager.text(f"/studio/drafts/{draft}/edit/{DEADLINES}")
    assert post(manager, f"/studio/drafts/{draft}/save/{FORM}", {"content": "{}", "revision": 0}).status_code == 403
    assert clerk.get("/studio").status_code == 403
    assert "/studio" not in clerk.text("/cases")


def test_a_change_set_is_begun_filled_and_given_up_on_its_pages(owner: Browser) -> None:
    assert owner.post("/studio/drafts", title=" ").status_code == 422
    where = owner.post("/studio/drafts", title="备件召回").location
    draft = int(where.rsplit("/", 1)[1])
    bad = owner.post(f"{where}/add", kind="process", key="Recall!", name="")
    assert bad.status_code == 422
    assert "小写字母" in bad.get_data(as_text=True)
    editor = owner.post(f"{where}/add", kind="process", key="part_recall", name="备件召回", lane="库房").location
    assert editor.endswith("/edit/processes/part_recall/part_recall.bpmn")
    assert "备件召回" in owner.text(where)
    assert 'name="库房"' in owner.text(editor.replace("/edit/", "/content/"))
    owner.post(f"{where}/remove/{FORM}", revision="0")
    assert "已移出" in owner.text(where)
    owner.post(f"{where}/restore/{FORM}", revision="1")
    assert [one.change for one in current().drafts.files(draft)] == ["added"]
    owner.post(f"{where}/rename", title="备件召回二")
    owner.post(f"{where}/discard")
    assert "备件召回二" in owner.text("/studio/drafts?state=closed")
    assert "备件召回二" not in owner.text("/studio/drafts")


def test_editing_a_definition_opens_it_in_a_change_set(owner: Browser, draft: int) -> None:
    assert f"/studio/drafts/{draft}/edit/{DIAGRAM}" in owner.post(f"/studio/edit/{DIAGRAM}", draft=str(draft)).location
    fresh = owner.post(f"/studio/edit/{DIAGRAM}").location
    assert f"/studio/drafts/{draft + 1}/edit/" in fresh
    assert owner.post("/studio/edit/processes/none/none.bpmn").status_code == 404


def test_the_form_editor_adds_moves_and_keeps_what_was_typed_when_somebody_was_first(
    owner: Browser, services: Services, draft: int) -> None:
    url = f"/studio/drafts/{draft}/form/{FORM}"
    assert owner.post(url, {"revision": "0", "_action": "add:", "_type.": "textarea"}).location.endswith("#field-10")
    moved = owner.post(url, {"revision": "1", "_action": "up:10", "c.10.label": "补充说明"})
    assert moved.location.endswith("#field-9")
    services.drafts.save(draft, FORM, (ROOT / FORM).read_bytes(), 2, OTHER)
    answer = owner.post(url, {"revision": "2", "_action": "save", "top.name": "答复客户的咨询"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "答复客户的咨询" in text
    assert "何子安" in text
    assert 'name="revision" value="3"' in text
    assert services.drafts.read(draft, FORM)[0] == (ROOT / FORM).read_bytes()
    assert owner.post(url, {"revision": "3", "top.name": "答复客户的咨询"}).status_code == 302
    assert "答复客户的咨询" in owner.text(f"/studio/drafts/{draft}")


def test_a_number_that_is_none_is_told_at_its_field(owner: Browser, draft: int) -> None:
    answer = owner.post(f"/studio/drafts/{draft}/form/{FORM}", {"revision": "0", "c.5.max_length": "很多"})
    assert answer.status_code == 422
    assert 'name="c.5.max_length" value="很多"' in answer.get_data(as_text=True)


def test_the_preview_shows_every_field_in_the_readers_language(owner: Browser, draft: int) -> None:
    page = owner.text(f"/studio/drafts/{draft}/preview/{FORM}")
    for label in ("问题", "是否需专业部门", "转交部门", "完整解答"):
        assert label in page
    assert "<html" in owner.text(f"/studio/drafts/{draft}/preview/{FORM}?page=1")


def test_the_scripts_say_nothing_that_the_server_has_no_words_for() -> None:
    from app.web.studio.texts import TEXTS

    said: set[str] = set()
    for script in (ROOT / "app/web/static/js/studio").glob("*.js"):
        said |= set(re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', script.read_text("utf-8")))
    assert said == set(TEXTS)


def test_the_list_of_definitions_takes_a_few_statements(owner: Browser) -> None:
    from sqlalchemy import event

    from app.store.base import db

    statements: list[str] = []
    owner.text("/studio?kind=form")
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    owner.text("/studio?kind=form")
    assert len(statements) < 25


def test_a_text_that_is_no_unicode_is_refused(app: Flask, owner: Browser, draft: int) -> None:
    body = b'{"content": "\\ud800", "revision": 0}'
    answer = owner._send("POST", f"/studio/drafts/{draft}/save/{FORM}", data=body, content_type="application/json")
    assert answer.status_code == 422
