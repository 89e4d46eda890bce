"""Decisions: tables are read, proved and evaluated, by all hit policies of DMN."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.engine import feel
from app.engine.decision_proof import check_table
from app.engine.decision_table import SEVERAL, DecisionTable, Input, Output, Rule, read_table
from app.engine.decision_types import from_text
from app.engine.feel.builtins import lists
from app.errors import ExpressionError
from app.facts import DecisionResult

__all__ = ["DecisionTable", "Input", "Output", "Rule", "check_table", "decide", "evaluate", "read_table"]
Functions = Mapping[str, Callable[..., Any]] | None


def evaluate(table: DecisionTable, context: Mapping[str, Any], functions: Functions = None) -> DecisionResult:
    """Return what a table answers over a context, as plain data.

    Raises ExpressionError naming the rules when a UNIQUE table has two hits or the hits of an ANY table differ, naming
    the column when an input or answer is not one of its allowed values, and for cells that cannot be evaluated.
    """
    answer = decide(table, context, functions, strict=True)
    if answer.outputs is not None:
        return DecisionResult(table.id, feel.plain(answer.value), feel.plain(answer.outputs), answer.rules)
    return DecisionResult(table.id, feel.plain(answer.value), None, answer.rules)


def decide(table: DecisionTable, context: Mapping[str, Any], functions: Functions = None, *,
           strict: bool = False) -> DecisionResult:
    """Return what a table answers, as FEEL values; only with `strict` are answers' unknown names an error."""
    values = [from_text(feel.evaluate(one.expression, context, functions), one.type) for one in table.inputs]
    for column, value in zip(table.inputs, values, strict=True):
        _check_allowed(table, column.label, column.allowed, value, context)
    hits = []
    for rule in table.rules:
        if all(feel.unary(test, value, context, functions) for test, value in zip(rule.tests, values, strict=True)):
            hits.append(rule)
            if table.hit_policy == "FIRST":
                break
    if len(hits) > 1 and table.hit_policy == "UNIQUE":
        raise _several(table, hits, "more than one rule of a UNIQUE table matches",
                       "唯一命中的决策表有多条规则同时满足")
    if not hits:
        return _nothing(table, context, functions, strict)
    answers = [_answers(table, rule, context, functions, strict) for rule in hits]
    return _result(table, hits, answers)


def _check_allowed(table: DecisionTable, column: str, allowed: feel.UnaryTests | None, value: Any,
                   context: Mapping[str, Any]) -> None:
    if allowed is None or value is None or not allowed.root.tests:
        return
    for one in value if isinstance(value, list) else [value]:
        if not feel.unary(allowed, one, context):
            shown = str(feel.plain(one))[:80]
            raise ExpressionError(f"{table.id}: {shown!r} is not an allowed value of {column}.",
                                  f"决策 {table.name}：“{shown}”不是“{column}”的允许值。", expression=allowed.text)


def _answers(table: DecisionTable, rule: Rule, context: Mapping[str, Any], functions: Functions,
             strict: bool) -> dict[str, Any]:
    found = {}
    for column, answer in zip(table.outputs, rule.answers, strict=True):
        try:
            found[column.name] = feel.evaluate(answer, context, functions, strict=strict)
        except ExpressionError as error:
            raise ExpressionError(f"{table.id}, rule {rule.id}, {column.label}: {error.message_en}",
                                  f"决策 {table.name} 规则 {rule.id}“{column.label}”：{error.message_zh}",
                                  expression=answer.text, position=error.position) from error
        _check_allowed(table, column.label, column.allowed, found[column.name], context)
    return found


def _nothing(table: DecisionTable, context: Mapping[str, Any], functions: Functions, strict: bool) -> DecisionResult:
    """Return the defaults, or nothing, when no rule matched."""
    if any(column.default is not None for column in table.outputs):
        outputs = {
            column.name: feel.evaluate(column.default, context, functions, strict=strict) if column.default else None
            for column in table.outputs
        }
        value = _one(table, outputs)
        return DecisionResult(table.id, [value] if _listed(table) else value, outputs)
    if table.aggregation == "COUNT":
        return DecisionResult(table.id, Decimal(0), None)
    return DecisionResult(table.id, [] if _listed(table) else None, None)


def _listed(table: DecisionTable) -> bool:
    return table.hit_policy in SEVERAL and table.aggregation is None


def _one(table: DecisionTable, outputs: Mapping[str, Any]) -> Any:
    return outputs[table.outputs[0].name] if len(table.outputs) == 1 else dict(outputs)


def _result(table: DecisionTable, hits: Sequence[Rule], answers: Sequence[dict[str, Any]]) -> DecisionResult:
    """Return the hits' answers, as the hit policy has them."""
    policy = table.hit_policy
    if policy == "ANY" and any(feel.equal(one, answers[0]) is not True for one in answers[1:]):
        raise _several(table, hits, "the matching rules of an ANY table differ", "“任意命中”决策表的命中规则输出不一致")
    pairs = list(zip(hits, answers, strict=True))
    if policy in {"PRIORITY", "OUTPUT ORDER"}:
        pairs.sort(key=lambda pair: _priority(table, pair[1]))
    if policy in SEVERAL:
        rules = tuple(rule.hit for rule, _ in pairs)
        value: Any = [_one(table, outputs) for _, outputs in pairs]
        if table.aggregation:
            value = _aggregated(table, value)
        return DecisionResult(table.id, value, pairs[0][1] if len(pairs) == 1 else None, rules)
    rules = tuple(rule.hit for rule in hits) if policy == "ANY" else (pairs[0][0].hit,)
    return DecisionResult(table.id, _one(table, pairs[0][1]), pairs[0][1], rules)


def _priority(table: DecisionTable, outputs: Mapping[str, Any]) -> tuple[int, ...]:
    """Return a rank by the order in which the columns list their values, the first column first."""
    ranks = []
    for column in table.outputs:
        value = outputs[column.name]
        equal = [at for at, known in enumerate(column.priorities) if feel.equal(value, known) is True]
        ranks.append(equal[0] if equal else len(column.priorities))
    return tuple(ranks)


def _aggregated(table: DecisionTable, values: list[Any]) -> Any:
    if table.aggregation == "COUNT":
        return Decimal(len(values))
    return {"SUM": lists.total, "MIN": lists.minimum, "MAX": lists.maximum}[table.aggregation or "SUM"](values)


def _several(table: DecisionTable, hits: Sequence[Rule], en: str, zh: str) -> ExpressionError:
    names = ", ".join(rule.id for rule in hits)
    return ExpressionError(f"{table.id}: {en}: {names}.", f"决策 {table.name}：{zh}：{names}。", expression=table.id)
