"""What is wrong with how a diagram is drawn and worded, as findings of the lint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations, pairwise

from app.engine.drawing.columns import assign_columns
from app.engine.drawing.document import Flow, Node, Plane, parse, read_pictures
from app.engine.drawing.drawn import Drawn, read_drawn
from app.engine.drawing.geometry import Point, Rect
from app.engine.drawing.measure import count_crossings, lie_together
from app.errors import Finding, Refused

CHINESE = re.compile(r"[\u4e00-\u9fff]")
REACH = 4  # pixels between a flow's end and its shape
MOST = 800  # nodes or flows of a plane beyond which nobody can read it, however it looks
ASKING = frozenset({"exclusiveGateway", "inclusiveGateway"})


def check_drawing(xml: bytes, file: str) -> list[Finding]:
    """Return what is wrong with the drawing and the wording of `file`; raises Refused where it cannot be read.

    Nothing here stops a process from running, so no finding is an error.
    """
    drawn = read_drawn(parse(xml, file))
    planes = [plane for picture in read_pictures(xml, file) for plane in picture.planes]
    found: list[Finding] = []
    for plane in planes:
        found += _Wording(file, plane).findings()
    if not drawn.planes:
        found.append(Finding(file, None, 1, "not_drawn", "warning", "文件没有图形信息，请运行 chengnuo tidy",
                             "the file has no drawing: run chengnuo tidy"))
        return found
    for plane in planes:
        if max(len(plane.nodes), len(plane.flows)) <= MOST:
            found += _Looks(file, plane, drawn).findings()
    return found


def check_drawings(files: Mapping[str, bytes]) -> list[Finding]:
    """Return what is wrong with the drawings of a bundle; what cannot be read is left to the engine's check."""
    found: list[Finding] = []
    for path in sorted(path for path in files if path.endswith(".bpmn")):
        with suppress(Refused):
            found += check_drawing(files[path], path)
    return found


class _Checker:
    """Makes findings about one plane."""

    def __init__(self, file: str, plane: Plane) -> None:
        self.file, self.plane = file, plane

    def say(self, where: Node | Flow | None, rule: str, chinese: str, english: str,
            severity: str = "warning") -> Finding:
        """Return a finding about a node, a flow or the whole plane."""
        element, line = (where.id, where.line) if where is not None else (self.plane.element, self.plane.line)
        return Finding(self.file, element, line, rule, severity, chinese, english)


class _Wording(_Checker):
    """Names: Chinese, questions on forks, answers on the flows that leave them."""

    def findings(self) -> Iterator[Finding]:
        leaving: dict[str, list[Flow]] = {}
        for flow in self.plane.flows:
            leaving.setdefault(flow.source, []).append(flow)
        for node in self.plane.nodes:
            fork = node.type in ASKING and len(leaving.get(node.id, [])) > 1
            yield from self._named(node, fork)
            if fork:
                yield from self._answers(leaving[node.id])
        for lane in self.plane.lanes:
            if not lane.used:
                yield Finding(self.file, lane.id, lane.line, "lane_empty", "warning",
                              f"泳道「{lane.name}」是空的：删去它，或把节点放进去",
                              f"lane {lane.id} is empty: remove it, or put elements into it")

    def _named(self, node: Node, fork: bool) -> Iterator[Finding]:
        if not node.name:
            if fork or node.shape in ("task", "event"):
                yield self.say(node, "name_missing", f"{node.id} 没有名称", f"{node.id} has no name")
        elif not CHINESE.search(node.name):
            yield self.say(node, "name_not_chinese", f"{node.id} 的名称「{node.name}」不是中文",
                           f"the name of {node.id} is not in Chinese: {node.name}")
        elif fork and not node.name.rstrip().endswith(("？", "?")):
            yield self.say(node, "gateway_no_question", f"分支网关「{node.name}」应写成问句，以问号结尾",
                           f"a gateway that splits asks a question, with a question mark: {node.id}")

    def _answers(self, flows: Iterable[Flow]) -> Iterator[Finding]:
        for flow in flows:
            if not flow.name:
                yield self.say(flow, "flow_no_label", f"分支 {flow.id} 没有写明结果（通往 {flow.target}）",
                               f"a flow out of a fork says which outcome it stands for: {flow.id} to {flow.target}")
            elif not CHINESE.search(flow.name):
                yield self.say(flow, "name_not_chinese", f"{flow.id} 的名称「{flow.name}」不是中文",
                               f"the name of {flow.id} is not in Chinese: {flow.name}")


