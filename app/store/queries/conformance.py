"""What is read to judge cases, a batch at a time, and the lists of verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, cast, desc, func, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from app.store.models import (
    Audit,
    Case,
    Document,
    DocumentCopy,
    History,
    Instance,
    Milestone,
    Submission,
    Unjudged,
    Verdict,
    WorkItem,
)
from app.store.models._columns import FACTS_CHANGED
from app.store.models.verdicts import COMPANY
from app.store.queries.api import Line, Page, Place

DONE = ("completed", "fired")
KINDS = ("kept", "broken", "pending")
SHOWN = (Verdict.subject, Verdict.clause, Verdict.period, Verdict.state, Verdict.due_at, Verdict.since,
         Verdict.obligation, Verdict.evidence, Verdict.judged_at, Verdict.policy_version)


@dataclass(frozen=True)
class Batch:
    """Everything that judging some cases needs, each kind by case."""

    cases: Sequence[Case]
    history: Mapping[str, list[Line]]
    entries: Mapping[str, list[Line]]
    papers: Mapping[str, list[Line]]
    holders: Mapping[int, list[str | None]]
    clocks: Mapping[str, list[Line]]
    changes: Mapping[str, list[Line]]  # of facts
    running: frozenset[str]


def batch(session: Session, ids: Sequence[str], elements: Collection[str], forms: Collection[str],
          kinds: Collection[str], facts: Collection[str]) -> Batch:
    """Read some cases with eight statements, however many they are; changes only of `facts`."""
    cases = list(session.scalars(select(Case).where(Case.id.in_(ids)).order_by(Case.id)))
    history = (select(History.case_id, History.seq, History.at, History.process, History.element_id, History.activity,
                      History.actor, History.group_code, History.instance_id)
               .where(History.case_id.in_(ids), History.transition.in_(DONE),
                      or_(History.activity.is_not(None), History.element_id.in_(sorted(elements))))
               .order_by(History.seq))
    entries = (select(Submission.case_id, Submission.work_item_id, Submission.form_id, Submission.data,
                      Submission.submitted_by, Submission.submitted_at, WorkItem.process, WorkItem.element_id,
                      WorkItem.group_code, Submission.instance_id)
               .join(WorkItem, WorkItem.id == Submission.work_item_id)
               .where(Submission.case_id.in_(ids), Submission.form_id.in_(sorted(forms))).order_by(Submission.id))
    papers = (select(Document.case_id, Document.id, Document.kind, Document.number, Document.state, Document.copies,
                     Document.opened_at, Document.closed_at)
              .where(Document.case_id.in_(ids), Document.kind.in_(sorted(kinds))).order_by(Document.id))
    told = cast(Audit.detail, Text)
    changes = (select(Audit.case_id, Audit.at, Audit.detail)
               .where(Audit.case_id.in_(ids), FACTS_CHANGED, or_(*(told.like(f'%"{name}": [%') for name in facts)))
               .order_by(Audit.id))
    clocks = (select(Milestone.case_id, Milestone.id, Milestone.name, Milestone.state, Milestone.pauses,
                     Milestone.paused_at, Milestone.started_at, Milestone.due_at, Milestone.clauses)
              .where(Milestone.case_id.in_(ids)).order_by(Milestone.id))
    running = select(Instance.case_id).where(Instance.case_id.in_(ids), Instance.state.in_(("active", "suspended")))
    by_case = _by(session.execute(papers).all())
    numbers = [row.id for rows in by_case.values() for row in rows]
    return Batch(cases, _by(session.execute(history).all()), _by(session.execute(entries).all()), by_case,
                 _holders(session, numbers), _by(session.execute(clocks).all()), _by(session.execute(changes).all()),
                 frozenset(str(one) for one in session.scalars(running)))


def _by(rows: Sequence[Any]) -> dict[Any, list[Line]]:
    found: dict[Any, list[Line]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _holders(session: Session, papers: Sequence[int]) -> dict[int, list[str | None]]:
    found: dict[int, list[str | None]] = {}
    if papers:
        query = select(DocumentCopy.document_id, DocumentCopy.recipient).where(DocumentCopy.document_id.in_(papers))
        for paper, recipient in session.execute(query.order_by(DocumentCopy.id)):
            found.setdefault(paper, []).append(recipient)
    return found


def case_ids(session: Session, size: int) -> Iterator[list[str]]:
    """Yield the ids of all cases, so many at a time, the oldest first: of a day one version of the policy holds."""
    place: tuple[datetime, str] | None = None
    key = tuple_(Case.registered_at, Case.id)
    while True:
        query = select(Case.registered_at, Case.id).order_by(Case.registered_at, Case.id).limit(size)
        found = session.execute(query if place is None else query.where(key > tuple_(*place))).all()
        session.rollback()  # a long run must not hold one old snapshot
        if found:
            yield [row.id for row in found]
            place = (found[-1].registered_at, found[-1].id)
        if len(found) < size:
            return


def count_cases(session: Session) -> int:
    """Return how many cases there are."""
    return session.execute(select(func.count()).select_from(Case)).scalar_one()


def company(session: Session, processes: Collection[str]) -> tuple[datetime | None, list[Line]]:
    """Return when work began here, and what standing processes have done."""
    began = session.execute(select(History.at).order_by(History.seq).limit(1)).scalar_one_or_none()
    standing = select(Instance.id).where(Instance.process.in_(sorted(processes)))
    query = (select(History.case_id, History.seq, History.at, History.process, History.element_id, History.activity,
                    History.actor, History.group_code, History.instance_id)
             .where(History.instance_id.in_(standing), History.transition.in_(DONE)).order_by(History.seq))
    return began, list(session.execute(query).all())


# ---- lists


def effective(now: datetime) -> ColumnElement[str]:
    """Return the state as it is at `now`: what was pending and has run out of time is broken."""
    return case((and_(Verdict.state == "pending", Verdict.due_at < now), "broken"), else_=Verdict.state)


def verdicts(session: Session, wanted: Mapping[str, Any], now: datetime, limit: int, after: Place | None) -> Page:
    """Return a page of verdicts, newest first: by `clause`, `case` (number) and `verdict`."""
    query = select(*SHOWN, effective(now).label("effective"), Case.number).outerjoin(Case, Case.id == Verdict.case_id)
    counted = select(func.count()).select_from(Verdict)
    counted = counted.outerjoin(Case, Case.id == Verdict.case_id) if wanted.get("case") else counted
    either = [[*_conditions(wanted), *state] for state in _states(wanted.get("verdict"), now)]
    total = sum(session.execute(counted.where(*conditions)).scalar_one() for conditions in either)
    key = (Verdict.since, Verdict.subject, Verdict.clause, Verdict.period)
    place = [tuple_(*key) < tuple_(*after)] if after is not None else []
    newest = [query.where(*conditions, *place).order_by(*(column.desc() for column in key)).limit(limit + 1).subquery()
              for conditions in either]  # each by its index: a condition with OR has none
    merged = union_all(*(select(one) for one in newest)).order_by(*(desc(column.key) for column in key))
    rows = session.execute(merged.limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = (last.since, last.subject, last.clause, last.period) if last is not None else None
    return Page(rows[:limit], following, total)


def _conditions(wanted: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    if wanted.get("clause"):
        yield Verdict.clause == wanted["clause"]
    if wanted.get("case"):
        yield Case.number == wanted["case"]


def _states(state: str | None, now: datetime) -> list[list[ColumnElement[bool]]]:
    """Return the conditions of which one holds for verdicts of a state: what has run out of time is broken."""
    pending = Verdict.state == "pending"
    if state == "broken":
        return [[Verdict.state == "broken"], [pending, Verdict.due_at < now]]
    if state == "pending":
        return [[pending, or_(Verdict.due_at.is_(None), Verdict.due_at >= now)]]
    return [[Verdict.state == "kept"]] if state == "kept" else [[]]


def of_subject(session: Session, subject: str, now: datetime) -> list[Line]:
    """Return all verdicts of a case, or of the company, by clause."""
    query = select(*SHOWN, effective(now).label("effective")).where(Verdict.subject == subject)
    return list(session.execute(query.order_by(Verdict.clause, Verdict.period)).all())


def summary(session: Session, now: datetime) -> list[Line]:
    """Return (clause, state, count) over everything that was judged."""
    state = effective(now).label("state")
    return list(session.execute(select(Verdict.clause, state, func.count().label("count"))
                                .group_by(Verdict.clause, state).order_by(Verdict.clause)).all())


def unjudged(session: Session) -> int:
    """Return how many subjects wait to be judged."""
    return session.execute(select(func.count()).select_from(Unjudged)).scalar_one()


__all__ = ["COMPANY", "KINDS", "Batch", "batch", "case_ids", "company", "count_cases", "effective", "of_subject",
           "summary", "unjudged", "verdicts"]
