"""Deviations: found by judging and comparing, then assigned, explained, corrected, waived for a time, closed.

Each verb is one transaction that checks who acts and where the deviation stands, and is written down in its notes and
in the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.policy.coverage import Coverage
from app.policy.drift import Drift
from app.services import audit, step
from app.services.compliance_picture import Picture, Pictures
from app.services.drift import Drifts
from app.services.runtime import Runtime
from app.store import deviations as rows
from app.store.deviations import ASSIGNED, CLOSED, CORRECTING, EXPLAINED, LIVE, OPEN, SYSTEM, WAIVED
from app.store.models import Case, Deviation, History, Instance, Notification, User, Verdict
from app.store.unit_of_work import in_unit_of_work

READERS = frozenset({"compliance", "manager", "director", "general_manager", "general_affairs"})
KEEPERS = frozenset({"compliance", "director", "general_manager"})  # who answers for what becomes of a deviation
EXPLAINERS = KEEPERS | {"manager"}  # besides its owner
SHORTEST, LONGEST = 5, 2000  # characters of an explanation or a reason
FURTHEST = timedelta(days=366)
RECTIFICATION = "rectification"
VERIFIED = "end_done"  # the end that a rectification reaches only when its effect was verified (E-2.2.13)
# Verb -> the states in which it may be done.
VERBS: Mapping[str, frozenset[str]] = {
    "assign": frozenset({OPEN, ASSIGNED, EXPLAINED, CORRECTING}),
    "explain": frozenset({OPEN, ASSIGNED, EXPLAINED, CORRECTING}),
    "correct": frozenset({OPEN, ASSIGNED, EXPLAINED}),
    "waive": frozenset({OPEN, ASSIGNED, EXPLAINED}),
    "close": frozenset(LIVE),
    "reopen": frozenset({CLOSED, WAIVED}),
}
Work = Callable[[Session, Deviation, datetime], Mapping[str, Any]]


class Deviations:
    """What deviates from the policy, and what is done about it."""

    def __init__(self, rt: Runtime, pictures: Pictures, drifts: Drifts) -> None:
        self._rt, self._pictures, self._drifts = rt, pictures, drifts

    # ---- finding

    def sweep(self) -> int:
        """Take in drift and links to review as they are now, settle what was corrected, and end waivers whose time has
        come; return how many.
        """
        picture, now = self._pictures.now(), self._rt.clock.now()
        session = self._rt.session()
        stirred = self._missing(session, picture, now) or self._ended(session, now) or self._corrected(session)
        session.rollback()
        if not stirred:
            return 0
        return in_unit_of_work(lambda writing: self._take(writing, picture, now) + self._end_waivers(writing, now)
                               + self._settle_corrected(writing, now))

    def _missing(self, session: Session, picture: Picture, now: datetime) -> bool:
        query = select(Deviation.key, Deviation.gone_at, Deviation.state).where(Deviation.kind.in_(("drift", "review")))
        known = {row.key: row for row in session.execute(query)}
        found = {row["key"]: row["state"] for row in self._found(picture, now)}
        return (any(key not in known or known[key].gone_at is not None for key in found)
                or any(key not in found and row.gone_at is None for key, row in known.items())
                or any(state == WAIVED and known[key].state in (OPEN, ASSIGNED, EXPLAINED)
                       for key, state in found.items()))

    def _found(self, picture: Picture, now: datetime) -> list[dict[str, Any]]:
        held = self._drifts.waivers.held()
        found = []
        for one in picture.drift:
            waiver = held.get(one.fingerprint)
            found.append({**_drift_row(one, picture, now), "state": WAIVED if waiver else OPEN,
                          "waived_until": waiver.valid_until if waiver else None,
                          "waived_by": waiver.waived_by if waiver else None})
        return found + [{**_review_row(one, now), "state": OPEN, "waived_until": None, "waived_by": None}
                        for one in picture.coverage.values() if one.needs_review]

    def _take(self, session: Session, picture: Picture, now: datetime) -> int:
        found = {row["key"]: row for row in self._found(picture, now)}
        query = select(Deviation).where(Deviation.kind.in_(("drift", "review")))
        known = session.scalars(query).all()
        rows.reconcile(session, known, found.keys(), now)
        for row in known:  # waived on the command line or at a deployment
            told = found.get(row.key)
            if told is not None and told["state"] == WAIVED and row.state in (OPEN, ASSIGNED, EXPLAINED):
                row.state, row.waived_until, row.waived_by = WAIVED, told["waived_until"], told["waived_by"]
                rows.note(session, row.id, now, str(told["waived_by"]), "waive")
        session.flush()
        rows.insert_new(session, list(found.values()))
        return len(found)

    @staticmethod
    def _ended(session: Session, now: datetime) -> Sequence[Deviation]:
        query = select(Deviation).where(Deviation.state == WAIVED, Deviation.waived_until <= now)
        return session.scalars(query).all()

    def _end_waivers(self, session: Session, now: datetime) -> int:
        found = self._ended(session, now)
        for row in found:
            row.state = ASSIGNED if row.owner else OPEN
            rows.note(session, row.id, now, SYSTEM, "waiver_ended")
            audit.record(session, now, SYSTEM, "compliance:deviation:waiver_ended", str(row.id), row.case_id)
        session.flush()
        return len(found)

    @staticmethod
    def _corrected(session: Session) -> Sequence[int]:
        """Return the deviations whose rectification has ended."""
        query = (select(Deviation.id).join(Instance, Instance.id == Deviation.instance_id)
                 .where(Deviation.kind == rows.BREACH, Deviation.state != CLOSED,  # as the index has it
                        Deviation.state == CORRECTING, Instance.state.in_(("completed", "cancelled"))))
        return session.scalars(query.order_by(Deviation.id)).all()

    def _settle_corrected(self, session: Session, now: datetime) -> int:
        """Close what was put right and verified; give the rest back to its owner."""
        found = self._corrected(session)
        for deviation_id in found:
            row = _locked(session, deviation_id)
            if row is None or row.state != CORRECTING:
                continue  # somebody was quicker
            verb = "verified" if self._is_verified(session, row.instance_id) else "unverified"
            if verb == "verified":
                row.state, row.closed_at, row.closed_by, row.closed_why = CLOSED, now, SYSTEM, rows.VERIFIED_ZH
            else:
                row.state = ASSIGNED if row.owner else OPEN
                user = session.scalars(select(User).where(User.username == row.owner, User.active)).first()
                if user is not None:
                    session.add(_returned(row, user.id, now))
            detail = {"instance": row.instance_id, "from": CORRECTING, "to_state": row.state}
            rows.note(session, row.id, now, SYSTEM, verb, detail=detail)
            audit.record(session, now, SYSTEM, f"compliance:deviation:{verb}", str(row.id), row.case_id,
                         {"clause": row.clause, **detail})
        session.flush()
        return len(found)

    @staticmethod
    def _is_verified(session: Session, instance_id: str | None) -> bool:
        """Return whether a rectification reached its good end; a report of being late may end after it."""
        query = select(History.seq).where(History.instance_id == instance_id, History.element_id == VERIFIED,
                                          History.transition == "completed")
        state = session.scalar(select(Instance.state).where(Instance.id == instance_id))
        return state == "completed" and session.scalars(query.limit(1)).first() is not None

    # ---- who may do what

    def may_read(self, row: Deviation, actor: Actor) -> bool:
        """Return whether the actor may read a deviation: who keeps watch, and whoever has to explain it."""
        return bool(actor.groups & READERS) or (row.owner is not None and row.owner == actor.name)

    def verbs(self, row: Deviation, actor: Actor) -> frozenset[str]:
        """Return what the actor may do with a deviation as it stands."""
        allowed = {verb for verb, states in VERBS.items() if row.state in states and self._is_for(verb, row, actor)}
        if row.kind != rows.BREACH:  # closes by itself once it is found no more; until then it can only be waived
            allowed -= {"correct", "close"} | ({"reopen"} if row.state == CLOSED else set())
        if row.kind == rows.REVIEW:
            allowed.discard("waive")
        return frozenset(allowed)

    def get(self, deviation_id: int, actor: Actor) -> Deviation:
        """Return a deviation; raises NotFound where there is none or the actor may not read it."""
        row = self._rt.session().get(Deviation, deviation_id, populate_existing=True)
        if row is None or not self.may_read(row, actor):
            raise NotFound("There is no such deviation.", "没有这项偏差。")
        return row

    @staticmethod
    def _is_for(verb: str, row: Deviation, actor: Actor) -> bool:
        if actor.user_id is None:
            return False
        if verb == "explain":
            return bool(actor.groups & EXPLAINERS) or row.owner == actor.name
        return bool(actor.groups & KEEPERS)

    # ---- verbs

    def assign(self, deviation_id: int, actor: Actor, to: str, until: str = "") -> None:
        """Give a deviation to a user by name, to answer until the end of a day; raises Invalid and what verbs raise."""
        due = self._day(until, "until") if until.strip() else None

        def work(session: Session, row: Deviation, now: datetime) -> Mapping[str, Any]:
            user = session.scalars(select(User).where(User.username == to, User.active)).first()
            if user is None:
                raise Invalid([FieldError("to", "Choose who is to answer.", "请选择负责人。")])
            row.owner, row.due_at = user.username, due
            if row.state == OPEN:
                row.state = ASSIGNED
            session.add(_told(row, user.id, now))
            return {"to": to, "until": due.isoformat() if due else None}

        self._do("assign", deviation_id, actor, work)

    def assign_all(self, ids: Iterable[int], actor: Actor, to: str, until: str = "") -> tuple[int, list[ChengnuoError]]:
        """Assign several; return how many, and what was refused, each for itself."""
        done, refused = 0, list[ChengnuoError]()
        for deviation_id in ids:
            try:
                self.assign(deviation_id, actor, to, until)
                done += 1
            except (NotFound, Conflict) as error:
                refused.append(error)
        return done, refused

    def explain(self, deviation_id: int, actor: Actor, text: str) -> None:
        """Say why it came to the deviation; raises Invalid and what verbs raise."""
        said = _reason("explanation", text)

        def work(_session: Session, row: Deviation, _now: datetime) -> Mapping[str, Any]:
            row.explanation, row.explained_by = said, actor.name
            if row.state in (OPEN, ASSIGNED):
                row.state = EXPLAINED
            return {}

        self._do("explain", deviation_id, actor, work, said)

    def correct(self, deviation_id: int, actor: Actor, problem: str) -> str:
        """Start a rectification for a breach, beside its case where it has one; return the instance."""
        said = _reason("problem", problem)

        def work(session: Session, row: Deviation, now: datetime) -> Mapping[str, Any]:
            case = session.get(Case, row.case_id) if row.case_id else None
            variables: dict[str, Any] = {
                "reason": "policy_breach", "milestone": row.clause, "problem": said, "report": None,
                "identified_at": now.isoformat(), "opinion_number": None, "repeat_customers": [],
                "product_model": case.product_model if case else None,
                "complaint_type": case.complaint_type if case else None}
            row.instance_id = step.start(self._rt, session, RECTIFICATION, variables, actor, case=case)
            row.state = CORRECTING
            return {"instance": row.instance_id}

        self._do("correct", deviation_id, actor, work, said)
        return str(self.get(deviation_id, actor).instance_id)

    def waive(self, deviation_id: int, actor: Actor, reason: str, until: str) -> None:
        """Let a deviation stand until the end of a day, for a reason; raises Invalid and what verbs raise.

        Four eyes: nobody waives what is theirs to explain, what they have explained, or what they did themselves.
        """
        said, end = _reason("reason", reason), self._day(until, "until")

        def work(session: Session, row: Deviation, _now: datetime) -> Mapping[str, Any]:
            if actor.name in {row.owner, row.explained_by, *self._doers(session, row)}:
                raise NotAllowed("Somebody else has to waive this: you own it, explained it or took part in it.",
                                 "豁免须由他人决定：您是该偏差的负责人、说明人或当事人。")
            if row.kind == rows.DRIFT:
                self._drifts.waive(row.key.partition(":")[2], actor, said, until)
            row.state, row.waived_until, row.waived_by = WAIVED, end, actor.name
            return {"until": end.isoformat()}

        self._do("waive", deviation_id, actor, work, said)

    def close(self, deviation_id: int, actor: Actor, reason: str) -> None:
        """Close a deviation for a reason; raises Conflict while its rectification runs, and what verbs raise."""
        said = _reason("reason", reason)

        def work(session: Session, row: Deviation, now: datetime) -> Mapping[str, Any]:
            instance = session.get(Instance, row.instance_id) if row.instance_id else None
            if instance is not None and instance.state in ("active", "suspended"):
                raise Conflict("The rectification is still running.", "整改尚未完成，不能结案。")
            row.state, row.closed_at, row.closed_by, row.closed_why = CLOSED, now, actor.name, said
            return {}

        self._do("close", deviation_id, actor, work, said)

    def reopen(self, deviation_id: int, actor: Actor, reason: str) -> None:
        """Open what was closed or waived; a waiver of drift ends with it; raises what verbs raise."""
        said = _reason("reason", reason)

        def work(_session: Session, row: Deviation, _now: datetime) -> Mapping[str, Any]:
            if row.state == WAIVED and row.kind == rows.DRIFT:
                held = self._drifts.waivers.held().get(row.key.partition(":")[2])
                if held is not None:
                    self._drifts.waivers.end(held.id, actor)
            row.state = ASSIGNED if row.owner else OPEN
            row.closed_at, row.closed_by, row.closed_why = None, None, ""
            row.waived_until, row.waived_by = None, None
            return {}

        self._do("reopen", deviation_id, actor, work, said)

    # ---- inner

    def _do(self, verb: str, deviation_id: int, actor: Actor, work: Work, text: str = "") -> None:
        """Do one verb in one transaction; raises NotFound, NotAllowed, Conflict where the state forbids it."""

        def run(session: Session) -> None:
            row = _locked(session, deviation_id)
            if row is None or not self.may_read(row, actor):
                raise NotFound("There is no such deviation.", "没有这项偏差。")
            if not self._is_for(verb, row, actor):
                raise NotAllowed("Your roles do not allow this.", "您的角色无权进行此操作。")
            if verb not in self.verbs(row, actor):
                raise Conflict("The deviation stands where this can't be done.", "偏差当前的状态不允许此操作。",
                               state=row.state)
            now, before = self._rt.clock.now(), row.state
            detail = {**work(session, row, now), "from": before, "to_state": row.state}
            session.flush()
            rows.note(session, row.id, now, actor.name, verb, text, detail)
            audit.record(session, now, actor.name, f"compliance:deviation:{verb}", str(row.id), row.case_id,
                         {"clause": row.clause, "kind": row.kind, "text": text, **detail})

        in_unit_of_work(run)

    def _day(self, text: str, field: str) -> datetime:
        """Return the end of a day in the company's zone; raises Invalid for what is none or not ahead."""
        end, now = self._drifts.waivers.end_of(text), self._rt.clock.now()
        if not now < end <= now + FURTHEST:
            raise Invalid([FieldError(field, "A day from today on, at most a year ahead.",
                                      "日期须不早于今天，且不超过一年。")])
        return end

    @staticmethod
    def _doers(session: Session, row: Deviation) -> set[str]:
        """Return who did what the breach rests on."""
        if row.subject is None:
            return set()
        verdict = session.get(Verdict, (row.subject, row.clause, row.period))
        told = verdict.evidence if verdict is not None else []
        events = (one.get(side) for one in told for side in ("from", "by"))
        return {str(event["actor"]) for event in events if isinstance(event, Mapping) and event.get("actor")}


