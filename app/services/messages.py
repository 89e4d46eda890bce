"""The inbox of messages: kept when early, ignored when doubled, handed to whoever waits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import NotAllowed
from app.facts import SYSTEM, Actor
from app.services import audit, jobs
from app.services.runtime import Runtime
from app.store.models import Instance, Message, Subscription
from app.store.unit_of_work import in_unit_of_work

EARLY = (
    select(Message.id, Message.expires_at)
    .where(Message.state == "waiting", Message.name == bindparam("name"))
    .order_by(Message.id)
)
EARLY_FOR, EARLY_FOR_NONE = (
    EARLY.where(Message.correlation == bindparam("correlation")),
    EARLY.where(Message.correlation.is_(None)),
)
CATCHERS = (
    select(Subscription.instance_id)
    .join(Instance, Instance.id == Subscription.instance_id)
    .where(Subscription.message == bindparam("name"), Instance.state == "active")
    .order_by(Subscription.id.desc())
    .limit(1)
)
CATCHER_FOR, CATCHER_FOR_NONE = (
    CATCHERS.where(Subscription.correlation == bindparam("correlation")),
    CATCHERS.where(Subscription.correlation.is_(None)),
)
KEEP_EARLY = timedelta(days=30)
DELIVER = "deliver_message"
# Only a diagram throws these: after the customer's signature, after the opinion is settled. Nobody may from outside.
RESERVED = {"case_rerouted": "D-2.4.8", "demand_changed": "D-2.4.8", "opinion_closed": "B21-7-1a"}


def accept(
    session: Session,
    name: str,
    correlation: str | None,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    source: str,
    key: str | None = None,
) -> Message | None:
    """Put a message into the inbox and queue its delivery; None when the key is known already."""
    key = key or str(uuid.uuid4())
    if session.execute(select(Message.id).where(Message.key == key)).first() is not None:
        return None
    message = Message(
        key=key,
        name=name,
        correlation=correlation,
        payload=dict(payload),
        state="waiting",
        source=source,
        received_at=now,
        expires_at=now + KEEP_EARLY,
    )
    try:
        with session.begin_nested():
            session.add(message)
            session.flush()
    except IntegrityError:  # another one with the key was first, a moment ago
        return None
    jobs.enqueue(session, DELIVER, {"message": message.id}, key=f"deliver:{message.id}:0", now=now)
    return message


def wake_early(session: Session, name: str, correlation: str | None, *, now: datetime) -> None:
    """Queue the delivery of messages that came before anybody waited."""
    query = EARLY_FOR_NONE if correlation is None else EARLY_FOR
    early = session.execute(query, {"name": name, "correlation": correlation}).all()
    expired = [row.id for row in early if row.expires_at is not None and row.expires_at <= now]
    if expired:
        session.execute(update(Message).where(Message.id.in_(expired)).values(state="expired"))
    for message_id in (row.id for row in early if row.id not in expired):
        jobs.enqueue(session, DELIVER, {"message": message_id}, key=f"deliver:{message_id}:{uuid.uuid4()}", now=now)


@dataclass(frozen=True)
class Delivery:
    """What became of a message."""

    state: str  # delivered | waiting | duplicate
    instance_id: str | None


class Messages:
    """Publishes messages from outside and delivers those that wait."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def publish(
        self, name: str, correlation: str | None, payload: Mapping[str, Any], actor: Actor, key: str | None = None
    ) -> Delivery:
        """Take a message in and hand it over at once if somebody waits; nothing is raised when nobody does.

        Raises NotAllowed, with the clause, for what only a diagram may say.
        """
        clause = RESERVED.get(name)
        if clause is not None:
            raise NotAllowed(f"Only the process may say this, when what the policy asks for is done ({clause}).",
                             f"此消息只能由流程在满足制度要求（签字、结案）后发出（{clause}）。",
                             clauses=[clause])

        def take(session: Session) -> int | None:
            message = accept(session, name, correlation, payload, now=self._rt.clock.now(), source=actor.name, key=key)
            if message is not None:
                audit.record(
                    session,
                    self._rt.clock.now(),
                    actor.name,
                    "message:inbox:publish",
                    f"{name}/{correlation}",
                    None,
                    {"key": message.key},
                )
            return message.id if message else None

        message_id = in_unit_of_work(take)
        return Delivery("duplicate", None) if message_id is None else self.deliver(message_id, actor)

    def waits(self, session: Session, name: str, correlation: str | None) -> bool:
        """Return whether an active instance waits for the message."""
        return self._catcher(session, name, correlation) is not None

    def deliver(self, message_id: int, actor: Actor = SYSTEM) -> Delivery:
        """Hand a waiting message to an instance that waits for it, once; raises Busy."""
        from app.services import step

        def work(session: Session) -> Delivery:
            message = session.get(Message, message_id)
            if message is None or message.state != "waiting":
                return Delivery("duplicate", message.instance_id if message else None)
            instance_id = self._catcher(session, message.name, message.correlation)
            if instance_id is None:
                return Delivery("waiting", None)
            moving = step.Step.open(self._rt, session, instance_id, actor)
            session.refresh(message)  # the lock is ours now: somebody may have delivered it meanwhile
            if message.state != "waiting" or not moving.execution.deliver(message.name, message.payload):
                moving.close()
                return Delivery(message.state, message.instance_id)
            message.state, message.delivered_at, message.instance_id = "delivered", self._rt.clock.now(), instance_id
            moving.close()
            return Delivery("delivered", instance_id)

        return in_unit_of_work(work)

    def sweep(self, limit: int = 100) -> int:
        """Deliver messages that somebody waits for though nothing says so; return how many.

        On PostgreSQL a message and the subscription to it that commit at the same moment don't see each other.
        """
        pair = (Subscription.message == Message.name) & (Subscription.correlation == Message.correlation)
        query = (
            select(Message.id)
            .join(Subscription, pair)
            .join(Instance, Instance.id == Subscription.instance_id)
            .where(Message.state == "waiting", Instance.state == "active")
            .order_by(Message.id)
            .limit(limit)
        )
        found = list(dict.fromkeys(self._rt.session().execute(query).scalars()))
        self._rt.session().rollback()
        return sum(self.deliver(message_id).state == "delivered" for message_id in found)

    @staticmethod
    def _catcher(session: Session, name: str, correlation: str | None) -> str | None:
        query = CATCHER_FOR_NONE if correlation is None else CATCHER_FOR
        return session.execute(query, {"name": name, "correlation": correlation}).scalar_one_or_none()
