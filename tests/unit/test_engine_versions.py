"""Versions: content hashes, what a process reaches, the cache, and states that are small, equal and ordered."""

from __future__ import annotations

import statistics
import threading
import time

import pytest

from app import engine
from app.errors import Refused
from tests.unit.engine_support import Recorder, boundary, diagram, flows, node, nodes, properties, timer

FORM = b'{"id": "f"}'


def sequence(*names: str) -> str:
    return (
        nodes("startEvent", "s")
        + nodes("endEvent", "e")
        + flows(*(f"{one} {two}" for one, two in zip(("s", *names), (*names, "e"), strict=True)))
    )


def bundle(inner: str = "x", form: bytes = FORM) -> dict[str, bytes]:
    called = diagram(node("userTask", inner, properties(form="f")) + sequence(inner), key="q")
    return {
        "processes/p/p.bpmn": diagram(node("callActivity", "c", calledElement="q") + sequence("c")),
        "forms/f.json": form,
        "processes/q/q.bpmn": called,
        "processes/other.bpmn": diagram(nodes("userTask", "z") + sequence("z"), key="other"),
        "forms/unused.json": b"{}",
    }


def built(files: dict[str, bytes]) -> dict[str, engine.Spec]:
    return {one.key: one for one in engine.build(files, engine.Catalog())}


def test_a_version_changes_when_anything_that_it_reaches_changes():
    first, same = built(bundle()), built(bundle())
    assert {key: one.digest for key, one in first.items()} == {key: one.digest for key, one in same.items()}
    assert first["p"].reaches == ("forms/f.json", "processes/p/p.bpmn", "processes/q/q.bpmn")
    assert first["p"].calls == ("q",)
    for changed in (built(bundle(inner="y")), built(bundle(form=FORM + b" "))):
        assert changed["p"].digest != first["p"].digest
        assert changed["q"].digest != first["q"].digest
        assert changed["other"].digest == first["other"].digest


def test_elements_come_in_document_order_with_all_that_is_reached():
    one = built(bundle())["p"]
    assert [(element.process, element.id) for element in one.elements if element.type != "sequenceFlow"] == [
        ("p", "c"),
        ("p", "s"),
        ("p", "e"),
        ("q", "x"),
        ("q", "s"),
        ("q", "e"),
    ]
    assert engine.load_spec(one.spec).element("q", "x").form == "f"


def test_a_bundle_with_an_error_is_refused_with_its_findings():
    with pytest.raises(Refused) as refused:
        engine.build(
            {"p.bpmn": diagram(node("callActivity", "c", calledElement="nowhere") + sequence("c"))}, engine.Catalog()
        )
    assert [(finding.rule, finding.element) for finding in refused.value.findings] == [("unknown_process", "c")]


def test_the_cache_shares_a_built_version_and_drops_the_oldest():
    cache, versions = engine.SpecCache(size=1), built(bundle())
    first = cache.get(versions["p"].digest, versions["p"].spec)
    assert cache.get(versions["p"].digest, versions["p"].spec) is first
    cache.get(versions["q"].digest, versions["q"].spec)
    assert cache.get(versions["p"].digest, versions["p"].spec) is not first


def test_a_shared_version_serves_many_threads_at_once():
    spec, results = engine.load_spec(built(bundle())["p"].spec), []

    def walk() -> None:
        for number in range(30):
            ports = Recorder()
            execution = engine.load(spec, engine.start(spec, {"n": number}, ports).dump(), ports)
            execution.complete(execution.view().tasks[0].task_id, {"m": number})
            results.append((execution.view().ended, execution.variables()))

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count((True, {"n": 0, "m": 0})) == 4
    assert len(results) == 120


def bench() -> engine.Spec:
    """A case that goes round: assessed under two timers, worked on in parallel, handed over, confirmed."""
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + nodes("userTask", "assess", "a", "b", "confirm")
        + boundary("remind", "assess", timer('"PT4H"'), interrupting=False)
        + nodes("endEvent", "reminded", "e")
        + boundary("overdue", "assess", timer('"PT24H"'))
        + nodes("exclusiveGateway", "assessed")
        + nodes("parallelGateway", "f", "j")
        + node("callActivity", "handle", calledElement="q")
        + node("exclusiveGateway", "x", default="x_e")
        + flows(
            "s m",
            "m assess",
            "remind reminded",
            "overdue assessed",
            "assess assessed",
            "assessed f",
            "f a",
            "f b",
            "a j",
            "b j",
            "j handle",
            "handle confirm",
            "confirm x",
            "x m again > 0",
            "x e",
        )
    )
    files = {
        "p.bpmn": diagram(body),
        "q.bpmn": diagram(nodes("userTask", "plan", "work", "report") + sequence("plan", "work", "report"), key="q"),
    }
    return engine.load_spec(engine.build(files, engine.Catalog())[0].spec)


def test_a_step_costs_the_same_after_six_hundred_tasks_as_after_twenty():
    spec, ports, sizes, times = bench(), Recorder(), [], []
    blob = engine.start(spec, {"customer": "x" * 50}, ports).dump()
    for count in range(600):
        began = time.perf_counter()
        execution = engine.load(spec, blob, ports)
        execution.fire_due()
        task = execution.view().tasks[0]
        execution.complete(task.task_id, {"again": 1, f"note_{task.element.id}": count})
        blob = execution.dump()
        times.append(time.perf_counter() - began)
        sizes.append(len(blob))
    assert max(sizes[500:]) < 1.2 * max(sizes[20:60])
    assert statistics.median(times[500:]) < 1.5 * statistics.median(times[10:60])


def test_equal_instances_give_equal_bytes_and_data_survives_exactly():
    data = {
        "text": "张三 \u2028",
        "number": 1.5,
        "whole": 10**15,
        "yes": True,
        "one": 1,
        "none": None,
        "list": [1, [True, {"a": []}]],
    }
    spec, ports = bench(), Recorder()
    execution = engine.start(spec, data, ports)
    execution.complete(execution.view().tasks[0].task_id, {"one": True, "yes": 1, "list": [True, [1, {"a": []}]]})
    blob = execution.dump()
    again = engine.load(spec, blob, ports)
    assert blob == execution.dump() == again.dump()
    variables = again.variables()
    assert variables["one"] is True
    assert variables["yes"] is not True
    assert variables["list"][0] is True
    assert again.view() == execution.view()
