"""Which column each node stands in: the longest path from the start, once flows that lead back are set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.drawing.document import Flow, Plane


@dataclass(frozen=True)
class Columns:
    """The column of each free-standing node, and the flows that lead back."""

    of: Mapping[str, int]
    back: frozenset[str]  # ids of flows
    height: Mapping[str, int]  # nodes on the longest way to an end


def anchor(plane: Plane) -> dict[str, str]:
    """Return for every node the node that it stands on: a boundary event's host, else itself."""
    return {node.id: node.host or node.id for node in plane.nodes}


def assign_columns(plane: Plane) -> Columns:
    """Return the columns of `plane`'s nodes."""
    anchors = anchor(plane)
    flows = [flow for flow in plane.flows if flow.type == "sequenceFlow"]
    back = _back_flows(plane, flows, anchors)
    forward = [flow for flow in flows if flow.id not in back]
    order = _topological(plane, forward, anchors)
    column = dict.fromkeys(order, 0)
    for node in order:
        for flow in forward:
            if anchors[flow.source] == node:
                target = anchors[flow.target]
                column[target] = max(column[target], column[node] + _span(plane, flow))
    _pull_sources(column, forward, anchors, plane)
    _place_notes(plane, column, anchors)
    height = dict.fromkeys(order, 1)
    for node in reversed(order):
        for flow in forward:
            if anchors[flow.source] == node:
                height[node] = max(height[node], 1 + height[anchors[flow.target]])
    return Columns(column, back, height)


def _span(plane: Plane, flow: Flow) -> int:
    """What a boundary event starts may stand right beneath its host; all else stands further right."""
    boundary = plane.node(flow.source).host is not None
    return 0 if boundary and plane.node(flow.target).shape == "task" else 1


def _back_flows(plane: Plane, flows: list[Flow], anchors: dict[str, str]) -> frozenset[str]:
    """Return the flows that close a cycle on a depth-first walk in document order, starts first."""
    outgoing: dict[str, list[Flow]] = {}
    entered = set()
    for flow in flows:
        outgoing.setdefault(anchors[flow.source], []).append(flow)
        entered.add(anchors[flow.target])
    free = [node.id for node in plane.nodes if node.host is None]
    roots = [node for node in free if node not in entered] + free
    back: set[str] = set()
    state: dict[str, int] = {}  # 1 on the way, 2 finished
    for root in roots:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(outgoing.get(root, [])))]
        while stack:
            node, following = stack[-1]
            flow = next(following, None)
            if flow is None:
                state[node] = 2
                stack.pop()
                continue
            target = anchors[flow.target]
            if state.get(target) == 1:
                back.add(flow.id)
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(outgoing.get(target, []))))
    return frozenset(back)


def _topological(plane: Plane, forward: list[Flow], anchors: dict[str, str]) -> list[str]:
    waiting = {node.id: 0 for node in plane.nodes if node.host is None and node.shape != "note"}
    for flow in forward:
        waiting[anchors[flow.target]] += 1
    ready = [node for node, count in waiting.items() if count == 0]
    order = []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for flow in forward:
            if anchors[flow.source] == node:
                target = anchors[flow.target]
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    return order


def _pull_sources(column: dict[str, int], forward: list[Flow], anchors: dict[str, str], plane: Plane) -> None:
    """A second start stands right before what it starts, not at the far left."""
    entered = {anchors[flow.target] for flow in forward}
    for node in column:
        targets = [column[anchors[flow.target]] - _span(plane, flow) for flow in forward
                   if anchors[flow.source] == node]
        if node not in entered and targets:
            column[node] = max(0, min(targets))


def _place_notes(plane: Plane, column: dict[str, int], anchors: dict[str, str]) -> None:
    for node in plane.nodes:
        if node.shape == "note":
            near = [anchors[other] for flow in plane.flows for other in (flow.source, flow.target)
                    if node.id in (flow.source, flow.target) and other != node.id]
            column[node.id] = next((column[other] for other in near if other in column), 0)
