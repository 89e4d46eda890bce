"""Compiles names, values, operators and tests into closures: each takes the scope and gives the node's value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.feel.builtins import BUILTINS, invoke
from app.engine.feel.operators import arithmetic, fit, fits, is_instance, negate, property_of
from app.engine.feel.scope import Run, Scope
from app.engine.feel.tree import (
    Arithmetic,
    Between,
    Call,
    Compare,
    ContextOf,
    FunctionOf,
    If,
    In,
    InstanceOf,
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
from app.engine.feel.values import Function, Range, compare, equal, kind, to_feel
from app.errors import ExpressionError

Code = Callable[[Scope], Any]
Test = Callable[[Scope, Any], "bool | None"]
_ANSWERS = (Compare, Logic, Between, In, InstanceOf, Quantified, Call)  # nodes whose true is a test's answer


class Core:
    """Turns the nodes of one text into closures."""

    def __init__(self, text: str) -> None:
        self.text = text

    def code(self, node: Node) -> Code:
        """Return the closure of a node."""
        method: Callable[[Any], Code] = getattr(self, "_" + type(node).__name__.lower())
        return method(node)

    def fail(self, scope: Scope, node: Node, en: str, zh: str) -> Any:
        """Return null, or in strict mode raise ExpressionError with the position."""
        if scope.run.strict:
            raise self.error(node, en, zh)
        return None

    def error(self, node: Node, en: str, zh: str) -> ExpressionError:
        """Return an error that names the node's position."""
        return ExpressionError(f"{en} (at {node.pos + 1})", f"{zh}（第 {node.pos + 1} 个字符）",
                               expression=self.text, position=node.pos)

    # -- names and values

    def _literal(self, node: Literal) -> Code:
        value = node.value
        return lambda scope: value

    def _name(self, node: Name) -> Code:
        name = node.name

        def run(scope: Scope) -> Any:
            found, value = scope.find(name)
            return value if found else self.unknown(scope, node)

        return run

    def unknown(self, scope: Scope, node: Name) -> Any:
        """Return the function of that name; null (or ExpressionError) when there is none."""
        host = scope.run.functions.get(node.name)
        if host is not None:
            return to_feel(host)
        if node.name in BUILTINS:
            run = scope.run
            return Function(node.name, None, lambda *values: invoke(run, node.name, values, ())[1])
        first, dot, rest = node.name.partition(".")
        if dot:  # a declared name with a dot in it may also be read as a path
            return self.property_path(scope, node, first, rest)
        return self.fail(scope, node, f"There is no variable {node.name}.", f"没有变量 {node.name}。")

    def property_path(self, scope: Scope, node: Name, first: str, rest: str) -> Any:
        """Return `first.rest` as a path."""
        step: Node = Name(first, pos=node.pos)
        for part in rest.split("."):
            step = Path(step, part.strip(), pos=node.pos)
        return self.code(step)(scope)

    def raw(self, node: Node) -> Code:
        """Return a closure that gives a name or path unconverted, so that a large context costs nothing."""
        if isinstance(node, Name):
            name = node.name

            def run(scope: Scope) -> Any:
                found, value = scope.raw(name)
                return value if found else self.unknown(scope, node)

            return run
        return self._step(node, self.raw(node.base)) if isinstance(node, Path) else self.code(node)

    def _path(self, node: Path) -> Code:
        step = self._step(node, self.raw(node.base))

        def run(scope: Scope) -> Any:
            value = to_feel(step(scope))
            if type(value) is list or type(value) is dict:
                scope.run.read(value)
            return value

        return run

    def _step(self, node: Path, base: Code) -> Code:
        name = node.name

        def run(scope: Scope) -> Any:
            value = base(scope)
            if isinstance(value, Mapping):
                if name in value:
                    return value[name]
                return self.fail(scope, node, f"There is no entry {words(node)}.", f"没有数据项 {words(node)}。")
            if value is None:
                return None
            return self.property(scope, node, to_feel(value))

        return run

    def property(self, scope: Scope, node: Path, value: Any) -> Any:
        """Return the property of a temporal value or range, or of each item of a list."""
        if isinstance(value, list):
            scope.run.charge(len(value))
            return [self._of_item(scope, node, entry) for entry in value]
        found, answer = property_of(value, node.name)
        if found:
            return answer
        return self.fail(scope, node, f"A {kind(value)} has no {node.name}.", f"{kind(value)} 没有 {node.name}。")

    def _of_item(self, scope: Scope, node: Path, entry: Any) -> Any:
        if isinstance(entry, list):  # a list in a list is asked item by item, too
            return self.property(scope, node, entry)
        return entry.get(node.name) if isinstance(entry, dict) else property_of(entry, node.name)[1]

    def _listof(self, node: ListOf) -> Code:
        items = [self.code(item) for item in node.items]
        return lambda scope: scope.run.made([item(scope) for item in items])

    def _contextof(self, node: ContextOf) -> Code:
        entries = [(name, self.code(value)) for name, value in node.entries]

        def run(scope: Scope) -> Any:
            found: dict[str, Any] = {}
            inner = Scope(found, scope, scope.run)
            for name, value in entries:
                found[name] = value(inner)
            return scope.run.made(found)

        return run

    def _rangeof(self, node: RangeOf) -> Code:
        low = self.code(node.low) if node.low is not None else None
        high = self.code(node.high) if node.high is not None else None

        def run(scope: Scope) -> Any:
            start, end = low(scope) if low else None, high(scope) if high else None
            if (low and start is None) or (high and end is None):
                return None
            if start is not None and end is not None and compare("<=", start, end) is None:
                return self.fail(scope, node, "The ends of the range have different types.", "区间两端类型不一致。")
            return Range(start, end, node.low_closed, node.high_closed)

        return run

    def _functionof(self, node: FunctionOf) -> Code:
        body, names, types = self.code(node.body), node.parameters, node.types
        steps = weight(node.body)

        def run(scope: Scope) -> Any:
            def call(*values: Any) -> Any:
                if len(values) != len(names):
                    return self.fail(scope, node, f"The function takes {len(names)} arguments.",
                                     f"该函数需要 {len(names)} 个参数。")
                fitted = [fit(value, wanted) for value, wanted in zip(values, types, strict=True)]
                for value, wanted in zip(fitted, types, strict=True):
                    if wanted is not None and value is not None and is_instance(value, wanted) is False:
                        return self.fail(scope, node, f"A {kind(value)} is not a {wanted[0]}.",
                                         f"参数类型应为 {wanted[0]}，实际为 {kind(value)}。")
                scope.run.enter(steps)
                try:
                    return body(Scope(dict(zip(names, fitted, strict=True)), scope, scope.run))
                finally:
                    scope.run.calls -= 1

            return Function("", names, call)

        return run

    # -- operators

    def _arithmetic(self, node: Arithmetic) -> Code:
        left, right, op = self.code(node.left), self.code(node.right), node.op

        def run(scope: Scope) -> Any:
            a, b = left(scope), right(scope)
            if a is None or b is None:
                return None
            answer = arithmetic(op, a, b)
            if type(answer) is str:
                return scope.run.made(answer)
            if answer is None and not fits(op, a, b):
                return self.fail(scope, node, f"{kind(a)} {op} {kind(b)} is not possible.",
                                 f"不能计算 {kind(a)} {op} {kind(b)}。")
            return answer

        return run

    def _negate(self, node: Negate) -> Code:
        value = self.code(node.value)

        def run(scope: Scope) -> Any:
            found = value(scope)
            answer = negate(found)
            if answer is None and found is not None:
                return self.fail(scope, node, f"A {kind(found)} cannot be negated.", f"{kind(found)} 不能取负。")
            return answer

        return run

    def compared(self, scope: Scope, node: Node, op: str, a: Any, b: Any) -> bool | None:
        """Return the answer of a comparison; null where types differ (an error in strict mode)."""
        if op in {"=", "!="}:
            scope.run.read(a)
            answer = equal(a, b)
            if answer is not None:
                return answer is (op == "=")
        else:
            if a is None or b is None:
                return None
            answer = compare(op, a, b)
            if answer is not None:
                return answer
        self.fail(scope, node, f"A {kind(a)} cannot be compared with a {kind(b)}.",
                  f"{kind(a)} 与 {kind(b)} 不能比较。")
        return None

    def _compare(self, node: Compare) -> Code:
        left, right, op = self.code(node.left), self.code(node.right), node.op
        return lambda scope: self.compared(scope, node, op, left(scope), right(scope))

    def _logic(self, node: Logic) -> Code:
        items = [(self.code(item), item) for item in node.items]
        decisive: bool = node.op == "or"

        def run(scope: Scope) -> bool | None:
            unknown = False
            for item, source in items:
                value = item(scope)
                if value is decisive:
                    return bool(decisive)
                if type(value) is not bool:
                    unknown = True
                    if value is not None:
                        self.not_boolean(scope, source, value)
            return None if unknown else not decisive

        return run

    def not_boolean(self, scope: Scope, node: Node, value: Any) -> None:
        """Give null, or complain in strict mode."""
        self.fail(scope, node, f"True or false is needed here, not a {kind(value)}.",
                  f"此处需要是/否，实际为 {kind(value)}。")

    def _between(self, node: Between) -> Code:
        value, low, high = self.code(node.value), self.code(node.low), self.code(node.high)

        def run(scope: Scope) -> bool | None:
            found = value(scope)
            first = self.compared(scope, node, ">=", found, low(scope))
            second = self.compared(scope, node, "<=", found, high(scope))
            return None if first is None or second is None else first and second

        return run

    def _instanceof(self, node: InstanceOf) -> Code:
        value, wanted = self.code(node.value), node.type

        def run(scope: Scope) -> bool | None:
            answer = is_instance(value(scope), wanted)
            if answer is None:
                self.fail(scope, node, f"There is no type {wanted[1]}.", f"没有类型 {wanted[1]}。")
            return answer

        return run

    def _if(self, node: If) -> Code:
        condition, yes, no = self.code(node.condition), self.code(node.yes), self.code(node.no)

        def run(scope: Scope) -> Any:
            value = condition(scope)
            if value is True:
                return yes(scope)
            if value is not False and value is not None:
                self.not_boolean(scope, node.condition, value)
            return no(scope)

        return run

    # -- tests

    def _in(self, node: In) -> Code:
        value = self.code(node.value)
        test = self.any_of(node.tests)
        return lambda scope: test(scope, value(scope))

    def any_of(self, nodes: tuple[Node, ...]) -> Test:
        """Return a test that is true when one of the tests is."""
        tests = [self.test(node) for node in nodes]
        if len(tests) == 1:
            return tests[0]

        def run(scope: Scope, value: Any) -> bool | None:
            answers = [test(scope, value) for test in tests]
            return True if True in answers else None if None in answers else False

        return run

    def test(self, node: Node) -> Test:
        """Return what judges a value by one positive unary test."""
        if isinstance(node, UnaryCompare):
            bound, op = self.code(node.value), node.op
            return lambda scope, value: self.test_compare(op, value, bound(Scope({"?": value}, scope, scope.run)))
        code = self.code(node)
        if mentions(node, "?"):
            return lambda scope, value: _truth(code(Scope({"?": value}, scope, scope.run)))
        if isinstance(node, Literal):
            constant = node.value
            return lambda scope, value: equal(value, constant) is True
        answers = isinstance(node, _ANSWERS)

        def run(scope: Scope, value: Any) -> bool | None:
            found = code(scope)
            if found is True and answers and type(value) is not bool:
                return True
            return matches(scope.run, value, found)

        return run

    @staticmethod
    def test_compare(op: str, value: Any, bound: Any) -> bool | None:
        """Return the answer of `< bound` for a value."""
        if op in {"=", "!="}:
            answer = equal(value, bound)
            return None if answer is None else answer is (op == "=")
        return compare(op, value, bound)

    def tests(self, node: Tests) -> Test:
        """Return what judges a value by all unary tests of a cell."""
        if not node.tests:
            return lambda scope, value: True
        test = self.any_of(node.tests)
        if not node.negated:
            return test

        def run(scope: Scope, value: Any) -> bool | None:
            answer = test(scope, value)
            return None if answer is None else not answer

        return run


def _truth(value: Any) -> bool | None:
    return value if type(value) is bool else None


def matches(run: Run, value: Any, found: Any) -> bool | None:
    """Tell whether a value passes a test that evaluated to `found`: equal, inside the range, or in the list."""
    if isinstance(found, Range) and not isinstance(value, Range):
        return found.includes(value)
    if isinstance(found, list):
        run.charge(len(found))
        run.read(value)
        if equal(value, found) is True:
            return True
        return any(matches(run, value, entry) is True for entry in found)
    return equal(value, found) is True


def weight(node: Node) -> int:
    """Return the steps that one run of a loop's or function's body takes, by its size."""
    return 1 + _size(node) // 8


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.children()))


def mentions(node: Node, name: str) -> bool:
    """Tell whether a name occurs anywhere below a node."""
    return (isinstance(node, Name) and node.name == name) or any(mentions(child, name) for child in node.children())


def words(node: Node) -> str:
    """Return a name or path as it is written; anything else is an ellipsis."""
    if isinstance(node, Name):
        return node.name
    return f"{words(node.base)}.{node.name}" if isinstance(node, Path) else "…"
