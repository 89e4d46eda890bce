"""The register of the written policy as it stands at a moment, and its changes: one proposes, a leader approves.

Who approves: B10-8 asks for the company's leadership (公司领导), so the general manager or the director, never the
person who proposed. A case is judged by the version in force when it was registered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor
from app.policy.entries import KINDS, Known, entries, entry_of, is_deep, normal, problems
from app.policy.law import bounds_of
from app.policy.register import Clause, Register
from app.policy.versions import Change, in_force
from app.services.audit import record
from app.store.models import PolicyChange
from app.store.queries import policy as rows
from app.store.queries.policy import Approved
from app.store.unit_of_work import unit_of_work

READERS = frozenset({"compliance", "manager", "director", "general_manager", "general_affairs", "owner"})
EDITORS = frozenset({"compliance"})
APPROVERS = frozenset({"general_manager", "director"})  # 公司领导 (B10-8)
REASON = 2000  # characters
FURTHEST = timedelta(days=3660)  # nobody decides further ahead
REMEMBERED = 128  # days whose registers are kept
ORDER = {kind: place for place, kind in enumerate(KINDS)}  # what others refer to is decided first
DEEPEST = 20  # levels of an entry that somebody sends


@dataclass(frozen=True)
class Proposal:
    """A change that somebody asks for."""

    kind: str  # clause | document | conflict | law | disposition
    key: str  # the entry's id; a disposition's is its clause's
    entry: Mapping[str, Any] | None  # the whole entry as it shall be; None retires it
    effective_from: date | None  # in the company's zone
    reason: str
    correction: bool = False  # the register was wrong: it may count from a day that has passed
    batch: str | None = None


@dataclass(frozen=True)
class Version:
    """The register from one day on."""

    label: str
    effective_from: date | None  # None: the register as it was delivered
    changes: tuple[Approved, ...]


class Policies:
    """Reads are everybody's; proposing is compliance's, deciding the leadership's."""

    def __init__(self, clock: Clock, session: Callable[[], Session], base: Register, zone: str,
                 links: Callable[[], frozenset[str] | None] = lambda: None) -> None:
        """Take the register as delivered, and `links`: the names of what is deployed that may carry a clause out."""
        self._links = links
        self._clock, self._session, self._base, self._zone = clock, session, base, ZoneInfo(zone)
        self._known: tuple[tuple[Any, ...], tuple[Approved, ...]] | None = None
        self._kept: OrderedDict[tuple[Any, ...], Register] = OrderedDict()
        self._lock = Lock()  # of what is kept: requests and sweeps are threads

    # Reading

    def register_on(self, moment: datetime) -> Register:
        """Return the register in force at `moment` (aware); what was approved later counts only if it is a correction.

        A change counts from the beginning of its day, one approved on that very day from its approval.
        """
        day = moment.astimezone(self._zone).date()
        return self._in_force(day, [one for one in self._approved() if one.correction or one.decided_at <= moment])

    def register_now(self) -> Register:
        """Return the register in force now."""
        return self.register_on(self._clock.now())

    def register_for_diagrams(self) -> Register:
        """Return the register in force now, with every clause that ever was or is approved to be.

        Diagrams may name a clause before its day, and a version that runs must still deploy when a clause is retired;
        that it is retired is for coverage and drift to say.
        """
        coming = {one.key: Clause.of({**one.new, "id": one.key}) for one in self._approved()
                  if one.kind == "clause" and one.new is not None}
        now = self.register_now()
        return replace(now, clauses={**self._base.clauses, **coming, **now.clauses})

    def register_for(self, day: date) -> Register:
        """Return the register as it will be in force on `day`, as far as it is decided."""
        return self._in_force(day, self._approved())

    def today(self) -> date:
        """Return the company's day."""
        return self._clock.now().astimezone(self._zone).date()

    def versions(self) -> list[Version]:
        """Return every version, the newest first; the last is the register as it was delivered."""
        by_day: dict[date, list[Approved]] = {}
        for change in self._approved():
            by_day.setdefault(change.effective_from, []).append(change)
        found = [Version(self.register_for(day).version, day, tuple(changes)) for day, changes in by_day.items()]
        return [*reversed(found), Version(self._base.version, None, ())]

    def change(self, change_id: int) -> PolicyChange:
        """Return a change that was proposed, as the transaction that asks sees it; raises NotFound."""
        found = self._session().get(PolicyChange, change_id, populate_existing=True)
        if found is None:
            raise NotFound("There is no such proposal.", "没有这个提案。")
        return found

    def _approved(self) -> tuple[Approved, ...]:
        session = self._session()
        stamp = rows.stamp(session)
        known = self._known  # read once: another thread may replace it
        if known is None or known[0] != stamp:
            known = self._known = (stamp, tuple(rows.approved(session)))
        return known[1]

    def _in_force(self, day: date, changes: Iterable[Approved]) -> Register:
        due = [one for one in changes if one.effective_from <= day]
        key = (day, *(one.id for one in due))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            changed = [Change(one.id, one.kind, one.key, one.new, one.effective_from) for one in due]
            found = self._kept[key] = in_force(self._base, changed, day)
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
            return found

    def known(self, register: Register, kinds: Collection[str], also: Iterable[tuple[str, str]] = ()) -> Known:
        """Return what entries of `kinds` may refer to: the register's ids, those of `also`, and what is deployed."""
        return Known.of(register, also, self._links() if "disposition" in kinds else None)

    # Proposing

    def propose(self, proposal: Proposal, actor: Actor) -> int:
        """Note a change that waits for a decision and return its id.

        Raises NotAllowed, Invalid by field, and Conflict where another proposal or a later change is in its way.
        """
        return self.propose_all([proposal], actor)[0]

    def propose_all(self, proposals: Sequence[Proposal], actor: Actor) -> list[int]:
        """Note several changes in one transaction, which may refer to each other; raises as `propose` does."""
        if not actor.groups & EDITORS:
            raise NotAllowed("Only compliance proposes changes of the policy.", "只有合规专员可以提出制度修订。")
        now = self._clock.now()
        try:
            with unit_of_work() as session:
                waiting = [*rows.proposed(session)]
                beside = [(row.kind, row.key) for row in waiting if row.new is not None]
                beside += [(one.kind, one.key) for one in proposals if one.entry is not None]
                made = [self._change(proposal, waiting, beside) for proposal in proposals]
                for row in made:
                    row.proposed_at, row.proposed_by = now, actor.name
                    session.add(row)
                session.flush()
                for row in made:
                    self._note(session, row, "proposed", actor, now)
                return [row.id for row in made]
        except IntegrityError as error:  # somebody proposed at the same moment
            raise Conflict("Another proposal for this entry waits already.", "该条目已有待审批的修订提案。") from error

    def _change(self, proposal: Proposal, waiting: Sequence[PolicyChange],
                beside: Sequence[tuple[str, str]]) -> PolicyChange:
        if proposal.kind not in KINDS:
            raise NotFound("There is no such kind of entry.", "没有这类条目。")
        errors = self._frame_errors(proposal)
        if errors or proposal.effective_from is None:
            raise Invalid(errors)
        register = self.register_for(proposal.effective_from)
        old = entry_of(register, proposal.kind, proposal.key)
        if proposal.entry is not None and is_deep(proposal.entry, DEEPEST):
            raise Invalid([FieldError("entry", "Too deep.", "层次过深。")], key=proposal.key)
        new = None if proposal.entry is None else normal(proposal.kind, {**proposal.entry, "id": proposal.key})
        known = self.known(register, (proposal.kind,), beside)
        errors = self._entry_errors(proposal, old, new, known, register)
        if errors:
            raise Invalid(errors, key=proposal.key)
        other = next((one for one in waiting if (one.kind, one.key) == (proposal.kind, proposal.key)), None)
        if other is not None:
            raise Conflict(f"Another proposal for {proposal.key} waits already.",
                           f"{proposal.key} 已有待审批的修订提案。", by=other.proposed_by,
                           at=other.proposed_at)
        self._nothing_later(proposal.kind, proposal.key, proposal.effective_from)
        return PolicyChange(
            kind=proposal.kind, key=proposal.key, old=old, new=new, reason=proposal.reason.strip(),
            effective_from=proposal.effective_from, correction=proposal.correction, batch=proposal.batch,
            open_key=f"{proposal.kind}:{proposal.key}")

    def _frame_errors(self, proposal: Proposal) -> list[FieldError]:
        found, reason, day = [], proposal.reason.strip(), proposal.effective_from
        if not reason:
            found.append(FieldError("reason", "Say why.", "请写明修订理由。"))
        elif len(reason) > REASON:
            found.append(FieldError("reason", f"At most {REASON} characters.", f"最多 {REASON} 个字符。"))
        if day is None:
            found.append(FieldError("effective_from", "A date such as 2026-07-01 is expected.",
                                    "请填写生效日期，格式如 2026-07-01。"))
        elif day < self.today() and not proposal.correction:
            found.append(FieldError("effective_from", "The date has passed. Only a correction may count from the past.",
                                    "生效日期已过。只有“更正”才可追溯生效。"))
        elif day > self.today() + FURTHEST:
            found.append(FieldError("effective_from", "At most ten years ahead.", "最多可提前十年。"))
        return found

    def _entry_errors(self, one: Proposal | PolicyChange, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None,
                      known: Known, register: Register) -> list[FieldError]:
        kind, key = one.kind, one.key
        if new is None:
            if old is None:
                return [FieldError("id", f"There is no {key} on that day.", f"该日没有 {key}。")]
            return self._still_needed(kind, key, register)
        if new == old:
            return [FieldError("reason", "Nothing would change.", "内容没有任何变化。")]
        other = {"clause": register.law, "law": register.clauses}.get(kind, {})
        if key in other:  # deadlines, deviations and pages name both by their id alone
            return [FieldError("id", f"{key} is taken.", f"{key} 已被占用。")]
        if kind == "document" and old and old.get("origin", "company") != new.get("origin", "company"):
            return [FieldError("origin", "What stands in it belongs to its source: make a new document instead.",
                               "其中的条款随来源而定，请另建一份文件。")]
        found = problems(kind, new, known)
        if not found and new.get("review_by") and new["review_by"] <= str(one.effective_from):
            found.append(FieldError("review_by", "The review date must come after the day of effect.",
                                    "复核期限须晚于生效日期。"))
        return found

    @staticmethod
    def _still_needed(kind: str, key: str, register: Register) -> list[FieldError]:
        """Return why an entry can't be retired: others refer to it."""
        clauses, rules = register.clauses.values(), register.law.values()
        referring = {
            "document": [one.id for one in (*clauses, *rules) if one.document == key]
            + [name for name, entry in entries(register, "document").items() if entry.get("part_of") == key],
            "clause": [one.id for one in clauses if one.same_as == key]
            + [one.id for one in register.conflicts.values() if key in one.clauses]
            + [one.id for one in bounds_of(register, key)],
            "law": [one.id for one in rules if (one.source or {}).get("replaces") == key]
            + [one.id for one in bounds_of(register, key)],
        }.get(kind, [])
        if not referring:
            return []
        shown = referring[:5] + (["…"] if len(referring) > 5 else [])
        return [FieldError("id", f"These refer to {key}: {', '.join(shown)}. Change or retire them first.",
                           f"以下条目引用了 {key}：{'、'.join(shown)}，请先修订或废止它们。")]

    def _nothing_later(self, kind: str, key: str, day: date) -> None:
        later = next((one for one in self._approved()
                      if (one.kind, one.key) == (kind, key) and one.effective_from > day), None)
        if later is not None:
            raise Conflict(
                f"A change of {key} is approved already with effect from {later.effective_from}; it would undo this "
                "one. Choose a date from then on.",
                f"{key} 已有批准的修订自 {later.effective_from} 起生效，会覆盖本次修订，请选择其后的日期。",
                by=later.decided_by, at=later.decided_at)

    # Deciding

    def approve(self, change_id: int, actor: Actor, note: str = "") -> None:
        """Let a proposal take effect on its day; raises NotFound, NotAllowed, Invalid by field, Conflict."""
        self._need_approver(actor)
        with unit_of_work() as session:
            row = self._waiting(session, change_id)
            if row.proposed_by == actor.name:
                raise NotAllowed("Whoever proposed a change does not approve it.", "提案人不能审批自己的提案。")
            if row.effective_from < self.today() and not row.correction:
                raise Conflict("The date of effect has passed. Reject it, and have it proposed anew.",
                               "生效日期已过，请驳回后由提案人重新提出。")
            register = self.register_for(row.effective_from)
            if entry_of(register, row.kind, row.key) != row.old:
                raise Conflict("The entry was changed since this was proposed. Reject it, and have it proposed anew.",
                               "条目在提案之后已被修订，请驳回后由提案人重新提出。")
            self._nothing_later(row.kind, row.key, row.effective_from)
            errors = self._entry_errors(row, row.old, row.new, self.known(register, (row.kind,)), register)
            if errors:
                raise Invalid(errors)
            self._decide(session, row, "approved", actor, note)

    def reject(self, change_id: int, actor: Actor, note: str) -> None:
        """Refuse a proposal and say why; raises NotFound, NotAllowed, Invalid, Conflict."""
        self._need_approver(actor)
        if not note.strip():
            raise Invalid([FieldError("note", "Say why it is rejected.", "请写明驳回理由。")])
        with unit_of_work() as session:
            row = self._waiting(session, change_id)
            if row.proposed_by == actor.name:
                raise NotAllowed("Withdraw your own proposal instead.", "自己的提案请使用“撤回”。")
            self._decide(session, row, "rejected", actor, note)

    def withdraw(self, change_id: int, actor: Actor, note: str = "") -> None:
        """Take back a proposal of one's own; raises NotFound, NotAllowed, Conflict."""
        with unit_of_work() as session:
            row = self._waiting(session, change_id)
            if row.proposed_by != actor.name:
                raise NotAllowed("Only whoever proposed it takes it back.", "只有提案人可以撤回。")
            self._decide(session, row, "withdrawn", actor, note)

    def decide_all(self, change_ids: Iterable[int], verb: str, actor: Actor,
                   note: str = "") -> list[tuple[str, ChengnuoError]]:
        """Approve or reject several, each on its own; return the keys that were not decided, with the reason.

        What others refer to comes first: documents, then clauses, rules of law, conflicts, dispositions.
        """
        self._need_approver(actor)
        wanted, failed = set(change_ids), list[tuple[str, ChengnuoError]]()
        found = [(one.id, one.key, one.kind, one.new is None) for one in rows.proposed(self._session())
                 if one.id in wanted]
        # What is retired goes the other way round: a document only after its clauses.
        for change_id, key, _kind, _gone in sorted(
                found, key=lambda one: (one[3], -ORDER[one[2]] if one[3] else ORDER[one[2]], one[0])):
            try:
                if verb == "approve":
                    self.approve(change_id, actor, note)
                else:
                    self.reject(change_id, actor, note)
            except ChengnuoError as error:
                failed.append((key, error))
        return failed

    @staticmethod
    def _need_approver(actor: Actor) -> None:
        if not actor.groups & APPROVERS:
            raise NotAllowed("The general manager or the director decides on changes of the policy (B10-8).",
                             "制度修订由总经理或售后总监审批（B10-8）。")

    @staticmethod
    def _waiting(session: Session, change_id: int) -> PolicyChange:
        """Return the proposal; every waiting one is locked, so that decisions see each other's outcome."""
        session.execute(select(PolicyChange.id).where(PolicyChange.state == "proposed").order_by(PolicyChange.id)
                        .with_for_update())
        row = session.get(PolicyChange, change_id)
        if row is None:
            raise NotFound("There is no such proposal.", "没有这个提案。")
        if row.state != "proposed":
            raise Conflict("This was decided already.", "该提案已处理。", by=row.decided_by, at=row.decided_at)
        return row

    def _decide(self, session: Session, row: PolicyChange, state: str, actor: Actor, note: str) -> None:
        now = self._clock.now()
        done = session.execute(
            update(PolicyChange).where(PolicyChange.id == row.id, PolicyChange.state == "proposed")
            .values(state=state, open_key=None, decided_at=now, decided_by=actor.name,
                    decision_note=note.strip()[:REASON])
            .execution_options(synchronize_session=False))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("This was decided already.", "该提案已处理。")
        self._note(session, row, state, actor, now, note)

    @staticmethod
    def _note(session: Session, row: PolicyChange, verb: str, actor: Actor, now: datetime, note: str = "") -> None:
        record(session, now, actor.name, f"policy:change:{verb}", f"{row.kind}:{row.key}", None,
               {"change": row.id, "effective_from": row.effective_from.isoformat(), "correction": row.correction,
                "reason": row.reason, "note": note.strip()[:REASON], "retires": row.new is None})

