"""Timers, messages, signals, escalations: what fires when, and what it does to the work around it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import StepFailed
from tests.unit.engine_support import (
    NOW,
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
    timer,
)


def sequence(*names: str) -> str:
    return (
        nodes("startEvent", "s")
        + nodes("endEvent", "e")
        + flows(*(f"{one} {two}" for one, two in zip(("s", *names), (*names, "e"), strict=True)))
    )


def reminded(definition: str, *, interrupting: bool) -> bytes:
    return diagram(
        nodes("userTask", "a", "after", "late")
        + boundary("b", "a", definition, interrupting=interrupting)
        + nodes("endEvent", "e2")
        + sequence("a", "after")
        + flows("b late", "late e2")
    )


def test_a_timer_fires_at_its_time_and_not_before():
    walk = Walk(reminded(timer('"PT4H"'), interrupting=True))
    assert walk.execution.view().timers[0].due_at == NOW + timedelta(hours=4)
    assert walk.wait(hours=3, minutes=59, seconds=59).open == ["a"]
    assert walk.wait(seconds=1).open == ["late"]
    assert walk.ports.happened()[1:] == ["a started", "b fired", "a cancelled", "late started"]


def test_a_non_interrupting_timer_works_beside_the_task():
    walk = Walk(reminded(timer('"PT4H"'), interrupting=False)).wait(hours=5)
    assert walk.open == ["a", "late"]
    walk.do("a").do("after")
    assert not walk.ended
    assert walk.do("late").ended


def test_a_timer_ends_with_its_task():
    walk = Walk(reminded(timer('"PT4H"'), interrupting=True)).do("a")
    assert walk.execution.view().timers == ()
    assert walk.wait(hours=5).open == ["after"]


def test_a_due_timer_wins_over_the_task_that_comes_too_late():
    walk = Walk(reminded(timer('"PT4H"'), interrupting=True))
    walk.ports.at += timedelta(hours=5)
    walk.execution.fire_due()
    assert walk.open == ["late"]


def test_a_cycle_that_missed_occurrences_fires_once_and_goes_on_in_its_rhythm():
    walk = Walk(reminded(timer('"R4/PT1H"', "timeCycle"), interrupting=False)).wait(hours=2, minutes=30)
    assert walk.ports.happened().count("b fired") == 1
    assert walk.execution.view().timers[0].due_at == NOW + timedelta(hours=3)
    walk.wait(minutes=30)
    assert walk.ports.happened().count("b fired") == 1
    walk.wait(hours=9)
    assert walk.ports.happened() == ["b fired", "late started"]
    assert walk.execution.view().timers == ()  # all four are used up
    assert walk.open == ["a", "late", "late", "late"]


def test_an_endless_cycle_reminds_every_day():
    walk = Walk(reminded(timer('"R/P1D"', "timeCycle"), interrupting=False))
    for _ in range(5):
        walk.wait(days=1)
    assert walk.open == ["a"] + ["late"] * 5


def test_overdue_timers_fire_in_the_order_in_which_they_fell_due():
    body = (
        nodes("userTask", "a", "x", "y")
        + boundary("b1", "a", timer('"PT2H"'), interrupting=False)
        + boundary("b2", "a", timer('"PT1H"'), interrupting=False)
        + nodes("endEvent", "e1", "e2")
        + sequence("a")
        + flows("b1 x", "x e1", "b2 y", "y e2")
    )
    walk = Walk(diagram(body)).wait(hours=3)
    assert [told for told in walk.ports.happened() if told.endswith("fired")] == ["b2 fired", "b1 fired"]


def bound() -> bytes:
    return reminded(timer('due("verify")', "timeDate"), interrupting=False)


def test_a_milestones_timer_is_disarmed_until_the_milestone_is_set():
    walk = Walk(bound())
    assert walk.execution.view().timers[0].due_at is None
    assert walk.execution.view().timers[0].milestone == "verify"
    assert walk.wait(days=999).open == ["a"]
    assert walk.execution.rearm({"verify": walk.ports.at + timedelta(hours=1)})
    assert walk.wait(hours=2).open == ["a", "late"]


def test_a_milestones_timer_moves_and_rests_with_the_milestone():
    ports = Recorder()
    ports.due["verify"] = NOW + timedelta(hours=1)
    walk = Walk(bound(), ports=ports)
    assert not walk.execution.rearm({"verify": NOW + timedelta(hours=1), "other": None})
    assert walk.execution.rearm({"verify": NOW + timedelta(hours=5)})
    assert walk.wait(hours=2).open == ["a"]
    assert walk.execution.rearm({"verify": None})
    assert walk.wait(hours=9).open == ["a"]
    assert walk.execution.rearm({"verify": walk.ports.at})
    walk.execution.fire_due()
    assert walk.open == ["a", "late"]


@pytest.mark.parametrize(("value", "kind"), [("when", "timeDate"), ("when", "timeDuration"), ("when", "timeCycle")])
@pytest.mark.parametrize(
    "when", [None, "2026-03-03T09:00:00", "2026-03-03", "PT", "-PT1H", "tomorrow", 4, "R0/PT1H", "R/PT1S", "P99999Y"]
)
def test_a_bad_timer_is_an_incident_and_not_a_crash(value, kind, when):
    interrupting = kind != "timeCycle"
    walk = Walk(reminded(timer(value, kind), interrupting=interrupting), when=when)
    assert [task.element.id for task in walk.execution.view().failed] == ["b"]
    assert walk.open == ["a"]
    walk.execution.fire_due()
    good = {"timeDate": "2026-03-03T09:00:00+08:00", "timeDuration": "PT1H", "timeCycle": "R2/PT1H"}[kind]
    walk.execution.retry(walk.execution.view().failed[0].task_id, {"when": good})
    assert [timer.element.id for timer in walk.execution.view().timers] == ["b"]
    assert walk.wait(days=2).open[-1] == "late"


def test_a_bad_timer_does_not_hold_the_process_when_its_task_is_done():
    walk = Walk(reminded(timer("when"), interrupting=True), when="soon").do("a").do("after")
    assert walk.ended


def test_an_intermediate_timer_waits_by_the_calendar_of_the_diagram():
    walk = Walk(
        diagram(
            node("intermediateCatchEvent", "w", timer('after("PT24H")', "timeDate"))
            + nodes("userTask", "a")
            + sequence("w", "a")
        )
    )
    assert walk.wait(hours=23).open == []
    assert walk.wait(hours=1).open == ["a"]
    assert walk.ports.happened() == ["s completed", "w started", "w fired", "a started"]


def answering(correlate: str | None = None) -> bytes:
    inner = (properties(correlate=correlate) if correlate else "") + message("answer")
    return diagram(
        node("intermediateCatchEvent", "w", inner) + nodes("userTask", "a") + sequence("w", "a"),
        extra=messages("answer"),
    )


def test_a_message_brings_its_payload():
    walk = Walk(answering())
    assert [(m.message, m.correlation) for m in walk.execution.view().messages] == [("answer", "C-1")]
    assert not walk.tell("question")
    assert walk.tell("answer", accepted=True)
    assert walk.execution.variables() == {"accepted": True}
    assert not walk.tell("answer", accepted=False)


def test_a_message_is_correlated_by_its_property():
    assert Walk(answering("order_no"), order_no="O-7").execution.view().messages[0].correlation == "O-7"


def test_a_message_goes_to_the_innermost_scope_that_waits():
    inner = (
        nodes("startEvent", "s2")
        + nodes("userTask", "x")
        + boundary("near", "x", message("stop"))
        + nodes("endEvent", "e3", "e4")
        + flows("s2 x", "x e3", "near e4")
    )
    body = (
        node("subProcess", "sub", inner)
        + boundary("far", "sub", message("stop"))
        + nodes("userTask", "after", "gone")
        + nodes("endEvent", "e2")
        + sequence("sub", "after")
        + flows("far gone", "gone e2")
    )
    walk = Walk(diagram(body, extra=messages("stop")))
    assert [m.element.id for m in walk.execution.view().messages] == ["near", "far"]
    outer = walk.execution.view().messages[1].task_id
    other = Walk(diagram(body, extra=messages("stop")))
    assert walk.tell("stop")
    assert walk.open == ["after"]
    assert other.execution.deliver("stop", {}, other.execution.view().messages[1].task_id)
    assert other.open == ["gone"]
    assert not walk.execution.deliver("stop", {}, outer)


def test_a_non_interrupting_message_may_come_again_and_again():
    walk = Walk(
        diagram(
            nodes("userTask", "a", "note")
            + boundary("b", "a", message("ping"), interrupting=False)
            + nodes("endEvent", "e2")
            + sequence("a")
            + flows("b note", "note e2"),
            extra=messages("ping"),
        )
    )
    assert all(walk.tell("ping", times=n) for n in range(3))
    assert [task.variables.get("times") for task in walk.execution.view().tasks] == [None, 0, 1, 2]


def either(first: str, second: str) -> bytes:
    return diagram(
        nodes("startEvent", "s")
        + nodes("eventBasedGateway", "g")
        + node("intermediateCatchEvent", "w1", first)
        + node("intermediateCatchEvent", "w2", second)
        + nodes("userTask", "a", "b")
        + nodes("endEvent", "e")
        + flows("s g", "g w1", "g w2", "w1 a", "w2 b", "a e", "b e"),
        extra=messages("yes", "no"),
    )


def test_an_event_gateway_takes_the_first_event():
    file = either(message("yes"), timer('"PT1H"'))
    walk = Walk(file)
    assert [(t.element.id, t.due_at) for t in walk.execution.view().timers] == [("w2", NOW + timedelta(hours=1))]
    assert [m.element.id for m in walk.execution.view().messages] == ["w1"]
    assert walk.tell("yes", x=1)
    assert walk.open == ["a"]
    assert walk.execution.variables() == {"x": 1}
    assert walk.execution.view().timers == ()
    assert Walk(file).wait(hours=1).open == ["b"]


def test_a_due_timer_is_fired_before_a_message_is_delivered():
    walk = Walk(either(message("yes"), timer('"PT1H"')))
    walk.ports.at += timedelta(hours=2)
    assert not walk.tell("yes")
    assert walk.open == ["b"]


def test_a_due_timer_inside_is_not_left_behind_when_a_message_ends_the_scope():
    inner = (
        nodes("startEvent", "s2")
        + nodes("userTask", "x", "n")
        + boundary("tick", "x", timer('"PT1H"'), interrupting=False)
        + nodes("endEvent", "e3", "e4")
        + flows("s2 x", "x e3", "tick n", "n e4")
    )
    body = (
        node("subProcess", "sub", inner)
        + boundary("stop", "sub", message("stop"))
        + nodes("userTask", "after")
        + nodes("endEvent", "e2")
        + sequence("sub")
        + flows("stop after", "after e2")
    )
    walk = Walk(diagram(body, extra=messages("stop")))
    walk.ports.at += timedelta(hours=2)
    assert walk.tell("stop")
    assert walk.open == ["after"]
    assert walk.execution.view().timers == ()
    assert "tick fired" in walk.ports.happened()
    assert walk.do("after").ended


def test_an_old_snapshot_of_a_slow_branch_does_not_overwrite_newer_data():
    walk = Walk(reminded(timer('"PT1H"'), interrupting=False), level="low").wait(hours=2)
    walk.do("a", level="high").do("after", level="highest").do("late", told=True)
    assert walk.ended
    assert walk.execution.variables() == {"level": "highest", "told": True}


def test_a_boundary_that_returns_through_a_merge_keeps_one_copy_of_its_host():
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + nodes("userTask", "a")
        + boundary("b", "a", timer('"PT1H"'))
        + script("n", "rounds = (if rounds = null then 0 else rounds) + 1")
        + nodes("endEvent", "e")
        + flows("s m", "m a", "a e", "b n", "n m")
    )
    walk = Walk(diagram(body))
    for _ in range(5):
        assert walk.wait(hours=1).open == ["a"]
    assert walk.execution.variables()["rounds"] == 5
    assert walk.do("a").ended


def test_a_signal_is_heard_inside_the_instance():
    extra = '<bpmn:signal id="sig" name="recall"/>'
    definition = '<bpmn:signalEventDefinition signalRef="sig"/>'
    body = (
        nodes("startEvent", "s")
        + nodes("parallelGateway", "f")
        + nodes("userTask", "a", "b")
        + node("intermediateThrowEvent", "t", definition)
        + node("intermediateCatchEvent", "w", definition)
        + nodes("endEvent", "e1", "e2")
        + flows("s f", "f a", "a t", "t e1", "f w", "w b", "b e2")
    )
    walk = Walk(diagram(body, extra=extra)).do("a")
    assert walk.open == ["b"]


def test_an_escalation_reaches_the_scope_around_without_stopping_it():
    extra = '<bpmn:escalation id="esc" name="up" escalationCode="UP"/>'
    definition = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
    inner = (
        nodes("startEvent", "s2")
        + node("intermediateThrowEvent", "t", definition)
        + nodes("userTask", "x")
        + nodes("endEvent", "e3")
        + flows("s2 t", "t x", "x e3")
    )
    body = (
        node("subProcess", "sub", inner)
        + boundary("b", "sub", definition, interrupting=False)
        + nodes("userTask", "boss")
        + nodes("endEvent", "e2")
        + sequence("sub")
        + flows("b boss", "boss e2")
    )
    assert sorted(Walk(diagram(body, extra=extra)).open) == ["boss", "x"]


def test_an_error_is_not_caught_beside_the_activity_that_throws_it():
    extra = errors("X")
    broken = (
        nodes("startEvent", "s2") + nodes("userTask", "x") + node("endEvent", "e3", error("X")) + flows("s2 x", "x e3")
    )
    body = (
        nodes("startEvent", "s")
        + nodes("parallelGateway", "f", "j")
        + node("subProcess", "sub", broken)
        + nodes("userTask", "beside", "wrong")
        + boundary("b", "beside", error("X"))
        + nodes("endEvent", "e", "e2")
        + flows("s f", "f sub", "f beside", "sub j", "beside j", "j e", "b wrong", "wrong e2")
    )
    walk = Walk(diagram(body, extra=extra)).do("x")
    assert walk.open == ["beside"]
    assert [task.element.id for task in walk.execution.view().failed] == ["e3"]


def test_a_receive_task_waits_and_a_send_task_throws():
    extra = messages("ask", "answer")
    body = (
        node("sendTask", "t", messageRef="m_ask") + node("receiveTask", "r", messageRef="m_answer") + sequence("t", "r")
    )
    walk = Walk(diagram(body, extra=extra))
    assert walk.ports.thrown == [("ask", "C-1", {})]
    assert walk.tell("answer")
    assert walk.ended
    assert walk.ports.happened()[-3:] == ["r started", "r completed", "e completed"]


def test_timers_that_arm_each_other_without_time_passing_are_stopped():
    body = (
        nodes("startEvent", "s")
        + nodes("exclusiveGateway", "m")
        + node("intermediateCatchEvent", "w", timer('"PT0S"'))
        + node("exclusiveGateway", "x", default="x_m")
        + nodes("endEvent", "e")
        + flows("s m", "m w", "w x", "x e stop", "x m")
    )
    walk = Walk(diagram(body), stop=False)
    with pytest.raises(StepFailed, match="without end"):
        walk.execution.fire_due()
