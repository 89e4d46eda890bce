"""The compliance report of a period: coverage and drift as they stand, what was judged and done in the period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import FieldError, Invalid, NotAllowed
from app.facts import Actor
from app.policy.coverage import Coverage
from app.policy.drift import Drift
from app.services.audit import record
from app.services.compliance_picture import Picture, Pictures
from app.services.conformance import Conformance
from app.services.deviations import READERS
from app.services.drift import Drifts
from app.services.kpis import Kpi, Kpis
from app.services.runtime import Runtime
from app.services.waivers import Waiver
from app.store.queries import compliance as rows
from app.store.unit_of_work import unit_of_work

LONGEST = timedelta(days=366 * 3)


@dataclass(frozen=True)
class ComplianceReport:
    """What a report is made of."""

    start: datetime  # aware; included
    end: datetime  # excluded, never later than now
    picture: Picture
    coverage: Mapping[str, int]  # disposition -> clauses
    open_links: Sequence[Coverage]  # missing, outside, or to be reviewed
    drift: Sequence[tuple[Drift, Waiver | None]]
    judged: Sequence[tuple[str, Mapping[str, int]]]  # clause -> kept, broken, pending
    kpis: Sequence[Kpi]
    moved: Mapping[str, Mapping[str, int]]  # kind -> found, closed in the period
    ageing: Mapping[str, int]
    standing: Mapping[tuple[str, str], int]
    unjudged: Mapping[str, str]  # clause -> why history can't tell


class ComplianceReports:
    """Puts reports together, and notes who took one."""

    def __init__(self, rt: Runtime, pictures: Pictures, drifts: Drifts, conformance: Conformance, kpis: Kpis) -> None:
        self._rt, self._pictures, self._drifts = rt, pictures, drifts
        self._conformance, self._kpis = conformance, kpis

    def of(self, start: datetime, end: datetime) -> ComplianceReport:
        """Return the report of [start, end), aware; raises Invalid for a period that is none, ahead or too long."""
        now = self._rt.clock.now()
        if not start < end or start >= now or end - start > LONGEST:
            raise Invalid([FieldError("from", "A period that has begun, of at most three years.",
                                      "应为已开始且不超过三年的期间。")])
        until, end, picture, held = end, min(end, now), self._pictures.now(), self._drifts.waivers.held()
        counts: dict[str, int] = {}
        for one in picture.coverage.values():
            counts[one.disposition] = counts.get(one.disposition, 0) + 1
        judged = rows.judged_between(start, end)
        order = {clause: place for place, clause in enumerate(picture.register.clauses)}
        return ComplianceReport(
            start, end, picture, counts,
            [one for one in picture.coverage.values()
             if one.disposition in ("outside", "missing") or one.needs_review],
            [(one, held.get(one.fingerprint)) for one in picture.drift],
            sorted(judged.items(), key=lambda row: order.get(row[0], len(order))),
            self._kpis.kept(start, until), rows.moved(start, end), rows.ageing(now), rows.standing(),
            self._conformance.monitors_at(now).unjudged)

    def taken(self, actor: Actor, form: str, start: datetime, end: datetime) -> None:
        """Note that the actor takes a report out as `form` (pdf or xlsx); raises NotAllowed."""
        if not actor.groups & READERS:
            raise NotAllowed("Your roles do not export compliance reports.", "您的角色无权导出合规报告。")
        with unit_of_work() as session:
            record(session, self._rt.clock.now(), actor.name, "compliance:report:exported", form, None,
                   {"from": start.isoformat(), "to": end.isoformat()})
