"""Every form that we ship passes its own check, and can be completed by somebody who has only what the API serves."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.engine import feel
from app.errors import Invalid
from app.userforms import FormContext, bind, check_form, prefilled, read_form, serve
from app.userforms.display import describe

FORMS = sorted((Path(__file__).parents[2] / "forms").glob("*.json"))
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
FUNCTIONS = {
    "now": lambda: NOW,
    "today": lambda: date(2026, 3, 2),
    "due": lambda _name: NOW + timedelta(hours=4),
    "after": lambda _duration: NOW + timedelta(days=1),
    "workdays": lambda _days: NOW + timedelta(days=2),
}
CASE = {
    "number": "202603-0001",
    "type": "complaint",
    "channel": "phone",
    "customer_name": "王女士",
    "level": "P3",
    "customer_phone": "13800138000",
    "customer_email": None,
    "customer_level": "ordinary",
    "customer_known": False,
    "product_model": "CN-200",
    "serial_no": None,
    "order_no": None,
    "purchase_date": None,
    "origin": "self_made",
    "description": "机器三天坏两次",
    "urgency": None,
    "severity": None,
    "flags": frozenset(),
    "registered_at": NOW,
    "extra": {},
}
SITUATIONS = {
    "fresh": {"case": CASE},
    "no functions and no facts": {"case": {}},
    "enquiry": {"case": {**CASE, "type": "consultation"}},
    "late in a complaint": {
        "case": {
            **CASE,
            "severity": "major",
            "extra": {"solution": "重新上门服务并致歉", "compensation_amount": 200},
            "compensation_amount": 200,
            "solution": "重新上门服务并致歉",
        },
        "founded": True,
        "accepted": True,
        "charge": "paid",
        "remedies": ["redo_service", "apology"],
        "level": "P1",
        "compensation_kinds": ["refund"],
        "compensation_amount": 200,
        "responsibility": "service_failure",
        "escalation_level": "L1",
        "reason": "overdue",
        "target_group": "supervisor",
        "satisfaction_score": 2,
    },
}


def context_of(situation):
    functions = {} if situation.startswith("no functions") else FUNCTIONS
    return FormContext(
        SITUATIONS[situation],
        lambda text, names: feel.evaluate(text, names, functions),
        lambda file_id: file_id == "uploaded",
    )


def answer(field):
    """What a robot makes of one served field."""
    properties, validate, kind = field.get("properties", {}), field.get("validate", {}), field["type"]
    if "example" in properties:
        return properties["example"]
    if field.get("values"):
        first = field["values"][0]["value"]
        return [first] if kind in {"checklist", "taglist"} else first
    if kind == "dynamiclist":
        return [fill(field["components"], {}, everything=False)]
    made = {"checkbox": True, "taglist": ["样例"], "filepicker": ["uploaded"], "number": validate.get("min", 1)}
    if kind in made:
        return made[kind]
    return ("样例文字" * 10)[: max(validate.get("minLength", 1), min(4, validate.get("maxLength", 4)))]


def fill(components, data, everything):
    for field in components:
        if field["type"] == "group":
            fill(field["components"], data, everything)
        elif field["type"] not in {"text", "separator"} and not field.get("readonly"):
            required = field["validate"]["required"]
            missing = field["key"] not in data
            if missing and (required or everything):
                data[field["key"]] = answer(field)
    return data


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_shipped_form_passes_the_check(path):
    findings = check_form(path.read_bytes(), path.name, lambda text: feel.names(feel.parse(text)))
    assert findings == []
    assert read_form(path.read_bytes(), path.name).id == path.stem


@pytest.mark.parametrize("everything", [False, True], ids=["required", "everything"])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_robot_completes_a_shipped_form_from_what_is_served(path, situation, everything):
    definition = read_form(path.read_bytes(), path.name)
    context = context_of(situation)
    data = fill(serve(definition, context)["components"], dict(prefilled(definition, context)), everything)
    done = bind(definition, data, context)
    assert set(done.variables) == definition.variables
    assert describe(definition, done.data, "zh")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_shipped_form_speaks_both_languages(path):
    definition = read_form(path.read_bytes(), path.name)

    def walk(components):
        for component in components:
            yield component
            yield from walk(component.components)

    for component in walk(definition.components):
        texts = [component.label_en, component.help_en, *(option.label_en for option in component.options)]
        assert all(text.isascii() or "“" in text for text in texts), texts
        assert not component.label.isascii() or component.label in {"APP"}, component.key
        assert bool(component.help) == bool(component.help_en), component.key


def test_registering_again_what_is_known_takes_no_typing():
    path = next(path for path in FORMS if path.stem == "work_order")
    definition = read_form(path.read_bytes(), path.name)
    context = context_of("fresh")
    still_open = [
        field
        for field in definition.fields
        if field.component.required and field.key not in prefilled(definition, context) and not field.hides
    ]
    assert {field.key for field in still_open} == {"facts"}


def test_a_deduction_of_nothing_is_refused_at_its_field():
    path = next(path for path in FORMS if path.stem == "payroll_check")
    definition = read_form(path.read_bytes(), path.name)
    context = context_of("fresh")
    data = fill(serve(definition, context)["components"], dict(prefilled(definition, context)), True)
    with pytest.raises(Invalid) as refused:
        bind(definition, {**data, "deducted_amount": "0.00"}, context)
    assert [error.field for error in refused.value.errors] == ["deducted_amount"]
