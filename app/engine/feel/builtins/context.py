"""Context functions."""

from __future__ import annotations

from typing import Any

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.limits import MAX_DEPTH


@builtin("get value", "m: context, key: string")
def get_value(context: dict[str, Any], key: str) -> Any:
    """Return the entry of that key, or null."""
    return context.get(key)


@builtin("get value", "m: context, keys: list")
def get_value_at(context: dict[str, Any], keys: list[Any]) -> Any:
    """Return the entry at that path of keys, or null."""
    found: Any = context if keys else None
    for key in keys:
        found = found.get(key) if type(found) is dict and type(key) is str else None
    return found


@builtin("get entries", "m: context", "list")
def get_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries as contexts with key and value."""
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list", "context")
def make_context(entries: list[Any]) -> dict[str, Any] | None:
    """Return the context made of contexts with key and value."""
    found: dict[str, Any] = {}
    for entry in entries:
        if type(entry) is not dict or type(entry.get("key")) is not str or "value" not in entry:
            return None
        if entry["key"] in found:
            return None
        found[entry["key"]] = entry["value"]
    return found


@builtin("context put", "context: context, key: string, value: any", "context")
def context_put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return the context with one entry set."""
    return {**context, key: value}


@builtin("context put", "context: context, keys: list, value: any", "context")
def context_put_at(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any] | None:
    """Return the context with the entry at a path of keys set; null when a step of it is no context."""
    if not keys or len(keys) > MAX_DEPTH or type(keys[0]) is not str:
        return None
    if len(keys) == 1:
        return {**context, keys[0]: value}
    inner = context.get(keys[0])
    if inner is not None and type(inner) is not dict:
        return None
    put = context_put_at(inner or {}, keys[1:], value)
    return None if put is None else {**context, keys[0]: put}


@builtin("context merge", "contexts: list", "context")
def context_merge(contexts: list[Any]) -> dict[str, Any] | None:
    """Return the contexts in one; later entries win."""
    if not all(type(entry) is dict for entry in contexts):
        return None
    return {key: value for entry in contexts for key, value in entry.items()}
