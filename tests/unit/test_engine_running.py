"""How instances run: tasks, gateways, calls, errors, joins, multi-instances; reloaded at every step."""

from __future__ import annotations

import pytest

from app import engine
from app.errors import BusinessError, Conflict, HandlerFailed, StepFailed
from app.facts import Done, Parked
from tests.unit.engine_support import (
    Recorder,
    Walk,
    boundary,
    diagram,
    error,
    errors,
    flows,
    message,
    messages,
    node,
    nodes,
    properties,
    script,
    service,
    timer,
)


def sequence(*names: str) -> str:
    return (
        nodes("startEvent", "s")
        + nodes("endEvent", "e")
        + flows(*(f"{one} {two}" for one, two in zip(("s", *names), (*names, "e"), strict=True)))
    )


def test_a_user_task_waits_and_its_data_goes_on():
    walk = Walk(diagram(nodes("userTask", "a", "b") + sequence("a", "b")), customer="张三")
    assert walk.open == ["a"]
    walk.do("a", answer=[1, {"x": True}])
    assert walk.execution.view().tasks[0].variables == {"customer": "张三", "answer": [1, {"x": True}]}
    assert walk.do("b").ended
    assert walk.ports.happened() == [
        "s completed",
        "a started",
        "a completed",
        "b started",
        "b completed",
        "e completed",
    ]


def test_a_task_is_completed_once():
    walk = Walk(diagram(nodes("userTask", "a", "b") + sequence("a", "b")))
    first = walk.task("a")
    walk.do("a")
    with pytest.raises(Conflict):
        walk.execution.complete(first, {})
    with pytest.raises(Conflict):
        walk.execution.complete("no such task", {})


def exclusive(default: str = "x_b") -> bytes:
    return diagram(
        nodes("startEvent", "s")
        + node("exclusiveGateway", "x", default=default)
        + nodes("userTask", "a", "b")
        + nodes("endEvent", "e")
        + flows("s x", "x a amount > 100", "x b", "a e", "b e")
    )


@pytest.mark.parametrize(("amount", "task"), [(101, "a"), (100, "b")])
def test_an_exclusive_gateway_takes_the_true_condition_or_the_default(amount, task):
    assert Walk(exclusive(), amount=amount).open == [task]


def test_a_condition_that_is_neither_true_nor_false_fails_at_the_gateway():
    walk = Walk(exclusive())
    failed = walk.execution.view().failed
    assert [task.element.id for task in failed] == ["x"]
    assert not walk.ended
    walk.execution.retry(failed[0].task_id, {"amount": 500})
    assert walk.open == ["a"]
    assert walk.execution.view().failed == ()


def test_a_script_assigns_line_by_line():
    walk = Walk(
        diagram(
            script("a", '// note\nx = 1 + 2\ny = if x > 2\n    then "big"\n    else "small"\nz = [x, y]')
            + nodes("userTask", "b")
            + sequence("a", "b")
        )
    )
    assert walk.execution.variables() == {"x": 3, "y": "big", "z": [3, "big"]}


def test_a_service_gets_its_parameters_and_its_result_is_kept():
    ports = Recorder(number=lambda call: Done(f"{call.params['kind']}-7"))
    walk = Walk(
        diagram(
            service("a", "number", "no", kind='"opinion"', level="case.level")
            + nodes("userTask", "b")
            + sequence("a", "b")
        ),
        ports=ports,
    )
    assert ports.calls[0].params == {"kind": "opinion", "level": "P3"}
    assert walk.execution.variables() == {"no": "opinion-7"}


def test_a_parked_call_waits_for_its_result():
    walk = Walk(
        diagram(service("a", "ask", "answer") + nodes("userTask", "b") + sequence("a", "b")),
        ports=Recorder(ask=Parked()),
    )
    call = walk.execution.view().calls[0]
    assert walk.open == []
    walk.execution.finish_call(call.task_id, {"ok": True})
    assert walk.open == ["b"]
    assert walk.execution.variables() == {"answer": {"ok": True}}
    with pytest.raises(Conflict):
        walk.execution.finish_call(call.task_id, None)


