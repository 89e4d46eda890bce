"""Proves that a decision table answers every input, and that no two rules contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.engine import feel
from app.engine.decision_table import SEVERAL, DecisionTable, Input, Rule, constants
from app.engine.feel import tree
from app.engine.feel.core import mentions
from app.errors import ExpressionError, Finding

MAX_STATES = 50_000  # combinations of a column and the rules that are still possible
MAX_EXAMPLES = 20  # findings of one kind that a table gets
_FEEL_TYPES = frozenset({"string", "number", "boolean", "date", "time", "duration"})


@dataclass(frozen=True)
class Part:
    """Inputs of one column that no rule tells apart: an example of them, and a bit for every rule they pass."""

    example: Any
    rules: int


class _NotProvable(Exception):
    """The column's tests depend on more than its own value."""


def check_table(table: DecisionTable) -> list[Finding]:
    """Return what is wrong with a table: gaps, overlaps, unreachable rules, cells of the wrong type.

    Every finding names the rule (else the table) and has example inputs. A table is proved over the inputs' allowed
    values; numbers, dates and durations are divided at the boundaries that its cells name.
    """
    return list(_Proof(table).findings())


class _Proof:
    def __init__(self, table: DecisionTable) -> None:
        self.table = table
        self.examples: list[Any] = []
        self.seen: set[tuple[int, int]] = set()
        self.reached = 0  # a bit for every rule that can win
        self.matched = 0  # a bit for every rule that can match
        self.gaps: list[tuple[Any, ...]] = []
        self.overlaps: dict[tuple[int, int], tuple[Any, ...]] = {}

    def findings(self) -> Iterator[Finding]:
        """Give everything that is found."""
        bad = list(self.bad_cells())
        yield from bad
        if bad:
            return
        try:
            columns = [self.parts(at, column) for at, column in enumerate(self.table.inputs)]
            self.walk(columns, 0, (1 << len(self.table.rules)) - 1, ())
        except _NotProvable as reason:
            yield self.finding(None, "decision_not_provable", "info", f"无法自动验证决策表的完整性：{reason.args[0]}。",
                               f"Completeness cannot be proved: {reason.args[1]}.")
            return
        yield from self.found_gaps()
        yield from self.found_overlaps()
        yield from self.found_unreachable()

    # -- cells

    def bad_cells(self) -> Iterator[Finding]:
        """Give cells whose type does not fit the column's."""
        for rule in self.table.rules:
            for column, test in zip(self.table.inputs, rule.tests, strict=True):
                known = {"?": kind} if (kind := _kind(column.type)) in _FEEL_TYPES else {}
                yield from self.bad_cell(rule, column.label, test, known)
                if column.allowed is not None:
                    yield from self.outside(rule, column, test)
            for output, answer in zip(self.table.outputs, rule.answers, strict=True):
                yield from self.bad_cell(rule, output.label, answer, {}, _kind(output.type))

    def bad_cell(self, rule: Rule, label: str, cell: feel.Expression | feel.UnaryTests, known: Mapping[str, str],
                 wanted: str = "any") -> Iterator[Finding]:
        try:
            kind = feel.infer(cell, known)
        except ExpressionError as error:
            yield self.finding(rule, "decision_bad_cell", "error",
                               f"“{label}”的单元格 {cell.text} 有误：{error.message_zh}",
                               f"Cell {cell.text} of {label}: {error.message_en}")
            return
        if isinstance(cell, feel.Expression) and wanted in _FEEL_TYPES and kind not in {wanted, "any", "null"}:
            yield self.finding(rule, "decision_bad_cell", "error",
                               f"“{label}”的单元格 {cell.text} 应为 {wanted}，实际为 {kind}。",
                               f"Cell {cell.text} of {label} is a {kind}, not a {wanted}.")

    def outside(self, rule: Rule, column: Input, test: feel.UnaryTests) -> Iterator[Finding]:
        """Give the values of a cell that the column does not allow."""
        for value in constants(test):
            if value is not None and column.allowed and not feel.unary(column.allowed, value, {}):
                shown = feel.plain(value)
                yield self.finding(rule, "decision_bad_cell", "error",
                                   f"“{column.label}”的单元格值 {shown} 不在允许值之内。",
                                   f"{shown!r} is not an allowed value of {column.label}.")

    # -- partition

    def parts(self, at: int, column: Input) -> list[Part]:
        """Return the column's inputs, divided by the rules that they pass."""
        tests = [rule.tests[at] for rule in self.table.rules]
        for test in tests:
            if feel.names(test) or feel.calls(test) & {"now", "today"}:
                raise _NotProvable(f"“{column.label}”的单元格 {test.text} 依赖其他数据",
                                   f"cell {test.text} of {column.label} depends on other data")
        found: dict[int, Any] = {}
        for example in self.samples(column, tests):
            rules = sum(1 << index for index, test in enumerate(tests) if feel.unary(test, example, {}))
            found.setdefault(rules, example)
        return [Part(example, rules) for rules, example in found.items()]

    def samples(self, column: Input, tests: Sequence[feel.UnaryTests]) -> list[Any]:
        """Return examples of everything that the column allows, at least one for what any test could tell apart."""
        allowed = column.allowed if column.allowed and column.allowed.root.tests else None
        listed = constants(allowed) if allowed and not allowed.root.negated else []
        if allowed and listed and len(listed) == len(allowed.root.tests):
            return listed
        bounds = _bounds([*tests, *([allowed] if allowed else [])], column)
        kind = _kind(column.type)
        kinds = {kind} if kind in _FEEL_TYPES else {_kind(feel.kind(bound)) for bound in bounds}
        if len(kinds) != 1:
            if not bounds and all(not test.root.tests for test in tests):
                return [None]
            raise _NotProvable(f"“{column.label}”没有类型或允许值",
                               f"{column.label} has neither type nor allowed values")
        samples = _samples(kinds.pop(), bounds)
        return [one for one in samples if feel.unary(allowed, one, {})] if allowed else samples

    # -- combination

    def walk(self, columns: Sequence[Sequence[Part]], at: int, rules: int, chosen: tuple[Any, ...]) -> None:
        """Follow every combination of parts, each set of possible rules once a column."""
        if not rules:
            if len(self.gaps) < MAX_EXAMPLES:
                self.gaps.append((*chosen, *(column[0].example for column in columns[at:])))
            return
        if (at, rules) in self.seen:
            return
        self.seen.add((at, rules))
        if len(self.seen) > MAX_STATES:
            raise _NotProvable("组合过多", "there are too many combinations")
        if at == len(columns):
            self.leaf(rules, chosen)
        else:
            for part in columns[at]:
                self.walk(columns, at + 1, rules & part.rules, (*chosen, part.example))

    def leaf(self, rules: int, chosen: tuple[Any, ...]) -> None:
        """Note which rules match and which wins for one combination."""
        hits = [index for index in range(rules.bit_length()) if rules >> index & 1]
        self.matched |= rules
        self.reached |= 1 << hits[0] if self.table.hit_policy == "FIRST" else rules
        if self.table.hit_policy in {"UNIQUE", "ANY"}:
            first = self.table.rules[hits[0]]
            for other in hits[1:]:
                if self.table.hit_policy == "UNIQUE" or _answers(first) != _answers(self.table.rules[other]):
                    self.overlaps.setdefault((hits[0], other), chosen)

    # -- findings

    def found_gaps(self) -> Iterator[Finding]:
        """Give combinations that no rule answers; a list may be empty, and defaults fill gaps."""
        if self.table.hit_policy in SEVERAL or any(column.default is not None for column in self.table.outputs):
            return
        for chosen in self.gaps:
            inputs = self.shown(chosen)
            yield self.finding(None, "decision_gap", "error", f"没有规则覆盖：{inputs}。", f"No rule covers {inputs}.")

    def found_overlaps(self) -> Iterator[Finding]:
        """Give pairs of rules that answer the same input."""
        for (first, second), chosen in list(self.overlaps.items())[:MAX_EXAMPLES]:
            one, other, inputs = self.table.rules[first], self.table.rules[second], self.shown(chosen)
            yield self.finding(other, "decision_overlap", "error", f"规则 {one.id} 与 {other.id} 同时命中：{inputs}。",
                               f"Rules {one.id} and {other.id} both match {inputs}.")

    def found_unreachable(self) -> Iterator[Finding]:
        """Give rules that nothing matches, or that an earlier one always anticipates."""
        for index, rule in enumerate(self.table.rules):
            if not self.matched >> index & 1:
                yield self.finding(rule, "decision_unreachable", "warning", f"规则 {rule.id} 没有任何输入能够命中。",
                                   f"No input matches rule {rule.id}.")
            elif not self.reached >> index & 1:
                yield self.finding(rule, "decision_unreachable", "warning", f"规则 {rule.id} 总被前面的规则抢先命中。",
                                   f"Earlier rules always win over rule {rule.id}.")

    def shown(self, chosen: tuple[Any, ...]) -> str:
        """Return example inputs as text."""
        pairs = zip(self.table.inputs, chosen, strict=True)
        return "，".join(f"{column.expression.text} = {feel.plain(value)}" for column, value in pairs) or "-"

    def finding(self, rule: Rule | None, name: str, severity: str, zh: str, en: str) -> Finding:
        line = rule.line if rule else self.table.line
        return Finding(self.table.file, rule.id if rule else self.table.id, line, name, severity, zh, en)


