"""Standing work: each process with a timer start is started anew when its time has come, or by hand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from app.engine import feel
from app.errors import ChengnuoError, Conflict, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.services import audit, jobs, step
from app.services.functions import functions_at
from app.services.runtime import Runtime
from app.store.models import Definition, Incident, Instance, Setting
from app.store.unit_of_work import in_unit_of_work

log = logging.getLogger(__name__)
PREFIX = "standing:"  # setting: when a standing process starts next, and when it last did
STARTERS = frozenset({"admin", "manager", "director", "supervisor", "owner", "marketing", "general_manager"})
COMING = (select(Definition.key, Setting.value)
          .outerjoin(Setting, Setting.key == literal(PREFIX) + Definition.key)
          .where(Definition.kind == "standing"))


@dataclass(frozen=True)
class Standing:
    """One standing process as operators see it."""

    key: str
    name: str
    name_en: str
    clauses: tuple[str, ...]
    next_start: datetime | None  # aware UTC; None before the first sweep
    last_start: datetime | None
    running: int


class StandingWork:
    """Starts a new instance each time; the due time is a row, as with every other timer."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def all(self) -> list[Standing]:
        """Return every standing process with its next start."""
        session = self._rt.session()
        rows = _rows(session)
        return [self._shown(session, key, rows.get(PREFIX + key, {})) for key in self._keys(session)]

    def coming(self, session: Session) -> tuple[datetime | None, bool]:
        """Return when the next one starts (aware UTC) or None, and whether there is one that does not know it yet."""
        rows = session.execute(COMING).all()
        found = [_moment(row.value.get("next")) for row in rows if row.value is not None]
        return min((at for at in found if at is not None), default=None), any(row.value is None for row in rows)

    def start_due(self) -> int:
        """Start what is due, each as a step of its own; return how many. One that fails does not stop the others."""
        with jobs.unit_of_work_for_reading() as session:
            keys, rows = self._keys(session), _rows(session)
        now, started = self._rt.clock.now(), 0
        for key in keys:
            due = _moment(rows.get(PREFIX + key, {}).get("next"))
            if due is not None and due > now:
                continue
            try:
                started += in_unit_of_work(partial(self._start_due, key))
            except Conflict:
                continue  # another process was first
            except ChengnuoError as error:
                log.exception("standing process %s does not start", key)
                self._report(key, error)
        return started

    def start(self, key: str, actor: Actor) -> str:
        """Start one by hand; return the instance. Its next start stays. Raises NotFound, NotAllowed."""
        if not actor.is_system and not actor.groups & STARTERS:
            raise NotAllowed("Only who leads the service may start this", "只有负责人员可以启动常设工作")
        if key not in self._keys(self._rt.session()):
            raise NotFound("There is no such standing process", "没有这个常设流程")

        def work(session: Session) -> str:
            instance = step.start(self._rt, session, key, {}, actor)
            audit.record(session, self._rt.clock.now(), actor.name, "standing:instance:start", key, None,
                         {"instance": instance})
            return instance

        return in_unit_of_work(work)

    # ---- inner

    def _start_due(self, key: str, session: Session) -> int:
        """Start the process if its time has come, and note when it comes again; a new one waits for its first time."""
        now = self._rt.clock.now()
        row = session.get(Setting, PREFIX + key, with_for_update=True, populate_existing=True)
        due = _moment(row.value.get("next")) if row is not None else None
        if due is not None and due > now:
            return 0
        following = self._following(session, key, now)
        if row is None:
            session.add(Setting(key=PREFIX + key, value={"next": following.isoformat(), "last": None}))
            return 0
        row.value = {"next": following.isoformat(), "last": now.isoformat()}
        instance = step.start(self._rt, session, key, {}, SYSTEM)
        audit.record(session, now, SYSTEM.name, "standing:instance:start", key, None,
                     {"instance": instance, "due": row.value["last"]})
        return 1

    def _following(self, session: Session, key: str, now: datetime) -> datetime:
        """Return when the start event's timer comes next; raises NotFound for a process without one."""
        version = self._rt.library.latest(key)
        spec = self._rt.library.spec(version.id) if version is not None else None
        starts = [element for element in (spec.elements if spec is not None else ())
                  if element.process == key and element.type == "startEvent" and element.timer]
        if not starts:
            raise NotFound(f"{key} has no timer start", f"流程 {key} 没有定时开始事件")
        at = feel.evaluate(str(starts[0].timer), {"profile": dict(self._rt.profile())},
                           functions_at(self._rt, now, None))
        found = _moment(at)
        if found is None or found <= now:
            raise NotFound(f"{key} has no next start", f"流程 {key} 没有下次启动时间")
        return found

    def _shown(self, session: Session, key: str, row: Mapping[str, Any]) -> Standing:
        version = self._rt.library.latest(key)
        spec = self._rt.library.spec(version.id) if version is not None else None
        start = next((one for one in (spec.elements if spec is not None else ()) if one.process == key
                      and one.type == "startEvent" and one.timer), None)
        running = select(Instance.id).where(Instance.process == key, Instance.state == "active")
        return Standing(key, version.name if version else key, version.name_en if version else key,
                        start.clauses if start is not None else (), _moment(row.get("next")),
                        _moment(row.get("last")), len(session.scalars(running).all()))

    @staticmethod
    def _keys(session: Session) -> list[str]:
        query = select(Definition.key).where(Definition.kind == "standing").distinct().order_by(Definition.key)
        return list(session.scalars(query))

    def _report(self, key: str, error: ChengnuoError) -> None:
        now = self._rt.clock.now()

        def work(session: Session) -> None:
            known = select(Incident.id).where(Incident.kind == "timer", Incident.process == key,
                                              Incident.instance_id.is_(None), Incident.state == "open")
            if session.execute(known).first() is None:
                session.add(Incident(kind="timer", process=key, message_en=error.message_en,
                                     message_zh=error.message_zh, created_at=now))

        in_unit_of_work(work)


def _rows(session: Session) -> dict[str, Any]:
    query = select(Setting.key, Setting.value).where(Setting.key.startswith(PREFIX, autoescape=True))
    return {str(row.key): row.value for row in session.execute(query)}


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None
