"""How the measures of processes/policy/kpis.yaml are counted: (numerator, denominator) of a period, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.models import (
    Audit,
    Case,
    Communication,
    History,
    Instance,
    Milestone,
    MilestoneCheck,
    Submission,
    Unjudged,
    Verdict,
)

Counted = tuple[float, float]
EXTRA, PRESENT = "extra.", "present"


def limit(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Clocks that fell due in the period and were reached in time; with `clause`, by the clauses' own limits."""
    clauses = measure.get("clause")
    due = MilestoneCheck.due_at if clauses else Milestone.due_at
    query = select(_count(Milestone.reached_at <= due), func.count()).select_from(Milestone)
    if clauses:
        query = query.join(MilestoneCheck, and_(MilestoneCheck.milestone_id == Milestone.id,
                                                MilestoneCheck.clause.in_(_listed(clauses))))
    if measure.get("where"):
        query = query.join(Case, Case.id == Milestone.case_id)
    owed = Milestone.state.in_(("open", "reached"))
    query = query.where(Milestone.name == measure["milestone"], Milestone.due_at >= start, Milestone.due_at < end,
                        owed, Milestone.paused_at.is_(None), *_facts(measure.get("where")))
    return _pair(session.execute(query).one())


def answers(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Answers of a form in the period that are as wanted, of those that were given; a correction replaces."""
    value = Submission.data[str(measure["field"])]
    later = aliased(Submission)
    corrected = exists().where(later.corrects_id == Submission.id, later.work_item_id == Submission.work_item_id)
    text = func.coalesce(value.as_string(), "")
    query = select(_count(_wanted(measure, value)), func.count()).select_from(Submission)
    if measure.get("where"):
        query = query.join(Case, Case.id == Submission.case_id)
    if measure.get("per") == "instance":  # the last answer of each instance counts
        newer = exists().where(later.instance_id == Submission.instance_id, later.form_id == Submission.form_id,
                               later.id > Submission.id)
        query = query.where(~newer)
    query = query.where(Submission.form_id == measure["form"], Submission.submitted_at >= start,
                        Submission.submitted_at < end, ~corrected, *_facts(measure.get("where")))
    if not measure.get("present"):
        query = query.where(text != "")
    return _pair(session.execute(query).one())


def cases(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Cases registered in the period of which the facts of `counts` are true."""
    hits = and_(*_facts(measure["counts"]))
    query = select(_count(hits), func.count()).select_from(Case).where(
        Case.registered_at >= start, Case.registered_at < end, *_facts(measure.get("where")))
    return _pair(session.execute(query).one())


def volume(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """How many cases were registered in the period."""
    query = select(func.count()).select_from(Case).where(
        Case.registered_at >= start, Case.registered_at < end, *_facts(measure.get("where")))
    return float(session.execute(query).scalar_one()), 1.0


def contacts(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Contacts of the period, for each case registered in it."""
    query = select(func.count()).select_from(Communication).where(
        Communication.direction == measure["direction"], Communication.at >= start, Communication.at < end)
    return float(session.execute(query).scalar_one()), volume(session, {}, start, end)[0]


def instances(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Instances of a process begun in the period that did all of `done`; `among` narrows who counts."""
    query = select(_count(and_(*(_did(element) for element in measure["done"]))), func.count()).select_from(Instance)
    query = query.where(Instance.process == measure["process"], Instance.created_at >= start,
                        Instance.created_at < end, Instance.state != "cancelled")
    among = measure.get("among") or {}
    if "element" in among:
        query = query.where(_did(among["element"]))
    if "form" in among:
        query = query.where(exists().where(Submission.instance_id == Instance.id,
                                           Submission.form_id == among["form"],
                                           _wanted(among, Submission.data[str(among["field"])])))
    return _pair(session.execute(query).one())


def variety(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """How many of the listed values occurred among the period's cases."""
    column, wanted = getattr(Case, measure["field"]), measure["of"]
    query = select(func.count(column.distinct())).where(Case.registered_at >= start, Case.registered_at < end,
                                                        column.in_(wanted))
    return float(session.execute(query).scalar_one()), float(len(wanted))


def verdicts(session: Session, measure: Mapping[str, Any], start: datetime, end: datetime) -> Counted:
    """Verdicts settled in the period that say kept; one whose time has run out counts as broken (by `end`)."""
    late = and_(Verdict.state == "pending", Verdict.due_at >= start, Verdict.due_at < end)
    settled = and_(Verdict.state.in_(("kept", "broken")), Verdict.since >= start, Verdict.since < end)
    query = select(_count(Verdict.state == "kept"), func.count()).where(
        Verdict.clause.in_(measure["clauses"]), or_(settled, late))
    return _pair(session.execute(query).one())


def newest(session: Session) -> tuple[Any, ...] | None:
    """Return the last of all that the measures count; None while something that happened waits to be judged."""
    if session.execute(select(Unjudged.subject).limit(1)).first():
        return None
    tables = [select(func.max(one)).scalar_subquery() for one in (History.seq, Submission.id, Communication.id)]
    # Who signs in or takes a report out changes no figure.
    audit = select(Audit.id).where(Audit.case_id.is_not(None)).order_by(Audit.id.desc()).limit(1).scalar_subquery()
    return tuple(session.execute(select(*tables, audit)).one())


def fell_due(session: Session, milestones: Sequence[str], after: datetime, until: datetime) -> bool:
    """Return whether a clock of these names or an owed verdict fell due in [after, until), aware."""
    clocks = exists().where(Milestone.name.in_(milestones), Milestone.due_at >= after, Milestone.due_at < until)
    owed = exists().where(Verdict.state == "pending", Verdict.due_at >= after, Verdict.due_at < until)
    return bool(session.execute(select(or_(clocks, owed))).scalar_one())


MEASURES: Mapping[str, Callable[[Session, Mapping[str, Any], datetime, datetime], Counted]] = {
    "limit": limit, "answers": answers, "cases": cases, "volume": volume, "contacts": contacts,
    "instances": instances, "variety": variety, "verdicts": verdicts}


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _pair(row: Any) -> Counted:
    return float(row[0]), float(row[1])


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _facts(where: Mapping[str, Any] | None) -> Iterator[ColumnElement[bool]]:
    """Conditions on a case: a column, a further fact (extra.…), or a process that was started for it."""
    for name, value in (where or {}).items():
        if name == "process":
            yield exists().where(Instance.case_id == Case.id, Instance.process == value)
        elif isinstance(value, dict):
            yield _text(name) == _text(str(value["same_as"]))
        elif value == PRESENT:
            yield func.coalesce(_text(name), "") != ""
        elif isinstance(value, bool):
            yield _truth(Case.extra[name.removeprefix(EXTRA)], value)
        else:
            yield _text(name).in_(_listed(value))


def _text(name: str) -> ColumnElement[Any]:
    found: ColumnElement[Any] = (Case.extra[name.removeprefix(EXTRA)].as_string() if name.startswith(EXTRA)
                                 else getattr(Case, name))
    return found


def _truth(value: Any, wanted: bool) -> ColumnElement[bool]:
    # SQLite reads JSON's true as 1, PostgreSQL as a word.
    told: ColumnElement[bool] = func.lower(func.coalesce(value.as_string(), "")).in_(
        ("true", "1") if wanted else ("false", "0"))
    return told


def _wanted(measure: Mapping[str, Any], value: Any) -> ColumnElement[bool]:
    if "at_least" in measure:
        met: ColumnElement[bool] = value.as_float() >= measure["at_least"]
        return met
    if measure.get("present"):
        return func.coalesce(value.as_string(), "") != ""
    return _truth(value, bool(measure["equals"]))


def _did(element: str) -> ColumnElement[bool]:
    return exists().where(History.instance_id == Instance.id, History.element_id == element,
                          History.transition == "completed")
