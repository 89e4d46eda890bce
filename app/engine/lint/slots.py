"""Every place of a diagram in which an expression stands, with the type that it must give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.engine.diagram import Flow, Node, Process
from app.engine.scripts import assignments
from app.errors import ExpressionError

TIMER_TYPES = {
    "timeDate": frozenset({"string", "date and time"}),
    "timeDuration": frozenset({"string", "duration"}),
    "timeCycle": frozenset({"string"}),
}
STRING = frozenset({"string"})


@dataclass(frozen=True)
class Slot:
    """One expression."""

    text: str
    types: frozenset[str] | None  # what it may give; None: anything
    kind: str  # condition | timer | parameter | ...
    place: Node | Flow
    extra: frozenset[str] = frozenset()  # names that only this slot knows


def slots(process: Process) -> Iterator[Slot]:
    """Yield every expression of the process, in document order."""
    for item in process.items:
        if isinstance(item, Flow):
            if item.condition is not None:
                yield Slot(item.condition, frozenset({"boolean"}), "condition", item)
        else:
            yield from _node(item)


def _node(node: Node) -> Iterator[Slot]:
    event = node.event
    if event is not None and event.expression is not None:
        if event.kind == "timer":
            yield Slot(event.expression, TIMER_TYPES[event.timer_kind or "timeDuration"], "timer", node)
        else:
            yield Slot(event.expression, frozenset({"boolean"}), "condition", node)
    if event is not None and event.payload is not None:
        yield Slot(event.payload, frozenset({"context"}), "payload", node)
    for text in node.parameters.values():
        yield Slot(text, None, "parameter", node)
    for _, text in (*node.inputs, *node.outputs):
        yield Slot(text, None, "mapping", node)
    try:
        for _, text in assignments(node.script or ""):
            yield Slot(text, None, "script", node)
    except ExpressionError:
        yield Slot(node.script or "", None, "script", node)
    for name, types in (("group", STRING), ("assignee", STRING), ("correlate", None)):
        if node.properties.get(name):
            yield Slot(node.properties[name], types, name, node)
    yield from _loop(node)


def _loop(node: Node) -> Iterator[Slot]:
    loop = node.loop
    if loop is None:
        return
    counts = frozenset({"numberOfInstances", "numberOfCompletedInstances"})
    if loop.cardinality is not None:
        yield Slot(loop.cardinality, frozenset({"number"}), "cardinality", node)
    if loop.completion is not None:
        yield Slot(loop.completion, frozenset({"boolean"}), "condition", node, counts)
    if loop.condition is not None:
        yield Slot(loop.condition, frozenset({"boolean"}), "condition", node)
