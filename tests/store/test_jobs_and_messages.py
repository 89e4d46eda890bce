"""Jobs that kill their workers, and messages that nobody was told of."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from app.facts import SYSTEM
from app.store.base import db
from app.store.models import Incident, Job, Message, WorkItem
from app.store.unit_of_work import unit_of_work
from app.wiring import Services
from tests.faults.test_kill_and_race import COMPLAINT


def test_a_job_that_kills_every_worker_becomes_an_incident(app: Flask, services: Services) -> None:
    services.cases.register(COMPLAINT, SYSTEM)
    with unit_of_work() as session:
        past = services.clock.now() - timedelta(minutes=5)
        session.execute(update(Job).values(state="running", attempts=5, locked_until=past))
    services.jobs.run_due()
    assert set(db.session.execute(select(Job.state)).scalars()) == {"dead"}
    assert db.session.execute(select(Incident.kind)).scalars().first() == "job"


def test_a_message_whose_delivery_was_lost_is_found_by_the_sweep(app: Flask, services: Services) -> None:
    case_id = services.cases.register(COMPLAINT, SYSTEM)
    number = services.cases.facts(case_id).number
    now = services.clock.now()
    with unit_of_work() as session:  # as two commits at the same moment leave it: a message, a wait, and no job
        session.add(
            Message(
                key="lost",
                name="withdrawal",
                correlation=number,
                payload={"withdrawal_reason": "已自行解决"},
                state="waiting",
                source="test",
                received_at=now,
                expires_at=now + timedelta(days=1),
            )
        )
    assert services.messages.sweep() == 1
    assert services.messages.sweep() == 0
    assert "record_withdrawal" in set(db.session.execute(select(WorkItem.element_id)).scalars())