def _kind(type_ref: str) -> str:
    """Return a typeRef as the checks name it."""
    lowered = {"dateTime": "date and time", "dayTimeDuration": "duration", "yearMonthDuration": "duration",
               "integer": "number", "long": "number", "double": "number"}.get(type_ref, type_ref)  # fmt: skip
    return "duration" if lowered.endswith("duration") else lowered


def _answers(rule: Rule) -> tuple[str, ...]:
    return tuple(answer.text for answer in rule.answers)


def _bounds(tests: Sequence[feel.UnaryTests], column: Input) -> list[Any]:
    """Return every constant that the tests compare with, each once."""
    found: list[Any] = []

    def collect(node: tree.Node) -> None:
        if isinstance(node, tree.UnaryCompare | tree.RangeOf | tree.Tests | tree.ListOf):
            for child in node.children():
                collect(child)
            return
        if mentions(node, "?"):
            raise _NotProvable(f"“{column.label}”的单元格使用了 ? 表达式",
                               f"a cell of {column.label} uses an expression of ?")
        value = _constant(node)
        if value is not None and value not in found:
            found.append(value)

    for test in tests:
        collect(test.root)
    return found


def _constant(node: tree.Node) -> Any:
    if isinstance(node, tree.Literal):
        return node.value
    return feel.constant(node)


