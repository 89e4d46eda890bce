"""Compiles filters, for, some and every."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from app.engine.feel.core import Code, Core, mentions, weight
from app.engine.feel.scope import Run, Scope
from app.engine.feel.tree import (
    Filter,
    For,
    Iteration,
    Literal,
    Node,
    Quantified,
)
from app.engine.feel.values import Range, kind
from app.errors import ExpressionError


class Loops(Core):
    """Adds what runs over lists and ranges."""

    def _filter(self, node: Filter) -> Code:
        base, condition = self.code(node.base), self.code(node.condition)
        steps = weight(node.condition)
        index_only = isinstance(node.condition, Literal) and isinstance(node.condition.value, Decimal)

        def run(scope: Scope) -> Any:
            value = base(scope)
            if value is None:
                return None if index_only else []
            items = value if isinstance(value, list) else [value]
            if index_only:
                return self.item(scope, node, items, condition(scope))
            scope.run.charge(len(items) * steps)
            kept = []
            for entry in items:
                inner = Scope({"item": entry}, scope, scope.run)
                answer = condition(Scope(entry, inner, scope.run) if type(entry) is dict else inner)
                if answer is True:
                    kept.append(entry)
                elif type(answer) is Decimal:
                    return self.item(scope, node, items, answer)
                elif answer is not False and answer is not None:
                    self.not_boolean(scope, node.condition, answer)
            return kept

        return run

    def item(self, scope: Scope, node: Node, items: list[Any], index: Decimal) -> Any:
        """Return the item at a 1-based index (negative: from the end), or null."""
        if index != index.to_integral_value() or not 0 < abs(index) <= len(items):
            return None
        return items[int(index) - 1 if index > 0 else int(index)]

    def rounds(self, iterations: tuple[Iteration, ...]) -> Callable[[Scope], Iterator[Scope]]:
        """Return what gives a scope for every combination, the last name running fastest."""
        first, rest = iterations[0], iterations[1:]
        source = self.code(first.source)
        until = self.code(first.until) if first.until is not None else None
        inner = self.rounds(rest) if rest else None

        def run(scope: Scope) -> Iterator[Scope]:
            values = self.span(scope, first, source(scope), until(scope)) if until else source(scope)
            for value in self.each(scope, first, values):
                scope.run.charge()
                one = Scope({first.name: value}, scope, scope.run)
                if inner:
                    yield from inner(one)
                else:
                    yield one

        return run

    def span(self, scope: Scope, node: Node, low: Any, high: Any) -> Any:
        """Return the whole numbers from low to high, downwards too."""
        if not (isinstance(low, Decimal) and isinstance(high, Decimal)):
            return Range(low, high, True, True)
        if low != low.to_integral_value() or high != high.to_integral_value():
            raise _NoRounds(self.error(node, "Whole numbers are needed here.", "此处需要整数。"))
        start, end = int(low), int(high)
        step = 1 if start <= end else -1
        return (Decimal(number) for number in range(start, end + step, step))

    def each(self, scope: Scope, node: Node, values: Any) -> Iterator[Any]:
        """Give the items to loop over; raises _NoRounds for what cannot be looped over."""
        if isinstance(values, Range):
            yield from self.range_items(scope, node, values)
        elif values is None:
            raise _NoRounds(None)
        elif isinstance(values, dict | str | Decimal | bool):
            yield values
        else:
            try:
                yield from values
            except TypeError:
                yield values

    def range_items(self, scope: Scope, node: Node, span: Range) -> Iterator[Any]:
        """Give the whole numbers, or the days, of a range."""
        low, high = span.low, span.high
        if isinstance(low, Decimal) and isinstance(high, Decimal):
            items = list(self.span(scope, node, low, high)) if abs(high - low) <= scope.run.steps else None
            if items is None:
                scope.run.charge(scope.run.steps + 1)
            for value in items or ():
                if span.includes(value) or (low > high):
                    yield value
            return
        if kind(low) != "date" or kind(high) != "date":
            raise _NoRounds(self.error(node, f"A {kind(low)} cannot be counted through.",
                                       f"{kind(low)} 不能逐个遍历。"))
        step = 1 if low <= high else -1
        for ordinal in range(low.toordinal(), high.toordinal() + step, step):
            day = type(low).fromordinal(ordinal)
            if step < 0 or span.includes(day):
                yield day

    def _for(self, node: For) -> Code:
        rounds, body = self.rounds(node.iterations), self.code(node.body)
        steps = weight(node.body)
        partial = mentions(node.body, "partial")

        def run(scope: Scope) -> Any:
            found: list[Any] = []
            try:
                for inner in rounds(scope):
                    scope.run.charge(steps)
                    if partial:
                        scope.run.charge(len(found))
                        inner = Scope({"partial": list(found)}, inner, scope.run)
                    found.append(body(inner))
            except _NoRounds as reason:
                reason.told(scope.run)
                return None
            return scope.run.made(found)

        return run

    def _quantified(self, node: Quantified) -> Code:
        rounds, condition = self.rounds(node.iterations), self.code(node.condition)
        decisive: bool = node.kind == "some"
        steps = weight(node.condition)

        def run(scope: Scope) -> bool | None:
            unknown = False
            try:
                for inner in rounds(scope):
                    scope.run.charge(steps)
                    value = condition(inner)
                    if value is decisive:
                        return bool(decisive)
                    if type(value) is not bool:
                        unknown = True
                        if value is not None:
                            self.not_boolean(scope, node.condition, value)
            except _NoRounds as reason:
                reason.told(scope.run)
                return None
            return None if unknown else not decisive

        return run


class _NoRounds(Exception):
    """A loop has nothing that it could run over; the whole loop is null."""

    def __init__(self, error: ExpressionError | None) -> None:
        self.error = error
        super().__init__()

    def told(self, run: Run) -> None:
        """Raise the reason in strict mode."""
        if run.strict and self.error:
            raise self.error from None