def test_a_failed_call_is_an_incident_and_the_other_branch_goes_on():
    ports = Recorder(do=HandlerFailed("no line", "线路不通"))
    walk = Walk(
        diagram(
            nodes("startEvent", "s")
            + nodes("parallelGateway", "f", "j")
            + service("a")
            + nodes("userTask", "b")
            + nodes("endEvent", "e")
            + flows("s f", "f a", "f b", "a j", "b j", "j e")
        ),
        ports=ports,
    )
    failed = walk.execution.view().failed[0]
    assert (failed.element.id, failed.error) == ("a", "no line")
    assert "a failed" in ports.happened()
    walk.do("b")
    assert not walk.ended
    ports.answers["do"] = None
    walk.execution.retry(failed.task_id)
    assert walk.ended
    assert [event.attempt for event in ports.events if event.element.id == "a"] == [2, 2]


def test_a_parked_call_that_fails_later_is_an_incident_too():
    walk = Walk(diagram(service("a") + sequence("a")), ports=Recorder(do=Parked()))
    walk.execution.fail_call(walk.execution.view().calls[0].task_id, HandlerFailed("gone"))
    assert [task.error for task in walk.execution.view().failed] == ["gone"]
    walk.ports.answers["do"] = None
    walk.execution.retry(walk.execution.view().failed[0].task_id)
    assert walk.ended


def with_error_boundary(code: str | None) -> bytes:
    return diagram(
        service("a")
        + boundary("caught", "a", error(code))
        + nodes("userTask", "repair")
        + nodes("endEvent", "e2")
        + sequence("a")
        + flows("caught repair", "repair e2"),
        extra=errors("ERP"),
    )


@pytest.mark.parametrize("code", ["ERP", None])
@pytest.mark.parametrize("parked", [False, True])
def test_a_business_error_follows_the_error_boundary(code, parked):
    problem = BusinessError("ERP", "down", {"system": "erp"})
    walk = Walk(with_error_boundary(code), ports=Recorder(do=Parked() if parked else problem))
    if parked:
        walk.execution.fail_call(walk.execution.view().calls[0].task_id, problem)
    assert walk.open == ["repair"]
    assert walk.execution.view().tasks[0].variables == {"system": "erp", "error_code": "ERP", "error_text": "down"}
    assert walk.ports.happened()[1:] == ["a started", "caught fired", "a cancelled", "repair started"]
    assert walk.do("repair").ended


def test_a_business_error_that_nobody_catches_is_an_incident():
    walk = Walk(with_error_boundary("ERP"), ports=Recorder(do=BusinessError("OTHER")))
    assert [task.element.id for task in walk.execution.view().failed] == ["a"]


CALLED = diagram(
    nodes("userTask", "inner") + script("compute", 'result = wish + "!"\nsecret = 2') + sequence("inner", "compute"),
    key="q",
)


def caller(mapping: str) -> bytes:
    return diagram(
        node("callActivity", "c", f"<bpmn:extensionElements>{mapping}</bpmn:extensionElements>", calledElement="q")
        + nodes("userTask", "after")
        + sequence("c", "after")
    )


def test_only_declared_variables_go_in_and_come_back():
    walk = Walk(
        caller(
            '<chengnuo:in target="wish" source="&quot;re&quot; + demand"/>'
            '<chengnuo:out target="answer" source="result"/>'
        ),
        CALLED,
        demand="fund",
        private=1,
    )
    assert walk.execution.view().tasks[0].variables == {"wish": "refund"}
    walk.do("inner", extra=1)
    assert walk.execution.variables() == {"demand": "fund", "private": 1, "answer": "refund!"}


def test_a_call_without_declarations_passes_everything():
    walk = Walk(caller(""), CALLED, wish="a")
    walk.do("inner")
    assert walk.execution.variables() == {"wish": "a", "result": "a!", "secret": 2}


def test_a_mapping_that_fails_is_an_incident_at_the_call():
    walk = Walk(
        caller('<chengnuo:in target="wish" source="missing_function_is_refused.entry"/>'),
        CALLED,
        missing_function_is_refused={"a": 1},
    )
    assert [task.element.id for task in walk.execution.view().failed] == ["c"]
    walk.execution.retry(walk.execution.view().failed[0].task_id, {"missing_function_is_refused": {"entry": "ok"}})
    assert walk.open == ["inner"]


