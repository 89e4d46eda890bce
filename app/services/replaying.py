"""Plays the history of every instance as tokens on its version of the diagram."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.engine.replay import Told, replay
from app.services.runtime import Runtime
from app.store.models import History, Instance

BATCH = 200


def replay_all(rt: Runtime) -> dict[str, Any]:
    """Return {"replayed": n, "differences": [{"instance", "process", "problem"}]} over every instance."""
    replayed, after, differences = 0, "", list[dict[str, Any]]()
    while True:
        session = rt.session()
        rows = session.execute(select(Instance.id, Instance.process, Instance.state, Instance.definition_id)
                               .where(Instance.id > after).order_by(Instance.id).limit(BATCH)).all()
        for row in rows:
            problems = replay(rt.library.spec(row.definition_id).elements, row.process, row.state,
                              _history(rt, row.id))
            differences += [{"instance": row.id, "process": row.process, "problem": problem} for problem in problems]
        replayed += len(rows)
        session.rollback()  # a long run must not hold one old snapshot
        if len(rows) < BATCH:
            return {"replayed": replayed, "differences": differences}
        after = rows[-1].id


def _history(rt: Runtime, instance_id: str) -> list[Told]:
    query = (select(History.process, History.element_id, History.transition, History.task_id, History.detail)
             .where(History.instance_id == instance_id).order_by(History.seq))
    return [Told(row.process, row.element_id, row.transition, row.task_id, "instance" in (row.detail or {}))
            for row in rt.session().execute(query)]
