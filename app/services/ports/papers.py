"""The numbered papers of a case: opened, filled, sealed and handed out in copies (B21-2, B21-4-1-2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.errors import StepFailed
from app.services.audit import record
from app.services.ports.numbers import NumberDesk
from app.store import papers as rows
from app.store.models import Case, Document

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Kinds that are one paper to the office: whoever closes "the opinion" means the supplement of the round, too.
FAMILIES = (("opinion", "opinion_supplement"), ("escalation", "escalation_approval"),
            ("assessment", "assessment_decision"))
FAMILY = {kind: family for family in FAMILIES for kind in family}


class PaperDesk:
    """The papers of one case in the step's transaction: `app.handling.Papers`."""

    def __init__(self, session: Session, case: Case, now: datetime, numbers: NumberDesk, by: str) -> None:
        self._session, self._case, self._now, self._numbers, self._by = session, case, now, numbers, by

    def open(self, kind: str, *, copies: int, number: str | None = None, data: Mapping[str, Any] | None = None,
             prefilled: bool = False, approved_by: str | None = None) -> str:
        """Open a paper and return its number; one of that kind that is open already is used on.

        A paper that adds to a sealed opinion names it (K24). Raises StepFailed for a number that another paper has, or
        for fewer than one copy.
        """
        if copies < 1:
            raise StepFailed(f"{kind} needs at least one copy.", f"{kind} 至少一份。")
        family = FAMILY.get(kind, (kind,))
        present = rows.of_case(self._session, self._case.id, family, "open")
        present = [paper for paper in present if number is None or paper.number == number]
        if present:
            return present[0].number
        if number is not None and rows.by_number(self._session, number) is not None:
            raise StepFailed(f"There is a paper {number} already.", f"编号 {number} 已被使用。")
        sealed = rows.of_case(self._session, self._case.id, family, "closed") if "opinion" in family else []
        paper = rows.add(self._session, Document(
            case_id=self._case.id, kind=kind, number=number or self._numbers.next(kind), state="open", copies=copies,
            data=dict(data or {}), prefilled=prefilled, approved_by=approved_by,
            supplements=sealed[-1].number if sealed else None, opened_at=self._now))
        self._note("opened", paper.number, kind=kind, copies=copies)
        return paper.number

    def fill(self, kind: str, data: Mapping[str, Any]) -> str | None:
        """Write into the case's open paper of that kind; return its number, None where there is none."""
        present = rows.of_case(self._session, self._case.id, FAMILY.get(kind, (kind,)), "open")
        if not present:
            return None
        present[0].data = {**present[0].data, **data}
        return present[0].number

    def close(self, kind: str, *, number: str | None = None, recipients: Sequence[str] = (),
              reason: str | None = None) -> str | None:
        """Seal the paper and hand its copies out; return its number, None where the case has no such open paper.

        Raises StepFailed when there are more recipients than copies.
        """
        self._session.flush()
        for paper in rows.of_case(self._session, self._case.id, FAMILY.get(kind, (kind,)), "open"):
            if number is not None and paper.number != number:
                continue
            if len(recipients) > paper.copies:
                raise StepFailed(f"{paper.number} has {paper.copies} copies for {len(recipients)} recipients.",
                                 f"{paper.number} 共 {paper.copies} 份，不够分发给 {len(recipients)} 方。")
            if rows.seal(self._session, paper, recipients, reason, self._now):
                self._note("sealed", paper.number, kind=paper.kind, recipients=list(recipients), reason=reason)
                return paper.number
        return None

    def _note(self, verb: str, number: str, **detail: Any) -> None:
        record(self._session, self._now, self._by, f"case:paper:{verb}", number, self._case.id, detail)
