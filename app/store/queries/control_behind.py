"""The cases and tasks behind a figure of the dashboard, as conditions on instances: what is counted can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Select, and_, cast, select
from sqlalchemy import case as when

from app.store.models import Case, Instance, Milestone, Submission, WorkItem
from app.store.queries.case_page import RUNNING

SURVEY = "satisfaction_survey"
SCORE = cast(cast(Submission.data["satisfaction_score"].as_string(), Float), Integer)
COLUMNS: dict[str, Any] = {"complaint_type": Case.complaint_type, "product": Case.product_model}


@dataclass(frozen=True)
class Figure:
    """One figure of the dashboard.

    `kind` is sla or task (how clocks, a group's tasks stand: `part` is kept, broken, late or open), score, cause
    (`value` is what, `part` its name), age (`low` to `high` days), due (within `high` hours), came or closed
    (in [since, until)).
    """

    kind: str
    value: str = ""
    part: str = ""
    low: int = 0
    high: int | None = None
    since: datetime | None = None  # aware UTC
    until: datetime | None = None


def verdict_of(now: datetime) -> Any:
    """Return how a milestone stands at `now` as SQL: kept, broken, late (open and overdue), open or none."""
    return when(
        (and_(Milestone.state == "reached", Milestone.reached_at <= Milestone.due_at), "kept"),
        (Milestone.state == "reached", "broken"),
        (and_(Milestone.state == "cancelled", Milestone.paused_at > Milestone.due_at), "broken"),
        (Milestone.state != "open", "none"),
        (and_(Milestone.paused_at.is_(None), Milestone.due_at < now), "late"),
        (Milestone.paused_at > Milestone.due_at, "late"),
        else_="open",
    )


def task_verdict(now: datetime) -> Any:
    """Return how a task with a deadline stands at `now` as SQL: kept, broken, late or open."""
    return when((and_(WorkItem.state == "completed", WorkItem.completed_at <= WorkItem.due_at), "kept"),
                (WorkItem.state == "completed", "broken"), (WorkItem.due_at < now, "late"), else_="open")


def cause_column(what: str) -> Any:
    """Return where a case keeps a cause: complaint_type, product, or a further fact such as root_cause."""
    return COLUMNS[what] if what in COLUMNS else Case.extra[what].as_string()


def among(column: Any, many: Select[Any]) -> ColumnElement[bool]:
    """Return that a column is among many values: the list's own order leads, not they, which would all be sorted."""
    return (column + "").in_(many)  # type: ignore[no-any-return]


def behind(figure: Figure, since: datetime | None, until: datetime | None, now: datetime) -> ColumnElement[bool]:
    """Return the condition that an instance stands behind a figure of the span [since, until), aware."""
    if figure.kind == "task":
        items = select(WorkItem.instance_id).where(
            WorkItem.group_code == figure.value, WorkItem.due_at.is_not(None), WorkItem.state != "cancelled",
            task_verdict(now) == figure.part, *_within(WorkItem.created_at, since, until))
        return among(Instance.id, items)
    return and_(among(Instance.case_id, _cases(figure, since, until, now)), Instance.parent_id.is_(None))


def _cases(figure: Figure, since: datetime | None, until: datetime | None, now: datetime) -> Select[Any]:
    match figure.kind:
        case "sla":
            return select(Milestone.case_id).where(Milestone.target_only.is_(False), verdict_of(now) == figure.part,
                                                   *_within(Milestone.started_at, since, until))
        case "due":
            return select(Milestone.case_id).where(*RUNNING, Milestone.due_at >= now,
                                                   Milestone.due_at < now + timedelta(hours=figure.high or 0))
        case "score":
            return select(Submission.case_id).where(
                Submission.form_id == SURVEY, Submission.corrects_id.is_(None), SCORE.in_([int(figure.value)]),
                *_within(Submission.submitted_at, since, until))
        case "cause":
            return select(Case.id).where(Case.type == "complaint", cause_column(figure.value) == figure.part,
                                         *_within(Case.registered_at, since, until))
        case "age":
            older = [] if figure.high is None else [Case.registered_at > now - timedelta(days=figure.high)]
            return select(Case.id).where(Case.state == "open", Case.registered_at <= now - timedelta(days=figure.low),
                                         *older)
    column = Case.closed_at if figure.kind == "closed" else Case.registered_at
    return select(Case.id).where(*_within(column, figure.since, figure.until))


def _within(column: Any, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= since] if since else []), *([column < until] if until else [])]
