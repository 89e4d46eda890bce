"""A BPMN file as plain records: what the element list, the lint and the builder read, with lines for findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.engine.xml import Xml

EVENTS = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
        "implicitThrowEvent",
    }
)
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask"}
)
SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SCOPES | {"callActivity", "callChoreography"}
FLOW_NODES = EVENTS | GATEWAYS | ACTIVITIES
WITHOUT_EFFECT = frozenset(
    {
        "extensionElements",
        "documentation",
        "laneSet",
        "textAnnotation",
        "association",
        "group",
        "dataObject",
        "dataObjectReference",
        "ioSpecification",
        "property",
        "incoming",
        "outgoing",
        "auditing",
        "monitoring",
        "supports",
        "artifact",
        "standardLoopCharacteristics",
        "multiInstanceLoopCharacteristics",
        "dataInputAssociation",
        "dataOutputAssociation",
        "completionCondition",
        "correlationSubscription",
        "resourceRole",
        "performer",
        "potentialOwner",
        "humanPerformer",
        "ioBinding",
        "category",
    }
)


@dataclass(frozen=True)
class Event:
    """One event definition of an event."""

    kind: str  # BPMN's name: timer | message | error | escalation | signal | terminate | cancel | conditional …
    line: int | None = None
    timer_kind: str | None = None  # timeDate | timeDuration | timeCycle
    expression: str | None = None  # FEEL of a timer
    ref: str | None = None  # id of the message, error, signal or escalation
    name: str | None = None  # its name
    code: str | None = None  # errorCode or escalationCode
    payload: str | None = None  # FEEL of what is thrown
    variable: str | None = None  # variable that takes what is caught


@dataclass(frozen=True)
class Loop:
    """How an activity is repeated."""

    kind: str  # parallel | sequential | standard
    line: int | None = None
    items: str | None = None  # variable with the list
    item: str | None = None  # variable of one instance
    results: str | None = None
    result: str | None = None
    cardinality: str | None = None  # FEEL
    completion: str | None = None  # FEEL
    condition: str | None = None  # FEEL of a standard loop
    test_before: bool = False
    maximum: str | None = None


@dataclass(frozen=True)
class Node:
    """One flow node as drawn."""

    id: str
    type: str
    name: str | None
    line: int | None
    process: str
    scope: str  # id of the process or the embedded subprocess that it lies in
    lane_name: str | None = None
    attached_to: str | None = None
    interrupting: bool = True
    events: tuple[Event, ...] = ()
    loop: Loop | None = None
    default: str | None = None  # id of the default flow
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""
    script: str | None = None
    operation: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    result: str | None = None
    decision: str | None = None
    called: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    scripts: tuple[str, ...] = ()  # pre- and postscripts, which are refused
    by_event: bool = False  # an event subprocess
    compensation: bool = False
    message: Event | None = None  # of a send or receive task

    @property
    def event(self) -> Event | None:
        """The node's (first) event definition, a send or receive task's message included."""
        return self.message or (self.events[0] if self.events else None)


@dataclass(frozen=True)
class Flow:
    """One sequence flow as drawn."""

    id: str
    source: str
    target: str
    name: str | None
    condition: str | None
    line: int | None
    process: str
    scope: str
    language: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""


@dataclass(frozen=True)
class Process:
    """One process of a file with everything in it, in document order."""

    id: str
    name: str | None
    line: int | None
    executable: bool
    properties: Mapping[str, str]
    documentation: str
    items: tuple[Node | Flow, ...]
    unknown: tuple[tuple[str, str | None, int | None], ...]  # (tag, id, line) of what nobody knows
    has_lanes: bool

    def __post_init__(self) -> None:
        nodes = {item.id: item for item in self.items if isinstance(item, Node) and item.id}
        outgoing: dict[str, list[Flow]] = {}
        incoming: dict[str, list[Flow]] = {}
        attached: dict[str, list[Node]] = {}
        scopes: dict[str, list[Node]] = {}
        for item in self.items:
            if isinstance(item, Flow):
                outgoing.setdefault(item.source, []).append(item)
                incoming.setdefault(item.target, []).append(item)
        for node in nodes.values():
            scopes.setdefault(node.scope, []).append(node)
            if node.attached_to is not None:
                attached.setdefault(node.attached_to, []).append(node)
        for key, value in (
            ("nodes", nodes),
            ("outgoing", outgoing),
            ("incoming", incoming),
            ("attached", attached),
            ("scopes", scopes),
        ):
            object.__setattr__(self, f"_{key}", value)

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Flow nodes by id."""
        return self._nodes  # type: ignore[attr-defined,no-any-return]

    @property
    def flows(self) -> Iterator[Flow]:
        """Sequence flows in document order."""
        return (item for item in self.items if isinstance(item, Flow))

    def leaving(self, node_id: str) -> list[Flow]:
        """Return the flows that leave a node, in document order."""
        return self._outgoing.get(node_id, [])  # type: ignore[attr-defined,no-any-return]

    def entering(self, node_id: str) -> list[Flow]:
        """Return the flows that enter a node, in document order."""
        return self._incoming.get(node_id, [])  # type: ignore[attr-defined,no-any-return]

    def inside(self, scope: str) -> list[Node]:
        """Return the nodes that lie directly in a process or subprocess."""
        return self._scopes.get(scope, [])  # type: ignore[attr-defined,no-any-return]

    def boundaries(self, host: str) -> list[Node]:
        """Return the boundary events attached to `host`."""
        return self._attached.get(host, [])  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True)
class Diagram:
    """One BPMN file."""

    file: str
    root: Xml
    processes: tuple[Process, ...]
