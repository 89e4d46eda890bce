"""How a route describes itself for OpenAPI, right where it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
WHEN: Schema = {"type": "string", "format": "date-time"}
MAYBE_WHEN: Schema = {"type": ["string", "null"], "format": "date-time"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """Return the schema of an object."""
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": properties}


def listed(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def one_of(*words: str | None) -> Schema:
    """Return the schema of a choice."""
    return {"type": ["string", "null"] if None in words else "string", "enum": list(words)}


def meant(schema: Schema, description: str) -> Schema:
    """Return the schema with a word of explanation."""
    return {**schema, "description": description}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True)
class Described:
    """What OpenAPI says of one route."""

    summary: str
    tag: str
    answer: str | None  # schema of the good answer; "[Task]" for a page of them; None for JSON without one
    status: int
    body: str | None
    query: tuple[str, ...]
    errors: tuple[int, ...]
    creates: bool  # takes Idempotency-Key


def describe(summary: str, tag: str, *, answer: str | None = None, status: int = 200, body: str | None = None,
             query: tuple[str, ...] = (), errors: tuple[int, ...] = (), creates: bool = False) -> Callable[[V], V]:
    """Describe a view; put it below the route, beside `@entry`."""

    def mark(view: V) -> V:
        view.__described__ = Described(summary, tag, answer, status, body, query, errors, creates)  # type: ignore[attr-defined]
        return view

    return mark


def described(view: Callable[..., Any]) -> Described | None:
    """Return what a view says of itself, or None."""
    return getattr(view, "__described__", None)