def _locked(session: Session, deviation_id: int) -> Deviation | None:
    query = select(Deviation).where(Deviation.id == deviation_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _reason(field: str, text: str) -> str:
    said = text.strip()
    if not SHORTEST <= len(said) <= LONGEST:
        raise Invalid([FieldError(field, f"{SHORTEST} to {LONGEST} characters are needed.",
                                  f"请填写 {SHORTEST} 至 {LONGEST} 字。")])
    return said


def _told(row: Deviation, user_id: int, now: datetime) -> Notification:
    return _bell("explain", row, user_id, now, f"请说明偏差 {row.id}：条款 {row.clause}",
                 f"Please explain deviation {row.id}: {row.clause}")


def _returned(row: Deviation, user_id: int, now: datetime) -> Notification:
    return _bell("returned", row, user_id, now, f"偏差 {row.id}（条款 {row.clause}）的整改未达标即结束，请继续处理",
                 f"The rectification of deviation {row.id} ({row.clause}) ended without success: please go on")


def _bell(what: str, row: Deviation, user_id: int, now: datetime, zh: str, en: str) -> Notification:
    return Notification(user_id=user_id, key=f"deviation:{row.id}:{what}:{now.isoformat()}:{user_id}",
                        kind="deviation", case_id=row.case_id, title_zh=zh, title_en=en, body_zh="", body_en="", at=now)


def _drift_row(one: Drift, picture: Picture, now: datetime) -> dict[str, Any]:
    clause = picture.register.clauses.get(one.clause)
    return {"key": f"{rows.DRIFT}:{one.fingerprint}", "kind": rows.DRIFT, "clause": one.clause,
            "obligation": clause.obligation if clause is not None else "must", "subject": None, "case_id": None,
            "place": one.where, "since": now, "found_at": now,
            "found": {"zh": one.zh, "en": one.en, "verdict": one.verdict, "severity": one.severity,
                      "policy": one.policy, "process": one.process}}


def _review_row(one: Coverage, now: datetime) -> dict[str, Any]:
    return {"key": f"{rows.REVIEW}:{one.clause}:{one.digest}", "kind": rows.REVIEW, "clause": one.clause,
            "obligation": one.obligation, "subject": None, "case_id": None, "place": ", ".join(one.where)[:300],
            "since": now, "found_at": now, "found": {"disposition": one.disposition}}
