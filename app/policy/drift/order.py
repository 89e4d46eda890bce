"""The order that clauses ask for, against the paths that the diagrams leave open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.facts_bundle import BundleView
from app.policy.drift.bindings import Bindings
from app.policy.drift.model import CONTRADICTORY, MISSING, Drift, found
from app.policy.drift.paths import Graph, Place, Seen, State, graph_of, structure
from app.policy.register import Clause, Register

STARTING = frozenset({"top", "beside", "standing"})
WORDS = {
    "precedence": ("“{b}”只能在“{a}”之后", "“{b}” only after “{a}”"),
    "response": ("“{a}”之后须有“{b}”", "“{a}” is followed by “{b}”"),
    "chain_response": ("“{a}”之后须有“{b}”", "“{a}” is followed by “{b}”"),
    "not_succession": ("“{a}”之后不得再有“{b}”", "no “{b}” after “{a}”"),
    "existence": ("必须有“{a}”", "“{a}” must occur"),
    "init": ("最先是“{a}”", "“{a}” comes first"),
}


@dataclass(frozen=True)
class Escape:
    """A way that the order does not hold on."""

    root: str
    at: Place  # what is reached too early, or left without
    name: str | None  # of the flow, boundary or process where the way turns off; None for the whole process


class Paths:
    """The graphs of a bundle, and where its activities are."""

    def __init__(self, view: BundleView, rounds: frozenset[str]) -> None:
        self.view = view
        self.graphs = {
            key: graph_of(view, key, rounds) for key, one in view.processes.items() if one.kind in STARTING
        }
        self.known: dict[tuple[str, str, str, frozenset[str]], list[Escape]] = {}  # rules that were judged
        self.activities: dict[str, set[Place]] = {}
        self.links: dict[str, set[Place]] = {}  # started process -> the tasks that start it
        for element in view.elements:
            for activity in (element.activity, *element.extra_activities):
                if activity:
                    self.activities.setdefault(activity, set()).add((element.process, element.id))
            if element.operation == "start_linked_process":
                started = view.detail(element.process, element.id).params.get("process", "").strip('"')
                self.links.setdefault(started, set()).add((element.process, element.id))

    def precedence(self, a: str, b: str, allow: Iterable[str] = ()) -> list[Escape]:
        """Return the ways on which b begins without a having been done."""
        allowed = frozenset(allow)
        before = self.activities.get(a, set()) | _places(allowed)
        late = self.activities.get(b, set()) - before
        escapes = []
        for root, graph in self.graphs.items():
            if root in allowed or not any(place in graph.entered for place in late):
                continue
            closed = _left(graph, before)
            seen = graph.reach([(node, -1) for node in graph.starts], closed, allowed)
            goals = {state for state in seen if graph.places[state[0]] in late}
            if goals:
                wanted = {node for place in before for node in graph.entered.get(place, ())}
                escapes.append(_turn(graph, seen, min(goals), wanted, late, allowed))
        return escapes

    def response(self, a: str, b: str, allow: Iterable[str] = ()) -> list[Escape]:
        """Return the ways on which a process is over after a without b."""
        allowed = frozenset(allow)
        answers = self.activities.get(b, set()) | _places(allowed)
        answers |= {place for root in self.answered(answers, allowed) for place in self.links.get(root, ())}
        return self._without(self.activities.get(a, set()) - answers, answers, allowed)

    def answered(self, answers: set[Place], allowed: frozenset[str]) -> Iterator[str]:
        """Yield the processes that never end without one of `answers`: to start one is to answer."""
        for root in self.links.keys() & self.graphs.keys():
            graph = self.graphs[root]
            closed = _left(graph, answers)
            if not closed:
                continue
            seen = graph.reach([(node, -1) for node in graph.starts], closed, allowed)
            if graph.finished(seen) is None:
                yield root

    def existence(self, a: str, allow: Iterable[str] = ()) -> list[Escape]:
        """Return the ways through the top process that never meet a."""
        allowed = frozenset(allow)
        wanted = self.activities.get(a, set()) | _places(allowed)
        tops = {key: graph for key, graph in self.graphs.items() if self.view.processes[key].kind == "top"}
        return [
            Escape(root, (root, ""), None)
            for root, graph in tops.items()
            if root not in allowed
            and graph.finished(
                graph.reach([(n, -1) for n in graph.starts], _left(graph, wanted), allowed)
            )
        ]

    def not_succession(self, a: str, b: str, allow: Iterable[str] = ()) -> list[Escape]:
        """Return the ways that lead from a to b."""
        allowed = frozenset(allow)
        late = self.activities.get(b, set())
        escapes = []
        for root, graph in self.graphs.items():
            if root in allowed:
                continue
            seen = graph.reach(_states(graph, self.activities.get(a, set())), frozenset(), allowed)
            escapes += [Escape(root, graph.places[node], None) for node, _ in seen if graph.places[node] in late][:1]
        return escapes

    def init(self, a: str, allow: Iterable[str] = ()) -> list[Escape]:
        """Return what the top process does before a."""
        allowed = frozenset(allow)
        wanted = self.activities.get(a, set())
        quiet = {"startEvent", "subProcess", "callActivity", "exclusiveGateway"}
        escapes = []
        for root, graph in self.graphs.items():
            if self.view.processes[root].kind != "top" or root in allowed:
                continue
            closed = {node for place in wanted for node in graph.entered.get(place, ())}
            for node, _ in graph.reach([(n, -1) for n in graph.starts], closed, allowed):
                process, identifier = graph.places[node]
                element = self.view.element(process, identifier)
                if element is not None and element.type not in quiet:
                    escapes.append(Escape(root, (process, identifier), None))
                    break
        return escapes

    def _without(self, asked: set[Place], answers: set[Place], allowed: frozenset[str]) -> list[Escape]:
        escapes = []
        for root, graph in self.graphs.items():
            places = {place for place in asked if place in graph.left}
            if root in allowed or not places:
                continue
            closed = _left(graph, answers)
            seen = graph.reach(_states(graph, places), closed, allowed)
            if (over := graph.finished(seen)) is not None:
                wanted = {node for place in answers for node in graph.entered.get(place, ())}
                escapes.append(_turn(graph, seen, over, wanted, set(), allowed))
        return escapes


def _places(allowed: frozenset[str]) -> set[Place]:
    """Return the elements among what a binding allows: "process.element"."""
    return {(process, rest) for one in allowed if ">" not in one and "." in one
            for process, _, rest in [one.partition(".")]}  # fmt: skip


def _left(graph: Graph, places: Iterable[Place]) -> set[int]:
    return {node for place in places for node in graph.left.get(place, ())}


def _states(graph: Graph, places: set[Place]) -> list[State]:
    """Return where and beside what these are left."""
    key = frozenset(node for place in places for node in graph.left.get(place, ()))
    return [state for state in graph.everything if state[0] in key]


def _turn(graph: Graph, seen: Seen, goal: State, wanted: set[int], barred: set[Place],
          allowed: frozenset[str]) -> Escape:
    """Return where the way to `goal` turns off from every way to `wanted`."""
    way = [goal]
    while (origin := seen[way[-1]]) is not None:
        way.append(origin)
    way.reverse()
    hopeful = _backwards(graph, wanted, {node for place in barred for node in graph.left.get(place, ())}, allowed)
    name = last = None
    for (source, _), (target, _) in pairwise(way):
        process, identifier = graph.places[target]
        flow = next((one.flow for one in graph.after[source] if one.target == target), None)
        last = flow or last
        if source in hopeful and target not in hopeful:
            name = flow or f"{process}.{identifier}"
    if name is None and way[0][0] in hopeful:
        name = last
    return Escape(graph.root, graph.places[goal[0]], name)


def _backwards(graph: Graph, goals: set[int], closed: set[int], shut: frozenset[str]) -> set[int]:
    seen, waiting = set(goals), list(goals)
    while waiting:
        for source, flow in graph.before[waiting.pop()]:
            if source not in seen and source not in closed and flow not in shut:
                seen.add(source)
                waiting.append(source)
    return seen


@lru_cache(maxsize=64)
def _paths(_structure: tuple[object, ...], rounds: frozenset[str], view: _Unseen) -> Paths:
    return Paths(view.view, rounds)


class _Unseen:
    """A view that a cache does not look at: its structure says all that counts."""

    def __init__(self, view: BundleView) -> None:
        self.view = view

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unseen)


def paths_of(view: BundleView, rounds: frozenset[str]) -> Paths:
    """Return the paths of a bundle; bundles of one structure share them."""
    return _paths(structure(view), rounds, _Unseen(view))


def compare_order(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield what breaks the order that a clause asks for."""
    paths = paths_of(view, bindings.rounds)
    for clause in register.clauses.values():
        for rule in clause.declare:
            yield from _rule(register, paths, bindings, clause, rule)


