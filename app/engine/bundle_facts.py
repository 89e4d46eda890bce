"""Diagrams and decision tables as plain facts, read leniently: what they draw and decide, runnable or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.engine import feel
from app.engine.catalog import Catalog
from app.engine.decision_table import DecisionTable, Input, Rule, constants, read_table
from app.engine.diagram import Node, Process
from app.engine.elements import elements_of
from app.engine.reading import read_diagram
from app.errors import ExpressionError
from app.facts_bundle import ColumnView, DecisionView, Detail, ProcessView, RuleView

_FIGURE = re.compile(r'"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?')
_SMALL = Decimal("0.01")
OTHER = "…"  # stands for every text that a table does not name


def process_views(data: bytes, file: str, groups: tuple[tuple[str, str], ...]) -> tuple[ProcessView, ...]:
    """Return the processes of a BPMN file; `groups` are (lane name, group code). Raises Refused for unsafe XML."""
    catalog = Catalog(groups=dict(groups))
    return tuple(_process(process, file, catalog) for process in read_diagram(data, file).processes)


def decision_views(data: bytes, file: str) -> tuple[DecisionView, ...]:
    """Return the decision tables of a DMN file; raises Refused for one that cannot be read."""
    return tuple(_decision(table) for table in read_table(data, file))


def _process(process: Process, file: str, catalog: Catalog) -> ProcessView:
    starts = [node for node in process.nodes.values() if node.type == "startEvent" and node.scope == process.id]
    event = next((node.event for node in starts if node.event is not None and node.event.kind == "message"), None)
    return ProcessView(
        key=process.id,
        name=process.name or process.id,
        file=file,
        kind=process.properties.get("kind") or "called",
        start_message=event.name if event is not None else None,
        elements=elements_of(process, catalog),
        details={node.id: _detail(node) for node in process.nodes.values()},
        properties=dict(process.properties),
    )


def _detail(node: Node) -> Detail:
    return Detail(
        params=dict(node.parameters),
        result=node.result,
        script=node.script,
        inputs=node.inputs,
        outputs=node.outputs,
        default=node.default,
        loop=node.loop.kind if node.loop is not None else None,
        payload=node.event.payload if node.event is not None else None,
        line=node.line,
    )


def _decision(table: DecisionTable) -> DecisionView:
    columns = tuple(
        _column(column, [rule.tests[at] for rule in table.rules if at < len(rule.tests)])
        for at, column in enumerate(table.inputs)
    )
    outputs = tuple(output.name for output in table.outputs)
    rules = tuple(_rule(rule, columns, outputs) for rule in table.rules)
    return DecisionView(table.id, table.name, table.file, table.hit_policy, columns, outputs, rules)


def _column(column: Input, tests: list[feel.UnaryTests]) -> ColumnView:
    allowed = tuple(feel.plain(one) for one in constants(column.allowed)) if column.allowed is not None else ()
    samples = allowed or _samples(column.type, [test.text for test in tests])
    return ColumnView(column.label, column.expression.text, column.type, allowed, samples)


def _samples(kind: str, tests: Iterable[str]) -> tuple[Any, ...]:
    if kind == "boolean":
        return (True, False)
    found = list(dict.fromkeys(figure for test in tests for figure in _FIGURE.findall(test)))
    if kind == "number":
        marks = sorted({Decimal(0), *(Decimal(one) for one in found if not one.startswith('"'))})
        around = {value for mark in marks for value in (mark - 1, mark - _SMALL, mark, mark + _SMALL, mark + 1)}
        return tuple(sorted(around | {(low + high) / 2 for low, high in pairwise(marks)}))
    texts = tuple(one[1:-1] for one in found if one.startswith('"'))
    return (*texts, OTHER) if texts or kind == "string" else (True, False, OTHER)


def _rule(rule: Rule, columns: tuple[ColumnView, ...], outputs: tuple[str, ...]) -> RuleView:
    matches = tuple(
        frozenset(at for at, value in enumerate(column.samples) if _passes(test, value))
        for column, test in zip(columns, rule.tests, strict=True)
    )
    return RuleView(
        id=rule.id,
        tests=tuple(test.text for test in rule.tests),
        answers=tuple(answer.text for answer in rule.answers),
        values={name: _value(answer.text) for name, answer in zip(outputs, rule.answers, strict=True)},
        matches=matches,
        clauses=rule.hit.clauses,
        assumption=rule.hit.assumption,
        cells=rule.hit.cells,
        description=rule.description,
        line=rule.line,
    )


def _passes(test: feel.UnaryTests, value: Any) -> bool:
    return _tested(test.text, value, isinstance(value, bool))


@lru_cache(maxsize=65536)
def _tested(test: str, value: Any, _boolean: bool) -> bool:  # True and 1 would share a place otherwise
    if test.strip() in {"", "-"}:
        return True
    try:
        return feel.unary(test, value, {})
    except ExpressionError:
        return False


@lru_cache(maxsize=16384)
def _value(text: str) -> Any:
    """Return the plain value of an answer that uses no variable, else its text."""
    try:
        if feel.names(text):
            return text
        return feel.plain(feel.evaluate(text, {}))
    except ExpressionError:
        return text
