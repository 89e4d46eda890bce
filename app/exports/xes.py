"""History as XES, IEEE 1849-2023: written trace by trace, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from app.exports.event_log import LIFECYCLE, LogEvent, Trace
from app.exports.xml_stream import XmlStream

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Identity", "identity", "http://www.xes-standard.org/identity.xesext"),
)
CLASSIFIERS = (("Activity", "concept:name"), ("Activity and lifecycle", "concept:name lifecycle:transition"))


def write_xes(out: IO[bytes], traces: Iterable[Trace], name: str) -> int:
    """Write the log to `out` as UTF-8 and return how many events it has; `name` says what it holds."""
    with XmlStream(out) as xml:
        xml.open("log", {"xes.version": "1849-2023", "xes.features": "", "xmlns": "http://www.xes-standard.org/"})
        for title, prefix, uri in EXTENSIONS:
            xml.element("extension", {"name": title, "prefix": prefix, "uri": uri})
        _globals(xml)
        for title, keys in CLASSIFIERS:
            xml.element("classifier", {"name": title, "keys": keys})
        _value(xml, "string", "concept:name", name)
        _value(xml, "string", "lifecycle:model", "standard")
        count = sum(_trace(xml, trace) for trace in traces)
        xml.close("log")
    return count


def _globals(xml: XmlStream) -> None:
    xml.open("global", {"scope": "trace"})
    _value(xml, "string", "concept:name", "")
    xml.close("global")
    xml.open("global", {"scope": "event"})
    _value(xml, "string", "concept:name", "")
    _value(xml, "string", "lifecycle:transition", "complete")
    _value(xml, "date", "time:timestamp", "1970-01-01T00:00:00.000+00:00")
    xml.close("global")


def _trace(xml: XmlStream, trace: Trace) -> int:
    xml.open("trace")
    _value(xml, "string", "concept:name", trace.name)
    _value(xml, "id", "identity:id", trace.id)
    for key, value in trace.attributes.items():
        _value(xml, "string", key, value)
    for event in trace.events:
        _event(xml, event)
    xml.close("trace")
    return len(trace.events)


def _event(xml: XmlStream, event: LogEvent) -> None:
    xml.open("event")
    _value(xml, "string", "concept:name", event.name)
    _value(xml, "string", "concept:instance", event.task_id)
    _value(xml, "string", "lifecycle:transition", LIFECYCLE[event.transition])
    _value(xml, "date", "time:timestamp", event.at.isoformat(timespec="milliseconds"))
    _value(xml, "string", "org:resource", event.resource)
    if event.role:
        _value(xml, "string", "org:role", event.role)
    _value(xml, "string", "process", event.process)
    _value(xml, "int", "version", str(event.version))
    _value(xml, "string", "element", event.element)
    _value(xml, "string", "element_type", event.type)
    if event.activity:
        _value(xml, "string", "activity", event.activity)
    if event.clauses:
        _value(xml, "string", "clauses", " ".join(event.clauses))
    xml.close("event")


def _value(xml: XmlStream, kind: str, key: str, value: str) -> None:
    xml.element(kind, {"key": key, "value": value})
