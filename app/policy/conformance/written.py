"""What is in writing, how long it is kept and how often it is told: one function a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.clock import as_utc
from app.durations import parse_duration
from app.facts import Period
from app.policy.conformance.log import CANCELLED, CLOSED, Entry, Happening, order
from app.policy.conformance.ruling import (
    BROKEN,
    KEPT,
    PENDING,
    Found,
    Rule,
    Sight,
    owed,
    told,
    worst,
)


def record(rule: Rule, sight: Sight) -> Found | None:
    """Every entry of `form` has what the clause asks for (`fields`: its name -> our field, "@fact", or several)."""
    wanted = {name: rule.options["fields"][name] for name in rule.options["requires_field"]
              if name in rule.options["fields"]}
    return worst(_recorded(rule, sight, entry, wanted) for entry in _entries(rule, sight))


def _entries(rule: Rule, sight: Sight) -> Iterator[Entry]:
    """The entries of the rule's forms; `among`: only those with these answers (other fields are hidden then)."""
    forms = rule.options["form"] if isinstance(rule.options["form"], list) else [rule.options["form"]]
    among = rule.options.get("among") or {}
    return (entry for entry in sight.log.entries
            if entry.form in forms and all(entry.data.get(name) in values for name, values in among.items())
            and (sight.bears is None or sight.bears(entry.at)))


def _recorded(rule: Rule, sight: Sight, entry: Entry, wanted: Mapping[str, Any]) -> Found:
    facts = sight.past.at(entry.at) if sight.past else sight.log.facts
    missing = [name for name, places in wanted.items() if not any(
        _given(facts.get(place[1:]) if place.startswith("@") else entry.data.get(place))
        for place in (places if isinstance(places, list) else [places]))]
    evidence = {"rule": rule.template, "form": entry.form, "missing": missing, "by": _written(entry)}
    return Found(BROKEN if missing else KEPT, entry.at, evidence)


def _given(value: Any) -> bool:
    return value is not None and value != "" and value != []


def ahead(rule: Rule, sight: Sight) -> Found | None:
    """Every entry of `form` that names a moment in `field` was made at least `before` (natural time) ahead of it."""
    return worst(one for one in (_ahead(rule, sight, entry) for entry in _entries(rule, sight)) if one is not None)


def _ahead(rule: Rule, sight: Sight, entry: Entry) -> Found | None:
    try:
        named = datetime.fromisoformat(str(entry.data.get(rule.options["field"])))
    except ValueError:
        return None
    moment = as_utc(named if named.tzinfo else named.replace(tzinfo=sight.calendar.zone))
    due = moment - parse_duration(str(rule.options["before"])).elapsed
    return Found(KEPT if entry.at <= due else BROKEN, entry.at,
                 {"rule": rule.template, "by": _written(entry), "due": due.isoformat(), "ahead_of": moment.isoformat()},
                 due)


def _written(entry: Entry) -> dict[str, Any]:
    return {"seq": None, "at": entry.at.isoformat(), "what": f"{entry.process}/{entry.element}", "actor": entry.by,
            "group": entry.group}


def copies(rule: Rule, sight: Sight) -> Found | None:
    """Every sealed paper of a kind has its copies, one for each recipient that the clause names."""
    kinds = rule.options["paper"] if isinstance(rule.options["paper"], list) else [rule.options["paper"]]
    return worst(_copied(rule, paper) for paper in sight.log.papers if paper.kind in kinds and paper.state != "void"
                 and (sight.bears is None or sight.bears(paper.closed_at or sight.now)))


def _copied(rule: Rule, paper: Any) -> Found:
    wanted, recipients = int(rule.options["copies"]), rule.options.get("recipients") or ()
    evidence = {"rule": rule.template, "paper": paper.number, "copies": paper.copies, "wanted_copies": wanted,
                "missing": [group for group in recipients if group not in paper.holders]}
    if paper.closed_at is None:
        return Found(PENDING, paper.opened_at, evidence)
    kept = paper.copies >= wanted and not evidence["missing"]
    return Found(KEPT if kept else BROKEN, paper.closed_at, evidence)


def paper(rule: Rule, sight: Sight) -> Found | None:
    """Every `a` is followed by, or stands with, a paper of the kind."""
    made = next((one for one in sight.log.papers if one.kind == rule.options["paper"] and one.state != "void"), None)
    trigger = next(iter(sight.triggers(rule.a)), None)
    if trigger is None:
        return None
    evidence = {"rule": rule.template, "from": told(trigger), "missing": [] if made else [rule.options["paper"]]}
    if made is not None:
        return Found(KEPT, max(trigger.at, made.opened_at), {**evidence, "paper": made.number})
    return owed(sight, trigger.at, evidence)


def retention(rule: Rule, sight: Sight) -> Found | None:
    """What was archived is kept for at least as long as the clause says, counted from the end of the case."""
    log = sight.log
    if log.archived_at is None or log.ended_at is None:
        return None
    due = sight.calendar.add(log.ended_at, Period(str(rule.options["retention"]), "natural")).due_at
    # To the day: the period ends at 24:00, whatever the hour at which the case was closed.
    kept = log.keep_until is not None and (sight.calendar.local(log.keep_until).date()
                                           >= sight.calendar.local(due - timedelta(seconds=1)).date())
    return Found(KEPT if kept else BROKEN, log.archived_at,
                 {"rule": rule.template, "limit": str(rule.options["retention"]), "due": due.isoformat(),
                  "kept_until": log.keep_until.isoformat() if log.keep_until else None})


def update_every(rule: Rule, sight: Sight) -> Found | None:
    """From each `a` until `until` (or the end) no more than `every` passes without a `b`; `limit` is that span."""
    return worst(_told(rule, sight, start) for start in sight.triggers(rule.a))


def _told(rule: Rule, sight: Sight, start: Happening) -> Found:
    stops = sight.index.of(tuple(rule.options.get("until") or (CLOSED, CANCELLED)))
    end = next((one for one in stops if order(one) > order(start)), None)
    period = Period(str(rule.options["every"]), "natural")
    previous = start
    evidence: dict[str, Any] = {"rule": rule.template, "limit": period.duration, "calendar": "natural",
                                "wanted": list(rule.b)}
    for one in [*(later for later in sight.index.of(rule.b) if order(later) > order(start)
                  and (end is None or order(later) < order(end))), *([end] if end else [])]:
        due = sight.due(previous.at, period)
        if one.at > due:
            late = {**evidence, "from": told(previous), "by": told(one), "due": due.isoformat()}
            return Found(BROKEN, due, late, due)
        previous = one
    if end is not None:
        return Found(KEPT, end.at, {**evidence, "from": told(start), "by": told(end)})
    due = sight.due(previous.at, period)
    state = BROKEN if sight.now > due else PENDING
    return Found(state, due if state == BROKEN else previous.at,
                 {**evidence, "from": told(previous), "due": due.isoformat()}, due)
