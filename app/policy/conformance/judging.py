"""One case held against every clause that bears on it, and the company against its cadences: pure, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from app.clock import as_utc
from app.durations import add_months, parse_duration
from app.policy.conformance.log import CaseLog, Happening, Index
from app.policy.conformance.past import Past
from app.policy.conformance.rules import Monitor, Monitors
from app.policy.conformance.templates import BROKEN, KEPT, PENDING, TEMPLATES, WORST, Evidence, Found, Rule, Sight, told
from app.work_calendar import WorkCalendar

NOT_APPLICABLE = "not_applicable"
COMPANY = "company"
BY_THEMSELVES = frozenset({"record", "ahead", "copies"})  # these look at what was written while the clause bore


class Verdict(NamedTuple):
    """What one clause comes to on one case, or on the company in one period."""

    clause: str
    state: str  # kept | broken | pending | not_applicable
    since: datetime | None  # when it came to be so; None where it does not apply
    due_at: datetime | None  # of a pending one
    obligation: str
    evidence: tuple[Evidence, ...]  # rule by rule, the one that decided first
    period: str = ""  # of a cadence: the first day


def judge(monitors: Monitors, log: CaseLog, now: datetime, calendar: WorkCalendar, *,
          everything: bool = False) -> list[Verdict]:
    """Return the verdicts of a case at `now`; those that don't apply only with `everything`."""
    sight = Sight(log, Index(log), now, calendar)
    words, found = sight.index.words, []
    for monitor, seen in _bearing(monitors, sight):
        if monitor.triggers is None or not words.isdisjoint(monitor.triggers):
            verdict = _judged(monitor, seen)
            if verdict is not None:
                found.append(verdict)
    if everything:
        judged = {verdict.clause for verdict in found}
        found += [_not_applicable(monitor, log) for monitor in monitors.cases if monitor.clause not in judged]
    return found


def _bearing(monitors: Monitors, sight: Sight) -> list[tuple[Monitor, Sight]]:
    """The monitors that bear on the case, or did before its facts changed, each with what it may look at."""
    log = sight.log
    if log.changes:
        settled = next(iter(sight.index.of(monitors.settled_by)), None)
        past = Past(log, settled.at if settled else None)
        if past.changed:
            return list(_as_it_was(monitors, past, replace(sight, past=past)))
    return [(monitor, sight) for monitor in monitors.bearing_on(log.facts)]


def _as_it_was(monitors: Monitors, past: Past, sight: Sight) -> Iterator[tuple[Monitor, Sight]]:
    stretches = past.all()
    for monitor in monitors.cases:
        bore = [monitor.bears_on(facts) for facts in stretches]
        if all(bore):
            yield monitor, sight
        elif any(bore):
            yield monitor, replace(sight, bears=partial(_bore, monitor, past))


def _bore(monitor: Monitor, past: Past, moment: datetime) -> bool:
    return monitor.bears_on(past.at(moment))


def _not_applicable(monitor: Monitor, log: CaseLog) -> Verdict:
    reason = "no_trigger" if monitor.bears_on(log.facts) else "conditions"
    wanted = [{name: sorted(map(str, values)) for name, values in one.items()} for one in monitor.conditions]
    return Verdict(monitor.clause, NOT_APPLICABLE, None, None, monitor.obligation,
                   ({"rule": monitor.rules[0].template, "why_not": reason, "conditions": wanted},))


def _judged(monitor: Monitor, sight: Sight) -> Verdict | None:
    found = [one for rule in monitor.rules if (one := TEMPLATES[rule.template](rule, sight)) is not None
             and (sight.bears is None or _bore_then(rule, one, sight, sight.bears))]
    if not found:
        return None
    if len(found) > 1:
        found.sort(key=_rank)
    first = found[0]
    due = min((one.due_at for one in found if one.due_at is not None), default=None) if first.state == PENDING else None
    return Verdict(monitor.clause, first.state, first.since, due, monitor.obligation,
                   tuple(one.evidence for one in found))


def _bore_then(rule: Rule, one: Found, sight: Sight, bears: Callable[[datetime], bool]) -> bool:
    """Whether the clause bore on the case when a rule that nothing triggers came to be so; the others have looked."""
    if rule.triggers is not None or rule.template in BY_THEMSELVES:
        return True
    return bears(sight.now if one.state == PENDING else one.since)


def _rank(one: Found) -> tuple[int, float]:
    moment = one.since.timestamp()
    return WORST[one.state], moment if one.state == BROKEN else -moment


def judge_company(monitors: Monitors, happenings: Sequence[Happening], since: datetime, now: datetime,
                  calendar: WorkCalendar) -> list[Verdict]:
    """Return one verdict for each period of each cadence from `since` (when the work began to be done) to `now`."""
    return [verdict for monitor in monitors.company for rule in monitor.rules
            for verdict in _cadence(monitor, rule, happenings, since, now, calendar)]


def _cadence(monitor: Monitor, rule: Rule, happenings: Sequence[Happening], since: datetime, now: datetime,
             calendar: WorkCalendar) -> Iterator[Verdict]:
    done = [one for one in happenings if one.activity in rule.a or f"{one.process}/{one.element}" in rule.a]
    for first, opens, closes in _periods(rule, calendar.local(since), calendar.local(now)):
        made = next((one for one in done if opens <= one.at < closes), None)
        evidence: dict[str, Any] = {"rule": rule.template, "wanted": list(rule.a), "due": closes.isoformat(),
                                    "limit": rule.options["every"], "from_day": first.isoformat()}
        if made is not None:
            yield Verdict(monitor.clause, KEPT, made.at, None, monitor.obligation,
                          ({**evidence, "by": told(made)},), first.isoformat())
        elif now < closes:
            yield Verdict(monitor.clause, PENDING, opens, closes, monitor.obligation, (evidence,), first.isoformat())
        else:
            yield Verdict(monitor.clause, BROKEN, closes, None, monitor.obligation, (evidence,), first.isoformat())


def _periods(rule: Rule, since: datetime, now: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield (first day, from, until) of each whole period since the work began; `due_day` shortens it.

    Weeks begin on Monday, months on their first day, quarters and half-years with those of the calendar.
    """
    every, zone = parse_duration(str(rule.options["every"])), since.tzinfo

    def begin(day: date) -> datetime:
        return as_utc(datetime.combine(day, time(0), tzinfo=zone))

    def following(day: date) -> date:
        return (add_months(datetime.combine(day, time(0), tzinfo=zone), every.months).date() if every.months
                else day + timedelta(days=every.days))

    began = since.date()
    if every.months:
        first = began.replace(month=(began.month - 1) // every.months * every.months + 1, day=1)
    else:
        first = began - timedelta(days=began.weekday())
    while first < began:
        first = following(first)
    while first <= now.date():
        after, due_day = following(first), rule.options.get("due_day")
        yield first, begin(first), begin(first + timedelta(days=int(due_day)) if due_day else after)
        first = after
