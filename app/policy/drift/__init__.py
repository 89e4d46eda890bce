"""Drift: the written clause, its figure, unit, calendar, role and order, against what is drawn and decided for it."""

from __future__ import annotations

from collections.abc import Iterator

from app.facts_bundle import BundleView
from app.policy.drift.bindings import Bindings, read_bindings
from app.policy.drift.clauses import compare_clauses
from app.policy.drift.elements import compare_conditions, compare_elements, compare_roles, compare_ways
from app.policy.drift.forms import compare_forms
from app.policy.drift.limits import compare_limits_of
from app.policy.drift.model import BREACHES, VERDICTS, Drift
from app.policy.drift.order import compare_order
from app.policy.drift.reviewing import review
from app.policy.drift.rules import compare_rules
from app.policy.drift.timers import compare_timers
from app.policy.register import Register

__all__ = ["BREACHES", "VERDICTS", "Bindings", "Drift", "comparisons", "drift", "read_bindings", "review"]
MEASURED = frozenset({"deadline", "cadence", "copies", "retention", "record"})


def drift(register: Register, view: BundleView, bindings: Bindings) -> list[Drift]:
    """Return what somebody must look at: every deviation, and our own figures that changed since their review."""
    return [one for one in comparisons(register, view, bindings) if one.is_reported]


def comparisons(register: Register, view: BundleView, bindings: Bindings) -> list[Drift]:
    """Return every figure, role, field and order that was held against its clause, agreement included."""
    found = {one.fingerprint: one for one in _measured(register, view, bindings)}
    compared = {one.clause for one in found.values() if one.kind in MEASURED}
    for one in (*_judged(register, view, bindings), *compare_clauses(register, bindings, compared)):
        found.setdefault(one.fingerprint, one)
    return list(found.values())


def _measured(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    yield from compare_limits_of(register, view, bindings)
    yield from compare_timers(register, view, bindings)
    yield from compare_elements(register, view, bindings)
    yield from compare_forms(register, view, bindings)


def _judged(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    yield from compare_rules(register, view, bindings)
    yield from compare_conditions(register, view, bindings)
    yield from compare_roles(register, view, bindings)
    yield from compare_ways(register, view, bindings)
    yield from compare_order(register, view, bindings)
