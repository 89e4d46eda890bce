"""The process as plain entries: what a person reviews against the policy, and what later states are held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.facts import Element
from app.facts_bundle import BundleView, Detail, FieldView, FormView, ProcessView
from app.policy.drift.figures import leaves
from app.policy.drift.paths import name_of
from app.policy.drift.rules import table_of
from app.policy.drift.skipping import never_skipped
from app.policy.register import Register

KEPT = ("milestone", "form", "group", "remind_at", "operation", "decision", "called", "activity")
PROPERTIES = ("pauses", "independent", "closes_case", "status")


def review(register: Register, view: BundleView) -> dict[str, Any]:
    """Return what `processes/policy/reviewed.yaml` holds for a bundle and a register."""
    always = never_skipped(view)
    return {
        "clauses": {clause.id: dict(leaves(clause.figures)) for clause in register.clauses.values() if clause.figures},
        "elements": {
            f"{process.key}.{one.id}": entry_of(process, one, (process.key, one.id) in always)
            for process in view.processes.values() for one in process.nodes if _counts(one)
        },
        "conditions": {
            name_of(process.key, flow): flow.properties["condition"]
            for process in view.processes.values() for flow in process.flows if flow.properties.get("condition")
        },
        "ways": {key: sorted(f"{flow.source}>{flow.target}" for flow in process.flows)
                 for key, process in view.processes.items()},
        "decisions": {decision.id: table_of(decision) for decision in view.decisions.values()},
        "forms": {form.id: form_entry(form) for form in view.forms.values()},
        "papers": {kind: {"signers": list(paper.signers), "clauses": list(paper.clauses)}
                   for kind, paper in view.papers.items()},
    }  # fmt: skip


def _counts(one: Element) -> bool:
    return one.type not in {"exclusiveGateway", "startEvent", "endEvent"} or bool(one.timer or one.milestone)


def entry_of(process: ProcessView, one: Element, always: bool) -> dict[str, Any]:
    """Return what counts of an element; what it does not have is left out."""
    detail = process.details.get(one.id, Detail())
    entry: dict[str, Any] = {"type": one.type}
    if one.type == "userTask":
        entry["lane"] = one.lane
    entry.update({name: value for name in KEPT if (value := getattr(one, name))})
    entry.update({name: value for name in PROPERTIES if (value := one.properties.get(name))})
    if one.extra_activities:
        entry["activity"] = " ".join(filter(None, (one.activity, *one.extra_activities)))
    if one.timer:
        entry.update({"timer": one.timer, "kind": one.timer_kind})
    if one.attached_to:
        entry.update({"at": one.attached_to, "interrupting": one.interrupting})
    if detail.params:
        entry["params"] = dict(detail.params)
    if detail.script:
        entry["script"] = detail.script
    if always:
        entry["always"] = True
    entry["clauses"] = list(one.clauses)
    if assumptions := one.properties.get("assumptions"):
        entry["assumptions"] = assumptions
    return entry


def form_entry(form: FormView) -> dict[str, Any]:
    """Return what counts of a form."""
    entry: dict[str, Any] = {"clauses": list(form.clauses)}
    if form.copies is not None:
        entry.update({"copies": form.copies, "recipients": list(form.recipients)})
    entry["fields"] = {name: field_entry(field) for name, field in form.by_key.items()}
    return entry


def field_entry(field: FieldView) -> dict[str, Any]:
    """Return what counts of a question."""
    entry: Mapping[str, Any] = {
        "type": field.type, "required": field.required, "required_if": field.required_if, "hide": field.hide,
        "options": list(field.options), "min": field.minimum, "max": field.maximum, "clauses": list(field.clauses),
    }  # fmt: skip
    return {name: value for name, value in entry.items() if value not in (None, False, [])}
