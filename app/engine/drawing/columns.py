"""Which column each node stands in: the longest path from the start, once flows that lead back are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.drawing.document import Flow, Plane

MANY = 3  # boundary events of one host


@dataclass(frozen=True)
class Columns:
    """The column of each free-standing node, and the flows that lead back."""

    of: Mapping[str, int]
    back: frozenset[str]  # ids of flows
    height: Mapping[str, int]  # nodes on the longest way to an end
    stacked: frozenset[str]  # ids of flows that change lanes within one column


def anchor(plane: Plane) -> dict[str, str]:
    """Return for every node the node that it stands on: a boundary event's host, else itself."""
    return {node.id: node.host or node.id for node in plane.nodes}


def assign_columns(plane: Plane, apart: frozenset[str] | None = frozenset()) -> Columns:
    """Return the columns of `plane`'s nodes; the flows `apart` (None: all) may not stay in one column."""
    anchors = anchor(plane)
    flows = [flow for flow in plane.flows if flow.type == "sequenceFlow"]
    back = _back_flows(plane, flows, anchors)
    forward = [flow for flow in flows if flow.id not in back]
    order = _topological(plane, forward, anchors)
    spans, stacked = _spans(plane, forward, anchors, order, apart)
    column = dict.fromkeys(order, 0)
    for node in order:
        for flow in forward:
            if anchors[flow.source] == node:
                target = anchors[flow.target]
                column[target] = max(column[target], column[node] + spans[flow.id])
    _pull_sources(column, forward, anchors, spans)
    _place_notes(plane, column, anchors)
    height = dict.fromkeys(order, 1)
    for node in reversed(order):
        for flow in forward:
            if anchors[flow.source] == node:
                height[node] = max(height[node], 1 + height[anchors[flow.target]])
    return Columns(column, back, height, stacked)


def _spans(plane: Plane, forward: list[Flow], anchors: dict[str, str], order: list[str],
           apart: frozenset[str] | None) -> tuple[dict[str, int], frozenset[str]]:
    """Return how many columns each flow leads on, and the flows that change lanes within one column.

    None where a boundary event starts a task, which may stand right beneath its host (not where many hang there: what
    they start stands beside it, so that the flows lie in each other), and where a flow changes lanes: what follows may
    stand right under or over its source. No two such flows follow each other, none share an end.
    """
    nodes = plane.by_id
    hosts = Counter(node.host for node in plane.nodes if node.host)
    spans = {}
    for flow in forward:
        host = nodes[flow.source].host
        beneath = host is not None and hosts[host] < MANY and nodes[flow.target].shape == "task"
        spans[flow.id] = 0 if beneath else 1
    entered: dict[str, int] = {}
    for flow in forward:
        entered[anchors[flow.target]] = entered.get(anchors[flow.target], 0) + 1
    used: set[str] = set()
    stacked: set[str] = set()
    for node in order:
        if node in used or not plane.lanes or apart is None:
            continue
        for flow in forward:
            source, target = nodes[node], nodes[flow.target]
            if flow.source != node or flow.id in apart or target.lane == source.lane:
                continue
            if target.id in used or entered[target.id] > 1:
                continue
            # Boundary events hang below their hosts: no flow leaves or arrives there.
            upper = source if source.lane < target.lane else target
            if upper.id not in hosts:
                spans[flow.id] = 0
                stacked.add(flow.id)
                used |= {source.id, target.id}
                break
    return spans, frozenset(stacked)


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
            step = next(following, None)
            if step is None:
                state[node] = 2
                stack.pop()
                continue
            target = anchors[step.target]
            if state.get(target) == 1:
                back.add(step.id)
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


def _pull_sources(column: dict[str, int], forward: list[Flow], anchors: dict[str, str],
                  spans: dict[str, int]) -> None:
    """A second start stands right before what it starts, not at the far left."""
    entered = {anchors[flow.target] for flow in forward}
    for node in column:
        targets = [column[anchors[flow.target]] - spans[flow.id] for flow in forward
                   if anchors[flow.source] == node]
        if node not in entered and targets:
            column[node] = max(0, min(targets))


def _place_notes(plane: Plane, column: dict[str, int], anchors: dict[str, str]) -> None:
    for node in plane.nodes:
        if node.shape == "note":
            near = [anchors[other] for flow in plane.flows for other in (flow.source, flow.target)
                    if node.id in (flow.source, flow.target) and other != node.id]
            column[node.id] = next((column[other] for other in near if other in column), 0)
