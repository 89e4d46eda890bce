"""The diagrams as one graph, calls and embedded subprocesses opened: can this be reached without that?

Every node is entered and left: what hangs on a boundary starts while its host is entered and never left. A token that
a non-interrupting boundary sends out runs beside the others and never ends their scope.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from app.facts import Element
from app.facts_bundle import BundleView, ProcessView

DEPTH = 12  # calls inside calls; a ring of calls is refused by the lint
Place = tuple[str, str]  # process key, element id


class Way(NamedTuple):
    """One edge."""

    target: int
    flow: str | None  # "process.source>target"; None for the ways into and out of scopes
    beside: int | None = None  # the scope that a token of a non-interrupting boundary runs beside
    ends: bool = False  # it ends the scope, unless the token runs beside that


State = tuple[int, int]  # node, and the scope that the token runs beside or -1
Seen = dict[State, State | None]  # where each state was reached from


@dataclass
class Graph:
    """One process that starts by itself, with all that it calls."""

    root: str
    places: list[Place] = field(default_factory=list)  # of every node
    after: list[list[Way]] = field(default_factory=list)
    joins: dict[int, int] = field(default_factory=dict)  # a joining parallel gateway -> how many flows it waits for
    entered: dict[Place, list[int]] = field(default_factory=dict)
    left: dict[Place, list[int]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    finish: int = -1

    def reach(self, sources: Iterable[State], closed: Set[int] = frozenset(),
              shut: Set[str] = frozenset()) -> Seen:
        """Return every state that can be reached without passing a `closed` node or a flow named in `shut`."""
        seen: Seen = {state: None for state in sources if state[0] not in closed}
        arrived: dict[State, int] = {}
        waiting = deque(seen)
        after, joins = self.after, self.joins
        while waiting:
            state = waiting.popleft()
            node, beside = state
            for target, flow, spawned, ends in after[node]:
                if target in closed or flow in shut or (ends and beside == target):
                    continue
                reached = (target, beside if spawned is None else spawned)
                if reached in seen:
                    continue
                if target in joins:
                    arrived[reached] = arrived.get(reached, 0) + 1
                    if arrived[reached] < joins[target]:
                        continue
                seen[reached] = state
                waiting.append(reached)
        return seen

    @cached_property
    def everything(self) -> Seen:
        """Every state that can be reached at all."""
        return self.reach([(node, -1) for node in self.starts])

    @cached_property
    def before(self) -> list[list[tuple[int, str | None]]]:
        """For every node the nodes that lead to it, and by which flow."""
        found: list[list[tuple[int, str | None]]] = [[] for _ in self.after]
        for source, ways in enumerate(self.after):
            for way in ways:
                found[way.target].append((source, way.flow))
        return found

    def finished(self, seen: Seen) -> State | None:
        """Return the state in which the process is over, if it was reached."""
        return (self.finish, -1) if (self.finish, -1) in seen else None


def graph_of(view: BundleView, root: str, rounds: frozenset[str] = frozenset()) -> Graph:
    """Return the graph of a process; flows named in `rounds` are left out."""
    graph = Graph(root)
    _Builder(view, graph, rounds).build()
    return graph


def name_of(process: str, flow: Element) -> str:
    """Return what a flow is called in bindings."""
    return f"{process}.{flow.source}>{flow.target}"


class _Builder:
    def __init__(self, view: BundleView, graph: Graph, rounds: frozenset[str]) -> None:
        self.view, self.graph, self.rounds = view, graph, rounds

    def build(self) -> None:
        self.graph.finish = self.node((self.graph.root, ""))
        self.graph.starts = self.process(self.graph.root, self.graph.finish, 0)

    def node(self, place: Place) -> int:
        self.graph.places.append(place)
        self.graph.after.append([])
        return len(self.graph.places) - 1

    def edge(self, source: int, target: int, flow: str | None = None, beside: int | None = None,
             ends: bool = False) -> None:
        self.graph.after[source].append(Way(target, flow, beside, ends))

    def process(self, key: str, leave: int, depth: int) -> list[int]:
        """Add a process that leads on to `leave`; return where it starts."""
        process = self.view.processes.get(key)
        if process is None or depth > DEPTH:
            return [leave]
        return self.scope(process, None, leave, depth)

    def scope(self, process: ProcessView, scope: str | None, leave: int, depth: int) -> list[int]:
        entered: dict[str, int] = {}
        left: dict[str, int] = {}
        inside = [element for element in process.nodes if element.parent == scope]
        for element in inside:
            place = (process.key, element.id)
            entered[element.id], left[element.id] = self.node(place), self.node(place)
            self.graph.entered.setdefault(place, []).append(entered[element.id])
            self.graph.left.setdefault(place, []).append(left[element.id])
        for element in inside:
            self.inner(process, element, entered[element.id], left[element.id], leave, depth)
            host = entered.get(element.attached_to or "")
            if host is not None:
                self.edge(host, entered[element.id], beside=None if element.interrupting else leave)
        for flow in process.flows:
            name = name_of(process.key, flow)
            if flow.source in left and flow.target in entered and name not in self.rounds:
                self.edge(left[flow.source], entered[flow.target], name)
        self.gateways(process, inside, entered)
        return [entered[one.id] for one in inside if one.type == "startEvent"] or [leave]

    def gateways(self, process: ProcessView, inside: list[Element], entered: Mapping[str, int]) -> None:
        for element in inside:
            if element.type == "parallelGateway":
                coming = {flow.source for flow in process.flows if flow.target == element.id}
                if len(coming) > 1:
                    self.graph.joins[entered[element.id]] = len(coming)

    def inner(self, process: ProcessView, element: Element, entered: int, left: int, leave: int, depth: int) -> None:
        if element.type == "subProcess":
            for start in self.scope(process, element.id, left, depth):
                self.edge(entered, start)
        elif element.type == "callActivity":
            for start in self.process(element.called or "", left, depth + 1):
                self.edge(entered, start)
        else:
            self.edge(entered, left)
            if element.type == "endEvent" and element.event not in {"error", "escalation"}:
                self.edge(left, leave, ends=True)


def structure(view: BundleView) -> tuple[object, ...]:
    """Return all that decides about paths and activities, and nothing else: equal structures have equal order."""
    return tuple((process.key, process.kind, tuple(_shape(process))) for process in view.processes.values())


def _shape(process: ProcessView) -> Iterator[tuple[object, ...]]:
    for one in process.elements:
        linked = process.details[one.id].params.get("process") if one.operation == "start_linked_process" else None
        yield (one.id, one.type, one.parent, one.attached_to, one.event, one.interrupting, one.activity,
               one.extra_activities, one.called, linked, one.source, one.target)  # fmt: skip
