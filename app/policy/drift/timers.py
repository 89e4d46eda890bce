"""Timers on the diagrams: each against the clause that it carries out, or, where it is ours, against its review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.facts import Element, Period
from app.facts_bundle import BundleView
from app.policy.drift.bindings import Bindings
from app.policy.drift.expressions import Timer, read_timer
from app.policy.drift.figures import clause_of, limit_of, words
from app.policy.drift.model import (
    ASSUMPTION,
    CONTRADICTORY,
    EQUAL,
    LOOSER,
    MISSING,
    NO_CLAUSE,
    STRICTER,
    Drift,
    found,
)
from app.policy.drift.periods import at_least, compare_limits, spans
from app.policy.drift.skipping import element_at
from app.policy.register import Clause, Register


def compare_timers(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield every comparison of a timer."""
    reviewed = bindings.reviewed.get("elements", {})
    timed = {name for name, entry in reviewed.items() if entry.get("timer")}
    timed |= {f"{one.process}.{one.id}" for one in view.elements if one.timer}
    for name in sorted(timed | bindings.timers.keys()):
        element = element_at(view, name)
        before, bound = reviewed.get(name, {}), bindings.timers.get(name, {})
        if element is None or not element.timer:
            yield from _gone(name, before, bound)
            continue
        timer = read_timer(element.timer)
        changed = element.timer != before.get("timer")
        yield from _bound(register, name, element, timer, bound, changed)
        yield from _placed(name, element, timer, before, bool(bound))
        if before and changed:
            yield from _differs(name, element, timer, before, bool(bound))


def _gone(name: str, before: Mapping[str, Any], bound: Mapping[str, Any]) -> Iterator[Drift]:
    clauses = [one for ids in bound.values() for one in ids] or list(before.get("clauses", ())) or [NO_CLAUSE]
    serious = bool(bound) or read_timer(before.get("timer")).kind == "due"
    yield found(clauses[0], name, "deadline", MISSING, before.get("timer"), None, _what(name),
                severity="error" if serious else "warning", changed=True)  # fmt: skip


def _bound(register: Register, name: str, element: Element, timer: Timer, bound: Mapping[str, Any],
           changed: bool) -> Iterator[Drift]:
    for how, clauses in bound.items():
        for identifier in clauses:
            clause = clause_of(register, identifier)
            if clause is not None:
                policy, verdict = judge(how, timer, clause)
                kind = "cadence" if how in {"every", "day"} else "deadline"
                yield found(identifier, name, kind, verdict, policy, element.timer, _what(name), changed=changed)


def judge(how: str, timer: Timer, clause: Clause) -> tuple[str, str]:
    """Return the clause's figure as text, and the verdict on a timer that carries it out.

    `how`: "limit" and "offset" (at most), "before" (at least ahead of an appointment), "every" (at least as often),
    "day" (by that day of the month), "inside" (a figure of ours that must stay inside the clause's).
    """
    figures = clause.figures
    match how:
        case "limit" | "offset":
            limit = limit_of(clause)
            if limit is None:
                return "—", ASSUMPTION
            wrong = timer.duration is None or timer.before or (how == "offset") != (timer.kind == "due")
            if wrong:
                return words(limit), CONTRADICTORY
            return words(limit), compare_limits([Period(str(timer.duration), timer.calendar)], limit)
        case "inside":
            limit = limit_of(clause)
            if limit is None or timer.duration is None:
                return words(limit), ASSUMPTION if limit is None else CONTRADICTORY
            verdict = compare_limits([Period(timer.duration, timer.calendar)], limit)
            return words(limit), ASSUMPTION if verdict == STRICTER else LOOSER
        case "before":
            ahead = figures.get("before")
            if timer.duration is None or not timer.before:
                return f"≥ {ahead}", CONTRADICTORY
            return f"≥ {ahead}", at_least(timer.duration, str(ahead))
        case "every":
            every = figures.get("every")
            if every is None:
                return "—", ASSUMPTION
            if timer.duration is None or timer.kind not in {"cycle", "calendar", "span"}:
                return str(every), CONTRADICTORY
            return str(every), EQUAL if timer.duration == every else spans(timer.duration, str(every))
        case "day":
            return by_day(timer.numbers, figures.get("due_day"), figures.get("due_day_strict"))
    return how, CONTRADICTORY


def by_day(days: tuple[int, ...], last: Any, strictest: Any) -> tuple[str, str]:
    """Return a clause's day of the month as text, and the verdict; a profile may keep an earlier day than the last."""
    if last is None or not days:
        return str(last), CONTRADICTORY
    policy = f"≤ {last}" if strictest is None else f"≤ {last} ({strictest})"
    if max(days) > int(last) or (strictest is not None and min(days) > int(strictest)):
        return policy, LOOSER
    return policy, EQUAL if max(days) == last and strictest in (None, min(days)) else STRICTER


def _placed(name: str, element: Element, timer: Timer, before: Mapping[str, Any], bound: bool) -> Iterator[Drift]:
    """Yield when a timer watches another activity than reviewed, or ends what it only watched."""
    if not before:
        return
    policy = (before.get("at"), before.get("interrupting"), before.get("kind"))
    process = (element.attached_to, element.interrupting if element.attached_to else None, element.timer_kind)
    if policy != process:
        serious = bound or timer.kind == "due" or read_timer(before.get("timer")).kind == "due"
        yield found(_clause(before), name, "deadline", CONTRADICTORY, _place(*policy), _place(*process), _what(name),
                    severity="error" if serious else "warning", changed=True)  # fmt: skip


def _place(host: Any, interrupting: Any, kind: Any) -> str:
    return f"@{host} {'interrupting' if interrupting else 'non-interrupting'}" if host else str(kind)


def _differs(name: str, element: Element, timer: Timer, before: Mapping[str, Any], bound: bool) -> Iterator[Drift]:
    """Yield for a timer that says other than reviewed, where no clause's figure settled it already."""
    old = read_timer(before["timer"])
    if old.kind == "due" and (timer.kind != "due" or timer.milestone != old.milestone or timer.before):
        yield found(_clause(before), name, "deadline", CONTRADICTORY, old.text, element.timer, _what(name),
                    changed=True)  # fmt: skip
    elif bound:
        same = (old.kind, old.function, old.base, old.before) == (timer.kind, timer.function, timer.base, timer.before)
        if not same or timer.kind == "other":
            yield found(_clause(before), name, "deadline", CONTRADICTORY, old.text, element.timer, _what(name),
                        changed=True)  # fmt: skip
        elif old.numbers != timer.numbers and old.function == "next_weekday":
            yield found(_clause(before), name, "cadence", ASSUMPTION, old.text, element.timer, _what(name),
                        changed=True)  # fmt: skip
    elif old.kind == "due":  # an offset of ours beside the milestone
        yield found(_clause(before), name, "deadline", CONTRADICTORY, old.text, element.timer, _what(name),
                    changed=True)  # fmt: skip
    else:
        yield found(_clause(before), name, "deadline", ASSUMPTION, old.text, element.timer, _what(name), changed=True)


def _clause(before: Mapping[str, Any]) -> str:
    return next(iter(before.get("clauses", ())), NO_CLAUSE)


def _what(name: str) -> tuple[str, str]:
    return f"定时器 {name}", f"Timer {name}"
