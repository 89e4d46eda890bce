"""What carries out each clause: computed from diagrams, decisions, forms, papers, handlers, targets; else declared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from app.errors import Finding
from app.facts_bundle import BundleView
from app.policy.capabilities import CAPABILITIES
from app.policy.register import Clause, Disposition, Register

KINDS = ("drawn", "decided", "recorded", "handled", "reported")
DISPOSITIONS = (*KINDS, "outside", "missing")
# What a clause's kind asks for first: a deadline that a decision sets is decided, a form's field is recorded.
FIRST: Mapping[str, tuple[str, ...]] = {
    "deadline": ("decided", "drawn", "reported"),
    "decision-rule": ("decided", "drawn", "recorded"),
    "amount-threshold": ("decided", "drawn"),
    "form": ("recorded", "drawn"),
    "record": ("recorded", "drawn", "handled"),
    "retention": ("handled", "drawn"),
    "report": ("reported", "drawn"),
    "kpi": ("reported", "decided", "drawn"),
    "role": ("decided", "drawn", "recorded"),
}
FILE = "processes/policy/dispositions.yaml"


@dataclass(frozen=True)
class Source:
    """A handler or a report that names clauses, beside what the bundle view holds."""

    name: str  # "handler:archive_case", "kpi:closing_14_days"
    kind: str  # handled | reported
    clauses: tuple[str, ...]
    content: str  # whatever a change of shows that the link should be looked at again


@dataclass(frozen=True)
class Link:
    """Something of the running product that serves a clause."""

    kind: str  # drawn | decided | recorded | handled | reported
    where: str
    facts: Any = field(compare=False, default=None)  # records and plain data; a change flags the link for review

    @cached_property
    def content(self) -> str:
        """What it says, as text."""
        return json.dumps(self.facts, sort_keys=True, ensure_ascii=False, default=_plain)


@dataclass(frozen=True)
class Coverage:
    """How one clause is carried out."""

    clause: str
    obligation: str
    disposition: str
    where: tuple[str, ...]
    reason_zh: str
    reason_en: str
    owner: str | None
    review_by: date | None
    declared: bool  # the disposition was declared, not computed
    inherited: str | None  # the clause that it repeats, where only that one has links
    needs_review: bool
    reviewed_on: date | None
    reviewed_by: str | None
    digest: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Stamp:
    """That somebody has looked at a clause's links, kept in the database; it counts over the tree's stamp."""

    clause: str
    digest: str
    day: date  # of the company's zone
    by: str
    over: str  # the tree's stamp of that time, as `tree_mark` writes it: once that changes, the tree's is the newer


@dataclass(frozen=True)
class LinkChange:
    """One thing that is not what it was when a clause's links were reviewed."""

    what: str  # clause | changed | new | gone
    where: str = ""  # of a link


Named = Mapping[str, Link]
ByClause = Mapping[str, Sequence[Link]]


def coverage(register: Register, view: BundleView, sources: Sequence[Source] = (), on: date | None = None,
             links: tuple[Named, ByClause] | None = None) -> list[Coverage]:
    """Return one record for each company clause, in the register's order.

    With a day, an `outside` clause whose review date has passed needs review too. `links`, if at hand, are those of
    `links_of`.
    """
    named, found = links or links_of(view, sources)
    return [_judge(register, clause, named, found, on) for clause in register.clauses.values()]


def links_of(view: BundleView, sources: Sequence[Source]) -> tuple[Named, ByClause]:
    """Return every link by its name, and by the clauses that the linked thing itself names."""
    named: dict[str, Link] = {}
    found: dict[str, list[Link]] = {}
    for link, clauses in (*_drawn(view), *_decided(view), *_recorded(view), *_told(sources)):
        named.setdefault(link.where, link)
        for clause in dict.fromkeys(clauses):
            found.setdefault(clause, []).append(link)
    for one in CAPABILITIES:
        named[f"platform:{one}"] = Link("handled", f"platform:{one}", one)
    for name, process in view.processes.items():
        named[f"process:{name}"] = Link("drawn", f"process:{name}", [name, process.name])
    for name, decision in view.decisions.items():
        named[f"decision:{name}"] = Link("decided", f"decision:{name}", decision)
    for operation in view.operations.values():
        named.setdefault(f"handler:{operation.name}", Link("handled", f"handler:{operation.name}", operation))
    return named, found


def digest_of(clause: Clause, links: Iterable[Link]) -> str:
    """Return the short mark of a clause and of what serves it; it changes when either does."""
    told = [clause.zh, clause.en, clause.obligation, clause.kind, clause.figures, clause.declare, clause.same_as,
            clause.valid_from, clause.valid_to]
    content = json.dumps([told, sorted((link.where, link.content) for link in links)], sort_keys=True,
                         ensure_ascii=False, default=_plain)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def tree_mark(declared: Disposition | None) -> str:
    """Return what tells one stamp of the tree from another, "" for none."""
    return f"{declared.reviewed_on} {declared.digest}" if declared is not None and declared.digest else ""


def restamped(judged: Coverage, declared: Disposition | None, stamp: Stamp | None, on: date | None) -> Coverage:
    """Return a coverage by the newer of the tree's stamp and the database's.

    A stamp of the database was made over the tree's of its time, so it is the newer as long as that one stands:
    no clock is asked, which may have been moved.
    """
    if stamp is None or stamp.over != tree_mark(declared):
        return judged
    return replace(judged, needs_review=stamp.digest != judged.digest or is_overdue(judged, on),
                   reviewed_on=stamp.day, reviewed_by=stamp.by)


