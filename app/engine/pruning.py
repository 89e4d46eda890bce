"""Drops finished history from a running instance, so that a step costs the same after 600 tasks as after 6.

What stays: the root, the last task, everything that lives with its direct parent (a join knows the flow by its element,
a retry begins with its variables), and the forks below which more than one token lives (joins merge what changed).
Nothing else is ever asked for again: a join's tokens wait at the join, an event's activity is its sibling, the results
of instances are kept with their whole.
"""

from __future__ import annotations

from typing import Any

from app.engine.workflow import LIVE, Instance, Token


def prune(instance: Instance) -> None:
    """Drop finished tasks of every scope, in place, keeping the order of the rest."""
    for scope in instance.scopes():
        _prune_scope(scope)


def _prune_scope(scope: Any) -> None:
    tasks: dict[str, Token] = scope.tasks
    keep = {scope.task_tree.id}
    if scope.last_task is not None:
        keep.add(scope.last_task.id)
    branches: dict[str, int] = {}  # task -> children below which something lives
    for task in reversed(tasks.values()):  # children come before their parents
        alive = bool(task._state & LIVE)
        below = branches.get(task.id, 0)
        if alive:
            keep.add(task.id)
            if task._parent is not None:
                keep.add(task._parent)
        if below > 1:
            keep.add(task.id)
        if (alive or below) and task._parent is not None:
            branches[task._parent] = branches.get(task._parent, 0) + 1
    if len(keep) == len(tasks):
        return
    kept: dict[str, Token] = {}
    for task in tasks.values():
        if task.id in keep:
            parent = task._parent
            while parent is not None and parent not in keep:
                parent = tasks[parent]._parent
            task._parent = parent
            task._children = []
            if parent is not None:
                kept[parent]._children.append(task.id)
            kept[task.id] = task
    scope.tasks = kept
