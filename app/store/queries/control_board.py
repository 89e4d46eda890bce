"""What the dashboard counts: clocks, backlog and its age, what falls due, scores and causes of a span of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy import case as when

from app.store.base import db
from app.store.models import Case, Incident, Instance, Milestone, Submission, WorkItem
from app.store.queries.case_page import RUNNING, Scope, visible
from app.store.queries.control_behind import SCORE, SURVEY, cause_column, task_verdict, verdict_of
from app.store.queries.control_list import RUNNING_STATES

VERDICTS = ("kept", "broken", "late", "open")
SATISFIED = 4  # a score from here on counts as satisfied (ANALYSIS 5, assumption)


@dataclass(frozen=True)
class Span:
    """What is looked at: days [first, last] of the company's zone, and the same in UTC."""

    first: date
    last: date
    since: datetime  # aware UTC
    until: datetime  # exclusive
    now: datetime
    offset: int  # minutes that the company's zone is ahead of UTC, for days


@dataclass(frozen=True)
class Shares:
    """How many clocks of one kind were kept, broken, are overdue and still run."""

    key: str
    kept: int = 0
    broken: int = 0
    late: int = 0
    open: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.kept + self.broken + self.late + self.open

    @property
    def kept_share(self) -> float | None:
        """Share of what is decided (kept, broken or overdue) that was kept; None where nothing is decided."""
        decided = self.kept + self.broken + self.late
        return self.kept / decided if decided else None


def _shares(counts: Mapping[tuple[str, str], int]) -> list[Shares]:
    keys = dict.fromkeys(key for key, _ in counts)
    return [Shares(key, **{one: counts.get((key, one), 0) for one in VERDICTS}) for key in keys]


def sla(span: Span, names: Sequence[str]) -> tuple[list[Shares], list[Shares]]:
    """Return how the clocks of these names stand that were started in the span, by name and by the case's level."""
    verdict = verdict_of(span.now).label("verdict")
    inner = (
        select(Milestone.name, Case.level, verdict)
        .join(Case, Case.id == Milestone.case_id)
        .where(Milestone.name.in_(names), Milestone.started_at >= span.since, Milestone.started_at < span.until,
               Milestone.target_only.is_(False))
        .subquery()
    )
    rows = db.session.execute(select(inner.c.name, inner.c.level, inner.c.verdict, func.count()).where(
        inner.c.verdict != "none").group_by(inner.c.name, inner.c.level, inner.c.verdict)).all()
    by_name: dict[tuple[str, str], int] = {}
    by_level: dict[tuple[str, str], int] = {}
    for name, level, found, number in sorted(rows, key=lambda row: (row[0], row[1] or "", row[2])):
        by_name[name, found] = by_name.get((name, found), 0) + number
        by_level[level or "", found] = by_level.get((level or "", found), 0) + number
    return _shares(by_name), sorted(_shares(by_level), key=lambda one: one.key)


def tasks(span: Span) -> list[Shares]:
    """Return how the tasks with a deadline stand that began in the span, by group."""
    verdict = task_verdict(span.now)
    query = select(WorkItem.group_code, verdict, func.count()).where(
        WorkItem.created_at >= span.since, WorkItem.created_at < span.until, WorkItem.due_at.is_not(None),
        WorkItem.state != "cancelled").group_by(WorkItem.group_code, verdict)
    rows = db.session.execute(query).all()
    return sorted(_shares({(row[0] or "", row[1]): row[2] for row in rows}), key=lambda one: -one.total)


def local_day(column: Any, span: Span) -> Any:
    """Return the day of a time in the company's zone as a text; its offset of today holds for the whole span."""
    if db.engine.dialect.name == "sqlite":
        return func.date(column, f"{span.offset:+d} minutes")
    return func.to_char(func.timezone("UTC", column) + func.make_interval(0, 0, 0, 0, 0, span.offset), "YYYY-MM-DD")


