"""Cuts FEEL text into tokens that know their position."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.engine.feel.limits import MAX_TEXT
from app.errors import ExpressionError

# DMN 1.4, 10.3.1.2, rules 28 and 29, without the full-width punctuation that their ranges happen to cover.
_START = (
    r"A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3005-\u3007\u3012-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A"
    r"\uFF66-\uFFDC\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"\s\u0085\u180E\u200B\u2060\uFEFF"
_TOKEN = re.compile(
    rf"""(?P<space>[{_SPACE}]+|//[^\n\r]*|/\*.*?\*/)
    |(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<at>@\s*"(?:[^"\\]|\\.)*")
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<name>[{_START}][{_PART}]*)
    |(?P<op>\.\.|\*\*|<=|>=|!=|->|[-+*/=<>()\[\]{{}},:.?;'])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_FULL_WIDTH = dict(zip("“”（），：＝＞＜【】。、；＋－｛｝？", '""(),:=><[].,;+-{}?', strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (number, string, at, name, op, end), its text (strings unescaped) and where it starts."""

    kind: str
    text: str
    pos: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, an end token last; raises ExpressionError at the first thing that is none."""
    if not isinstance(text, str):
        raise ExpressionError("An expression must be text.", "表达式必须是文本。", expression=str(text)[:80])
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"The expression is longer than {MAX_TEXT} characters.",
                              f"表达式超过 {MAX_TEXT} 个字符。", expression=text[:80], position=MAX_TEXT)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup or "op"
        found = match.group()
        if kind == "string":
            tokens.append(Token("string", _unescape(found[1:-1], text, at), at))
        elif kind == "at":
            tokens.append(Token("at", _unescape(found[found.index('"') + 1 : -1], text, at), at))
        elif kind != "space":
            tokens.append(Token(kind, found, at))
        at = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def _unescape(body: str, text: str, at: int) -> str:
    if "\\" not in body:
        return body

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) > 1:
            point = int(code[1:], 16)
            if point > 0x10FFFF:
                raise ExpressionError(f"\\{code} is not a character.", f"\\{code} 不是有效字符。",
                                      expression=text, position=at)
            return chr(point)
        return _SIMPLE.get(code, match.group())

    plain = _ESCAPE.sub(one, body)
    # \uD83D\uDC0E writes one character as two surrogates
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unreadable(text: str, at: int) -> ExpressionError:
    char = text[at]
    if char == '"':
        return ExpressionError(f"The string that starts at {at + 1} has no closing quote.",
                               f"第 {at + 1} 个字符开始的字符串缺少结束引号。", expression=text, position=at)
    if char in _FULL_WIDTH:
        return ExpressionError(f"Full-width “{char}” at {at + 1}: write {_FULL_WIDTH[char]} instead.",
                               f"第 {at + 1} 个字符是全角“{char}”，请改用半角 {_FULL_WIDTH[char]} 。",
                               expression=text, position=at)
    return ExpressionError(f"Unexpected character {char!r} at {at + 1}.", f"第 {at + 1} 个字符“{char}”无法识别。",
                           expression=text, position=at)
