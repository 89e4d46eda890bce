"""BPMN's token game over what an instance's history tells, on its version's elements: none missing, none left over.

Independent of how the engine runs: it reads events and the drawing only. History does not tell which flow a gateway
chose, so a token behind it may be on any of its flows until somebody takes it up. Concurrent runs of one called process
share their places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.facts import Element

INSTANT = frozenset({"startEvent", "endEvent", "intermediateThrowEvent", "exclusiveGateway", "parallelGateway",
                     "inclusiveGateway", "boundaryEvent"})
SCOPES = frozenset({"subProcess", "callActivity"})
CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})
WAITS = frozenset({"parallelGateway", "inclusiveGateway"})  # tokens may wait before them
Node = tuple[str, str]  # process, element
Place = frozenset[Node]  # the flows on any of which the token may be


@dataclass(frozen=True)
class Told:
    """One event of a history."""

    process: str
    element: str
    transition: str  # started | completed | fired | cancelled | failed
    task: str
    repeated: bool = False  # one run of a repeated activity, not the activity itself


@dataclass
class Game:
    """The tokens of one instance."""

    elements: Mapping[Node, Element]
    into: Mapping[Node, Sequence[Node]]  # flows by the node that they lead to
    out: Mapping[Node, Sequence[Node]]
    tokens: Counter[Place] = field(default_factory=Counter)
    open: dict[str, Element] = field(default_factory=dict)  # started and not ended, by task
    entries: Counter[Node] = field(default_factory=Counter)  # starts that may happen: (process, enclosing subprocess)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, elements: Iterable[Element], process: str) -> Game:
        """Set up the board for an instance of `process`."""
        known, into, out = {}, defaultdict(list), defaultdict(list)
        for one in elements:
            known[one.process, one.id] = one
            if one.type == "sequenceFlow" and one.source and one.target:
                into[one.process, one.target].append((one.process, one.id))
                out[one.process, one.source].append((one.process, one.id))
        game = cls(known, into, out)
        game.entries[process, ""] = 1
        return game

    def play(self, told: Told) -> None:
        """Move the tokens as an event tells."""
        node = (told.process, told.element)
        element = self.elements.get(node)
        if element is None:
            self.problems.append(f"{told.process}/{told.element}: not in this version")
        elif told.transition == "started":
            self._start(node, element, told)
        elif told.transition == "cancelled":
            self._withdraw(element, told)
        elif told.transition in {"completed", "fired"}:
            self._complete(node, element, told)

    # ---- moves

    def _start(self, node: Node, element: Element, told: Told) -> None:
        if not told.repeated:
            self._take(node, element)
        self.open[told.task] = element
        if element.type in SCOPES:
            self.entries[self._inside(element)] += 1

    def _complete(self, node: Node, element: Element, told: Told) -> None:
        if element.type == "boundaryEvent":
            self._leave(node, element)
            return
        if element.type in INSTANT:
            self._enter(node, element)
        elif self.open.pop(told.task, None) is None:
            self.problems.append(f"{node[0]}/{node[1]}: ended without having begun")
        if element.type in SCOPES:
            self._close(element)
        if element.type == "endEvent":
            if element.event == "terminate":
                self._clear(node[0], element.parent or "")
        elif not told.repeated:
            self._leave(node, element)

    def _enter(self, node: Node, element: Element) -> None:
        if element.type != "startEvent":
            self._take(node, element)
            return
        scope = (element.process, element.parent or "")
        if self.entries[scope] <= 0:
            self.problems.append(f"{node[0]}/{node[1]}: begun without being called")
        self.entries[scope] -= 1

    def _take(self, node: Node, element: Element) -> None:
        """Take a token from the node's flows: a join takes one from each, anything else one."""
        flows = self.into.get(node, ())
        wanted = [[flow] for flow in flows] if element.type == "parallelGateway" else [list(flows)]
        for group in wanted:
            place = next((place for flow in group for place in (frozenset({flow}),) if self.tokens[place] > 0), None)
            if place is None:
                place = next((place for place, count in reversed(self.tokens.items())
                              if count > 0 and place.intersection(group)), None)
            if place is None:
                self.problems.append(f"{node[0]}/{node[1]}: a token is missing")
                continue
            self.tokens[place] -= 1
            if not self.tokens[place]:
                del self.tokens[place]

    def _leave(self, node: Node, element: Element) -> None:
        flows = self.out.get(node, ())
        if not flows:
            return
        places = [frozenset(flows)] if element.type in CHOOSING else [frozenset({flow}) for flow in flows]
        for place in places:
            count = self.tokens.pop(place, 0)  # the newest is found first
            self.tokens[place] = count + 1

    def _withdraw(self, element: Element, told: Told) -> None:
        if self.open.pop(told.task, None) is not None and element.type in SCOPES and not self._others(element):
            self._clear(*self._inside(element))

    # ---- scopes

    @staticmethod
    def _inside(element: Element) -> Node:
        return (element.called or "", "") if element.type == "callActivity" else (element.process, element.id)

    def _others(self, element: Element) -> bool:
        inside = self._inside(element)
        return any(one.type in SCOPES and self._inside(one) == inside for one in self.open.values())

    def _close(self, element: Element) -> None:
        """A scope that ends must be empty, once nothing else runs in it."""
        if self._others(element):
            return
        inside = self._inside(element)
        self.problems += [f"{element.process}/{element.id}: ends with {what} inside" for what in self._held(*inside)]
        self._clear(*inside)

    def _held(self, process: str, scope: str) -> list[str]:
        tokens = ["/".join(min(place)) for place in self.tokens if self._lies(self._scope_of(place), process, scope)]
        running = [f"{one.process}/{one.id}" for one in self.open.values()
                   if self._lies((one.process, one.parent or ""), process, scope)]
        return [*tokens, *running]

    def _scope_of(self, place: Place) -> Node:
        process, flow = min(place)
        return process, self.elements[process, flow].parent or ""

    def _lies(self, where: Node, process: str, scope: str) -> bool:
        """Return whether a place is in the scope, or in one that lies in it."""
        while where[0] == process and where[1] != scope:
            around = self.elements.get(where) if where[1] else None
            if around is None:
                return False
            where = (process, around.parent or "")
        return where == (process, scope)

    def _clear(self, process: str, scope: str) -> None:
        for place in [place for place in self.tokens if self._lies(self._scope_of(place), process, scope)]:
            del self.tokens[place]
        for task in [task for task, one in self.open.items()
                     if self._lies((one.process, one.parent or ""), process, scope)]:
            inner = self.open.pop(task, None)  # an inner scope may have taken it along
            if inner is not None and inner.type in SCOPES:
                self._clear(*self._inside(inner))
        for entry in [entry for entry in self.entries if self._lies(entry, process, scope)]:
            del self.entries[entry]

    # ---- the end

    def left_over(self, state: str) -> list[str]:
        """Return what should not be there: anything in a completed instance, a token that nobody awaits in another."""
        if state == "completed":
            return [*("/".join(min(place)) for place in self.tokens),
                    *(f"{one.process}/{one.id}" for one in self.open.values())]
        return ["/".join(min(place)) for place in self.tokens if state != "cancelled" and not any(
            self._target(flow).type in WAITS for flow in place)]

    def _target(self, flow: Node) -> Element:
        return self.elements[flow[0], self.elements[flow].target or ""]


def replay(elements: Iterable[Element], process: str, state: str, history: Iterable[Told]) -> list[str]:
    """Return what is wrong with an instance's history: missing tokens, then those left over; [] for a clean game."""
    game = Game.of(elements, process)
    for told in history:
        game.play(told)
    return [*game.problems, *(f"{what}: a token is left over" for what in game.left_over(state))]
