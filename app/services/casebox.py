"""Everything that one unit of work holds about one case: its row, clocks, papers and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.facts import CaseFacts, DecisionResult, Period
from app.services.ports.desk import CaseDeskPort
from app.services.ports.numbers import NumberDesk
from app.services.ports.papers import PaperDesk
from app.services.runtime import Runtime
from app.services.sla import CaseClocks
from app.store.models import Case
from app.store.records import case_facts
from app.work_calendar import WorkCalendar

FACTS = tuple(field.name for field in fields(CaseFacts) if field.name not in {"extra", "flags"})


class Facts(dict[str, Any]):
    """Facts of a case: what nobody has told yet is null, not an error (forms add facts as the case goes on)."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> None:
        return None


class CaseBox:
    """A case inside a unit of work; linked instances that are started in it share the box."""

    def __init__(self, rt: Runtime, session: Session, case: Case, now: datetime, by: str, definition_id: int) -> None:
        self.rt, self.session, self.case, self.now, self.by = rt, session, case, now, by
        self.definition_id = definition_id

    @cached_property
    def clocks(self) -> CaseClocks:
        """The case's milestones."""
        return CaseClocks(self.session, self.case, self.now, decide=self.decide, calendar=self.calendar,
                          limits=self.limits, by=self.by, profile=self.profile)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The company's calendar, read once for the unit of work."""
        return self.rt.calendar()

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """The policy's switches, read once for the unit of work."""
        return dict(self.rt.profile())

    def limits(self) -> Mapping[str, Period]:
        """Return each clause's own figure, as the policy said when the case was registered."""
        return self.rt.register_on(self.case.registered_at).limits

    @cached_property
    def numbers(self) -> NumberDesk:
        """The number sequences."""
        return NumberDesk(self.session, self.now, self.rt.zone)

    @cached_property
    def papers(self) -> PaperDesk:
        """The case's papers."""
        return PaperDesk(self.session, self.case, self.now, self.numbers, self.by)

    @cached_property
    def desk(self) -> CaseDeskPort:
        """Changes to the case record."""
        return CaseDeskPort(self.session, self.case, self.now, self.by)

    def facts(self) -> CaseFacts:
        """Return the facts as they are now."""
        return case_facts(self.case)

    def context(self) -> dict[str, Any]:
        """Return what diagrams and forms read as `case`."""
        case = self.facts()
        known = {name: getattr(case, name) for name in FACTS}
        return Facts(
            {**case.extra, **known, "flags": sorted(case.flags), "complaint_type": self.case.complaint_type}
        )

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> DecisionResult:
        """Evaluate a decision of the version that the case runs on."""
        return self.rt.library.decide(self.definition_id, decision_id, context)
