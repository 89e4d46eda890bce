"""Two bundles compared, file by file and part by part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from app.engine.comparing.bpmn import read_bpmn
from app.engine.comparing.dmn import read_dmn
from app.engine.comparing.forms import read_form
from app.engine.comparing.parts import TECHNICAL, Content, Part
from app.engine.comparing.wording import Words, words_of
from app.errors import Refused

READERS: Mapping[str, Callable[[bytes, str], Content]] = {".bpmn": read_bpmn, ".dmn": read_dmn, ".json": read_form}


@dataclass(frozen=True)
class Change:
    """One difference of meaning."""

    path: str  # of the file
    element: str | None  # id of the element, rule or field; None: the file as a whole
    kind: str  # added | removed | changed | technical (nothing that people see or the engine runs)
    what: str  # which of its facts, such as "timer"
    old: str | None  # as written in the file
    new: str | None
    zh: str
    en: str

    def words(self, locale: str) -> str:
        """Return the difference in words, in `locale` ("zh" or "en")."""
        return self.zh if locale.startswith("zh") else self.en


@dataclass(frozen=True)
class FileDifference:
    """What one file differs in; `kind` is added, removed or changed."""

    path: str
    kind: str
    changes: tuple[Change, ...]
    moved: tuple[str, ...] = ()  # ids of what is drawn differently
    undrawn: tuple[Change, ...] = ()  # what was drawn and is so no more

    @property
    def layout_only(self) -> bool:
        """Whether the file says the same as before: only the drawing, or not even that, has changed."""
        return self.kind == "changed" and not self.changes


@dataclass(frozen=True)
class Comparison:
    """What two bundles differ in."""

    files: tuple[FileDifference, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every difference of meaning."""
        return tuple(change for one in self.files for change in one.changes)

    @property
    def layout_only(self) -> bool:
        """Whether nothing but drawings has changed."""
        return not self.changes


def compare(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Comparison:
    """Return everything that the bundle `new` differs in from `old`; files that cannot be read are told as such."""
    found = []
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before != after:
            found.append(compare_files(path, before, after))
    return Comparison(tuple(found))


def compare_files(path: str, old: bytes | None, new: bytes | None) -> FileDifference:
    """Return what one file differs in; None is a file that is not there."""
    contents = []
    for data in (old, new):
        try:
            contents.append(_read(path, data))
        except Refused as refused:
            return _unreadable(path, old, new, refused)
    before, after = contents
    words = Words(path, before, after)
    if old is None or new is None:
        kind = "added" if old is None else "removed"
        zh, en = words.file(kind)
        return FileDifference(path, kind, (Change(path, None, kind, "file", None, None, zh, en),))
    changes = tuple(_changes(path, before, after, words))
    moved = tuple(sorted(key for key in before.drawing.keys() | after.drawing.keys()
                         if before.drawing.get(key) != after.drawing.get(key)))  # fmt: skip
    undrawn = tuple(Change(path, key, "removed", "drawing", None, None, *words.undrawn(key))
                    for key in sorted(before.drawing.keys() - after.drawing.keys()))  # fmt: skip
    return FileDifference(path, "changed", changes, moved, undrawn)


def _read(path: str, data: bytes | None) -> Content:
    if data is None:
        return Content()
    reader = READERS.get(PurePosixPath(path).suffix)
    if reader is not None:
        return _cached(reader, path, data)
    content = Content()
    content.add(Part("@file", None, "file", "", {"content": hashlib.sha256(data).hexdigest()}))
    return content


@lru_cache(maxsize=128)
def _cached(reader: Callable[[bytes, str], Content], path: str, data: bytes) -> Content:
    return reader(data, path)


def _unreadable(path: str, old: bytes | None, new: bytes | None, refused: Refused) -> FileDifference:
    kind = "added" if old is None else "removed" if new is None else "changed"
    zh = f"文件无法读取，不能逐项比较：{refused.message_zh}"
    en = f"The file cannot be read, so its content cannot be compared: {refused.message_en}"
    return FileDifference(path, kind, (Change(path, None, kind, "content", None, None, zh, en),))


def _changes(path: str, old: Content, new: Content, words: Words) -> Iterator[Change]:
    for key, part in new.parts.items():
        if key not in old.parts:
            yield Change(path, part.id or key, "added", "part", None, None, *words.part("added", part))
    for key, part in old.parts.items():
        if key not in new.parts:
            yield Change(path, part.id or key, "removed", "part", None, None, *words.part("removed", part))
        else:
            yield from _facts(path, part, new.parts[key], words)


def _facts(path: str, old: Part, new: Part, words: Words) -> Iterator[Change]:
    for fact in dict.fromkeys([*old.facts, *new.facts]):
        before, after = old.facts.get(fact), new.facts.get(fact)
        if before != after:
            technical = fact.startswith(TECHNICAL)
            name = words_of(fact, old, new).key
            zh, en = words.fact(fact, old, new)
            yield Change(path, new.id or new.key, "technical" if technical else "changed", name, before, after, zh, en)
    for fact in dict.fromkeys([*old.order, *new.order]):
        first, second = old.order.get(fact, ()), new.order.get(fact, ())
        kept = [key for key in dict.fromkeys(first) if key in second]
        turned = [key for key in dict.fromkeys(second) if key in first]
        if kept != turned:
            zh, en = words.order(fact, new, kept, turned)
            yield Change(path, new.id or new.key, "changed", fact, " ".join(kept), " ".join(turned), zh, en)
