"""From rows to the plain log that monitors read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.policy.conformance import CaseLog, Change, ClockFacts, Entry, Happening, Monitors, Paper
from app.services.sla_plan import NEVER_PAUSED
from app.store.models import Case
from app.store.queries.conformance import Batch
from app.work_calendar import Span

FACTS = ("type", "complaint_type", "level", "channel", "customer_level", "customer_known", "origin", "urgency",
         "severity", "flags", "round", "owner_group", "product_model", "serial_no", "order_no", "purchase_date")


def log_of(case: Case, batch: Batch, monitors: Monitors) -> CaseLog:
    """Return the log of one case of a batch."""
    state = "cancelled" if case.outcome in monitors.released_by else case.state
    return CaseLog(
        case.id, {**(case.extra or {}), **{name: getattr(case, name) for name in FACTS}}, state,
        case.id in batch.running, case.registered_at, case.policy_version,
        [Happening(row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])
         for row in batch.history.get(case.id, ())],
        _entries(batch.entries.get(case.id, ())),
        [Paper(row.kind, row.number, row.state, row.copies, tuple(batch.holders.get(row.id, ())), {}, row.opened_at,
               row.closed_at) for row in batch.papers.get(case.id, ())],
        _clocks(batch.clocks.get(case.id, ()), monitors.extended_by), _ended_at(case, batch),
        case.archived_at, case.keep_until, _changes(batch.changes.get(case.id, ()), monitors.facts))


def _changes(found: Collection[Any], facts: Collection[str]) -> list[Change]:
    """What became another one; what was first given then had been so all the time."""
    return [Change(row.at, name, before) for row in found for name, (before, _) in row.detail.items()
            if name in facts and before is not None]


def _ended_at(case: Case, batch: Batch) -> datetime | None:
    """When the case was closed; a withdrawn one ends with the last thing that happened where no time was kept."""
    if case.closed_at is not None or case.state == "open":
        return case.closed_at
    history = batch.history.get(case.id)
    return history[-1].at if history else case.registered_at


def _entries(found: Collection[Any]) -> list[Entry]:
    """What was filled in, once for each task: a correction speaks in the place of what it corrects."""
    entries: dict[str, Entry] = {}
    for row in found:
        first = entries.get(row.work_item_id)
        entries[row.work_item_id] = Entry(row.process, row.element_id, row.form_id, row.data or {}, row.submitted_by,
                                          first.at if first else row.submitted_at, row.group_code, row.instance_id)
    return list(entries.values())


def _clocks(found: Collection[Any], extended_by: frozenset[str]) -> Mapping[str, ClockFacts]:
    clocks: dict[str, ClockFacts] = {}
    for row in found:
        known = clocks.get(row.name, ClockFacts())
        stops = row.pauses if row.name not in NEVER_PAUSED else ()  # a stop that O4 forbids gives no time
        spans = {*known.pauses, *(Span(datetime.fromisoformat(pause["from"]), datetime.fromisoformat(pause["to"]))
                                  for pause in stops or () if pause["to"])}
        running = row.state == "open" and row.name not in NEVER_PAUSED
        signed = extended_by.intersection(row.clauses or ())
        clocks[row.name] = ClockFacts(
            tuple(sorted(spans, key=lambda span: (span.start, span.end))) if spans else (),
            row.paused_at if running else None,
            (*known.lapses, row.paused_at) if row.state == "cancelled" and row.paused_at else known.lapses,
            (*known.agreed, Span(row.started_at, row.due_at)) if signed else known.agreed)
    return clocks

