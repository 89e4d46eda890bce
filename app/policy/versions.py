"""The register as it stands on a day: the files, and over them each change approved and in effect by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.policy.register import Clause, Conflict, Disposition, Document, Register


@dataclass(frozen=True)
class Change:
    """One approved change of one entry."""

    id: int
    kind: str  # clause | document | conflict | law | disposition
    key: str  # the entry's id
    entry: Mapping[str, Any] | None  # the entry as it shall be, whole; None repeals it
    effective_from: date


def in_force(base: Register, changes: Sequence[Change], on: date) -> Register:
    """Return the register in force on a day.

    Changes apply in order of their days, those of one day in order of their ids. Clauses whose validity has not begun
    or has ended are left out; rules of law all stay, since each says when it binds. The version is the base's, with
    "+" and the number of changes applied. Raises ValueError for a kind that is not known, and KeyError, TypeError or
    ValueError for a broken entry.
    """
    due = sorted((one for one in changes if one.effective_from <= on), key=lambda one: (one.effective_from, one.id))
    clauses, texts, conflicts = dict(base.clauses), dict(base.texts), dict(base.conflicts)
    law, dispositions = dict(base.law), dict(base.dispositions)
    for change in due:
        if change.kind == "clause":
            _put(clauses, change, None if change.entry is None else Clause.of(change.entry))
        elif change.kind == "document":
            _put(texts, change, None if change.entry is None else Document.of(change.entry))
        elif change.kind == "conflict":
            _put(conflicts, change, None if change.entry is None else Conflict.of(change.entry))
        elif change.kind == "law":
            _put(law, change, None if change.entry is None else Clause.of(change.entry, "law"))
        elif change.kind == "disposition":
            dispositions[change.key] = _declared(dispositions.get(change.key), change)
        else:
            raise ValueError(f"unknown kind of change: {change.kind}")
    touched = {change.key for change in due if change.kind == "document"}
    titles = {key: title for key, title in base.documents.items() if key not in touched}
    titles |= {key: texts[key].title for key in touched if key in texts and texts[key].origin != "law"}
    return replace(
        base,
        clauses={key: clause for key, clause in clauses.items() if clause.is_valid(on)},
        texts=texts, documents=titles, conflicts=conflicts, law=law, dispositions=dispositions,
        version=f"{base.version}+{len(due)}" if due else base.version)


def _put(entries: dict[str, Any], change: Change, entry: Any) -> None:
    if entry is None:
        entries.pop(change.key, None)
    else:
        entries[change.key] = replace(entry, id=change.key)


def _declared(old: Disposition | None, change: Change) -> Disposition:
    """Return a disposition as it was changed; the stamp of its last review stays, since no proposal makes one."""
    new = Disposition.of({**(change.entry or {}), "clause": change.key})
    return new if old is None else replace(new, reviewed_on=old.reviewed_on, reviewed_by=old.reviewed_by,
                                           digest=old.digest)
