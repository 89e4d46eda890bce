"""Tasks: found, read with their forms, claimed, released, delegated, completed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify

from app.errors import FieldError, Invalid, NotFound
from app.store.queries import api as queries
from app.store.unit_of_work import reading
from app.web.api import show
from app.web.api.blueprint import api
from app.web.api.describe import (
    FLAG,
    MAYBE_TEXT,
    MAYBE_WHEN,
    NUMBER,
    OBJECT,
    TEXT,
    WHEN,
    Schema,
    describe,
    listed,
    meant,
    one_of,
    record,
    ref,
)
from app.web.api.request import body, filters, object_of, page, paging, scope, text_of
from app.web.entry import actor, entry
from app.web.problems import language
from app.wiring import services

STATES = ("open", "completed", "cancelled")

SCHEMAS: dict[str, Schema] = {
    "Task": record(
        id=TEXT, case=MAYBE_TEXT, instance_id=TEXT, process=TEXT, element_id=TEXT, name=TEXT, group=MAYBE_TEXT,
        assignee=MAYBE_TEXT, state=one_of(*STATES), level=MAYBE_TEXT, milestone=MAYBE_TEXT, created_at=WHEN,
        due_at=MAYBE_WHEN, completed_at=MAYBE_WHEN, completed_by=MAYBE_TEXT, on_behalf=FLAG, revision=NUMBER,
        form_id=MAYBE_TEXT, links=OBJECT),
    "TaskWithForm": {"allOf": [ref("Task"), record(
        form=meant({"type": ["object", "null"]}, "form-js JSON with all options in `values`"),
        data=meant(OBJECT, "what is prefilled, or what was submitted"))]},
    "Completion": record(data=OBJECT, revision=NUMBER, on_behalf=meant(FLAG, "a clerk enters the customer's answer")),
    "Completed": record(case=MAYBE_TEXT, state=MAYBE_TEXT, next_tasks=listed(TEXT)),
    "Delegation": record(
        ("to",), to=meant(TEXT, "username"), note=TEXT,
        kind=meant(one_of("delegate", "transfer"), "delegate (委派): it comes back; transfer (转办): it does not")),
}


@api.get("/tasks")
@entry("staff")
@describe("List tasks, oldest first; `case` covers the whole family, `assignee=none` the unclaimed", "tasks",
          answer="[Task]", query=("state", "group", "assignee", "case"), errors=(422,))
def list_tasks() -> Response:
    """List the tasks that the caller may see."""
    wanted = filters("state", "group", "assignee", "case", choices={"state": STATES})
    limit, after = paging(datetime, str)
    return page(queries.tasks(reading(), scope(), wanted, limit, after), show.task)


@api.get("/tasks/<task_id>")
@entry("staff")
@describe("One task with its form and what is prefilled", "tasks", answer="TaskWithForm", errors=(404,))
def get_task(task_id: str) -> Response:
    """Read one task, open or ended."""
    return jsonify(_task(task_id, with_form=True))


@api.post("/tasks/<task_id>/claim")
@entry("staff")
@describe("Take a task", "tasks", answer="Task", errors=(403, 404, 409))
def claim_task(task_id: str) -> Response:
    """Take a task."""
    _seen(task_id)
    services().work.claim(task_id, actor())
    return jsonify(_task(task_id))


@api.post("/tasks/<task_id>/release")
@entry("staff")
@describe("Give a task back to its group", "tasks", answer="Task", errors=(403, 404, 409))
def release_task(task_id: str) -> Response:
    """Give a task back to its group."""
    _seen(task_id)
    services().work.release(task_id, actor())
    return jsonify(_task(task_id))


@api.post("/tasks/<task_id>/delegate")
@entry("staff")
@describe("Hand a task to a colleague", "tasks", body="Delegation", answer="Task", errors=(403, 404, 409, 422))
def delegate_task(task_id: str) -> Response:
    """Hand a task to a colleague, to have it back (delegate) or not (transfer)."""
    _seen(task_id)
    given = body()
    to, note = text_of(given, "to", longest=80) or "", text_of(given, "note", required=False) or ""
    kind = given.get("kind", "delegate")
    if kind not in ("delegate", "transfer"):
        raise Invalid([FieldError("kind", "One of: delegate, transfer.", "应为 delegate 或 transfer。")])
    hand = services().colleagues.delegate if kind == "delegate" else services().colleagues.transfer
    hand(task_id, to, note, actor())
    return jsonify(_task(task_id))


@api.post("/tasks/<task_id>/complete")
@entry("staff")
@describe("Complete a task with what was filled in; an unclaimed one is claimed first", "tasks", body="Completion",
          answer="Completed", errors=(403, 404, 409, 422))
def complete_task(task_id: str) -> Response:
    """Complete a task."""
    _seen(task_id)
    given = body()
    revision = given.get("revision")
    if revision is not None and (not isinstance(revision, int) or isinstance(revision, bool)):
        raise Invalid([FieldError("revision", "A whole number is expected.", "应为整数。")])
    done = services().work.complete(task_id, object_of(given, "data"), actor(), revision=revision,
                                    on_behalf=given.get("on_behalf") is True, locale=language())
    return jsonify({"case": done.case_number, "state": done.case_state, "next_tasks": list(done.next_tasks)})


def _seen(task_id: str) -> Any:
    row = queries.task(reading(), scope(), task_id)
    if row is None:
        raise NotFound("There is no such task.", "没有这个任务。")
    return row


def _task(task_id: str, *, with_form: bool = False) -> dict[str, Any]:
    row = _seen(task_id)
    if not with_form:
        return show.task(row)
    served = services().work.form(task_id, actor())
    return {**show.task(row), "form": served.json, "data": dict(served.data)}
