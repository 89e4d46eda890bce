"""Finds out, before anything runs, what an expression will give, and the mistakes that are certain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from app.engine.feel.builtins import BUILTINS
from app.engine.feel.operators import PROPERTIES
from app.engine.feel.temporal import DaysDuration, YearsDuration
from app.engine.feel.tree import (
    Arithmetic,
    Between,
    Call,
    Compare,
    ContextOf,
    Filter,
    For,
    FunctionOf,
    If,
    In,
    InstanceOf,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Name,
    Negate,
    Node,
    Path,
    Quantified,
    RangeOf,
    Tests,
    UnaryCompare,
)
from app.errors import ExpressionError

# Functions that every diagram has besides FEEL's own; due, after and workdays give moments.
HOST_FUNCTIONS: Mapping[str, str] = {
    "due": "any", "after": "any", "workdays": "any", "now": "date and time", "today": "date",
    "next_weekday": "date and time", "next_month_day": "date and time", "next_month_end": "date and time",
    "next_half_year": "date and time", "month_day": "date and time", "month_end": "date and time",
}  # fmt: skip
_LITERALS = {bool: "boolean", Decimal: "number", str: "string", datetime: "date and time", date: "date", time: "time",
             DaysDuration: "duration", YearsDuration: "duration"}  # fmt: skip
_MOMENTS = frozenset({"date", "time", "date and time"})
_OPEN = frozenset({"any", "null"})
_ZH = {
    "number": "数值", "string": "文本", "boolean": "是/否", "date": "日期", "time": "时间", "date and time": "日期时间",
    "duration": "时长", "list": "列表", "context": "上下文", "function": "函数", "range": "区间", "null": "空值",
}  # fmt: skip


class Inference:
    """One pass over one tree."""

    def __init__(self, text: str, types: Mapping[str, str], functions: Mapping[str, str]) -> None:
        self.text = text
        self.types = types
        self.functions = functions

    def infer(self, node: Node, local: Mapping[str, str]) -> str:
        """Return the type of a node; raises ExpressionError for a certain mistake."""
        method: Callable[[Any, Mapping[str, str]], str] = getattr(self, "_" + type(node).__name__.lower())
        return method(node, local)

    def wrong(self, node: Node, en: str, zh: str) -> ExpressionError:
        """Return the error for a node."""
        return ExpressionError(f"{en} (at {node.pos + 1})", f"{zh}（第 {node.pos + 1} 个字符）",
                               expression=self.text, position=node.pos)

    def boolean(self, node: Node, local: Mapping[str, str]) -> None:
        """Check that a node can be true or false."""
        found = self.infer(node, local)
        if found not in _OPEN | {"boolean"}:
            raise self.wrong(node, f"True or false is needed here, not a {found}.",
                             f"此处需要是/否，实际为{_zh(found)}。")

    def _literal(self, node: Literal, local: Mapping[str, str]) -> str:
        return "null" if node.value is None else _LITERALS.get(type(node.value), "any")

    def _name(self, node: Name, local: Mapping[str, str]) -> str:
        if node.name in local:
            return local[node.name]
        if node.name in self.types:
            return _normal(self.types[node.name])
        return "function" if node.name in self.functions else "any"  # `count` may be a variable that hides the built-in

    def _path(self, node: Path, local: Mapping[str, str]) -> str:
        dotted = _dotted(node)
        if dotted and dotted in self.types and dotted.partition(".")[0] not in local:
            return _normal(self.types[dotted])
        base = self.infer(node.base, local)
        if base in {"number", "string", "boolean"} or (base in _MOMENTS | {"duration"} and node.name not in PROPERTIES):
            raise self.wrong(node, f"A {base} has no {node.name}.", f"{_zh(base)}没有 {node.name}。")
        return "any"

    def _filter(self, node: Filter, local: Mapping[str, str]) -> str:
        base = self.infer(node.base, local)
        index = isinstance(node.condition, Literal) and isinstance(node.condition.value, Decimal)
        condition = self.infer(node.condition, {**local, "item": "any"} | self._hide(node.condition))
        if condition not in _OPEN | {"boolean", "number"}:
            raise self.wrong(node.condition, "A filter needs a condition or a position.", "筛选需要条件或序号。")
        return "list" if not index and base == "list" and condition == "boolean" else "any"

    def _hide(self, node: Node) -> dict[str, str]:
        """Names inside a filter may be the item's own entries, whatever the variables of that name are."""
        found = {node.name: "any"} if isinstance(node, Name) else {}
        for child in node.children():
            found |= self._hide(child)
        return {name: kind for name, kind in found.items() if name not in BUILTINS and name not in self.functions}

    def _call(self, node: Call, local: Mapping[str, str]) -> str:
        arguments = [self.infer(argument, local) for argument in node.arguments]
        target = node.function
        if not isinstance(target, Name):
            self.infer(target, local)
            return "any"
        name = target.name
        if name in local or self.types.get(name) == "function":
            return "any"
        if name in BUILTINS:
            fitting = [one.result for one in BUILTINS[name] if _could_fit(one, arguments, node.names)]
            if not fitting and name not in self.functions:
                shown = ", ".join(arguments)
                raise self.wrong(target, f"{name}({shown}) is not possible.", f"{name}({shown}) 的参数不正确。")
            if fitting and name not in self.functions:
                return _normal(fitting[0]) if len(set(fitting)) == 1 else "any"
        if name in self.functions:
            return _normal(self.functions[name])
        raise self.wrong(target, f"There is no function {name}.", f"没有函数 {name}。")

    def _arithmetic(self, node: Arithmetic, local: Mapping[str, str]) -> str:
        left, right = self.infer(node.left, local), self.infer(node.right, local)
        if "null" in {left, right}:
            raise self.wrong(node, "Null cannot be calculated with.", "空值不能参与计算。")
        answers = {
            result for op, first, second, result in _RULES
            if op == node.op and left in {first, "any"} and right in {second, "any"}
        }  # fmt: skip
        if not answers:
            raise self.wrong(node, f"{left} {node.op} {right} is not possible.",
                             f"不能计算{_zh(left)} {node.op} {_zh(right)}。")
        return answers.pop() if len(answers) == 1 else "any"

    def _negate(self, node: Negate, local: Mapping[str, str]) -> str:
        found = self.infer(node.value, local)
        if found not in _OPEN | {"number", "duration"}:
            raise self.wrong(node, f"A {found} cannot be negated.", f"{_zh(found)}不能取负。")
        return found

    def comparable(self, node: Node, left: str, right: str, ordered: bool) -> None:
        """Check that two types can be compared."""
        unordered = ordered and ({left, right} & {"boolean", "list", "context", "function", "range"})
        if unordered or (left != right and not {left, right} & _OPEN):
            raise self.wrong(node, f"A {left} cannot be compared with a {right}.",
                             f"{_zh(left)}与{_zh(right)}不能比较。")

    def _compare(self, node: Compare, local: Mapping[str, str]) -> str:
        self.comparable(node, self.infer(node.left, local), self.infer(node.right, local), node.op not in {"=", "!="})
        return "boolean"

    def _logic(self, node: Logic, local: Mapping[str, str]) -> str:
        for item in node.items:
            self.boolean(item, local)
        return "boolean"

    def _between(self, node: Between, local: Mapping[str, str]) -> str:
        value = self.infer(node.value, local)
        for bound in (node.low, node.high):
            self.comparable(bound, value, self.infer(bound, local), True)
        return "boolean"

    def _in(self, node: In, local: Mapping[str, str]) -> str:
        value = self.infer(node.value, local)
        for test in node.tests:
            self.test(test, value, local)
        return "boolean"

    def test(self, node: Node, value: str, local: Mapping[str, str]) -> None:
        """Check one unary test against the type of the value that it judges."""
        inner = {**local, "?": value}
        if isinstance(node, UnaryCompare):
            self.comparable(node, value, self.infer(node.value, inner), node.op not in {"=", "!="})
        elif isinstance(node, RangeOf):
            for bound in (node.low, node.high):
                if bound is not None:
                    self.comparable(bound, value, self.infer(bound, inner), True)
        elif isinstance(node, Literal):
            self.comparable(node, value, self.infer(node, inner), False)
        else:
            self.infer(node, inner)

    def _unarycompare(self, node: UnaryCompare, local: Mapping[str, str]) -> str:
        self.infer(node.value, local)
        return "boolean"

    def _tests(self, node: Tests, local: Mapping[str, str]) -> str:
        for test in node.tests:
            self.test(test, local.get("?", "any"), local)
        return "boolean"

    def _instanceof(self, node: InstanceOf, local: Mapping[str, str]) -> str:
        self.infer(node.value, local)
        if node.type[0] == "named":
            raise self.wrong(node, f"There is no type {node.type[1]}.", f"没有类型 {node.type[1]}。")
        return "boolean"

    def _if(self, node: If, local: Mapping[str, str]) -> str:
        self.boolean(node.condition, local)
        answers = {self.infer(node.yes, local), self.infer(node.no, local)}
        if len(answers) == 2:
            answers.discard("null")
        return answers.pop() if len(answers) == 1 else "any"

    def rounds(self, iterations: Iterable[Iteration], local: Mapping[str, str]) -> dict[str, str]:
        """Return the types inside a loop."""
        inner = dict(local)
        for one in iterations:
            self.infer(one.source, inner)
            if one.until is not None:
                self.infer(one.until, inner)
            inner[one.name] = "number" if one.until is not None else "any"
        return inner

    def _for(self, node: For, local: Mapping[str, str]) -> str:
        self.infer(node.body, {**self.rounds(node.iterations, local), "partial": "list"})
        return "list"

    def _quantified(self, node: Quantified, local: Mapping[str, str]) -> str:
        self.boolean(node.condition, self.rounds(node.iterations, local))
        return "boolean"

    def _listof(self, node: ListOf, local: Mapping[str, str]) -> str:
        for item in node.items:
            self.infer(item, local)
        return "list"

    def _contextof(self, node: ContextOf, local: Mapping[str, str]) -> str:
        inner = dict(local)
        for name, value in node.entries:
            inner[name] = "any"  # a function may call itself
            inner[name] = self.infer(value, inner)
        return "context"

    def _rangeof(self, node: RangeOf, local: Mapping[str, str]) -> str:
        ends = [self.infer(end, local) for end in (node.low, node.high) if end is not None]
        if len(ends) == 2:
            self.comparable(node, ends[0], ends[1], True)
        return "range"

    def _functionof(self, node: FunctionOf, local: Mapping[str, str]) -> str:
        self.infer(node.body, {**local, **dict.fromkeys(node.parameters, "any")})
        return "function"