class _Looks(_Checker):
    """Shapes, flows and labels: all there, nothing on top of each other."""

    def __init__(self, file: str, plane: Plane, drawn: Drawn) -> None:
        super().__init__(file, plane)
        self.drawn = drawn
        self.nodes = [node for node in plane.nodes if node.id in drawn.shapes]
        self.flows = [flow for flow in plane.flows if flow.id in drawn.edges]
        self.hosts = {node.id: node.host for node in plane.nodes if node.host}

    def findings(self) -> Iterator[Finding]:
        yield from self._missing()
        yield from self._shapes()
        yield from self._frames()
        yield from self._flows()
        yield from self._labels()
        yield from self._direction()

    def _missing(self) -> Iterator[Finding]:
        for node in self.plane.nodes:
            if node.id not in self.drawn.shapes:
                yield self.say(node, "shape_missing", f"图上没有 {node.id}「{node.name}」", f"{node.id} is not drawn")
        for flow in self.plane.flows:
            if flow.id not in self.drawn.edges:
                yield self.say(flow, "edge_missing", f"图上没有连线 {flow.id}", f"flow {flow.id} is not drawn")

    def _shapes(self) -> Iterator[Finding]:
        for one, other in combinations(self.nodes, 2):
            if self.hosts.get(one.id) == other.id or self.hosts.get(other.id) == one.id:
                continue
            if self.drawn.shapes[one.id].overlaps(self.drawn.shapes[other.id]):
                yield self.say(one, "shapes_overlap", f"{one.id} 与 {other.id} 重叠",
                               f"{one.id} and {other.id} overlap")

    def _frames(self) -> Iterator[Finding]:
        pool = self.drawn.shapes.get(self.plane.pool or "")
        if self.plane.pool and pool is None:
            yield self.say(None, "shape_missing", f"图上没有泳池 {self.plane.pool}",
                           f"pool {self.plane.pool} is not drawn")
        for lane in self.plane.lanes:
            rect = self.drawn.shapes.get(lane.id)
            if rect is None:
                yield Finding(self.file, lane.id, lane.line, "shape_missing", "warning",
                              f"图上没有泳道「{lane.name}」", f"lane {lane.id} is not drawn")
            elif pool is not None and not pool.holds(rect):
                yield Finding(self.file, lane.id, lane.line, "outside", "warning",
                              f"泳道「{lane.name}」超出泳池", f"lane {lane.id} reaches out of its pool")
        for node in self.nodes:
            lane_id = self.plane.lanes[node.lane].id if self.plane.lanes else self.plane.pool
            frame = self.drawn.shapes.get(lane_id or "")
            shape = self.drawn.shapes[node.id]
            outside = frame is not None and not frame.holds(shape) and not node.host
            apart = node.host in self.drawn.shapes and not shape.overlaps(self.drawn.shapes[node.host or ""])
            if outside or apart:
                yield self.say(node, "outside", f"{node.id} 不在它的{'宿主边上' if apart else '泳道里'}",
                               f"{node.id} lies outside its {'host' if apart else 'lane'}")

    def _flows(self) -> Iterator[Finding]:
        for flow in self.flows:
            points = self.drawn.edges[flow.id]
            for end, point in ((flow.source, points[0]), (flow.target, points[-1])):
                shape = self.drawn.shapes.get(end)
                if shape and not shape.overlaps(Rect(*point, 0, 0), REACH):
                    yield self.say(flow, "edge_detached", f"连线 {flow.id} 没有连到 {end}",
                                   f"flow {flow.id} does not reach {end}")
            own = {flow.source, flow.target, self.hosts.get(flow.source)}
            for node in self.nodes:
                # An event on the border of an end of the flow lies beside it, not in its way.
                if node.id not in own and any(_cuts(self.drawn.shapes[node.id], a, b)
                                              for a, b in pairwise(self.drawn.edges[flow.id])):
                    yield self.say(flow, "flow_through_shape", f"连线 {flow.id} 穿过 {node.id}",
                                   f"flow {flow.id} runs through {node.id}")
        for one, other in combinations(self.flows, 2):
            if one.source != other.source and one.target != other.target and self._together(one, other):
                yield self.say(one, "flows_overlap", f"连线 {one.id} 与 {other.id} 叠在一起",
                               f"flows {one.id} and {other.id} lie on each other")
        count = count_crossings({flow.id: self.drawn.edges[flow.id] for flow in self.flows})
        if count:
            yield self.say(None, "crossings", f"连线交叉 {count} 处", f"{count} crossings of flows", "info")

    def _together(self, one: Flow, other: Flow) -> bool:
        return any(lie_together(a, b, c, d) for a, b in pairwise(self.drawn.edges[one.id])
                   for c, d in pairwise(self.drawn.edges[other.id]))

    def _labels(self) -> Iterator[Finding]:
        items: tuple[Node | Flow, ...] = (*self.nodes, *self.flows)
        named = [(item, self.drawn.labels[item.id]) for item in items
                 if item.name and item.id in self.drawn.labels]
        for (one, rect), (other, its) in combinations(named, 2):
            if rect.overlaps(its):
                yield self._covered(one, other.id)
        for item, rect in named:
            for node in self.nodes:
                if rect.overlaps(self.drawn.shapes[node.id]):
                    yield self._covered(item, node.id)
            for flow in self.flows:
                if any(_cuts(rect, a, b) for a, b in pairwise(self.drawn.edges[flow.id])):
                    yield self._covered(item, flow.id)

    def _covered(self, item: Node | Flow, other: str) -> Finding:
        return self.say(item, "label_overlap", f"{item.id} 的名称与 {other} 重叠",
                        f"the label of {item.id} overlaps {other}")

    def _direction(self) -> Iterator[Finding]:
        back = assign_columns(self.plane).back
        for flow in self.flows:
            ends = self.drawn.shapes.get(flow.source), self.drawn.shapes.get(flow.target)
            if flow.id not in back and ends[0] and ends[1] and ends[1].middle[0] < ends[0].x:
                yield self.say(flow, "right_to_left", f"连线 {flow.id} 从右向左",
                               f"flow {flow.id} runs from right to left", "info")


def _cuts(rect: Rect, a: Point, b: Point) -> bool:
    """Return whether the line from `a` to `b` runs through the inside of `rect` (Liang and Barsky's clipping)."""
    enter, leave = 0.0, 1.0
    for start, delta, low, high in ((a[0], b[0] - a[0], rect.x, rect.right), (a[1], b[1] - a[1], rect.y, rect.bottom)):
        if delta == 0:
            if not low < start < high:
                return False
            continue
        one, two = sorted(((low - start) / delta, (high - start) / delta))
        enter, leave = max(enter, one), min(leave, two)
    return leave - enter > 1e-9