MAPPED = '<chengnuo:in target="wish" source="wish"/><chengnuo:out target="answer" source="result.entry"/>'


def test_a_result_that_cannot_be_taken_back_is_retried_without_running_the_call_again():
    walk = Walk(caller(MAPPED), CALLED, wish="a")
    walk.do("inner")
    failed = walk.execution.view().failed
    assert [task.element.id for task in failed] == ["c"]
    walk.execution.retry(failed[0].task_id, {"result": {"entry": "mended"}})
    assert walk.open == ["after"]
    assert walk.execution.variables()["answer"] == "mended"
    assert walk.ports.happened().count("inner started") == 1


FAILING = diagram(
    nodes("startEvent", "s")
    + nodes("userTask", "t")
    + node("endEvent", "broken", error("X"))
    + flows("s t", "t broken"),
    key="q",
    extra=errors("X"),
)


def test_an_error_end_in_a_called_process_that_nobody_catches_does_not_pass_silently():
    walk = Walk(caller(""), FAILING)
    walk.do("t")
    assert [task.element.id for task in walk.execution.view().failed] == ["broken"]
    assert walk.open == []
    assert not walk.ended


def test_an_error_end_in_a_called_process_reaches_the_callers_boundary():
    body = (
        node("callActivity", "c", calledElement="q")
        + boundary("caught", "c", error("X"))
        + nodes("userTask", "after", "repair")
        + nodes("endEvent", "e2")
        + sequence("c", "after")
        + flows("caught repair", "repair e2")
    )
    walk = Walk(diagram(body, extra=errors("X")), FAILING)
    walk.do("t")
    assert walk.open == ["repair"]
    assert walk.do("repair").ended


def subprocess(inner: str, name: str = "sub") -> str:
    return node("subProcess", name, inner)


def test_a_terminate_end_ends_its_own_scope_only():
    inner = (
        nodes("startEvent", "s2")
        + nodes("parallelGateway", "f")
        + nodes("userTask", "x", "y")
        + nodes("endEvent", "e3")
        + node("endEvent", "stop", "<bpmn:terminateEventDefinition/>")
        + flows("s2 f", "f x", "f y", "x e3", "y stop")
    )
    walk = Walk(diagram(subprocess(inner) + nodes("userTask", "after") + sequence("sub", "after")))
    walk.do("y", mine=1)
    assert walk.open == ["after"]
    assert "x cancelled" in walk.ports.happened()
    assert walk.execution.variables() == {"mine": 1}


def test_a_deadline_around_a_subprocess_cancels_all_that_is_in_it():
    inner = (
        nodes("startEvent", "s2")
        + nodes("userTask", "x")
        + boundary("tick", "x", timer('"PT10H"'), interrupting=False)
        + nodes("endEvent", "e3", "e4")
        + flows("s2 x", "x e3", "tick e4")
    )
    walk = Walk(
        diagram(
            subprocess(inner)
            + boundary("late", "sub", timer('"PT2H"'))
            + nodes("userTask", "after", "escalate")
            + nodes("endEvent", "e2")
            + sequence("sub", "after")
            + flows("late escalate", "escalate e2")
        )
    )
    walk.wait(hours=3)
    assert walk.open == ["escalate"]
    assert walk.execution.view().timers == ()
    assert {"late fired", "sub cancelled", "x cancelled"} <= set(walk.ports.happened())


def test_branches_merge_only_what_they_changed():
    body = (
        nodes("startEvent", "s")
        + nodes("parallelGateway", "f", "j")
        + nodes("userTask", "a", "b", "c")
        + nodes("endEvent", "e")
        + flows("s f", "f a", "f b", "a j", "b j", "j c", "c e")
    )
    walk = Walk(diagram(body), total=0, items=["x", "x"])
    walk.do("a", total=10)
    walk.do("b", seen=True)  # its snapshot still says total = 0
    assert walk.execution.variables() == {"total": 10, "items": ["x", "x"], "seen": True}


