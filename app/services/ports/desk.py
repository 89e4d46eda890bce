"""Changes to the case record from inside a step, each with its audit row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.clock import as_utc
from app.durations import add_months, parse_duration
from app.errors import Conflict, StepFailed
from app.services.audit import record
from app.store.models import Case, CaseLink, Comment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What moves a case along; these may change after the file is archived (an appeal, a reopening).
FLOW = frozenset({"level", "state", "status", "outcome", "owner_group", "owner_id", "round", "closed_at"})
# What the case is about; frozen with the file.
SUBSTANCE = frozenset({
    "type", "complaint_type", "channel", "customer_name", "customer_phone", "customer_email", "customer_level",
    "customer_known", "product_model", "serial_no", "order_no", "purchase_date", "origin", "description", "urgency",
    "severity", "flags"})
FIXED = frozenset({"id", "access_key", "registered_at", "registered_by", "archived_at", "keep_until", "policy_version"})
NOTE_TITLES = {"lesson": "经验教训", "praise": "表扬", "compensation": "补偿", "withdrawal": "撤回", "progress": "进度",
               "answer": "答复", "suggestion": "建议", "rectification": "整改", "prevention": "预防"}


class CaseDeskPort:
    """The case record in the step's transaction: `app.handling.CaseDesk`."""

    def __init__(self, session: Session, case: Case, now: datetime, by: str) -> None:
        self._session, self._case, self._now, self._by = session, case, now, by

    def update(self, **facts: Any) -> None:
        """Change facts of the case; a name that is no column, or `extra`, goes to the case's further facts.

        What stays the same is not written. Raises StepFailed for what never changes (the number once given, the key),
        Conflict for what the archived file holds.
        """
        changes: dict[str, list[Any]] = {}
        if facts.get("state") == "open" and self._case.archived_at is not None:
            self._case.archived_at = None  # reopened: its file is worked on again
        for name, value in facts.items():
            if name == "extra":
                for key, entry in dict(value or {}).items():
                    self._set_extra(key, entry, changes)
            elif name in FIXED or (name == "number" and self._case.number not in (None, value)):
                raise StepFailed(f"{name} of a case does not change.", f"个案的 {name} 不能更改。")
            elif name in FLOW or name in SUBSTANCE or name == "number":
                self._set(name, _typed(name, value), changes)
            else:
                self._set_extra(name, value, changes)
        if changes:
            self._record("case:facts:changed", changes)

    def archive(self, retention: str) -> None:
        """Freeze the file and keep it at least `retention` from closing (A-2.6.1, A-2.6.2); never shortens a term.

        Raises BadDuration.
        """
        duration = parse_duration(retention)
        start = as_utc(self._case.closed_at or self._now)
        until = add_months(start, duration.months) + duration.elapsed
        self._case.archived_at = self._case.archived_at or self._now
        self._case.keep_until = max(until, self._case.keep_until or until)
        self._record("case:file:archived", {"keep_until": self._case.keep_until.isoformat()})

    def link(self, number: str, kind: str) -> None:
        """Link the case to the one of that number, once; raises StepFailed where there is no other one."""
        case = self._case
        other_id = self._session.execute(select(Case.id).where(Case.number == number)).scalar_one_or_none()
        if other_id is None or other_id == case.id:
            raise StepFailed(f"There is no other case {number}.", f"没有单号为 {number} 的其他个案。")
        known = select(CaseLink.id).where(CaseLink.case_id == case.id, CaseLink.other_id == other_id,
                                          CaseLink.kind == kind)
        if self._session.execute(known).first() is None:
            self._session.add(CaseLink(case_id=case.id, other_id=other_id, kind=kind, at=self._now, by=self._by))
            record(self._session, self._now, self._by, "case:link:create", number, case.id, {"kind": kind})

    def note(self, kind: str, text: str, data: Mapping[str, Any] | None = None) -> None:
        """Append a note to the case's record; without a text its kind and data are the note."""
        lines = [text or NOTE_TITLES.get(kind, kind), *(f"{key}: {value}" for key, value in (data or {}).items())]
        self._session.add(Comment(case_id=self._case.id, kind=kind[:20], at=self._now, by=self._by,
                                  text="\n".join(lines)))

    def _set(self, name: str, value: Any, changes: dict[str, list[Any]]) -> None:
        before = getattr(self._case, name)
        if before == value:
            return
        if name in SUBSTANCE:
            self._refuse_archived(name)
        setattr(self._case, name, value)
        changes[name] = [_plain(before), _plain(value)]

    def _set_extra(self, name: str, value: Any, changes: dict[str, list[Any]]) -> None:
        before = self._case.extra.get(name)
        if name in self._case.extra and before == value:
            return
        self._refuse_archived(name)
        self._case.extra = {**self._case.extra, name: value}
        changes[name] = [_plain(before), _plain(value)]

    def _record(self, action: str, detail: Mapping[str, Any]) -> None:
        case = self._case
        record(self._session, self._now, self._by, action, case.number or case.id, case.id, detail)

    def _refuse_archived(self, name: str) -> None:
        if self._case.archived_at is not None:
            raise Conflict(f"The file of {self._case.number} is archived; {name} can't change any more.",
                           f"{self._case.number} 已归档，{name} 不能再更改。", number=self._case.number)


def _typed(name: str, value: Any) -> Any:
    """Return what the column holds; diagrams and forms bring plain data."""
    if name == "purchase_date" and isinstance(value, str):
        return date.fromisoformat(value) if value else None
    if name == "closed_at" and isinstance(value, str):
        return as_utc(datetime.fromisoformat(value))
    if name == "flags":
        return sorted(value or ())
    if name == "round":
        return int(value)
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
