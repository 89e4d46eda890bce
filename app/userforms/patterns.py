"""Patterns of form fields, matched in linear time, so that no input and no author can make the server hang."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MAX_PATTERN_LENGTH = 200
MAX_STATES = 2000
MAX_DEPTH = 12
MAX_INPUT = 4000

_CLASSES: dict[str, tuple[tuple[int, int], ...]] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32), (160, 160), (0x2000, 0x200A), (0x2028, 0x2029), (0x3000, 0x3000)),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_PLAIN_ESCAPES = frozenset(r"\^$.|?*+()[]{}-/@ ,:#&_'\"")


class PatternError(ValueError):
    """A pattern uses what we don't offer; `position` is the 0-based offset."""

    def __init__(self, message_en: str, message_zh: str, position: int) -> None:
        super().__init__(message_en)
        self.message_en = message_en
        self.message_zh = message_zh
        self.position = position


@dataclass(frozen=True)
class CharSet:
    """Characters that one step of the match accepts."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False

    def accepts(self, char: str) -> bool:
        """Return whether `char` belongs to the set."""
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True)
class Sequence:
    """Nodes one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of several nodes."""

    branches: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """A node several times; `most` None is without end."""

    node: Node
    least: int
    most: int | None


Node = CharSet | Sequence | Choice | Repeat


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: a small machine whose states are all followed at once."""

    text: str
    # (set, next) consumes a character; (None, next, other) forks; () is the end
    program: tuple[tuple[CharSet | None, int, int], ...]
    from_start: bool
    to_end: bool

    def matches(self, value: str) -> bool:
        """Return whether `value` (at most MAX_INPUT characters) matches; anywhere unless the pattern is anchored."""
        if len(value) > MAX_INPUT:
            return False
        end = len(self.program)
        states = self._closure({0})
        for char in value:
            if end in states and not self.to_end:
                return True
            following = {self.program[state][1] for state in states
                         if state != end and self.program[state][0].accepts(char)}  # type: ignore[union-attr]
            if not self.from_start:
                following.add(0)
            states = self._closure(following)
            if not states:
                return False
        return end in states

    def _closure(self, states: set[int]) -> set[int]:
        seen: set[int] = set()
        result: set[int] = set()
        stack = list(states)
        while stack:
            state = stack.pop()
            if state in seen:
                continue
            seen.add(state)
            if state == len(self.program) or self.program[state][0] is not None:
                result.add(state)
            else:
                stack.extend(self.program[state][1:])
        return result


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """Return the compiled pattern; raises PatternError on anything but the plain, regular subset."""
    if len(text) > MAX_PATTERN_LENGTH:
        raise PatternError(f"pattern is longer than {MAX_PATTERN_LENGTH} characters",
                           f"格式规则超过 {MAX_PATTERN_LENGTH} 个字符", MAX_PATTERN_LENGTH)
    from_start = text.startswith("^")
    to_end = text.endswith("$") and not text.endswith("\\$")
    parser = _Parser(text, 1 if from_start else 0, len(text) - (1 if to_end else 0))
    node = parser.parse()
    if isinstance(node, Choice) and (from_start or to_end):
        raise PatternError("put alternatives between ^ and $ into a group", "^ 与 $ 之间的多个选择请放进括号", 0)
    program: list[tuple[CharSet | None, int, int]] = []
    _emit(node, program)
    return Pattern(text, tuple(program), from_start, to_end)


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.position = start
        self.end = end
        self.depth = 0

    def parse(self) -> Node:
        node = self._choice()
        if self.position < self.end:
            raise self._error("unexpected )", "多余的右括号")
        return node

    def _peek(self) -> str:
        return self.text[self.position] if self.position < self.end else ""

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise self._error("the pattern ends too early", "格式规则不完整")
        self.position += 1
        return char

    def _error(self, en: str, zh: str) -> PatternError:
        return PatternError(en, zh, self.position)

    def _choice(self) -> Node:
        branches = [self._sequence()]
        while self._peek() == "|":
            self.position += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() and self._peek() not in "|)":
            parts.append(self._repeated())
        return Sequence(tuple(parts))

    def _repeated(self) -> Node:
        node = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return node
        least, most = bounds
        if (most is None or most > 1) and _repeats(node):
            raise self._error("a repetition inside a repetition is not offered", "不支持重复之中再重复")
        if self._peek() and self._peek() in "*+?{":
            raise self._error("a repetition of a repetition is not offered", "不支持对重复再加重复")
        return Repeat(node, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        char = self._peek()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if char in simple and char:
            self.position += 1
            return simple[char]
        if char != "{":
            return None
        closing = self.text.find("}", self.position, self.end)
        least, comma, most = self.text[self.position + 1:max(closing, 0)].partition(",")
        if closing < 0 or not _small(least) or (comma and most and not _small(most)):
            raise self._error("a count is {n}, {n,} or {n,m}", "次数应写作 {n}、{n,} 或 {n,m}")
        self.position = closing + 1
        upper = int(least) if not comma else (int(most) if most else None)
        if upper is not None and upper < int(least):
            raise self._error("the counts are the wrong way round", "次数上下限颠倒")
        return int(least), upper

    def _atom(self) -> Node:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._set()
        if char == ".":
            return CharSet(((10, 10), (13, 13)), negated=True)
        if char == "\\":
            return self._escape()
        if char in "*+?{}^$])":
            self.position -= 1
            raise self._error(f"unexpected {char}", f"多余的 {char}")
        return CharSet(((ord(char), ord(char)),))

    def _group(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error("too many nested groups", "括号层数过多")
        if self._peek() == "?":
            if self.text[self.position:self.position + 2] != "?:":
                raise self._error("only plain groups are offered", "只支持普通括号")
            self.position += 2
        node = self._choice()
        if self._take() != ")":
            raise self._error("a group is not closed", "括号没有闭合")
        self.depth -= 1
        return node

    def _escape(self) -> CharSet:
        char = self._take()
        if char.lower() in _CLASSES:
            return CharSet(_CLASSES[char.lower()], negated=char.isupper())
        return CharSet(((ord(self._literal(char)),) * 2,))

    def _literal(self, char: str) -> str:
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char in _PLAIN_ESCAPES:
            return char
        raise self._error(f"\\{char} is not offered", f"不支持 \\{char}")

    def _set(self) -> CharSet:
        negated = self._peek() == "^"
        if negated:
            self.position += 1
        ranges: list[tuple[int, int]] = []
        while True:
            char = self._take()
            if char == "]":
                break
            if char == "\\" and self._peek().lower() in _CLASSES and self._peek():
                name = self._take()
                if name.isupper():
                    raise self._error(f"\\{name} inside [] is not offered", f"方括号中不支持 \\{name}")
                ranges.extend(_CLASSES[name])
                continue
            low = self._literal(self._take()) if char == "\\" else char
            high = low
            if self._peek() == "-" and self.text[self.position + 1:self.position + 2] not in ("]", ""):
                self.position += 1
                high = self._take()
                high = self._literal(self._take()) if high == "\\" else high
            if ord(high) < ord(low):
                raise self._error("a range is the wrong way round", "字符范围颠倒")
            ranges.append((ord(low), ord(high)))
        if not ranges:
            raise self._error("an empty [] matches nothing", "方括号中没有字符")
        return CharSet(tuple(ranges), negated)


def _small(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _repeats(node: Node) -> bool:
    """Return whether the node repeats something more than once, directly or inside."""
    if isinstance(node, Repeat):
        return node.most is None or node.most > 1 or _repeats(node.node)
    if isinstance(node, Sequence):
        return any(_repeats(part) for part in node.parts)
    if isinstance(node, Choice):
        return any(_repeats(branch) for branch in node.branches)
    return False


def _emit(node: Node, program: list[tuple[CharSet | None, int, int]]) -> None:
    """Append the node's machine; its exit is the place after its last instruction."""
    if len(program) > MAX_STATES:
        raise PatternError("the pattern is too large", "格式规则过于复杂", 0)
    if isinstance(node, CharSet):
        program.append((node, len(program) + 1, 0))
    elif isinstance(node, Sequence):
        for part in node.parts:
            _emit(part, program)
    elif isinstance(node, Choice):
        _emit_choice(node, program)
    else:
        _emit_repeat(node, program)


def _emit_choice(node: Choice, program: list[tuple[CharSet | None, int, int]]) -> None:
    jumps: list[int] = []
    for branch in node.branches[:-1]:
        fork = len(program)
        program.append((None, fork + 1, 0))
        _emit(branch, program)
        jumps.append(len(program))
        program.append((None, 0, 0))
        program[fork] = (None, fork + 1, len(program))
    _emit(node.branches[-1], program)
    for jump in jumps:
        program[jump] = (None, len(program), len(program))


def _emit_repeat(node: Repeat, program: list[tuple[CharSet | None, int, int]]) -> None:
    for _ in range(node.least):
        _emit(node.node, program)
    if node.most is None:
        fork = len(program)
        program.append((None, fork + 1, 0))
        _emit(node.node, program)
        program.append((None, fork, fork))
        program[fork] = (None, fork + 1, len(program))
        return
    forks: list[int] = []
    for _ in range(node.most - node.least):
        forks.append(len(program))
        program.append((None, len(program) + 1, 0))
        _emit(node.node, program)
    for fork in forks:
        program[fork] = (None, fork + 1, len(program))
