"""The clocks of a real complaint on the shipped diagrams: what breaks when nobody answers, and what moves deadlines."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import NotAllowed
from app.facts import SYSTEM
from app.services.calendar_update import CalendarUpdate
from app.services.sla_view import views
from app.store.base import db
from app.store.models import CalendarDay, Instance, Notification, Timer
from app.store.unit_of_work import unit_of_work

COMPLAINT = {"type": "complaint", "channel": "phone", "customer": {"name": "张三", "phone": "13800000000"},
             "product": {"model": "A1", "origin": "self_made"}, "description": "异响", "severity": "general"}


@pytest.fixture
def case_id(services, actor):
    found = services.cases.register(COMPLAINT, actor("clerk"))
    services.operations.quiesce()
    return found


def clock_of(case_id, name, clock):
    db.session.rollback()
    return next(view for view in views(db.session(), case_id, clock.now()) if view.name == name)


def checks(view):
    return {check.clause: check.state for check in view.checks}


def test_an_unanswered_complaint_breaks_the_15_minutes_keeps_the_24_hours_and_is_escalated(services, clock, case_id):
    assert clock_of(case_id, "first_response", clock).state == "pending"
    clock.advance(timedelta(minutes=16))
    services.operations.quiesce()
    view = clock_of(case_id, "first_response", clock)
    assert view.state == "late"
    assert (checks(view)["E-2.1.2"], checks(view)["B1-6.1"]) == ("late", "pending")
    instances = db.session.execute(select(Instance.process).where(Instance.case_id == case_id)).scalars().all()
    assert sorted(instances) == ["case", "escalation"]
    assert "escalated" in db.session.execute(select(Notification.kind)).scalars().all()
    clock.advance(timedelta(hours=24))
    assert checks(clock_of(case_id, "first_response", clock))["B1-6.1"] == "late"


def test_deadlines_of_a_complaint_follow_the_companys_days(services, clock, case_id):
    assert clock_of(case_id, "resolution", clock).due_at == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert clock_of(case_id, "opinion_closed", clock).due_at == datetime(2026, 3, 16, 16, tzinfo=UTC)
    assert "3 个工作日" in clock_of(case_id, "resolution", clock).why("zh")


def test_a_new_day_off_is_shown_first_then_moves_the_promise_and_its_timer(services, clock, actor, case_id):
    update = CalendarUpdate(services.runtime)
    with unit_of_work() as session:
        session.add(CalendarDay(day=date(2026, 3, 4), working=False, note="停电", changed_at=clock.now(),
                                changed_by="x"))
    resolution = next(change for change in update.preview() if change.name == "resolution")
    assert resolution.due_after - resolution.due_before == timedelta(days=1)
    assert clock_of(case_id, "resolution", clock).due_at == resolution.due_before
    with pytest.raises(NotAllowed):
        update.apply(actor("clerk"))
    assert resolution in update.apply(actor("admin"))
    view = clock_of(case_id, "resolution", clock)
    assert view.due_at == resolution.due_after
    assert "停电" in view.why("zh")
    services.operations.quiesce()
    timers = db.session.execute(select(Timer.due_at).where(Timer.milestone == "resolution")).scalars().all()
    assert set(timers) == {resolution.due_after, resolution.due_after + timedelta(hours=24)}  # late, and a day late
    assert update.preview() == []


def test_a_promise_into_a_year_without_announced_holidays_is_listed_until_the_year_is_announced(services, clock, actor):
    clock.set(datetime(2026, 12, 30, 2, tzinfo=UTC))
    services.cases.register(COMPLAINT, actor("clerk"))
    update = CalendarUpdate(services.runtime)
    listed = {change.name for change in update.provisional()}
    assert "resolution" in listed
    assert "first_response" not in listed
    assert update.announce(2027, SYSTEM)
    assert not update.announce(2027, SYSTEM)
    assert {change.name for change in update.preview()} == listed
    update.apply(SYSTEM)
    db.session.rollback()
    assert update.provisional() == []
