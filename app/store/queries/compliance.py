"""What the pages of compliance show: verdicts counted, deviations listed, the audit trail, who looked when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.store.base import db
from app.store.deviations import LIVE
from app.store.models import Audit, Case, ComplianceVisit, Deviation, DeviationNote, Instance, Milestone, Verdict
from app.store.queries.conformance import SHOWN, effective
from app.store.queries.inbox import Page
from app.store.unit_of_work import in_unit_of_work

SIZE = 50
BUCKETS = ((3, "0-3"), (7, "4-7"), (14, "8-14"), (30, "15-30"))  # days since found; the last bucket has no end
OLDEST = "31+"
AGES = (*(name for _, name in BUCKETS), OLDEST)
SORTS: Mapping[str, Any] = {"found": Deviation.found_at, "since": Deviation.since, "due": Deviation.due_at,
                            "clause": Deviation.clause, "state": Deviation.state}
VISIT = timedelta(hours=4)  # what is opened again within that is the same visit
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Wanted:
    """What is asked of the list of deviations."""

    kind: str = ""
    state: str = "live"  # live | one of the states | "" for all
    clauses: tuple[str, ...] = ()
    case: str = ""  # number
    owner: str = ""
    age: str = ""
    obligation: str = ""
    since: datetime | None = None  # found at or after
    overdue: bool = False  # its owner's day has passed
    sort: str = "found"
    descending: bool = True
    page: int = 1


# ---- verdicts


def clause_counts(now: datetime, clauses: Collection[str] | None = None) -> Counts:
    """Return clause -> kept, broken, pending, as of `now`: what has run out of time meanwhile is broken."""
    counted = select(Verdict.clause, Verdict.state, func.count()).group_by(Verdict.clause, Verdict.state)
    late = (select(Verdict.clause, func.count()).where(Verdict.state == "pending", Verdict.due_at < now)
            .group_by(Verdict.clause))
    if clauses is not None:
        counted, late = counted.where(Verdict.clause.in_(clauses)), late.where(Verdict.clause.in_(clauses))
    found: dict[str, dict[str, int]] = {}
    for clause, state, number in db.session.execute(counted):
        found.setdefault(clause, {"kept": 0, "broken": 0, "pending": 0})[state] = number
    for clause, number in db.session.execute(late):
        found[clause]["pending"] -= number
        found[clause]["broken"] += number
    return found


def trend(clause: str, edges: Sequence[datetime]) -> list[tuple[int, int]]:
    """Return (kept, broken) of a clause between each pair of neighbouring edges, by when it came to be so."""
    place = case(*((Verdict.since < edge, number) for number, edge in enumerate(edges)), else_=len(edges))
    query = (select(place.label("place"), Verdict.state, func.count())
             .where(Verdict.clause == clause, Verdict.state.in_(("kept", "broken")), Verdict.since >= edges[0],
                    Verdict.since < edges[-1]).group_by(place, Verdict.state))
    found = [[0, 0] for _ in edges[1:]]
    for number, state, count in db.session.execute(query):
        found[number - 1][state == "broken"] = count
    return [(kept, broken) for kept, broken in found]


def broken_of(clause: str, now: datetime, page: int, size: int = 10) -> Page:
    """Return who broke a clause, newest first: the verdict, the case's number and the deviation."""
    broken = or_(Verdict.state == "broken", and_(Verdict.state == "pending", Verdict.due_at < now))
    where = (Verdict.clause == clause, broken)
    total = db.session.execute(select(func.count()).select_from(Verdict).where(*where)).scalar_one()
    number = max(1, min(page, -(-total // size)))
    same = and_(Deviation.subject == Verdict.subject, Deviation.clause == Verdict.clause,
                Deviation.period == Verdict.period)
    query = (select(Verdict.subject, Verdict.clause, Verdict.period, Verdict.since, Verdict.due_at, Case.number,
                    Case.type, Deviation.id.label("deviation_id"), Deviation.state.label("deviation_state"))
             .outerjoin(Case, Case.id == Verdict.case_id).outerjoin(Deviation, same).where(*where)
             .order_by(Verdict.since.desc(), Verdict.subject).limit(size).offset((number - 1) * size))
    return Page(db.session.execute(query).all(), number, total, size)


def verdict(subject: str, clause: str, period: str, now: datetime) -> Any:
    """Return one verdict as it is at `now`, or None."""
    query = select(*SHOWN, effective(now).label("effective")).where(
        Verdict.subject == subject, Verdict.clause == clause, Verdict.period == period)
    return db.session.execute(query).one_or_none()


def ending(now: datetime, until: datetime, page: int, size: int = SIZE) -> Page:
    """Return what is still owed and whose time ends between `now` and `until`, the next first."""
    where = (Verdict.state == "pending", Verdict.due_at >= now, Verdict.due_at < until)
    total = db.session.execute(select(func.count()).select_from(Verdict).where(*where)).scalar_one()
    number = max(1, min(page, -(-total // size)))
    query = (select(Verdict.subject, Verdict.clause, Verdict.period, Verdict.due_at, Verdict.obligation, Case.number,
                    Case.type, Case.status).outerjoin(Case, Case.id == Verdict.case_id).where(*where)
             .order_by(Verdict.due_at, Verdict.subject, Verdict.clause).limit(size).offset((number - 1) * size))
    return Page(db.session.execute(query).all(), number, total, size)


def count_ending(now: datetime, until: datetime) -> int:
    """Return how many verdicts are owed before `until`."""
    query = select(func.count()).select_from(Verdict).where(
        Verdict.state == "pending", Verdict.due_at >= now, Verdict.due_at < until)
    return db.session.execute(query).scalar_one()


def provisional() -> int:
    """Return how many running deadlines reach into a year whose holidays are not announced."""
    query = select(func.count()).select_from(Milestone).where(Milestone.provisional, Milestone.state == "open")
    return db.session.execute(query).scalar_one()


# ---- deviations


def deviations(wanted: Wanted, now: datetime, size: int = SIZE) -> Page:
    """Return a page of deviations with their cases' numbers."""
    where = list(_conditions(wanted, now))
    counted = select(func.count()).select_from(Deviation)
    counted = counted.outerjoin(Case, Case.id == Deviation.case_id) if wanted.case else counted
    total = db.session.execute(counted.where(*where)).scalar_one()
    number = max(1, min(wanted.page, -(-total // size)))
    column = SORTS[wanted.sort]
    order = column.desc() if wanted.descending else column
    order = order.nulls_last() if wanted.sort == "due" else order  # where nothing is null an index has the order
    query = (select(Deviation, Case.number).outerjoin(Case, Case.id == Deviation.case_id).where(*where)
             .order_by(order, Deviation.id.desc() if wanted.descending else Deviation.id)
             .limit(size).offset((number - 1) * size))
    return Page(db.session.execute(query).all(), number, total, size)


def _conditions(wanted: Wanted, now: datetime) -> Iterator[ColumnElement[bool]]:
    if wanted.kind:
        yield Deviation.kind == wanted.kind
    if wanted.state == "live":
        yield Deviation.state != "closed"
    elif wanted.state:
        yield Deviation.state == wanted.state
    if wanted.clauses:
        yield Deviation.clause.in_(wanted.clauses)
    if wanted.case:
        yield Case.number == wanted.case
    if wanted.owner:
        yield Deviation.owner == wanted.owner
    if wanted.obligation:
        yield Deviation.obligation == wanted.obligation
    if wanted.since is not None:
        yield Deviation.found_at >= wanted.since
    if wanted.overdue:
        yield and_(Deviation.due_at < now, Deviation.state != "closed")
    if wanted.age:
        yield from _aged(wanted.age, now)


def _aged(age: str, now: datetime) -> Iterator[ColumnElement[bool]]:
    place = AGES.index(age)
    if place:
        yield Deviation.found_at <= now - timedelta(days=BUCKETS[place - 1][0])
    if age != OLDEST:
        yield Deviation.found_at > now - timedelta(days=BUCKETS[place][0])


def ageing(now: datetime) -> Mapping[str, int]:
    """Return how many live deviations have stood how long, by bucket."""
    place = case(*((Deviation.found_at > now - timedelta(days=days), name) for days, name in BUCKETS), else_=OLDEST)
    query = select(place, func.count()).where(Deviation.state != "closed").group_by(place)
    found = {row[0]: row[1] for row in db.session.execute(query)}
    return {name: found.get(name, 0) for name in AGES}


def standing() -> Mapping[tuple[str, str], int]:
    """Return how many live deviations there are by kind and state."""
    query = (select(Deviation.kind, Deviation.state, func.count()).where(Deviation.state != "closed")
             .group_by(Deviation.kind, Deviation.state))
    return {(kind, state): number for kind, state, number in db.session.execute(query)}


def count_found(kind: str, since: datetime) -> int:
    """Return how many live deviations of a kind were found since a moment."""
    query = select(func.count()).select_from(Deviation).where(
        Deviation.kind == kind, Deviation.state != "closed", Deviation.found_at >= since)
    return db.session.execute(query).scalar_one()


def waivers_ending(now: datetime, until: datetime) -> int:
    """Return how many waived deviations come back before `until`."""
    query = select(func.count()).select_from(Deviation).where(
        Deviation.state == "waived", Deviation.waived_until >= now, Deviation.waived_until < until)
    return db.session.execute(query).scalar_one()


def waiver_list(now: datetime, until: datetime, since: datetime) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the waived deviations that come back before `until`, and the notes of those that did since `since`."""
    soon = (select(Deviation).where(Deviation.state == "waived", Deviation.waived_until < until)
            .order_by(Deviation.waived_until).limit(SIZE))
    over = (select(DeviationNote.at, Deviation).join(Deviation, Deviation.id == DeviationNote.deviation_id)
            .where(DeviationNote.verb == "waiver_ended", DeviationNote.at >= since)
            .order_by(DeviationNote.id.desc()).limit(SIZE))
    return db.session.execute(soon).scalars().all(), db.session.execute(over).all()


def waivers_ended(since: datetime) -> int:
    """Return how many waivers ended by their time since a moment."""
    query = select(func.count()).select_from(DeviationNote).where(
        DeviationNote.verb == "waiver_ended", DeviationNote.at >= since)
    return db.session.execute(query).scalar_one()


def notes(deviation_id: int) -> Sequence[DeviationNote]:
    """Return what was done about a deviation, the oldest first."""
    query = select(DeviationNote).where(DeviationNote.deviation_id == deviation_id).order_by(DeviationNote.id)
    return db.session.execute(query).scalars().all()


def deviation_of(subject: str, clause: str, period: str = "") -> Deviation | None:
    """Return the deviation of a breach, or None."""
    query = select(Deviation).where(Deviation.subject == subject, Deviation.clause == clause,
                                    Deviation.period == period)
    return db.session.execute(query).scalar_one_or_none()


def of_case(case_id: str) -> Mapping[str, Deviation]:
    """Return the deviations of a case by clause."""
    query = select(Deviation).where(Deviation.case_id == case_id)
    return {row.clause: row for row in db.session.execute(query).scalars()}


def live_by_clause(clauses: Collection[str]) -> Mapping[str, int]:
    """Return how many live deviations each of some clauses has."""
    query = (select(Deviation.clause, func.count()).where(Deviation.clause.in_(clauses), Deviation.state.in_(LIVE))
             .group_by(Deviation.clause))
    return {row[0]: row[1] for row in db.session.execute(query)}


def case_number(case_id: str) -> str | None:
    """Return the number of a case, or None while it has none."""
    return db.session.execute(select(Case.number).where(Case.id == case_id)).scalar_one_or_none()


def rectification(instance_id: str) -> Instance | None:
    """Return the instance that corrects a deviation."""
    return db.session.get(Instance, instance_id)


# ---- a period, for the report


def moved(start: datetime, end: datetime) -> Mapping[str, Mapping[str, int]]:
    """Return how many deviations of each kind were found, and how many closed, in [start, end)."""
    found: dict[str, dict[str, int]] = {}
    for word, column in (("found", Deviation.found_at), ("closed", Deviation.closed_at)):
        query = (select(Deviation.kind, func.count()).where(column >= start, column < end).group_by(Deviation.kind))
        for kind, number in db.session.execute(query):
            found.setdefault(kind, {"found": 0, "closed": 0})[word] = number
    return found


def judged_between(start: datetime, end: datetime) -> Counts:
    """Return clause -> kept, broken, pending for what came to be so in [start, end); what is owed counts at its end."""
    state = effective(end).label("effective")
    query = (select(Verdict.clause, state, func.count()).where(Verdict.since >= start, Verdict.since < end)
             .group_by(Verdict.clause, state))
    found: dict[str, dict[str, int]] = {}
    for clause, word, number in db.session.execute(query):
        found.setdefault(clause, {"kept": 0, "broken": 0, "pending": 0})[word] = number
    return found


# ---- the audit trail


@dataclass(frozen=True)
class Trail:
    """What is asked of the audit trail."""

    actor: str = ""
    action: str = ""  # its beginning
    case_id: str = ""
    start: datetime | None = None
    end: datetime | None = None
    page: int = 1


def audit_trail(wanted: Trail, size: int = SIZE) -> Page:
    """Return a page of the audit trail, newest first, with cases' numbers."""
    where = list(_trail(wanted))
    total = db.session.execute(select(func.count()).select_from(Audit).where(*where)).scalar_one()
    number = max(1, min(wanted.page, -(-total // size)))
    query = (select(Audit, Case.number).outerjoin(Case, Case.id == Audit.case_id).where(*where)
             .order_by(Audit.id.desc()).limit(size).offset((number - 1) * size))
    return Page(db.session.execute(query).all(), number, total, size)


def _trail(wanted: Trail) -> Iterator[ColumnElement[bool]]:
    if wanted.actor:
        yield Audit.actor == wanted.actor
    if wanted.action:
        yield Audit.action.startswith(wanted.action, autoescape=True)
    if wanted.case_id:
        yield Audit.case_id == wanted.case_id
    if wanted.start is not None:
        yield Audit.at >= wanted.start
    if wanted.end is not None:
        yield Audit.at < wanted.end


# ---- who looked when


def visit(user_id: int, now: datetime) -> datetime | None:
    """Note that somebody opens the morning page, and return when they last came before; None the first time."""
    row = db.session.get(ComplianceVisit, user_id)
    if row is not None and now - row.at < VISIT:
        return row.before

    def write(session: Session) -> datetime | None:
        known = session.get(ComplianceVisit, user_id)
        if known is None:
            session.add(ComplianceVisit(user_id=user_id, at=now))
            return None
        known.before, known.at = known.at, now
        return known.before

    return in_unit_of_work(write)