def _rule(register: Register, paths: Paths, bindings: Bindings, clause: Clause,
          rule: Mapping[str, Any]) -> Iterator[Drift]:
    template, a, b = str(rule.get("template")), str(rule.get("a")), str(rule.get("b") or "")
    bound = bindings.order.get(clause.id, {}).get(f"{template} {a}>{b}" if b else f"{template} {a}") or {}
    what = _words(register, template, a, b)
    absent = [one for one in (a, b) if one and one not in paths.activities]
    for one in absent:
        if one not in bound.get("undrawn", ()):
            yield found(clause.id, one, "order", MISSING, what[0], "无此活动 / not drawn", what)
    if not absent:
        for escape in escapes_of(paths, template, a, b, bound.get("allow", ())):
            way = f"{escape.root}: {escape.name or '.'.join(escape.at)}"
            where = ".".join(escape.at).rstrip(".")
            yield found(clause.id, where, "order", CONTRADICTORY, what[0], way, what)


def escapes_of(paths: Paths, template: str, a: str, b: str, allow: Iterable[str]) -> list[Escape]:
    """Return the ways that break a rule of order; none for a template that is not one of order."""
    key = (template, a, b, frozenset(allow))
    if key not in paths.known:
        paths.known[key] = _escapes(paths, *key)
    return paths.known[key]


def _escapes(paths: Paths, template: str, a: str, b: str, allow: frozenset[str]) -> list[Escape]:
    match template:
        case "precedence":
            return paths.precedence(a, b, allow)
        case "response" | "chain_response":
            return paths.response(a, b, allow)
        case "not_succession":
            return paths.not_succession(a, b, allow)
        case "existence":
            return paths.existence(a, allow)
        case "init":
            return paths.init(a, allow)
    return []


def _words(register: Register, template: str, a: str, b: str) -> tuple[str, str]:
    zh, en = WORDS.get(template, ("“{a}”与“{b}”的次序", "the order of “{a}” and “{b}”"))
    first, second = register.activities.get(a, (a, a)), register.activities.get(b, (b, b))
    return zh.format(a=first[0], b=second[0]), en.format(a=first[1], b=second[1])
