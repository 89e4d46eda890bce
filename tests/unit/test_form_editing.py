"""Editing forms field by field: what is not touched stays as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import Invalid
from app.services import form_editing as editing
from app.userforms import read_form

ROOT = Path(__file__).resolve().parents[2]
FORMS = sorted((ROOT / "forms").glob("*.json"))


def sent(form: dict[str, Any]) -> dict[str, str]:
    """Return what a browser sends of the untouched page."""
    found = {f"top.{name}": value for name, value in editing.head(form).items()}

    def take(rows: list[editing.Row]) -> None:
        for row in rows:
            for name, value in row.values.items():
                if isinstance(value, bool):
                    found[f"c.{row.place}.{name}.shown"] = "1"
                    if value:
                        found[f"c.{row.place}.{name}"] = "on"
                else:
                    found[f"c.{row.place}.{name}"] = value.replace("\n", "\r\n")
            take(row.rows)

    take(editing.rows(form))
    return found


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_that_nobody_touched_keeps_its_bytes(path: Path) -> None:
    content = path.read_bytes()
    form = editing.load(content)
    assert editing.dump(editing.apply(form, sent(form)), content) == content


def form() -> dict[str, Any]:
    return editing.load((ROOT / "forms" / "enquiry_answer.json").read_bytes())


def test_an_edited_field_is_what_the_engine_reads_and_the_unknown_stays() -> None:
    before = form()
    before["components"][5]["layout"] = {"row": "r1", "columns": 8}
    given = sent(before) | {"c.5.label": "答复", "c.5.max_length": "2000", "c.5.hide": "need_specialist = false",
                            "c.5.variable": "on", "top.name": "答复客户"}  # fmt: skip
    del given["c.5.required"]
    after = editing.apply(before, given)
    read = read_form(editing.dump(after, b"{}"), "forms/enquiry_answer.json")
    field = read.by_key["answer"].component
    assert (read.name, field.label, field.max_length) == ("答复客户", "答复", 2000)
    assert field.hide == "need_specialist = false"
    assert field.variable
    assert not field.required
    assert after["components"][5]["layout"] == {"row": "r1", "columns": 8}
    assert after["components"][:5] == before["components"][:5]


def test_options_keep_their_types_and_take_new_ones() -> None:
    given = sent(form()) | {"c.2.options": "false | 不需要 | Not needed\ntrue | 是 | Yes", "c.3.options": "marketing | 市场部\nlegal | 法务部 | Legal"}  # noqa: E501
    after = editing.apply(form(), given)
    assert after["components"][2]["values"][0] == {"label": "不需要", "value": False, "label_en": "Not needed"}
    assert after["components"][3]["values"] == [{"label": "市场部", "value": "marketing"},
                                                {"label": "法务部", "value": "legal", "label_en": "Legal"}]


def test_a_field_of_another_type_has_what_it_needs_and_nothing_else() -> None:
    given = sent(form()) | {"c.3.type": "textarea", "c.5.type": "select", "c.6.type": "datetime", "c.7.type": "no_such"}
    after = editing.apply(form(), given)
    read = read_form(editing.dump(after, b"{}"), "forms/enquiry_answer.json")
    kinds = [read.by_key[key].component.type for key in ("target_department", "answer", "manual_ref", "solved")]
    assert kinds == ["textarea", "select", "datetime", "radio"]
    assert "values" not in after["components"][3]
    assert after["components"][5]["label"] == "完整解答"
    assert read.by_key["answer"].component.required
    assert read.by_key["answer"].component.options


def test_what_is_not_understood_is_told_by_its_input_and_changes_nothing() -> None:
    before = form()
    with pytest.raises(Invalid) as invalid:
        editing.apply(before, sent(before) | {"c.0.max_length": "many", "c.5.min_length": "nan"})
    assert [error.field for error in invalid.value.errors] == ["c.0.max_length", "c.5.min_length"]
    assert before == form()


def test_fields_come_move_and_go() -> None:
    edited = form()
    last = editing.add(edited, "group")
    inner = editing.add(edited, "select", last)
    assert (last, inner) == ("10", "10.0")
    assert editing.move(edited, "10", -10) == "0"
    assert edited["components"][0]["components"][0]["key"] == "field_1"
    assert editing.add(edited, "number") == "11"
    assert edited["components"][11]["key"] == "field_2", "keys are told apart over the whole form"
    assert editing.move(edited, "11", 5) == "11", "the last one stays where it is"
    assert read_form(editing.dump(edited, b"{}"), "x").by_key["field_1"].component.options
    editing.remove(edited, "0")
    assert [one.get("key") for one in edited["components"]][:-1] == [one.get("key") for one in form()["components"]]


@pytest.mark.parametrize("place", ["99", "-1", "0.0", "x", ""])
def test_a_field_that_is_gone_is_told(place: str) -> None:
    with pytest.raises(Invalid):
        editing.remove(form(), place)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"components": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_form_is_told(content: bytes) -> None:
    with pytest.raises(Invalid):
        editing.load(content)


def test_components_that_are_no_objects_are_left_alone() -> None:
    odd: dict[str, Any] = {"components": ["text", {"type": "unknown", "key": 1}, {"type": "group", "components": 5}]}
    assert editing.apply(odd, sent(odd)) == odd
    assert json.loads(editing.dump(odd, b"")) == odd
