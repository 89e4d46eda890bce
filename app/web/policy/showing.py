"""Entries, figures and differences as pages show them, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from app.policy import labels
from app.policy.differences import field_changes
from app.policy.labels import field_label
from app.policy.plain import Both, duration_words, figure_words, rule_words, value_words
from app.policy.register import Clause, Register
from app.web.problems import language

CODED = {"kind": labels.KIND_NAMES, "obligation": labels.OBLIGATION_NAMES, "quality": labels.QUALITY_NAMES,
         "status": labels.STATUS_NAMES, "disposition": labels.DISPOSITION_NAMES, "origin": labels.ORIGIN_NAMES}
PIECE = re.compile(r"[A-Za-z0-9_.]+|\s+|.", re.DOTALL)  # a Latin word, blanks, or one character


@dataclass(frozen=True)
class Segment:
    """A run of text that stayed, went or came."""

    how: str  # same | del | ins
    text: str


@dataclass(frozen=True)
class DiffRow:
    """One field of a difference."""

    label: str
    before: Sequence[Segment]
    after: Sequence[Segment]


def say(both: Both) -> str:
    """Return the words in the reader's language."""
    return both[0] if language() == "zh" else both[1]


def limit_words(clause: Clause) -> str:
    """Return the clause's time limit in words, or an empty text."""
    return say(duration_words(clause.within, clause.calendar)) if clause.within else ""


def figures(clause: Clause, register: Register) -> list[tuple[str, str]]:
    """Return the clause's figures as (label, words)."""
    return [(say(label), say(said)) for label, said in figure_words(clause, register.activities)]


def rules(clause: Clause, register: Register) -> list[str]:
    """Return the clause's rules of order as sentences."""
    return [say(rule_words(rule, register.activities)) for rule in clause.declare]


def bound_words(bound: Mapping[str, Any]) -> str:
    """Return what a rule of law says of one clause: "A-2.3.4: range.max, a limit (…)"."""
    if not bound.get("figure"):
        return str(bound.get("clause") or "")
    sense = say(labels.SENSE_NAMES.get(str(bound.get("sense")), ("", "")))
    when = say((str(bound.get("when_zh") or ""), str(bound.get("when_en") or "")))
    return " · ".join(part for part in (f"{bound.get('clause')} {bound['figure']}", sense, when) if part)


def group_name(code: str | None, register: Register) -> str:
    """Return what a group is called; its code where there is none of that name."""
    return next((say((one.zh, one.en)) for one in register.groups if one.code == code), code or "")


def diff(kind: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, register: Register) -> list[DiffRow]:
    """Return the fields that differ, with the words that went and came."""
    calendar = [((entry or {}).get("figures") or {}).get("calendar") for entry in (old, new)]
    found = []
    for change in field_changes(kind, old, new):
        before, after = (_words(change.field, value, register, counted)
                         for value, counted in zip((change.before, change.after), calendar, strict=True))
        found.append(DiffRow(say(field_label(change.field)), *segments(before, after)))
    return found


def segments(before: str, after: str) -> tuple[list[Segment], list[Segment]]:
    """Return both texts cut where they differ, Latin words whole and Chinese by the character."""
    old, new = PIECE.findall(before), PIECE.findall(after)
    left, right = list[Segment](), list[Segment]()
    for how, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append(Segment("same" if how == "equal" else "del", "".join(old[i1:i2])))
        if j2 > j1:
            right.append(Segment("same" if how == "equal" else "ins", "".join(new[j1:j2])))
    return left, right


def _words(field: str, value: Any, register: Register, calendar: str | None) -> str:
    """Return a field's value as a text that people read; nothing for nothing."""
    if value is None:
        return ""
    if field in CODED:
        return say(CODED[field].get(value, (str(value), str(value))))
    if field == "owner":
        return group_name(str(value), register)
    if field == "bounds" and isinstance(value, list):
        return "\n".join(bound_words(one) for one in value)
    if field == "where" and isinstance(value, list):
        return "\n".join(map(str, value))
    if field == "flow" and isinstance(value, list):
        return ", ".join(say(labels.FLOW_NAMES.get(one, (one, one))) for one in value)
    if field == "declare" and isinstance(value, list):
        return "\n".join(say(rule_words(rule, register.activities)) for rule in value)
    if field == "figures.calendar":
        return say(labels.CALENDAR_NAMES.get(value, (str(value), str(value))))
    if field in ("figures.within", "figures.before"):
        return say(duration_words(value, calendar))
    return value if isinstance(value, str) else say(value_words(value, register.activities))
