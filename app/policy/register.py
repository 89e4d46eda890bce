"""The policy register: clauses and their figures, groups, milestones and activities, read from processes/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from app.errors import Finding, Refused
from app.facts import Period

Entry = TypeVar("Entry")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Group:
    """A role of the policy."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Clause:
    """One clause of the written policy, or one rule of law: where it stands, what it says and what it measures."""

    id: str
    document: str
    section: str
    obligation: str  # must | should | info
    kind: str
    within: str | None = None  # ISO 8601
    calendar: str | None = None  # natural | working
    source: Mapping[str, Any] | None = None  # the whole entry
    zh: str = ""  # restated, never the original's wording
    en: str = ""
    flow: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    declare: tuple[Mapping[str, Any], ...] = ()  # rules of order: template, a, b, within, calendar
    same_as: str | None = None  # the clause that it repeats
    truncated: bool = False  # the original breaks off here
    assumptions: tuple[str, ...] = ()  # O.. and K.. of ours that its reading rests on
    valid_from: date | None = None  # None: since ever
    valid_to: date | None = None  # the last day; None: until further notice
    origin: str = "company"  # company | law
    line: int | None = None  # of the original document, from 1
    note_zh: str = ""
    note_en: str = ""

    def text(self, locale: str) -> str:
        """Return the restated sentence in `locale`."""
        return self.zh if locale.startswith("zh") or not self.en else self.en

    def is_valid(self, on: date) -> bool:
        """True when the clause is in force on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    @classmethod
    def of(cls, row: Mapping[str, Any], origin: str = "company") -> Clause:
        """Return the clause that an entry describes; raises KeyError, TypeError or ValueError."""
        figures = row.get("figures") or {}
        return cls(
            str(row["id"]), str(row.get("document", "")), str(row.get("section", "")), str(row.get("obligation", "")),
            str(row.get("kind", "")), figures.get("within"), figures.get("calendar"), row,
            str(row.get("zh") or ""), str(row.get("en") or ""), _texts(row.get("flow")), figures,
            tuple(row.get("declare") or ()), row.get("same_as"), bool(row.get("truncated")),
            _texts(row.get("assumptions")), day_of(row.get("valid_from")), day_of(row.get("valid_to")), origin,
            row.get("line"), str(row.get("note_zh") or ""), str(row.get("note_en") or ""))


@dataclass(frozen=True)
class Document:
    """One text of the policy, a part of one, or a statute."""

    id: str
    title: str
    title_en: str = ""
    part_of: str | None = None
    file: str | None = None  # name of the original
    lines: tuple[int, int] | None = None  # where a part stands in the original
    remark_zh: str = ""  # what is missing or broken off
    remark_en: str = ""
    origin: str = "company"
    valid_from: date | None = None
    valid_to: date | None = None
    source: Mapping[str, Any] = field(default_factory=dict)  # the whole entry

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Document:
        """Return the document that an entry describes; raises KeyError, TypeError or ValueError."""
        lines = row.get("lines")
        return cls(
            str(row["id"]), str(row.get("title", row["id"])), str(row.get("title_en") or ""), row.get("part_of"),
            row.get("file"), (int(lines[0]), int(lines[1])) if lines else None, str(row.get("remark_zh") or ""),
            str(row.get("remark_en") or ""), str(row.get("origin") or "company"), day_of(row.get("valid_from")),
            day_of(row.get("valid_to")), row)


@dataclass(frozen=True)
class Disposition:
    """What was declared of how a clause is carried out, and when somebody last reviewed it."""

    clause: str
    disposition: str = ""  # drawn | decided | recorded | handled | reported | outside | missing; "": as computed
    where: tuple[str, ...] = ()
    reason_zh: str = ""
    reason_en: str = ""
    owner: str | None = None  # group code; who answers for it outside the system
    review_by: date | None = None
    reviewed_on: date | None = None
    reviewed_by: str | None = None
    digest: str | None = None  # of the clause and what it is linked to, at the review

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Disposition:
        """Return the disposition that an entry describes; raises KeyError, TypeError or ValueError."""
        seen = row.get("reviewed") or {}
        return cls(
            str(row["clause"]), str(row.get("disposition") or ""), _texts(row.get("where")),
            str(row.get("reason_zh") or ""), str(row.get("reason_en") or ""), row.get("owner"),
            day_of(row.get("review_by")), day_of(seen.get("on")), seen.get("by"), seen.get("digest"))


@dataclass(frozen=True)
class Conflict:
    """Clauses that disagree or leave a gap, and the rule that resolves them."""

    id: str
    topic_zh: str
    topic_en: str
    zh: str  # what the texts say
    en: str
    rule_zh: str
    rule_en: str
    reason_zh: str
    reason_en: str
    clauses: tuple[str, ...]
    assumption: bool = False  # the rule rests on an assumption of ours

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Conflict:
        """Return the conflict that an entry describes; raises KeyError, TypeError or ValueError."""
        return cls(
            str(row["id"]), str(row["topic_zh"]), str(row["topic_en"]), str(row["zh"]), str(row["en"]),
            str(row["rule_zh"]), str(row["rule_en"]), str(row["reason_zh"]), str(row["reason_en"]),
            _texts(row.get("clauses")), bool(row.get("assumption")))


@dataclass(frozen=True)
class Assumption:
    """What we decided where the texts are silent; clauses name it in `assumptions`."""

    id: str
    topic_zh: str
    topic_en: str
    zh: str
    en: str
    reason_zh: str
    reason_en: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Assumption:
        """Return the assumption that an entry describes; raises KeyError."""
        return cls(str(row["id"]), str(row["topic_zh"]), str(row["topic_en"]), str(row["zh"]), str(row["en"]),
                   str(row["reason_zh"]), str(row["reason_en"]))


@dataclass(frozen=True)
class Profile:
    """One way to read the conflicts."""

    id: str
    zh: str
    en: str
    is_default: bool
    decisions: Mapping[str, str]  # decision -> the table that stands for it
    switches: Mapping[str, str]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Profile:
        """Return the profile that an entry describes; raises KeyError, TypeError or ValueError."""
        return cls(str(row["id"]), str(row["zh"]), str(row["en"]), bool(row.get("default")),
                   dict(row.get("decisions") or {}), dict(row.get("switches") or {}))


@dataclass(frozen=True)
class Register:
    """Everything that diagrams, clocks and pages look up in the policy."""

    groups: tuple[Group, ...]
    clauses: Mapping[str, Clause]
    documents: Mapping[str, str]  # id -> title
    milestones: Mapping[str, tuple[str, str]]  # name -> Chinese, English
    activities: Mapping[str, tuple[str, str]]
    texts: Mapping[str, Document] = field(default_factory=dict)  # the documents in full, statutes included
    dispositions: Mapping[str, Disposition] = field(default_factory=dict)  # by clause
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    law: Mapping[str, Clause] = field(default_factory=dict)  # rules of law, apart from the company's clauses
    version: str = "1"
    assumptions: Mapping[str, Assumption] = field(default_factory=dict)

    @property
    def groups_by_name(self) -> Mapping[str, str]:
        """The group codes by the Chinese names that lanes carry."""
        return {group.zh: group.code for group in self.groups}

    @property
    def clause_ids(self) -> frozenset[str]:
        """Every clause id."""
        return frozenset(self.clauses)

    @property
    def milestone_names(self) -> frozenset[str]:
        """Every milestone."""
        return frozenset(self.milestones)

    @property
    def activity_ids(self) -> frozenset[str]:
        """The register's vocabulary of activities."""
        return frozenset(self.activities)

    @property
    def limits(self) -> Mapping[str, Period]:
        """Each clause's own figure, for those that have one."""
        return {
            clause.id: Period(clause.within, clause.calendar or "natural")
            for clause in self.clauses.values()
            if clause.within
        }


