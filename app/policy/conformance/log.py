"""What happened to one case, as monitors read it: plain records, the same from a database or from a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from app.work_calendar import Span

DONE = frozenset({"completed", "fired"})  # a catching event is told as fired
# Happenings that no element stands for; a word is bound to one with "@".
REGISTERED, CLOSED, CANCELLED, ARCHIVED = "@registered", "@closed", "@cancelled", "@archived"
FIRST, LAST = 0, 2**62  # places in the order of what stands in no history


class Happening(NamedTuple):
    """One thing that was done, or "@registered" and the like."""

    seq: int  # of the history
    at: datetime  # aware UTC
    process: str
    element: str
    activity: str | None
    actor: str
    group: str | None
    instance: str
    transition: str = "completed"


@dataclass(frozen=True)
class Entry:
    """What somebody filled in."""

    process: str
    element: str
    form: str
    data: Mapping[str, Any]
    by: str
    at: datetime
    group: str | None
    instance: str = ""


@dataclass(frozen=True)
class Paper:
    """A numbered paper as it is now."""

    kind: str
    number: str
    state: str  # open | closed | void
    copies: int
    holders: tuple[str | None, ...]
    data: Mapping[str, Any]
    opened_at: datetime
    closed_at: datetime | None


class Change(NamedTuple):
    """A fact of the case that became another one."""

    at: datetime  # aware UTC
    name: str
    before: Any  # None: it was not known


@dataclass(frozen=True)
class ClockFacts:
    """What is known of one SLA clock's standing still and being taken away."""

    pauses: tuple[Span, ...] = ()
    paused_since: datetime | None = None  # it stands still now
    lapses: tuple[datetime, ...] = ()  # it was taken away: what was owed then is not owed any more
    agreed: tuple[Span, ...] = ()  # the customer signed another date: from when, until when; the oldest first


@dataclass(frozen=True)
class CaseLog:
    """One case: its facts, and everything that happened."""

    id: str
    facts: Mapping[str, Any]  # as they are now: type, level, origin, severity, channel, flags …, and the further facts
    state: str  # open | closed | cancelled
    running: bool  # something of it still moves
    registered_at: datetime
    policy_version: str
    happenings: Sequence[Happening]  # those of DONE only
    entries: Sequence[Entry] = ()
    papers: Sequence[Paper] = ()
    clocks: Mapping[str, ClockFacts] = field(default_factory=dict)
    ended_at: datetime | None = None  # closed or cancelled
    archived_at: datetime | None = None
    keep_until: datetime | None = None
    changes: Sequence[Change] = ()  # of the facts that conditions ask for, the oldest first


class Index:
    """The happenings of a log by the words that monitors use: an activity, "process/element", or "@…"."""

    def __init__(self, log: CaseLog) -> None:
        # Steps that run at once are written in another order than that in which they happened.
        self.happenings: Sequence[Happening] = sorted(log.happenings, key=order)
        self._by: dict[str, list[Happening]] = {}
        self._several: dict[tuple[str, ...], Sequence[Happening]] = {}  # several names asked for together
        for one in self.happenings:
            self._by.setdefault(f"{one.process}/{one.element}", []).append(one)
            if one.activity is not None:
                self._by.setdefault(one.activity, []).append(one)
        self._note(log, REGISTERED, log.registered_at, FIRST)
        self._note(log, CLOSED if log.state == "closed" else CANCELLED, log.ended_at, LAST)
        self._note(log, ARCHIVED, log.archived_at, LAST)

    def _note(self, log: CaseLog, name: str, at: datetime | None, seq: int) -> None:
        if at is not None:
            self._by[name] = [Happening(seq, at, "", name, None, "", None, log.id)]

    @property
    def words(self) -> Set[str]:
        """Everything that occurs."""
        return self._by.keys()

    def of(self, names: tuple[str, ...]) -> Sequence[Happening]:
        """Return what any of `names` stands for, each once, in order."""
        if len(names) == 1:
            return self._by.get(names[0], ())
        known = self._several.get(names)
        if known is None:
            found = {(one.seq, one.element): one for name in names for one in self._by.get(name, ())}
            known = self._several[names] = sorted(found.values(), key=order) if found else ()
        return known


def follows(one: Happening, other: Happening) -> bool:
    """Return whether `one` is after `other`; of what two instances did at one moment, each is after the other.

    One step moves several instances and writes each one's history in turn: between them there is no order.
    """
    if one.at != other.at:
        return one.at > other.at
    return one.instance != other.instance or one.seq > other.seq


order = attrgetter("at", "seq")  # what sorts happenings: the moment, then the place in history
