"""A user-task form on a page: drawn, filled in without JavaScript, and bound to the same rules as the API."""

import io
import json
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel

from app.engine import feel
from app.userforms import FormContext, read_form
from app.userforms.wtf import build_form

ROOT = Path(__file__).parents[2]
PAGE = '{% import "forms/_fields.html" as f with context %}{{ f.errors(form) }}{{ f.fields(form, "/fields") }}'
YES_NO = [{"label": "是", "value": True, "label_en": "Yes"}, {"label": "否", "value": False, "label_en": "No"}]
SAMPLE = {
    "id": "sample",
    "name": "样表",
    "components": [
        {
            "type": "textfield",
            "key": "order",
            "label": "订单",
            "properties": {"readonly": "true", "prefill": "order_no"},
        },
        {"type": "textfield", "key": "internal", "label": "内部", "conditional": {"hide": '=level = "P4"'}},
        {"type": "radio", "key": "ok", "label": "是否", "values": YES_NO, "validate": {"required": True}},
        {
            "type": "textarea",
            "key": "why",
            "label": "原因",
            "description": "写清楚",
            "validate": {"required": True, "minLength": 2},
            "conditional": {"hide": "=ok != false"},
        },
        {
            "type": "datetime",
            "subtype": "datetime",
            "key": "at",
            "label": "时间",
            "defaultValue": "2026-03-02T01:30:00Z",
        },
        {
            "type": "filepicker",
            "key": "photos",
            "label": "照片",
            "accept": "image/*",
            "properties": {"capture": "environment"},
        },
        {
            "type": "dynamiclist",
            "path": "items",
            "label": "明细",
            "components": [
                {"type": "textfield", "key": "name", "label": "名称", "validate": {"required": True}},
                {"type": "filepicker", "key": "proof", "label": "凭证"},
            ],
        },
    ],
}
FORM = read_form(json.dumps(SAMPLE).encode(), "forms/sample.json")


@pytest.fixture(scope="module")
def app():
    app = Flask("pages", template_folder=str(ROOT / "app/web/templates"))
    app.secret_key = "for this test"
    app.config["WTF_CSRF_ENABLED"] = False
    Babel(app)
    return app


def context(**variables):
    return FormContext(
        {"order_no": "A-1", **variables}, lambda text, names: feel.evaluate(text, names), lambda _id: True
    )


def posted(app, **data):
    return app.test_request_context("/", method="POST", data=data, content_type="multipart/form-data")


def store(upload):
    return "new-" + upload.filename.replace(".", "-")


def test_every_question_has_a_label_its_help_and_its_mark(app):
    with app.test_request_context("/"):
        page = render_template_string(PAGE, form=build_form(FORM, context()))
    for name in re.findall(r'<(?:input|textarea|select)[^>]* id="([^"]+)"', page):
        assert f'for="{name}"' in page, name
    assert 'id="f-why-d"' in page
    assert "写清楚" in page
    assert 'value="2026-03-02T09:30"' in page
    assert 'capture="environment"' in page
    assert "A-1" in page
    assert 'name="order"' not in page
    assert re.search(r'data-key="why" data-conditional data-off', page)


def test_what_the_process_hides_is_not_drawn_at_all(app):
    with app.test_request_context("/"):
        page = render_template_string(PAGE, form=build_form(FORM, context(level="P4")))
    assert "internal" not in page


def test_labels_follow_the_language(app):
    with app.test_request_context("/"):
        page = render_template_string(PAGE, form=build_form(FORM, context(), "en"))
    assert "Yes" in page
    assert "是否" not in page


