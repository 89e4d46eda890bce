"""Reads FEEL tokens into a syntax tree, by precedence climbing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.engine.feel import temporal
from app.engine.feel.cursor import Cursor
from app.engine.feel.lexer import Token
from app.engine.feel.limits import MAX_NESTING
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

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
RESERVED = frozenset({"and", "or", "if", "then", "else", "for", "return", "some", "every", "satisfies", "in", "between",
                      "true", "false", "null", "instance"})  # fmt: skip
_TYPES = {"number", "string", "boolean", "date", "time", "date and time", "days and time duration",
          "years and months duration", "Any", "Null"}  # fmt: skip


class Parser(Cursor):
    """One parse of one text; `known` are names of several words that may occur in it."""

    # -- entry points

    def expression_only(self) -> Node:
        """Return the tree of one expression that is the whole text."""
        if self.peek().kind == "end":
            raise self.error("The expression is empty.", "表达式为空。")
        node = self.expression()
        self.expect_end()
        return node

    def tests_only(self) -> Tests:
        """Return the tree of unary tests that are the whole text."""
        if self.peek().kind == "end" or (self.is_op("-") and self.tokens[self.at + 1].kind == "end"):
            return Tests(())
        if self.peek().text == "not" and self.is_op("(", 1) and self.closes_at_end():
            self.at += 2
            tests = self.tests(")")
            self.expect_op(")")
            self.expect_end()
            return self.make(Tests, 0, tests, True)
        tests = self.tests("")
        self.expect_end()
        return self.make(Tests, 0, tests, False)

    def closes_at_end(self) -> bool:
        """Tell whether the parenthesis after `not` closes at the very end of the text."""
        level = 0
        for index in range(self.at + 1, len(self.tokens) - 1):
            token = self.tokens[index]
            if token.kind == "op":
                level += (token.text in "([{") - (token.text in ")]}")
            if level == 0:
                return index == len(self.tokens) - 2
        return False

    def tests(self, closing: str) -> tuple[Node, ...]:
        """Return the comma-separated positive unary tests up to `closing`."""
        found = [self.test()]
        while self.take_op(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> Node:
        """Return one positive unary test."""
        token = self.peek()
        if token.kind == "op" and token.text in COMPARISONS:
            self.at += 1
            return self.make(UnaryCompare, token.pos, token.text, self.binary(4))
        return self.expression()

    # -- expressions, loosest first

    def expression(self) -> Node:
        """Return one expression."""
        self.level += 1
        if self.level > MAX_NESTING:
            raise self.error("The expression is nested too deeply.", "表达式嵌套过深。")
        node = self.logic("or")
        self.level -= 1
        return node

    def logic(self, op: str) -> Node:
        """Return a chain of `or`, or of `and`."""
        below: Callable[[], Node] = (lambda: self.logic("and")) if op == "or" else self.comparison
        pos = self.peek().pos
        items = [below()]
        while self.take_word(op):
            items.append(below())
        return items[0] if len(items) == 1 else self.make(Logic, pos, op, tuple(items))

    def comparison(self) -> Node:
        """Return a comparison, `between`, `in` or `instance of`."""
        left = self.binary(4)
        while True:
            token = self.peek()
            if token.kind == "op" and token.text in COMPARISONS:
                self.at += 1
                left = self.make(Compare, token.pos, token.text, left, self.binary(4))
            elif self.take_word("between"):
                low = self.binary(4)
                self.expect_word("and")
                left = self.make(Between, token.pos, left, low, self.binary(4))
            elif self.take_word("in"):
                left = self.make(In, token.pos, left, self.in_tests())
            elif token.text == "instance" and self.peek(1).text == "of":
                self.at += 2
                left = self.make(InstanceOf, token.pos, left, self.type())
            else:
                return left

    def in_tests(self) -> tuple[Node, ...]:
        """Return the tests after `in`: one, or several in parentheses."""
        start = self.at
        if self.is_op("("):
            self.at += 1
            tests = self.tests(")")
            if self.take_op(")") and not self.goes_on():
                return tests
            self.at = start
        token = self.peek()
        if token.kind == "op" and token.text in COMPARISONS:
            return (self.test(),)
        return (self.binary(4),)

    def goes_on(self) -> bool:
        """Tell whether an operand continues here, so that a parenthesis was not the whole of it."""
        token = self.peek()
        return token.kind == "op" and token.text in {"+", "-", "*", "/", "**", ".", "[", "("}

    def binary(self, level: int) -> Node:
        """Return sums (4), products (5) or powers (6); all three associate to the left."""
        ops = {4: ("+", "-"), 5: ("*", "/"), 6: ("**",)}[level]
        left = self.binary(level + 1) if level < 6 else self.unary()
        while self.peek().kind == "op" and self.peek().text in ops:
            op = self.next()
            right = self.binary(level + 1) if level < 6 else self.unary()
            left = self.make(Arithmetic, op.pos, op.text, left, right)
        return left

    def unary(self) -> Node:
        """Return an operand with its minus signs."""
        token = self.peek()
        if not self.take_op("-"):
            return self.postfix(self.primary())
        self.level += 1
        if self.level > MAX_NESTING:
            raise self.error("The expression is nested too deeply.", "表达式嵌套过深。")
        value = self.unary()
        self.level -= 1
        if isinstance(value, Literal) and isinstance(value.value, Decimal):
            return self.make(Literal, token.pos, -value.value)
        return self.make(Negate, token.pos, value)

    def postfix(self, node: Node) -> Node:
        """Return `node` with the paths, filters and arguments that follow it."""
        while True:
            pos = self.peek().pos
            if self.is_op(".") and self.peek(1).kind == "name":
                self.at += 1
                node = self.make(Path, pos, node, self.path_name())
            elif self.is_op("[") and not self.ends_range():
                self.at += 1
                condition = self.expression()
                self.expect_op("]")
                node = self.make(Filter, pos, node, condition)
            elif self.take_op("("):
                names, arguments = self.arguments()
                node = self.make(Call, node.pos, node, arguments, names)
            else:
                return node

    def ends_range(self) -> bool:
        """Tell whether the bracket here is the open end of a range: `]1..5[`."""
        after = self.peek(1)
        return after.kind == "end" or after.text in {")", ",", "]", "}", "and", "or", "then", "else", "return"}

    def path_name(self) -> str:
        """Return the name after a dot."""
        for words in (self.known, self.properties):
            found = words.match(self.tokens, self.at)
            if found:
                self.at += found[1]
                return found[0]
        return self.next().text

    def arguments(self) -> tuple[tuple[str, ...], tuple[Node, ...]]:
        """Return names (empty when positional) and values up to the closing parenthesis."""
        names: list[str] = []
        values: list[Node] = []
        while not self.is_op(")"):
            name = self.argument_name()
            if name is not None:
                names.append(name)
            values.append(self.expression())
            if not self.take_op(","):
                break
        self.expect_op(")")
        if names and (len(names) != len(values) or len(set(names)) != len(names)):
            raise self.error("Name all arguments, each once, or none.",
                             "参数须全部按名称给出（且不重复），或全部按位置给出。")
        return tuple(names), tuple(values)

    def argument_name(self) -> str | None:
        """Return the name that an argument is given by, or None for a positional one."""
        end = self.at
        while self.tokens[end].kind == "name":
            end += 1
        if end == self.at or self.tokens[end].text != ":" or self.tokens[end].kind != "op":
            return None
        name = " ".join(token.text for token in self.tokens[self.at : end])
        self.at = end + 1
        return name

    # -- operands

    def primary(self) -> Node:
        """Return an operand without what may follow it."""
        token = self.peek()
        if token.kind == "number":
            self.at += 1
            return Literal(temporal.number(token.text), pos=token.pos)
        if token.kind == "string":
            self.at += 1
            return Literal(token.text, pos=token.pos)
        if token.kind == "at":
            self.at += 1
            value = temporal.literal(token.text)
            if value is None:
                raise self.error(f"@\"{token.text[:40]}\" is no date, time or duration.",
                                 f"@\"{token.text[:40]}\" 不是日期、时间或时长。", token)
            return Literal(value, pos=token.pos)
        if token.kind == "name":
            return self.word(token)
        if token.text == "?":
            self.at += 1
            return Name("?", pos=token.pos)
        if token.text in {"(", "[", "]"}:
            return self.bracket(token)
        if token.text == "{":
            return self.context(token)
        raise self.unexpected(token)

    def word(self, token: Token) -> Node:
        """Return what a word begins: a keyword's construct, a constant or a name."""
        known = self.known.match(self.tokens, self.at)
        if known:
            self.at += known[1]
            return Name(known[0], pos=token.pos)
        special = _CONSTRUCTS.get(token.text)
        if special is not None and not (token.text == "function" and not self.is_op("(", 1)):
            self.at += 1
            return special(self, token)
        if token.text in _CONSTANTS:
            self.at += 1
            return Literal(_CONSTANTS[token.text], pos=token.pos)
        if token.text in RESERVED - {"instance"}:
            raise self.unexpected(token)
        function = self.functions.match(self.tokens, self.at)
        if function and (self.is_op("(", function[1]) or self.peek(function[1]).text in {",", ")"}):
            self.at += function[1]
            return Name(function[0], pos=token.pos)
        self.at += 1
        return Name(token.text, pos=token.pos)

    def bracket(self, token: Token) -> Node:
        """Return a parenthesized expression, a list or a range."""
        self.at += 1
        if token.text == "(" and self.peek().kind == "op" and self.peek().text in COMPARISONS:
            return self.half_range(token)
        if token.text == "[" and self.take_op("]"):
            return ListOf((), pos=token.pos)
        if token.text == "[" and self.peek().kind == "op" and self.peek().text in COMPARISONS:
            raise self.unexpected(self.peek())
        first = self.expression()
        if self.take_op(".."):
            high = self.expression()
            end = self.next()
            if end.kind != "op" or end.text not in {")", "]", "["}:
                raise self.unexpected(end)
            return self.make(RangeOf, token.pos, first, high, token.text == "[", end.text == "]")
        if token.text == "(":
            self.expect_op(")")
            return first
        if token.text == "]":
            raise self.unexpected(self.peek())
        items = [first]
        while self.take_op(","):
            items.append(self.expression())
        self.expect_op("]")
        return self.make(ListOf, token.pos, tuple(items))

    def half_range(self, token: Token) -> Node:
        """Return the range that `(>5)` or `(=5)` writes."""
        op = self.next().text
        bound = self.binary(4)
        self.expect_op(")")
        if op == "!=":
            raise self.unexpected(token)
        if op == "=":
            return self.make(RangeOf, token.pos, bound, bound, True, True)
        if op.startswith("<"):
            return self.make(RangeOf, token.pos, None, bound, False, op == "<=")
        return self.make(RangeOf, token.pos, bound, None, op == ">=", False)

    def context(self, token: Token) -> Node:
        """Return a context; its keys are known names in what follows."""
        self.at += 1
        entries: list[tuple[str, Node]] = []
        while not self.is_op("}"):
            key = self.key()
            value = self.expression()
            self.known.add(key)
            entries.append((key, value))
            if not self.take_op(","):
                break
        self.expect_op("}")
        if len({key for key, _ in entries}) != len(entries):
            raise self.error("A context has a key twice.", "上下文中有重复的键。", token)
        return self.make(ContextOf, token.pos, tuple(entries))

    def key(self) -> str:
        """Return a context's key and eat its colon."""
        if self.peek().kind == "string":
            name = self.next().text
        else:
            start = self.at
            while self.peek().kind in {"name", "number"} or (self.peek().kind == "op" and self.peek().text in "+-*/.'"):
                self.at += 1
            if self.at == start:
                raise self.unexpected(self.peek())
            end = self.tokens[self.at - 1]
            name = " ".join(self.text[self.tokens[start].pos : end.pos + len(end.text)].split())
        self.expect_op(":")
        return name

    def if_(self, token: Token) -> Node:
        """Return the rest of `if`."""
        condition = self.expression()
        self.expect_word("then")
        yes = self.expression()
        self.expect_word("else")
        return self.make(If, token.pos, condition, yes, self.expression())

    def for_(self, token: Token) -> Node:
        """Return the rest of `for`."""
        iterations = self.iterations()
        self.expect_word("return")
        return self.make(For, token.pos, iterations, self.expression())

    def quantified(self, token: Token) -> Node:
        """Return the rest of `some` or `every`."""
        iterations = self.iterations()
        self.expect_word("satisfies")
        return self.make(Quantified, token.pos, token.text, iterations, self.expression())

    def iterations(self) -> tuple[Iteration, ...]:
        """Return `name in source, …`; the names are known in what follows."""
        found: list[Iteration] = []
        while True:
            pos = self.peek().pos
            name = self.words_until("in")
            self.known.add(name)
            source = self.expression()
            until = self.expression() if self.take_op("..") else None
            found.append(self.make(Iteration, pos, name, source, until))
            if not self.take_op(","):
                return tuple(found)

    def words_until(self, word: str) -> str:
        """Return a name of any number of words, and eat the word that ends it."""
        words = []
        while self.peek().kind == "name" and self.peek().text != word:
            words.append(self.next().text)
        if not words:
            raise self.unexpected(self.peek())
        self.expect_word(word)
        return " ".join(words)

    def function(self, token: Token) -> Node:
        """Return the rest of a function definition."""
        self.expect_op("(")
        names: list[str] = []
        types: list[Any] = []
        while not self.is_op(")"):
            words = []
            while self.peek().kind == "name":
                words.append(self.next().text)
            if not words:
                raise self.unexpected(self.peek())
            names.append(" ".join(words))
            self.known.add(names[-1])
            types.append(self.type() if self.take_op(":") else None)
            if not self.take_op(","):
                break
        self.expect_op(")")
        if self.peek().text == "external":
            raise self.error("External functions are not allowed.", "不允许使用外部函数。")
        return self.make(FunctionOf, token.pos, tuple(names), tuple(types), self.expression())

    # -- types

    def type(self) -> Any:
        """Return a type as a tuple: (word,), ("list", type), ("context", fields), ("function", types, type)…"""
        self.level += 1
        if self.level > MAX_NESTING:
            raise self.error("The type is nested too deeply.", "类型嵌套过深。")
        token = self.next()
        if token.kind != "name":
            raise self.unexpected(token)
        found = self.generic(token) if token.text in {"list", "range", "context", "function"} else None
        if found is None:
            self.at -= 1
            match = self.functions.match(self.tokens, self.at) or self.known.match(self.tokens, self.at)
            name, count = match or (token.text, 1)
            self.at += count
            while match is None and self.is_op(".") and self.peek(1).kind == "name":
                self.at += 1
                name += "." + self.next().text
            found = (name,) if name in _TYPES else ("named", name)
        self.level -= 1
        return found

    def generic(self, token: Token) -> Any:
        """Return the rest of list<…>, range<…>, context<…> or function<…>->…; None when there is no rest."""
        if not self.take_op("<"):
            return (token.text,) if token.text in {"list", "context", "function", "range"} else None
        found: Any
        if token.text in {"list", "range"}:
            found = (token.text, self.type())
        elif token.text == "context":
            fields = []
            while not self.is_op(">"):
                name = self.key()
                fields.append((name, self.type()))
                if not self.take_op(","):
                    break
            found = ("context", tuple(fields))
        else:
            parameters = []
            while not self.is_op(">"):
                parameters.append(self.type())
                if not self.take_op(","):
                    break
            found = ("function", tuple(parameters))
        self.expect_op(">")
        if token.text == "function":
            self.expect_op("->")
            found = (*found, self.type())
        return found


_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
_CONSTRUCTS: dict[str, Callable[[Parser, Token], Node]] = {
    "if": Parser.if_, "for": Parser.for_, "some": Parser.quantified, "every": Parser.quantified,
    "function": Parser.function,
}  # fmt: skip
