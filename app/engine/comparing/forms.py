"""A form as parts: the form itself and each of its fields."""

from __future__ import annotations

import json
from typing import Any

from app.engine.comparing.parts import TECHNICAL, Content, Facts, Part, put
from app.errors import Finding, Refused

LAYOUT = frozenset({"layout"})  # form-js: where a field stands in the grid; nothing that is asked


def read_form(data: bytes, file: str) -> Content:
    """Return what a form says; raises Refused when it is not JSON."""
    try:
        document = json.loads(data)
        content = Content()
        if isinstance(document, dict):
            _form(document, content)
        else:
            _flatten(document, "content", content.add(Part("@form", None, "form", "")).facts)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise Refused([Finding(file, None, line, "bad_json", "error", f"第 {line or '?'} 行不是合法的 JSON。",
                               f"Not JSON at line {line or '?'}.")]) from error
    return content


def _form(document: dict[str, Any], content: Content) -> None:
    part = content.add(Part("@form", None, "form", str(document.get("name") or document.get("id") or "")))
    for name, value in document.items():
        if name == "components" and isinstance(value, list):
            part.order = {"field_order": _fields(value, "", content)}
        else:
            technical = TECHNICAL if name in {"schemaVersion", "exporter", "executionPlatform"} else ""
            _flatten(value, f"{technical}{name}", part.facts)


def _fields(components: list[Any], within: str, content: Content) -> tuple[str, ...]:
    return tuple(_field(one, within, at, content) for at, one in enumerate(components))


def _field(component: Any, within: str, at: int, content: Content) -> str:
    """Keep a field and return its key."""
    if not isinstance(component, dict):
        part = content.add(Part(f"@{within}/{at}", None, "field", ""))
        _flatten(component, "content", part.facts)
        return part.key
    key = component.get("key") or component.get("id")
    name = component.get("label") or component.get("text") or key or ""
    kind = component.get("type")
    part = content.add(Part(str(key) if key else f"@{within}/{kind}", str(key) if key else None, "field",
                            " ".join(str(name).split())[:80]))  # fmt: skip
    if within:
        part.facts["within"] = within
    for entry, value in component.items():
        if entry in LAYOUT:
            content.drawing[part.key] = json.dumps(value, sort_keys=True, ensure_ascii=False)
        elif entry == "components" and isinstance(value, list):
            part.order = {"field_order": _fields(value, part.id or part.key, content)}
        elif entry == "values" and isinstance(value, list):
            _options(value, part)
        else:
            technical = TECHNICAL if entry == "id" and component.get("key") else ""
            _flatten(value, f"{technical}{entry}", part.facts)
    return part.key


def _options(values: list[Any], part: Part) -> None:
    """Keep the answers to choose from under their values."""
    keys = []
    for at, option in enumerate(values):
        value = option.get("value") if isinstance(option, dict) else None
        key = f"option:{_text(value) if value is not None else at + 1}"
        keys.append(key)
        if isinstance(option, dict):
            put(part.facts, key, str(option.get("label", "")))
            part.labels[key] = (f"选项“{_text(value)}”", f"option “{_text(value)}”")
            for name, given in option.items():
                if name not in {"label", "value"}:
                    _flatten(given, f"{key}.{name}", part.facts)
        else:
            _flatten(option, key, part.facts)
    part.order = {**part.order, "option_order": tuple(keys)}


def _flatten(value: Any, path: str, facts: Facts) -> None:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}", facts)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for at, inner in enumerate(value, 1):
            _flatten(inner, f"{path}[{at}]", facts)
    else:
        put(facts, path, _text(value))


def _text(value: Any) -> str:
    """Return a value as it is told: texts as they are, lists with commas, all else as JSON (1 is not "1")."""
    if isinstance(value, str):
        # A text that looks like other JSON is quoted, so that "true" and true differ.
        return json.dumps(value) if _looks_typed(value) else value
    return json.dumps(value, ensure_ascii=False)


def _looks_typed(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