def test_a_parallel_join_in_a_loop_waits_for_both_branches_in_every_round():
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + nodes("parallelGateway", "f", "j")
        + nodes("userTask", "a", "b", "q")
        + node("exclusiveGateway", "x", default="x_e")
        + nodes("endEvent", "e")
        + flows("s m", "m f", "f a", "f b", "a j", "b j", "j q", "q x", "x m again", "x e")
    )
    walk = Walk(diagram(body))
    for order in ("ab", "ba", "ab", "ba"):
        walk.do(order[0])
        assert walk.open == [order[1]]
        walk.do(order[1])
        assert walk.open == ["q"]
        walk.do("q", again=True)
    assert len(walk.execution.dump()) < 600


def test_an_inclusive_join_waits_for_what_can_still_come():
    body = (
        nodes("startEvent", "s")
        + node("inclusiveGateway", "f", default="f_c")
        + nodes("inclusiveGateway", "j")
        + nodes("userTask", "a", "b", "c", "after")
        + nodes("endEvent", "e")
        + flows("s f", "f a a", "f b b", "f c", "a j", "b j", "c j", "j after", "after e")
    )
    both = Walk(diagram(body), a=True, b=True).do("b")
    assert both.open == ["a"]
    assert both.do("a").open == ["after"]
    assert Walk(diagram(body), a=True, b=False).do("a").open == ["after"]
    assert Walk(diagram(body), a=False, b=False).open == ["c"]


def repeated(kind: str, inner: str = "", task: str = "userTask") -> str:
    body = (
        '<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef><bpmn:inputDataItem id="person" name="person"/>' + inner
    )
    return node(
        task,
        "ask",
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{kind}">{body}</bpmn:multiInstanceLoopCharacteristics>',
    )


OUTPUT = (
    "<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>",
    '<bpmn:outputDataItem id="answer" name="answer"/>',
)


def test_a_sequential_multi_instance_goes_through_every_item():
    walk = Walk(
        diagram(repeated("true") + nodes("userTask", "after") + sequence("ask", "after")), people=["a", "b", "c"]
    )
    for person in "abc":
        tasks = walk.execution.view().tasks
        assert [task.variables["person"] for task in tasks] == [person]
        walk.do("ask", **{f"said_{person}": True})
    assert walk.open == ["after"]
    assert walk.execution.variables() == {"people": ["a", "b", "c"], "said_a": True, "said_b": True, "said_c": True}
    told = walk.ports.happened()
    assert told.count("ask started") == 4  # the whole, and each instance
    assert told.count("ask completed") == 4


@pytest.mark.parametrize("kind", ["true", "false"])
def test_a_multi_instance_collects_results_in_the_items_order(kind):
    inner = OUTPUT[0] + OUTPUT[1]
    walk = Walk(
        diagram(repeated(kind, inner) + nodes("userTask", "after") + sequence("ask", "after")), people=["a", "b"]
    )
    for task in reversed(walk.execution.view().tasks):
        walk.execution.complete(task.task_id, {"answer": task.variables["person"].upper()})
    while walk.open == ["ask"]:
        walk.do("ask", answer="B")
    assert walk.execution.variables() == {"people": ["a", "b"], "answers": ["A", "B"]}


def test_a_multi_instance_over_nothing_is_passed():
    walk = Walk(
        diagram(repeated("false", OUTPUT[0] + OUTPUT[1]) + nodes("userTask", "after") + sequence("ask", "after")),
        people=[],
    )
    assert walk.open == ["after"]
    assert walk.execution.variables() == {"people": [], "answers": []}


def test_a_multi_instance_over_no_list_is_an_incident():
    walk = Walk(diagram(repeated("false") + sequence("ask")), people="not a list")
    assert [task.element.id for task in walk.execution.view().failed] == ["ask"]
    walk.execution.retry(walk.execution.view().failed[0].task_id, {"people": ["x"]})
    assert walk.open == ["ask"]


