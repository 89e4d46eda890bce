"""Differences in words that a process owner understands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from app.engine.comparing.parts import TECHNICAL, Content, Part
from app.engine.comparing.terms import FACTS, PATTERNS, TYPES, VALUES

Pair = tuple[str, str]  # Chinese, English
LONGEST = 160  # characters of a value that is told
REFERENCES = frozenset({"default", "source", "target", "attached", "parent", "lane", "message", "error", "signal",
                        "escalation", "within"})  # fmt: skip
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = (("周", "week"), ("年", "year"), ("个月", "month"), ("天", "day"), ("小时", "hour"), ("分钟", "minute"),
          ("秒", "second"))  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """What a fact is called."""

    key: str  # stable name
    zh: str
    en: str


def words_of(fact: str, *parts: Part) -> Fact:
    """Return what a fact is called: by its file, by our terms, or by its path where nobody else uses it."""
    for part in parts:
        if fact in part.labels:
            return Fact(fact, *part.labels[fact])
    return _named(fact)


@lru_cache(maxsize=4096)
def _named(fact: str) -> Fact:
    plain = re.sub(r"#\d+$", "", fact.removeprefix(TECHNICAL))
    if plain in FACTS:
        key, zh, en = FACTS[plain]
        return Fact(key, zh, en)
    for pattern, key, zh, en in PATTERNS:
        match = pattern.fullmatch(plain)
        if match:
            groups = match.groups()
            return Fact(key.format(*groups), zh.format(*groups), en.format(*groups))
    return Fact(plain, f"“{plain}”", f"“{plain}”")


def duration_words(text: str) -> Pair | None:
    """Return an ISO 8601 duration in words, or None when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    found = [(int(figure), unit) for figure, unit in zip(match.groups(), _UNITS, strict=True) if figure]
    zh = "".join(f"{figure} {unit[0]} " for figure, unit in found).strip()
    return zh, " ".join(f"{figure} {unit[1]}{'s' if figure != 1 else ''}" for figure, unit in found)


def value_words(value: str) -> Pair:
    """Return a value in words: deadlines as people say them, everything else as it is written."""
    if value in {"true", "false"}:
        return ("是", "yes") if value == "true" else ("否", "no")
    plain = duration_words(value.strip('"'))
    if plain is not None:
        return plain
    zh, en = value, value
    for pattern, chinese, english in VALUES:
        zh = pattern.sub(partial(_spoken, chinese, 0), zh)
        en = pattern.sub(partial(_spoken, english, 1), en)
    return zh, en


def _spoken(words: str, language: int, match: re.Match[str]) -> str:
    spoken = duration_words(match.group(1))
    return words.format(spoken[language] if spoken is not None else match.group(1))


