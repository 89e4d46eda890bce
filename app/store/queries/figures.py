"""What reports count: cases, opinions, slips and answers of a span of time. Plain reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.models import Case, Document, DocumentCopy, Instance, Milestone, Submission

SLIPS = ("red_slip", "black_slip")
OPINIONS = ("opinion", "opinion_supplement")


def cases(session: Session, start: datetime, end: datetime, types: Sequence[str] = ()) -> list[Case]:
    """Return the cases that were registered in [start, end), of some types or of all."""
    query = select(Case).where(Case.registered_at >= start, Case.registered_at < end)
    query = query.where(Case.type.in_(types)) if types else query
    return list(session.scalars(query.order_by(Case.registered_at, Case.id)))


def closed_since(session: Session, start: datetime) -> list[Case]:
    """Return the cases that were closed since `start`, oldest first."""
    query = select(Case).where(Case.state == "closed", Case.closed_at >= start).order_by(Case.registered_at, Case.id)
    return list(session.scalars(query))


def opinions(session: Session, start: datetime, end: datetime) -> list[tuple[Document, Case]]:
    """Return the opinions that were settled in [start, end) with their cases; a withdrawn case's counts as none."""
    query = select(Document, Case).join(Case, Case.id == Document.case_id)
    query = query.where(Document.kind.in_(OPINIONS), Document.state == "closed", Document.closed_at >= start,
                        Document.closed_at < end, func.coalesce(Document.reason, "") != "withdrawn")
    return [(paper, case) for paper, case in session.execute(query.order_by(Document.closed_at, Document.id))]


def assessments(session: Session, case_ids: Sequence[str]) -> list[Instance]:
    """Return the assessments of some cases."""
    query = select(Instance).where(Instance.process == "assessment", Instance.case_id.in_(case_ids))
    return list(session.scalars(query.order_by(Instance.created_at, Instance.id)))


def papers(session: Session, kinds: Sequence[str], start: datetime, end: datetime) -> list[Document]:
    """Return the papers of some kinds that were opened in [start, end) and not voided."""
    query = select(Document).where(Document.kind.in_(kinds), Document.opened_at >= start, Document.opened_at < end,
                                   Document.state != "void")
    return list(session.scalars(query.order_by(Document.number)))


def holders(session: Session, paper_ids: Sequence[int]) -> dict[int, list[str | None]]:
    """Return who holds each copy of some papers, in order."""
    query = select(DocumentCopy.document_id, DocumentCopy.recipient).where(DocumentCopy.document_id.in_(paper_ids))
    found: dict[int, list[str | None]] = {paper_id: [] for paper_id in paper_ids}
    for paper_id, recipient in session.execute(query.order_by(DocumentCopy.document_id, DocumentCopy.copy_no)):
        found[paper_id].append(recipient)
    return found


def answers(session: Session, form: str, start: datetime, end: datetime) -> list[tuple[str | None, dict[str, Any]]]:
    """Return (case, answers) of a form that were submitted in [start, end); a correction replaces what it corrects."""
    query = select(Submission).where(Submission.form_id == form, Submission.submitted_at >= start,
                                     Submission.submitted_at < end).order_by(Submission.id)
    newest = {row.work_item_id: row for row in session.scalars(query)}
    return [(row.case_id, row.data) for row in newest.values()]


def answered(session: Session, form: str, case_ids: Sequence[str]) -> list[tuple[str | None, dict[str, Any]]]:
    """Return (case, answers) of a form for some cases, oldest first."""
    query = select(Submission.case_id, Submission.data).where(Submission.form_id == form,
                                                              Submission.case_id.in_(case_ids))
    return [(case_id, data) for case_id, data in session.execute(query.order_by(Submission.id))]


def clocks(session: Session, start: datetime, end: datetime) -> list[Milestone]:
    """Return the clocks that fell due in [start, end) and are owed."""
    query = select(Milestone).where(Milestone.due_at >= start, Milestone.due_at < end,
                                    Milestone.state.in_(("open", "reached")), Milestone.target_only.is_(False))
    return list(session.scalars(query))


def paper(session: Session, number: str) -> Document | None:
    """Return a paper by its number, or None."""
    return session.scalars(select(Document).where(Document.number == number)).one_or_none()
