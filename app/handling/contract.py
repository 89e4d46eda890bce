"""What a handler is: three kinds of operation, and the ports that each may use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from app.facts import CaseFacts, Fitness, PaperFacts

F = TypeVar("F", bound=Callable[..., Any])


class Kind(StrEnum):
    """How an operation runs."""

    LOCAL = "local"  # inside the step's transaction, exactly once
    EFFECT = "effect"  # queued in the step's transaction; the token goes on; at least once
    CALL = "call"  # as an effect, but the token waits for the result


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation, read from its signature."""

    name: str
    annotation: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """A handler, ready to be called."""

    name: str  # the file's name
    kind: Kind
    zh: str
    description: str
    parameters: tuple[Parameter, ...]
    open_ended: bool  # takes **extra
    run: Callable[..., Any]


class Numbers(Protocol):
    """Gap-free numbers (ANALYSIS 3.3)."""

    def next(self, kind: str) -> str:
        """Return the next number of `kind`; the gap is impossible since it is taken in the step's transaction."""


class Papers(Protocol):
    """The numbered papers of a case."""

    def open(self, kind: str, *, copies: int, number: str | None = None, data: Mapping[str, Any] | None = None,
             prefilled: bool = False, approved_by: str | None = None) -> str:
        """Open a paper and return its number; one of that kind that is open already is used on.

        A paper that adds to a sealed opinion names it. Raises StepFailed for a number that another paper has.
        """

    def fill(self, kind: str, data: Mapping[str, Any]) -> str | None:
        """Write into the case's open paper of that kind; return its number, None where there is none."""

    def close(self, kind: str, *, number: str | None = None, recipients: Sequence[str] = (),
              reason: str | None = None) -> str | None:
        """Seal the paper and hand its copies out; return its number, None where the case has no such open paper.

        Raises StepFailed when there are more recipients than copies.
        """

    def look(self, number: str) -> PaperFacts | None:
        """Return the case's paper with that number as it is now, or None: what a gate asks."""

    def newest(self, kind: str, state: str) -> PaperFacts | None:
        """Return the case's newest paper of a kind in a state, or None."""

    def sign(self, number: str, role: str, name: str | None = None) -> None:
        """Note on an open paper of the case that a group has signed it; raises StepFailed where there is none."""

    def void(self, kind: str, reason: str) -> str | None:
        """Cancel the case's open paper of that kind; return its number, None where there is none. It keeps it."""

    def annex(self, number: str | None, kind: str, data: Mapping[str, Any]) -> str:
        """Add a numbered, sealed annex to a sealed paper of the case (K24), else to the case; return its number."""

    def hand_over(self, number: str, holder: str, to: str) -> None:
        """Pass on the copy of the case's paper that `holder` has; raises StepFailed where he has none."""


class Clocks(Protocol):
    """The milestones of the case."""

    def open(self, clock_start: str, names: Sequence[str] | None = None, at: datetime | None = None) -> None:
        """Start every milestone that the deadlines decision counts from `clock_start` (or only `names`).

        `at` is when what they count from happened, never later than now.
        """

    def reach(self, name: str) -> None:
        """Mark a milestone as reached now; a milestone that was reached before keeps its time."""

    def is_reached(self, name: str) -> bool:
        """Return whether the milestone was reached."""

    def is_waiting(self, name: str) -> bool:
        """Return whether the milestone is open and not paused."""

    def is_paused(self, name: str) -> bool:
        """Return whether the milestone is open and its clock stands still."""

    def cancel_open(self, names: Sequence[str] | None = None) -> None:
        """Cancel what was not reached (or only `names`): it is not owed any more; what was overdue stays late."""

    def agree(self, name: str, due_at: datetime, clause: str) -> bool:
        """Replace an open clock's due time by what the customer has signed; the old one is kept as superseded.

        Returns False where the clock is not running.
        """

    def regrade(self) -> None:
        """Recompute the open milestones after level, type or origin changed; the old ones are kept as superseded."""


class Flows(Protocol):
    """Processes beside the case."""

    def start_linked(self, process: str, variables: Mapping[str, Any], *, key: str | None = None) -> str | None:
        """Start an instance linked to the case in this transaction; None when `key` has started one before."""

    def start_for(self, case_id: str, process: str, variables: Mapping[str, Any], *, key: str) -> str | None:
        """Start an instance linked to another case in this transaction; None when `key` has started one before."""

    def exists(self, process: str) -> bool:
        """Return whether the process is deployed."""


