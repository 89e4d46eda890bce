"""Who did what, for good: rows are written in the step and sealed afterwards into one hash chain."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import ChengnuoError
from app.store.base import db
from app.store.models import Audit, Setting
from app.store.unit_of_work import insert_rows, unit_of_work

GENESIS = "0" * 64  # what the first row is chained to
SEALER_LOCK = 0x6175_6469  # PostgreSQL advisory lock: one sealer over all hosts
BATCH = 500
DATABASE_ID = "database_id"


@dataclass(frozen=True)
class Chain:
    """What checking the chain came to."""

    checked: int  # sealed rows
    waiting: int  # rows that are not sealed yet
    head: int  # place of the last one
    hash: str  # of the last one
    anchored: int | None  # place that the anchor outside the database names; None without an anchor
    problems: tuple[tuple[str, str], ...]  # Chinese, English

    @property
    def holds(self) -> bool:
        """True when every row is as it was sealed."""
        return not self.problems


class AuditBroken(ChengnuoError):
    """The audit record does not agree with its anchor."""

    code = "audit_broken"


def record(session: Session, at: datetime, actor: str, action: str, subject: str, case_id: str | None = None,
           detail: Mapping[str, Any] | None = None) -> None:
    """Note in the caller's transaction that `actor` did `action` (source:subject:verb) at `at`, aware UTC."""
    row = {"at": at, "actor": actor, "action": action, "subject": subject, "case_id": case_id}
    insert_rows(session, Audit, [{**row, "detail": dict(detail or {})}])


def digest(row: Audit, previous: str) -> str:
    """Return the hash of a row that stands in the chain behind the hash `previous`."""
    content = [row.chain, row.id, row.at.isoformat(), row.actor, row.action, row.subject, row.case_id, row.detail]
    text_form = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text_form}".encode()).hexdigest()


def database_id() -> str:
    """Return what tells this database from others; given once, when it is first asked for."""
    with unit_of_work() as session:
        known = session.get(Setting, DATABASE_ID)
        if known is None:
            known = Setting(key=DATABASE_ID, value=secrets.token_hex(8))
            session.add(known)
            session.flush()
        return str(known.value)


class Sealer:
    """Links new rows into the chain and anchors its head in a file outside the database."""

    def __init__(self, clock: Clock, head: Path) -> None:
        """Take the anchor's path; each database has an anchor of its own, told apart by its id."""
        self._clock, self._path = clock, head

    @cached_property
    def _head(self) -> Path:
        return self._path.with_name(f"{self._path.name}-{database_id()}")

    def seal(self, limit: int = BATCH) -> int:
        """Seal what waits, in batches of `limit`, and return how many rows; raises AuditBroken at a broken anchor."""
        total = 0
        while (sealed := self._seal_batch(limit)) == limit:
            total += sealed
        return total + sealed

    def _seal_batch(self, limit: int) -> int:
        # Looking costs no write lock: most of the time there is nothing to do.
        waiting = db.session.execute(select(Audit.id).where(Audit.chain.is_(None)).limit(1)).first()
        db.session.rollback()
        if waiting is None:
            return 0
        with unit_of_work() as session:
            if not self._alone(session):
                return 0
            place, previous = self._tail(session)
            self._check_anchor(session, place)
            query = select(Audit).where(Audit.chain.is_(None)).order_by(Audit.id).limit(limit)
            rows = session.execute(query).scalars().all()
            for row in rows:
                place += 1
                row.chain = place
                row.hash = previous = digest(row, previous)
            session.flush()
        self._anchor(place, previous)
        return len(rows)

    def verify(self) -> list[str]:
        """Return what is wrong with the chain, in English; empty when every row is as it was sealed."""
        return [english for _chinese, english in self.check().problems]

    def check(self) -> Chain:
        """Compare every sealed row with its hash, and the chain with its anchor."""
        problems: list[tuple[str, str]] = []
        anchor, place, previous, checked = self._read_anchor(), 0, GENESIS, 0
        anchored = anchor is None
        rows = db.session.execute(select(Audit).where(Audit.chain.is_not(None)).order_by(Audit.chain)
                                  .execution_options(yield_per=1000)).scalars()
        for row in rows:
            checked += 1
            if row.chain != place + 1:
                gap = (place + 1, (row.chain or 0) - 1)
                problems.append((f"链中第 {gap[0]} 至 {gap[1]} 行缺失",
                                 f"rows {gap[0]} to {gap[1]} of the chain are gone"))
            elif digest(row, previous) != row.hash:
                problems.append((f"链中第 {row.chain} 行（审计编号 {row.id}）被改动",
                                 f"row {row.chain} of the chain (audit id {row.id}) was changed"))
            place, previous = row.chain or 0, row.hash or ""
            if anchor is not None and place == anchor[0]:
                anchored = previous == anchor[1]
        waiting = db.session.execute(select(func.count()).where(Audit.chain.is_(None))).scalar_one()
        db.session.rollback()
        problems += self._anchor_problems(anchor, place, anchored)
        return Chain(checked, waiting, place, previous if place else "", anchor[0] if anchor else None,
                     tuple(problems))

    def _anchor_problems(self, anchor: tuple[int, str] | None, place: int, anchored: bool) -> list[tuple[str, str]]:
        if anchor is None and place:
            return [(f"锚点文件 {self._head.name} 不存在", f"the anchor {self._head.name} is gone")]
        if not anchored and anchor is not None and anchor[0]:
            return [(f"审计链在第 {anchor[0]} 行与锚点不一致",
                     f"the chain does not agree with its anchor at row {anchor[0]}")]
        return []

    @staticmethod
    def _alone(session: Session) -> bool:
        # SQLite has one writer anyway; on PostgreSQL a second sealer steps aside.
        if session.get_bind().dialect.name != "postgresql":
            return True
        return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER_LOCK}).scalar())

    @staticmethod
    def _tail(session: Session) -> tuple[int, str]:
        place = session.execute(select(func.max(Audit.chain))).scalar()
        if place is None:
            return 0, GENESIS
        return place, session.execute(select(Audit.hash).where(Audit.chain == place)).scalar_one() or ""

    def _check_anchor(self, session: Session, place: int) -> None:
        # Sealing on would hide that the tail was cut or rewritten. An anchor behind the tail is only a lost write.
        anchor = self._read_anchor()
        if anchor is None or anchor[0] == 0:
            return
        found = session.execute(select(Audit.hash).where(Audit.chain == anchor[0])).scalar_one_or_none()
        if anchor[0] > place or found != anchor[1]:
            raise AuditBroken(f"The audit chain does not agree with its anchor at row {anchor[0]}.",
                              f"审计链在第 {anchor[0]} 行与锚点不一致。")

    def _anchor(self, place: int, hash_: str) -> None:
        self._head.parent.mkdir(parents=True, exist_ok=True)
        written = self._head.with_suffix(".new")
        body = {"chain": place, "hash": hash_, "at": self._clock.now().isoformat()}
        with written.open("w", encoding="utf-8") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._head)

    def _read_anchor(self) -> tuple[int, str] | None:
        try:
            body = json.loads(self._head.read_text(encoding="utf-8"))
            return int(body["chain"]), str(body["hash"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return -1, ""  # damaged: agrees with nothing
