"""String functions; regular expressions run with a time limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from time import thread_time
from typing import Any

import regex

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.limits import MAX_PATTERN, MAX_REPEATS, MAX_STRING
from app.engine.feel.scope import Run
from app.errors import ExpressionError

_FLAGS = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": 0, "q": 0}
_QUANTIFIER = regex.compile(r"\{([0-9]{1,9})(?:,([0-9]{0,9}))?\}")
_FOREIGN = frozenset("zZAbBGhHKRXUNuxLmMgkQEaefvo")  # escapes that XPath lacks
_CLASSES = {"i": r"[\p{L}_:]", "I": r"[^\p{L}_:]", "c": r"[-.\w:·]", "C": r"[^-.\w:·]"}


def too_long() -> ExpressionError:
    """Return the error for a text that would grow beyond the limit."""
    return ExpressionError(f"A string would be longer than {MAX_STRING} characters.", f"文本超过 {MAX_STRING} 个字符。")


@builtin("string length", "string: string", "number")
def string_length(text: str) -> Decimal:
    """Return how many characters a text has."""
    return Decimal(len(text))


@builtin("substring", "string: string, start position: number, length?: number?", "string")
def substring(text: str, start: Decimal, length: Decimal | None) -> str | None:
    """Return the part from a 1-based (negative: from the end) position."""
    at = int(start)
    if at == 0 or abs(at) > len(text) or (length is not None and length < 1):
        return None
    first = at - 1 if at > 0 else len(text) + at
    return text[first:] if length is None else text[first : first + int(length)]


@builtin("upper case", "string: string", "string")
def upper_case(text: str) -> str:
    """Return the text in capitals."""
    return text.upper()


@builtin("lower case", "string: string", "string")
def lower_case(text: str) -> str:
    """Return the text in small letters."""
    return text.lower()


@builtin("trim", "string: string", "string")
def trim(text: str) -> str:
    """Return the text without white space around it."""
    return text.strip()


@builtin("substring before", "string: string, match: string", "string")
def substring_before(text: str, match: str) -> str:
    """Return what stands before the first match, or nothing."""
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after", "string: string, match: string", "string")
def substring_after(text: str, match: str) -> str:
    """Return what stands after the first match, or nothing."""
    return text if not match else text.partition(match)[2]


@builtin("contains", "string: string, match: string", "boolean")
def contains(text: str, match: str) -> bool:
    """Tell whether the text holds the other."""
    return match in text


@builtin("starts with", "string: string, match: string", "boolean")
def starts_with(text: str, match: str) -> bool:
    """Tell whether the text begins with the other."""
    return text.startswith(match)


@builtin("ends with", "string: string, match: string", "boolean")
def ends_with(text: str, match: str) -> bool:
    """Tell whether the text ends with the other."""
    return text.endswith(match)


def _pattern(text: str, flags: str | None) -> Any:
    """Return the compiled pattern, or None when it is not one; raises ExpressionError when it is too long."""
    if len(text) > MAX_PATTERN:
        raise ExpressionError(f"A pattern is longer than {MAX_PATTERN} characters.",
                              f"正则表达式超过 {MAX_PATTERN} 个字符。")
    bits = regex.VERSION1
    for flag in flags or "":
        if flag not in _FLAGS:
            return None
        bits |= _FLAGS[flag]
    if "q" in (flags or ""):
        return regex.compile(regex.escape(text), bits)
    if "x" in (flags or ""):
        text = _without_blanks(text)
    if _unrolled(text) > MAX_REPEATS:
        raise ExpressionError(f"A pattern repeats more than {MAX_REPEATS} times.",
                              f"正则表达式的重复次数超过 {MAX_REPEATS}。")
    translated = _translated(text, "s" in (flags or ""))
    try:
        return None if translated is None else regex.compile(translated, bits)
    except (regex.error, OverflowError, RecursionError, ValueError):
        return None


def _unrolled(text: str) -> int:
    """Return what the {n,m} that lie inside each other multiply to, at most."""
    levels = [1]  # of the groups that are open
    last = 1  # of what a quantifier would repeat
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            last, at = 1, at + 1
        elif char == "(":
            levels.append(1)
        elif char == ")" and len(levels) > 1:
            last = levels.pop()
        elif char == "{" and (found := _QUANTIFIER.match(text, at)):
            last *= max(1, *(int(number) for number in found.groups() if number))
            at = found.end() - 1
        elif char not in "?+*":
            last = 1
        levels[-1] = max(levels[-1], last)
        at += 1
    return max(levels)


def _without_blanks(text: str) -> str:
    """Return a pattern without the blanks outside its character classes, as the flag x has it."""
    pieces: list[str] = []
    level = 0
    for char in text:
        if level or char not in " \t\n\r":
            escaped = bool(pieces) and pieces[-1] == "\\"
            level = max(0, level + (char == "[" and not escaped) - (char == "]" and not escaped))
            pieces.append("\\\\" if escaped and char == "\\" and pieces.pop() else char)
    return "".join(pieces)


def _translated(text: str, dotall: bool) -> str | None:
    """Return an XPath pattern (F&O 3.1, 5.6.1) in the words of `regex`, or None when XPath lacks what it uses."""
    pieces: list[str] = []
    level = at = 0  # level: depth of character classes
    while at < len(text):
        char = text[at]
        if char == "\\":
            code = text[at + 1 : at + 2]
            if not code or code in _FOREIGN or (level and code.isdigit()) or code == "0":
                return None
            block = code in "pP" and text.startswith("{Is", at + 2)
            pieces.append(f"\\{code}{{In" if block else _CLASSES.get(code, char + code))
            at += 5 if block else 2
            continue
        if char == "(" and text[at + 1 : at + 2] == "?" and text[at + 2 : at + 3] != ":" and not level:
            return None
        if char == "[":
            opens = not level or text[at - 1] == "-"
            pieces.append("[" if not level else "-[" if opens else "\\[")
            level += opens
        elif char == "]" and level:
            pieces.append(char)
            level -= 1
        elif char == "." and not level and not dotall:
            pieces.append("[^\\n\\r]")
        else:
            pieces.append("\\" + char if level and char in "&|~" else char)
        at += 1
    return "".join(pieces)


@contextmanager
def _timed(run: Run) -> Iterator[float]:
    """Give the seconds of processor time that are left for patterns; raises ExpressionError when they are used up."""
    start = thread_time()
    try:
        if run.pattern_seconds <= 0:
            raise TimeoutError
        yield run.pattern_seconds
    except TimeoutError as error:
        raise ExpressionError("A regular expression takes too long.", "正则表达式匹配耗时过长。") from error
    finally:
        run.pattern_seconds -= thread_time() - start


@builtin("matches", "input: string, pattern: string, flags?: string?", "boolean", needs_run=True)
def matches(run: Run, text: str, pattern: str, flags: str | None) -> bool | None:
    """Tell whether the pattern is found in the text."""
    with _timed(run) as seconds:
        found = _pattern(pattern, flags)
        return None if found is None else found.search(text, timeout=seconds) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string?", "string", needs_run=True)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None) -> str | None:
    """Return the text with every match replaced; $1 is the first group."""
    literal = "q" in (flags or "")
    pieces: list[str] = []
    at = size = 0
    with _timed(run) as seconds:
        found = _pattern(pattern, flags)
        if found is None:
            return None
        for match in found.finditer(text, timeout=seconds):
            new = replacement if literal else _expand(replacement, match)
            pieces += (text[at : match.start()], new)
            size += len(pieces[-2]) + len(new)
            at = match.end()
            if size > MAX_STRING:
                raise too_long()
    return "".join((*pieces, text[at:]))


def _expand(replacement: str, match: Any) -> str:
    groups = match.re.groups

    def one(found: Any) -> str:
        if found.group(1) is None:
            return str(found.group(2))
        digits = str(found.group(1))
        rest = ""
        while len(digits) > 1 and int(digits) > groups:
            digits, rest = digits[:-1], digits[-1] + rest
        return str(match.group(int(digits)) or "") + rest if int(digits) <= groups else rest

    return str(regex.sub(r"\$([0-9]{1,3})|\\([\\$])", one, replacement))


@builtin("split", "string: string, delimiter: string", "list", needs_run=True)
def split(run: Run, text: str, delimiter: str) -> list[str] | None:
    """Return the parts between matches of the delimiter, which is a pattern."""
    parts: list[str] = []
    at = 0
    with _timed(run) as seconds:
        found = _pattern(delimiter, None)
        if found is None:
            return None
        for match in found.finditer(text, timeout=seconds):
            if match.end() > match.start():
                parts.append(text[at : match.start()])
                at = match.end()
    return [*parts, text[at:]]


@builtin("string join", "list: list, delimiter?: string?, prefix?: string?, suffix?: string?", "string")
def string_join(items: list[Any], delimiter: str | None, prefix: str | None, suffix: str | None) -> str | None:
    """Return the strings of a list joined; nulls are left out."""
    kept = [item for item in items if item is not None]
    if not all(type(item) is str for item in kept):
        return None
    between = delimiter or ""
    if sum(map(len, kept)) + len(between) * len(kept) > MAX_STRING:
        raise too_long()
    return (prefix or "") + between.join(kept) + (suffix or "")
