"""The company's figures against the law's: pure functions over the register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.durations import parse_duration, words
from app.errors import BadDuration
from app.policy.register import Clause, Register

MONTH = timedelta(days=30)
WEEKEND = timedelta(days=2)


@dataclass(frozen=True)
class LawFinding:
    """A figure that is looser than a rule of law; counsel is still to confirm the rule."""

    rule: str  # id of the rule of law
    clause: str  # the clause that it bounds, or an older rule that is still quoted
    figure: str  # path inside the clause's figures
    law: str  # as figures write it: "P7D natural"
    policy: str
    certain: bool  # False: looser only where weekends or holidays fall into the working days
    replaced: bool  # the figure is the law's own, of a rule that has been replaced
    message_zh: str
    message_en: str


def looser_than_law(register: Register, on: date | None = None) -> list[LawFinding]:
    """Return every figure that gives the customer less than a rule of law that bounds it, in the order of the rules.

    With a day, only rules in force on it bind; a figure of a rule that has been replaced is still looked at.
    A limit (`at_most`) may be shorter than the law's, a right (`at_least`) longer. Working days are compared by the
    shortest and the longest natural time that they can take without public holidays.
    """
    return [found for rule in register.law.values() if on is None or rule.is_valid(on)
            for bound in (rule.source or {}).get("bounds") or ()
            if (found := _finding(register, rule, bound)) is not None]


def bounds_of(register: Register, clause: str) -> Iterator[Clause]:
    """Return the rules of law that bear on a clause."""
    return (rule for rule in register.law.values()
            if any(bound.get("clause") == clause for bound in (rule.source or {}).get("bounds") or ()))


def figure_at(figures: Mapping[str, Any], path: str) -> tuple[Any, str]:
    """Return the value at a dotted path and the calendar that it counts in; (None, …) where there is none."""
    value: Any = figures
    calendar = "natural"
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None, calendar
        calendar = str(value.get("calendar") or calendar)
        value = value.get(name)
    return value, calendar


def _finding(register: Register, rule: Clause, bound: Mapping[str, Any]) -> LawFinding | None:
    path, target = bound.get("figure"), str(bound.get("clause"))
    other = register.clauses.get(target) or register.law.get(target)
    if path is None or other is None or rule.within is None:
        return None
    value, calendar = figure_at(other.figures, str(path))
    law = (rule.within, rule.calendar or "natural")
    try:
        ours, theirs = _span(value, calendar), _span(*law)
    except BadDuration:
        return None
    at_most = bound.get("sense") != "at_least"
    if (ours[1] <= theirs[0]) if at_most else (ours[0] >= theirs[1]):
        return None
    certain = ours[0] > theirs[1] if at_most else ours[1] < theirs[0]
    zh, en = words(parse_duration(value), calendar == "working")
    law_zh, law_en = words(parse_duration(law[0]), law[1] == "working")
    replaced = other.origin == "law"
    unsure = (rule.source or {}).get("status") != "confirmed"
    when_zh = f"（{bound['when_zh']}）" if bound.get("when_zh") else ""
    when_en = f" ({bound['when_en']})" if bound.get("when_en") else ""
    return LawFinding(
        rule.id, target, str(path), f"{law[0]} {law[1]}", f"{value} {calendar}", certain, replaced,
        f"{target} 的 {zh}{when_zh}{'宽于' if certain else '可能宽于'} {rule.id} 的 {law_zh}"
        f"{'，待法务确认' if unsure else ''}",
        f"{target}: {en}{when_en} {'is' if certain else 'may be'} looser than the {law_en} of {rule.id}"
        f"{'; to be confirmed by counsel' if unsure else ''}")


def _span(text: Any, calendar: str) -> tuple[timedelta, timedelta]:
    """Return the shortest and the longest natural time of a duration; raises BadDuration."""
    duration = parse_duration(text)
    natural = duration.months * MONTH + duration.elapsed
    if calendar != "working":
        return natural, natural
    weeks = -(-duration.days // 5)
    return natural + (weeks - 1) * WEEKEND if duration.days else natural, natural + weeks * WEEKEND
