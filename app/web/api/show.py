"""How cases, tasks, instances and the rest look in the API: plain data from rows."""

from __future__ import annotations

from typing import Any

from flask import url_for

from app.services.sla_view import CheckView, MilestoneView
from app.store.queries.api import Line
from app.web.api.request import moment
from app.web.problems import language

SENDS_LINKS = frozenset({"clerk", "relations", "supervisor"})  # who hands a customer the signed link


def case_summary(row: Line, instance_id: str | None, groups: frozenset[str]) -> dict[str, Any]:
    """Return a case as lists and POST /cases answer it."""
    links = {
        "self": url_for("api.get_case", number=row.number), "tasks": url_for("api.list_tasks", case=row.number),
        "appeals": url_for("api.lodge_appeal", number=row.number),
        "changes": url_for("api.request_change", number=row.number),
        "withdrawal": url_for("api.withdraw", number=row.number),
    }
    if instance_id is not None:
        links["instance"] = url_for("api.get_instance", instance_id=instance_id)
        links["history"] = url_for("api.get_history", instance_id=instance_id)
    if groups & SENDS_LINKS:
        links["customer"] = f"/c/{row.access_key}"
    return {"number": row.number, "type": row.type, "level": row.level, "state": row.state, "status": row.status,
            "instance_id": instance_id, "registered_at": moment(row.registered_at), "closed_at": moment(row.closed_at),
            "owner_group": row.owner_group, "links": links}


def case_facts(row: Line) -> dict[str, Any]:
    """Return what is known of the customer, the product and the matter."""
    product = {"model": row.product_model, "serial_no": row.serial_no, "order_no": row.order_no, "origin": row.origin,
               "purchase_date": row.purchase_date.isoformat() if row.purchase_date else None}
    return {"channel": row.channel, "description": row.description, "urgency": row.urgency, "severity": row.severity,
            "flags": row.flags, "registered_by": row.registered_by, "product": product,
            "customer": {"name": row.customer_name, "phone": row.customer_phone, "email": row.customer_email,
                         "level": row.customer_level}}


def milestone(view: MilestoneView) -> dict[str, Any]:
    """Return one clock of a case, with each clause's own verdict."""
    return {"name": view.name, "due_at": moment(view.due_at), "promised_at": moment(view.promised_at),
            "started_at": moment(view.started_at), "reached_at": moment(view.reached_at), "state": view.state,
            "clauses": list(view.clauses), "rule": view.rule, "why": view.why(language()), "target": view.target,
            "duration": view.duration, "calendar": view.calendar, "provisional": view.provisional, "round": view.round,
            "policy_version": view.policy_version, "checks": [_check(check) for check in view.checks]}


def _check(check: CheckView) -> dict[str, Any]:
    return {"clause": check.clause, "limit": check.limit, "calendar": check.calendar, "due_at": moment(check.due_at),
            "state": check.state}


def document(row: Line) -> dict[str, Any]:
    """Return a numbered paper."""
    return {"number": row.number, "kind": row.kind, "state": row.state, "copies": row.copies,
            "supplements": row.supplements, "opened_at": moment(row.opened_at), "closed_at": moment(row.closed_at)}


def task(row: Line) -> dict[str, Any]:
    """Return a task as lists show it."""
    return {"id": row.id, "case": row.case_number, "instance_id": row.instance_id, "process": row.process,
            "element_id": row.element_id, "name": row.name if language() == "zh" else row.name_en,
            "group": row.group_code, "assignee": row.assignee, "state": row.state, "level": row.level,
            "milestone": row.milestone, "created_at": moment(row.created_at), "due_at": moment(row.due_at),
            "completed_at": moment(row.completed_at), "completed_by": row.completed_by, "on_behalf": row.on_behalf,
            "revision": row.revision, "form_id": row.form_id,
            "links": {"self": url_for("api.get_task", task_id=row.id)}}


def instance(row: Line) -> dict[str, Any]:
    """Return an instance."""
    return {"id": row.id, "process": row.process, "version": row.version, "definition_id": row.definition_id,
            "case": row.case_number, "state": row.state, "revision": row.revision, "parent_id": row.parent_id,
            "created_at": moment(row.created_at), "ended_at": moment(row.ended_at), "outcome": row.outcome,
            "reason": row.reason, "links": {"history": url_for("api.get_history", instance_id=row.id)}}


def incident(row: Line) -> dict[str, Any]:
    """Return what needs an operator."""
    return {"id": row.id, "instance_id": row.instance_id, "case": row.case_number, "process": row.process,
            "element_id": row.element_id, "kind": row.kind, "attempts": row.attempts, "state": row.state,
            "message": row.message_zh if language() == "zh" else row.message_en, "created_at": moment(row.created_at),
            "resolved_at": moment(row.resolved_at), "resolved_by": row.resolved_by, "resolution": row.resolution}


def definition(row: Line) -> dict[str, Any]:
    """Return one version of one process."""
    return {"id": row.id, "key": row.key, "version": row.version, "kind": row.kind, "digest": row.digest,
            "name": row.name if language() == "zh" else row.name_en, "deployment_id": row.deployment_id,
            "created_at": moment(row.created_at)}