def _samples(kind: str, bounds: list[Any]) -> list[Any]:
    """Return every bound, something between any two neighbours, and something beyond both ends."""
    if kind == "boolean":
        return [True, False]
    if kind == "string":
        words = [bound for bound in bounds if isinstance(bound, str)]
        # every string that is ordered between two others matters only to < and >; one more stands for all the rest
        return [*words, "".join(words)[:200] + "…", ""] if "" not in words else [*words, "".join(words)[:200] + "…"]
    ordered = sorted(bound for bound in bounds if _kind(feel.kind(bound)) == kind)
    if not ordered:
        return [_SOME[kind]] if kind in _SOME else [None]
    step = _STEPS.get(kind)
    if step is None:
        raise _NotProvable(f"类型 {kind} 无法划分", f"the type {kind} cannot be divided")
    between = [middle for low, high in pairwise(ordered)
               if (middle := _middle(low, high)) is not None]  # fmt: skip
    return [_moved(ordered[0], -1), *ordered, *between, _moved(ordered[-1], 1)]


_SOME: Mapping[str, Any] = {"number": Decimal(0), "date": date(2026, 1, 1), "duration": feel.DaysDuration(Decimal(0))}
_STEPS: Mapping[str, Any] = {"number": Decimal(1), "date": timedelta(days=1), "duration": Decimal(3600)}


def _moved(value: Any, sign: int) -> Any:
    if isinstance(value, feel.DaysDuration):
        return feel.DaysDuration(value.seconds + sign * Decimal(3600))
    if isinstance(value, feel.YearsDuration):
        return feel.YearsDuration(value.months + sign)
    return value + sign * _STEPS["date" if isinstance(value, date) else "number"]


def _middle(low: Any, high: Any) -> Any:
    if isinstance(low, date):
        return low + (high - low) / 2 if (high - low).days > 1 else None
    if isinstance(low, feel.DaysDuration):
        return feel.DaysDuration((low.seconds + high.seconds) / 2)
    if isinstance(low, feel.YearsDuration):
        return feel.YearsDuration((low.months + high.months) // 2) if high.months - low.months > 1 else None
    return (low + high) / 2
