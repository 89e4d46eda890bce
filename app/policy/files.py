"""The register as one YAML text, and such a text read back: limits, places of errors, no aliases, no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from app.errors import FieldError
from app.policy.entries import entries, normal
from app.policy.register import LOADER, Register

SECTIONS = {"documents": "document", "clauses": "clause", "conflicts": "conflict", "law": "law",
            "dispositions": "disposition"}
BESIDE = ("reviews",)  # exported to be read; a stamp is made by whoever has looked, never by a file
MAX_BYTES, MAX_EVENTS, MAX_DEPTH = 5 * 1024 * 1024, 500_000, 20
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass
class Given:
    """What a file holds: entries by kind and id, where each stands, and what is wrong with the file itself."""

    entries: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # a kind not there is left alone
    where: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, id) -> "clauses, line 12"
    where_zh: dict[tuple[str, str], str] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    def add(self, kind: str, entry: Mapping[str, Any], english: str, chinese: str) -> None:
        """Take an entry that stands at a place of the file."""
        if kind == "disposition" and "clause" in entry:  # as the project's file writes it
            entry = {"id": entry["clause"], **{name: value for name, value in entry.items() if name != "clause"}}
        key = str(entry.get("id") or "").strip()
        if not key or key in self.entries[kind]:
            problem = ("The id is missing.", "缺少编号。") if not key else (f"{key} stands twice.", f"{key} 重复出现。")
            self.errors.append(FieldError("file", f"{english}: {problem[0]}", f"{chinese}：{problem[1]}"))
            return
        self.entries[kind][key] = normal(kind, {**entry, "id": key})
        self.where[kind, key], self.where_zh[kind, key] = english, chinese


def tables(register: Register) -> dict[str, list[dict[str, Any]]]:
    """Return the register's sections as lists of plain entries."""
    found = {section: list(entries(register, kind).values()) for section, kind in SECTIONS.items()}
    found["reviews"] = [
        {"id": key, "reviewed_on": one.reviewed_on.isoformat(), "reviewed_by": one.reviewed_by, "digest": one.digest}
        for key, one in register.dispositions.items() if one.digest and one.reviewed_on]
    return found


def as_yaml(register: Register) -> bytes:
    """Return the register as YAML, UTF-8."""
    head = f"# 制度登记簿，版本 {register.version} / The policy register, version {register.version}\n"
    body = yaml.dump(tables(register), Dumper=DUMPER, allow_unicode=True, sort_keys=False, width=110)
    return (head + body).encode()


def read_yaml(content: bytes) -> Given:
    """Return what a YAML text holds; what is wrong with it stands in `errors`, with its line."""
    given = Given()
    if len(content) > MAX_BYTES:
        given.errors.append(FieldError("file", "The file is larger than 5 MB.", "文件超过 5 MB。"))
        return given
    try:
        text = content.decode("utf-8-sig")
        problem = _hostile(yaml.parse(text, Loader=LOADER))
        root = None if problem else yaml.compose(text, Loader=LOADER)
    except UnicodeDecodeError:
        problem = FieldError("file", "The file is not UTF-8.", "文件编码不是 UTF-8。")
    except yaml.YAMLError as error:
        problem = _unreadable(error)
    if problem is not None:
        given.errors.append(problem)
    elif not isinstance(root, yaml.MappingNode):
        given.errors.append(_at(1, f"The sections {', '.join(SECTIONS)} are expected.",
                                f"应包含 {'、'.join(SECTIONS)} 部分。"))
    else:
        for name, section in root.value:
            _section(given, str(name.value), section, name.start_mark.line + 1)
    return given


def mapping_of(text: str) -> dict[str, Any]:
    """Return the names with values that a short YAML text holds; raises ValueError that says what is wrong, and where.

    The message is a FieldError's: `args[0]`.
    """
    try:
        problem = _hostile(yaml.parse(text, Loader=LOADER))
        found = None if problem else yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, without references
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = _unreadable(error)
    if problem is None and found is not None and not isinstance(found, dict):
        problem = _at(1, "Names with values are expected.", "应为“名称: 值”的形式。")
    if problem is not None:
        raise ValueError(problem)
    return {str(name): value for name, value in (found or {}).items()}


def _section(given: Given, name: str, section: Any, line: int) -> None:
    if name in BESIDE:
        return
    if name not in SECTIONS:
        given.errors.append(_at(line, f"The section “{name[:40]}” is not known.", f"未知部分“{name[:40]}”。"))
        return
    if not isinstance(section, yaml.SequenceNode):
        given.errors.append(_at(line, f"“{name}” must be a list.", f"“{name}”应为列表。"))
        return
    kind = SECTIONS[name]
    given.entries.setdefault(kind, {})
    for node in section.value:
        at = node.start_mark.line + 1
        try:
            twice = _twice(node)
            entry = yaml.constructor.SafeConstructor().construct_document(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            said = str(error)[:200]
            given.errors.append(_at(at, f"The entry can't be read: {said}", f"条目无法读取：{said}"))
            continue
        if twice or not isinstance(entry, dict):
            given.errors.append(_at(at, f"Names with values, each once, are expected {twice or ''}".rstrip(),
                                    f"应为“名称: 值”，且名称不重复 {twice or ''}".rstrip()))
            continue
        given.add(kind, {str(key): value for key, value in entry.items()}, f"{name}, line {at}", f"{name} 第 {at} 行")


def _twice(node: Any) -> str | None:
    """Return a name that a mapping gives twice, at any depth."""
    if isinstance(node, yaml.MappingNode):
        names = [str(name.value) for name, _ in node.value]
        repeated = next((name for name in names if names.count(name) > 1), None)
        return repeated or next((found for _, value in node.value if (found := _twice(value))), None)
    inner = node.value if isinstance(node, yaml.SequenceNode) else []
    return next((found for one in inner if (found := _twice(one))), None)


def _hostile(events: Iterable[Any]) -> FieldError | None:
    """Return what makes a text dangerous to build: references to what was written before, depth, sheer number."""
    depth = 0
    for number, event in enumerate(events):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return _at(line, "Anchors and aliases (& and *) are not taken.", "不接受锚点与引用（& 与 *）。")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or number > MAX_EVENTS:
            return _at(line, "Too deep or too long.", "层次过深或内容过长。")
    return None


def _unreadable(error: Exception) -> FieldError:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    return _at(mark.line + 1 if mark else 1, f"No valid YAML: {said}", f"不是合法的 YAML：{said}")


def _at(line: int, english: str, chinese: str) -> FieldError:
    return FieldError("file", f"Line {line}: {english}", f"第 {line} 行：{chinese}")
