"""Two bundles compared: nothing that a file says can change without being told."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

import pytest
from lxml import etree

from app.engine.comparing import compare
from app.engine.comparing.parts import DEFAULTS
from app.engine.drawing import tidy
from app.services.definitions import read_files
from tests.conftest import ROOT

FILES = read_files(ROOT)
COMPLAINT = "processes/complaint/complaint.bpmn"
DEADLINES = "processes/decisions/deadlines.dmn"
DRAWN = ("http://www.omg.org/spec/BPMN/20100524/DI", "DMNDI")


def told(path: str, content: bytes) -> list[str]:
    """Return what is said of one file that was changed, in Chinese."""
    return [change.zh for change in compare(FILES, {**FILES, path: content}).changes]


def replaced(path: str, old: str, new: str) -> bytes:
    """Return a file with one text replaced."""
    text = FILES[path].decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def test_the_same_bundle_has_no_differences() -> None:
    assert compare(FILES, dict(FILES)).files == ()


@pytest.mark.parametrize(("path", "old", "new", "words"), [
    (COMPLAINT, 'due("verify")', 'after("PT24H")',
     "边界事件“核实时限已到”：截止时间 里程碑“verify”的期限 → 24 小时（自然时间）"),
    (COMPLAINT, "workdays(5)", "workdays(3)", "截止时间 5 个工作日 → 3 个工作日"),
    (COMPLAINT, "approval_needed = true", "approval_needed = false",
     "条件 approval_needed = true → approval_needed = false"),
    (COMPLAINT, '<bpmn:lane id="lane_supervisor" name="客服主管">',
     '<bpmn:lane id="lane_supervisor" name="经理">', "泳道“经理”：名称 客服主管 → 经理"),
    (DEADLINES, '"PT24H"', '"PT12H"', "“时限表”规则 R01：核实 [24 小时, 1 天] → [12 小时, 1 天]"),
    ("forms/verification.json", '"required": true', '"required": false', "字段“核实方式”：必填 是 → 否"),
])  # fmt: skip
def test_a_change_is_told_in_words(path: str, old: str, new: str, words: str) -> None:
    said = told(path, replaced(path, old, new))
    assert len(said) == 1
    assert words in said[0]


def test_the_properties_of_an_element_are_told_by_their_names() -> None:
    for name, words in (("clauses", "制度条款"), ("milestone", "里程碑"), ("form", "表单"), ("activity", "活动")):
        for path, content in FILES.items():
            found = re.search(rf'property name="{name}" value="[^"]+"', content.decode()) if ".bpmn" in path else None
            if found:
                changed = content.decode().replace(found[0], f'property name="{name}" value="other"', 1)
                said = told(path, changed.encode())
                assert len(said) == 1
                assert words in said[0]
                break
        else:
            pytest.fail(f"no shipped diagram has the property {name}")


def test_an_attribute_that_only_says_the_default_is_no_difference() -> None:
    text = FILES["processes/case/case.bpmn"].decode()
    assert 'cancelActivity="true"' in text
    assert told("processes/case/case.bpmn", text.replace(' cancelActivity="true"', "").encode()) == []
    assert len(told("processes/case/case.bpmn", text.replace('cancelActivity="false"', "", 1).encode())) == 1


def test_a_node_in_another_lane_and_a_removed_flow_are_told() -> None:
    text = FILES[COMPLAINT].decode()
    reference = "<bpmn:flowNodeRef>accept_proposal</bpmn:flowNodeRef>"
    lane = '<bpmn:lane id="lane_clerk" name="客服专员">'
    moved = text.replace(reference, "", 1).replace(lane, lane + reference, 1)
    assert [line for line in told(COMPLAINT, moved.encode()) if "泳道 “客户” → “客服专员”" in line]
    flow = re.search(r'<bpmn:sequenceFlow id="([^"]+)"[^>]*/>', text)
    assert flow is not None
    said = told(COMPLAINT, text.replace(flow[0], "", 1).encode())
    assert any(line.startswith("删除流向") for line in said)


def test_another_order_of_branches_or_rules_is_told() -> None:
    root = etree.fromstring(FILES[DEADLINES])
    rules = [one for one in root.iter() if etree.QName(one).localname == "rule"]
    rules[0].getparent().append(rules[0])
    assert any("规则顺序" in line for line in told(DEADLINES, etree.tostring(root)))


def test_a_tidied_diagram_differs_in_its_layout_only() -> None:
    moved = re.sub(rb'(<dc:Bounds x=")(\d+)', lambda found: found[1] + b"%d" % (int(found[2]) + 40), FILES[COMPLAINT])
    compared = compare(FILES, {**FILES, COMPLAINT: moved})
    assert compared.layout_only
    assert "verify_complaint" in compared.files[0].moved
    assert compare(FILES, {**FILES, COMPLAINT: tidy(FILES[COMPLAINT], COMPLAINT)}).layout_only


def test_added_removed_and_broken_files_are_told() -> None:
    fewer = {path: content for path, content in FILES.items() if path != "forms/withdrawal.json"}
    assert [change.kind for change in compare(FILES, fewer).changes] == ["removed"]
    assert [change.kind for change in compare(fewer, FILES).changes] == ["added"]
    assert "无法读取" in told(COMPLAINT, b"<broken")[0]


def is_drawing(element: etree._Element) -> bool:
    """Return whether an element only says how something is drawn."""
    return any(mark in str(up.tag) for up in (element, *element.iterancestors()) for mark in DRAWN)


def mutations(path: str, content: bytes, chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield a file with one attribute or text changed each time, anywhere but in the drawing, and where that was."""
    if path.endswith(".json"):
        yield from json_mutations(content, chance, count)
        return
    for _ in range(count):
        root = etree.fromstring(content)
        elements = [one for one in root.iter() if isinstance(one.tag, str) and not is_drawing(one)]
        element = chance.choice(elements)
        choices = [*element.attrib, *(["text()"] if (element.text or "").strip() else [])]
        if not choices:
            continue
        name = chance.choice(choices)
        if name == "text()":
            element.text = f"{element.text}x"
        elif chance.random() < 0.3 and DEFAULTS.get(name) != element.get(name):
            del element.attrib[name]
        else:
            element.set(name, f"{element.get(name)}x")
        yield f"{element.tag}@{name}", etree.tostring(root)


def json_mutations(content: bytes, chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield a form with one value changed each time."""
    for _ in range(count):
        document = json.loads(content)
        places: list[tuple[object, object]] = []

        def visit(value: object, places: list[tuple[object, object]] = places) -> None:
            entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            for key, inner in entries:
                visit(inner) if isinstance(inner, dict | list) else places.append((value, key))

        visit(document)
        holder, key = chance.choice(places)
        old = holder[key]  # type: ignore[index]
        holder[key] = (not old) if isinstance(old, bool) else f"{old}x"  # type: ignore[index]
        yield f"{key}={old}", json.dumps(document, ensure_ascii=False).encode()


def test_any_changed_attribute_or_text_of_a_shipped_file_is_told() -> None:
    chance = random.Random(20260302)
    missed = [
        f"{path}: {where}"
        for path, content in FILES.items()
        for where, changed in mutations(path, content, chance, 6)
        if not compare({path: content}, {path: changed}).changes
    ]
    assert missed == []


def test_every_text_exists_in_both_languages() -> None:
    changed = compare(FILES, {**FILES, COMPLAINT: replaced(COMPLAINT, 'due("verify")', "null")}).changes[0]
    assert changed.words("zh") != changed.words("en")
    assert (changed.old, changed.new) == ('due("verify")', "null")
