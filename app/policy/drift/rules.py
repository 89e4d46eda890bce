"""Thresholds and rules: each decision against what was reviewed, over all values of its inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

from app.facts_bundle import BundleView, DecisionView, RuleView
from app.policy.drift.bindings import Bindings
from app.policy.drift.limits import milestones_of
from app.policy.drift.model import ASSUMPTION, CONTRADICTORY, MISSING, NO_CLAUSE, Drift, found
from app.policy.register import Register

Test = Callable[[Any], bool]
Row = Mapping[str, Any]  # when, then, clauses, assumption
# Figures of a clause that say what is decided: a row of ours that serves one may choose its amounts, not its answer.
_RULES = frozenset({"rule", "assign", "threshold", "trigger", "triggers", "escalation_path", "escalate_to"})
_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARE = re.compile(rf"(<=|>=|<|>|=)\s*({_NUMBER})")
_RANGE = re.compile(rf"([\[(\]])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\])\[])")
_SPLIT = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda one, other: one <= other, ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other, ">": lambda one, other: one > other,
    "=": lambda one, other: one == other,
}  # fmt: skip


def compare_rules(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield where a decision answers otherwise than it did when it was held against its clauses."""
    reviewed = bindings.reviewed.get("decisions", {})
    ruled = {clause.id for clause in register.clauses.values() if _RULES & clause.figures.keys()}
    for identifier, before in reviewed.items():
        decision = view.decisions.get(identifier)
        clauses = [one for row in before["rules"].values() for one in row["clauses"]]
        if decision is None:
            what = _what(identifier, identifier)
            yield found(_first(clauses), identifier, "rule", MISSING, "—".join(clauses[:1]), None, what)
        elif _rows(decision) != before["rules"] or not _same_frame(decision, before):
            yield from _decision(decision, before, ruled)


def table_of(decision: DecisionView) -> dict[str, Any]:
    """Return a decision as it is kept for review."""
    inputs = [column.expression for column in decision.inputs]
    allowed = [[str(value) for value in column.allowed] for column in decision.inputs]
    return {"hit": decision.hit_policy, "inputs": inputs, "allowed": allowed, "rules": _rows(decision)}


def _rows(decision: DecisionView) -> dict[str, dict[str, Any]]:
    return {
        rule.id: {
            "when": list(rule.tests),
            "then": {name: answer for name, answer in zip(decision.outputs, rule.answers, strict=True)
                     if answer != "null"},
            "clauses": list(rule.clauses),
            **({"assumption": True} if rule.assumption else {}),
        }
        for rule in decision.rules
    }  # fmt: skip


def _same_frame(decision: DecisionView, before: Mapping[str, Any]) -> bool:
    mine = [decision.hit_policy, [column.expression for column in decision.inputs]]
    if mine != [before["hit"], before["inputs"]]:
        return False
    allowed = [{str(value) for value in column.allowed} for column in decision.inputs]
    return all(not now or set(was) <= now for was, now in zip(before["allowed"], allowed, strict=True))


def _decision(decision: DecisionView, before: Mapping[str, Any], ruled: set[str]) -> Iterator[Drift]:
    what = _what(decision.id, decision.name)
    rows: Mapping[str, Row] = before["rules"]
    clause = _first([one for row in rows.values() for one in row["clauses"]])
    if not _same_frame(decision, before):
        mine = [decision.hit_policy, *(column.expression for column in decision.inputs),
                *(str(value) for column in decision.inputs for value in column.allowed)]  # fmt: skip
        theirs = [before["hit"], *before["inputs"], *(value for values in before["allowed"] for value in values)]
        yield found(clause, decision.id, "rule", CONTRADICTORY, theirs, mine, what,
                    changed=True)  # fmt: skip
        return
    told: dict[tuple[str, str], Drift] = {}
    for identifier, row in rows.items():
        tests = [test_of(text) for text in row["when"]]
        if any(test is None for test in tests) and identifier not in {
            rule.id for rule in decision.rules if list(rule.tests) == row["when"]
        }:
            told[identifier, ""] = found(_first(row["clauses"]), f"{decision.id}.{identifier}", "rule", CONTRADICTORY,
                                         row["when"], None, what, changed=True)  # fmt: skip
    for drift in _points(decision, rows, what, ruled):
        told.setdefault((drift.where, drift.verdict), drift)
    yield from told.values()


def _points(decision: DecisionView, rows: Mapping[str, Row], what: tuple[str, str],
            ruled: set[str]) -> Iterator[Drift]:
    """Yield what changed, for every combination of values that either state of the table tells apart."""
    older = [(identifier, row, [test_of(text) or _never for text in row["when"]]) for identifier, row in rows.items()]
    newer = [(rule, [test_of(text) or _never for text in rule.tests]) for rule in decision.rules]
    first = decision.hit_policy == "FIRST"
    skipped = {name for column in milestones_of(decision) for name in (column, f"{column}_calendar", f"{column}_from")}
    spaces = [
        _values(column.samples, [*(rule.tests[at] for rule in decision.rules),
                                 *(row["when"][at] for row in rows.values())])
        for at, column in enumerate(decision.inputs)
    ]  # fmt: skip
    for point in product(*spaces):
        before = [(identifier, row) for identifier, row, tests in older if _passes(tests, point)]
        now = [rule for rule, tests in newer if _passes(tests, point)]
        if first:
            before, now = before[:1], now[:1]
        yield from _point(decision, before, now, point, skipped, what, ruled)


