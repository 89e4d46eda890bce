"""What each kind of rule asks of a log: one function a template, each giving what it found with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.clock import as_utc
from app.durations import add_months
from app.facts import Period
from app.policy.conformance.log import FIRST, CaseLog, ClockFacts, Happening, follows, order
from app.policy.conformance.ruling import (
    BROKEN,
    CADENCE,
    KEPT,
    NO_CLOCK,
    PENDING,
    WORST,
    Evidence,
    Found,
    Rule,
    Sight,
    Template,
    owed,
    told,
    worst,
)
from app.policy.conformance.written import ahead, copies, paper, record, retention, update_every
from app.work_calendar import Span

__all__ = ["BROKEN", "CADENCE", "KEPT", "PENDING", "TEMPLATES", "WORST", "Evidence", "Found", "Rule", "Sight", "told"]


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
    return worst([one for trigger, after in zip(triggers, following, strict=True)
                  if (one := _answered(rule, sight, trigger, after, answers)) is not None
                  and (sight.bears is None or sight.bears(_owed_at(rule, sight, trigger, one)))])


def _owed_at(rule: Rule, sight: Sight, trigger: Happening, one: Found) -> datetime:
    """The moment whose facts tell whether the clause bore on the case.

    A step calls for what the case was when it was done. What counts from the registration goes by what the case was
    when it was answered, else when it fell due; with a clock, which is regraded with its case, by what it is now, or
    was when it ended.
    """
    if trigger.seq != FIRST and not rule.clock:
        return trigger.at
    if "by" in one.evidence:
        return datetime.fromisoformat(one.evidence["by"]["at"])
    if rule.clock:
        return sight.log.ended_at or sight.now
    return sight.now if one.state == PENDING else one.since


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
        return owed(sight, trigger.at, evidence)
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
    lapsed = _lapsed(sight.log, NO_CLOCK, trigger.at, None)
    if lapsed is not None and lapsed <= due:
        return None
    return Found(BROKEN, due, evidence, due) if sight.now > due else Found(PENDING, trigger.at, evidence, due)


def _in_time(rule: Rule, within: Period, sight: Sight, span: tuple[Happening, Happening | None],
             answer: Happening | None, evidence: dict[str, Any]) -> Found | None:
    trigger, after = span
    clock = sight.log.clocks.get(rule.clock or "", NO_CLOCK)
    due = sight.due(trigger.at, within)
    if clock.pauses:
        due = _moved(due, clock.pauses, trigger.at, within, sight, evidence)
    signed = [span.end for span in clock.agreed
              if span.start >= trigger.at and (after is None or span.start < after.at)]
    if signed and signed[-1] > due:  # an earlier date takes nothing from the clause's own limit
        due = signed[-1]
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


def _moved(due: datetime, pauses: Sequence[Span], since: datetime, within: Period, sight: Sight,
           evidence: dict[str, Any]) -> datetime:
    """The due time after the pauses: those of an earlier round, or the part of one before the start, give no time."""
    counting = [Span(max(span.start, since), span.end) for span in pauses if span.end > since]
    moved = sight.calendar.extend(due, counting, within.calendar)
    told_of = [[span.start.isoformat(), span.end.isoformat()] for span in counting if span.start < moved]
    if told_of:
        evidence["pauses"] = told_of
    return moved


def _lapsed(log: CaseLog, clock: ClockFacts, since: datetime, after: Happening | None) -> datetime | None:
    """When nothing was owed any more: withdrawn, the clock taken away, or begun anew (a new round)."""
    moments = [*clock.lapses, log.ended_at if log.state == "cancelled" else None, after.at if after else None]
    return min((one for one in moments if one is not None and one >= since), default=None)


def precedence(rule: Rule, sight: Sight) -> Found | None:
    """No `b` without an `a` before it; `a` of several alternatives: any of them."""
    first = sight.index.of(rule.a)
    return worst(_preceded(rule, first, later) for later in sight.triggers(rule.b))


def _preceded(rule: Rule, first: Sequence[Happening], later: Happening) -> Found:
    before = [one for one in first if follows(later, one)
              and not (rule.same_instance and one.instance != later.instance)]
    evidence: dict[str, Any] = {"rule": rule.template, "by": told(later)}
    if before:
        return Found(KEPT, later.at, {**evidence, "from": told(before[-1])})
    return Found(BROKEN, later.at, {**evidence, "wanted": list(rule.a)})


def chain_response(rule: Rule, sight: Sight) -> Found | None:
    """Right after each `a`, the next activity of the same instance is a `b`."""
    return worst(one for one in (_chained(rule, sight, trigger) for trigger in sight.triggers(rule.a)) if one)


def _chained(rule: Rule, sight: Sight, trigger: Happening) -> Found | None:
    wanted = sight.index.of(rule.b)
    following = next((one for one in sight.index.happenings if order(one) > order(trigger)
                      and one.instance == trigger.instance and (one.activity or one in wanted)), None)
    evidence = {"rule": rule.template, "from": told(trigger), "wanted": list(rule.b)}
    if following is None:
        return owed(sight, trigger.at, evidence)
    kept = following in wanted
    return Found(KEPT if kept else BROKEN, following.at, {**evidence, "by": told(following)})


def not_succession(rule: Rule, sight: Sight) -> Found | None:
    """After an `a` no `b` may follow."""
    first = next(iter(sight.triggers(rule.a)), None)
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
    return owed(sight, sight.log.registered_at, evidence)


def absence(rule: Rule, sight: Sight) -> Found | None:
    """No `a` happens."""
    found = next(iter(sight.triggers(rule.a)), None)
    evidence = {"rule": rule.template, "forbidden": list(rule.a)}
    if found is not None:
        return Found(BROKEN, found.at, {**evidence, "by": told(found)})
    return _still(sight, sight.log.registered_at, evidence)


def init(rule: Rule, sight: Sight) -> Found | None:
    """The first activity is an `a`."""
    first = next((one for one in sight.index.happenings if one.activity), None)
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
    return owed(sight, sight.log.registered_at, evidence)


def _still(sight: Sight, since: datetime, evidence: dict[str, Any]) -> Found:
    """What must not happen is kept once nothing moves any more; until then it is open."""
    return Found(PENDING if sight.log.running else KEPT, sight.log.ended_at or since, evidence)


# ---- who


def role(rule: Rule, sight: Sight) -> Found | None:
    """Every `a` is done by one of the groups that the clause names."""
    groups = rule.options["groups"]
    return worst(Found(KEPT if one.group in groups else BROKEN, one.at,
                        {"rule": rule.template, "by": told(one), "groups": list(groups)})
                  for one in sight.triggers(rule.a))


def four_eyes(rule: Rule, sight: Sight) -> Found | None:
    """Nobody does `b` who did an `a` before; with `ranks`, `b` is done by a higher one than `a`."""
    return worst(one for one in (_seen(rule, sight, later) for later in sight.triggers(rule.b)) if one is not None)


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
    return worst(one for one in (_approved(rule, sight, made) for made in sight.triggers(rule.a)) if one is not None)


COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda amount, figure: amount < figure, "<=": lambda amount, figure: amount <= figure,
    ">": lambda amount, figure: amount > figure, ">=": lambda amount, figure: amount >= figure}


def _approved(rule: Rule, sight: Sight, made: Happening) -> Found | None:
    limit, form = rule.options["threshold"], rule.options["form"]
    given = [amount for one in sight.log.entries if one.form == form and one.at <= made.at
             and not (rule.same_instance and one.instance != made.instance)
             and (amount := _number(one.data.get(rule.options["field"]))) is not None]
    amount = given[-1] if given else None
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


TEMPLATES: Mapping[str, Template] = {
    "response": response, "precedence": precedence, "chain_response": chain_response,
    "not_succession": not_succession, "existence": existence, "absence": absence, "init": init,
    "exclusive_choice": exclusive_choice, "role": role, "four_eyes": four_eyes, "threshold": threshold,
    "record": record, "ahead": ahead,
    "copies": copies, "paper": paper, "retention": retention, "update_every": update_every}