def flow(span: Span) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return how many cases came and how many were closed on each day of the span (ISO date -> number)."""
    found = []
    for column in (Case.registered_at, Case.closed_at):
        day = local_day(column, span)
        query = select(day, func.count()).where(column >= span.since, column < span.until).group_by(day)
        found.append({str(row[0]): int(row[1]) for row in db.session.execute(query)})
    return found[0], found[1]


def ages(edges: Sequence[datetime]) -> list[tuple[str, int, int]]:
    """Return (level, age, number) of open cases; age i lies between edges[i-1] and edges[i], the newest is 0."""
    age = when(*((Case.registered_at > edge, place) for place, edge in enumerate(edges)), else_=len(edges))
    query = select(Case.level, age, func.count()).where(Case.state == "open").group_by(Case.level, age)
    return [(row[0] or "", int(row[1]), int(row[2])) for row in db.session.execute(query)]


def due_next(scope: Scope, size: int) -> Sequence[Any]:
    """Return the clocks that fall due next, with their cases, of those that may be seen."""
    query = (
        select(Milestone.name, Milestone.due_at, Milestone.started_at, Case.number, Case.level, Case.customer_name,
               Case.id.label("case_id"))
        .join(Case, Case.id == Milestone.case_id)
        .where(*RUNNING, Milestone.due_at >= scope.now, Case.state == "open",
               *([] if scope.everything else [visible(scope)]))
        .order_by(Milestone.due_at, Milestone.id).limit(size)
    )
    return db.session.execute(query).all()


def due_within(now: datetime, edges: Sequence[datetime]) -> list[int]:
    """Return how many clocks fall due between `now` and each of the edges, and at last how many are overdue."""
    columns = [func.sum(when((and_(Milestone.due_at >= now, Milestone.due_at < edge), 1), else_=0)) for edge in edges]
    overdue = func.sum(when((Milestone.due_at < now, 1), else_=0))
    last = max(edges)
    row = db.session.execute(select(*columns, overdue).select_from(Milestone).where(
        *RUNNING, Milestone.due_at < last)).one()
    return [int(value or 0) for value in row]


@dataclass(frozen=True)
class Headline:
    """The figures at the top."""

    running: int
    suspended: int
    overdue_cases: int
    incidents: int
    unclaimed: int
    open_cases: int


def headline(now: datetime) -> Headline:
    """Return what stands open now."""
    states = dict(db.session.execute(
        select(Instance.state, func.count()).where(Instance.state.in_(RUNNING_STATES)).group_by(Instance.state)).all())
    late = select(func.count(Milestone.case_id.distinct())).where(*RUNNING, Milestone.due_at < now)
    open_incidents = select(func.count()).select_from(Incident).where(Incident.state == "open")
    unclaimed = select(func.count()).select_from(WorkItem).where(WorkItem.state == "open",
                                                                 WorkItem.assignee_id.is_(None))
    cases = select(func.count()).select_from(Case).where(Case.state == "open")
    late_number, incidents, waiting, total = db.session.execute(
        select(*(query.scalar_subquery() for query in (late, open_incidents, unclaimed, cases)))).one()
    return Headline(states.get("active", 0), states.get("suspended", 0), late_number, incidents, waiting, total)


def scores(span: Span) -> Mapping[int, int]:
    """Return how often each score was given in the span (score -> number)."""
    query = select(SCORE, func.count()).where(
        Submission.form_id == SURVEY, Submission.submitted_at >= span.since, Submission.submitted_at < span.until,
        Submission.corrects_id.is_(None)).group_by(SCORE)
    return {int(row[0]): int(row[1]) for row in db.session.execute(query) if row[0]}


def causes(span: Span, what: str) -> list[tuple[str, int]]:
    """Return what complaints of the span are caused by or are about, the most frequent first.

    `what` is root_cause, complaint_type, responsible_department or product.
    """
    column = cause_column(what)
    query = select(column, func.count()).where(
        Case.registered_at >= span.since, Case.registered_at < span.until, Case.type == "complaint").group_by(column)
    rows = [(str(row[0] or ""), int(row[1])) for row in db.session.execute(query)]
    return sorted(rows, key=lambda one: (one[0] == "", -one[1], one[0]))
