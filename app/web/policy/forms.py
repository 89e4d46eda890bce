"""An entry as the fields of a page's form, and the form's fields as an entry again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import yaml
from werkzeug.datastructures import MultiDict

from app.errors import FieldError, Invalid
from app.policy.entries import BOUND, FIELDS, TEMPLATES, TIMES
from app.policy.files import mapping_of

SPAN = re.compile(r"P(?:T(\d{1,6})([SMH])|(\d{1,6})([DWMY]))")
UNITS = ("TS", "TM", "TH", "D", "W", "M", "Y")
TEXTS = {kind: tuple(name for name in names if name not in {"flow", "figures", "declare", "truncated", "assumptions",
                                                            "line", "lines", "clauses", "assumption", "bounds",
                                                            "where"})
         for kind, names in FIELDS.items()}
TYPED = ("actor", "requires_field", "calendar")  # figures with an input of their own, beside the spans of time
RULES = 12  # rules of order on a form, at most
FREE_RULES = 2  # empty ones offered
BOUNDS = 12  # clauses that a rule of law bounds, at most

Form = MultiDict[str, str]


def form_of(kind: str, entry: Mapping[str, Any]) -> Form:
    """Return the fields of the form that shows an entry."""
    given: Form = MultiDict({name: str(entry.get(name) or "") for name in TEXTS[kind]})
    given["line"] = str(entry.get("line") or "")
    given["lines"] = "-".join(map(str, entry.get("lines") or ()))
    for flag in ("truncated", "assumption"):
        given[flag] = "1" if entry.get(flag) else ""
    for name in ("assumptions", "clauses", "where"):
        given[name] = "\n".join(entry.get(name) or ())
    given.setlist("flow", list(entry.get("flow") or ()))
    if kind in ("clause", "law"):
        _show_figures(given, dict(entry.get("figures") or {}))
    for place, bound in enumerate(entry.get("bounds") or ()):
        for name in BOUND:
            given[f"bound{place}_{name}"] = str(bound.get(name) or "")
    if kind == "clause":
        for place, rule in enumerate(entry.get("declare") or ()):
            _show_rule(given, place, rule)
    return given


def _show_figures(given: Form, figures: dict[str, Any]) -> None:
    for name in TIMES:
        found = SPAN.fullmatch(figures[name]) if isinstance(figures.get(name), str) else None
        if found:
            clock, unit, days, day_unit = found.groups()
            given[f"{name}_n"], given[f"{name}_unit"] = clock or days, f"T{unit}" if clock else day_unit
            del figures[name]
    if isinstance(figures.get("actor"), str):
        given["actor"] = figures.pop("actor")
    required = figures.get("requires_field")
    if isinstance(required, list) and all(isinstance(one, str) for one in required):
        given["requires_field"] = ", ".join(figures.pop("requires_field"))
    if isinstance(figures.get("calendar"), str):
        given["calendar"] = figures.pop("calendar")
    given["rest"] = yaml.safe_dump(figures, allow_unicode=True, sort_keys=False, width=100) if figures else ""


def _show_rule(given: Form, place: int, rule: Mapping[str, Any]) -> None:
    for name in ("template", "a", "b", "calendar"):
        given[f"rule{place}_{name}"] = str(rule.get(name) or "")
    found = SPAN.fullmatch(str(rule.get("within") or ""))
    if found:
        clock, unit, days, day_unit = found.groups()
        given[f"rule{place}_n"], given[f"rule{place}_unit"] = clock or days, f"T{unit}" if clock else day_unit


def rule_places(given: Form) -> range:
    """Return the places of the rules that a form shows: those that are there, and some empty ones."""
    return _places(given, "rule{}_template", RULES)


def bound_places(given: Form) -> range:
    """Return the places of the bounds that a form shows: those that are there, and some empty ones."""
    return _places(given, "bound{}_clause", BOUNDS)


def _places(given: Form, name: str, most: int) -> range:
    last = max((place for place in range(most) if given.get(name.format(place))), default=-1)
    return range(min(last + 1 + FREE_RULES, most))


def entry_of(kind: str, given: Form, old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the entry that a filled-in form describes; raises Invalid by field for what can't be read.

    What the form has no input for stays as it was in `old`.
    """
    errors: list[FieldError] = []
    entry: dict[str, Any] = {**(old or {}), **{name: given.get(name, "").strip() for name in TEXTS[kind]}}
    if kind == "clause":
        entry |= {"line": _number(given, "line", errors), "truncated": bool(given.get("truncated")),
                  "flow": _in_order(given.getlist("flow"), (old or {}).get("flow") or ()),
                  "assumptions": _lines(given, "assumptions"),
                  "figures": _figures(given, errors), "declare": list(_rules(given, old, errors))}
    elif kind == "document":
        entry["lines"] = _range(given, errors)
    elif kind == "law":
        entry |= {"figures": _figures(given, errors), "bounds": list(_bounds(given))}
    elif kind == "disposition":
        entry["where"] = _lines(given, "where")
    else:
        named = re.split(r"[,，、\s]+", given.get("clauses", ""))
        entry |= {"clauses": [one for one in named if one], "assumption": bool(given.get("assumption"))}
    if errors:
        raise Invalid(errors)
    return entry