def _point(decision: DecisionView, before: Sequence[tuple[str, Row]], now: Sequence[RuleView],
           point: tuple[Any, ...], skipped: set[str], what: tuple[str, str],
           ruled: set[str]) -> Iterator[Drift]:
    given = ", ".join(str(value) for value in point)
    for identifier, row in before:
        where, clause = f"{decision.id}.{identifier}", _first(row["clauses"])
        wanted = {name: text for name, text in row["then"].items() if name not in skipped}
        if not now:
            yield found(clause, where, "threshold", MISSING, wanted or row["clauses"], f"{given}: —", what,
                        changed=True)  # fmt: skip
            continue
        answers = [{name: text for name, text in zip(decision.outputs, rule.answers, strict=True)
                    if name not in skipped and text != "null"} for rule in now]  # fmt: skip
        if wanted not in answers or len(now) > len(before):
            ours = row.get("assumption") and len(now) == len(before)
            if ours and identifier in {rule.id for rule in now} and not _only_figures(wanted, answers[0]):
                ours = not ruled & set(row["clauses"])
            verdict = ASSUMPTION if ours else CONTRADICTORY
            mine = " + ".join(f"{rule.id} {_told(answer)}" for rule, answer in zip(now, answers, strict=True))
            yield found(clause, where, "threshold", verdict, f"{given}: {_told(wanted)}", mine, what, changed=True)
    if now and not before:
        yield found(_first(now[0].clauses), f"{decision.id}.{now[0].id}", "threshold",
                    CONTRADICTORY, f"{given}: —", now[0].id, what, changed=True)  # fmt: skip


def _only_figures(wanted: Mapping[str, str], answers: Mapping[str, str]) -> bool:
    """Return whether nothing but amounts and spans of time differ."""
    differing = [text for name in {*wanted, *answers} if wanted.get(name) != answers.get(name)
                 for text in (wanted.get(name), answers.get(name))]  # fmt: skip
    return all(text is not None and re.fullmatch(rf'{_NUMBER}|"P[0-9A-Z]+"', text) for text in differing)


def _told(answers: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in answers.items())


def _passes(tests: Sequence[Test], point: tuple[Any, ...]) -> bool:
    return all(test(value) for test, value in zip(tests, point, strict=True))


def _never(_value: Any) -> bool:
    return False


def _values(samples: tuple[Any, ...], tests: Sequence[str]) -> list[Any]:
    """Return the column's samples and both sides of every figure that either state of it tests."""
    texts = [sample for sample in samples if isinstance(sample, bool | str)]
    if texts and len(texts) == len(samples):
        named = [one for test in tests for one in re.findall(r'"([^"]*)"', test)]
        return list(dict.fromkeys([*samples, *named] if any(isinstance(one, str) for one in texts) else samples))
    marks = sorted({float(one) for test in tests for one in re.findall(_NUMBER, re.sub(r'"[^"]*"', "", test))})
    numbers = {float(value) for value in samples if not isinstance(value, str)}
    around = {value for mark in marks for value in (mark - 1, mark - 0.01, mark, mark + 0.01, mark + 1)}
    between = {(low + high) / 2 for low, high in pairwise(marks)}
    return [*texts, *sorted(numbers | around | between)]


@lru_cache(maxsize=4096)
def test_of(text: str) -> Test | None:
    """Return the test that a cell's FEEL writes, None where it is beyond lists, comparisons, ranges and not()."""
    bare = text.strip()
    if bare in {"", "-"}:
        return lambda _: True
    if bare.startswith("not(") and bare.endswith(")"):
        inner = test_of(bare[4:-1])
        return None if inner is None else lambda value: not inner(value)
    parts = [_single(part.strip()) for part in _SPLIT.split(bare)]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    return lambda value: any(part(value) for part in known)


def _single(text: str) -> Test | None:
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return lambda value: value == text[1:-1]
    if text in {"true", "false"}:
        return lambda value: value is (text == "true")
    if compared := _COMPARE.fullmatch(text):
        holds, figure = _COMPARISONS[compared.group(1)], float(compared.group(2))
        return lambda value: _is_number(value) and holds(float(value), figure)
    if spanned := _RANGE.fullmatch(text):
        opening, low, high, closing = spanned.groups()
        return lambda value: (_is_number(value) and (float(low) <= value if opening == "[" else float(low) < value)
                              and (value <= float(high) if closing == "]" else value < float(high)))
    if re.fullmatch(_NUMBER, text):
        return lambda value: _is_number(value) and float(value) == float(text)
    return None


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | str) and value is not None


def _first(clauses: Sequence[str]) -> str:
    return clauses[0] if clauses else NO_CLAUSE


def _what(identifier: str, name: str) -> tuple[str, str]:
    return f"决策“{name}”", f"Decision {identifier}"
