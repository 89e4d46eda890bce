"""Makes values conform to the types that a DMN model declares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from app.engine import feel
from app.engine.decision_table import child, children
from app.engine.xml import Xml, text

if TYPE_CHECKING:
    from app.engine.decision_model import Model

MAX_NESTING = 40  # types inside each other
_NOTHING = object()
_BUILT_IN = {
    "number": "number", "string": "string", "boolean": "boolean", "date": "date", "time": "time",
    "dateTime": "date and time", "date and time": "date and time", "dayTimeDuration": "days and time duration",
    "days and time duration": "days and time duration", "yearMonthDuration": "years and months duration",
    "years and months duration": "years and months duration",
}  # fmt: skip


_READERS = {"date": "date", "time": "time", "date and time": "date and time",
            "days and time duration": "duration", "years and months duration": "duration"}  # fmt: skip


def from_text(value: Any, type_ref: str | None) -> Any:
    """Return a text as the date, time or duration that its declared type says it is; anything else as it is.

    Process variables and JSON have dates and durations as ISO texts.
    """
    reader = _READERS.get(_BUILT_IN.get(type_ref or "", ""))
    if reader is None or not isinstance(value, str):
        return value
    found = feel.evaluate(f"{reader}(text)", {"text": value})
    return value if found is None else found


def conform(model: Model, value: Any, type_ref: str | None) -> Any:
    """Return a value as its declared type has it (a list of one for a single value and back), or null."""
    if value is None or not type_ref:
        return value
    found = _conform(model, value, type_ref.removeprefix("feel:"), 0)
    return None if found is _NOTHING else found


def _conform(model: Model, value: Any, name: str, depth: int) -> Any:
    if value is None or name == "Any" or depth > MAX_NESTING:
        return value
    if name in _BUILT_IN:
        return _built_in(value, _BUILT_IN[name])
    owner, item = _item(model, name)
    return value if item is None else _conform_item(owner, value, item, depth)


def _item(model: Model, name: str) -> tuple[Model, Xml | None]:
    if name in model.items:
        return model, model.items[name]
    prefix, _, rest = name.partition(".")
    for import_name, imported in model.imports.values():
        if import_name == prefix and rest:
            return _item(imported, rest)
    return model, None


def _built_in(value: Any, wanted: str) -> Any:
    kind = feel.kind(value)
    if kind == wanted:
        return value
    if isinstance(value, list) and len(value) == 1:
        return _built_in(value[0], wanted) if value[0] is not None else None
    if wanted == "date and time" and type(value) is date:
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return _NOTHING


def _conform_item(model: Model, value: Any, item: Xml, depth: int) -> Any:
    """Return a value as an itemDefinition or itemComponent has it."""
    if value is None:
        return None
    if item.get("isCollection") == "true":
        entries = [_conform_one(model, entry, item, depth) for entry in (value if isinstance(value, list) else [value])]
        return _NOTHING if _NOTHING in [entry for entry in entries if entry is _NOTHING] else entries
    if isinstance(value, list) and len(value) == 1 and not _is_list_type(model, item):
        value = value[0]
    return _conform_one(model, value, item, depth)


def _is_list_type(model: Model, item: Xml) -> bool:
    reference = child(item, "typeRef")
    inner = _item(model, (text(reference) or "") if reference is not None else "")[1]
    return inner is not None and (inner.get("isCollection") == "true" or _is_list_type(model, inner))


def _conform_one(model: Model, value: Any, item: Xml, depth: int) -> Any:
    if value is None:
        return None
    components = children(item, "itemComponent")
    if components:
        if not isinstance(value, dict):
            return _NOTHING
        found = dict(value)
        for component in components:
            name = component.get("name", "")
            if name in value:
                found[name] = _conform_item(model, value[name], component, depth + 1)
                if found[name] is _NOTHING:
                    return _NOTHING
        return found
    reference = child(item, "typeRef")
    if reference is not None:
        value = _conform(model, value, (text(reference) or "").removeprefix("feel:"), depth + 1)
        if value is _NOTHING:
            return _NOTHING
    allowed = child(item, "allowedValues")
    source = child(allowed, "text") if allowed is not None else None
    if source is not None and not feel.unary(feel.parse_unary(text(source) or "-", model.known), value, {}):
        return _NOTHING
    return value
