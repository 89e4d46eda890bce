"""The words of the compliance pages: states, kinds, verbs, lights, and what a place in the bundle is called."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.policy.capabilities import CAPABILITIES
from app.policy.drift import Drift
from app.policy.drift.model import plain
from app.policy.labels import DISPOSITION_NAMES
from app.services.compliance_picture import Picture
from app.web.policy.showing import say
from app.web.problems import language
from app.web.verdicts import VERDICT_ICONS, VERDICT_KINDS, VERDICTS, register
from app.web.words import word
from app.wiring import services

KINDS: Mapping[str, Any] = {"breach": _("Breach"), "drift": _("Drift"), "review": _("Link to review")}
STATES: Mapping[str, Any] = {
    "open": _("Not handled"), "assigned": _("Assigned"), "explained": _("Explained"),
    "correcting": _("Being corrected"), "waived": _("Waived"), "closed": _("Settled"),
}
STATE_KINDS = {"open": "late", "assigned": "soon", "explained": "brand", "correcting": "brand", "waived": "soon",
               "closed": "ok"}
VERBS: Mapping[str, Any] = {
    "assign": _("Assigned"), "explain": _("Explained"), "correct": _("Correction started"), "waive": _("Waived"),
    "close": _("Settled"), "reopen": _("Opened again"), "gone": _("Closed by the system: found no more"),
    "found_again": _("Opened again: found once more"), "waiver_ended": _("The waiver has ended"),
    "verified": _("Closed by the system: the rectification was verified"),
    "unverified": _("Given back: the rectification ended without success"),
}
LINK_CHANGES: Mapping[str, Any] = {
    "clause": _("the clause itself"), "changed": _("changed"), "new": _("new"), "gone": _("gone"),
}
AGES: Mapping[str, Any] = {
    "0-3": _("up to 3 days"), "4-7": _("4 to 7 days"), "8-14": _("8 to 14 days"), "15-30": _("15 to 30 days"),
    "31+": _("over 30 days"),
}
DRIFT_KINDS = {"error": "late", "warning": "soon", "info": "ok", "none": "ok"}
HOWS: Mapping[str, Any] = {"drawn": _("drawn"), "decided": _("decided"), "recorded": _("recorded"),
                           "handled": _("handled"), "reported": _("reported")}


def pairs(names: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (code, word) for a select."""
    return [(code, str(name)) for code, name in names.items()]


def disposition(code: str) -> str:
    """Return what a disposition is called."""
    return say(DISPOSITION_NAMES.get(code, (code, code)))


def figure(text: str) -> str:
    """Return a text of a comparison with its durations in words."""
    return say(plain(text))


def owner(code: str | None) -> str:
    """Return what a group is called."""
    found = next((one for one in register().groups if one.code == code), None)
    return say((found.zh, found.en)) if found is not None else code or ""


def place(where: str, picture: Picture) -> str:
    """Return what a place in the bundle is called: "Complaint › Verify", "Decision: Deadlines, R10"."""
    kind, colon, rest = where.partition(":")
    if not colon:
        kind, rest = "", where
    head, _dot, tail = rest.partition(".")
    view = picture.view
    if kind in ("", "report", "process") and head in view.processes:
        return _in_process(head, tail, picture)
    if kind in ("", "decision") and head in view.decisions:
        return _joined(decision(head, picture), *_rule(tail, picture))
    if kind in ("", "form") and head in view.forms:
        form = view.forms[head]
        field = form.by_key.get(tail)
        return _joined(_own(form.name, form.name_en), _own(field.label, field.label_en) if field is not None else tail)
    return _told(kind, rest) or where


def decision(key: str, picture: Picture) -> str:
    """Return what a decision is called."""
    words = key.replace("_", " ")
    return _own(picture.view.decisions[key].name, words[:1].upper() + words[1:])


def _told(kind: str, name: str) -> str:
    if kind == "paper":
        return word(name, "paper")
    if kind == "platform" and name in CAPABILITIES:
        return _own(CAPABILITIES[name].zh, CAPABILITIES[name].en)
    if kind == "handler":
        found = services().registry.get(name)
        return _own(found.zh, name.replace("_", " ")) if found is not None else ""
    if kind == "kpi":
        known = next((one for one in services().kpis.targets if one.id == name), None)
        return say((known.zh, known.en)) if known is not None else ""
    return ""


def process(key: str, picture: Picture) -> str:
    """Return what a process is called."""
    found = picture.view.processes[key]
    return _own(found.name, found.properties.get("name_en") or key.replace("_", " "))


def _in_process(key: str, element: str, picture: Picture) -> str:
    found = picture.view.processes[key].by_id.get(element)
    return _joined(process(key, picture), _own(found.name or element, found.name_en) if found is not None else element)


def _rule(tail: str, picture: Picture) -> list[str]:
    rule, _dot, column = tail.partition(".")
    names = picture.register.milestones.get(column)
    return [rule, say(names) if names is not None else column]


@dataclass(frozen=True)
class Compared:
    """Places where the process says the same of a clause."""

    place: str
    rules: tuple[str, ...]  # of a decision, where more than one says it
    found: Drift  # the first of them


def alike(found: Sequence[Drift], held: Container[str], picture: Picture) -> list[Compared]:
    """Return comparisons, the rules of one decision that say the same as one; what is waived stays apart."""
    groups: dict[tuple[str, ...], list[Drift]] = {}
    for one in found:
        head, _dot, tail = one.where.partition(":")[2 if ":" in one.where else 0].partition(".")
        rule, _, column = tail.partition(".")
        table = head in picture.view.decisions and bool(rule) and one.fingerprint not in held
        key = (head, column, one.policy, one.process, one.verdict, one.severity) if table else (one.where,
                                                                                               one.fingerprint)
        groups.setdefault(key, []).append(one)
    rows = []
    for ones in groups.values():
        named = [place(one.where, picture) for one in ones]
        if len(ones) == 1:
            rows.append(Compared(named[0], (), ones[0]))
            continue
        first, *middle = named[0].split(" › ")
        rows.append(Compared(_joined(first, *middle[1:]), tuple(one.split(" › ")[1] for one in named), ones[0]))
    return rows


def _own(zh: str, en: str) -> str:
    return zh if language() == "zh" or not en else en


def _joined(*parts: str) -> str:
    return " › ".join(part for part in parts if part)


__all__ = ["AGES", "DRIFT_KINDS", "HOWS", "KINDS", "STATES", "STATE_KINDS", "VERBS", "VERDICTS", "VERDICT_ICONS",
           "VERDICT_KINDS", "Compared", "alike", "decision", "disposition", "figure", "owner", "pairs", "place",
           "process"]
