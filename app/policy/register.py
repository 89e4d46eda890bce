"""The policy register: clauses and their figures, groups, milestones and activities, read from processes/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.errors import Finding, Refused
from app.facts import Period


@dataclass(frozen=True)
class Group:
    """A role of the policy."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Clause:
    """One clause of the written policy: where it stands and what it measures."""

    id: str
    document: str
    section: str
    obligation: str  # must | should | info
    kind: str
    within: str | None = None  # ISO 8601
    calendar: str | None = None  # natural | working
    source: Mapping[str, Any] | None = None  # the whole entry


@dataclass(frozen=True)
class Register:
    """Everything that diagrams, clocks and pages look up in the policy."""

    groups: tuple[Group, ...]
    clauses: Mapping[str, Clause]
    documents: Mapping[str, str]  # id -> title
    milestones: Mapping[str, tuple[str, str]]  # name -> Chinese, English
    activities: Mapping[str, tuple[str, str]]

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
    clauses = {}
    for row in rows_of(folder / "clauses.yaml", "clauses"):
        figures = row.get("figures") or {}
        clauses[str(row["id"])] = Clause(
            str(row["id"]),
            str(row.get("document", "")),
            str(row.get("section", "")),
            str(row.get("obligation", "")),
            str(row.get("kind", "")),
            figures.get("within"),
            figures.get("calendar"),
            row,
        )
    documents = {
        str(row["id"]): str(row.get("title", row["id"])) for row in rows_of(folder / "documents.yaml", "documents")
    }
    return Register(
        groups,
        clauses,
        documents,
        _names(folder / "milestones.yaml", "milestones"),
        _names(folder / "activities.yaml", "activities"),
    )


def _names(path: Path, top: str) -> dict[str, tuple[str, str]]:
    names = {}
    for row in rows_of(path, top):
        name = str(row.get("name") or row.get("id"))
        names[name] = (str(row.get("zh") or name), str(row.get("en") or name.replace("_", " ").capitalize()))
    return names


def rows_of(path: Path, top: str) -> list[dict[str, Any]]:
    """Return a register file's list, at its top or below `top`; raises Refused."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
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
