"""Remembers through whose hands a work item went, since they may read it ever after."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.models import WorkItemParty


def remember(session: Session, work_item_id: str, user_id: int) -> None:
    """Note the user as a party of the work item, once; call it with the instance locked."""
    known = select(WorkItemParty.user_id).filter_by(work_item_id=work_item_id, user_id=user_id)
    if session.execute(known).first() is None:
        session.add(WorkItemParty(work_item_id=work_item_id, user_id=user_id))
        session.flush()
