"""Whether a running instance may go on in another version of its process: only where all that waits is drawn alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.engine.bundle import Spec
from app.engine.runner import Execution
from app.engine.workflow import LIVE
from app.errors import Finding
from app.facts import Element

# What has to be the same of an element that a token stands on: what it is, where it lies, what it waits for.
SAME = ("type", "parent", "attached_to", "event", "interrupting", "operation", "called", "message", "timer_kind")


def hindrances(execution: Execution, old: Spec, new: Spec) -> list[Finding]:
    """Return why the instance cannot go on in `new`; none when it can.

    Every element that its state speaks of has to be there, of the same kind; what it waits at has to have the same
    boundary events, since those are armed when an activity begins.
    """
    found = []
    for scope in execution.scopes():
        target: Any = new.scopes.get(scope.spec.name)
        for task in scope.tasks.values():
            element: Element | None = task.task_spec.element
            name = element.name or element.id if element is not None else task.task_spec.name
            spec = target.task_specs.get(task.task_spec.name) if target is not None else None
            if spec is None or type(spec) is not type(task.task_spec):
                found.append(_finding(element, f"“{name}” is not in the new version", f"新版本中没有“{name}”"))
            elif task._state & LIVE and element is not None:
                found += list(_changed(element, spec.element, old, new))
    return list(dict.fromkeys(found))


def _changed(element: Element, other: Element | None, old: Spec, new: Spec) -> Iterator[Finding]:
    name = element.name or element.id
    if other is None or any(getattr(element, field) != getattr(other, field) for field in SAME):
        yield _finding(element, f"“{name}”, where it waits, is drawn in another way",
                       f"实例正停留的“{name}”在新版本中画法不同")
    elif _borders(element, old) != _borders(element, new):
        yield _finding(element, f"“{name}”, where it waits, has other boundary events",
                       f"实例正停留的“{name}”在新版本中边界事件不同")


def _borders(element: Element, spec: Spec) -> set[tuple[Any, ...]]:
    return {(one.id, one.event, one.interrupting, one.timer, one.message) for one in spec.elements
            if one.process == element.process and one.attached_to == element.id}


def _finding(element: Element | None, en: str, zh: str) -> Finding:
    return Finding(file="", rule="not_migratable", severity="error", element=element.id if element else None, line=None,
                   message_en=en, message_zh=zh)
