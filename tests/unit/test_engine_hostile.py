"""Files and states that attack: refused with a finding, and nothing of them runs."""

from __future__ import annotations

import hashlib
import pickle
import time
from pathlib import Path

import orjson
import pytest
import zstandard
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from app import engine
from app.engine.environment import Engine
from app.engine.state import DIGEST_SIZE, MAGIC
from app.engine.xml import parse
from app.errors import ExpressionError, Refused, StepFailed
from tests.unit.engine_support import (
    Recorder,
    Walk,
    boundary,
    diagram,
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

PAYLOADS = [
    "__import__('os').system('touch {path}')",
    '__import__("os").system("touch {path}")',
    "().__class__.__base__.__subclasses__()",
    'open("{path}", "w")',
    "exec(\"open('{path}', 'w')\")",
    "[x for x in ().__class__.__mro__]",
    "lambda: open('{path}')",
    "import os",
    "${{T(java.lang.Runtime).getRuntime().exec('touch {path}')}}",
    "print(1)",
]


def sequence(*names: str) -> str:
    return (
        nodes("startEvent", "s")
        + nodes("endEvent", "e")
        + flows(*(f"{one} {two}" for one, two in zip(("s", *names), (*names, "e"), strict=True)))
    )


def extension(tag: str, text: str) -> str:
    return f"<bpmn:extensionElements><spiffworkflow:{tag}>{text}</spiffworkflow:{tag}></bpmn:extensionElements>"


def in_slot(slot: str, code: str) -> bytes:
    """Return a diagram with `code` where an expression of that kind stands."""
    safe = code.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    multi = "<bpmn:multiInstanceLoopCharacteristics>{}</bpmn:multiInstanceLoopCharacteristics>"
    task = nodes("userTask", "a") + sequence("a")
    made = {
        "condition": nodes("startEvent", "s")
        + node("exclusiveGateway", "x", default="x_e")
        + nodes("userTask", "a")
        + nodes("endEvent", "e")
        + flows("s x", f"x a {code}", "x e", "a e"),
        "timer duration": task + boundary("b", "a", timer(code)) + nodes("endEvent", "e2") + flows("b e2"),
        "timer date": node("intermediateCatchEvent", "a", timer(code, "timeDate")) + sequence("a"),
        "timer cycle": task
        + boundary("b", "a", timer(code, "timeCycle"), interrupting=False)
        + nodes("endEvent", "e2")
        + flows("b e2"),
        "script": script("a", f"x = {code}") + sequence("a"),
        "bare script": script("a", code) + sequence("a"),
        "parameter": service("a", x=code) + sequence("a"),
        "payload": node("sendTask", "a", extension("messagePayload", safe), messageRef="m_x") + sequence("a"),
        "correlate": node("intermediateCatchEvent", "a", properties(correlate=code) + message("x")) + sequence("a"),
        "group": node("userTask", "a", properties(group=code)) + sequence("a"),
        "cardinality": node("userTask", "a", multi.format(f"<bpmn:loopCardinality>{safe}</bpmn:loopCardinality>"))
        + sequence("a"),
        "completion": node(
            "userTask",
            "a",
            multi.format(
                "<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:completionCondition>"
                f"{safe}</bpmn:completionCondition>"
            ),
        )
        + sequence("a"),
        "loop": node(
            "userTask",
            "a",
            "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>"
            f"{safe}</bpmn:loopCondition></bpmn:standardLoopCharacteristics>",
        )
        + sequence("a"),
        "input": node(
            "callActivity",
            "a",
            f'<bpmn:extensionElements><chengnuo:in target="x" source="{safe}"/></bpmn:extensionElements>',
            calledElement="p",
        )
        + sequence("a"),
        "output": node(
            "callActivity",
            "a",
            f'<bpmn:extensionElements><chengnuo:out target="x" source="{safe}"/></bpmn:extensionElements>',
            calledElement="p",
        )
        + sequence("a"),
        "prescript": node("userTask", "a", extension("preScript", safe)) + sequence("a"),
        "postscript": node("userTask", "a", extension("postScript", safe)) + sequence("a"),
        "conditional event": task
        + boundary(
            "b",
            "a",
            "<bpmn:conditionalEventDefinition><bpmn:condition>"
            f"{safe}</bpmn:condition></bpmn:conditionalEventDefinition>",
        )
        + nodes("endEvent", "e2")
        + flows("b e2"),
    }
    return diagram(made[slot], extra=messages("x"))


SLOTS = [
    "condition",
    "timer duration",
    "timer date",
    "timer cycle",
    "script",
    "bare script",
    "parameter",
    "payload",
    "correlate",
    "group",
    "cardinality",
    "completion",
    "loop",
    "input",
    "output",
    "prescript",
    "postscript",
    "conditional event",
]


@pytest.mark.parametrize("slot", SLOTS)
def test_code_in_any_expression_is_refused_and_never_runs(slot: str, tmp_path: Path):
    for payload in PAYLOADS:
        path = tmp_path / "pwned"
        files = {"bad.bpmn": in_slot(slot, payload.format(path=path))}
        findings = [finding for finding in engine.check(files, engine.Catalog()) if finding.severity == "error"]
        assert {finding.rule for finding in findings} & {"python_code", "bad_expression", "script_refused"}, payload
        assert all(finding.file == "bad.bpmn" and finding.line for finding in findings)
        with pytest.raises(Refused):
            engine.build(files, engine.Catalog())
        assert not path.exists()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_script_engine_evaluates_feel_only(payload: str, tmp_path: Path):
    path = tmp_path / "pwned"
    script_engine = Engine(Recorder(), {})
    code = payload.format(path=path)
    task = type("Task", (), {"data": {}})()
    with pytest.raises(ExpressionError):
        script_engine.evaluate(task, code)
    with pytest.raises(ExpressionError):
        script_engine.environment.evaluate(code, {})  # where the library's correlations go
    with pytest.raises(ExpressionError):
        script_engine.execute(task, code)
    with pytest.raises(StepFailed):
        script_engine.call_service(task, operation_name="x", operation_params={})
    assert not path.exists()


def test_a_loaded_instance_has_our_engine_and_not_the_librarys():
    walk = Walk(diagram(nodes("userTask", "a") + sequence("a")))
    assert isinstance(walk.execution._instance, BpmnWorkflow)
    assert isinstance(walk.execution._instance.script_engine, Engine)


ENTITY = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n'


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (ENTITY + b"<x>&a;</x>", "xml_doctype"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "xml_doctype"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"), "xml_doctype"),
        (b"<x>\n<y></x>", "xml_not_well_formed"),
        (b"", "xml_not_well_formed"),
        (b"\x00\xff\xfe", "xml_not_well_formed"),
        (b"PK\x03\x04", "xml_not_well_formed"),
        (b"<x>" * 300 + b"</x>" * 300, "xml_not_well_formed"),
        (b'<x xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="file:///etc/passwd"/></x>', "xml_include"),
        (b"<x>" + b"<y/>" * 60_000 + b"</x>", "xml_too_many_elements"),
        (b"<x>" + b"y" * 10_000_000 + b"</x>", "xml_too_large"),
        (b"<x>" + b"<y/>" * 2_500_000 + b"</x>", "xml_too_large"),
    ],
)
def test_xml_that_is_not_plain_and_small_is_refused_fast(data: bytes, rule: str):
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        parse(data, "x.bpmn")
    assert [finding.rule for finding in refused.value.findings] == [rule]
    assert [finding.rule for finding in engine.check({"x.bpmn": data}, engine.Catalog())] == [rule]
    assert time.perf_counter() - began < 2


