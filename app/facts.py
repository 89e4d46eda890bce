"""The frozen records that cross seams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

SYSTEM_GROUP = "system"
CUSTOMER_GROUP = "customer"


@dataclass(frozen=True)
class Actor:
    """Who does something: a user, the customer behind a signed link, or the system."""

    user_id: int | None  # None for the system and for customers
    name: str  # username, "customer" or "system"
    groups: frozenset[str] = frozenset()
    display_name: str = ""
    case_id: str | None = None  # set for a customer: the only case that the link opens

    @property
    def is_system(self) -> bool:
        """True for timers, jobs and the command line."""
        return self.user_id is None and self.case_id is None


SYSTEM = Actor(None, "system", frozenset({SYSTEM_GROUP}), "系统")


@dataclass(frozen=True)
class Element:
    """One element of a diagram, with what our properties say of it."""

    id: str
    process: str  # key of the process that it is drawn in
    type: (
        str  # BPMN name: userTask, serviceTask, boundaryEvent, endEvent, exclusiveGateway, sequenceFlow, subProcess...
    )
    name: str  # Chinese
    name_en: str  # property name_en, else the id in words
    lane: str | None = None  # group code of the lane
    lane_name: str | None = None
    parent: str | None = None  # the embedded subprocess that it lies in
    attached_to: str | None = None  # host of a boundary event
    event: str | None = None  # timer | message | error | escalation | signal | terminate | cancel
    interrupting: bool = True
    activity: str | None = None
    extra_activities: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    milestone: str | None = None  # reached when the element completes
    form: str | None = None
    group: str | None = None  # FEEL that overrides the lane's group
    remind_at: str | None = None  # "80%" of the time to the due time
    pauses: tuple[str, ...] = ()  # milestones paused while the element is active
    pause_reason: str | None = None
    status: str | None = None  # case status set when the element completes
    closes_case: bool = False  # an end event whose id becomes the case's outcome; the case is closed
    timer: str | None = None  # FEEL of the timer
    timer_kind: str | None = None  # timeDate | timeDuration | timeCycle
    message: str | None = None
    correlate: str | None = None  # FEEL; default: the case number
    operation: str | None = None
    decision: str | None = None
    called: str | None = None
    documentation: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)  # every property, as drawn
    source: str | None = None  # of a sequence flow
    target: str | None = None


@dataclass(frozen=True)
class BuiltProcess:
    """One process, parsed, checked and built, ready to be stored as a version."""

    key: str
    name: str
    name_en: str
    digest: str  # sha256 over everything that the process reaches
    spec: bytes  # serialized spec with all that it calls
    xml: bytes  # the diagram's file as it was given
    path: str  # its file inside the bundle
    elements: tuple[Element, ...]  # of this process and all that it reaches, in document order
    reaches: tuple[str, ...]  # paths of all files in the digest
    calls: tuple[str, ...]  # keys of called processes
    kind: str = "called"  # process property `kind`: top | called | beside | standing
    start_message: str | None = None


@dataclass(frozen=True)
class ActivityEvent:
    """One thing that happened to one element during a step; told inline, in order."""

    element: Element
    task_id: str
    transition: str  # started | completed | cancelled | fired | failed
    attempt: int = 1
    variables: Mapping[str, Any] = field(default_factory=dict)  # the token's data at that moment (do not mutate)
    detail: Mapping[str, Any] = field(default_factory=dict)  # e.g. rules that fired, error text


@dataclass(frozen=True)
class OpenTask:
    """A user task that waits for somebody."""

    task_id: str
    element: Element
    group: str | None  # computed: element.group evaluated, else the lane
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class WaitingTimer:
    """A timer that waits; `due_at` None while disarmed (its milestone is not set, or paused)."""

    task_id: str
    element: Element
    due_at: datetime | None  # aware UTC
    milestone: str | None = None  # name when the expression is due("name")


@dataclass(frozen=True)
class WaitingMessage:
    """A message that somebody waits for."""

    task_id: str
    element: Element
    message: str
    correlation: str | None


@dataclass(frozen=True)
class ParkedCall:
    """A service task whose outside call is not done yet."""

    task_id: str
    element: Element


@dataclass(frozen=True)
class FailedTask:
    """A task in error."""

    task_id: str
    element: Element
    error: str


@dataclass(frozen=True)
class ExecutionView:
    """Everything that an instance waits for: what the projections are made of."""

    tasks: tuple[OpenTask, ...]
    timers: tuple[WaitingTimer, ...]
    messages: tuple[WaitingMessage, ...]
    calls: tuple[ParkedCall, ...]
    failed: tuple[FailedTask, ...]
    ended: bool
    active: tuple[tuple[str, str], ...]  # (process, element id) of every element that a token stands on


@dataclass(frozen=True)
class ServiceCall:
    """A service task that runs now."""

    operation: str
    params: Mapping[str, Any]  # evaluated
    element: Element
    task_id: str
    attempt: int
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """The call is done; `result` goes to the task's result variable."""

    result: Any = None


