"""Random structured processes behave as BPMN's token game says, pruned and reloaded at every step or not at all."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app import engine
from tests.unit.engine_support import Recorder, diagram, flows, node, nodes

Block = tuple  # ("task",) | ("seq" | "xor" | "and" | "or", blocks) | ("loop", block)

blocks = st.recursive(
    st.just(("task",)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["seq", "xor", "and", "or"]), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("loop"), inner),
    ),
    max_leaves=7,
)


@dataclass
class Graph:
    """A process for the oracle: nodes by kind, flows by id, and the same as BPMN."""

    kinds: dict[str, str] = field(default_factory=dict)
    edges: list[tuple[str, str, str | None]] = field(default_factory=list)  # source, target, condition's variable
    defaults: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str) -> str:
        name = f"{kind}{len(self.kinds)}"
        self.kinds[name] = kind
        return name

    def connect(self, source: str, target: str, variable: str | None = None) -> None:
        self.edges.append((source, target, variable))

    def block(self, block: Block) -> tuple[str, str]:
        """Add a block; return its first and last node."""
        kind = block[0]
        if kind == "task":
            name = self.add("task")
            return name, name
        if kind == "seq":
            ends = [self.block(inner) for inner in block[1]]
            for (_, out), (into, _) in pairwise(ends):
                self.connect(out, into)
            return ends[0][0], ends[-1][1]
        if kind == "loop":
            merge, again = self.add("xor"), self.add("xor")
            first, last = self.block(block[1])
            self.connect(merge, first)
            self.connect(last, again)
            self.connect(again, merge, again)
            return merge, again
        split, join = self.add(kind), self.add(kind)
        for index, inner in enumerate(block[1]):
            first, last = self.block(inner)
            conditional = kind != "and" and index < len(block[1]) - 1
            self.connect(split, first, f"{split}_{index}" if conditional else None)
            if kind != "and" and not conditional:
                self.defaults[split] = first
            self.connect(last, join)
        return split, join

    def bpmn(self) -> bytes:
        tags = {
            "task": "userTask",
            "xor": "exclusiveGateway",
            "and": "parallelGateway",
            "or": "inclusiveGateway",
            "start": "startEvent",
            "end": "endEvent",
        }
        body = []
        for name, kind in self.kinds.items():
            leaving = [(s, t) for s, t, _ in self.edges if s == name]
            default = self.defaults.get(name)
            if kind == "xor" and default is None and len(leaving) > 1:
                default = next(t for s, t, variable in self.edges if s == name and variable is None)
            body.append(node(tags[kind], name, **({"default": f"{name}_{default}"} if default else {})))
        body.append(flows(*(f"{s} {t}" + (f" case.{variable}" if variable else "") for s, t, variable in self.edges)))
        return diagram("".join(body))

    @property
    def variables(self) -> list[str]:
        return [variable for _, _, variable in self.edges if variable]


class Oracle:
    """BPMN's token game: tokens on flows; gateways consume and produce."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.tokens, self.open = graph, Counter(), Counter()

    def into(self, name: str) -> list[int]:
        return [index for index, edge in enumerate(self.graph.edges) if edge[1] == name]

    def out(self, name: str) -> list[int]:
        return [index for index, edge in enumerate(self.graph.edges) if edge[0] == name]

    def complete(self, task: str, chosen: dict[str, bool]) -> None:
        self.open[task] -= 1
        self.tokens.update(self.out(task))
        self.run(chosen)

    def run(self, chosen: dict[str, bool]) -> None:
        moved = True
        while moved:
            moved = any(self.step(name, kind, chosen) for name, kind in self.graph.kinds.items() if kind != "or")
            if not moved:  # an inclusive join looks when everything else stands still
                moved = any(self.step(name, kind, chosen) for name, kind in self.graph.kinds.items() if kind == "or")

    def step(self, name: str, kind: str, chosen: dict[str, bool]) -> bool:
        incoming = self.into(name)
        full = [index for index in incoming if self.tokens[index]]
        if not full:
            return False
        if kind == "and" and len(full) < len(incoming):
            return False
        if kind == "or" and not self.inclusive_fires(name, incoming, full):
            return False
        for index in full if kind in {"and", "or"} else full[:1]:
            self.tokens[index] -= 1
        if kind == "task":
            self.open[name] += 1
        else:
            self.tokens.update(self.chosen(name, kind, chosen))
        return True

    def chosen(self, name: str, kind: str, chosen: dict[str, bool]) -> list[int]:
        leaving = self.out(name)
        if kind == "and":
            return leaving
        true = [i for i in leaving if self.graph.edges[i][2] and chosen[self.graph.edges[i][2]]]
        default = [i for i in leaving if self.graph.edges[i][2] is None]
        return (true if kind == "or" else true[:1]) or default

    def inclusive_fires(self, name: str, incoming: list[int], full: list[int]) -> bool:
        empty = set(incoming) - set(full)
        elsewhere = [index for index, count in self.tokens.items() if count and index not in incoming]
        elsewhere += [index for task, count in self.open.items() if count for index in self.out(task)]
        return not any(
            self.reach(index, name) & empty and not self.reach(index, name) & set(full) for index in elsewhere
        )

    def reach(self, flow: int, name: str) -> set[int]:
        seen, open_ = set(), [flow]
        while open_:
            index = open_.pop()
            if index not in seen:
                seen.add(index)
                target = self.graph.edges[index][1]
                open_ += self.out(target) if target != name else []
        return seen