def test_the_line_of_a_mistake_is_told():
    with pytest.raises(Refused) as refused:
        parse(b"<x>\n<y>\n</x>", "x.bpmn")
    assert refused.value.findings[0].line == 3


def saved() -> tuple[engine.Spec, bytes]:
    walk = Walk(
        diagram(
            nodes("userTask", "a", "b")
            + boundary("t", "a", timer('"PT1H"'))
            + nodes("endEvent", "e2")
            + sequence("a", "b")
            + flows("t e2")
        ),
        name="张",
    )
    return walk.spec, walk.execution.dump()


def sealed(content: bytes) -> bytes:
    packed = zstandard.compress(content)
    return MAGIC + hashlib.blake2b(packed, digest_size=DIGEST_SIZE).digest() + packed


def test_a_damaged_state_is_refused_wherever_it_is_damaged():
    spec, blob = saved()
    for cut in range(0, len(blob), 7):
        with pytest.raises(Refused):
            engine.load(spec, blob[:cut], Recorder())
    for place in range(0, len(blob), 5):
        with pytest.raises(Refused):
            engine.load(spec, blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :], Recorder())


class _Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"[1,2]",
        b'{"serializer_version": "1.1"}',
        b'["p", [[null,false,true,{},null,[]]]]',
        b'["p", [[null,false,true,{},0,[["x",null,"no such element",16,0,{},{},[]]]]]]',
        b'["p", [[null,false,true,{},0,[["x",null,"a",17,0,{},{},[]]]]]]',
        b'["p", [[null,false,true,{},0,[["x",5,"a",16,0,{},{},[]]]]]]',
        b'["p", [[null,false,true,{},9,[["x",null,"a",16,0,{},{},[]]]]]]',
        b'["p", [[null,false,true,{},0,[["x",null,"a",16,0,{},{},["gone"]]]]]]',
        b'["q", []]',
        b'["p", 7]',
        b'["p", [[null,false,true,{},0,[["x",null,"a",16,0,{},{},[]]]],["nobody",false,true,{},0,[]]]]',
        pickle.dumps(_Bomb()),
    ],
)
def test_a_forged_state_is_refused_and_never_code(content: bytes):
    spec, _ = saved()
    with pytest.raises(Refused):
        engine.load(spec, sealed(content), Recorder())


