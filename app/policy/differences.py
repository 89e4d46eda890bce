"""What changed between two states of an entry, and between two registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.policy.entries import FIELDS

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; None where there is nothing."""

    field: str  # "zh", "figures.within", "declare"
    before: Any
    after: Any


@dataclass(frozen=True)
class EntryChange:
    """One entry that an import would add, change or retire."""

    kind: str
    key: str
    old: Entry | None
    new: Entry | None

    @property
    def verb(self) -> str:
        """Return added, changed or retired."""
        return "added" if self.old is None else "retired" if self.new is None else "changed"

    @property
    def fields(self) -> list[FieldChange]:
        """The fields that differ."""
        return field_changes(self.kind, self.old, self.new)


def field_changes(kind: str, old: Entry | None, new: Entry | None) -> list[FieldChange]:
    """Return the fields that differ, in the order in which pages show them; figures one by one."""
    before, after = dict(old or {}), dict(new or {})
    found: list[FieldChange] = []
    for name in (*FIELDS[kind], *sorted((before.keys() | after.keys()) - set(FIELDS[kind]))):
        if name == "figures":
            mine, theirs = before.get(name) or {}, after.get(name) or {}
            found += [FieldChange(f"figures.{inner}", mine.get(inner), theirs.get(inner))
                      for inner in dict.fromkeys((*mine, *theirs)) if mine.get(inner) != theirs.get(inner)]
        elif before.get(name) != after.get(name):
            found.append(FieldChange(name, before.get(name), after.get(name)))
    return found


def entry_changes(kind: str, present: Mapping[str, Entry], given: Mapping[str, Entry],
                  retire: bool = True) -> list[EntryChange]:
    """Return what makes `given` out of `present`: added and changed in given order, retired ones last if `retire`."""
    found = [EntryChange(kind, key, present.get(key), new) for key, new in given.items() if present.get(key) != new]
    if retire:
        found += [EntryChange(kind, key, old, None) for key, old in present.items() if key not in given]
    return found
