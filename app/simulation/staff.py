"""When people of the company get round to a task: punctual, slow, late, in working hours or on call."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random

from app.work_calendar import WorkCalendar

ON_CALL = timedelta(hours=4)  # a task that is due sooner is taken by whoever is on call
USUAL = timedelta(hours=6)  # the time that people take for a task without a deadline
# How common each habit is: the share of the time to the deadline after which they answer, from and to.
HABITS = ((0.78, 0.02, 0.35), (0.12, 0.35, 0.9), (0.07, 1.0, 1.5), (0.03, 1.5, 4.0))
MINDFUL = 0.85  # how often somebody works off hours rather than be late
LATEST = timedelta(days=6)  # nobody lets a task lie longer


def when(random: Random, calendar: WorkCalendar, now: datetime, due: datetime | None) -> datetime:
    """Return when somebody does a task that appeared `now` and is due then or at no time (all aware UTC)."""
    span = due - now if due is not None and due > now else USUAL
    _, least, most = random.choices(HABITS, [habit[0] for habit in HABITS])[0]
    at = now + min(span * random.uniform(least, most), LATEST)
    worked = at_work(random, calendar, at)
    would_be_late = due is not None and at < due < worked
    if (span <= ON_CALL or would_be_late) and random.random() < MINDFUL:
        return at
    return worked


def at_work(random: Random, calendar: WorkCalendar, at: datetime) -> datetime:
    """Return the time itself when it is worked, else a moment of the next working morning."""
    local = calendar.local(at)
    opens, closes = calendar.hours[0][0], calendar.hours[-1][1]
    if calendar.is_workday(local.date()) and opens <= local.time() < closes:
        return at
    day = local.date()
    if not (calendar.is_workday(day) and local.time() < opens):
        day = calendar.next_workday(day)
    start = datetime.combine(day, opens, tzinfo=local.tzinfo)
    return (start + timedelta(minutes=random.uniform(0, 90))).astimezone(at.tzinfo)


def awake(random: Random, calendar: WorkCalendar, at: datetime) -> datetime:
    """Return the time itself between 08:00 and 22:00, else a moment of the next morning."""
    local = calendar.local(at)
    if time(8) <= local.time() < time(22):
        return at
    day = local.date() if local.time() < time(8) else local.date() + timedelta(days=1)
    morning = datetime.combine(day, time(8), tzinfo=local.tzinfo)
    return (morning + timedelta(minutes=random.uniform(0, 180))).astimezone(at.tzinfo)