def is_overdue(judged: Coverage, on: date | None) -> bool:
    """Return whether a clause outside the system has passed its review date: it needs a new one, not a stamp."""
    return bool(on and judged.disposition == "outside" and judged.review_by and judged.review_by < on)


def seen_of(clause: Clause, links: Iterable[Link]) -> dict[str, Any]:
    """Return what a stamp stands for, short, so that a later look can say what has changed: {"clause", "links"}."""
    return {"clause": digest_of(clause, ()), "links": {link.where: _short(link.content) for link in links}}


def changes_since(seen: Mapping[str, Any], clause: Clause, links: Iterable[Link]) -> list[LinkChange]:
    """Return what is not as it was at a review: the clause first, then changed, new and gone links."""
    now, before = seen_of(clause, links), dict(seen.get("links") or {})
    found = [LinkChange("clause")] if now["clause"] != seen.get("clause") else []
    found += [LinkChange("changed", where) for where, mark in now["links"].items()
              if where in before and before[where] != mark]
    found += [LinkChange("new", where) for where in now["links"] if where not in before]
    return found + [LinkChange("gone", where) for where in before if where not in now["links"]]


def _short(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def findings(register: Register, judged: Sequence[Coverage], named: Named) -> list[Finding]:
    """Return what is wrong: no disposition, declared links that don't exist, `outside` without a reason."""
    wrong = []
    for one in judged:
        declared = register.dispositions.get(one.clause)
        for where in declared.where if declared is not None else ():
            if where not in named:
                wrong.append(_finding(one.clause, "unknown_link", f"登记的落实处“{where}”不存在",
                                      f"The declared link “{where}” does not exist"))
        if one.disposition == "missing":
            wrong.append(_finding(one.clause, "no_disposition", "没有任何落实", "Nothing carries it out",
                                  "info" if one.obligation == "info" else "error"))
        elif one.disposition == "outside" and not (one.reason_zh and one.reason_en and one.owner and one.review_by):
            wrong.append(_finding(one.clause, "outside_unreasoned", "系统之外的条款须写明理由、责任岗位与复核日期",
                                  "A clause outside the system needs a reason, an owner and a review date"))
    return wrong


def _judge(register: Register, clause: Clause, named: Named, found: ByClause, on: date | None) -> Coverage:
    declared = register.dispositions.get(clause.id) or Disposition(clause.id)
    own = list(found.get(clause.id, ()))
    inherited = None
    if not own and clause.same_as is not None:
        own, inherited = list(found.get(clause.same_as, ())), clause.same_as if found.get(clause.same_as) else None
    links = {link.where: link for link in (*(named[w] for w in declared.where if w in named), *own)}
    disposition = _disposition(kinds_for(clause), declared, list(links.values()))
    ordered = sorted(links.values(), key=lambda link: (link.kind != disposition, KINDS.index(link.kind)))
    digest = digest_of(clause, ordered)
    judged = Coverage(
        clause.id, clause.obligation, disposition, tuple(link.where for link in ordered), declared.reason_zh,
        declared.reason_en, declared.owner, declared.review_by, bool(declared.disposition), inherited,
        declared.digest != digest, declared.reviewed_on, declared.reviewed_by, digest, tuple(ordered))
    return replace(judged, needs_review=True) if is_overdue(judged, on) else judged


def kinds_for(clause: Clause) -> tuple[str, ...]:
    """Return the dispositions in the order in which a clause of this kind asks for them."""
    return tuple(dict.fromkeys((*FIRST.get(clause.kind, ()), *KINDS)))


def _disposition(order: tuple[str, ...], declared: Disposition, links: Sequence[Link]) -> str:
    if declared.disposition == "outside":
        return "outside"
    kinds = {link.kind for link in links}
    if declared.disposition in KINDS and kinds:
        return declared.disposition
    return next((kind for kind in order if kind in kinds), "missing")


def _drawn(view: BundleView) -> Iterable[tuple[Link, tuple[str, ...]]]:
    for key, process in view.processes.items():
        for element in process.elements:
            facts = (element, replace(view.detail(key, element.id), line=None))
            name = f"{key}.{element.id}"
            yield Link("drawn", name, facts), element.clauses
            if process.kind == "standing" and element.clauses:
                yield Link("reported", f"report:{name}", facts), element.clauses


def _decided(view: BundleView) -> Iterable[tuple[Link, tuple[str, ...]]]:
    for decision in view.decisions.values():
        for rule in decision.rules:
            named = [*rule.clauses, *(c for cell in rule.cells.values() for kind in ("clauses", "also")
                                      for c in cell.get(kind) or ())]
            facts = [decision.id, decision.hit_policy, rule.tests, rule.answers, rule.assumption, rule.cells]
            yield Link("decided", f"decision:{decision.id}.{rule.id}", facts), tuple(named)


def _recorded(view: BundleView) -> Iterable[tuple[Link, tuple[str, ...]]]:
    for form in view.forms.values():
        keys = [(key, one.required) for key, one in form.by_key.items()]
        yield (Link("recorded", f"form:{form.id}", [form.name, form.copies, form.recipients, form.clauses, keys]),
               form.clauses)
        for key, one in form.by_key.items():
            yield Link("recorded", f"form:{form.id}.{key}", one), one.clauses
    for paper in view.papers.values():
        yield Link("recorded", f"paper:{paper.kind}", paper), paper.clauses


def _told(sources: Sequence[Source]) -> Iterable[tuple[Link, tuple[str, ...]]]:
    for source in sources:
        yield Link(source.kind, source.name, source.content), source.clauses


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else str(value)


def _finding(clause: str, rule: str, zh: str, en: str, severity: str = "error") -> Finding:
    return Finding(FILE, clause, None, rule, severity, zh, en)