@settings(derandomize=True, max_examples=120, deadline=None)
@given(block=blocks, seed=st.integers(0, 2**16))
def test_every_walk_through_a_random_process_is_a_walk_of_the_token_game(block: Block, seed: int) -> None:
    graph = Graph()
    start, (first, last), end = graph.add("start"), graph.block(block), graph.add("end")
    graph.connect(start, first)
    graph.connect(last, end)
    spec = engine.load_spec(engine.build({"p.bpmn": graph.bpmn()}, engine.Catalog())[0].spec)
    dice, oracle, ports = random.Random(seed), Oracle(graph), Recorder()

    def draw() -> dict[str, bool]:
        ports.case = {variable: dice.random() < (0.6 if "_" not in variable else 0.5) for variable in graph.variables}
        return dict(ports.case)

    chosen = draw()
    pruned = engine.start(spec, {}, ports)
    live = engine.start(spec, {}, ports)  # the same without a single dump
    oracle.tokens.update(oracle.out(start))
    oracle.run(chosen)
    written: dict[str, int] = {}
    for count in range(40):
        pruned = engine.load(spec, pruned.dump(), ports)
        expected = +oracle.open
        assert Counter(task.element.id for task in pruned.view().tasks) == expected
        assert Counter(task.element.id for task in live.view().tasks) == expected
        assert pruned.view().ended == live.view().ended == (not expected)
        if not expected:
            assert pruned.variables() == written  # no branch's old snapshot won over a newer value
            break
        task = dice.choice(sorted(expected))
        chosen = draw()
        written[f"did_{task}"] = count
        for execution in (pruned, live):
            execution.complete(
                next(t.task_id for t in execution.view().tasks if t.element.id == task), {f"did_{task}": count}
            )
        oracle.complete(task, chosen)
        assert pruned.variables() == live.variables()
    assert len(pruned.dump()) < 500 + 150 * len(graph.kinds)


def test_a_gateway_keeps_a_token_in_excess_for_the_next_round() -> None:
    """Two tokens on one incoming flow: one join now, the other waits for its partner."""
    body = (
        nodes("startEvent", "s")
        + nodes("parallelGateway", "f", "j")
        + nodes("exclusiveGateway", "m")
        + nodes("userTask", "a", "b", "c", "after")
        + nodes("endEvent", "e")
        + flows("s f", "f a", "f b", "f c", "a m", "b m", "m j", "c j", "j after", "after e")
    )
    spec = engine.load_spec(engine.build({"p.bpmn": diagram(body)}, engine.Catalog())[0].spec)
    ports = Recorder()
    execution = engine.start(spec, {}, ports)
    for name in "abc":
        execution.complete(next(t.task_id for t in execution.view().tasks if t.element.id == name), {})
        execution = engine.load(spec, execution.dump(), ports)
    assert [t.element.id for t in execution.view().tasks] == ["after"]
    assert ("p", "j") in execution.view().active
