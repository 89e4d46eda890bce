"""Forms: what is sent becomes typed data, or errors by field; nothing undeclared and nothing hidden gets in."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine import feel
from app.errors import ExpressionError, Invalid, Refused
from app.userforms import FormContext, bind, check_form, prefilled, read_form, serve, visibility
from app.userforms.display import describe

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
YES_NO = [{"label": "是", "value": True, "label_en": "Yes"}, {"label": "否", "value": False, "label_en": "No"}]


def evaluate(text, context):
    return feel.evaluate(text, context, {"now": lambda: NOW, "today": lambda: date(2026, 3, 2)})


def names(text):
    return feel.names(feel.parse(text))


def context(**variables):
    return FormContext(variables, evaluate, lambda file_id: file_id.startswith("file"))


def form(*components, **extra):
    raw = {"id": "sample", "name": "样表", "components": list(components), **extra}
    return read_form(json.dumps(raw).encode(), "forms/sample.json")


def component(kind, key, validate=None, hide=None, properties=None, **extra):
    made = {"type": kind, "key": key, "label": key, "validate": validate or {}, "properties": properties or {}, **extra}
    if hide:
        made["conditional"] = {"hide": hide}
    return made


def errors_of(definition, raw, **variables):
    with pytest.raises(Invalid) as caught:
        bind(definition, raw, context(**variables))
    return {error.field: error for error in caught.value.errors}


def found(*components, **extra):
    raw = {"id": "sample", "name": "样表", "components": list(components), **extra}
    return {
        finding.rule: finding for finding in check_form(json.dumps(raw, indent=1).encode(), "forms/sample.json", names)
    }


REQUIRED = {"required": True}


# binding


def test_an_undeclared_field_is_refused_and_named():
    errors = errors_of(form(component("textfield", "a")), {"a": "x", "admin": True})
    assert set(errors) == {"admin"}
    assert errors["admin"].message("zh") == "表单没有这个字段。"


def test_every_error_is_told_at_once_in_both_languages():
    definition = form(component("textfield", "name", REQUIRED), component("number", "count", {"min": 1, "max": 5}))
    errors = errors_of(definition, {"count": 9})
    assert errors["name"].message("zh") == "此项必填。"
    assert errors["count"].message("en") == "At most 5."


def test_a_hidden_field_is_neither_validated_nor_stored_and_its_variable_is_null():
    definition = form(
        component("radio", "ok", REQUIRED, values=YES_NO),
        component(
            "textarea",
            "why",
            {"required": True, "minLength": 5},
            hide="=ok != false",
            properties={"variable": "true", "case": "extra.why"},
        ),
    )
    done = bind(definition, {"ok": True, "why": "x"}, context())
    assert "why" not in done.data
    assert done.variables == {"why": None}
    assert done.case_facts == {}
    assert set(errors_of(definition, {"ok": False, "why": "x"})) == {"why"}


def test_the_answer_of_a_hidden_field_does_not_show_another_field():
    definition = form(
        component("radio", "a", values=YES_NO),
        component("radio", "b", values=YES_NO, hide="a != true"),
        component("textfield", "c", REQUIRED, hide="b != true"),
    )
    assert bind(definition, {"a": False, "b": True}, context()).hidden == {"b", "c"}
    assert set(errors_of(definition, {"a": True, "b": True})) == {"c"}


def test_a_condition_may_look_at_a_later_field_and_at_the_process():
    definition = form(
        component("textfield", "note", REQUIRED, hide='held != true or level = "P4"'), component("checkbox", "held")
    )
    assert bind(definition, {"held": True}, context(level="P4")).hidden == {"note"}
    assert set(errors_of(definition, {"held": True}, level="P1")) == {"note"}


def test_hiding_a_group_hides_what_is_inside():
    group = {
        "type": "group",
        "label": "组",
        "conditional": {"hide": "=show != true"},
        "components": [component("textfield", "inner", REQUIRED)],
    }
    assert bind(form(group, component("checkbox", "show")), {"show": False}, context()).hidden == {"inner"}


def test_required_if_is_checked_by_the_server():
    definition = form(
        component("number", "score"), component("textarea", "reason", properties={"required_if": "score <= 3"})
    )
    assert bind(definition, {"score": 4}, context()).data["reason"] is None
    assert set(errors_of(definition, {"score": 3})) == {"reason"}


def test_a_read_only_field_keeps_the_servers_value():
    definition = form(component("textfield", "order", properties={"readonly": "true", "prefill": "case.order_no"}))
    done = bind(definition, {"order": "forged"}, context(case={"order_no": "A-1"}))
    assert done.data == {"order": "A-1"}


def test_a_field_that_is_not_sent_takes_the_proposal_and_null_leaves_it_out():
    definition = form(component("textfield", "name", REQUIRED, properties={"case": "customer_name"}))
    case = {"customer_name": "王女士"}
    assert bind(definition, {}, context(case=case)).case_facts == {"customer_name": "王女士"}
    assert set(errors_of(definition, {"name": None}, case=case)) == {"name"}


def test_flags_and_further_facts_come_from_the_case_and_go_back():
    definition = form(
        component("checkbox", "safety", properties={"case": "flags.safety"}),
        component("textfield", "industry", properties={"case": "extra.industry"}),
    )
    case = {"flags": ["batch", "safety"], "extra": {"industry": "retail"}}
    assert prefilled(definition, context(case=case)) == {"safety": True, "industry": "retail"}
    done = bind(definition, {"safety": False, "industry": "digital"}, context(case=case))
    assert done.case_facts == {"flags": ["batch"], "extra": {"industry": "digital"}}


@pytest.mark.parametrize(
    ("kind", "extra", "raw", "stored"),
    [
        ("number", {}, "1,200", 1200),
        ("number", {}, 0.1, 0.1),
        ("number", {}, Decimal("2.50"), 2.5),
        ("number", {}, "", None),
        ("number", {"properties": {"currency": "CNY"}}, "12.5", "12.50"),
        ("checkbox", {}, "on", True),
        ("checkbox", {}, None, False),
        ("radio", {"values": YES_NO}, "false", False),
        ("radio", {"values": YES_NO}, True, True),
        ("select", {"values": [{"label": "五", "value": 5}]}, "5", 5),
        ("checklist", {"values": [{"label": "甲", "value": "a"}]}, ["a", "a"], ["a"]),
        ("taglist", {"values": []}, "王工、李工", ["王工", "李工"]),
        ("textfield", {}, "  两行\n字 ", "两行 字"),
        ("textarea", {}, "一\r\n二", "一\n二"),
        ("datetime", {"subtype": "datetime"}, "2026-03-02T09:30", "2026-03-02T09:30:00+08:00"),
        ("datetime", {"subtype": "datetime"}, "2026-03-02T01:30:00Z", "2026-03-02T09:30:00+08:00"),
        ("datetime", {"subtype": "date"}, "2026-03-02", "2026-03-02"),
        ("datetime", {"subtype": "time"}, "09:30", "09:30:00"),
        ("filepicker", {}, "file-1", ["file-1"]),
    ],
)
def test_answers_become_plain_typed_values(kind, extra, raw, stored):
    extra = dict(extra)
    properties = extra.pop("properties", None)
    definition = form(component(kind, "x", properties=properties, **extra))
    done = bind(definition, {"x": raw}, context())
    assert done.data == {"x": stored}
    assert json.loads(json.dumps(done.data)) == done.data


def test_money_is_text_in_the_record_and_a_number_for_the_diagram():
    definition = form(component("number", "amount", {"min": 0}, properties={"currency": "CNY", "variable": "true"}))
    done = bind(definition, {"amount": "200.5"}, context())
    assert (done.data, done.variables) == ({"amount": "200.50"}, {"amount": 200.5})
    assert set(errors_of(definition, {"amount": "0.005"})) == {"amount"}


@pytest.mark.parametrize(
    ("kind", "extra", "raw"),
    [
        ("number", {}, True),
        ("number", {}, "1e999999999"),
        ("number", {}, float("inf")),
        ("number", {}, "NaN"),
        ("number", {}, "十"),
        ("number", {}, [1]),
        ("checkbox", {}, "maybe"),
        ("radio", {"values": YES_NO}, "perhaps"),
        ("select", {"values": [{"label": "甲", "value": "a"}]}, {"a": 1}),
        ("checklist", {"values": YES_NO}, {"a": 1}),
        ("textfield", {}, {"a": 1}),
        ("textfield", {}, "x\x00y"),
        ("textfield", {}, "x" * 501),
        ("textarea", {}, "字" * 30000),
        ("datetime", {"subtype": "date"}, "2026-02-30"),
        ("datetime", {"subtype": "datetime"}, "soon"),
        ("datetime", {"subtype": "datetime"}, "9999-12-31T23:59:59+00:00"),
        ("filepicker", {}, "elsewhere"),
        ("filepicker", {}, ["file-1"] * 3 + [7]),
        ("filepicker", {}, "file/../../etc"),
    ],
)
def test_what_does_not_fit_is_refused(kind, extra, raw):
    assert set(errors_of(form(component(kind, "x", **extra)), {"x": raw})) == {"x"}


def test_a_required_box_has_to_be_ticked():
    assert set(errors_of(form(component("checkbox", "told", REQUIRED)), {"told": False})) == {"told"}


def test_rows_are_checked_one_by_one_and_blank_rows_are_dropped():
    rows = {
        "type": "dynamiclist",
        "path": "items",
        "label": "行",
        "validate": REQUIRED,
        "components": [
            component("textfield", "name", REQUIRED),
            component("number", "n", {"min": 1}),
            component("textfield", "why", REQUIRED, hide="n != 2"),
        ],
    }
    definition = form(rows)
    done = bind(definition, {"items": [{"name": "甲", "n": "1"}, {"name": "", "n": None}]}, context())
    assert done.data == {"items": [{"name": "甲", "n": 1}]}
    errors = errors_of(definition, {"items": [{"name": "甲", "n": 0, "x": 1}, {"n": 2}]})
    assert set(errors) == {"items[0].x", "items[0].n", "items[1].name", "items[1].why"}
    assert set(errors_of(definition, {"items": []})) == {"items"}
    assert set(errors_of(definition, {"items": "text"})) == {"items"}


def test_visibility_answers_for_a_half_filled_form():
    definition = form(
        component("radio", "ok", REQUIRED, values=YES_NO),
        component("textfield", "why", REQUIRED, hide="ok != false"),
        component("number", "n", properties={"required_if": "ok = true"}),
    )
    assert visibility(definition, {}, context()) == {"hidden": ["why"], "required": ["ok"]}
    assert visibility(definition, {"ok": "false"}, context()) == {"hidden": [], "required": ["ok", "why"]}
    assert visibility(definition, {"ok": "true", "n": "x", "junk": 1}, context())["required"] == ["ok", "n"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
EVERYTHING = form(
    component("textfield", "name", {"minLength": 2, "pattern": "^[a-z]+$"}, properties={"example": "abc"}),
    component("textarea", "text", REQUIRED),
    component("number", "n", {"min": 0}, properties={"currency": "CNY"}),
    component("checkbox", "box", properties={"variable": "true"}),
    component("radio", "r", values=YES_NO),
    component("checklist", "c", values=YES_NO),
    component("taglist", "t", values=[]),
    component("datetime", "d", subtype="date"),
    component("datetime", "dt"),
    component("datetime", "ti", subtype="time"),
    component("filepicker", "f"),
    component("textfield", "h", REQUIRED, hide="box = true or n > 3"),
    {
        "type": "dynamiclist",
        "key": "rows",
        "label": "行",
        "components": [component("number", "n"), component("textfield", "a")],
    },
)
KEYS = [item.key for item in EVERYTHING.fields]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), JSON, max_size=8))
def test_whatever_is_sent_is_bound_to_declared_json_or_refused_by_field(raw):
    try:
        done = bind(EVERYTHING, raw, context())
    except Invalid:
        return
    assert set(done.data) | done.hidden == set(KEYS)
    assert set(raw) <= set(KEYS)
    json.dumps(done.data, allow_nan=False)
    assert bind(EVERYTHING, done.data, context()).data == done.data


# serving


def test_a_form_is_served_with_its_options_and_with_examples_that_are_accepted_now():
    definition = form(
        component("textfield", "phone", {"pattern": "^[0-9]{11}$"}, properties={"example": "13800138000"}),
        component("radio", "ok", REQUIRED, values=YES_NO),
        component("datetime", "at", subtype="datetime"),
        component("textarea", "why", {"minLength": 8}, properties={"required_if": "ok = false"}),
    )
    served = {item["key"]: item for item in serve(definition, context())["components"]}
    assert [option["value"] for option in served["ok"]["values"]] == [True, False]
    assert served["at"]["properties"]["example"] == "2026-03-02T09:30:00+08:00"
    assert len(served["why"]["properties"]["example"]) >= 8
    assert served["phone"]["properties"]["example"] == "13800138000"
    json.dumps(served)


def test_what_the_process_alone_decides_is_decided_when_the_form_is_served():
    definition = form(
        component("textfield", "cause", hide='=case.type != "complaint"'),
        component("textfield", "model", properties={"required_if": 'case.type = "complaint"'}),
    )
    complaint = serve(definition, context(case={"type": "complaint"}))["components"]
    assert [item["key"] for item in complaint] == ["cause", "model"]
    assert "conditional" not in complaint[0]
    assert complaint[1]["validate"]["required"] is True
    other = serve(definition, context(case={"type": "other"}))["components"]
    assert [item["key"] for item in other] == ["model"]


def test_a_submission_is_described_in_words():
    definition = form(
        component("radio", "ok", values=YES_NO, properties={"label_en": "Settled"}),
        component("datetime", "at"),
        component("number", "n", properties={"currency": "CNY"}),
    )
    answers = {"ok": False, "at": "2026-03-02T01:30:00+00:00", "n": "12000.00", "old": "kept"}
    lines = describe(definition, answers, "en")
    assert [(line.label, line.text) for line in lines] == [
        ("Settled", "No"),
        ("At", "2026-03-02 09:30"),
        ("N", "CNY 12,000.00"),
        ("old", "kept"),
    ]
    assert describe(definition, answers, "zh")[2].text == "12,000.00 元"


# reading and checking


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"id": NaN}',
        b"[" * 5000,
        b"{}",
        b'{"id": "x", "components": [1, {"type": "script"}]}',
        json.dumps({"id": "x", "components": [{"type": "textfield", "key": "Bad Key", "label": "x"}]}).encode(),
        json.dumps({"id": "x", "components": [{"type": "textfield", "key": "data", "label": "x"}]}).encode(),
        json.dumps({"id": "x", "components": [{"type": "radio", "key": "r", "label": "x"}]}).encode(),
        b'{"id": "x", "components": ' + b'[{"type":"group","components":' * 40 + b"[]" + b"}]" * 40 + b"}",
        b" " * 300_001,
    ],
)
def test_what_is_not_one_of_our_forms_is_refused_with_findings(data):
    with pytest.raises(Refused) as caught:
        read_form(data, "forms/x.json")
    assert caught.value.findings
    assert check_form(data, "forms/x.json", names)


@given(
    data=st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(
        st.sampled_from(["type", "key", "label", "validate", "properties", "values", "components"]), JSON
    ).map(lambda item: json.dumps({"id": "x", "components": [{"type": "select", "key": "k", **item}]}).encode())
)
def test_no_file_makes_the_check_crash(data):
    check_form(data, "forms/x.json", names)


def test_findings_name_the_field_and_the_line():
    finding = found(component("textfield", "a"), component("textfield", "a"))["duplicate_key"]
    assert (finding.element, finding.severity) == ("a", "error")
    assert finding.line is not None


@pytest.mark.parametrize(
    ("rule", "components"),
    [
        ("unknown_property", [component("textfield", "a", colour="red")]),
        ("unknown_property", [component("textfield", "a", properties={"colour": "red"})]),
        ("unknown_type", [component("iframe", "a")]),
        ("bad_expression", [component("textfield", "a", hide="=if then")]),
        ("bad_expression", [component("textfield", "a", properties={"prefill": "(("})]),
        ("bad_pattern", [component("textfield", "a", {"pattern": "(a+)+$"}, properties={"example": "a"})]),
        ("pattern_without_example", [component("textfield", "a", {"pattern": "^a$"})]),
        (
            "pattern_length",
            [component("textfield", "a", {"pattern": "^a*$", "maxLength": 9000}, properties={"example": "a"})],
        ),
        ("bad_value", [component("textfield", "a", {"pattern": "^a$"}, properties={"example": "b"})]),
        ("impossible_limits", [component("number", "a", {"min": 5, "max": 1})]),
        ("unknown_case_fact", [component("textfield", "a", properties={"case": "password"})]),
        ("flag_place", [component("textfield", "a", properties={"case": "flags.safety"})]),
        ("readonly_without_value", [component("textfield", "a", properties={"readonly": "true"})]),
        (
            "circular_condition",
            [component("textfield", "a", hide="b = null"), component("textfield", "b", hide="a = null")],
        ),
        (
            "nested_list",
            [
                {
                    "type": "dynamiclist",
                    "key": "a",
                    "components": [{"type": "dynamiclist", "key": "b", "components": []}],
                }
            ],
        ),
        ("duplicate_option", [component("radio", "a", values=[YES_NO[0], {"label": "是", "value": "true"}])]),
    ],
)
def test_the_check_finds(rule, components):
    assert rule in found(*components)


def test_a_broken_condition_is_an_error_and_not_a_guess():
    definition = form(component("textfield", "a", hide="=if then"))
    with pytest.raises(ExpressionError):
        bind(definition, {"a": "x"}, context())
