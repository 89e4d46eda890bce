"""Every element, flow, boundary and end of the shipped processes is reached by somebody, and every walk ends."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.engine.drawing.columns import assign_columns
from app.engine.drawing.document import read_pictures
from tests.processes import beside
from tests.processes.walker import KEYS, Walk, World, built, elements_seen, files, flows_seen, variables_of

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
REASONS = ("overdue", "overdue_24h", "second_complaint", "wide_impact", "unsolved", "major", None)
FLAGS = ("safety", "production_stop", "batch", "public_opinion")
WALKS = {"case": 2000, "complaint": 1500, "satisfaction": 400, "intake": 200, "enquiry": 100, "escalation": 300,
         "return_reissue": 1500, "repair": 900, "shipping": 40, "bookkeeping": 60, "subtask": 200,
         "coordination": 40, **beside.WALKS}
# Loops that go round once at most: customers are reminded of a survey once, and after a concession goods pass.
ONCE = {"flow_mark_reminded_enter_collecting", "flow_is_concession_enter_inspection"}
LEAST = 10  # walks of each process, however soon everything is seen
# What every fourth walk's people lean to: what chance alone would seldom bring together.
LEANINGS = {
    "return_reissue": {"accepted": True, "eligible": True, "materials_complete": True, "inspection_passed": False},
    "complaint": {"founded": True, "responsibility": "product_quality"},
}
GRADED = {"case_type": "complaint", "complaint_type": "product_quality", "severity": "general", "batch": False,
          "owner_group": "relations", "several_departments": False, "repeat_complaint": False, "round": 1,
          "result_outcome": None}

BESIDE_PARTS = {
    "shipping": {"purpose": ("reissue", "send_back"), "slip_number": ("CK-202603-001",)},
    "bookkeeping": {"settlement": ("refund", "exchange"), "opinion": ("YJ-202603-001",), "red_slip": ("HC-202603-001",),
                    "black_slip": ("CK-202603-001", None), "refund_voucher": ("TK-202603-001", None)},
    "subtask": {"subtask": ("202603-0001/1/1",), "owner_group": ("relations",)},
    "coordination": {"convener": ("supervisor", "task_force"), "owner_group": ("relations",)},
}


def flows_of(key: str) -> dict[tuple[str, str, str], str]:
    """Return (process, source, target) -> flow of a diagram."""
    root = ElementTree.fromstring(files()[f"processes/{key}/{key}.bpmn"])
    return {(key, flow.get("sourceRef", ""), flow.get("targetRef", "")): flow.get("id", "")
            for flow in root.iter(f"{BPMN}sequenceFlow")}


def start_of(key: str, world: World) -> dict[str, object]:
    """Return the variables that a walk of `key` starts with."""
    pick = world.random.choice
    if key == "escalation":
        return {"reason": pick(REASONS), "milestone": pick(["first_response", "follow_up", None])}
    if key in beside.KEYS:
        return beside.start_of(key, world)
    if key == "return_reissue":
        return {"remedy": pick([None, None, "return", "exchange"]), "return_reason": pick(["quality", None]),
                "opinion_number": pick([None, "", "YJ-202603-001"]), "accepted_at": None, "owner_group": "clerk",
                "charge": pick([None, "paid"])}
    if key == "repair":
        return {"remedy": pick([None, None, "repair"]), "charge": pick(["free", "paid"]), "opinion_number": None,
                "owner_group": "engineer", "origin": pick(["self_made", "purchased"]), "accepted_at": None}
    if key in BESIDE_PARTS:
        return {name: pick(values) for name, values in BESIDE_PARTS[key].items()}
    if key in {"case", "intake"}:
        facts = {"claimed_type": pick(["complaint", "complaint", "consultation", "suggestion", "other",
                                       "return_exchange", "fault_repair"]),
                 "channel": pick(["phone", "web_form", "walk_in"]), "urgency": pick(["high", "medium", "low", None]),
                 "severity": pick(["major", "important", "general", None]), "customer_known": pick([True, False]),
                 "origin": pick(["self_made", "not_applicable"]), "customer_level": pick(["vip", "ordinary"]),
                 **{name: world.random.random() < 0.15 for name in FLAGS}}
        graded = {"level": pick(["P1", "P2", "P3"]), "severity": "none", "urgency": "medium", "impact_scope": "one"}
        return facts if key == "case" else {**facts, **graded}
    graded = {**GRADED, "level": pick(["P1", "P2", "P3"]), "origin": pick(["self_made", "purchased", "not_applicable"])}
    if key == "complaint":
        return {**graded, "several_departments": pick([True, False]), "repeat_complaint": pick([True, False])}
    return {**graded, "case_type": pick(["complaint", "consultation", "suggestion"]),
            "several_departments": pick([True, False])}


def loops_of(key: str) -> set[str]:
    """Return the flows that lead back to where a walk has been."""
    path = f"processes/{key}/{key}.bpmn"
    planes = [plane for picture in read_pictures(files()[path], path) for plane in picture.planes]
    return {flow for plane in planes for flow in assign_columns(plane).back}


def world_of(key: str, seed: int) -> World:
    """Return the world of a walk; escalations are of cases in several states."""
    world = World(seed)
    if seed % 4 == 0 and key in LEANINGS:
        world.stubborn, world.said = True, dict(LEANINGS[key])
    world.case |= {"round": world.random.choice([1, 1, 2, 3]), "level": world.random.choice(["P1", "P3"]),
                   "type": world.random.choice(["complaint", "fault_repair"]),
                   "owner_group": world.random.choice(["relations", "supervisor"]),
                   "warranty_status": world.random.choice([None, "out_of_warranty"])}
    return world


@pytest.mark.parametrize("key", KEYS)
def test_random_walks_take_every_flow_and_loop_and_reach_every_element_and_end(key):
    """At least ten walks a process, 200 in all, and each loop not at all, once, and twice or more."""
    flows = flows_of(key)
    left = {(key, element.id) for element in built()[key].elements
            if element.process == key and element.type != "sequenceFlow"}
    untaken = {(key, flow) for flow in flows.values()}
    unlooped = {(flow, times) for flow in loops_of(key) for times in ((0, 1) if flow in ONCE else (0, 1, 2))}
    for seed in range(WALKS.get(key, 400)):
        world = world_of(key, seed)
        Walk(key, start_of(key, world), world).run()
        left -= elements_seen(world.events)
        taken = flows_seen(world.events, flows)
        untaken -= set(taken)
        unlooped -= {(flow, min(2, taken[key, flow])) for flow, _ in unlooped}
        if seed + 1 >= LEAST and not left and not untaken and not unlooped:
            break
    assert not left
    assert not untaken
    assert not unlooped


@pytest.mark.parametrize("key", KEYS)
def test_every_person_has_a_form_and_a_group(key):
    tasks = [element for element in built()[key].elements if element.process == key and element.type == "userTask"]
    assert tasks
    for task in tasks:
        assert f"forms/{task.form}.json" in files(), task.id
        assert variables_of(task.form or "") is not None
        assert task.lane, task.id
        assert task.clauses, task.id
