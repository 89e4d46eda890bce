"""Deadlines: each clause's figure against what the deadlines decision answers, for all its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from app.facts import Period
from app.facts_bundle import BundleView, DecisionView, RuleView
from app.policy.drift.bindings import Bindings
from app.policy.drift.figures import clause_of, limit_of, words
from app.policy.drift.model import ASSUMPTION, CONTRADICTORY, MISSING, Drift, found
from app.policy.drift.periods import compare_limits
from app.policy.register import Clause, Register

Point = Mapping[str, Any]  # input expression -> value
PROFILE, READS_PROFILE = "profile", 'get value(profile, "name")'  # how bindings call the input that reads it
TARGETS = frozenset({"resolution_target"})  # a figure over many cases: its limit is a KPI's


def compare_limits_of(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield every comparison of a clause's span with a decision's cell, and the cells that are ours."""
    judged: dict[tuple[str, str, str, str], Drift] = {}
    for decision in view.decisions.values():
        for rule in decision.rules:
            for column in milestones_of(decision):
                for clause in _annotated(register, rule, column):
                    judged.update(_cell(register, bindings, decision, rule, column, clause))
    for limit in bindings.limits:
        clause_id = str(limit["clause"])
        bound = clause_of(register, clause_id)
        decision_view = view.decisions.get(str(limit["decision"]))
        if bound is None or limit_of(bound) is None:
            continue
        for column in limit["columns"]:
            what = _what(register, column)
            if decision_view is None or column not in decision_view.outputs:
                where = f"{limit['decision']}.{column}"
                yield found(clause_id, where, "deadline", MISSING, words(limit_of(bound)), None, what)
                continue
            judged.update(_column(register, bindings, decision_view, column, bound, limit))
    yield from judged.values()
    served = {(decision, rule, column) for decision, rule, column, _ in judged}
    yield from _ours(register, view, bindings, served)


def milestones_of(decision: DecisionView) -> list[str]:
    """Return the output columns that are spans with a calendar beside them."""
    return [name for name in decision.outputs if f"{name}_calendar" in decision.outputs]


def periods_of(values: Mapping[str, Any], column: str) -> list[Period]:
    """Return the spans in a cell, of which the earliest holds; [] where it sets none."""
    spans, calendars = _listed(values.get(column)), _listed(values.get(f"{column}_calendar"))
    if len(spans) != len(calendars):
        calendars = [*calendars, *["?"] * len(spans)][: len(spans)]
    return [Period(str(span), str(calendar)) for span, calendar in zip(spans, calendars, strict=True)]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _annotated(register: Register, rule: RuleView, column: str) -> Iterator[Clause]:
    """Yield the clauses with a span that a cell says it serves, or keeps as well."""
    cell = rule.cells.get(column) or {}
    for identifier in (*cell.get("clauses", ()), *cell.get("also", ())):
        clause = clause_of(register, identifier)
        if clause is not None and limit_of(clause) is not None and column not in TARGETS:
            yield clause


def _column(register: Register, bindings: Bindings, decision: DecisionView, column: str, clause: Clause,
            limit: Mapping[str, Any]) -> dict[tuple[str, str, str, str], Drift]:
    judged: dict[tuple[str, str, str, str], Drift] = {}
    for point, hits in points(decision, when(bindings, clause, limit)):
        if not hits:
            told = ", ".join(f"{name} {value}" for name, value in point.items())
            where = f"{decision.id}.{column}"
            judged[decision.id, told, column, clause.id] = found(
                clause.id, where, "deadline", MISSING, words(limit_of(clause)), f"{told}: —", _what(register, column))
        for rule in hits:
            if (decision.id, rule.id, column, clause.id) not in judged:
                judged.update(_cell(register, bindings, decision, rule, column, clause, required=True))
    return judged


def when(bindings: Bindings, clause: Clause, limit: Mapping[str, Any]) -> tuple[Point, Point]:
    """Return the inputs that a clause applies to, and those that are excepted: input -> the values."""
    wanted: dict[str, list[Any]] = {}
    applies = clause.figures.get("applies_to")
    for name, value in applies.items() if isinstance(applies, Mapping) else ():
        for one in _listed(value):
            for column, values in bindings.terms.get(str(name), {}).get(str(one), {}).items():
                wanted.setdefault(column, []).extend(values)
    wanted.update(limit.get("only", {}))
    return wanted, limit.get("except", {})