def test_the_librarys_own_blobs_and_their_migrations_are_not_read():
    spec, _ = saved()
    workflow = Walk(diagram(nodes("userTask", "a") + sequence("a"))).execution._instance
    assert "eval" not in dir(workflow)
    old = BpmnWorkflowSerializer(version="1.1")
    blob = orjson.dumps({old.VERSION_KEY: "1.1", "spec": {"typename": "BpmnProcessSpec"}, "tasks": {}})
    for attempt in (blob, zstandard.compress(blob), sealed(blob), MAGIC + blob):
        with pytest.raises(Refused):
            engine.load(spec, attempt, Recorder())


def test_a_state_belongs_to_its_own_process():
    _, blob = saved()
    other = Walk(diagram(nodes("userTask", "a") + sequence("a"), key="other"))
    with pytest.raises(Refused):
        engine.load(other.spec, blob, Recorder())


def test_a_damaged_version_is_refused():
    built = engine.build({"p.bpmn": diagram(nodes("userTask", "a") + sequence("a"))}, engine.Catalog())[0]
    for bad in (b"", b"x", zstandard.compress(b"{}"), zstandard.compress(b"[]"), pickle.dumps(_Bomb())):
        with pytest.raises(Refused):
            engine.load_spec(bad)
    content = orjson.loads(zstandard.decompress(built.spec))
    with pytest.raises(StepFailed):
        engine.load_spec(zstandard.compress(orjson.dumps({**content, "format": 99})))
    with pytest.raises(Refused):
        engine.load_spec(zstandard.compress(orjson.dumps({**content, "process": "nothing"})))


def test_names_that_the_library_reserves_are_ordinary_data():
    data = {"typename": "Task", "data_objects": {"typename": "BpmnWorkflow"}, "__builtins__": {}}
    walk = Walk(diagram(nodes("userTask", "a", "b") + sequence("a", "b")))
    walk.do("a", **data)
    assert walk.execution.variables() == data
    assert walk.do("b").ended


def test_a_diagram_with_a_thousand_steps_is_walked_without_running_out_of_stack():
    names = [f"t{index}" for index in range(1500)]
    body = nodes("task", *names) + nodes("userTask", "a") + sequence(*names, "a")
    assert rules(diagram(body)) == set()
    assert Walk(diagram(body)).open == ["a"]


def test_a_diagram_that_is_too_large_to_read_is_refused_and_a_large_one_is_checked_in_time():
    def wide(count: int) -> bytes:
        names = [f"t{index}" for index in range(count)]
        body = nodes("startEvent", "s") + nodes("parallelGateway", "f", "j") + nodes("endEvent", "e")
        body += "".join(script(name, f"x{name} = 1\nshared = 1") for name in names)
        return diagram(body + flows("s f", *(f"f {n}" for n in names), *(f"{n} j" for n in names), "j e"))

    for data, expected in ((wide(1900), "shared_variable_in_parallel"), (wide(4000), "too_large")):
        began = time.perf_counter()
        assert expected in rules(data)
        assert time.perf_counter() - began < 5
    many = diagram("").replace(b"</bpmn:definitions>", b"<bpmn:process/>" * 200 + b"</bpmn:definitions>")
    assert "too_large" in rules(many)
