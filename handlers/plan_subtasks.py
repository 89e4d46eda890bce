"""Turns the division of work into sub-tasks, each with its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import StepFailed
from app.handling import LocalContext, local

FACTS = ("title", "group", "due_at", "cooperation", "needs_letter", "visit_at")


@local(zh="拆分子任务")
def run(ctx: LocalContext, *, load: str | None = None) -> list[str] | dict[str, Any]:
    """Return the keys of the sub-tasks that were agreed, or the facts of one of them (D-2.2.3, D-2.3.5)."""
    if ctx.case is None:
        raise StepFailed("Sub-tasks need a case.", "子任务需要所属个案。")
    rows = [row for row in ctx.case.extra.get("subtasks") or () if isinstance(row, Mapping)]
    if load is None:
        batch = int(ctx.case.extra.get("subtask_batch") or 0) + 1
        ctx.desk.update(subtask_batch=batch)
        return [f"{ctx.case.number}/{batch}/{place}" for place, _ in enumerate(rows, start=1)]
    batch_key, _, place = load.rpartition("/")
    if not place.isdigit() or not 1 <= int(place) <= len(rows):
        raise StepFailed(f"There is no sub-task {load}.", f"没有子任务 {load}。")
    row = rows[int(place) - 1]
    before = _before(rows[: int(place) - 1], str(row.get("depends_on") or "").strip())
    return {**{name: row.get(name) for name in FACTS}, "depends_on": before and f"{batch_key}/{before}"}


def _before(earlier: Sequence[Mapping[str, Any]], named: str) -> int | None:
    """Return the place of the row that is waited for: an earlier one, so that none waits for ever."""
    for place, row in enumerate(earlier, start=1):
        if named and named in {str(row.get("title")).strip(), str(place)}:
            return place
    return None
