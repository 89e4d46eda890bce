"""The lint: each thing that the engine would not run, or not run as drawn, is a finding at its element and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import engine
from tests.unit.engine_support import (
    HEAD,
    boundary,
    diagram,
    error,
    errors,
    findings,
    flows,
    message,
    messages,
    node,
    nodes,
    properties,
    rules,
    script,
    service,
    timer,
)

LINT = Path(engine.__file__).parent / "lint"


def sequence(*names: str) -> str:
    return (
        nodes("startEvent", "s")
        + nodes("endEvent", "e")
        + flows(*(f"{one} {two}" for one, two in zip(("s", *names), (*names, "e"), strict=True)))
    )


def around(inner: str) -> str:
    """Return what stands in an embedded subprocess."""
    return node("subProcess", "sub", inner) + sequence("sub")


def beside_task(*parts: str) -> str:
    return nodes("userTask", "a") + sequence("a") + "".join(parts)


def catching(definition: str, tag: str = "intermediateCatchEvent") -> str:
    return node(tag, "w", definition) + sequence("w")


def choice(*more: str, default: str | None = "x_e") -> str:
    attributes = {"default": default} if default else {}
    return (
        nodes("startEvent", "s")
        + node("exclusiveGateway", "x", **attributes)
        + nodes("userTask", "a")
        + nodes("endEvent", "e")
        + flows(*(more or ("s x", "x a n > 1", "x e", "a e")))
    )


def multi(inner: str, **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return node(
        "userTask",
        "a",
        f"<bpmn:multiInstanceLoopCharacteristics{given}>{inner}</bpmn:multiInstanceLoopCharacteristics>",
    ) + sequence("a")


PARALLEL = nodes("startEvent", "s") + nodes("parallelGateway", "f", "j") + nodes("endEvent", "e")
EMPTY_EVENT = "<bpmn:{}EventDefinition/>"

CASES: dict[str, list[tuple[str, str | None]]] = {
    # what is not supported
    "complex_gateway": [(nodes("complexGateway", "g") + sequence("g"), "g")],
    "ad_hoc": [(node("adHocSubProcess", "g", nodes("task", "t")) + sequence("g"), "g")],
    "unsupported_element": [
        (
            node("transaction", "g", nodes("startEvent", "s2") + nodes("endEvent", "e2") + flows("s2 e2"))
            + sequence("g"),
            "g",
        ),
        (catching(EMPTY_EVENT.format("cancel")), "w"),
    ],
    "compensation": [
        (catching(EMPTY_EVENT.format("compensate"), "intermediateThrowEvent"), "w"),
        (beside_task(boundary("b", "a", EMPTY_EVENT.format("compensate"))), "b"),
        (node("userTask", "a", isForCompensation="true") + sequence("a"), "a"),
    ],
    "link_event": [(catching('<bpmn:linkEventDefinition name="x"/>', "intermediateThrowEvent"), "w")],
    "conditional_event": [
        (
            catching(
                "<bpmn:conditionalEventDefinition><bpmn:condition>x</bpmn:condition></bpmn:conditionalEventDefinition>"
            ),
            "w",
        )
    ],
    "event_subprocess": [
        (
            beside_task(
                node(
                    "subProcess",
                    "es",
                    node("startEvent", "s2", timer('"PT1H"')) + nodes("endEvent", "e2") + flows("s2 e2"),
                    triggeredByEvent="true",
                )
            ),
            "es",
        )
    ],
    "data_store": [(beside_task('<bpmn:dataStoreReference id="d"/>'), "d")],
    "unknown_element": [(beside_task('<bpmn:usertask id="t"/>'), "t")],
    "script_refused": [
        (
            node(
                "userTask",
                "a",
                "<bpmn:extensionElements><spiffworkflow:preScript>x = 1</spiffworkflow:preScript>"
                "</bpmn:extensionElements>",
            )
            + sequence("a"),
            "a",
        )
    ],
    "unsupported_event": [
        (node("startEvent", "s", timer('"R/PT1H"', "timeCycle")) + nodes("endEvent", "e") + flows("s e"), "s"),
        (catching(timer('"R/PT1H"', "timeCycle").replace("timer", "terminate")), "w"),
        (around(node("startEvent", "s2", message("m")) + nodes("endEvent", "e2") + flows("s2 e2")), "s2"),
        (beside_task(boundary("b", "a", EMPTY_EVENT.format("terminate"))), "b"),
    ],
    "several_event_definitions": [(catching(message("m") + timer('"PT1H"')), "w")],
    "event_without_definition": [
        (catching(""), "w"),
        (beside_task(boundary("b", "a", "")), "b"),
        (nodes("sendTask", "t") + sequence("t"), "t"),
        (nodes("receiveTask", "t") + sequence("t"), "t"),
    ],
    "boundary_without_host": [
        (beside_task(boundary("b", "nowhere", timer('"PT1H"'))), "b"),
        (beside_task(boundary("b", "e", timer('"PT1H"'))), "b"),
    ],
    "error_must_interrupt": [(beside_task(boundary("b", "a", error("X"), interrupting=False)), "b")],
    "cycle_on_interrupting_boundary": [(beside_task(boundary("b", "a", timer('"R/PT1H"', "timeCycle"))), "b")],
    "cycle_on_catching_event": [(catching(timer('"R/PT1H"', "timeCycle")), "w")],
    "loop_without_end": [
        (node("userTask", "a", "<bpmn:standardLoopCharacteristics/>") + sequence("a"), "a"),
        (node("userTask", "a", '<bpmn:standardLoopCharacteristics loopMaximum="x"/>') + sequence("a"), "a"),
    ],
    "loop_not_here": [
        (
            node("endEvent", "e", '<bpmn:standardLoopCharacteristics loopMaximum="2"/>')
            + nodes("startEvent", "s")
            + flows("s e"),
            "e",
        )
    ],
    "multi_instance_items": [
        (multi(""), "a"),
        (multi("<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:loopDataInputRef>x</bpmn:loopDataInputRef>"), "a"),
        (
            multi("<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:loopDataOutputRef>x</bpmn:loopDataOutputRef>"),
            "a",
        ),
    ],
    "bad_variable_name": [
        (multi("<bpmn:loopDataInputRef>a.b</bpmn:loopDataInputRef>"), "a"),
        (script("a", "case = 1") + sequence("a"), "a"),
    ],
    "signal_within_instance": [(catching('<bpmn:signalEventDefinition signalRef="sig"/>'), "w")],
    # how things are connected
    "broken_flow": [
        (beside_task(flows("a nowhere")), "a_nowhere"),
        (around(nodes("startEvent", "s2") + nodes("endEvent", "e2") + flows("s2 e2")) + flows("sub e2"), "sub_e2"),
    ],
    "duplicate_flow": [(beside_task('<bpmn:sequenceFlow id="again" sourceRef="s" targetRef="a"/>'), "again")],
    "no_start_event": [
        (nodes("userTask", "a") + nodes("endEvent", "e") + flows("a e"), "p"),
        (around(nodes("endEvent", "e2")), "sub"),
    ],
    "several_start_events": [(nodes("startEvent", "s2") + beside_task(flows("s2 a")), None)],
    "no_end_event": [(nodes("startEvent", "s") + nodes("userTask", "a") + flows("s a"), "p")],
    "unconnected": [(beside_task(nodes("userTask", "alone") + flows("alone e")), "alone")],
    "unreachable": [
        (beside_task(nodes("userTask", "c", "d") + nodes("exclusiveGateway", "m") + flows("m c", "c d", "d m")), "c")
    ],
    "flow_after_end": [(beside_task(nodes("endEvent", "e2") + flows("e e2")), "e")],
    "flow_into_start": [(choice("s x", "x a n > 1", "x e", "a s"), "s")],
    "flow_into_boundary": [(beside_task(boundary("b", "a", timer('"PT1H"')) + flows("s b", "b e")), "b")],
    "dead_end": [
        (beside_task(nodes("userTask", "b")) + flows("s b"), "b"),
        (beside_task(boundary("b", "a", timer('"PT1H"'))), "b"),
    ],
    "several_outgoing_flows": [(beside_task(nodes("endEvent", "e2") + flows("a e2")), "a")],
    "condition_on_task_flow": [
        (nodes("startEvent", "s") + nodes("userTask", "a") + nodes("endEvent", "e") + flows("s a", "a e n > 1"), "a_e")
    ],
    "boundary_back_to_host": [(beside_task(boundary("b", "a", timer('"PT1H"')), flows("b a")), "b_a")],
    "missing_default_flow": [(choice(default=None), "x")],
    "missing_condition": [(choice("s x", "x a", "x e", "a e"), "x_a")],
    "bad_default_flow": [(choice(default="s_x"), "x")],
    "condition_on_default_flow": [(choice("s x", "x a n > 1", "x e n < 1", "a e"), "x_e")],
    "loop_into_parallel": [
        (
            nodes("startEvent", "s")
            + nodes("parallelGateway", "f")
            + nodes("userTask", "a")
            + nodes("endEvent", "e")
            + node("exclusiveGateway", "x", default="x_e")
            + flows("s f", "f a", "a x", "x f again", "x e"),
            "x_f",
        )
    ],
    "exclusive_into_parallel": [
        (
            nodes("startEvent", "s")
            + node("exclusiveGateway", "x", default="x_b")
            + nodes("userTask", "a", "b")
            + nodes("parallelGateway", "j")
            + nodes("endEvent", "e")
            + flows("s x", "x a n > 1", "x b", "a j", "b j", "j e"),
            "b_j",
        )
    ],
    "event_gateway_two_timers": [
        (
            nodes("startEvent", "s")
            + nodes("eventBasedGateway", "g")
            + node("intermediateCatchEvent", "w1", timer('"PT1H"'))
            + node("intermediateCatchEvent", "w2", timer('"PT2H"'))
            + nodes("endEvent", "e")
            + flows("s g", "g w1", "g w2", "w1 e", "w2 e"),
            "g",
        )
    ],
    "event_gateway_target": [
        (
            nodes("startEvent", "s")
            + nodes("eventBasedGateway", "g")
            + nodes("userTask", "a")
            + nodes("endEvent", "e")
            + flows("s g", "g a", "a e"),
            "a",
        )
    ],
    "shared_variable_in_parallel": [
        (
            PARALLEL
            + script("a", "total = 1")
            + script("b", "total = 2")
            + flows("s f", "f a", "f b", "a j", "b j", "j e"),
            "f",
        )
    ],
    "shared_variable_beside": [
        (
            beside_task(
                boundary("b", "a", timer('"PT1H"'), interrupting=False), script("n", "x = 1"), flows("b n", "n e")
            )
            .replace(
                'id="a" name="步骤"></bpmn:userTask>', 'id="a" name="步骤"></bpmn:userTask>' + script("m", "x = 2")
            )
            .replace('id="a_e" sourceRef="a"', 'id="m_e" sourceRef="m"')
            + flows("a m"),
            "b",
        )
    ],
    # expressions
    "bad_expression": [
        (choice("s x", "x a n >", "x e", "a e"), "x_a"),
        (script("a", "what is this") + sequence("a"), "a"),
        (choice("s x", "x a 1 + true > 2", "x e", "a e"), "x_a"),
        (service("a", x="nosuch(1)") + sequence("a"), "a"),
    ],
    "python_code": [
        (choice("s x", "x a __import__('os')", "x e", "a e"), "x_a"),
        (choice("s x", "x a n == 1", "x e", "a e"), "x_a"),
        (choice("s x", "x a ${n > 1}", "x e", "a e"), "x_a"),
    ],
    "wrong_type": [
        (choice("s x", 'x a "yes"', "x e", "a e"), "x_a"),
        (catching(timer("4")), "w"),
        (multi('<bpmn:loopCardinality>"2"</bpmn:loopCardinality>'), "a"),
    ],
    "bad_timer": [
        (catching(timer('"4 hours"')), "w"),
        (catching(timer('"2026-03-01T09:00:00"', "timeDate")), "w"),
        (catching(timer('"PT1H"', "timeDate")), "w"),
        (catching(timer('"-PT1H"')), "w"),
        (catching(timer('"P"')), "w"),
        (beside_task(boundary("b", "a", timer('"R/PT1S"', "timeCycle"), interrupting=False)), "b"),
    ],
    "timer_without_value": [(catching("<bpmn:timerEventDefinition/>"), "w"), (catching(timer("")), "w")],
    "bad_cardinality": [
        (multi("<bpmn:loopCardinality>2.5</bpmn:loopCardinality>"), "a"),
        (multi("<bpmn:loopCardinality>5000</bpmn:loopCardinality>"), "a"),
    ],
    # names
    "unknown_property": [(node("userTask", "a", properties(colour="red")) + sequence("a"), "a")],
    "bad_property": [
        (node("userTask", "a", properties(remind_at="often")) + sequence("a"), "a"),
        (node("userTask", "a", properties(closes_case="maybe")) + sequence("a"), "a"),
    ],
    "unknown_clause": [(node("userTask", "a", properties(clauses="A-1 Z-9")) + sequence("a"), "a")],
    "unknown_activity": [(node("userTask", "a", properties(activity="dance")) + sequence("a"), "a")],
    "unknown_milestone": [
        (node("userTask", "a", properties(milestone="never")) + sequence("a"), "a"),
        (node("userTask", "a", properties(pauses="never")) + sequence("a"), "a"),
        (catching(timer('due("never")', "timeDate")), "w"),
    ],
    "unknown_form": [(node("userTask", "a", properties(form="nothing")) + sequence("a"), "a")],
    "unknown_group": [
        (
            '<bpmn:laneSet id="ls"><bpmn:lane id="l" name="火星组">'
            "<bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
            + nodes("userTask", "a")
            + sequence("a"),
            "a",
        )
    ],
    "service_without_operation": [(nodes("serviceTask", "a") + sequence("a"), "a")],
    "unknown_handler": [(service("a", "nothing") + sequence("a"), "a")],
    "unknown_parameter": [(service("a", "number", kind='"x"', size="1") + sequence("a"), "a")],
    "missing_parameter": [(service("a", "number") + sequence("a"), "a")],
    "unknown_process": [
        (node("callActivity", "a", calledElement="nowhere") + sequence("a"), "a"),
        (nodes("callActivity", "a") + sequence("a"), "a"),
    ],
    "recursive_call": [(node("callActivity", "a", calledElement="p") + sequence("a"), "a")],
    "rule_without_decision": [(nodes("businessRuleTask", "a") + sequence("a"), "a")],
    "unknown_decision": [
        (
            node(
                "businessRuleTask",
                "a",
                "<bpmn:extensionElements><spiffworkflow:calledDecisionId>x</spiffworkflow:calledDecisionId>"
                "</bpmn:extensionElements>",
            )
            + sequence("a"),
            "a",
        )
    ],
    "script_without_text": [(nodes("scriptTask", "a") + sequence("a"), "a")],
    "unknown_message": [
        (catching('<bpmn:messageEventDefinition messageRef="nothing"/>'), "w"),
        (catching("<bpmn:messageEventDefinition/>"), "w"),
    ],
    "unknown_error": [
        (
            node("endEvent", "e", '<bpmn:errorEventDefinition errorRef="nothing"/>')
            + nodes("startEvent", "s")
            + flows("s e"),
            "e",
        )
    ],
    "message_nobody_sends": [(catching(message("m")), "w")],
    "message_nobody_hears": [(catching(message("m"), "intermediateThrowEvent"), "w")],
    "error_not_caught": [(node("endEvent", "e", error("X")) + nodes("startEvent", "s") + flows("s e"), "e")],
    "duplicate_id": [(beside_task(nodes("userTask", "a")), "a")],
    "missing_id": [(beside_task(nodes("userTask", "").replace('id="" ', "")), None)],
}
CATALOG = engine.Catalog(
    groups={"客服专员": "clerk"},
    forms={"f": frozenset({"n"})},
    operations={
        "number": engine.OperationInfo({"kind": True, "level": False}),
        "do": engine.OperationInfo({}, open_ended=True),
    },
    clauses=frozenset({"A-1"}),
    activities=frozenset({"verify"}),
    milestones=frozenset({"verify"}),
    messages=frozenset(),
)
EXTRA = messages("m") + errors("X") + '<bpmn:signal id="sig" name="sig"/>'


@pytest.mark.parametrize("rule", sorted(CASES))
def test_each_rule_finds_its_element_with_advice_in_both_languages(rule: str):
    for body, element in CASES[rule]:
        found = engine.check({"x.bpmn": diagram(body, extra=EXTRA)}, CATALOG)
        mine = [finding for finding in found if finding.rule == rule]
        assert mine, (body, [finding.rule for finding in found])
        assert element is None or element in {finding.element for finding in mine}
        for finding in mine:
            assert finding.file == "x.bpmn"
            assert finding.line is not None
            assert re.search("[\u4e00-\u9fff]", finding.message_zh)
            assert not re.search("[\u4e00-\u9fff]", finding.message_en.replace("火星组", ""))


def test_every_rule_of_the_lint_has_a_case():
    source = "".join(path.read_text(encoding="utf-8") for path in LINT.glob("*.py"))
    named = set(re.findall(r'(?:error|warning|info)\(\s*"([a-z_]+)"', source)) | set(
        re.findall(r'"(unknown_[a-z]+)"', source)
    )
    elsewhere = {
        "too_large",
        "no_process",
        "not_bpmn",
        "not_executable",
        "missing_process_id",
        "task_without_form",
        "task_without_group",
        "name_not_chinese",
        "undeclared_call",
        "variable_never_set",
        "timer_variable_never_set",
        "unknown_signal",
        "unknown_escalation",
    }
    assert named - elsewhere <= set(CASES)


def test_a_sound_diagram_has_no_findings():
    body = (
        nodes("startEvent", "s")
        + node("userTask", "a", properties(form="f", clauses="A-1", activity="verify", milestone="verify"))
        + node("exclusiveGateway", "x", default="x_e")
        + service("n", "number", kind='"opinion"')
        + boundary("b", "a", timer('due("verify")', "timeDate"), interrupting=False)
        + nodes("endEvent", "e", "e2")
        + flows("s a", "a x", "x n n > 1", "x e", "n e", "b e2")
    )
    assert findings(diagram(body), catalog=CATALOG) == set()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ((HEAD + "</bpmn:definitions>").encode(), "no_process"),
        (b"<svg/>", "not_bpmn"),
        (diagram(beside_task()).replace(b'isExecutable="true"', b'isExecutable="false"'), "not_executable"),
        (diagram(beside_task()).replace(b'<bpmn:process id="p" ', b"<bpmn:process "), "missing_process_id"),
    ],
)
def test_a_file_that_holds_no_process_to_run_is_told(data: bytes, rule: str):
    assert rule in rules(data)


def test_one_process_key_belongs_to_one_file():
    assert "duplicate_process" in rules(diagram(beside_task()), diagram(beside_task()))


def test_a_variable_that_nothing_sets_is_told_where_everything_is_known():
    called = diagram(catching(timer("wehn", "timeDate")), key="q")
    caller = diagram(
        node(
            "callActivity",
            "c",
            '<bpmn:extensionElements><chengnuo:in target="when" source="now()"/></bpmn:extensionElements>',
            calledElement="q",
        )
        + sequence("c")
    )
    assert ("timer_variable_never_set", "w") in findings(caller, called, catalog=CATALOG)
    right = called.replace(b"wehn", b"when")
    assert findings(caller, right, catalog=CATALOG) == set()


def test_an_error_that_a_caller_catches_is_no_finding():
    called = diagram(
        node("endEvent", "e", error("X")) + nodes("startEvent", "s") + flows("s e"), key="q", extra=errors("X")
    )
    body = node("callActivity", "c", calledElement="q") + sequence("c")
    assert "error_not_caught" in rules(diagram(body), called)
    caught = body + boundary("b", "c", error("X")) + nodes("endEvent", "e2") + flows("b e2")
    assert rules(diagram(caught, extra=errors("X")), called) == set()


def test_any_bpmn_file_can_be_checked():
    """Other tools' dialects, unusual prefixes, no diagram: findings, never a crash."""
    plain = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
      xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
      <process id="x"><startEvent id="s"/><serviceTask id="t" camunda:class="com.Evil"/>
      <sequenceFlow id="f" sourceRef="s" targetRef="t"/>
      <sequenceFlow id="g"/><boundaryEvent id="b"/><subProcess id="p"/><callActivity id="c"/>
      <exclusiveGateway id="d" default="zzz"/>
      <userTask><multiInstanceLoopCharacteristics/></userTask></process></definitions>"""
    assert rules(plain) >= {
        "service_without_operation",
        "broken_flow",
        "boundary_without_host",
        "missing_id",
        "unknown_process",
    }
