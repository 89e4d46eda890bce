"""Reviews of what carries the clauses out: who looked when, kept in the database, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed
from app.facts import Actor
from app.policy.coverage import Coverage, LinkChange, changes_since, is_overdue, seen_of, tree_mark
from app.services.audit import record
from app.services.coverage import DeployedCoverage, Judgement
from app.services.policies import EDITORS, Policies
from app.store import deviations as found_rows
from app.store.models import Deviation, ReviewStamp
from app.store.queries import reviews as rows
from app.store.unit_of_work import in_unit_of_work

MOST = 500  # clauses of one request


class Reviews:
    """Reading is everybody's who reads the coverage; stamping is compliance's."""

    def __init__(self, clock: Clock, policies: Policies, coverage: DeployedCoverage) -> None:
        self._clock, self._policies, self._coverage = clock, policies, coverage
        self._remembered: Judgement | None = None  # the one whose stamps were noted last

    def wanted(self) -> list[Coverage]:
        """Return what needs review, in the register's order."""
        return [one for one in self._coverage.now().clauses if one.needs_review]

    def changes(self, judged: Sequence[Coverage]) -> Mapping[str, list[LinkChange] | None]:
        """Return by clause what has changed since its review; None where no stamp tells what there was then."""
        seen, clauses = rows.seen_of([one.clause for one in judged]), self._policies.register_now().clauses
        return {one.clause: changes_since(seen[one.clause], clauses[one.clause], one.links)
                if one.clause in seen else None for one in judged}

    def stamp(self, looked_at: Mapping[str, str | None], actor: Actor) -> tuple[list[str], list[ChengnuoError]]:
        """Note that clauses were looked at: clause -> the digest that was shown, None for the one of now.

        Return the clauses that were stamped, in one transaction, and what was refused, each for itself: a clause that
        has changed while somebody looked, one that nothing carries out, one outside the system whose review date has
        passed. Raises NotAllowed, and Invalid for no clause, too many or an unknown one.
        """
        if not actor.groups & EDITORS:
            raise NotAllowed("Only compliance notes that links were reviewed.", "只有合规专员可以登记复核。")
        judged = {one.clause: one for one in self._coverage.now().clauses}
        unknown = next((clause for clause in looked_at if clause not in judged), None)
        if unknown is not None:
            raise Invalid([FieldError("clauses", f"There is no clause {unknown[:40]}.", f"没有条款 {unknown[:40]}。")])
        if not 0 < len(looked_at) <= MOST:
            raise Invalid([FieldError("clauses", f"Choose 1 to {MOST} clauses.", f"请选择 1 至 {MOST} 个条款。")])
        wrong = [error for clause, digest in looked_at.items()
                 if (error := self._refusal(judged[clause], digest)) is not None]
        refused = {str(error.detail["clause"]) for error in wrong}
        done = [judged[clause] for clause in looked_at if clause not in refused]
        if done:
            in_unit_of_work(lambda session: self._write(session, done, actor))
        return [one.clause for one in done], list(wrong)

    def _refusal(self, one: Coverage, digest: str | None) -> Conflict | None:
        if digest is not None and digest != one.digest:
            return Conflict(f"{one.clause} has changed again meanwhile: look at it once more.",
                            f"{one.clause} 在您查看期间又有变化，请重新查看。", clause=one.clause)
        if one.disposition == "missing":
            return Conflict(f"Nothing carries {one.clause} out.", f"{one.clause} 没有任何落实，无可复核。",
                            clause=one.clause)
        if is_overdue(one, self._policies.today()):
            return Conflict(f"The review date of {one.clause} has passed: propose a disposition with a new one.",
                            f"{one.clause} 的复核期限已过，请修订其落实方式并填写新的期限。", clause=one.clause)
        return None

    def _write(self, session: Session, done: Sequence[Coverage], actor: Actor) -> None:
        now, day, register = self._clock.now(), self._policies.today(), self._policies.register_now()
        for one in done:
            session.add(ReviewStamp(
                clause=one.clause, digest=one.digest, day=day, at=now, by=actor.name,
                over=tree_mark(register.dispositions.get(one.clause)),
                seen=seen_of(register.clauses[one.clause], one.links)))
            record(session, now, actor.name, "compliance:review:stamped", one.clause, None,
                   {"digest": one.digest, "disposition": one.disposition})
        session.flush()
        _settle(session, [one.clause for one in done], now)

    def remember(self) -> int:
        """Note what the tree's own stamps stand for where they hold, so that a later change can be told; return how
        many were noted. Nothing is noted twice.
        """
        judged, register = self._coverage.now(), self._policies.register_now()
        if self._remembered is judged:
            return 0
        stamps = self._coverage.stamps()
        new = [one for one in judged.clauses
               if (declared := register.dispositions.get(one.clause)) is not None and declared.digest == one.digest
               and (one.clause not in stamps or stamps[one.clause].over != tree_mark(declared))]
        if new:
            in_unit_of_work(lambda session: session.add_all(
                ReviewStamp(clause=one.clause, digest=one.digest, day=one.reviewed_on, at=self._clock.now(),
                            by=one.reviewed_by or "", over=tree_mark(register.dispositions[one.clause]),
                            seen=seen_of(register.clauses[one.clause], one.links)) for one in new))
        self._remembered = judged
        return len(new)


def _settle(session: Session, clauses: Sequence[str], now: datetime) -> None:
    """Close the deviations that asked for these reviews, with the stamp that answers them."""
    query = select(Deviation).where(Deviation.kind == found_rows.REVIEW, Deviation.clause.in_(clauses),
                                    Deviation.state != found_rows.CLOSED)
    found_rows.reconcile(session, session.scalars(query).all(), (), now)
