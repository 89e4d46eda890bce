"""The policy's targets as shares over a population and a period; each says its formula, or why there is no figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.policy.kpis import Target
from app.store.queries import kpis as queries
from app.store.queries.kpis import MEASURES


@dataclass(frozen=True)
class Kpi:
    """One target over one period."""

    id: str
    value: float | None  # a share (0 to 1) or a relative change; None without data
    numerator: float | None
    denominator: float | None  # of a change: the baseline's value
    target: float
    met: bool | None
    formula: tuple[str, str]  # Chinese, English
    clauses: tuple[str, ...]
    reason: tuple[str, str] | None  # why there is no figure
    name: tuple[str, str]
    op: str  # >= | <=
    assumptions: tuple[str, ...]


REMEMBERED = timedelta(minutes=5)
PERIODS = 32  # that are remembered
EMPTY = ("本期没有相应的数据", "nothing of the kind happened in the period")
NO_BASELINE = ("基期没有数据，无法比较", "there is no baseline to compare with")


class Kpis:
    """Counts the targets."""

    def __init__(self, clock: Clock, session: Callable[[], Session], targets: Sequence[Target]) -> None:
        self._clock, self._session, self._targets = clock, session, targets
        self._recent: dict[timedelta, tuple[datetime, list[Kpi]]] = {}
        self._counted: dict[tuple[datetime, datetime], tuple[tuple[Any, ...], datetime, list[Kpi]]] = {}
        self._milestones = sorted({str(one.measure["milestone"]) for one in targets if "milestone" in one.measure})

    @property
    def targets(self) -> Sequence[Target]:
        """The targets as the policy sets them."""
        return self._targets

    def recent(self, span: timedelta) -> list[Kpi]:
        """Return every target of the span until now, counted anew every few minutes: for what is opened often."""
        now, kept = self._clock.now(), self._recent.get(span)
        if kept is None or abs(now - kept[0]) >= REMEMBERED:
            kept = self._recent[span] = (now, self.all(now - span, now))
        return kept[1]

    def all(self, period_from: datetime, period_to: datetime) -> list[Kpi]:
        """Return every target of [from, to), aware; a change is against the same length before."""
        end = max(period_from, min(period_to, self._clock.now()))  # what falls due later is neither kept nor missed
        return [self._kpi(target, period_from, end) for target in self._targets]

    def kept(self, period_from: datetime, period_to: datetime) -> list[Kpi]:
        """Return what `all` gives, as it was counted before as long as nothing has happened or fallen due since."""
        now, session, key = self._clock.now(), self._session(), (period_from, period_to)
        mark = queries.newest(session)
        if mark is not None and key in self._counted:
            before, at, found = self._counted[key]
            if before == mark and at <= now < at + REMEMBERED and not queries.fell_due(
                    session, self._milestones, at, now):
                return found
        found = self.all(period_from, period_to)
        if mark is not None:
            if len(self._counted) >= PERIODS:
                self._counted.clear()
            self._counted[key] = (mark, now, found)
        return found

    def _kpi(self, target: Target, start: datetime, end: datetime) -> Kpi:
        measure = target.measure
        if measure["kind"] == "none":
            return _answer(target, None, None, None, (measure["zh"], measure["en"]))
        if measure["kind"] == "change":
            return self._change(target, start, end)
        hits, total = MEASURES[measure["kind"]](self._session(), measure, start, end)
        return _answer(target, hits / total, hits, total, None) if total else _answer(target, None, 0, 0, EMPTY)

    def _change(self, target: Target, start: datetime, end: datetime) -> Kpi:
        inner = target.measure["of"]
        count, session = MEASURES[inner["kind"]], self._session()
        hits, total = count(session, inner, start, end)
        before, of = count(session, inner, start - (end - start), start)
        if not total:
            return _answer(target, None, 0, 0, EMPTY)
        if not of or not before:
            return _answer(target, None, hits / total, None, NO_BASELINE)
        now, baseline = hits / total, before / of
        return _answer(target, (now - baseline) / baseline, now, baseline, None)


def _answer(target: Target, value: float | None, hits: float | None, total: float | None,
            reason: tuple[str, str] | None) -> Kpi:
    met = None if value is None else target.met(value)
    return Kpi(target.id, value, hits, total, target.value, met, (target.formula_zh, target.formula_en),
               target.clauses, reason, (target.zh, target.en), target.op, target.assumptions)
