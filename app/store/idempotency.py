"""The answers to POSTs that carried a key: the row is written in the transaction that makes the thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store.models import IdempotencyKey
from app.store.unit_of_work import in_unit_of_work

KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Remembered:
    """An answer that was given before."""

    request_digest: str
    status: int
    body: str


def once(
    user_id: int | None, key: str, request_digest: str, now: datetime, make: Callable[[], tuple[int, str]]
) -> Remembered | None:
    """Run `make` and keep its (status, body) under the key, both or neither; return what was kept before."""

    def work(session: Session) -> Remembered | None:
        mine = (IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
        session.execute(delete(IdempotencyKey).where(*mine, IdempotencyKey.created_at < now - KEEP))
        known = session.execute(select(IdempotencyKey).where(*mine)).scalar_one_or_none()
        if known is not None:
            return Remembered(known.request_digest, known.status, known.body)
        row = IdempotencyKey(
            user_id=user_id, key=key, request_digest=request_digest, status=0, body="", created_at=now
        )
        session.add(row)
        session.flush()  # a second request with the key waits here, and then finds the row
        row.status, row.body = make()
        session.flush()
        return None

    try:
        return in_unit_of_work(work)
    except IntegrityError:
        return in_unit_of_work(work)  # PostgreSQL: the other request was first and is there now