@dataclass(frozen=True)
class Parked:
    """The call goes on outside; the task stays STARTED until finish_call or fail_call."""


@dataclass(frozen=True)
class RuleHit:
    """A rule of a decision table that fired."""

    rule_id: str
    clauses: tuple[str, ...] = ()
    assumption: bool = False
    cells: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # output -> {clauses, also, basis}


@dataclass(frozen=True)
class DecisionResult:
    """What a decision table answered."""

    decision: str
    value: Any  # plain data: scalar for one output, dict for several; list for COLLECT, RULE ORDER, OUTPUT ORDER
    outputs: Mapping[str, Any] | None  # of the single hit, by output name; None when no rule matched or several did
    rules: tuple[RuleHit, ...] = ()


@dataclass(frozen=True)
class CaseFacts:
    """The business record of a case, as diagrams (`case.…` in FEEL), handlers and pages read it."""

    id: str
    number: str
    type: str
    level: str | None
    state: str  # open | closed | cancelled
    status: str  # Chinese wording
    channel: str
    customer_name: str
    customer_phone: str
    customer_email: str | None
    customer_level: str  # vip | ordinary
    customer_known: bool
    product_model: str | None
    serial_no: str | None
    order_no: str | None
    purchase_date: date | None
    origin: str  # self_made | purchased | not_applicable
    description: str
    urgency: str | None
    severity: str | None
    flags: frozenset[str]
    owner_group: str | None
    registered_at: datetime  # aware UTC
    closed_at: datetime | None
    round: int
    extra: Mapping[str, Any] = field(default_factory=dict)  # further facts that forms bound to the case


@dataclass(frozen=True)
class PaperFacts:
    """A numbered paper as handlers read it."""

    kind: str
    number: str
    state: str  # open | closed | void
    data: Mapping[str, Any]
    holders: tuple[str | None, ...]  # who holds each copy, in order
    signed_by: frozenset[str]  # groups that signed it
    reason: str | None = None  # why it was sealed or voided, where not in the ordinary course

    @property
    def is_settled(self) -> bool:
        """True for a paper that was sealed in the ordinary course; one sealed by a withdrawal settles nothing."""
        return self.state == "closed" and self.reason is None


@dataclass(frozen=True)
class Fitness:
    """Whether somebody may do what only independent people may, and why not."""

    ok: bool
    why_en: str
    why_zh: str


@dataclass(frozen=True)
class Period:
    """A span of natural or working time."""

    duration: str  # ISO 8601, such as PT15M or P3D
    calendar: str  # natural | working


@dataclass(frozen=True)
class Deadline:
    """A computed deadline and why it is what it is."""

    due_at: datetime  # aware UTC
    provisional: bool  # reaches into a year that has no announced holidays yet
    trace: tuple[Mapping[str, Any], ...] = ()  # steps of the computation, each {"zh": …, "en": …, "at": ISO}