class Words:
    """Speaks of the parts of one file in two states."""

    def __init__(self, path: str, old: Content, new: Content) -> None:
        self.path, self._old, self._new = path, old, new

    def file(self, kind: str) -> Pair:
        """Return the words for a file that was added or removed, with what it holds."""
        parts = (self._new if kind == "added" else self._old).parts
        titled = next((part for part in parts.values() if part.type in {"process", "decision", "form"} and part.name),
                      None)  # fmt: skip
        title = f"“{titled.name}”" if titled is not None else ""
        zh, en = ("新增文件", "New file") if kind == "added" else ("删除文件", "File removed")
        return f"{zh}{title}（{len(parts)} 项内容）", f"{en} {title} ({len(parts)} parts)".replace("  ", " ")

    def part(self, kind: str, part: Part) -> Pair:
        """Return the words for a part that was added or removed."""
        zh, en = self.subject(part)
        if part.type == "sequenceFlow":
            content = self._new if kind == "added" else self._old
            ends = [self._name(content, part.facts.get(end, "")) for end in ("@sourceRef", "@targetRef")]
            zh, en = f"{zh}（{ends[0]} → {ends[1]}）", f"{en} ({ends[0]} → {ends[1]})"
        cells = [f"{words_of(fact, part).zh} {value_words(value)[0]}" for fact, value in part.facts.items()
                 if fact.startswith("cell:") and "/" not in fact and value not in {"", "-"}]  # fmt: skip
        if cells:
            told = _cut("，".join(cells))
            zh, en = f"{zh}（{told}）", f"{en} ({told})"
        verb_zh, verb_en = ("新增", "Added") if kind == "added" else ("删除", "Removed")
        return f"{verb_zh}{zh}", f"{verb_en}: {en}"

    def undrawn(self, key: str) -> Pair:
        """Return the words for an element, or a line that stands for none, that is no longer drawn."""
        part = self._old.parts.get(key)
        zh, en = ("不代表任何元素的图形", "A shape that stands for no element") if part is None else self.subject(part)
        return f"{zh}：不再画在图上", f"{en}: no longer drawn"

    def fact(self, fact: str, old: Part, new: Part) -> Pair:
        """Return the words for a fact that changed, appeared or went away."""
        named = words_of(fact, old, new)
        zh, en = self.subject(new)
        before, after = old.facts.get(fact), new.facts.get(fact)
        told_old, told_new = self._told(named.key, before, self._old), self._told(named.key, after, self._new)
        if before is None:
            return (f"{zh}：新增{named.zh} {told_new[0]}".rstrip(), f"{en}: {named.en} added: {told_new[1]}")
        if after is None:
            return (f"{zh}：删除{named.zh}（原为 {told_old[0]}）", f"{en}: {named.en} removed (was {told_old[1]})")
        if told_old == told_new:  # the same in words: say it as it is written
            told_old, told_new = (before, before), (after, after)
        return (f"{zh}：{named.zh} {_both(told_old[0], told_new[0])}", f"{en}: {named.en} "
                f"{_both(told_old[1], told_new[1])}")

    def order(self, fact: str, part: Part, old: Sequence[str], new: Sequence[str]) -> Pair:
        """Return the words for things that stand in another order."""
        named = words_of(fact)
        zh, en = self.subject(part)
        before, after = (", ".join(self._name(self._new, key.removeprefix("option:")) for key in keys)
                         for keys in _differing(old, new))  # fmt: skip
        return f"{zh}：{named.zh} {_both(before, after)}", f"{en}: {named.en} {_both(before, after)}"

    def subject(self, part: Part) -> Pair:
        """Return what a part is called."""
        zh, en = TYPES.get(part.type, (part.type, part.type))
        if part.type == "rule":
            where = self._owner(part)
            return f"{where}{zh} {part.id or ''}".strip(), f"{where} {en} {part.id or ''}".strip()
        name = part.name or part.id or ""
        return f"{zh}“{name}”" if name else zh, f"{en} “{name}”" if name else en

    def _owner(self, part: Part) -> str:
        """Return the name of the decision that a rule belongs to."""
        while part.facts.get("parent"):
            above = self._new.parts.get(part.facts["parent"]) or self._old.parts.get(part.facts["parent"])
            if above is None:
                break
            if above.name:
                return f"“{above.name}”"
            part = above
        return ""

    def _told(self, key: str, value: str | None, content: Content) -> Pair:
        if value is None:
            return "", ""
        if value == "":
            return "（空）", "(empty)"
        if key in REFERENCES:
            name = self._name(content, value)
            return f"“{name}”", f"“{name}”"
        if key == "type":
            return TYPES.get(value, (value, value))
        zh, en = value_words(value)
        return _cut(zh), _cut(en)

    @staticmethod
    def _name(content: Content, key: str) -> str:
        part = content.parts.get(key) or content.parts.get(key.rpartition(":")[2])
        if part is None or part.name == "":
            return key
        return part.name


def _both(old: str, new: str) -> str:
    """Return old → new; of long texts only where they differ."""
    if len(old) > LONGEST or len(new) > LONGEST:
        at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        begin = max(0, at - 20)
        dots = "…" if begin else ""
        old, new = f"{dots}{old[begin:]}", f"{dots}{new[begin:]}"
    return f"{_cut(old)} → {_cut(new)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the parts of two orders between the first and the last place where they differ."""
    places = [at for at, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    return list(old[places[0] : places[-1] + 1]), list(new[places[0] : places[-1] + 1])
