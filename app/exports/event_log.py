"""What an event log is: traces of events with names as on the diagrams, and the things that they concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

# Our transitions in the standard lifecycle model of XES (IEEE 1849, annex on extensions).
LIFECYCLE: Mapping[str, str] = {
    "started": "start",
    "completed": "complete",
    "fired": "complete",
    "cancelled": "withdraw",
    "failed": "ate_abort",
}


@dataclass(frozen=True)
class LogEvent:
    """One thing that happened to one element of a diagram."""

    seq: int
    at: datetime  # aware, in the zone to show
    name: str  # as on the diagram
    transition: str  # started | completed | fired | cancelled | failed
    resource: str  # who
    role: str | None  # group code of the lane
    task_id: str
    instance_id: str
    process: str
    version: int
    element: str
    type: str  # BPMN name
    activity: str | None  # of the register's vocabulary
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogObject:
    """A thing that events concern: a case, an instance, a task, a paper, a product, a customer (by a pseudonym)."""

    id: str
    type: str
    at: datetime  # from when its attributes hold
    attributes: Mapping[str, str] = field(default_factory=dict)
    related: Sequence[tuple[str, str]] = ()  # (object id, qualifier)


@dataclass(frozen=True)
class Trace:
    """One case, or one instance of standing work without a case, with its events in order."""

    id: str
    name: str  # number of the case
    attributes: Mapping[str, str]
    events: Sequence[LogEvent]
    objects: Sequence[LogObject]


def event_attributes(event: LogEvent) -> dict[str, str]:
    """Return what both formats say of an event beyond its name and time."""
    return {
        "lifecycle": LIFECYCLE[event.transition],
        "resource": event.resource,
        "role": event.role or "",
        "process": event.process,
        "version": str(event.version),
        "element": event.element,
        "element_type": event.type,
        "activity": event.activity or "",
        "clauses": " ".join(event.clauses),
    }


def related_objects(trace: Trace, event: LogEvent, known: frozenset[str]) -> list[tuple[str, str]]:
    """Return (object id, qualifier) of the things that the event concerns, of those that the trace has."""
    named = {trace.id: "case", event.instance_id: "process_instance", event.task_id: "user_task"}
    return [(one, qualifier) for one, qualifier in named.items() if one in known]
