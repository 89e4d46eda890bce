"""Rows of what people were told: notifications inside the product, contacts outside of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.models import Communication, Membership, Milestone, Notification, Submission, User, WorkItem

MEMBERS = (select(User).join(Membership, Membership.user_id == User.id)
           .where(Membership.group_code.in_(bindparam("groups", expanding=True)), User.active)
           .distinct().order_by(User.id))
CLOCKS = (select(Milestone).where(Milestone.case_id == bindparam("case"), Milestone.state != "superseded")
          .order_by(Milestone.id))


def users_in(session: Session, groups: Collection[str]) -> list[User]:
    """Return the active members of groups, each once."""
    return list(session.scalars(MEMBERS, {"groups": list(groups)}))


def users_named(session: Session, names: Collection[str], ids: Collection[int] = ()) -> list[User]:
    """Return the active users with these usernames or ids."""
    query = select(User).where(User.username.in_(names) | User.id.in_(ids), User.active).order_by(User.id)
    return list(session.scalars(query))


def work_item(session: Session, task_id: str) -> WorkItem | None:
    """Return a work item, or None."""
    return session.get(WorkItem, task_id)


def notify(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Write notifications whose key is new; return the users who had not been told before."""
    if not rows:
        return set()
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Notification).on_conflict_do_nothing(index_elements=[Notification.key])
    return set(session.scalars(statement.returning(Notification.user_id), list(rows)))


def was_sent(session: Session, key: str) -> bool:
    """Return whether the contact with that key is on record."""
    return session.scalars(select(Communication.id).where(Communication.key == key)).first() is not None


def log_contact(session: Session, row: Mapping[str, Any]) -> None:
    """Record a contact once by its key (D-2.4.6)."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Communication).values(**row).on_conflict_do_nothing(index_elements=[Communication.key]))


def milestones(session: Session, case_id: str) -> dict[str, Milestone]:
    """Return the newest clock of each name that was not superseded."""
    return {row.name: row for row in session.scalars(CLOCKS, {"case": case_id})}


def last_progress(session: Session, case_id: str) -> datetime | None:
    """Return when somebody last filled in a form of the case or spoke with the customer; machines don't count."""
    filled = session.scalar(select(func.max(Submission.submitted_at)).where(Submission.case_id == case_id))
    spoke = session.scalar(select(func.max(Communication.at)).where(Communication.case_id == case_id,
                                                                    Communication.by != "system"))
    return max((at for at in (filled, spoke) if at is not None), default=None)
