"""The dashboard: clocks kept and broken, backlog and its age, what falls due, satisfaction, targets, causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from flask import current_app, render_template, request
from flask_babel import gettext as _

from app.services.deviations import READERS
from app.store.queries import control_board as queries
from app.store.queries.control_board import Shares, Span
from app.web.control.base import LOOKS, blueprint, group_names, periods, scope, span_of, span_query
from app.web.control.search import CAUSES, quoted
from app.web.countdown import countdown
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.shell import now
from app.web.words import MILESTONES, word
from app.wiring import services

T = TypeVar("T")
AGES = (1, 3, 7, 14)  # days: an open case is younger than the first, ... or older than the last (B21-5-3: 14 days)
DUE_WITHIN = (4, 24, 72)  # hours
DUE_ROWS = 12
VITAL = 0.8  # Pareto: the few causes that make this share of all
MOST_BARS = 12
KEPT = 64  # answers that are remembered for a minute
WEEKLY_FROM = 92  # days of a span from which the flow is shown by week
ORDER = {name: place for place, name in enumerate(MILESTONES)}  # as the policy goes on
LEVELS = ("P1", "P2", "P3", "P4", "")
COLOURS = {"kept": "#2f8f5b", "broken": "#b3262a", "late": "#e08a1e", "open": "#7aa2cf"}


@dataclass(frozen=True)
class Cause:
    """One bar of the Pareto chart."""

    name: str
    key: str  # as cases keep it; empty for all others
    number: int
    share: float  # of all
    so_far: float  # with all that is more frequent


@dataclass(frozen=True)
class Target:
    """One target of the policy as a page shows it."""

    name: str
    formula: str
    target: str
    value: str
    counted: str
    met: bool | None
    clauses: Sequence[str]
    reason: str
    assumptions: Sequence[str]


@blueprint.get("/")
@entry(*LOOKS)
def dashboard() -> str:
    """Show how the company keeps its promises: every figure with its table, and the cases behind it."""
    span, what = span_of(request.args), request.args.get("causes", "")
    what = what if what in CAUSES else CAUSES[0]
    (by_milestone, by_level), by_group = _promises(span)
    by_milestone.sort(key=lambda one: ORDER.get(one.key, len(ORDER)))
    causes = _causes(span, what)
    flow, ages, scores = _flow(span), _ages(), queries.scores(span)
    edges = [span.now + timedelta(hours=hours) for hours in DUE_WITHIN]
    groups = group_names()
    return render_template(
        "control/dashboard.html", span=span, query=span_query(span), periods=periods(),
        headline=queries.headline(now()),
        by_milestone=by_milestone, by_level=by_level, by_group=by_group, groups=groups, flow=flow, ages=ages,
        age_names=_age_names(), age_terms=_age_terms(), quoted=quoted, due=queries.due_next(scope(), DUE_ROWS),
        due_within=queries.due_within(now(), edges),
        due_hours=DUE_WITHIN, count=lambda row: countdown(row.due_at, now(), started_at=row.started_at),
        scores=scores, satisfaction=_satisfaction(scores), causes=causes, what=what, cause_kinds=_cause_kinds(),
        targets=_targets(span), may_read_clauses=bool(actor().groups & READERS),
        charts={
            "milestone": _stacked([word(one.key, "milestone") for one in by_milestone], by_milestone),
            "level": _stacked([one.key or _("not graded") for one in by_level], by_level),
            "group": _stacked([groups.get(one.key, one.key) for one in by_group[:MOST_BARS]], by_group[:MOST_BARS]),
            "flow": _flow_chart(flow), "ages": _ages_chart(ages), "scores": _scores_chart(scores),
            "causes": _pareto_chart(causes),
        })


def _promises(span: Span) -> tuple[tuple[list[Shares], list[Shares]], list[Shares]]:
    """Return how clocks (by milestone, by level) and tasks (by group) stand; of long spans at most a minute old."""
    def count() -> tuple[tuple[list[Shares], list[Shares]], list[Shares]]:
        return queries.sla(span, list(ORDER)), queries.tasks(span)

    return _kept("promises", span, count) if (span.last - span.first).days > WEEKLY_FROM else count()


def _stacked(names: Sequence[str], rows: Sequence[Shares]) -> dict[str, Any]:
    series = [{"name": str(verdict_words()[key]), "color": COLOURS[key], "data": [getattr(one, key) for one in rows]}
              for key in ("kept", "broken", "late", "open")]
    return {"kind": "shares", "categories": list(names), "series": series}


def verdict_words() -> Mapping[str, str]:
    """Return what the four states of a clock are called."""
    return {"kept": _("Kept"), "broken": _("Broken"), "late": _("Overdue"), "open": _("Counting")}


# ---- backlog


def _flow(span: Span) -> list[tuple[str, str, int, int]]:
    """Return (first day, last day, came, closed) of days or weeks."""
    came, closed = queries.flow(span)
    days = (span.last - span.first).days + 1
    step = 7 if days > WEEKLY_FROM else 1
    found = []
    for start in range(0, days, step):
        some = [(span.first + timedelta(days=start + place)).isoformat() for place in range(min(step, days - start))]
        arrived, left = (sum(of.get(day, 0) for day in some) for of in (came, closed))
        found.append((some[0], some[-1], arrived, left))
    return found


def _flow_chart(rows: Sequence[tuple[str, str, int, int]]) -> dict[str, Any]:
    return {"kind": "lines", "categories": [row[0][5:] for row in rows], "series": [
        {"name": _("Came in"), "color": "#1d3f66", "data": [row[2] for row in rows]},
        {"name": _("Closed"), "color": "#2f8f5b", "data": [row[3] for row in rows]}]}


def _ages() -> dict[str, list[int]]:
    """Return level -> number of open cases by age, only levels that have some."""
    counts = {level: [0] * (len(AGES) + 1) for level in LEVELS}
    for level, age, number in queries.ages([now() - timedelta(days=days) for days in AGES]):
        counts.setdefault(level, [0] * (len(AGES) + 1))[age] += number
    return {level: numbers for level, numbers in counts.items() if any(numbers)}


def _age_names() -> list[str]:
    edges = [0, *AGES]
    return [*(str(_("%(a)s–%(b)s days", a=low, b=high)) for low, high in pairwise(edges)),
            str(_("over %(n)s days", n=AGES[-1]))]


def _age_terms() -> list[str]:
    """Return the search terms of the ages, in the order of their names."""
    return [*(f"age:{low}-{high}" for low, high in pairwise([0, *AGES])), f"age:{AGES[-1]}-"]


def _ages_chart(ages: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    colours = {"P1": "#7d1416", "P2": "#d9773a", "P3": "#4f7fb5", "P4": "#9fb6cf", "": "#c4ccd4"}
    return {"kind": "stacked", "categories": _age_names(), "series": [
        {"name": level or _("not graded"), "color": colours.get(level, "#888"), "data": list(numbers)}
        for level, numbers in ages.items()]}


# ---- satisfaction and causes


def _satisfaction(scores: Mapping[int, int]) -> dict[str, Any]:
    total = sum(scores.values())
    if not total:
        return {"total": 0, "average": None, "share": None}
    return {"total": total, "average": sum(score * number for score, number in scores.items()) / total,
            "share": sum(number for score, number in scores.items() if score >= queries.SATISFIED) / total}


def _scores_chart(scores: Mapping[int, int]) -> dict[str, Any]:
    colours = {1: "#b3262a", 2: "#d9773a", 3: "#d9b23a", 4: "#7fb069", 5: "#2f8f5b"}
    return {"kind": "bars", "categories": [str(_("%(n)s points", n=score)) for score in range(1, 6)], "series": [
        {"name": _("Answers"), "color": "#1d3f66", "data": [scores.get(score, 0) for score in range(1, 6)],
         "colors": [colours[score] for score in range(1, 6)]}]}


def _cause_kinds() -> list[tuple[str, str]]:
    names = (_("Root cause"), _("Type of complaint"), _("Responsibility"), _("Responsible department"), _("Product"))
    return list(zip(CAUSES, map(str, names), strict=True))


def _causes(span: Span, what: str) -> list[Cause]:
    rows = queries.causes(span, what)
    known = [(name, number) for name, number in rows if name]
    shown, rest = known[:MOST_BARS], sum(number for _name, number in known[MOST_BARS:])
    named_rows = [(_cause_name(what, name), name, number) for name, number in shown]
    if rest:
        named_rows.append((_("All others"), "", rest))
    total = sum(row[2] for row in named_rows)
    sums = accumulate(row[2] for row in named_rows)
    return [Cause(name, key, number, number / total, so_far / total)
            for (name, key, number), so_far in zip(named_rows, sums, strict=True)]


def _cause_name(what: str, name: str) -> str:
    if what == "responsible_department":
        return group_names().get(name, name)
    if what in ("complaint_type", "responsibility"):
        return word(name, "cause")
    return name


def _pareto_chart(rows: Sequence[Cause]) -> dict[str, Any]:
    return {"kind": "pareto", "categories": [row.name for row in rows], "vital": VITAL * 100, "series": [
        {"name": _("Number of complaints"), "color": "#1d3f66", "data": [row.number for row in rows]},
        {"name": _("Cumulative share"), "color": "#e08a1e", "data": [round(row.so_far * 100, 1) for row in rows]}]}


# ---- targets


def _kept(name: str, span: Span, count: Callable[[], T]) -> T:
    """Return what `count` gives; asked for again within a minute, it is what it was before."""
    kept: dict[tuple[Any, ...], T] = current_app.extensions.setdefault("control_kept", {})
    key = (name, span.since, span.until, span.now.replace(second=0, microsecond=0))
    if key not in kept:
        if len(kept) >= KEPT:
            kept.clear()
        kept[key] = count()
    return kept[key]


def _targets(span: Span) -> list[Target]:
    """Return the policy's targets; what has figures first."""
    place = 0 if language() == "zh" else 1
    found = []
    targets = _kept("targets", span, lambda: services().kpis.all(span.since, span.until))
    for one in targets:
        share = f"{one.target:.0%}"
        known = one.numerator is not None and one.denominator is not None
        counted = f"{one.numerator:.4g} / {one.denominator:.4g}" if known else ""
        found.append(Target(
            one.name[place], one.formula[place], f"{'≥' if one.op == '>=' else '≤'} {share}",
            "" if one.value is None else f"{one.value:.1%}", counted, one.met, one.clauses,
            one.reason[place] if one.reason else "", one.assumptions))
    return sorted(found, key=lambda one: (one.value == "", bool(one.met)))