def test_a_draft_fills_the_form_again(app):
    draft = {
        "ok": False,
        "why": "坏了",
        "at": "2026-03-05T10:00",
        "photos": ["file-1"],
        "items": [{"name": "甲", "proof": ["file-2"]}],
    }
    with app.test_request_context("/"):
        form = build_form(FORM, context(), data=draft, name_of_file=lambda file_id: f"{file_id}.jpg")
        page = render_template_string(PAGE, form=form)
        assert form.raw() | {"internal": None} == {
            "internal": None,
            "ok": "false",
            "why": "坏了",
            "at": "2026-03-05T10:00",
            "photos": ["file-1"],
            "items": [{"name": "甲", "proof": ["file-2"]}],
        }
    assert "file-1.jpg" in page
    assert "file-2.jpg" in page


def test_what_was_filled_in_becomes_the_submission(app):
    with posted(app, ok="true", at="2026-03-05T10:00", why="", **{"items-0-name": "甲", "items-1-name": ""}):
        form = build_form(FORM, context())
        assert form.accepted()
        done = form.check(form.raw(store))
    assert done is not None
    assert done.data == {
        "order": "A-1",
        "internal": None,
        "ok": True,
        "at": "2026-03-05T10:00:00+08:00",
        "photos": [],
        "items": [{"name": "甲", "proof": []}],
    }


def test_errors_stand_at_their_fields_and_in_a_summary(app):
    with posted(app, ok="false", why="x", **{"items-0-name": "", "items-0-proof.kept": "file-9"}):
        form = build_form(FORM, context())
        assert form.check(form.raw()) is None
        page = render_template_string(PAGE, form=form)
    assert [place for place, _, _ in form.problems] == ["f-why", "f-items-0-name"]
    assert page.count("至少 2 个字。") == 2
    assert 'href="#f-items-0-name"' in page


def test_uploads_are_stored_once_and_stay_when_the_page_comes_back(app):
    data = {"photos": (io.BytesIO(b"1"), "a.png"), "photos.kept": "file-1", "items-0-name": "甲"}
    with posted(app, **data, **{"items-0-proof": (io.BytesIO(b"2"), "b.png")}):
        form = build_form(FORM, context())
        first = form.raw(store)
        assert first["photos"] == ["file-1", "new-a-png"]
        assert first["items"] == [{"name": "甲", "proof": ["new-b-png"]}]
        assert form.raw(lambda upload: "again") == first
        page = render_template_string(PAGE, form=form)
    assert 'name="photos.kept" value="new-a-png"' in page


def test_rows_are_added_and_removed_without_javascript(app):
    with posted(app, _add_row="items", **{"items-0-name": "甲"}):
        form = build_form(FORM, context())
        assert form.row_button()
        assert render_template_string(PAGE, form=form).count('class="row-of-fields"') == 2
    with posted(app, _remove_row="items:0", **{"items-0-name": "甲", "items-1-name": "乙"}):
        form = build_form(FORM, context())
        assert form.row_button()
        assert form.raw()["items"] == [{"name": "乙", "proof": []}]
    for junk in ({"_add_row": "ok"}, {"_remove_row": "items:x"}, {"_remove_row": "items:99"}, {"_add_row": "../x"}):
        with posted(app, **junk):
            form = build_form(FORM, context())
            form.row_button()
            assert len(form.raw()["items"]) == 0


def test_the_browser_learns_which_fields_are_hidden_now(app):
    with posted(app, ok="false"):
        assert build_form(FORM, context()).hidden_now() == {"hidden": [], "required": ["ok", "why"]}
    with posted(app, ok="true"):
        assert build_form(FORM, context()).hidden_now() == {"hidden": ["why"], "required": ["ok"]}


@pytest.mark.parametrize("path", sorted((ROOT / "forms").glob("*.json")), ids=lambda path: path.stem)
def test_every_shipped_form_can_be_drawn(app, path):
    definition = read_form(path.read_bytes(), path.name)
    with app.test_request_context("/"):
        page = render_template_string(PAGE, form=build_form(definition, context(case={}), "zh"))
    assert page.count("<fieldset") == page.count("</fieldset>")
    for found in definition.fields:
        assert found.component.readonly or f'name="{found.key}' in page or f'id="f-{found.key}"' in page or found.hides
