"""Rows of deviations: what judging finds becomes one row a finding, once, however often it is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.models import Deviation, DeviationNote
from app.store.unit_of_work import insert_rows

BREACH, DRIFT, REVIEW = "breach", "drift", "review"
KINDS = (BREACH, DRIFT, REVIEW)
OPEN, ASSIGNED, EXPLAINED, CORRECTING, WAIVED, CLOSED = STATES = (
    "open", "assigned", "explained", "correcting", "waived", "closed")
LIVE = STATES[:-1]
SYSTEM = "system"
GONE_ZH, GONE_EN = "复判后不再存在，系统自动结案。", "Found no more when judged anew; closed by the system."
VERIFIED_ZH = "整改已实施并经验证达标，系统自动结案。"
VERIFIED_EN = "Its rectification was carried out and verified; closed by the system."
ACTED = ("must", "should")  # information binds nobody


def breach_key(subject: str, clause: str, period: str) -> str:
    """Return the key of a breach, which stays the same however often it is judged."""
    return f"{BREACH}:{subject}:{clause}:{period}"


def take_breaches(session: Session, subjects: Sequence[str], verdicts: Iterable[Mapping[str, Any]],
                  now: datetime) -> None:
    """Bring the breaches of some subjects to what their new verdicts say, in the transaction that writes these.

    Limits only: targets are judged as shares. A breach that is found no more is closed unless somebody corrects it.
    """
    found = {
        breach_key(row["subject"], row["clause"], row["period"]): row
        for row in verdicts if row["state"] == "broken" and row["obligation"] in ACTED}
    query = select(Deviation).where(Deviation.subject.in_(subjects), Deviation.kind == BREACH)
    reconcile(session, session.scalars(query).all(), found.keys(), now)
    insert_new(session, [
        {"key": key, "kind": BREACH, "clause": row["clause"], "obligation": row["obligation"],
         "subject": row["subject"], "period": row["period"], "case_id": row["case_id"], "since": row["since"],
         "found_at": now} for key, row in found.items()])


def reconcile(session: Session, known: Sequence[Deviation], keys: Iterable[str], now: datetime) -> None:
    """Close what is found no more, and open again what the system had closed and is found once more."""
    there = frozenset(keys)
    for row in known:
        if row.key in there:
            if row.gone_at is not None:
                row.gone_at = None
                if row.state == CLOSED and row.closed_why == GONE_ZH:
                    row.state, row.closed_at, row.closed_by, row.closed_why = OPEN, None, None, ""
                    note(session, row.id, now, SYSTEM, "found_again")
        elif row.gone_at is None:
            row.gone_at = now
            if row.state not in (CLOSED, CORRECTING):
                row.state, row.closed_at, row.closed_by, row.closed_why = CLOSED, now, SYSTEM, GONE_ZH
                note(session, row.id, now, SYSTEM, "gone")
    session.flush()


def insert_new(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows whose key is not there yet."""
    if not rows:
        return
    given = {"period": "", "place": "", "found": {}, "state": OPEN, "explanation": "", "closed_why": ""}
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Deviation.__table__).on_conflict_do_nothing(index_elements=["key"])
    session.connection().execute(statement, [{**given, **row} for row in rows])


def note(session: Session, deviation_id: int, at: datetime, by: str, verb: str, text: str = "",
         detail: Mapping[str, Any] | None = None) -> None:
    """Write down what was done about a deviation."""
    insert_rows(session, DeviationNote, [{"deviation_id": deviation_id, "at": at, "by": by, "verb": verb,
                                          "text": text, "detail": dict(detail or {})}])