def test_an_early_completion_cancels_the_other_instances():
    walk = Walk(
        diagram(
            repeated("false", "<bpmn:completionCondition>refused</bpmn:completionCondition>")
            + nodes("userTask", "after")
            + sequence("ask", "after")
        ),
        people=["a", "b", "c"],
        refused=False,
    )
    walk.do("ask")
    assert walk.open == ["ask", "ask"]
    walk.do("ask", refused=True)
    assert walk.open == ["after"]
    assert "ask cancelled" in walk.ports.happened()


def test_the_milestone_of_a_multi_instance_is_the_wholes():
    task = node(
        "userTask",
        "ask",
        properties(milestone="verify", activity="verify") + "<bpmn:multiInstanceLoopCharacteristics>"
        "<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>",
    )
    walk = Walk(diagram(task + sequence("ask")))
    walk.do("ask").do("ask")
    done = [
        (event.element.activity, event.element.milestone, event.detail.get("instance"))
        for event in walk.ports.events
        if event.transition == "completed" and event.element.id == "ask"
    ]
    assert done == [("verify", None, "0"), ("verify", None, "1"), (None, "verify", None)]


def test_a_multi_instance_of_a_call_activity():
    mapping = '<chengnuo:in target="wish" source="person"/><chengnuo:out target="answer" source="result"/>'
    body = node(
        "callActivity",
        "ask",
        f"<bpmn:extensionElements>{mapping}</bpmn:extensionElements>"
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"
        f'{OUTPUT[0]}<bpmn:inputDataItem id="person" name="person"/>{OUTPUT[1]}'
        "</bpmn:multiInstanceLoopCharacteristics>",
        calledElement="q",
    )
    walk = Walk(diagram(body + nodes("userTask", "after") + sequence("ask", "after")), CALLED, people=["a", "b"])
    assert walk.open == ["inner", "inner"]
    walk.do("inner").do("inner")
    assert walk.execution.variables() == {"people": ["a", "b"], "answers": ["a!", "b!"]}


def test_a_deadline_on_a_multi_instance_cancels_every_instance():
    walk = Walk(
        diagram(
            repeated("false")
            + boundary("late", "ask", timer('"PT1H"'))
            + nodes("userTask", "after")
            + nodes("endEvent", "e2")
            + sequence("ask")
            + flows("late after", "after e2")
        ),
        people=["a", "b"],
    )
    walk.do("ask").wait(hours=2)
    assert walk.open == ["after"]
    assert walk.ports.happened().count("ask cancelled") == 2  # the open instance, and the whole


def test_a_standard_loop_goes_round_while_its_condition_holds():
    task = node(
        "userTask",
        "ask",
        "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>more</bpmn:loopCondition>"
        "</bpmn:standardLoopCharacteristics>",
    )
    walk = Walk(diagram(task + sequence("ask")), more=True)
    assert walk.do("ask").do("ask").open == ["ask"]
    assert walk.do("ask", more=False).ended


def test_an_endless_loop_of_automatic_steps_is_stopped():
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + script("a", "n = 1")
        + node("exclusiveGateway", "x", default="x_m")
        + nodes("endEvent", "e")
        + flows("s m", "m a", "a x", "x e n > 1", "x m")
    )
    with pytest.raises(StepFailed, match="endless"):
        Walk(diagram(body))


def test_six_hundred_rounds_are_no_deeper_than_one():
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + nodes("userTask", "a")
        + node("exclusiveGateway", "x", default="x_m")
        + nodes("endEvent", "e")
        + flows("s m", "m a", "a x", "x e stop", "x m")
    )
    walk = Walk(diagram(body), stop=False)
    for _ in range(600):
        walk.do("a")
    assert len(walk.execution.dump()) < 400
    live = Walk(diagram(body), reload=False, stop=False)
    for _ in range(1200):
        live.do("a")  # deeper than the library's iterators look
    assert live.open == ["a"]


