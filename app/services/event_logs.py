"""The history of a period as a log for other tools, with customers under pseudonyms, and the note that it was taken."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast
from zoneinfo import ZoneInfo

from app.errors import FieldError, Invalid, NotAllowed
from app.exports.event_log import LogEvent, LogObject, Trace
from app.exports.long_workbook import Sheet, write_workbook
from app.exports.ocel import Log, write_json, write_sqlite, write_xml
from app.exports.xes import write_xes
from app.facts import Actor, Element
from app.services.audit import database_id, record
from app.services.runtime import Runtime
from app.store.queries import event_log as queries
from app.store.unit_of_work import unit_of_work

EXPORTERS = frozenset({"compliance", "manager", "director"})
IN_MEMORY = 16 * 1024 * 1024  # bytes; what is larger goes to a temporary file
# form -> (media type, ending)
FORMS: Mapping[str, tuple[str, str]] = {
    "xes": ("application/xml", "xes"),
    "ocel-json": ("application/json", "jsonocel"),
    "ocel-xml": ("application/xml", "xmlocel"),
    "ocel-sqlite": ("application/vnd.sqlite3", "sqlite"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}


class EventLogs:
    """Exports of the history: XES (IEEE 1849-2023), OCEL 2.0, and a workbook of cases and events."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def export(self, form: str, actor: Actor, since: datetime | None = None, until: datetime | None = None,
               locale: str = "zh") -> IO[bytes]:
        """Return the log of what began in [since, until) as an open file at its beginning, and note who took it.

        `form` is one of FORMS; raises Invalid (form, period) and NotAllowed.
        """
        if not (actor.is_system or actor.groups & EXPORTERS):
            raise NotAllowed("Your roles do not export the history.", "您的角色无权导出历史记录。")
        if form not in FORMS:
            raise Invalid([FieldError("form", f"One of {', '.join(FORMS)}.", f"应为以下之一：{'、'.join(FORMS)}。")])
        if since and until and until <= since:
            raise Invalid([FieldError("until", "The period ends before it begins.", "期间的结束早于开始。")])
        with unit_of_work() as session:
            period = {"since": since.isoformat() if since else None, "until": until.isoformat() if until else None}
            record(session, self._rt.clock.now(), actor.name, "history:exported", form, None, period)
        return self._write(form, _Reader(self._rt, since, until, locale))

    def _write(self, form: str, reader: _Reader) -> IO[bytes]:
        if form == "ocel-sqlite":
            return _as_file(lambda path: write_sqlite(path, reader.log))
        if form == "xlsx":
            return _as_file(lambda path: write_workbook(path, _sheets(reader)))
        spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it is handed out open
        out = cast(IO[bytes], spool)
        if form == "xes":
            write_xes(out, reader.traces(), "Chengnuo 承诺")
        else:
            {"ocel-json": write_json, "ocel-xml": write_xml}[form](out, reader.log)
        out.seek(0)
        return out