class CaseDesk(Protocol):
    """Changes to the case record."""

    def update(self, **facts: Any) -> None:
        """Change facts of the case (level, status, owner_group, round, extra entries ...)."""

    def archive(self, retention: str) -> None:
        """Freeze the case file and keep it at least `retention` (ISO duration) from now (A-2.6.1)."""

    def link(self, number: str, kind: str) -> None:
        """Link the case to the one of that number, once; raises StepFailed where there is no other one."""

    def note(self, kind: str, text: str, data: Mapping[str, Any] | None = None) -> None:
        """Append a note to the case's record (lesson, praise, compensation ...)."""


class Staff(Protocol):
    """Who handled the case and who may judge it."""

    def handlers(self) -> frozenset[str]:
        """Return the usernames of everybody who took part in handling the case."""

    def groups(self) -> frozenset[str]:
        """Return the groups whose tasks of the case were done, and its owner's."""

    def fitness(self, username: str | None, at_least: str | None = None) -> Fitness:
        """Return whether the person may hear an appeal on the case (B14-6.2), and why not."""

    def eligible(self, at_least: str | None = None) -> tuple[str, ...]:
        """Return the usernames of those who may hear it, dedicated officers first."""


class Figures(Protocol):
    """Figures over many cases, counted in the database."""

    def report(self, kind: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the figures of a report: {"period", "lines", "data", …}; raises StepFailed for an unknown kind."""

    def closed_opinions(self, month: str) -> list[Mapping[str, Any]]:
        """Return the opinions that were settled in a month (YYYY-MM), each with its case."""

    def served(self, days: int) -> list[str]:
        """Return the newest case of each customer whose case was closed within so many days."""

    def file(self, kind: str, number: str, data: Mapping[str, Any]) -> str:
        """Keep a report as a numbered, sealed paper; return its number."""


@dataclass(frozen=True)
class LocalContext:
    """What a local handler may touch; everything is in the step's transaction."""

    now: datetime  # aware UTC
    operation: str
    process: str
    element_id: str
    variables: Mapping[str, Any]
    case: CaseFacts | None
    desk: CaseDesk
    numbers: Numbers
    papers: Papers
    clocks: Clocks
    flows: Flows
    staff: Staff
    figures: Figures


class Post(Protocol):
    """Telling people something."""

    def notify(self, to: Sequence[str], template: str, data: Mapping[str, Any]) -> int:
        """Tell groups, "owner" or "customer"; return how many were told. Idempotent by the job's key.

        Raises HandlerFailed for an unknown template or when e-mail does not go out.
        """

    def is_settled(self, milestone: str) -> bool:
        """Return whether the case's milestone was reached, or its clock stands still."""


class Outside(Protocol):
    """Registered systems outside."""

    def is_registered(self, connector: str) -> bool:
        """Return whether there is an endpoint for the connector; people do by hand what no system does."""

    def request(self, connector: str, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Send `payload` to a registered connector with `key` as idempotency key; raises HandlerFailed."""


@dataclass(frozen=True)
class EffectContext:
    """What an effect or a call may use; it runs in a job, at least once, after the step was committed."""

    now: datetime  # aware UTC
    operation: str
    process: str
    element_id: str
    key: str  # idempotency key
    attempt: int
    case: CaseFacts | None
    post: Post
    outside: Outside


def _declare(kind: Kind, zh: str) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__operation__ = (kind, zh)  # type: ignore[attr-defined]
        return function

    return mark


def local(*, zh: str) -> Callable[[F], F]:
    """Declare a handler that runs inside the step's transaction, exactly once."""
    return _declare(Kind.LOCAL, zh)


def effect(*, zh: str) -> Callable[[F], F]:
    """Declare a handler that is queued in the step's transaction while the token goes on."""
    return _declare(Kind.EFFECT, zh)


def call(*, zh: str) -> Callable[[F], F]:
    """Declare a handler whose result the diagram waits for."""
    return _declare(Kind.CALL, zh)


def operation_of(name: str, function: Callable[..., Any]) -> Operation:
    """Return the operation that a decorated function declares."""
    kind, zh = function.__operation__  # type: ignore[attr-defined]
    parameters, open_ended = [], False
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            open_ended = True
            continue
        required = parameter.default is inspect.Parameter.empty
        parameters.append(Parameter(parameter.name, str(parameter.annotation), required))
    description = (inspect.getdoc(function) or "").split("\n")[0]
    return Operation(name, kind, zh, description, tuple(parameters), open_ended, function)
