"""Fills in forms from the served JSON alone, as an outside program would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Component = Mapping[str, Any]


def fields(components: Sequence[Component]) -> Iterator[Component]:
    """Yield the components that take input, groups opened."""
    for component in components:
        if component["type"] == "group":
            yield from fields(component["components"])
        elif component.get("key"):
            yield component


def answer(component: Component) -> Any:
    """Return a value that the component accepts, by its type, options, limits and example."""
    example = component.get("properties", {}).get("example")
    if example not in (None, ""):
        return example
    kind, rules = component["type"], component.get("validate", {})
    if kind in {"radio", "select"}:
        return component["values"][0]["value"]
    if kind in {"checklist", "taglist"}:
        return [component["values"][0]["value"]]
    if kind == "checkbox":
        return True
    if kind == "number":
        return rules.get("min", 1)
    if kind == "datetime":
        return {"date": "2026-03-02", "time": "10:00"}.get(component.get("subtype", ""), "2026-03-02T10:00:00+08:00")
    if kind == "dynamiclist":
        return [{inner["key"]: answer(inner) for inner in fields(component["components"]) if required(inner)}]
    if kind == "filepicker":
        return []
    text = "按约定办理，已记录。"
    return text.ljust(int(rules.get("minLength", 1)), "。")[: int(rules.get("maxLength", 4000))]


def required(component: Component) -> bool:
    """Return whether the served form says that an answer is needed."""
    return bool(component.get("validate", {}).get("required"))


def fill(
    form: Mapping[str, Any] | None,
    data: Mapping[str, Any],
    choices: Mapping[str, Any],
    invent: Callable[[Component], Any] = answer,
) -> dict[str, Any]:
    """Return answers: what is chosen, else what is prefilled, else what `invent` makes of what is required."""
    if form is None:
        return dict(choices)
    filled: dict[str, Any] = {}
    for component in fields(form["components"]):
        key = component["key"]
        if key in choices:
            filled[key] = choices[key]
        elif data.get(key) not in (None, "", []):
            filled[key] = data[key]
        elif required(component):
            filled[key] = invent(component)
    return filled
