"""History as OCEL 2.0 (object-centric event log, ocel-standard.org) in its three forms: JSON, XML and SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.exports.event_log import LogEvent, LogObject, Trace, event_attributes, related_objects
from app.exports.xml_stream import XmlStream

EVENT_ATTRIBUTES = (
    "lifecycle", "resource", "role", "process", "version", "element", "element_type", "activity", "clauses",
)
OBJECT_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "case": ("number", "type", "level", "channel", "state", "status", "outcome", "severity", "origin"),
    "process_instance": ("process", "version", "state"),
    "user_task": ("name", "group", "state"),
    "paper": ("number", "kind", "state"),
    "product": ("model",),
    "customer": ("level",),
}


@dataclass(frozen=True)
class Log:
    """A log that is gone through as often as a form needs; every form lists its types before its events."""

    names: Sequence[str]  # of events, each once
    traces: Callable[[], Iterable[Trace]]

    def objects(self) -> Iterator[LogObject]:
        """Give every object once, though customers and products occur in several traces."""
        seen: set[str] = set()
        for trace in self.traces():
            for one in trace.objects:
                if one.id not in seen:
                    seen.add(one.id)
                    yield one

    def events(self) -> Iterator[tuple[LogEvent, list[tuple[str, str]]]]:
        """Give every event with the objects that it concerns."""
        for trace in self.traces():
            known = frozenset(one.id for one in trace.objects)
            for event in trace.events:
                yield event, related_objects(trace, event, known)


def write_json(out: IO[bytes], log: Log) -> None:
    """Write the JSON form."""
    out.write(b'{"objectTypes": ' + _json([_type(name, keys) for name, keys in OBJECT_ATTRIBUTES.items()]))
    out.write(b', "eventTypes": ' + _json([_type(name, EVENT_ATTRIBUTES) for name in log.names]))
    out.write(b', "objects": [')
    _listed(out, ({"id": one.id, "type": one.type, "attributes": _dated(one), "relationships": _relations(one.related)}
                  for one in log.objects()))
    out.write(b'], "events": [')
    _listed(out, ({"id": f"e{event.seq}", "type": event.name, "time": event.at.isoformat(),
                   "attributes": [{"name": key, "value": value} for key, value in event_attributes(event).items()],
                   "relationships": _relations(related)} for event, related in log.events()))
    out.write(b"]}\n")


def _type(name: str, attributes: Iterable[str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": one, "type": "string"} for one in attributes]}


def _dated(one: LogObject) -> list[dict[str, str]]:
    return [{"name": key, "time": one.at.isoformat(), "value": value} for key, value in one.attributes.items()]


def _relations(related: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": target, "qualifier": qualifier} for target, qualifier in related]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _listed(out: IO[bytes], rows: Iterable[Any]) -> None:
    for place, row in enumerate(rows):
        out.write((b",\n" if place else b"\n") + _json(row))


def write_xml(out: IO[bytes], log: Log) -> None:
    """Write the XML form."""
    with XmlStream(out) as xml:
        xml.open("log")
        _xml_types(xml, "object", OBJECT_ATTRIBUTES)
        _xml_types(xml, "event", dict.fromkeys(log.names, EVENT_ATTRIBUTES))
        xml.open("objects")
        for one in log.objects():
            _xml_object(xml, one)
        xml.close("objects")
        xml.open("events")
        for event, related in log.events():
            _xml_event(xml, event, related)
        xml.close("events")
        xml.close("log")


def _xml_object(xml: XmlStream, one: LogObject) -> None:
    xml.open("object", {"id": one.id, "type": one.type})
    xml.open("attributes")
    for key, value in one.attributes.items():
        xml.element("attribute", {"name": key, "time": one.at.isoformat()}, value)
    xml.close("attributes")
    _xml_relations(xml, one.related)
    xml.close("object")


def _xml_types(xml: XmlStream, kind: str, types: Mapping[str, Iterable[str]]) -> None:
    xml.open(f"{kind}-types")
    for name, attributes in types.items():
        xml.open(f"{kind}-type", {"name": name})
        xml.open("attributes")
        for one in attributes:
            xml.element("attribute", {"name": one, "type": "string"})
        xml.close("attributes")
        xml.close(f"{kind}-type")
    xml.close(f"{kind}-types")


def _xml_event(xml: XmlStream, event: LogEvent, related: Iterable[tuple[str, str]]) -> None:
    xml.open("event", {"id": f"e{event.seq}", "type": event.name, "time": event.at.isoformat()})
    xml.open("attributes")
    for key, value in event_attributes(event).items():
        xml.element("attribute", {"name": key}, value)
    xml.close("attributes")
    _xml_relations(xml, related)
    xml.close("event")


def _xml_relations(xml: XmlStream, related: Iterable[tuple[str, str]]) -> None:
    xml.open("objects")
    for target, qualifier in related:
        xml.element("relationship", {"object-id": target, "qualifier": qualifier})
    xml.close("objects")


def write_sqlite(path: Path, log: Log) -> None:
    """Write the SQLite form to a new file at `path`."""
    tables = {name: f"t{place}" for place, name in enumerate(log.names)}  # names are Chinese: tables are numbered
    with closing(sqlite3.connect(path)) as database, database:
        _schema(database, tables)
        for one in log.objects():
            database.execute("INSERT INTO object VALUES (?, ?)", (one.id, one.type))
            values = [one.attributes.get(key) for key in OBJECT_ATTRIBUTES[one.type]]
            _insert(database, f"object_{one.type}", [one.id, one.at.isoformat(), None, *values])
            _relate(database, "object_object", one.id, one.related)
        for event, related in log.events():
            number, said = f"e{event.seq}", event_attributes(event)
            database.execute("INSERT INTO event VALUES (?, ?)", (number, event.name))
            _insert(database, f"event_{tables[event.name]}",
                    [number, event.at.isoformat(), *(said[key] for key in EVENT_ATTRIBUTES)])
            _relate(database, "event_object", number, related)


def _relate(database: sqlite3.Connection, table: str, source: str, related: Iterable[tuple[str, str]]) -> None:
    for target, qualifier in dict.fromkeys(related):
        _insert(database, table, [source, target, qualifier])


def _insert(database: sqlite3.Connection, table: str, values: Sequence[str | None]) -> None:
    # The table's name is ours: a type of OBJECT_ATTRIBUTES, or a number.
    database.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(values))})', values)  # noqa: S608


def _schema(database: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    database.executescript("""
        CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);
        CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
        CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);
        CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
        CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
                                   PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
        CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
                                    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
    """)
    database.executemany("INSERT INTO event_map_type VALUES (?, ?)", tables.items())
    database.executemany("INSERT INTO object_map_type VALUES (?, ?)", [(name, name) for name in OBJECT_ATTRIBUTES])
    event_columns = ", ".join(f"{key} TEXT" for key in EVENT_ATTRIBUTES)
    for table in tables.values():
        database.execute(f'CREATE TABLE "event_{table}" '
                         f"(ocel_id TEXT PRIMARY KEY, ocel_time TIMESTAMP, {event_columns})")
    for name, keys in OBJECT_ATTRIBUTES.items():
        columns = ", ".join(f'"{key}" TEXT' for key in keys)
        database.execute(f'CREATE TABLE "object_{name}" (ocel_id TEXT, ocel_time TIMESTAMP, '
                         f"ocel_changed_field TEXT, {columns})")
