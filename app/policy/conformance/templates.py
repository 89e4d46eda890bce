"""What each kind of rule asks of a log: one function a template, each giving what it found with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from app.clock import as_utc
from app.durations import add_months, parse_duration
from app.facts import Period
from app.policy.conformance.log import (
    CANCELLED,
    CLOSED,
    LAST,
    CaseLog,
    ClockFacts,
    Entry,
    Happening,
    Index,
    follows,
    order,
)
from app.work_calendar import WorkCalendar

KEPT, BROKEN, PENDING = "kept", "broken", "pending"
WORST = {BROKEN: 0, PENDING: 1, KEPT: 2}
CADENCE = "cadence"
NO_CLOCK = ClockFacts()
TRIGGERS = {"response": "a", "chain_response": "a", "not_succession": "a", "role": "a", "threshold": "a", "paper": "a",
            "update_every": "a", "precedence": "b", "four_eyes": "b"}
Evidence = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of a monitor, with everything bound."""

    template: str
    a: tuple[str, ...] = ()
    b: tuple[str, ...] = ()
    within: Period | None = None
    clock: str | None = None  # the SLA clock whose pauses count
    same_instance: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything in a log that the rule looks at."""
        return (*self.a, *self.b)

    @property
    def triggers(self) -> tuple[str, ...] | None:
        """Without any of these in a log the rule has nothing to say; None: it may always have."""
        side = TRIGGERS.get(self.template)
        return None if side is None else self.a if side == "a" else self.b


class Found(NamedTuple):
    """What one rule says of a log."""

    state: str  # kept | broken | pending
    since: datetime
    evidence: Evidence
    due_at: datetime | None = None


@dataclass(frozen=True)
class Sight:
    """What a rule looks at, and when."""

    log: CaseLog
    index: Index
    now: datetime
    calendar: WorkCalendar
    known: dict[tuple[datetime, Period], datetime] = field(default_factory=dict)  # deadlines that clauses share

    def due(self, start: datetime, period: Period) -> datetime:
        """Return when the period from `start` ends, pauses aside."""
        found = self.known.get((start, period))
        if found is None:
            found = self.known[start, period] = self.calendar.due_at(start, period)
        return found


Template = Callable[[Rule, Sight], Found | None]


@lru_cache(maxsize=4096)
def told(one: Happening) -> dict[str, Any]:
    """Return a happening as evidence; many clauses tell the same."""
    return {"seq": one.seq if 0 < one.seq < LAST else None, "at": one.at.isoformat(),
            "what": f"{one.process}/{one.element}" if one.process else one.element, "actor": one.actor,
            "group": one.group}


def _worst(found: Iterable[Found]) -> Found | None:
    """The one that decides: the first breach, else what falls due first, else what was kept last."""
    best: Found | None = None
    count = 0
    for one in found:
        count += 1
        if best is None or _before(one, best):
            best = one
    if best is not None and count > 1:
        return Found(best.state, best.since, {**best.evidence, "times": count}, best.due_at)
    return best


def _before(one: Found, other: Found) -> bool:
    if one.state != other.state:
        return WORST[one.state] < WORST[other.state]
    if one.state == PENDING:
        return (one.due_at or datetime.max.replace(tzinfo=one.since.tzinfo)) < (
            other.due_at or datetime.max.replace(tzinfo=one.since.tzinfo))
    return one.since < other.since if one.state == BROKEN else one.since > other.since


# ---- one thing after another


def response(rule: Rule, sight: Sight) -> Found | None:
    """Every `a` is followed by a `b`, within the time if there is one."""
    triggers: Sequence[Happening] = sight.index.of(rule.a)
    if not triggers:
        return None
    answers = sight.index.of(rule.b)
    if rule.options.get("once"):
        triggers = triggers[:1]
    following = [*triggers[1:], None] if rule.clock else [None] * len(triggers)
    return _worst(one for one in (_answered(rule, sight, trigger, after, answers)
                                  for trigger, after in zip(triggers, following, strict=True)) if one is not None)


def _answered(rule: Rule, sight: Sight, trigger: Happening, after: Happening | None,
              answers: Sequence[Happening]) -> Found | None:
    answer = next((one for one in answers if follows(one, trigger)
                   and not (rule.same_instance and one.instance != trigger.instance)), None)
    evidence: dict[str, Any] = {"rule": rule.template, "from": told(trigger),
                                **({"wanted": rule.b} if answer is None else {"by": told(answer)})}
    if rule.options.get("by_day"):
        return _by_day(rule, sight, trigger, answer, evidence)
    if rule.within is None:
        if answer is not None:
            return Found(KEPT, answer.at, evidence)
        return _owed(sight, trigger.at, evidence)
    return _in_time(rule, rule.within, sight, (trigger, after), answer, evidence)


def _by_day(rule: Rule, sight: Sight, trigger: Happening, answer: Happening | None,
            evidence: dict[str, Any]) -> Found | None:
    """Until 24:00 of the clause's `due_day` in the month after the trigger's."""
    local = sight.calendar.local(trigger.at)
    following = add_months(local.replace(day=1, hour=0, minute=0, second=0, microsecond=0), 1)
    due = as_utc(following + timedelta(days=int(rule.options["due_day"])))
    evidence = {**evidence, "due": due.isoformat()}
    if answer is not None:
        kept = answer.at <= due
        return Found(KEPT if kept else BROKEN, answer.at if kept else due, evidence, due)
    if sight.log.state == "cancelled":
        return None
    return Found(BROKEN, due, evidence, due) if sight.now > due else Found(PENDING, trigger.at, evidence, due)


def _in_time(rule: Rule, within: Period, sight: Sight, span: tuple[Happening, Happening | None],
             answer: Happening | None, evidence: dict[str, Any]) -> Found | None:
    trigger, after = span
    clock = sight.log.clocks.get(rule.clock or "", NO_CLOCK)
    due = sight.due(trigger.at, within)
    if clock.pauses:
        due = sight.calendar.extend(due, clock.pauses, within.calendar)
        evidence["pauses"] = [[span.start.isoformat(), span.end.isoformat()] for span in clock.pauses
                              if span.end > trigger.at]
    if clock.agreed is not None and clock.agreed > due:
        due = clock.agreed
        evidence["agreed"] = True
    evidence |= {"due": due.isoformat(), "limit": within.duration, "calendar": within.calendar}
    lapsed = _lapsed(sight.log, clock, trigger.at, after)
    if answer is not None and answer.at <= due:
        return Found(KEPT, answer.at, evidence, due)
    if lapsed is not None and lapsed <= due:
        return None  # not owed any more before it fell due
    stands = clock.paused_since is not None and clock.paused_since < due
    if answer is None and stands:
        return Found(PENDING, trigger.at, {**evidence, "paused": True, "due": None})
    if answer is None and sight.now <= due:
        return Found(PENDING, trigger.at, evidence, due)
    return Found(BROKEN, due, evidence, due)


def _lapsed(log: CaseLog, clock: ClockFacts, since: datetime, after: Happening | None) -> datetime | None:
    """When nothing was owed any more: withdrawn, the clock taken away, or begun anew (a new round)."""
    moments = [*clock.lapses, log.ended_at if log.state == "cancelled" else None, after.at if after else None]
    return min((one for one in moments if one is not None and one >= since), default=None)


def _owed(sight: Sight, since: datetime, evidence: dict[str, Any]) -> Found | None:
    """What has no time limit is owed until nothing of the case moves any more."""
    log = sight.log
    if log.state == "cancelled":
        return None
    if log.running or log.ended_at is None:
        return Found(PENDING, since, evidence)
    return Found(BROKEN, log.ended_at, {**evidence, "ended": True})


def precedence(rule: Rule, sight: Sight) -> Found | None:
    """No `b` without an `a` before it; `a` of several alternatives: any of them."""
    first = sight.index.of(rule.a)
    return _worst(_preceded(rule, first, later) for later in sight.index.of(rule.b))


def _preceded(rule: Rule, first: Sequence[Happening], later: Happening) -> Found:
    before = [one for one in first if follows(later, one)
              and not (rule.same_instance and one.instance != later.instance)]
    evidence: dict[str, Any] = {"rule": rule.template, "by": told(later)}
    if before:
        return Found(KEPT, later.at, {**evidence, "from": told(before[-1])})
    return Found(BROKEN, later.at, {**evidence, "wanted": list(rule.a)})


def chain_response(rule: Rule, sight: Sight) -> Found | None:
    """Right after each `a`, the next activity of the same instance is a `b`."""
    return _worst(one for one in (_chained(rule, sight, trigger) for trigger in sight.index.of(rule.a)) if one)


def _chained(rule: Rule, sight: Sight, trigger: Happening) -> Found | None:
    following = next((one for one in sight.log.happenings if order(one) > order(trigger) and one.activity
                      and one.instance == trigger.instance), None)
    evidence = {"rule": rule.template, "from": told(trigger), "wanted": list(rule.b)}
    if following is None:
        return _owed(sight, trigger.at, evidence)
    kept = following in sight.index.of(rule.b)
    return Found(KEPT if kept else BROKEN, following.at, {**evidence, "by": told(following)})


def not_succession(rule: Rule, sight: Sight) -> Found | None:
    """After an `a` no `b` may follow."""
    first = next(iter(sight.index.of(rule.a)), None)
    if first is None:
        return None
    evidence = {"rule": rule.template, "from": told(first), "forbidden": list(rule.b)}
    later = next((one for one in sight.index.of(rule.b) if follows(one, first)), None)
    if later is not None:
        return Found(BROKEN, later.at, {**evidence, "by": told(later)})
    return _still(sight, first.at, evidence)


# ---- what is there or not


def existence(rule: Rule, sight: Sight) -> Found | None:
    """An `a` happens before the case is over."""
    found = next(iter(sight.index.of(rule.a)), None)
    evidence = {"rule": rule.template, "wanted": list(rule.a)}
    if found is not None:
        return Found(KEPT, found.at, {**evidence, "by": told(found)})
    return _owed(sight, sight.log.registered_at, evidence)


def absence(rule: Rule, sight: Sight) -> Found | None:
    """No `a` happens."""
    found = next(iter(sight.index.of(rule.a)), None)
    evidence = {"rule": rule.template, "forbidden": list(rule.a)}
    if found is not None:
        return Found(BROKEN, found.at, {**evidence, "by": told(found)})
    return _still(sight, sight.log.registered_at, evidence)


def init(rule: Rule, sight: Sight) -> Found | None:
    """The first activity is an `a`."""
    first = next((one for one in sight.log.happenings if one.activity), None)
    if first is None:
        return None
    kept = first in sight.index.of(rule.a)
    return Found(KEPT if kept else BROKEN, first.at,
                 {"rule": rule.template, "by": told(first), "wanted": list(rule.a)})


def exclusive_choice(rule: Rule, sight: Sight) -> Found | None:
    """Exactly one of `a` and `b` happens."""
    one, other = sight.index.of(rule.a), sight.index.of(rule.b)
    evidence: dict[str, Any] = {"rule": rule.template, "wanted": [*rule.a, *rule.b]}
    if one and other:
        second = max(one[0], other[0], key=order)
        return Found(BROKEN, second.at, {**evidence, "from": told(min(one[0], other[0], key=order)),
                                         "by": told(second)})
    if one or other:
        return _still(sight, (*one, *other)[0].at, {**evidence, "by": told((*one, *other)[0])})
    return _owed(sight, sight.log.registered_at, evidence)


def _still(sight: Sight, since: datetime, evidence: dict[str, Any]) -> Found:
    """What must not happen is kept once nothing moves any more; until then it is open."""
    return Found(PENDING if sight.log.running else KEPT, sight.log.ended_at or since, evidence)


# ---- who


def role(rule: Rule, sight: Sight) -> Found | None:
    """Every `a` is done by one of the groups that the clause names."""
    groups = rule.options["groups"]
    return _worst(Found(KEPT if one.group in groups else BROKEN, one.at,
                        {"rule": rule.template, "by": told(one), "groups": list(groups)})
                  for one in sight.index.of(rule.a))


def four_eyes(rule: Rule, sight: Sight) -> Found | None:
    """Nobody does `b` who did an `a` before; with `ranks`, `b` is done by a higher one than `a`."""
    return _worst(one for one in (_seen(rule, sight, later) for later in sight.index.of(rule.b)) if one is not None)


def _seen(rule: Rule, sight: Sight, later: Happening) -> Found | None:
    before = [one for one in sight.index.of(rule.a) if follows(later, one) and one.actor not in SYSTEMS]
    if not before or later.actor in SYSTEMS:
        return None
    same = next((one for one in before if one.actor == later.actor), None)
    evidence: dict[str, Any] = {"rule": rule.template, "by": told(later), "from": told(same or before[-1])}
    ranks = rule.options.get("ranks")
    if same is None and ranks:
        low = max((ranks.index(one.group) for one in before if one.group in ranks), default=-1)
        if later.group not in ranks or ranks.index(later.group) <= low:
            return Found(BROKEN, later.at, {**evidence, "ranks": list(ranks)})
    return Found(BROKEN if same else KEPT, later.at, evidence)


SYSTEMS = frozenset({"system", "customer", ""})


def threshold(rule: Rule, sight: Sight) -> Found | None:
    """An amount on the clause's side of its figure is approved (`a`) by the clause's approver."""
    return _worst(one for one in (_approved(rule, sight, made) for made in sight.index.of(rule.a)) if one is not None)


COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda amount, figure: amount < figure, "<=": lambda amount, figure: amount <= figure,
    ">": lambda amount, figure: amount > figure, ">=": lambda amount, figure: amount >= figure}


def _approved(rule: Rule, sight: Sight, made: Happening) -> Found | None:
    limit, form = rule.options["threshold"], rule.options["form"]
    given = [(one.at, one.data.get(rule.options["field"])) for one in sight.log.entries
             if one.form == form and one.at <= made.at and _number(one.data.get(rule.options["field"])) is not None]
    amount = _number(given[-1][1]) if given else None
    if amount is None or not COMPARE[limit["op"]](amount, float(limit["value"])):
        return None
    groups = rule.options["groups"]
    evidence = {"rule": rule.template, "by": told(made), "groups": list(groups), "amount": amount,
                "figure": f"{limit['op']} {limit['value']} {limit.get('unit', '')}".strip()}
    return Found(KEPT if made.group in groups else BROKEN, made.at, evidence)


def _number(value: Any) -> float | None:
    """Amounts are kept as text, so that no cent is lost."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


