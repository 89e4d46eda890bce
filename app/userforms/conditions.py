"""Says which fields of a form are hidden and which must be answered, given the answers so far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.userforms.definition import Field, FormContext, FormDefinition
from app.userforms.values import plain

_WORD = re.compile(r"[A-Za-z_]\w*")
_PASSES = 12


def hidden_fields(fields: Iterable[Field], answers: Mapping[str, Any], context: FormContext,
                  outside: Mapping[str, Any] | None = None) -> frozenset[str]:
    """Return the keys of the fields that are hidden; a hidden field's answer counts as null for the others.

    `answers` are typed values; `outside` is what surrounds a row of a list. Raises what the evaluator raises.
    """
    fields = tuple(fields)
    if not any(found.hides for found in fields):
        return frozenset()
    hidden: frozenset[str] = frozenset()
    for _ in range(_PASSES):
        scope = scope_of(fields, answers, hidden, context, outside)
        following: set[str] = set()
        for found in fields:
            if any(context.evaluate(condition, scope) is True for condition in found.hides):
                following.add(found.key)
            scope[found.key] = None if found.key in following else plain(answers.get(found.key))
        if following == hidden:
            break
        hidden = frozenset(following)
    return hidden


def is_required(found: Field, scope: Mapping[str, Any], context: FormContext) -> bool:
    """Return whether a visible field must be answered; raises what the evaluator raises."""
    component = found.component
    if component.required or component.required_if is None:
        return component.required
    return context.evaluate(component.required_if, scope) is True


def scope_of(fields: Iterable[Field], answers: Mapping[str, Any], hidden: frozenset[str], context: FormContext,
             outside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the names that an expression of the form sees: the process's, the case's, and the visible answers."""
    scope: dict[str, Any] = dict(context.variables) if outside is None else dict(outside)
    for found in fields:
        scope[found.key] = None if found.key in hidden else plain(answers.get(found.key))
    return scope


def depends_on_answers(expression: str, keys: Iterable[str]) -> bool:
    """Return whether the expression may mention a field of the form; when not, it is decided before anybody answers."""
    return not set(_WORD.findall(expression)).isdisjoint(keys)


def hidden_whatever_is_answered(definition: FormDefinition, context: FormContext) -> frozenset[str]:
    """Return the keys of fields that the process alone hides: nothing in the form can bring them back."""
    keys = {found.key for found in definition.fields}
    return frozenset(
        found.key for found in definition.fields
        if any(not depends_on_answers(condition, keys) and context.evaluate(condition, context.variables) is True
               for condition in found.hides))
