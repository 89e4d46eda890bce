"""Going on in another version: allowed where all that waits is drawn alike, refused with the reason else."""

from __future__ import annotations

from app import engine
from tests.unit.engine_support import Recorder, boundary, diagram, flows, node, nodes, timer

BEFORE = nodes("startEvent", "s") + nodes("userTask", "a", "b") + nodes("endEvent", "e")
PATH = flows("s a", "a b", "b e")


def spec(body: str) -> engine.Spec:
    (built,) = engine.build({"processes/p/p.bpmn": diagram(body)}, engine.Catalog())
    return engine.load_spec(built.spec)


def why(old: engine.Spec, new: engine.Spec) -> list[str]:
    return [one.message_en for one in engine.hindrances(engine.start(old, {}, Recorder()), old, new)]


def test_what_changes_behind_the_token_or_in_front_of_it_hinders_nothing() -> None:
    old = spec(BEFORE + PATH)
    new = spec(BEFORE + nodes("userTask", "c") + flows("s a", "a c", "c b", "b e"))
    assert why(old, new) == []
    ports = Recorder()
    execution = engine.load(new, engine.start(old, {"n": 1}, ports).dump(), ports)
    (task,) = execution.view().tasks
    execution.complete(task.task_id, {})
    assert [task.element.id for task in execution.view().tasks] == ["c"]


def test_where_it_waits_must_be_there() -> None:
    new = spec(nodes("startEvent", "s") + nodes("userTask", "b") + nodes("endEvent", "e") + flows("s b", "b e"))
    assert why(spec(BEFORE + PATH), new) == ["“步骤” is not in the new version"]


def test_where_it_waits_must_be_of_the_same_kind() -> None:
    new = spec(
        nodes("startEvent", "s") + node("scriptTask", "a", "<bpmn:script>x = 1</bpmn:script>") + nodes("userTask", "b")
        + nodes("endEvent", "e") + PATH)
    assert why(spec(BEFORE + PATH), new) == ["“步骤” is not in the new version"]


def test_where_it_waits_must_have_the_same_deadlines() -> None:
    bordered = BEFORE + nodes("endEvent", "f") + boundary("t", "a", timer('"PT1H"')) + flows(
        "s a", "a b", "b e", "t f")
    assert why(spec(BEFORE + PATH), spec(bordered)) == ["“步骤”, where it waits, has other boundary events"]


def test_variables_are_changed_where_a_token_knows_them() -> None:
    execution = engine.start(spec(BEFORE + PATH), {"level": "P3"}, Recorder())
    execution.assign({"level": "P1", "unknown": 1})
    assert execution.view().tasks[0].variables == {"level": "P1"}