def test_the_group_of_a_task_is_its_property_or_its_lane():
    body = node("userTask", "a", properties(group='if vip then "manager" else "clerk"')) + sequence("a")
    assert Walk(diagram(body), vip=True).execution.view().tasks[0].group == "manager"
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l" name="客服专员">'
        "<bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    built = engine.build(
        {"p.bpmn": diagram(lanes + nodes("userTask", "a") + sequence("a"))},
        engine.Catalog(groups={"客服专员": "clerk"}),
    )
    execution = engine.start(engine.load_spec(built[0].spec), {}, Recorder())
    assert execution.view().tasks[0].group == "clerk"
    assert next(element for element in built[0].elements if element.id == "a").lane == "clerk"


def test_cancelling_ends_everything():
    walk = Walk(caller(""), CALLED, wish="a")
    walk.execution.cancel()
    view = walk.execution.view()
    assert (view.ended, view.tasks, view.active) == (True, (), ())
    assert walk.ports.happened()[-2:] == ["c cancelled", "inner cancelled"]


def test_a_message_end_throws_with_the_cases_number_and_its_payload():
    definition = (
        '<bpmn:messageEventDefinition messageRef="m_done"><bpmn:extensionElements><spiffworkflow:messagePayload>'
        "{result: wish}</spiffworkflow:messagePayload></bpmn:extensionElements></bpmn:messageEventDefinition>"
    )
    body = nodes("startEvent", "s") + node("endEvent", "e", definition) + flows("s e")
    walk = Walk(diagram(body, extra=messages("done")), wish="x")
    assert walk.ports.thrown == [("done", "C-1", {"result": "x"})]
    assert walk.ended


def test_a_message_start_event_is_taken_as_received():
    body = (
        node("startEvent", "s", message("begin"))
        + nodes("userTask", "a")
        + nodes("endEvent", "e")
        + flows("s a", "a e")
    )
    built = engine.build({"p.bpmn": diagram(body, extra=messages("begin"))}, engine.Catalog())[0]
    assert built.start_message == "begin"
    assert engine.start(engine.load_spec(built.spec), {"a": 1}, Recorder()).view().tasks[0].variables == {"a": 1}


TABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:chengnuo="http://chengnuo/schema/1.0"
  id="d" name="d" namespace="http://chengnuo/test"><decision id="grade" name="grade">
  <decisionTable id="t" hitPolicy="FIRST">
  <input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>
  <output id="o1" name="level" typeRef="string"/><output id="o2" name="days" typeRef="number"/>
  <rule id="R01"><extensionElements><chengnuo:rule clauses="A-1 B-2"/></extensionElements>
    <inputEntry id="e1"><text>&gt; 100</text></inputEntry><outputEntry id="x1"><text>"high"</text></outputEntry>
    <outputEntry id="x2"><text>3</text></outputEntry></rule>
  <rule id="R02"><inputEntry id="e2"><text>-</text></inputEntry><outputEntry id="x3"><text>"low"</text></outputEntry>
    <outputEntry id="x4"><text>9</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_a_rule_task_asks_the_table_and_tells_which_rules_fired():
    inner = (
        "<bpmn:extensionElements><spiffworkflow:calledDecisionId>grade</spiffworkflow:calledDecisionId>"
        '<spiffworkflow:properties><spiffworkflow:property name="result" value="grading"/></spiffworkflow:properties>'
        "</bpmn:extensionElements>"
    )
    body = node("businessRuleTask", "r", inner) + nodes("userTask", "a") + sequence("r", "a")
    files = {"p.bpmn": diagram(body), "decisions/grade.dmn": TABLE}
    built = engine.build(files, engine.Catalog())[0]
    assert built.reaches == ("decisions/grade.dmn", "p.bpmn")
    ports = Recorder()
    execution = engine.start(engine.load_spec(built.spec), {"amount": 500}, ports)
    assert execution.variables() == {"amount": 500, "grading": "high", "days": 3}
    told = next(event for event in ports.events if event.element.id == "r" and event.transition == "completed")
    assert told.detail == {
        "decision": "grade",
        "rules": ["R01"],
        "clauses": ["A-1", "B-2"],
        "outputs": {"grading": "high", "days": 3},
    }
    changed = engine.build({**files, "decisions/grade.dmn": TABLE.replace(b"100", b"200")}, engine.Catalog())[0]
    assert changed.digest != built.digest
