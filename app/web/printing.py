"""A paper as it is printed: words for its codes, labels for its data, marks for its copies, who signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.exports.papers import Entry, Paper, Part
from app.policy.papers import UNKNOWN
from app.services.ports.papers import FAMILY, SIGNED, signatures
from app.store.models import Case, Document
from app.store.queries import case_page, people
from app.store.queries.case_page import Paper as Stored
from app.userforms import FormDefinition
from app.userforms.display import Line, describe
from app.web.problems import language
from app.web.shell import named, now, zone
from app.web.words import word
from app.wiring import services

MACHINE = frozenset({"data", "silent"})  # of a report: its figures for machines, ids of cases
CODE = re.compile(r"(?<![A-Za-z0-9_])[a-z][a-z_]{3,}(?![A-Za-z0-9_])")
LONG = 30  # characters; longer ones of a list get a line each


def moment(value: datetime | None) -> str:
    """Return a time as papers write it: with its year, in the company's zone."""
    return value.astimezone(zone()).strftime("%Y-%m-%d %H:%M") if value else ""


def printed(stored: Stored, case: Case | None) -> Paper:
    """Return what stands on a paper, in the language of this request."""
    row = stored.row
    forms = _forms(row, case)
    rule = services().papers.get(row.kind, UNKNOWN)
    title = _title(row, forms)
    return Paper(
        company=current_app.config["COMPANY_NAME"],
        title=title,
        number=row.number,
        facts=_facts(row, case),
        parts=tuple(_parts(row, forms, title)),
        signers=tuple(signer(code) for code in rule.signers),
        sign_here=(_("Signature"), _("Year      month      day")),
        copies=tuple(_marks(stored, forms)),
        watermark={"closed": _("SEALED"), "void": _("VOID")}.get(row.state, ""),
        basis=_("By the policy: %(clauses)s", clauses=_where(rule.clauses)) if rule.clauses else "",
        at=now().astimezone(zone()),
    )


def signer(code: str) -> str:
    """Return who signs, in words."""
    special = {"handler": _("Handled by"), "customer": _("Customer")}
    group = {one.code: one for one in people.groups()}.get(code)
    return str(special.get(code) or (named(group) if group is not None else code))


def _where(clauses: tuple[str, ...]) -> str:
    register = services().register
    found = []
    for clause_id in clauses:
        clause = register.clauses.get(clause_id)
        place = f"{register.documents.get(clause.document, '')} {clause.section}".strip() if clause else ""
        found.append(f"{clause_id}（{place}）" if place and language() == "zh" else clause_id)
    return "、".join(found) if language() == "zh" else ", ".join(found)


def _forms(row: Document, case: Case | None) -> tuple[FormDefinition, ...]:
    """Return the forms that the paper is made of, as the case's first process knows them."""
    family = case_page.family(case.id) if case is not None else ()
    if not family:
        return ()
    return services().runtime.library.paper_forms(
        family[0].definition_id, frozenset(FAMILY.get(row.kind, (row.kind,))))


def _title(row: Document, forms: tuple[FormDefinition, ...]) -> str:
    own = next((form for form in forms if form.paper.get("number_kind") == row.kind), None)
    if language() == "zh" and own is not None and own.paper.get("title"):
        return str(own.paper["title"])
    return word(row.kind, "paper")


def _facts(row: Document, case: Case | None) -> tuple[tuple[str, str], ...]:
    found = [(_("State"), word(row.state, "paper_state")), (_("Opened"), moment(row.opened_at))]
    if row.closed_at:
        found.append((_("Sealed at"), moment(row.closed_at)))
    if row.supplements:
        found.append((_("Adds to"), row.supplements))
    if case is not None:
        found += [
            (_("Case"), case.number or ""), (_("Customer"), f"{case.customer_name} {case.customer_phone}"),
            (_("Product"), case.product_model or ""), (_("Serial number"), case.serial_no or ""),
            (_("Order number"), case.order_no or ""), (_("Registered"), moment(case.registered_at))]
    return tuple((str(label), text) for label, text in found if text)


def _parts(row: Document, forms: tuple[FormDefinition, ...], title: str) -> Iterator[Part]:
    """Give each form's answers; a paper still in work shows what is to be filled in by hand, too."""
    shown: set[str] = set()
    for form in forms:
        mine = {key: value for key, value in row.data.items() if key in form.by_key and key not in shown}
        blank = row.state == "open" and not mine
        found = tuple(_blank(form)) if blank else entries(form, mine)
        shown |= set(form.by_key)
        if found:
            yield Part(form.title(language()), found)
    signed = tuple(_signatures(signatures(row.data)))
    if signed:
        yield Part(str(_("Signed by")), signed)
    shown.add(SIGNED)
    rest = {key: value for key, value in row.data.items()
            if key not in shown | MACHINE and value not in (None, "", []) and not isinstance(value, dict)}
    if rest:
        groups = {group.code: named(group) for group in people.groups()}
        yield Part(title, tuple(Entry(word(key, "paper_key"), _plain(value, groups)) for key, value in rest.items()))


def _signatures(signed: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """Give who signed the paper inside the product, for which department and when."""
    for one in signed:
        at = moment(datetime.fromisoformat(one["at"])) if one.get("at") else ""
        yield Entry(signer(str(one["role"])), " ".join(filter(None, [str(one.get("name") or ""), at])))


def entries(form: FormDefinition, data: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Return the answers to a form as a paper shows them."""
    lines = describe(form, data, language(), zone().key)
    files = case_page.file_names(sorted({file for line in lines for file in line.files}))
    return tuple(_entry(line, form, files) for line in lines)


def _entry(line: Line, form: FormDefinition, files: Mapping[str, str]) -> Entry:
    field = form.by_key.get(line.key)
    # Another form of the paper may know more answers to the same question.
    said = word(line.text, "paper_value") if CODE.fullmatch(line.text) else line.text
    text = "\n".join(filter(None, [said, *(files.get(file, file) for file in line.files)]))
    rows = tuple(tuple(_entry(inner, form, files) for inner in row) for row in line.rows)
    return Entry(line.label, text, field.component.clauses if field else (), rows)


def _blank(form: FormDefinition) -> Iterator[Entry]:
    for field in form.fields:
        if not field.hides:
            yield Entry(field.component.text(language()), "", field.component.clauses)


def _plain(value: Any, groups: Mapping[str, str]) -> str:
    """Return a value that no form of the paper knows, its codes in words: groups, causes, decisions."""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return ("\n" if any(len(str(one)) > LONG for one in value) else "、").join(
            _plain(one, groups) for one in value)
    return CODE.sub(lambda found: groups.get(found[0]) or word(found[0], "paper_value"), str(value))


def _marks(stored: Stored, forms: tuple[FormDefinition, ...]) -> Iterator[str]:
    planned = next((list(form.paper.get("recipients") or ()) for form in forms if form.paper.get("recipients")), [])
    total = max(stored.row.copies, 1)
    for number in range(1, total + 1):
        copy = next((one for one in stored.copies if one.copy_no == number), None)
        holder = (copy.recipient if copy else None) or (planned[number - 1] if number <= len(planned) else "")
        mark = _("Copy %(n)s of %(total)s", n=number, total=total)
        yield f"{mark} · {signer(holder)}" if holder else str(mark)
