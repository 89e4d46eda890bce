"""Rows of papers and their copies; a sealed paper can't be changed through any path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import event, inspect, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.store.models import Document, DocumentCopy


@event.listens_for(Document, "before_update")
def _refuse_changes_of_a_sealed_paper(_mapper: Any, _connection: Any, paper: Document) -> None:
    state: Any = inspect(paper).attrs.state.history
    before = state.deleted[0] if state.deleted else paper.state
    if before == "closed":
        raise Conflict(f"{paper.number} is sealed; what changes is written in a supplement.",
                       f"{paper.number} 已结案封存，变更须另立补充。", number=paper.number)


def of_case(session: Session, case_id: str | None, kinds: Sequence[str], state: str) -> list[Document]:
    """Return the case's papers of some kinds in a state, newest first."""
    query = (select(Document).where(Document.case_id == case_id, Document.kind.in_(kinds), Document.state == state)
             .order_by(Document.id.desc()))
    return list(session.scalars(query))


def by_number(session: Session, number: str) -> Document | None:
    """Return the paper with a number, or None."""
    return session.scalars(select(Document).where(Document.number == number)).one_or_none()


def annexes_of(session: Session, number: str) -> list[Document]:
    """Return the annexes to a paper, or to a case by its number, oldest first."""
    query = select(Document).where(Document.kind == "annex", Document.supplements == number).order_by(Document.id)
    return list(session.scalars(query))


def add(session: Session, paper: Document) -> Document:
    """Write a new paper with its copies, none of them handed out yet."""
    session.add(paper)
    session.flush()
    session.add_all(DocumentCopy(document_id=paper.id, copy_no=number) for number in range(1, paper.copies + 1))
    session.flush()
    return paper


def allow_copies(session: Session, paper: Document, copies: int) -> None:
    """Give an open paper as many copies, if it has fewer."""
    missing = range(paper.copies + 1, copies + 1)
    session.add_all(DocumentCopy(document_id=paper.id, copy_no=number) for number in missing)
    paper.copies = max(paper.copies, copies)


def seal(session: Session, paper: Document, recipients: Sequence[str], reason: str | None, at: datetime) -> bool:
    """Close an open paper and hand its copies to `recipients` in order; False when somebody else sealed it first."""
    closed = session.execute(update(Document).where(Document.id == paper.id, Document.state == "open")
                             .values(state="closed", closed_at=at, reason=reason))
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    for number, recipient in enumerate(recipients, start=1):
        session.execute(update(DocumentCopy).where(DocumentCopy.document_id == paper.id, DocumentCopy.copy_no == number)
                        .values(recipient=recipient, handed_at=at))
    return True


def copies_of(session: Session, paper_id: int) -> list[DocumentCopy]:
    """Return the copies of a paper in order."""
    query = select(DocumentCopy).where(DocumentCopy.document_id == paper_id).order_by(DocumentCopy.copy_no)
    return list(session.scalars(query))


def pass_on(session: Session, paper_id: int, holder: str, to: str, at: datetime) -> bool:
    """Hand on the first copy that `holder` has; False when he has none."""
    own = (select(DocumentCopy.id).where(DocumentCopy.document_id == paper_id, DocumentCopy.recipient == holder)
           .order_by(DocumentCopy.copy_no).limit(1).scalar_subquery())
    moved = session.execute(update(DocumentCopy).where(DocumentCopy.id == own).values(recipient=to, handed_at=at))
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]
