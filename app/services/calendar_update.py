"""A year's holidays arrive, or the table of exceptions has changed: promises that still run are counted anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.errors import NotAllowed
from app.facts import Actor
from app.services import jobs, sla_recompute
from app.services.audit import record
from app.services.runtime import Runtime
from app.services.sla_recompute import Change
from app.store import milestones, verdicts, working_days
from app.store.unit_of_work import after_commit, in_unit_of_work

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KEEPERS = frozenset({"admin", "compliance"})  # who may move promises


class CalendarUpdate:
    """Shows first what a changed calendar moves, then moves it."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def provisional(self) -> list[Change]:
        """Return the running deadlines that reach into a year without announced holidays, the earliest first."""
        found = sla_recompute.provisional_deadlines(self._rt.session())
        return [Change(row.id, row.case_id, number, row.name, row.due_at, row.due_at, True, True)
                for row, number in found]

    def preview(self) -> list[Change]:
        """Return what the calendar as it is now would change; nothing is written."""
        return sla_recompute.preview(self._rt.session(), self._rt.calendar())

    def announce(self, year: int, actor: Actor) -> bool:
        """Declare that the table of exceptions holds all of `year`; False where it was said before; NotAllowed."""
        self._may(actor)

        def work(session: Session) -> bool:
            new = working_days.announce(session, year)
            if new:
                record(session, self._rt.clock.now(), actor.name, "admin:calendar:announced", str(year))
            return new

        return in_unit_of_work(work)

    def apply(self, actor: Actor) -> list[Change]:
        """Move what `preview` shows and have the cases' timers armed again; return it; raises NotAllowed.

        The clocks move in one transaction; each case's instances follow in a step of their own.
        """
        self._may(actor)
        calendar = self._rt.calendar()

        def work(session: Session) -> list[Change]:
            changes = sla_recompute.apply(session, calendar)
            now = self._rt.clock.now()
            for change in changes:
                record(session, now, actor.name, "case:milestone:recounted", change.name, change.case_id,
                       {"before": change.due_before.isoformat(), "after": change.due_after.isoformat()})
            self._touch(session, {change.case_id for change in changes if change.due_before != change.due_after})
            verdicts.mark_open(session)
            after_commit(session, self._rt.woken)
            return changes

        return in_unit_of_work(work)

    def _touch(self, session: Session, case_ids: Iterable[str]) -> None:
        now = self._rt.clock.now()
        for instance_id in milestones.instances_of(session, sorted(case_ids)):
            jobs.enqueue(session, jobs.TOUCH, {}, key=f"calendar:{instance_id}:{now.timestamp()}", now=now,
                         instance_id=instance_id)

    @staticmethod
    def _may(actor: Actor) -> None:
        if not actor.is_system and not actor.groups & KEEPERS:
            raise NotAllowed("Only administrators and compliance may move deadlines.",
                             "只有管理员和合规人员可以调整期限。")