# ---- what is kept in writing


def record(rule: Rule, sight: Sight) -> Found | None:
    """Every entry of `form` has what the clause asks for (`fields`: its name -> our field, "@fact", or several)."""
    wanted = {name: rule.options["fields"][name] for name in rule.options["requires_field"]
              if name in rule.options["fields"]}
    return _worst(_recorded(rule, sight, entry, wanted) for entry in _entries(rule, sight))


def _entries(rule: Rule, sight: Sight) -> Iterator[Entry]:
    """The entries of the rule's forms; `among`: only those with these answers (other fields are hidden then)."""
    forms = rule.options["form"] if isinstance(rule.options["form"], list) else [rule.options["form"]]
    among = rule.options.get("among") or {}
    return (entry for entry in sight.log.entries
            if entry.form in forms and all(entry.data.get(name) in values for name, values in among.items()))


def _recorded(rule: Rule, sight: Sight, entry: Entry, wanted: Mapping[str, Any]) -> Found:
    missing = [name for name, places in wanted.items() if not any(
        _given(sight.log.facts.get(place[1:]) if place.startswith("@") else entry.data.get(place))
        for place in (places if isinstance(places, list) else [places]))]
    evidence = {"rule": rule.template, "form": entry.form, "missing": missing, "by": _written(entry)}
    return Found(BROKEN if missing else KEPT, entry.at, evidence)


