"""The figures of clauses, in the shapes that they are compared in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.durations import parse_duration
from app.errors import BadDuration
from app.facts import Period
from app.policy.register import Clause, Register

_KPI_SPAN = re.compile(r"_(\d+)(h|min)\b")
_DURATION = re.compile(r"P(?=\d|T\d)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)")
# Entries of a clause's figures that say how it was read, not what it asks for.
REMARKS = frozenset({"calendar_stated", "quantified", "boundary_ambiguous", "example", "inferred", "inferred_from",
                     "reset_inferred", "example_duration", "example_compensation", "examples", "phase", "was",
                     "description"})  # fmt: skip


def clause_of(register: Register, identifier: str) -> Clause | None:
    """Return a clause of the company's, or a rule of law."""
    return register.clauses.get(identifier) or register.law.get(identifier)


def limit_of(clause: Clause) -> Period | None:
    """Return the span that a clause gives at most; None where it gives none, or only "at once"."""
    figures = clause.figures
    calendar = str(figures.get("calendar") or "natural")
    given = figures.get("within")
    if given is None and isinstance(figures.get("range"), dict):
        given, calendar = figures["range"].get("max"), str(figures["range"].get("calendar") or calendar)
    if given is None and isinstance(figures.get("trigger"), dict):
        given = figures["trigger"].get("after")
    if given is None and isinstance(figures.get("kpi"), dict):
        given = _kpi_span(figures["kpi"])
    if given is None or not _lasts(str(given)):
        return None
    return Period(str(given), calendar)


def _kpi_span(kpi: Mapping[str, Any]) -> str | None:
    target = kpi.get("target")
    if isinstance(target, str):
        return target
    named = _KPI_SPAN.search(str(kpi.get("name", "")))
    return (f"PT{named.group(1)}H" if named.group(2) == "h" else f"PT{named.group(1)}M") if named else None


def _lasts(text: str) -> bool:
    try:
        duration = parse_duration(text)
    except BadDuration:
        return True  # told as a contradiction where it is compared
    return bool(duration.elapsed or duration.months)


def words(period: Period | None) -> str:
    """Return a period as text."""
    return "—" if period is None else f"{period.duration} {period.calendar}"


def durations_in(text: str | None) -> list[str]:
    """Return every ISO duration that a FEEL expression writes out."""
    return [one.group() for one in re.finditer(_DURATION, " ".join(re.findall(r'"([^"]*)"', text or "")))]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything that a clause's figures hold, remarks left out; a list is one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in REMARKS:
                yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value
