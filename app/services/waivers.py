"""Waivers of drift: a named person answers for a deviation from the policy, with a reason, until a date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import Clock, as_utc
from app.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.policy.drift import Drift
from app.services import audit
from app.store.models import DriftWaiver
from app.store.unit_of_work import in_unit_of_work, reading

WAIVERS = frozenset({"compliance", "director", "general_manager", "admin"})  # who may answer for a deviation
LONGEST = timedelta(days=366)
SHORTEST_REASON, LONGEST_REASON = 5, 2000  # characters


@dataclass(frozen=True)
class Waiver:
    """One waiver as pages and commands show it."""

    id: int
    fingerprint: str
    clause: str
    place: str
    verdict: str
    policy: str
    process: str
    reason: str
    waived_by: str
    waived_at: datetime
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None
    ended_by: str | None

    def holds(self, at: datetime) -> bool:
        """True while the deviation is waived."""
        return self.ended_at is None and self.valid_from <= at < self.valid_until


class Waivers:
    """Grants, ends and applies waivers."""

    def __init__(self, clock: Clock, zone: str) -> None:
        self._clock, self._zone = clock, ZoneInfo(zone)

    def end_of(self, text: str) -> datetime:
        """Return the moment that a day of the company's zone ends, or the one given with an offset; raises Invalid."""
        try:
            if len(text.strip()) == len("2026-01-01"):
                day = date.fromisoformat(text.strip()) + timedelta(days=1)
                return datetime.combine(day, time(), self._zone).astimezone(UTC)
            return as_utc(datetime.fromisoformat(text.strip()))
        except (ValueError, OverflowError) as error:
            raise Invalid([FieldError("until", "A date such as 2026-06-30 is expected.", "请填写日期，如 2026-06-30。")]
                          ) from error  # fmt: skip

    def waive(self, drift: Drift, actor: Actor, reason: str, until: datetime) -> Waiver:
        """Waive a deviation until a moment (aware); raises NotAllowed, Invalid, Conflict when it is waived already."""
        if actor.user_id is None or not actor.groups & WAIVERS:
            raise NotAllowed("Only a person of compliance or the management may waive a deviation.",
                             "只有合规人员或管理层的具名人员可以豁免偏离。")  # fmt: skip
        now = self._clock.now()
        _check(reason, until, now)
        return in_unit_of_work(lambda session: self._store(session, drift, actor, reason.strip(), until, now))

    def end(self, waiver_id: int, actor: Actor) -> None:
        """Take a waiver back before its time; raises NotAllowed, NotFound, Conflict when it is over already."""
        if actor.user_id is None or not actor.groups & WAIVERS:
            raise NotAllowed("You may not end a waiver.", "您无权终止豁免。")
        now = self._clock.now()

        def finish(session: Session) -> None:
            if session.get(DriftWaiver, waiver_id) is None:
                raise NotFound(f"No waiver {waiver_id}", f"没有豁免 {waiver_id}")
            changed = session.execute(
                update(DriftWaiver)
                .where(DriftWaiver.id == waiver_id, DriftWaiver.ended_at.is_(None), DriftWaiver.valid_until > now)
                .values(ended_at=now, ended_by=actor.name)
                .returning(DriftWaiver.id)
            ).first()
            if changed is None:
                raise Conflict("The waiver is over already.", "该豁免已经结束。")
            audit.record(session, now, actor.name, "compliance:drift_waiver:end", str(waiver_id))

        in_unit_of_work(finish)

    def held(self) -> Mapping[str, Waiver]:
        """Return the waivers that hold now, by the fingerprint of their deviation."""
        now = self._clock.now()
        query = select(DriftWaiver).where(DriftWaiver.valid_until > now, DriftWaiver.ended_at.is_(None))
        return {one.fingerprint: one for row in reading().execute(query).scalars() if (one := _waiver(row)).holds(now)}

    def ending(self, within: timedelta) -> list[Waiver]:
        """Return the waivers that end within a span from now, the next first."""
        last = self._clock.now() + within
        return sorted((one for one in self.held().values() if one.valid_until <= last), key=lambda one: one.valid_until)

    def listed(self, limit: int = 50, before: int | None = None) -> Sequence[Waiver]:
        """Return waivers of all times, the newest first; `before` is the id of the last one of the page before."""
        query = select(DriftWaiver).order_by(DriftWaiver.id.desc()).limit(limit)
        if before is not None:
            query = query.where(DriftWaiver.id < before)
        return [_waiver(row) for row in reading().execute(query).scalars()]

    def open(self, found: Iterable[Drift]) -> list[Drift]:
        """Return the deviations that nobody waives now."""
        held = self.held()
        return [one for one in found if one.fingerprint not in held]

    def _store(self, session: Session, drift: Drift, actor: Actor, reason: str, until: datetime,
               now: datetime) -> Waiver:
        if drift.fingerprint in self.held():
            raise Conflict("This deviation is waived already.", "该偏离已有有效豁免。")
        row = DriftWaiver(
            fingerprint=drift.fingerprint, clause=drift.clause, place=drift.where, verdict=drift.verdict,
            policy=drift.policy, process=drift.process, reason=reason, waived_by=actor.name, waived_at=now,
            valid_from=now, valid_until=until)  # fmt: skip
        session.add(row)
        session.flush()
        audit.record(session, now, actor.name, "compliance:drift_waiver:grant", str(row.id), None, {
            "clause": drift.clause, "where": drift.where, "verdict": drift.verdict, "policy": drift.policy,
            "process": drift.process, "reason": reason, "until": until.isoformat()})  # fmt: skip
        return _waiver(row)


def _check(reason: str, until: datetime, now: datetime) -> None:
    wrong = []
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        wrong.append(FieldError("reason", f"A reason of {SHORTEST_REASON} to {LONGEST_REASON} characters is needed.",
                                f"请填写 {SHORTEST_REASON} 至 {LONGEST_REASON} 字的理由。"))  # fmt: skip
    if until.tzinfo is None or not now < until <= now + LONGEST:
        wrong.append(FieldError("until", "The end lies in the future, at most a year from now.",
                                "截止时间须在将来，且不超过一年。"))  # fmt: skip
    if wrong:
        raise Invalid(wrong)


def _waiver(row: DriftWaiver) -> Waiver:
    return Waiver(**{name: getattr(row, name) for name in Waiver.__dataclass_fields__})
