"""Editing a form's JSON field by field: what is not touched stays as it was written, known to us or not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import FieldError, Invalid

Json = dict[str, Any]
CHOICES = frozenset({"radio", "select", "checklist", "taglist"})
INPUTS = CHOICES | {"textfield", "textarea", "number", "checkbox", "datetime", "filepicker", "dynamiclist"}
PARENTS = frozenset({"group", "dynamiclist"})
TYPES = ("textfield", "textarea", "number", "checkbox", "radio", "select", "checklist", "taglist", "datetime",
         "filepicker", "group", "dynamiclist", "text", "separator")  # fmt: skip
SUBTYPES = ("date", "time", "datetime")
SEPARATOR = "|"  # between an option's value, Chinese and English


@dataclass(frozen=True)
class Property:
    """One thing that can be edited: where it stands in the JSON, and for which types of components."""

    name: str  # of the input
    path: tuple[str, ...]
    kind: str = "text"  # text | flag | property | number | words | options | any | feel
    types: frozenset[str] = INPUTS


_TEXTS = frozenset({"textfield", "textarea"})
_ALL = frozenset(TYPES)
PROPERTIES = (
    Property("key", ("key",)),
    Property("label", ("label",), types=INPUTS | {"group"}),
    Property("label_en", ("properties", "label_en"), types=INPUTS | {"group"}),
    Property("text", ("text",), types=frozenset({"text"})),
    Property("text_en", ("properties", "text_en"), types=frozenset({"text"})),
    Property("description", ("description",), types=INPUTS | {"group"}),
    Property("help_en", ("properties", "help_en"), types=INPUTS | {"group"}),
    Property("required", ("validate", "required"), "flag"),
    Property("readonly", ("properties", "readonly"), "property"),
    Property("variable", ("properties", "variable"), "property"),
    Property("case", ("properties", "case")),
    Property("options", ("values",), "options", CHOICES),
    Property("subtype", ("subtype",), types=frozenset({"datetime"})),
    Property("min_length", ("validate", "minLength"), "number", _TEXTS),
    Property("max_length", ("validate", "maxLength"), "number", _TEXTS),
    Property("pattern", ("validate", "pattern"), types=_TEXTS),
    Property("minimum", ("validate", "min"), "number", frozenset({"number"})),
    Property("maximum", ("validate", "max"), "number", frozenset({"number"})),
    Property("decimals", ("decimalDigits",), "number", frozenset({"number"})),
    Property("currency", ("properties", "currency"), types=frozenset({"number"})),
    Property("accept", ("accept",), types=frozenset({"filepicker"})),
    Property("default", ("defaultValue",), "any"),
    Property("example", ("properties", "example"), "any"),
    Property("hide", ("conditional", "hide"), "feel", _ALL),
    Property("required_if", ("properties", "required_if"), "feel"),
    Property("prefill", ("properties", "prefill"), "feel"),
    Property("clauses", ("properties", "clauses")),
)
TOP = (
    Property("name", ("name",)),
    Property("name_en", ("name_en",)),
    Property("purpose", ("purpose",)),
    Property("purpose_en", ("purpose_en",)),
    Property("clauses", ("clauses",), "words"),
)


@dataclass
class Row:
    """One component as the editor lists it."""

    place: str  # "3", or "3.0" inside a group
    depth: int
    type: str
    values: Mapping[str, Any]
    first: bool
    last: bool
    rows: list[Row] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Return whether this type of component has that property."""
        return name in self.values


def load(content: bytes) -> Json:
    """Return the form's JSON; raises Invalid when it is none with a list of components."""
    try:
        form = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict) or not isinstance(form.get("components"), list):
        raise Invalid([FieldError("components", "The form can't be read.", "无法读取该表单。")])
    return form


def dump(form: Json, before: bytes) -> bytes:
    """Return the form as a file; the very bytes of `before` when nothing changed."""
    try:
        if load(before) == form and json.dumps(load(before)) == json.dumps(form):
            return before
    except Invalid:
        pass
    return (json.dumps(form, ensure_ascii=False, indent=1) + "\n").encode()


def rows(form: Json) -> list[Row]:
    """Return the components as the editor lists them, those of groups inside them."""
    return list(_rows(form["components"], "", 0))


