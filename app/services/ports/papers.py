"""The numbered papers of a case: opened, filled, sealed and handed out in copies (B21-2, B21-4-1-2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.errors import StepFailed
from app.facts import PaperFacts
from app.services.audit import record
from app.services.ports.numbers import NumberDesk
from app.store import papers as rows
from app.store.models import Case, Document

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Kinds that are one paper to the office: whoever closes "the opinion" means the supplement of the round, too.
FAMILIES = (("opinion", "opinion_supplement"), ("escalation", "escalation_approval"),
            ("assessment", "assessment_decision"))
SIGNED = "signed"  # what of a paper's content holds who signed it
FAMILY = {kind: family for family in FAMILIES for kind in family}


def signatures(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return who signed a paper inside the product; a form of the paper may have a question of the same name."""
    given = data.get(SIGNED)
    return given if isinstance(given, list) else []


def _of_one_opinion(paper: Document, data: Mapping[str, Any]) -> bool:
    """Whether a paper may be the one that `data` is for: two opinions of a case are assessed side by side (B21-6-1)."""
    one, other = (given.get("opinion") or given.get("opinion_no") for given in (paper.data or {}, data))
    return one is None or other is None or one == other


class PaperDesk:
    """The papers of one case in the step's transaction: `app.handling.Papers`."""

    def __init__(self, session: Session, case: Case | None, now: datetime, numbers: NumberDesk, by: str) -> None:
        self._session, self._now, self._numbers, self._by = session, now, numbers, by
        self._case_id = case.id if case is not None else None  # a report or a rectification may stand alone
        self._case_number = case.number if case is not None else None

    def open(self, kind: str, *, copies: int, number: str | None = None, data: Mapping[str, Any] | None = None,
             prefilled: bool = False, approved_by: str | None = None) -> str:
        """Open a paper and return its number; one of that kind that is open already is used on, in copies enough.

        A paper that adds to a sealed opinion names it (K24). Raises StepFailed for a number that another paper has, or
        for fewer than one copy.
        """
        if copies < 1:
            raise StepFailed(f"{kind} needs at least one copy.", f"{kind} 至少一份。")
        family = FAMILY.get(kind, (kind,))
        present = rows.of_case(self._session, self._case_id, family, "open")
        present = [paper for paper in present
                   if paper.number == number or (number is None and self._case_id is not None
                                                 and _of_one_opinion(paper, data or {}))]
        if present:
            rows.allow_copies(self._session, present[0], copies)
            return present[0].number
        if number is not None and rows.by_number(self._session, number) is not None:
            raise StepFailed(f"There is a paper {number} already.", f"编号 {number} 已被使用。")
        sealed = rows.of_case(self._session, self._case_id, family, "closed") if "opinion" in family else []
        paper = rows.add(self._session, Document(
            case_id=self._case_id, kind=kind, number=number or self._numbers.next(kind), state="open", copies=copies,
            data=dict(data or {}), prefilled=prefilled, approved_by=approved_by,
            supplements=sealed[-1].number if sealed else None, opened_at=self._now))
        self._note("opened", paper.number, kind=kind, copies=copies)
        return paper.number

    def fill(self, kind: str, data: Mapping[str, Any]) -> str | None:
        """Write into the case's open paper of that kind; return its number, None where there is none."""
        present = [paper for paper in rows.of_case(self._session, self._case_id, FAMILY.get(kind, (kind,)), "open")
                   if _of_one_opinion(paper, data)]
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
        for paper in rows.of_case(self._session, self._case_id, FAMILY.get(kind, (kind,)), "open"):
            if number is not None and paper.number != number:
                continue
            if len(recipients) > paper.copies:
                raise StepFailed(f"{paper.number} has {paper.copies} copies for {len(recipients)} recipients.",
                                 f"{paper.number} 共 {paper.copies} 份，不够分发给 {len(recipients)} 方。")
            if rows.seal(self._session, paper, recipients, reason, self._now):
                self._note("sealed", paper.number, kind=paper.kind, recipients=list(recipients), reason=reason)
                return paper.number
        return None

    def look(self, number: str) -> PaperFacts | None:
        """Return the case's paper with that number as it is now, or None: what a gate asks."""
        self._session.flush()
        paper = rows.by_number(self._session, number)
        if paper is None or self._case_id not in (None, paper.case_id):
            return None
        holders = tuple(copy.recipient for copy in rows.copies_of(self._session, paper.id))
        signed = frozenset(str(entry["role"]) for entry in signatures(paper.data))
        return PaperFacts(paper.kind, paper.number, paper.state, dict(paper.data), holders, signed, paper.reason)

    def newest(self, kind: str, state: str) -> PaperFacts | None:
        """Return the case's newest paper of a kind in a state, or None."""
        found = rows.of_case(self._session, self._case_id, FAMILY.get(kind, (kind,)), state)
        return self.look(found[0].number) if found else None

    def sign(self, number: str, role: str, name: str | None = None) -> None:
        """Note on an open paper of the case that a group has signed it; raises StepFailed where there is none."""
        paper = rows.by_number(self._session, number)
        if paper is None or paper.case_id != self._case_id or paper.state != "open":
            raise _none_open(number)
        entry = {"role": role, "name": name, "at": self._now.isoformat()}
        paper.data = {**paper.data, SIGNED: [*signatures(paper.data), entry]}
        self._note("signed", number, role=role, name=name)

    def void(self, kind: str, reason: str) -> str | None:
        """Cancel the case's open paper of that kind; return its number, None where there is none. It keeps it."""
        for paper in rows.of_case(self._session, self._case_id, FAMILY.get(kind, (kind,)), "open"):
            paper.state, paper.reason, paper.closed_at = "void", reason, self._now
            self._note("voided", paper.number, kind=kind, reason=reason)
            return paper.number
        return None

    def annex(self, number: str | None, kind: str, data: Mapping[str, Any]) -> str:
        """Add a numbered, sealed annex to a sealed paper of the case (K24), else to the case; return its number.

        Raises StepFailed for a paper that is not sealed, or is another case's.
        """
        paper = rows.by_number(self._session, number) if number else None
        if number and (paper is None or paper.case_id != self._case_id or paper.state != "closed"):
            raise StepFailed(f"{number} is no sealed paper of this case (B21-7-6a).",
                             f"{number} 不是本案已结案的单据（B21-7-6a）。", clauses=["B21-7-6a"])
        base = number or self._case_number or ""
        annexes = rows.annexes_of(self._session, base)
        annex = rows.add(self._session, Document(
            case_id=self._case_id, kind="annex", number=f"{base}-F{len(annexes) + 1}", state="open", copies=1,
            data={"annex_kind": kind, **data}, prefilled=True, supplements=base, opened_at=self._now))
        rows.seal(self._session, annex, ("general_affairs",), kind, self._now)
        self._note("annexed", annex.number, kind=kind, to=base)
        return annex.number

    def hand_over(self, number: str, holder: str, to: str) -> None:
        """Pass on the copy of the case's paper that `holder` has; raises StepFailed where he has none.

        The month's end brings every copy there at once, perhaps before the case does: then there is nothing left to do.
        """
        paper = rows.by_number(self._session, number)
        own = paper is not None and self._case_id in (None, paper.case_id)  # a standing process serves every case
        if paper is None or not own:
            raise _no_copy(holder, number)
        if not rows.pass_on(self._session, paper.id, holder, to, self._now):
            copies = rows.copies_of(self._session, paper.id)
            if not copies or any(copy.recipient != to for copy in copies):
                raise _no_copy(holder, number)
            return
        self._note("handed", number, holder=holder, to=to)

    def _note(self, verb: str, number: str, **detail: Any) -> None:
        record(self._session, self._now, self._by, f"case:paper:{verb}", number, self._case_id, detail)


def _no_copy(holder: str, number: str) -> StepFailed:
    return StepFailed(f"{holder} holds no copy of {number}.", f"{holder} 手中没有 {number} 的联次。")


def _none_open(number: str) -> StepFailed:
    return StepFailed(f"The case has no open paper {number}.", f"个案没有编号为 {number} 的未结单据。")