def read_register(root: Path) -> Register:
    """Return the register below `root`; raises Refused when a file is missing or not understood."""
    folder = root / "processes" / "policy"
    groups = tuple(
        Group(str(row["code"]), str(row["zh"]), str(row["en"]))
        for row in rows_of(root / "processes" / "groups.yaml", "groups")
    )
    documents = _entries(folder / "documents.yaml", "documents", Document.of, True)
    law_file = folder / "law.yaml"
    texts = {one.id: one for one in (*documents, *_entries(law_file, "documents", Document.of))}
    return Register(
        groups,
        {one.id: one for one in _entries(folder / "clauses.yaml", "clauses", Clause.of, True)},
        {one.id: one.title for one in documents},
        _names(folder / "milestones.yaml", "milestones"),
        _names(folder / "activities.yaml", "activities"),
        texts,
        {one.clause: one for one in _entries(folder / "dispositions.yaml", "dispositions", Disposition.of)},
        {one.id: one for one in _entries(folder / "conflicts.yaml", "conflicts", Conflict.of)},
        {one.id: one for one in _entries(folder / "profiles.yaml", "profiles", Profile.of)},
        {one.id: one for one in _entries(law_file, "rules", lambda row: Clause.of(row, "law"))},
        assumptions={one.id: one for one in _entries(folder / "conflicts.yaml", "assumptions", Assumption.of)},
    )


def _entries(path: Path, top: str, of: Callable[[Mapping[str, Any]], Entry], required: bool = False) -> list[Entry]:
    found = []
    for number, row in enumerate(rows_of(path, top) if required else optional_rows(path, top), 1):
        try:
            found.append(of(row))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            name = str(row.get("id") or row.get("clause") or f"{top}[{number}]")
            raise Refused([Finding(str(path), name, None, "register_entry", "error", f"条目“{name}”无法理解：{error}",
                                   f"The entry “{name}” is not understood: {error}")]) from error
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value or ()))


def day_of(value: Any) -> date | None:
    """Return the day that YAML or JSON gave, None for none; raises ValueError."""
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value))


def _names(path: Path, top: str) -> dict[str, tuple[str, str]]:
    names = {}
    for row in rows_of(path, top):
        name = str(row.get("name") or row.get("id"))
        names[name] = (str(row.get("zh") or name), str(row.get("en") or name.replace("_", " ").capitalize()))
    return names


@lru_cache(maxsize=32)
def parsed(text: str) -> Any:
    """Return what a YAML text holds, for reading only: the same text is parsed once; raises YAMLError."""
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader, the quick one


def rows_of(path: Path, top: str) -> list[dict[str, Any]]:
    """Return a register file's list, at its top or below `top`; raises Refused."""
    try:
        content = parsed(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise Refused(
            [
                Finding(
                    str(path),
                    None,
                    None if line is None else line + 1,
                    "unreadable_register",
                    "error",
                    f"无法读取登记簿文件：{error}",
                    f"The register's file can't be read: {error}",
                )
            ]
        ) from error
    rows = content.get(top) if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused(
            [Finding(str(path), None, 1, "register_shape", "error", f"应为“{top}”列表", f"A list “{top}” is expected")]
        )
    return rows


def optional_rows(path: Path, top: str) -> list[dict[str, Any]]:
    """Return the list of a file that an installation may leave out, [] without it; raises Refused."""
    return rows_of(path, top) if path.exists() else []
