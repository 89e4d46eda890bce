"""From what the deadlines decision answers to the clocks that it asks for: pure, without a database or a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.durations import parse_duration, words
from app.facts import Deadline, DecisionResult, Period, RuleHit
from app.work_calendar import Span, WorkCalendar

# A KPI over many cases, never a breach of one (ANALYSIS, rule 2), and the milestone that meets it.
TARGETS = {"resolution_target": "resolution"}
# O4: clocks of answering never stop, and neither do the 14 days of B21-5-3.
NEVER_PAUSED = frozenset({
    "pickup", "first_response", "acknowledge", "escalated_contact", "low_score_visit", "opinion_closed", "close"})


@dataclass(frozen=True)
class Check:
    """One clause's own limit on a milestone."""

    clause: str
    period: Period  # several are joined by "|"


@dataclass(frozen=True)
class Planned:
    """A clock that a decision asks for; it is started by `clock_start`."""

    name: str
    clock_start: str  # registered | dispatched | executed | resolved | contact ...
    period: Period  # the strictest figure; "PT24H|P1D" and "natural|working" for the earlier of two
    decision: str
    rule: str
    clauses: tuple[str, ...]
    checks: tuple[Check, ...]
    assumption: bool  # the figure is ours, not the texts'

    @property
    def target_only(self) -> bool:
        """True for a KPI."""
        return self.name in TARGETS

    def same_promise(self, period: Period, rule: str, clauses: Sequence[str]) -> bool:
        """Return whether a clock with these figures already says the same."""
        return self.period == period and self.rule == rule and list(self.clauses) == list(clauses)


def plan(result: DecisionResult, figures: Mapping[str, Period]) -> tuple[Planned, ...]:
    """Return the clocks that a decision sets; none when no rule matched. `figures` holds each clause's own limit."""
    if result.outputs is None or not result.rules:
        return ()
    return tuple(_planned(result, result.rules[0], figures))


def _planned(result: DecisionResult, hit: RuleHit, figures: Mapping[str, Period]) -> Iterator[Planned]:
    outputs = result.outputs or {}
    for name, value in outputs.items():
        if value is None or f"{name}_calendar" not in outputs:
            continue
        cell = hit.cells.get(name, {})
        clauses = _ids(cell.get("clauses")) or hit.clauses
        period = Period("|".join(_listed(value)), "|".join(_listed(outputs[f"{name}_calendar"])))
        served = () if name in TARGETS else dict.fromkeys((*clauses, *_ids(cell.get("also"))))
        checks = tuple(Check(clause, own_limit(clause, period, figures)) for clause in served)
        assumption = cell["basis"] == "assumption" if cell.get("basis") else hit.assumption
        start = str(outputs.get(f"{name}_from") or "registered")
        yield Planned(name, start, period, result.decision, hit.rule_id, clauses, checks, assumption)


def own_limit(clause: str, period: Period, figures: Mapping[str, Period]) -> Period:
    """Return the clause's own figure; a clause that gives none ("at once") is held to the decision's."""
    figure = figures.get(clause)
    if figure is None:
        return period
    duration = parse_duration(figure.duration)
    return figure if duration.elapsed or duration.months else period


def split(period: Period) -> list[Period]:
    """Return the alternatives of a period whose earlier end holds."""
    return [Period(duration, calendar)
            for duration, calendar in zip(period.duration.split("|"), period.calendar.split("|"), strict=True)]


def compute(calendar: WorkCalendar, start: datetime, period: Period) -> Deadline:
    """Return when the period ends and why; raises BadDuration."""
    return calendar.earliest(start, split(period))


def with_pauses(calendar: WorkCalendar, start: datetime, period: Period,
                pauses: Sequence[Mapping[str, Any]]) -> datetime:
    """Return when the period ends after its clock stood still for `pauses`, aware UTC; one that lasts counts later."""
    spans = [Span(datetime.fromisoformat(p["from"]), datetime.fromisoformat(p["to"])) for p in pauses if p["to"]]
    return min(calendar.extend(calendar.add(start, one).due_at, spans, one.calendar) for one in split(period))


def reason(planned: Planned) -> Mapping[str, Any]:
    """Return the first step of the trace: which rule and clauses set the figure, and whose figure it is."""
    spans = [words(parse_duration(one.duration), one.calendar == "working") for one in split(planned.period)]
    clauses = ", ".join(planned.clauses) or "—"
    zh = f"规则 {planned.rule}：{'或'.join(span[0] for span in spans)}，依据条款 {clauses.replace(', ', '、')}。"
    en = f"Rule {planned.rule}: {' or '.join(span[1] for span in spans)}, by clause {clauses}."
    if planned.assumption:
        zh += "原文没有给出这个数字，由公司约定。"
        en += " The texts give no such figure; it is the company's."
    if planned.target_only:
        zh += "这是统计目标，单个个案不算违约。"
        en += " It is a target over many cases, not a limit for one."
    return {"zh": zh, "en": en, "at": None}


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]


def _ids(value: Any) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else tuple(value or ())
