"""What of a BPMN file has to be drawn: its planes with their nodes, flows and lanes, in document order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.engine.xml import BPMN
from app.engine.xml import parse as parse_xml
from app.errors import Finding, Refused

DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

TASKS = frozenset({"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask",
                   "receiveTask", "callActivity"})
SUBPROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway",
                      "complexGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
ARTIFACTS = frozenset({"textAnnotation", "dataObjectReference", "dataStoreReference"})
DRAWN = (TASKS | SUBPROCESSES | GATEWAYS | EVENTS | ARTIFACTS
         | {"process", "collaboration", "participant", "lane", "sequenceFlow", "association", "messageFlow"})


@dataclass(frozen=True)
class Node:
    """A shape of a plane."""

    id: str
    type: str  # BPMN name
    name: str
    lane: int = 0  # index into Plane.lanes; 0 where there are none
    host: str | None = None  # of a boundary event
    line: int | None = None  # 1-based, in the file

    @property
    def shape(self) -> str:
        """Return task, gateway, event or note."""
        if self.type in GATEWAYS:
            return "gateway"
        if self.type in EVENTS:
            return "event"
        return "note" if self.type in ARTIFACTS else "task"


@dataclass(frozen=True)
class Flow:
    """A connection of a plane: a sequence flow, or the dotted line to a note."""

    id: str
    source: str
    target: str
    name: str = ""
    line: int | None = None
    type: str = "sequenceFlow"
    default: bool = False


@dataclass(frozen=True)
class Lane:
    """A lane with its name and whether it holds anything at all, nested elements included."""

    id: str
    name: str
    used: bool = True
    line: int | None = None


@dataclass(frozen=True)
class Plane:
    """One picture: the content of a process, or of one embedded subprocess."""

    element: str  # what the BPMNPlane shows: collaboration, process or subprocess
    owner: str  # the process or subprocess that holds the nodes
    pool: str | None  # participant
    pool_name: str
    lanes: tuple[Lane, ...]
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    line: int | None = None

    def node(self, node_id: str) -> Node:
        """Return the node; raises KeyError."""
        return self.by_id[node_id]

    @property
    def by_id(self) -> dict[str, Node]:
        """Return the nodes by id."""
        return {node.id: node for node in self.nodes}


@dataclass(frozen=True)
class BlackBox:
    """A pool without a process in this file."""

    id: str
    name: str


@dataclass(frozen=True)
class Picture:
    """One BPMNDiagram: planes that share it (several pools), black boxes and message flows."""

    element: str
    planes: tuple[Plane, ...]
    boxes: tuple[BlackBox, ...] = ()
    messages: tuple[Flow, ...] = ()


def parse(xml: bytes, file: str) -> Any:
    """Return the root element of a BPMN file; raises Refused."""
    root = parse_xml(xml, file)
    if root.tag != f"{{{BPMN}}}definitions":
        raise Refused([Finding(file, None, root.sourceline, "not_bpmn", "error", "不是 BPMN 2.0 文件",
                               "not a BPMN 2.0 file")])
    return root


def tag(element: Any) -> str:
    """Return the local name of a BPMN element, "" for comments and other vocabularies."""
    if not isinstance(element.tag, str):
        return ""
    space, _, name = element.tag[1:].partition("}")
    return name if space == BPMN else ""


def children(element: Any, *names: str) -> Iterator[Any]:
    """Yield the BPMN children with one of the names, in document order."""
    for child in element:
        if tag(child) in names:
            yield child


def read_pictures(xml: bytes, file: str) -> tuple[Picture, ...]:
    """Return every picture that the file needs, main ones first; raises Refused."""
    root = parse(xml, file)
    for element in root.iter():
        if tag(element) in DRAWN and not element.get("id"):
            raise Refused([Finding(file, None, element.sourceline, "no_id", "error",
                                   f"{tag(element)} 没有 id", f"{tag(element)} has no id")])
    processes = {process.get("id"): process for process in children(root, "process")}
    pictures: list[Picture] = []
    shown: set[str] = set()
    for collaboration in children(root, "collaboration"):
        pools = list(children(collaboration, "participant"))
        planes = tuple(_plane(processes[_local(p.get("processRef"))], collaboration.get("id"), p)
                       for p in pools if _local(p.get("processRef")) in processes)
        shown.update(plane.owner for plane in planes)
        boxes = tuple(BlackBox(p.get("id"), p.get("name", "")) for p in pools
                      if _local(p.get("processRef")) not in processes)
        messages = tuple(Flow(m.get("id"), m.get("sourceRef"), m.get("targetRef"), m.get("name", ""), m.sourceline,
                              "messageFlow") for m in children(collaboration, "messageFlow"))
        if planes or boxes:
            pictures.append(Picture(collaboration.get("id"), planes, boxes, messages))
    pictures += [Picture(key, (_plane(process, key, None),)) for key, process in processes.items() if key not in shown]
    for process in processes.values():
        lanes = _lane_ranks(process)
        pictures += [Picture(sub.get("id"), (_nested(sub, lanes),)) for sub in process.iter()
                     if tag(sub) in SUBPROCESSES]
    return tuple(pictures)


def _local(reference: str | None) -> str:
    return (reference or "").rpartition(":")[2]


def _leaf_lanes(process: Any) -> list[Any]:
    return [lane for lane_set in children(process, "laneSet") for lane in lane_set.iter(f"{{{BPMN}}}lane")
            if lane.find(f"{{{BPMN}}}childLaneSet") is None]


def _lane_ranks(process: Any) -> dict[str, int]:
    return {(ref.text or "").strip(): rank for rank, lane in enumerate(_leaf_lanes(process))
            for ref in children(lane, "flowNodeRef")}


def _plane(process: Any, element: str, participant: Any) -> Plane:
    lanes = _leaf_lanes(process)
    ranks = _lane_ranks(process)
    own = {child.get("id") for child in process if not child.get("attachedToRef")}
    held = [{(ref.text or "").strip() for ref in children(lane, "flowNodeRef")} for lane in lanes]
    # A lane that only nested elements or boundary events belong to has nothing to frame here.
    drawn = [index for index, ids in enumerate(held) if ids & own or not ids]
    place = {index: at for at, index in enumerate(drawn)}
    nodes = _nodes(process, {node: place.get(rank, 0) for node, rank in ranks.items()})
    return Plane(element, process.get("id"), participant.get("id") if participant is not None else None,
                 participant.get("name", "") if participant is not None else "",
                 tuple(Lane(lanes[i].get("id"), lanes[i].get("name", ""), bool(held[i]), lanes[i].sourceline)
                       for i in drawn),
                 nodes, _flows(process, nodes), process.sourceline)


def _nested(sub: Any, ranks: dict[str, int]) -> Plane:
    nodes = _nodes(sub, ranks)
    return Plane(sub.get("id"), sub.get("id"), None, "", (), nodes, _flows(sub, nodes), sub.sourceline)


def _nodes(holder: Any, lanes: dict[str, int]) -> tuple[Node, ...]:
    found = []
    kinds = TASKS | SUBPROCESSES | GATEWAYS | EVENTS | ARTIFACTS
    for element in children(holder, *kinds):
        host = element.get("attachedToRef") if tag(element) == "boundaryEvent" else None
        name = element.get("name", "")
        if tag(element) == "textAnnotation":
            name = "".join(t.text or "" for t in children(element, "text"))
        rank = lanes.get(_local(host) or element.get("id"), 0)  # a boundary event lies where its host lies
        found.append(Node(element.get("id"), tag(element), name, rank, _local(host) if host else None,
                          element.sourceline))
    ids = {node.id for node in found if node.shape == "task"}
    # A boundary event whose host lies elsewhere is drawn as a free event; the semantic check reports it.
    return tuple(node if node.host is None or node.host in ids
                 else Node(node.id, node.type, node.name, node.lane, None, node.line) for node in found)


def _flows(holder: Any, nodes: tuple[Node, ...]) -> tuple[Flow, ...]:
    ids = {node.id for node in nodes}
    defaults = {element.get("default") for element in holder if element.get("default")}
    found = []
    for element in children(holder, "sequenceFlow", "association"):
        source, target = _local(element.get("sourceRef")), _local(element.get("targetRef"))
        if source in ids and target in ids:
            found.append(Flow(element.get("id"), source, target, element.get("name", ""), element.sourceline,
                              tag(element), element.get("id") in defaults))
    return tuple(found)
