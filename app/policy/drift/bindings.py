"""Which part of the process carries out which clause, as data: processes/policy/bindings.yaml and reviewed.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from app.errors import Finding, Refused
from app.policy.register import LOADER

Facts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Bindings:
    """What people laid down about the link of policy and process."""

    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # a text's role name -> group codes
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # clause -> where its role acts, if on no step of it
    terms: Mapping[str, Mapping[str, Mapping[str, list[Any]]]] = field(default_factory=dict)  # applies_to -> inputs
    starts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # `from` of a clause -> clock starts as early
    limits: tuple[Mapping[str, Any], ...] = ()  # clause, decision, columns, only, except
    timers: Facts = field(default_factory=dict)  # "process.element" -> {limit|before|every|day|offset: [clauses]}
    parameters: Facts = field(default_factory=dict)  # "process.element" -> {parameter: {retention|within|copies: [..]}}
    forms: Facts = field(default_factory=dict)  # form -> {copies, recipients: [clauses]}
    conditions: Facts = field(default_factory=dict)  # "process.source>target" -> {clause, field, above}
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # clause -> flows whose condition it asks for
    order: Facts = field(default_factory=dict)  # clause -> {"a>b": {allow: [...], undrawn, because}}
    rounds: frozenset[str] = frozenset()  # flows that begin a new round: order is judged within one
    reviewed: Mapping[str, Facts] = field(default_factory=dict)  # the process as it was reviewed last


def read_bindings(root: Path) -> Bindings:
    """Return the bindings below `root`, empty where there are none; raises Refused when a file is not understood."""
    folder = root / "processes" / "policy"
    given = _mapping(folder / "bindings.yaml")
    try:
        return Bindings(
            roles={role: tuple(groups) for role, groups in given.get("roles", {}).items()},
            elsewhere=given.get("elsewhere", {}),
            terms=given.get("terms", {}),
            starts={start: tuple(names) for start, names in given.get("starts", {}).items()},
            limits=tuple(given.get("limits", ())),
            timers=given.get("timers", {}),
            parameters=given.get("parameters", {}),
            forms=given.get("forms", {}),
            conditions=given.get("conditions", {}),
            gates={clause: tuple(flows) for clause, flows in given.get("gates", {}).items()},
            order=given.get("order", {}),
            rounds=frozenset(given.get("rounds", ())),
            reviewed=_mapping(folder / "reviewed.yaml"),
        )
    except (AttributeError, TypeError) as error:
        raise _refused(folder / "bindings.yaml", error) from error


def _mapping(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise _refused(path, error) from error
    if not isinstance(content, dict):
        raise _refused(path, TypeError("a mapping is expected"))
    return content


def _refused(path: Path, error: Exception) -> Refused:
    line = getattr(getattr(error, "problem_mark", None), "line", None)
    return Refused([Finding(str(path), None, None if line is None else line + 1, "unreadable_bindings", "error",
                            f"无法读取条款对应关系：{error}", f"The bindings can't be read: {error}")])  # fmt: skip