class _Reader:
    """Reads rows as traces, with names as on the diagrams of the version that ran."""

    def __init__(self, rt: Runtime, since: datetime | None, until: datetime | None, locale: str) -> None:
        self._rt, self._since, self._until, self._english = rt, since, until, locale == "en"
        self._zone, self._salt = ZoneInfo(rt.zone), database_id()
        self._elements: dict[int, Mapping[tuple[str, str], Element]] = {}

    @cached_property
    def log(self) -> Log:
        """The log as OCEL goes through it."""
        named = {self._name(*row) for row in queries.elements(self._rt.session())}
        return Log(sorted(named), self.traces)

    def traces(self) -> Iterator[Trace]:
        """Give the traces of cases, then of standing work."""
        session = self._rt.session()
        for read in (queries.cases, queries.standing):
            yield from map(self._trace, read(session, self._since, self._until))

    def _trace(self, rows: queries.CaseRows) -> Trace:
        events = [self._event(row) for row in rows.events]
        objects = [*self._shared(rows), *self._own(rows)]
        if rows.case is None:
            one = rows.instances[0]
            return Trace(one.id, f"{one.process} {self._local(one.created_at):%Y-%m-%d %H:%M}",
                         {"process": one.process, "state": one.state}, events, objects)
        attributes = _case_attributes(rows.case)
        return Trace(rows.case.id, rows.case.number or rows.case.id,
                     {**attributes, "policy_version": rows.case.policy_version}, events, objects)

    def _own(self, rows: queries.CaseRows) -> Iterator[LogObject]:
        case = [(rows.case.id, "case")] if rows.case is not None else []
        for one in rows.instances:
            yield LogObject(one.id, "process_instance", self._local(one.created_at),
                            {"process": one.process, "version": str(one.version), "state": one.state}, case)
        for one in rows.tasks:
            yield LogObject(one.id, "user_task", self._local(one.created_at),
                            {"name": one.name, "group": one.group_code or "", "state": one.state},
                            [(one.instance_id, "process_instance")])
        for one in rows.papers:
            yield LogObject(f"paper:{one.number}", "paper", self._local(one.opened_at),
                            {"number": one.number, "kind": one.kind, "state": one.state}, case)

    def _shared(self, rows: queries.CaseRows) -> Iterator[LogObject]:
        case = rows.case
        if case is None:
            return
        at = self._local(case.registered_at)
        customer = "customer:" + self._pseudonym(case.customer_phone)
        related = [(customer, "customer"), *((link.other_id, link.kind) for link in rows.links)]
        if case.product_model:
            product = f"product:{case.product_model}"
            related.append((product, "product"))
            yield LogObject(product, "product", at, {"model": case.product_model})
        yield LogObject(customer, "customer", at, {"level": case.customer_level})
        yield LogObject(case.id, "case", at, _case_attributes(case), related)

    def _event(self, row: Any) -> LogEvent:
        element = self._element(row.definition_id, row.process, row.element_id)
        return LogEvent(
            seq=row.seq, at=self._local(row.at), name=self._name(row.definition_id, row.process, row.element_id),
            transition=row.transition, resource=row.actor, role=row.group_code, task_id=row.task_id,
            instance_id=row.instance_id, process=row.process, version=row.version, element=row.element_id,
            type=row.type, activity=row.activity, clauses=element.clauses if element else (),
        )

    def _name(self, definition_id: int, process: str, element_id: str) -> str:
        element = self._element(definition_id, process, element_id)
        if element is None:
            return element_id
        return (element.name_en if self._english else element.name) or element_id

    def _element(self, definition_id: int, process: str, element_id: str) -> Element | None:
        if definition_id not in self._elements:
            spec = self._rt.library.spec(definition_id)
            self._elements[definition_id] = {(one.process, one.id): one for one in spec.elements}
        return self._elements[definition_id].get((process, element_id))

    def _pseudonym(self, phone: str) -> str:
        """Return the same word for the same customer in this database, from which nobody reads the number."""
        return hashlib.sha256(f"{self._salt}:{phone}".encode()).hexdigest()[:16]

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)


def _case_attributes(case: Any) -> dict[str, str]:
    names = ("number", "type", "level", "channel", "state", "status", "outcome", "severity", "origin")
    return {name: str(getattr(case, name) or "") for name in names}


def _sheets(reader: _Reader) -> Iterator[Sheet]:
    head = ("case", "name", "at", "transition", "resource", "role", "process", "version", "element", "type", "activity",
            "clauses")
    yield Sheet("events", head, (
        (trace.name, one.name, one.at, one.transition, one.resource, one.role, one.process, one.version, one.element,
         one.type, one.activity, " ".join(one.clauses))
        for trace in reader.traces() for one in trace.events))
    keys = ("number", "type", "level", "channel", "state", "status", "outcome", "severity", "origin", "policy_version")
    yield Sheet("cases", keys, (tuple(trace.attributes[key] for key in keys)
                                for trace in reader.traces() if "number" in trace.attributes))


def _as_file(write: Callable[[Path], None]) -> IO[bytes]:
    """Return an open file that `write` has written by its path; it is gone when it is closed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        write(path)
        return path.open("rb")  # POSIX keeps an open file after its name is gone
