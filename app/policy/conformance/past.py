"""What was known of a case at a moment: a fact that changes later turns no verdict on what was done before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.policy.conformance.log import CaseLog


class Past:
    """The facts of a case as they were, since it was registered and graded.

    Until then they are being found out: what was put right by then, and what was not known yet when it was first given,
    holds from the beginning.
    """

    def __init__(self, log: CaseLog, settled_at: datetime | None) -> None:
        """Take when the case was graded, aware UTC; before that it has no past."""
        self._now: Mapping[str, Any] = log.facts
        self._until: list[tuple[datetime, Mapping[str, Any]]] = []  # each until its moment, the oldest first
        facts = log.facts
        for change in reversed(log.changes):
            if settled_at is None or change.at <= settled_at:
                break
            if change.before is not None:
                facts = {**facts, change.name: change.before}
                self._until.insert(0, (change.at, facts))

    @property
    def changed(self) -> bool:
        """Whether anything was ever otherwise."""
        return bool(self._until)

    def at(self, moment: datetime) -> Mapping[str, Any]:
        """Return the facts that held at `moment` (aware); a change holds from its own moment on."""
        return next((facts for until, facts in self._until if moment < until), self._now)

    def all(self) -> Sequence[Mapping[str, Any]]:
        """Return the facts of each stretch, the oldest first."""
        return [*(facts for _, facts in self._until), self._now]