def _rows(components: list[Any], prefix: str, depth: int) -> Iterator[Row]:
    for index, component in enumerate(components):
        if not isinstance(component, dict):
            continue
        kind = str(component.get("type", ""))
        place = f"{prefix}{index}"
        row = Row(place, depth, kind, {one.name: shown(one, component) for one in PROPERTIES if kind in one.types},
                  index == 0, index == len(components) - 1)
        if kind in PARENTS and isinstance(component.get("components"), list):
            row.rows = list(_rows(component["components"], f"{place}.", depth + 1))
        yield row


def head(form: Json) -> dict[str, Any]:
    """Return what is edited of the form itself."""
    return {one.name: shown(one, form) for one in TOP}


def shown(one: Property, owner: Mapping[str, Any]) -> Any:
    """Return a property as its input shows it: a text, or a truth for flags."""
    value: Any = owner
    for name in one.path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if one.kind in {"flag", "property"}:
        return value in (True, "true")
    if value is None:
        return ""
    if one.kind == "options":
        return _options_text(value)
    if one.kind == "words":
        return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    if one.kind == "feel":
        return str(value).removeprefix("=") if one.name == "hide" else str(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _options_text(values: Any) -> str:
    lines = []
    for item in values if isinstance(values, list) else ():
        if isinstance(item, dict):
            parts = [_token(item.get("value")), str(item.get("label") or ""), str(item.get("label_en") or "")]
            lines.append(f" {SEPARATOR} ".join(parts).rstrip(f" {SEPARATOR}"))
    return "\n".join(lines)


def _token(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def apply(form: Json, given: Mapping[str, str]) -> Json:
    """Return the form with what was edited: inputs are `top.<name>` and `c.<place>.<name>`; raises Invalid by input.

    Only what differs from what the input showed is written; a flag counts when `<input>.shown` was sent with it.
    """
    edited = copy.deepcopy(form)
    errors: list[FieldError] = []
    for one in TOP:
        _edit(edited, one, f"top.{one.name}", given, errors)
    for place, component in _places(edited["components"], ""):
        for one in PROPERTIES:
            if component.get("type") in one.types:
                _edit(component, one, f"c.{place}.{one.name}", given, errors)
        _retype(component, given.get(f"c.{place}.type"))
    if errors:
        raise Invalid(errors)
    return edited


def _retype(component: Json, wanted: str | None) -> None:
    """Make a field one of another type: what the new type does not have goes, what it needs comes."""
    old = component.get("type")
    if wanted == old or wanted not in INPUTS or old not in INPUTS:
        return
    for one in PROPERTIES:
        if old in one.types and wanted not in one.types:
            _put(component, one.path, None)
    component.pop("defaultValue", None)
    component.get("properties", {}).pop("example", None)
    component["type"] = wanted
    for name, value in _new(wanted, set()).items():
        component.setdefault(name, value)


def _places(components: Any, prefix: str) -> Iterator[tuple[str, Json]]:
    for index, component in enumerate(components if isinstance(components, list) else ()):
        if isinstance(component, dict):
            yield f"{prefix}{index}", component
            if component.get("type") in PARENTS:
                yield from _places(component.get("components"), f"{prefix}{index}.")


def _edit(owner: Json, one: Property, name: str, given: Mapping[str, str], errors: list[FieldError]) -> None:
    now = shown(one, owner)
    if one.kind in {"flag", "property"}:
        wanted: Any = name in given
        if f"{name}.shown" not in given or wanted == now:
            return
        value: Any = (True if one.kind == "flag" else "true") if wanted else None
    else:
        if name not in given:
            return
        wanted = given[name].replace("\r\n", "\n")
        if wanted == now:
            return
        try:
            value = _value(one, wanted.strip(), owner)
        except ValueError:
            errors.append(FieldError(name, "This is not understood.", "无法识别该内容。"))
            return
    _put(owner, one.path, value)


def _value(one: Property, text: str, owner: Json) -> Any:
    """Return what is written for a text; None takes the entry away. Raises ValueError."""
    if not text:
        return None
    readers: Mapping[str, Callable[[], Any]] = {
        "number": lambda: _number(text),
        "words": text.split,
        "options": lambda: _options(text, owner.get("values")),
        "any": lambda: _any(text, str(owner.get("type"))),
        "feel": lambda: f"={text.removeprefix('=')}" if one.name == "hide" else text,
    }
    return readers.get(one.kind, lambda: text)()


def _number(text: str) -> int | float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return int(value) if value == int(value) else value


def _any(text: str, kind: str) -> Any:
    if text.startswith("="):
        return text
    if kind == "checkbox":
        return {"true": True, "false": False}[text] if text in {"true", "false"} else text
    if kind == "number":
        return _number(text)
    if kind in {"checklist", "taglist", "dynamiclist"}:
        return json.loads(text)
    return text


def _options(text: str, before: Any) -> list[Json]:
    known = {_token(item.get("value")): item for item in before or () if isinstance(item, dict)}
    options = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(SEPARATOR)]
        if not parts[0]:
            continue
        label, label_en = [*parts, "", ""][1:3]
        item = dict(known.get(parts[0], {}))
        value = item.get("value", {"true": True, "false": False}.get(parts[0], parts[0]))
        item |= {"label": label or parts[0], "value": value}
        item.pop("label_en", None)
        options.append({**item, "label_en": label_en} if label_en else item)
    return options


def _put(owner: Json, path: tuple[str, ...], value: Any) -> None:
    *outer, last = path
    inside = owner
    for name in outer:
        if not isinstance(inside.get(name), dict):
            if value is None:
                return
            inside[name] = {}
        inside = inside[name]
    if value is None:
        inside.pop(last, None)
        if outer and not inside:
            owner.pop(outer[0], None)
    else:
        inside[last] = value


# Adding, moving, removing


def _siblings(form: Json, place: str) -> tuple[list[Any], int]:
    """Return the list that a component stands in, and where; raises Invalid."""
    components, parts = form["components"], place.split(".")
    try:
        indexes = [int(part) for part in parts]
        for index in indexes[:-1]:
            components = components[index]["components"]
        if not 0 <= indexes[-1] < len(components):
            raise IndexError(place)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise Invalid([FieldError("place", "There is no such field any more.", "该字段已不存在。")]) from error
    return components, indexes[-1]


def move(form: Json, place: str, by: int) -> str:
    """Move a component among its siblings in place and return where it stands now; raises Invalid."""
    components, index = _siblings(form, place)
    target = min(max(index + by, 0), len(components) - 1)
    components.insert(target, components.pop(index))
    return ".".join([*place.split(".")[:-1], str(target)])


def remove(form: Json, place: str) -> None:
    """Take a component away in place; raises Invalid."""
    components, index = _siblings(form, place)
    del components[index]


def add(form: Json, kind: str, parent: str = "") -> str:
    """Add a component at the end, or of the group `parent`, in place; return where it stands. Raises Invalid."""
    if kind not in TYPES:
        raise Invalid([FieldError("type", "There is no such type of field.", "没有这种字段类型。")])
    components = form["components"]
    if parent:
        siblings, index = _siblings(form, parent)
        if siblings[index].get("type") not in PARENTS:
            raise Invalid([FieldError("place", "Only groups and lists hold fields.", "只有分组和列表可以包含字段。")])
        components = siblings[index].setdefault("components", [])
    components.append(_new(kind, {str(one.get("key")) for _, one in _places(form["components"], "")}))
    return f"{parent}.{len(components) - 1}".lstrip(".")


def _new(kind: str, keys: set[str]) -> Json:
    number = next(count for count in range(1, 10_000) if f"field_{count}" not in keys)
    component: Json = {"type": kind}
    if kind in INPUTS:
        component |= {"key": f"field_{number}", "label": f"新字段 {number}"}
        component["properties"] = {"label_en": f"New field {number}"}
    if kind in CHOICES:
        component["values"] = [{"label": "选项一", "value": "option_1", "label_en": "Option 1"},
                               {"label": "选项二", "value": "option_2", "label_en": "Option 2"}]  # fmt: skip
    extra: Mapping[str, Json] = {"datetime": {"subtype": "date"}, "textarea": {"validate": {"maxLength": 1000}},
                                 "textfield": {"validate": {"maxLength": 200}}, "text": {"text": "说明文字"},
                                 "group": {"label": "分组", "components": []}, "dynamiclist": {"components": []}}
    return component | copy.deepcopy(extra.get(kind, {}))
