"""What a rule is, what it looks at, and what it finds: shared by all templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from app.facts import Period
from app.policy.conformance.log import LAST, CaseLog, ClockFacts, Happening, Index
from app.policy.conformance.past import Past
from app.work_calendar import WorkCalendar

KEPT, BROKEN, PENDING = "kept", "broken", "pending"
WORST = {BROKEN: 0, PENDING: 1, KEPT: 2}
CADENCE = "cadence"
NO_CLOCK = ClockFacts()
TRIGGERS = {"response": "a", "chain_response": "a", "not_succession": "a", "role": "a", "threshold": "a", "paper": "a",
            "update_every": "a", "precedence": "b", "four_eyes": "b"}
Evidence = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of a monitor, with everything bound."""

    template: str
    a: tuple[str, ...] = ()
    b: tuple[str, ...] = ()
    within: Period | None = None
    clock: str | None = None  # the SLA clock whose pauses count
    same_instance: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything in a log that the rule looks at."""
        return (*self.a, *self.b, *self.options.get("until", ()))

    @property
    def triggers(self) -> tuple[str, ...] | None:
        """Without any of these in a log the rule has nothing to say; None: it may always have."""
        side = TRIGGERS.get(self.template)
        return None if side is None else self.a if side == "a" else self.b


class Found(NamedTuple):
    """What one rule says of a log."""

    state: str  # kept | broken | pending
    since: datetime
    evidence: Evidence
    due_at: datetime | None = None


@dataclass(frozen=True)
class Sight:
    """What a rule looks at, and when."""

    log: CaseLog
    index: Index
    now: datetime
    calendar: WorkCalendar
    past: Past | None = None  # its facts have changed
    bears: Callable[[datetime], bool] | None = None  # whether the clause bore on it then; None: at any time
    known: dict[tuple[datetime, Period], datetime] = field(default_factory=dict)  # deadlines that clauses share

    def triggers(self, names: tuple[str, ...]) -> Sequence[Happening]:
        """Return what happened of `names` while the clause bore on the case, in order."""
        found, bears = self.index.of(names), self.bears
        return found if bears is None else [one for one in found if bears(one.at)]

    def due(self, start: datetime, period: Period) -> datetime:
        """Return when the period from `start` ends, pauses aside."""
        found = self.known.get((start, period))
        if found is None:
            found = self.known[start, period] = self.calendar.due_at(start, period)
        return found


Template = Callable[[Rule, Sight], Found | None]


@lru_cache(maxsize=4096)
def told(one: Happening) -> dict[str, Any]:
    """Return a happening as evidence; many clauses tell the same."""
    return {"seq": one.seq if 0 < one.seq < LAST else None, "at": one.at.isoformat(),
            "what": f"{one.process}/{one.element}" if one.process else one.element, "actor": one.actor,
            "group": one.group}


def worst(found: Iterable[Found]) -> Found | None:
    """The one that decides: the first breach, else what falls due first, else what was kept last."""
    best: Found | None = None
    count = 0
    for one in found:
        count += 1
        if best is None or _before(one, best):
            best = one
    if best is not None and count > 1:
        return Found(best.state, best.since, {**best.evidence, "times": count}, best.due_at)
    return best


def _before(one: Found, other: Found) -> bool:
    if one.state != other.state:
        return WORST[one.state] < WORST[other.state]
    if one.state == PENDING:
        return (one.due_at or datetime.max.replace(tzinfo=one.since.tzinfo)) < (
            other.due_at or datetime.max.replace(tzinfo=one.since.tzinfo))
    return one.since < other.since if one.state == BROKEN else one.since > other.since


def owed(sight: Sight, since: datetime, evidence: dict[str, Any]) -> Found | None:
    """What has no time limit is owed until nothing of the case moves any more."""
    log = sight.log
    if log.state == "cancelled":
        return None
    if log.running or log.ended_at is None:
        return Found(PENDING, since, evidence)
    return Found(BROKEN, log.ended_at, {**evidence, "ended": True})
