"""Random processes with subprocesses, deadlines, reminders, multi-instances: every beginning has one end."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app import engine
from app.facts import ExecutionView
from tests.unit.engine_support import Recorder, boundary, diagram, flows, node, nodes, timer

Block = tuple

blocks = st.recursive(
    st.just(("task",)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["seq", "and", "xor"]), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.sampled_from(["sub", "deadline", "remind", "twice", "loop"]), inner),
    ),
    max_leaves=6,
)


class Drawing:
    """Draws blocks; each scope has its own text."""

    def __init__(self) -> None:
        self.count = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def scope(self, block: Block) -> str:
        """Return the inside of a process or subprocess."""
        parts: list[str] = []
        first, last = self.block(block, parts)
        start, end = self.name("start"), self.name("end")
        return (
            "".join(parts)
            + nodes("startEvent", start)
            + nodes("endEvent", end)
            + flows(f"{start} {first}", f"{last} {end}")
        )

    def block(self, block: Block, parts: list[str]) -> tuple[str, str]:
        """Add a block to `parts`; return its first and last element."""
        kind = block[0]
        if kind == "task":
            name = self.name("task")
            parts.append(nodes("userTask", name))
            return name, name
        if kind == "seq":
            ends = [self.block(inner, parts) for inner in block[1]]
            parts.append(flows(*(f"{one[1]} {other[0]}" for one, other in pairwise(ends))))
            return ends[0][0], ends[-1][1]
        if kind in {"and", "xor"}:
            return self.divided(kind, block[1], parts)
        return self.around(kind, block[1], parts)

    def divided(self, kind: str, inner: list[Block], parts: list[str]) -> tuple[str, str]:
        split, join = self.name(kind), self.name(kind)
        ends = [self.block(one, parts) for one in inner]
        tag = "parallelGateway" if kind == "and" else "exclusiveGateway"
        default = {"default": f"{split}_{ends[-1][0]}"} if kind == "xor" else {}
        parts.append(node(tag, split, **default) + nodes(tag, join))
        for index, (first, last) in enumerate(ends):
            condition = f" case.choice = {index}" if kind == "xor" and index < len(ends) - 1 else ""
            parts.append(flows(f"{split} {first}{condition}", f"{last} {join}"))
        return split, join

    def around(self, kind: str, inner: Block, parts: list[str]) -> tuple[str, str]:
        name = self.name(kind)
        loop = {
            "twice": "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
            "</bpmn:multiInstanceLoopCharacteristics>",
            "loop": '<bpmn:standardLoopCharacteristics loopMaximum="2"/>',
        }.get(kind, "")
        parts.append(node("subProcess", name, loop + self.scope(inner)))
        if kind == "deadline":
            merge = self.name("xor")
            parts.append(boundary(f"{name}_late", name, timer('"PT5H"')) + nodes("exclusiveGateway", merge))
            parts.append(flows(f"{name} {merge}", f"{name}_late {merge}"))
            return name, merge
        if kind == "remind":
            task, end = self.name("task"), self.name("end")
            parts.append(boundary(f"{name}_tick", name, timer('"R3/PT2H"', "timeCycle"), interrupting=False))
            parts.append(
                nodes("userTask", task) + nodes("endEvent", end) + flows(f"{name}_tick {task}", f"{task} {end}")
            )
        return name, name


@settings(derandomize=True, max_examples=120, deadline=None)
@given(block=blocks, seed=st.integers(0, 2**16))
def test_every_beginning_has_one_end(block: Block, seed: int) -> None:
    spec = engine.load_spec(engine.build({"p.bpmn": diagram(Drawing().scope(block))}, engine.Catalog())[0].spec)
    dice, ports = random.Random(seed), Recorder()

    def draw() -> None:
        ports.case = {"choice": dice.randrange(3)}

    draw()
    execution = engine.start(spec, {}, ports)
    for _ in range(400):
        blob = execution.dump()
        execution = engine.load(spec, blob, ports)
        assert execution.dump() == blob
        view = execution.view()
        assert view.failed == ()
        if view.ended:
            break
        draw()
        if dice.random() < 0.3 and view.timers:
            ports.at += timedelta(hours=dice.randint(1, 7))
            execution.fire_due()
        else:
            execution.complete(dice.choice(view.tasks).task_id, {"n": dice.random()})
    assert execution.view() == ExecutionView((), (), (), (), (), ended=True, active=())
    began = Counter(event.task_id for event in ports.events if event.transition == "started")
    finished = Counter(event.task_id for event in ports.events if event.transition in {"completed", "cancelled"})
    assert set(began.values()) <= {1}
    assert all(finished[task_id] == 1 for task_id in began)
