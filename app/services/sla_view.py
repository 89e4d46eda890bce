"""What people and machines read of a case's clocks: the state of each milestone and of each clause, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.facts import Period
from app.services.sla_plan import split
from app.store import milestones as rows
from app.store.models import Milestone

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class CheckView:
    """One clause's verdict."""

    clause: str
    limit: str  # ISO duration of the clause itself; "PT24H|P1D" for the earlier of two
    calendar: str
    due_at: datetime  # aware UTC
    state: str  # pending | kept | late | paused | cancelled


@dataclass(frozen=True)
class MilestoneView:
    """One clock of a case."""

    id: int
    name: str
    due_at: datetime  # aware UTC, after pauses
    promised_at: datetime  # as first computed
    started_at: datetime
    reached_at: datetime | None
    state: str  # pending | kept | late | paused | cancelled
    target: bool  # a KPI; never a breach
    duration: str
    calendar: str
    rule: str
    clauses: tuple[str, ...]
    why_zh: str
    why_en: str
    provisional: bool
    policy_version: str
    round: int
    superseded: bool
    checks: tuple[CheckView, ...]

    def why(self, locale: str) -> str:
        """Return the reasons in `locale` ("zh" or "en")."""
        return self.why_zh if locale.startswith("zh") else self.why_en


def state_at(row: Milestone, due_at: datetime, at: datetime) -> str:
    """Return how `row` stands at `at` against `due_at` (its own, or a clause's).

    A target is judged only when it is reached: until then it is pending, since one case breaks no share of cases.
    """
    if row.state == "superseded":
        return "cancelled"
    if row.state == "cancelled":
        overdue = row.paused_at is not None and row.paused_at > due_at and not row.target_only
        return "late" if overdue else "cancelled"
    if row.reached_at is not None:
        return "kept" if row.reached_at <= due_at else "late"
    if row.paused_at is not None and row.paused_at <= due_at:
        return "paused"
    return "late" if at > due_at and not row.target_only else "pending"


def views(session: Session, case_id: str, at: datetime, *, superseded: bool = False) -> list[MilestoneView]:
    """Return the clocks of a case as they stand at `at`, oldest first; the replaced ones only when asked for."""
    found = [row for row in rows.of_case(session, case_id) if superseded or row.state != "superseded"]
    checks = rows.checks_of(session, [row.id for row in found])
    return [_view(row, at, tuple(CheckView(check.clause, check.duration, check.calendar, check.due_at,
                                           state_at(row, check.due_at, at)) for check in checks[row.id]))
            for row in found]


def _view(row: Milestone, at: datetime, checks: tuple[CheckView, ...]) -> MilestoneView:
    return MilestoneView(
        id=row.id, name=row.name, due_at=row.due_at, promised_at=row.promised_at, started_at=row.started_at,
        reached_at=row.reached_at, state=state_at(row, row.due_at, at), target=row.target_only, duration=row.duration,
        calendar=row.calendar, rule=row.rule, clauses=tuple(row.clauses), provisional=row.provisional,
        why_zh="".join(step["zh"] for step in row.why), why_en=" ".join(step["en"] for step in row.why),
        policy_version=row.policy_version, round=row.round, superseded=row.state == "superseded", checks=checks)


def limits(view: MilestoneView | CheckView) -> list[Period]:
    """Return the figures of a clock or a check; the earlier end of several holds."""
    return split(Period(view.duration if isinstance(view, MilestoneView) else view.limit, view.calendar))
