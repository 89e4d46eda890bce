"""Required fields, answers to choose from, copies and signatures: each form against its review and its clauses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.facts_bundle import BundleView, FormView
from app.policy.drift.bindings import Bindings
from app.policy.drift.elements import copies
from app.policy.drift.figures import clause_of
from app.policy.drift.model import (
    ASSUMPTION,
    CONTRADICTORY,
    EQUAL,
    INCOMPARABLE,
    LOOSER,
    MISSING,
    NO_CLAUSE,
    STRICTER,
    Drift,
    found,
)
from app.policy.drift.reviewing import field_entry
from app.policy.register import Register

Entry = Mapping[str, Any]


def compare_forms(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield what forms and papers ask for otherwise than their clauses, or than they were reviewed."""
    for identifier, before in bindings.reviewed.get("forms", {}).items():
        form = view.forms.get(identifier)
        clauses = before.get("clauses", [])
        if form is None:
            yield found(_first(clauses), identifier, "field", MISSING, identifier, None, _what(identifier),
                        changed=True)  # fmt: skip
            continue
        for name, entry in before["fields"].items():
            bound = f"{form.id}.{name}.hide" in bindings.conditions
            yield from _field(register, form, name, entry, clauses, bound)
        yield from _paper(register, bindings, form, before)
    for kind, entry in bindings.reviewed.get("papers", {}).items():
        paper = view.papers.get(kind)
        lost = set(entry["signers"]) - set(paper.signers if paper is not None else ())
        if lost:
            yield found(_first(entry["clauses"]), f"papers.{kind}", "record", MISSING, entry["signers"],
                        paper.signers if paper is not None else None, _what(kind), changed=True)  # fmt: skip


def _field(register: Register, form: FormView, name: str, before: Entry, inherited: list[str],
           bound: bool) -> Iterator[Drift]:
    field = form.by_key.get(name)
    clauses = list(before.get("clauses", ()))
    clause = _asking(register, clauses or inherited)
    where, what = f"{form.id}.{name}", (f"表单“{form.name}”的字段 {name}", f"Field {name} of {form.name_en}")
    serious = "error" if clauses or (before.get("required") and inherited) else "warning"
    if field is None:
        yield found(clause, where, "field", MISSING, _asked(before), None, what, severity=serious, changed=True)
        return
    now = field_entry(field)
    rank, was = _rank(now), _rank(before)
    if rank < was:
        yield found(clause, where, "field", LOOSER, _asked(before), _asked(now), what, severity=serious, changed=True)
    elif rank > was:
        optional = any(name in (_figures(register, one).get("optional_field") or ()) for one in clauses)
        yield found(clause, where, "field", CONTRADICTORY if optional else STRICTER, _asked(before), _asked(now), what,
                    changed=True)  # fmt: skip
    elif before.get("required_if") != now.get("required_if"):
        yield found(clause, where, "field", CONTRADICTORY, _asked(before), _asked(now), what,
                    severity=serious, changed=True)  # fmt: skip
    if before.get("hide") != now.get("hide") and not bound:
        verdict = INCOMPARABLE if before.get("hide") or not now.get("hide") else LOOSER
        asked = serious if was and now.get("hide") else "warning"
        yield found(clause, where, "field", verdict, before.get("hide") or "总是显示 / always shown", now.get("hide"),
                    what, severity=asked, changed=True)  # fmt: skip
    yield from _answers(clause, where, what, before, now, serious)


def _answers(clause: str, where: str, what: tuple[str, str], before: Entry, now: Entry,
             serious: str) -> Iterator[Drift]:
    options, mine = before.get("options", []), now.get("options", [])
    if lost := [one for one in options if one not in mine]:
        yield found(clause, where, "field", MISSING, options, f"缺少 / without {lost}", what, severity=serious,
                    changed=True)  # fmt: skip
    elif mine != options and set(map(str, mine)) != set(map(str, options)):
        yield found(clause, where, "field", ASSUMPTION, options, mine, what, changed=True)
    for bound in ("min", "max"):
        if before.get(bound) != now.get(bound):
            yield found(clause, where, "field", CONTRADICTORY, before.get(bound), now.get(bound), what,
                        severity=serious if clause != NO_CLAUSE else "warning", changed=True)  # fmt: skip
    if before.get("type") != now.get("type"):
        yield found(clause, where, "field", INCOMPARABLE, before.get("type"), now.get("type"), what,
                    severity="warning", changed=True)  # fmt: skip


def _paper(register: Register, bindings: Bindings, form: FormView, before: Entry) -> Iterator[Drift]:
    bound = bindings.forms.get(form.id, {})
    what = (f"“{form.name}”的联数", f"Copies of {form.name_en}")
    for identifier in bound.get("copies", ()):
        clause = clause_of(register, identifier)
        if clause is not None:
            wanted = clause.figures.get("copies")
            yield found(identifier, f"{form.id}.copies", "copies", copies(form.copies, wanted), wanted, form.copies,
                        what, changed=form.copies != before.get("copies"))  # fmt: skip
    if not bound.get("copies") and before.get("copies") != form.copies:
        yield found(_first(before.get("clauses", [])), f"{form.id}.copies", "copies", ASSUMPTION,
                    before.get("copies"), form.copies, what, changed=True)  # fmt: skip
    for identifier in bound.get("recipients", ()):
        clause = clause_of(register, identifier)
        names = clause.figures.get("recipients", ()) if clause is not None else ()
        wanted = {group for one in names for group in bindings.roles.get(one, (one,))}
        if wanted:
            verdict = EQUAL if wanted <= set(form.recipients) else MISSING
            yield found(identifier, f"{form.id}.recipients", "copies", verdict, sorted(wanted), form.recipients, what,
                        changed=list(form.recipients) != before.get("recipients"))  # fmt: skip
    lost = set(before.get("recipients", ())) - set(form.recipients)
    if lost and not bound.get("recipients"):
        yield found(_first(before.get("clauses", [])), f"{form.id}.recipients", "copies", MISSING, sorted(lost),
                    form.recipients, what, severity="error" if bound else "warning", changed=True)  # fmt: skip


def _rank(entry: Entry) -> int:
    return 2 if entry.get("required") else 1 if entry.get("required_if") else 0


def _asked(entry: Entry) -> str:
    if entry.get("required"):
        return "必填 / required"
    return f"必填于 / required if {entry['required_if']}" if entry.get("required_if") else "选填 / optional"


def _asking(register: Register, clauses: list[str]) -> str:
    """Return the clause that asks for the field: one with a figure about fields before the others."""
    asked = [one for one in clauses if {"requires_field", "enum", "enums", "scale"} & _figures(register, one).keys()]
    return _first(asked or clauses)


def _figures(register: Register, identifier: str) -> Mapping[str, Any]:
    clause = clause_of(register, identifier)
    return clause.figures if clause is not None else {}


def _first(clauses: list[str]) -> str:
    return clauses[0] if clauses else NO_CLAUSE


def _what(name: str) -> tuple[str, str]:
    return f"表单或单据 {name}", f"Form or paper {name}"