def _given(value: Any) -> bool:
    return value is not None and value != "" and value != []


def ahead(rule: Rule, sight: Sight) -> Found | None:
    """Every entry of `form` that names a moment in `field` was made at least `before` (natural time) ahead of it."""
    return _worst(one for one in (_ahead(rule, sight, entry) for entry in _entries(rule, sight)) if one is not None)


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
    return _worst(_copied(rule, paper) for paper in sight.log.papers if paper.kind in kinds and paper.state != "void")


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
    trigger = next(iter(sight.index.of(rule.a)), None)
    if trigger is None:
        return None
    evidence = {"rule": rule.template, "from": told(trigger), "missing": [] if made else [rule.options["paper"]]}
    if made is not None:
        return Found(KEPT, max(trigger.at, made.opened_at), {**evidence, "paper": made.number})
    return _owed(sight, trigger.at, evidence)


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
    """From `a` until `until` (or the end) no more than `every` passes without a `b`; `limit` is that span."""
    start = next(iter(sight.index.of(rule.a)), None)
    if start is None:
        return None
    stops = [one for one in sight.index.of(tuple(rule.options.get("until") or (CLOSED, CANCELLED)))
             if order(one) > order(start)]
    end = stops[0] if stops else None
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


TEMPLATES: Mapping[str, Template] = {
    "response": response, "precedence": precedence, "chain_response": chain_response,
    "not_succession": not_succession, "existence": existence, "absence": absence, "init": init,
    "exclusive_choice": exclusive_choice, "role": role, "four_eyes": four_eyes, "threshold": threshold,
    "record": record, "ahead": ahead,
    "copies": copies, "paper": paper, "retention": retention, "update_every": update_every}