def day_of(given: Mapping[str, str], name: str = "effective_from") -> date | None:
    """Return a date of the form, or None for what is none."""
    try:
        return date.fromisoformat(given.get(name, "").strip())
    except ValueError:
        return None


def field_key(name: str) -> str:
    """Return the input that an error's field belongs to."""
    rule = re.fullmatch(r"declare\[(\d+)\]\.(\w+)", name)
    if rule:
        return f"rule{rule.group(1)}_{'n' if rule.group(2) == 'within' else rule.group(2)}"
    bound = re.fullmatch(r"bounds(?:\[(\d+)\](?:\.(\w+))?)?", name)
    if bound:
        return f"bound{bound.group(1) or 0}_{bound.group(2) or 'clause'}"
    last = name.removeprefix("figures.")
    if name.startswith("figures"):
        return f"{last}_n" if last in TIMES else last if last in TYPED else "rest"
    return name


def _span(given: Form, name: str, errors: list[FieldError], field: str) -> str | None:
    number, unit = given.get(f"{name}_n", "").strip(), given.get(f"{name}_unit", "")
    if not number:
        return None
    if not (number.isascii() and number.isdigit() and len(number) < 7) or unit not in UNITS:
        errors.append(FieldError(field, "A whole number with its unit is expected.", "应为整数并选择单位。"))
        return None
    return f"P{unit[0]}{int(number)}{unit[1]}" if unit[0] == "T" else f"P{int(number)}{unit}"


def _figures(given: Form, errors: list[FieldError]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    try:
        figures |= mapping_of(given.get("rest", ""))
    except ValueError as error:
        problem: FieldError = error.args[0]
        errors.append(FieldError("figures", problem.message_en, problem.message_zh))
    for name in TIMES:
        span = _span(given, name, errors, f"figures.{name}")
        if span is not None:
            figures[name] = span
    required = [part.strip() for part in re.split(r"[,，、]", given.get("requires_field", "")) if part.strip()]
    typed = {"actor": given.get("actor", "").strip(), "calendar": given.get("calendar", ""), "requires_field": required}
    return {**figures, **{name: value for name, value in typed.items() if value}}


def _rules(given: Form, old: Mapping[str, Any] | None, errors: list[FieldError]) -> Iterator[dict[str, Any]]:
    before = list((old or {}).get("declare") or ())
    for place in range(RULES):
        template = given.get(f"rule{place}_template", "")
        if template not in TEMPLATES:
            continue
        # What a form has no input for (a span of several units, a further name) stays with its rule.
        kept = dict(before[place]) if place < len(before) and before[place].get("template") == template else {}
        if SPAN.fullmatch(str(kept.get("within") or "")):
            del kept["within"]
        span = _span(given, f"rule{place}", errors, f"declare[{place}].within")
        rule = {**kept, "template": template, **{name: given.get(f"rule{place}_{name}", "") for name in ("a", "b")}}
        calendar = given.get(f"rule{place}_calendar", "")
        rule |= {"within": span} if span else {}
        rule |= {"calendar": calendar}
        yield {name: value for name, value in rule.items() if value not in ("", None)}


def _bounds(given: Form) -> Iterator[dict[str, Any]]:
    """Give the clauses that a rule of law bounds; one of which only a figure is given is refused, not dropped."""
    for place in range(BOUNDS):
        bound = {name: given.get(f"bound{place}_{name}", "").strip() for name in BOUND}
        if bound["clause"] or bound["figure"]:
            yield {name: value for name, value in bound.items() if value or name == "clause"}


def _in_order(chosen: list[str], before: Sequence[str]) -> list[str]:
    """Return what was ticked, in the order in which the entry had it: a page's order is no change."""
    return [*(one for one in before if one in chosen), *(one for one in chosen if one not in before)]


def _number(given: Form, name: str, errors: list[FieldError]) -> int | None:
    text = given.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 7):
        errors.append(FieldError(name, "A line number from 1 is expected.", "应为从 1 开始的行号。"))
        return None
    return int(text) if text else None


def _range(given: Form, errors: list[FieldError]) -> list[int] | None:
    text = given.get("lines", "").strip()
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,6})\s*[-–—]\s*(\d{1,6})", text)
    if found is None:
        errors.append(FieldError("lines", "The first and the last line are expected: 26-48.",
                                 "应为首末行号，如 26-48。"))
        return None
    return [int(found.group(1)), int(found.group(2))]


def _lines(given: Form, name: str) -> list[str]:
    return [line.strip() for line in given.get(name, "").splitlines() if line.strip()]
