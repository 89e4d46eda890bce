"""What operators look at: incidents, background jobs, and deadlines that may still move."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from app.store.base import db
from app.store.models import Case, Incident, Job, Milestone
from app.store.queries.inbox import PAGE_SIZE, Page


def incidents(state: str, page: int) -> Page:
    """Return incidents, newest first."""
    total = db.session.execute(select(func.count()).select_from(Incident).where(Incident.state == state)).scalar_one()
    number = max(1, min(page, -(-total // PAGE_SIZE)))
    query = (
        select(Incident, Case.number)
        .outerjoin(Case, Case.id == Incident.case_id)
        .where(Incident.state == state)
        .order_by(Incident.created_at.desc(), Incident.id.desc())
    )
    return Page(db.session.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all(), number, total)


def incident(incident_id: int) -> Incident | None:
    """Return one incident."""
    return db.session.execute(select(Incident).where(Incident.id == incident_id)).scalar_one_or_none()


def jobs(state: str, page: int) -> Page:
    """Return background jobs, newest first."""
    condition = Job.state == state if state else Job.state.in_(("waiting", "running", "dead"))
    total = db.session.execute(select(func.count()).select_from(Job).where(condition)).scalar_one()
    number = max(1, min(page, -(-total // PAGE_SIZE)))
    query = select(Job).where(condition).order_by(Job.run_at.desc(), Job.id.desc())
    return Page(
        db.session.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).scalars().all(), number, total
    )


def provisional(page: int) -> Page:
    """Return the deadlines that reach into a year without announced holidays."""
    condition = and_(Milestone.provisional, Milestone.state == "open")
    total = db.session.execute(select(func.count()).select_from(Milestone).where(condition)).scalar_one()
    number = max(1, min(page, -(-total // PAGE_SIZE)))
    query = (
        select(Milestone, Case.number, Case.customer_name)
        .join(Case, Case.id == Milestone.case_id)
        .where(condition)
        .order_by(Milestone.due_at, Milestone.id)
    )
    return Page(db.session.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all(), number, total)
