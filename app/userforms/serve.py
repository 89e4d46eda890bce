"""A form as the API serves it: form-js JSON that can be filled in by somebody who has nothing but this document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.userforms.conditions import depends_on_answers
from app.userforms.definition import INPUTS, Component, FormContext, FormDefinition
from app.userforms.submission import lenient, prefilled, proposal_of
from app.userforms.values import stored

__all__ = ["prefilled", "serve"]


def serve(definition: FormDefinition, context: FormContext) -> dict[str, Any]:
    """Return the form-js JSON of the form for one task; raises what the evaluator raises.

    Conditions that the process alone decides are decided already: what it hides is left out, what it requires is
    required. Every choice has its options in `values`; fields with a rule beyond form-js have `properties.example`.
    """
    keys = frozenset(found.key for found in definition.fields)
    served: dict[str, Any] = {
        "type": "default", "schemaVersion": 18, "id": definition.id, "name": definition.name,
        "name_en": definition.name_en, "clauses": list(definition.clauses),
        "components": _components(definition.components, keys, context),
    }
    if definition.purpose:
        served["purpose"] = definition.purpose
        served["purpose_en"] = definition.purpose_en or definition.purpose
    if definition.paper:
        served["paper"] = dict(definition.paper)
    return served


def _components(components: tuple[Component, ...], keys: frozenset[str], context: FormContext) -> list[dict[str, Any]]:
    served = []
    for component in components:
        hide = component.hide
        if hide is not None and not depends_on_answers(hide, keys):
            if context.evaluate(hide, context.variables) is True:
                continue
            hide = None
        served.append(_component(component, hide, keys, context))
    return served


def _component(component: Component, hide: str | None, keys: frozenset[str], context: FormContext) -> dict[str, Any]:
    kind = component.type
    result: dict[str, Any] = {"type": kind, **_label(component)}
    if component.help:
        result["description"] = component.help
    if kind in INPUTS:
        result["key"] = component.key
        result["validate"] = _validate(component, keys, context)
    if component.options or kind == "taglist":
        result["values"] = [{"label": option.label, "value": option.value, "label_en": option.label_en}
                            for option in component.options]
    if hide is not None:
        result["conditional"] = {"hide": f"={hide}"}
    if component.readonly:
        result["readonly"] = True
    result.update(_special(component))
    if kind in {"group", "dynamiclist"}:
        inner = keys | {child.key for child in component.components}
        result["components"] = _components(component.components, inner, context)
    result["properties"] = _properties(component, keys, context)
    return result


def _label(component: Component) -> dict[str, Any]:
    if component.type == "separator":
        return {}
    if component.type == "text":
        return {"text": component.label}
    if component.type == "datetime":
        labels = {"date": ("dateLabel",), "time": ("timeLabel",)}.get(component.subtype, ("dateLabel", "timeLabel"))
        return {"label": component.label, **dict.fromkeys(labels, component.label)}
    return {"label": component.label}


def _validate(component: Component, keys: frozenset[str], context: FormContext) -> dict[str, Any]:
    required = component.required
    if not required and component.required_if is not None and not depends_on_answers(component.required_if, keys):
        required = context.evaluate(component.required_if, context.variables) is True
    limits = {"minLength": component.min_length, "maxLength": component.max_length, "pattern": component.pattern,
              "min": component.minimum, "max": component.maximum}
    return {"required": required and not component.readonly,
            **{name: limit for name, limit in limits.items() if limit is not None}}


def _special(component: Component) -> dict[str, Any]:
    if component.type == "number":
        digits = component.decimals if component.decimals is not None else (2 if component.currency else None)
        special: dict[str, Any] = {} if digits is None else {"decimalDigits": digits}
        return special | ({"serializeToString": True} if component.currency else {})
    if component.type == "datetime":
        return {"subtype": component.subtype, "timeSerializingFormat": "utc_offset", "use24h": True}
    if component.type == "filepicker":
        return {"multiple": component.multiple, **({"accept": component.accept} if component.accept else {})}
    if component.type == "dynamiclist":
        return {"path": component.key, "isRepeating": True, "allowAddRemove": True,
                "defaultRepetitions": component.rows}
    return {}


def _properties(component: Component, keys: frozenset[str], context: FormContext) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if component.type != "separator" and component.label_en:
        properties["label_en"] = component.label_en
    if component.help_en:
        properties["help_en"] = component.help_en
    if component.clauses:
        properties["clauses"] = " ".join(component.clauses)
    if component.variable:
        properties["variable"] = "true"
    if component.currency:
        properties["currency"] = component.currency
    if component.required_if is not None and depends_on_answers(component.required_if, keys):
        properties["required_if"] = component.required_if
    example = _example(component, context)
    if example is not None and not component.readonly:
        properties["example"] = example
    return properties


def _example(component: Component, context: FormContext) -> Any:
    """A value that is accepted now, for whatever form-js's own rules do not describe fully."""
    if component.refers_to == "case":
        return context.similar_case() or component.example
    if isinstance(component.example, str) and component.example.startswith("="):
        return _typed(component, proposal_of(component.example[1:], context), context)
    if component.example is not None:
        return component.example
    if component.type == "datetime":
        now = "today()" if component.subtype == "date" else "now()"
        return _typed(component, proposal_of(now, context), context) or _FIXED_EXAMPLES[component.subtype]
    if component.required_if is not None:
        return _made_up(component)
    return None


_FIXED_EXAMPLES: Mapping[str, str] = {"date": "2026-03-02", "time": "09:30:00", "datetime": "2026-03-02T09:30:00+08:00"}


def _typed(component: Component, value: Any, context: FormContext) -> Any:
    return stored(component, lenient(component, value, context))


def _made_up(component: Component) -> Any:
    if component.type in {"radio", "select"}:
        return component.options[0].value
    if component.type in {"checklist", "taglist"}:
        return [component.options[0].value] if component.options else [component.label[:20]]
    if component.type == "checkbox":
        return True
    if component.type == "number":
        return component.minimum if component.minimum is not None else 1
    if component.type in {"textfield", "textarea"}:
        text = component.label
        while len(text) < (component.min_length or 1):
            text += "。" + component.label
        return text[:component.max_length or len(text)]
    return None
