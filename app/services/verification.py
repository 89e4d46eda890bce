"""Proves that the projections say what the states say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.errors import ChengnuoError
from app.facts import ExecutionView
from app.services.reading import Reading
from app.services.runtime import Runtime
from app.store.models import Instance, Subscription, Timer, WorkItem

ENDED = frozenset({"completed", "cancelled"})
NOTHING = ExecutionView((), (), (), (), (), True, ())


def verify(rt: Runtime, batch: int = 500) -> dict[str, Any]:
    """Return {"checked": n, "differences": [{"instance", "what", "state", "table"}]} over every instance."""
    checked, differences, after = 0, [], ""
    while True:
        query = (
            select(Instance.id, Instance.state, Instance.definition_id)
            .where(Instance.id > after)
            .order_by(Instance.id)
            .limit(batch)
        )
        rows = rt.session().execute(query).all()
        for row in rows:
            differences += _differences(rt, row.id, row.state)
            checked += 1
        if len(rows) < batch:
            return {"checked": checked, "differences": differences}
        after = rows[-1].id
        rt.session().rollback()  # a long check must not hold one old snapshot


def _differences(rt: Runtime, instance_id: str, state: str) -> list[dict[str, Any]]:
    try:
        view = Reading.of(rt, instance_id).execution.view() if state not in ENDED else NOTHING
        ended = Reading.of(rt, instance_id).execution.view().ended if state == "completed" else state == "cancelled"
    except ChengnuoError as error:
        return [{"instance": instance_id, "what": "state", "state": f"unreadable: {error}", "table": state}]
    found = []
    if (state not in ENDED and view.ended) or (state == "completed" and not ended):
        found.append(
            {"instance": instance_id, "what": "instance", "state": "ended" if view.ended else "running", "table": state}
        )
    for what, said, stored in _pairs(rt, instance_id, view):
        for key in sorted(said.keys() | stored.keys()):
            if said.get(key) != stored.get(key):
                found.append(
                    {
                        "instance": instance_id,
                        "what": f"{what}:{key}",
                        "state": str(said.get(key)),
                        "table": str(stored.get(key)),
                    }
                )
    return found


def _pairs(
    rt: Runtime, instance_id: str, view: ExecutionView
) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    session = rt.session()
    items = session.execute(
        select(WorkItem.id, WorkItem.element_id, WorkItem.group_code).where(
            WorkItem.instance_id == instance_id, WorkItem.state == "open"
        )
    )
    timers = session.execute(
        select(Timer.task_id, Timer.element_id, Timer.due_at).where(Timer.instance_id == instance_id)
    )
    waits = session.execute(
        select(Subscription.task_id, Subscription.message).where(Subscription.instance_id == instance_id)
    )
    return [
        (
            "task",
            {task.task_id: (task.element.id, task.group) for task in view.tasks},
            {row[0]: (row[1], row[2]) for row in items},
        ),
        (
            "timer",
            {timer.task_id: (timer.element.id, timer.due_at) for timer in view.timers},
            {row[0]: (row[1], row[2]) for row in timers},
        ),
        (
            "message",
            {f"{wait.task_id}/{wait.message}": True for wait in view.messages},
            {f"{row[0]}/{row[1]}": True for row in waits},
        ),
    ]
