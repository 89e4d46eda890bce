"""Walks through the tokens of FEEL text, knows names of several words, and says where a mistake is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

from app.engine.feel.lexer import Token, tokenize
from app.engine.feel.limits import MAX_DEPTH
from app.engine.feel.tree import Node
from app.errors import ExpressionError

# Names of several words that need no declaring: built-in functions, types and properties.
FUNCTIONS_OF_WORDS = (
    "date and time", "years and months duration", "days and time duration", "string length", "upper case", "lower case",
    "substring before", "substring after", "starts with", "ends with", "list contains", "insert before", "index of",
    "distinct values", "duplicate values", "list replace", "string join", "round up", "round down", "round half up",
    "round half down",
    "day of year", "day of week", "month of year", "week of year", "get value", "get entries", "context put",
    "context merge", "met by", "overlaps before", "overlaps after", "finished by", "started by",
)  # fmt: skip
PROPERTIES_OF_WORDS = ("time offset", "start included", "end included")
_N = TypeVar("_N", bound=Node)


class Words:
    """Names made of several tokens, found by longest match."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Learn a name; one of a single token needs no learning."""
        try:
            parts = tuple(token.text for token in tokenize(name)[:-1])
        except ExpressionError:
            return
        if len(parts) > 1:
            known = self.by_first.setdefault(parts[0], [])
            known.append((" ".join(name.split()), parts))
            known.sort(key=lambda entry: -len(entry[1]))

    def match(self, tokens: list[Token], at: int) -> tuple[str, int] | None:
        """Return the longest name that starts at `at` and how many tokens it takes."""
        for name, parts in self.by_first.get(tokens[at].text, ()):
            if len(tokens) > at + len(parts) and all(
                tokens[at + i].text == part and tokens[at + i].kind != "string" for i, part in enumerate(parts)
            ):
                return name, len(parts)
        return None


@lru_cache(maxsize=1)
def _built_in_words() -> tuple[Words, Words]:
    return Words(FUNCTIONS_OF_WORDS), Words(PROPERTIES_OF_WORDS)


class Cursor:
    """A place in the tokens of one text; `known` are names of several words that may occur in it."""

    def __init__(self, text: str, known: Iterable[str] = ()) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.at = 0
        self.level = 0
        self.known = Words(known)
        self.functions, self.properties = _built_in_words()

    def make(self, kind: type[_N], pos: int, *args: Any) -> _N:
        """Return a node whose depth is known; raises ExpressionError when it is too deep."""
        node = kind(*args, pos=pos)
        node.depth = 1 + max((child.depth for child in node.children()), default=0)
        if node.depth > MAX_DEPTH:
            raise self.error("The expression is nested too deeply, or its chain is too long.", "表达式嵌套过深或过长。")
        return node

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without eating it."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Return the next token and eat it."""
        token = self.peek()
        self.at += 1
        return token

    def is_op(self, text: str, ahead: int = 0) -> bool:
        """Tell whether a token is that sign."""
        token = self.peek(ahead)
        return token.kind == "op" and token.text == text

    def take_op(self, text: str) -> bool:
        """Eat that sign if it is next."""
        if self.is_op(text):
            self.at += 1
            return True
        return False

    def take_word(self, text: str) -> bool:
        """Eat that word if it is next."""
        token = self.peek()
        if token.kind == "name" and token.text == text:
            self.at += 1
            return True
        return False

    def expect_op(self, text: str) -> None:
        """Eat that sign; raises ExpressionError when something else is next."""
        if not self.take_op(text):
            raise self.unexpected(self.peek(), text)

    def expect_word(self, text: str) -> None:
        """Eat that word; raises ExpressionError when something else is next."""
        if not self.take_word(text):
            raise self.unexpected(self.peek(), text)

    def expect_end(self) -> None:
        """Raise ExpressionError unless the text is at its end."""
        if self.peek().kind != "end":
            raise self.unexpected(self.peek())

    def unexpected(self, token: Token, wanted: str = "") -> ExpressionError:
        """Return the error for a token that does not belong here."""
        if token.text == "=" and self.at and self.tokens[self.at - 1].text == "=":
            return self.error("Write = instead of ==.", "请用 = 代替 ==。", token)
        expected_en, expected_zh = (f", {wanted} was expected", f"，此处应为 {wanted}") if wanted else ("", "")
        if token.kind == "end":
            return self.error(f"The expression ends too early{expected_en}.", f"表达式不完整{expected_zh}。", token)
        shown = token.text[:40]
        return self.error(f"Unexpected “{shown}”{expected_en}.", f"此处不应出现“{shown}”{expected_zh}。", token)

    def error(self, en: str, zh: str, token: Token | None = None) -> ExpressionError:
        """Return an error that names the position."""
        pos = (token or self.peek()).pos
        return ExpressionError(f"{en[:-1]} (at {pos + 1}).", f"{zh[:-1]}（第 {pos + 1} 个字符）。",
                               expression=self.text, position=pos)