def points(decision: DecisionView, conditions: tuple[Point, Point]) -> Iterator[tuple[dict[str, Any], list[RuleView]]]:
    """Yield every combination of inputs under the conditions, and the rules that fire."""
    wanted, excepted = conditions
    columns = []
    for column in decision.inputs:
        name = PROFILE if READS_PROFILE in column.expression else column.expression
        allowed, barred = wanted.get(name), excepted.get(name, ())
        columns.append([position for position, value in enumerate(column.samples)
                        if (allowed is None or value in allowed) and value not in barred])
    for at in product(*columns):
        point = {column.expression: column.samples[position]
                 for column, position in zip(decision.inputs, at, strict=True)}
        yield point, decision.hits(at)


def _cell(register: Register, bindings: Bindings, decision: DecisionView, rule: RuleView, column: str,
          clause: Clause, required: bool = False) -> dict[tuple[str, str, str, str], Drift]:
    policy, mine = limit_of(clause), periods_of(rule.values, column)
    was = _reviewed(bindings, decision, rule, column)
    if policy is None or not (mine or required or was):
        return {}
    process = " | ".join(words(one) for one in mine)
    where, what = f"{decision.id}.{rule.id}.{column}", _what(register, column)
    changed = _changed(bindings, decision, rule, column)
    key = (decision.id, rule.id, column, clause.id)
    if not mine:
        return {key: found(clause.id, where, "deadline", MISSING, words(policy), None, what, changed=changed)}
    start = rule.values.get(f"{column}_from")
    as_early = bindings.starts.get(str(clause.figures.get("from")), ())
    # A cell that is annotated only because its figure keeps a clause as well may start earlier or elsewhere.
    agreed = _reviewed(bindings, decision, rule, f"{column}_from")
    late = start not in as_early and (required or agreed != start) if as_early else agreed not in (None, start)
    if late:
        return {key: found(clause.id, where, "deadline", CONTRADICTORY,
                           f"{words(policy)} ← {clause.figures.get('from') or agreed}", f"{process} ← {start}", what,
                           changed=changed)}  # fmt: skip
    return {key: found(clause.id, where, "deadline", compare_limits(mine, policy), words(policy), process, what,
                       changed=changed)}  # fmt: skip


def _ours(register: Register, view: BundleView, bindings: Bindings,
          served: set[tuple[str, str, str]]) -> Iterator[Drift]:
    """Yield the cells that no clause's span stands behind: they are the company's own."""
    for decision in view.decisions.values():
        for column in milestones_of(decision):
            for rule in decision.rules:
                mine = periods_of(rule.values, column)
                reviewed = _reviewed_cell(bindings, decision, rule, column)
                if (decision.id, rule.id, column) in served or (not mine and not any(reviewed)):
                    continue
                clause = next(iter((rule.cells.get(column) or {}).get("clauses", ())), None) or "—"
                process = " | ".join(words(one) for one in mine)
                yield found(clause, f"{decision.id}.{rule.id}.{column}", "deadline", ASSUMPTION,
                            _told(reviewed), process, _what(register, column),
                            changed=_changed(bindings, decision, rule, column))  # fmt: skip


def _told(reviewed: Sequence[Any]) -> str:
    return " ".join(str(one).strip('"') for one in reviewed if one) or "—"


def _reviewed(bindings: Bindings, decision: DecisionView, rule: RuleView, output: str) -> Any:
    rules = bindings.reviewed.get("decisions", {}).get(decision.id, {}).get("rules", {})
    text = rules.get(rule.id, {}).get("then", {}).get(output)
    return text.strip('"') if isinstance(text, str) else text


def _reviewed_cell(bindings: Bindings, decision: DecisionView, rule: RuleView, column: str) -> list[Any]:
    return [_reviewed(bindings, decision, rule, name) for name in (column, f"{column}_calendar", f"{column}_from")]


def _changed(bindings: Bindings, decision: DecisionView, rule: RuleView, column: str) -> bool:
    answers = dict(zip(decision.outputs, rule.answers, strict=True))
    now = [answers.get(name) for name in (column, f"{column}_calendar", f"{column}_from")]
    return [None if one in (None, "null") else one.strip('"') for one in now] != _reviewed_cell(
        bindings, decision, rule, column)


def _what(register: Register, column: str) -> tuple[str, str]:
    zh, en = register.milestones.get(column, (column, column))
    return f"“{zh}”期限", f"Deadline “{en}”"