def _rules() -> tuple[tuple[str, str, str, str], ...]:
    found = [(op, "number", "number", "number") for op in ("+", "-", "*", "/", "**")]
    found += [("+", "string", "string", "string"), ("+", "duration", "duration", "duration"),
              ("-", "duration", "duration", "duration"), ("*", "duration", "number", "duration"),
              ("*", "number", "duration", "duration"), ("/", "duration", "number", "duration"),
              ("/", "duration", "duration", "number"), ("-", "date", "date and time", "duration"),
              ("-", "date and time", "date", "duration")]  # fmt: skip
    for moment in sorted(_MOMENTS):
        found += [("+", moment, "duration", moment), ("+", "duration", moment, moment),
                  ("-", moment, "duration", moment), ("-", moment, moment, "duration")]  # fmt: skip
    return tuple(found)


_RULES = _rules()
_PARAMETER_TYPES = {"datetime": _MOMENTS, "day": {"date", "date and time"}, "days": {"duration"},
                    "point": {"number", "string", "boolean", "duration", *_MOMENTS}}  # fmt: skip


def _could_fit(overload: Any, arguments: list[str], names: tuple[str, ...]) -> bool:
    parameters = overload.parameters
    if names:
        wanted = {parameter.name: parameter for parameter in parameters}
        if overload.many is not None or not set(names) <= wanted.keys():
            return False
        if any(not one.optional and one.name not in names for one in parameters):
            return False
        return all(_could_be(kind, wanted[name].type) for name, kind in zip(names, arguments, strict=True))
    if len(arguments) > len(parameters) and overload.many is None:
        return False
    if any(not parameter.optional for parameter in parameters[len(arguments) :]):
        return False
    types = [parameter.type for parameter in parameters] + [overload.many] * max(0, len(arguments) - len(parameters))
    return all(_could_be(kind, wanted) for kind, wanted in zip(arguments, types, strict=False))


def _could_be(kind: str, wanted: str) -> bool:
    base = wanted.rstrip("?")
    if kind in _OPEN or kind == "list" or base in {"any", "list"}:
        return True
    return kind in _PARAMETER_TYPES.get(base, {base})


def _normal(kind: str) -> str:
    return "duration" if kind.endswith("duration") else kind


def _zh(kind: str) -> str:
    return _ZH.get(kind, kind)


def _dotted(node: Node) -> str | None:
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Path):
        base = _dotted(node.base)
        return f"{base}.{node.name}" if base else None
    return None
