"""Reads a form's JSON into a definition, and says what is wrong with it where it is not our subset of form-js."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from app.errors import Finding, Refused
from app.userforms.definition import CHOICES, INPUTS, MULTIPLE, TYPES, Component, FormDefinition, Option

MAX_BYTES = 300_000
MAX_COMPONENTS = 400
MAX_DEPTH = 4
MAX_TEXT = 4000
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
# Names that a WTForms form or the page around it uses itself.
RESERVED = frozenset({
    "data", "errors", "meta", "validate", "process", "populate_obj", "hidden_tag", "csrf_token", "csrf", "is_submitted",
    "validate_on_submit", "form_errors", "definition", "context", "locale", "submission", "revision", "on_behalf"})

_TOP = frozenset({"type", "schemaVersion", "id", "name", "name_en", "purpose", "purpose_en", "clauses", "paper",
                  "components", "exporter", "executionPlatform", "executionPlatformVersion", "note"})
_COMMON = frozenset({"type", "id", "key", "label", "description", "properties", "conditional", "layout", "appearance"})
_INPUT = _COMMON | {"validate", "defaultValue", "readonly", "disabled"}
_KEYS: Mapping[str, frozenset[str]] = {
    "textfield": _INPUT, "textarea": _INPUT, "checkbox": _INPUT,
    "number": _INPUT | {"decimalDigits", "increment", "serializeToString"},
    "radio": _INPUT | {"values"}, "select": _INPUT | {"values", "searchable"},
    "checklist": _INPUT | {"values"}, "taglist": _INPUT | {"values"},
    "datetime": _INPUT | {"subtype", "dateLabel", "timeLabel", "timeSerializingFormat", "timeInterval", "use24h",
                          "disallowPassedDates"},
    "filepicker": _INPUT | {"multiple", "accept"},
    "dynamiclist": _INPUT | {"components", "path", "defaultRepetitions", "allowAddRemove", "showOutline",
                             "isRepeating", "disableCollapse", "nonCollapsedItems"},
    "group": _COMMON | {"components", "showOutline"},
    "text": _COMMON | {"text"}, "separator": _COMMON,
}
_VALIDATE = frozenset({"required", "minLength", "maxLength", "pattern", "min", "max", "validationType"})
_PROPERTIES = frozenset({"variable", "case", "prefill", "required_if", "readonly", "data_type", "label_en", "help_en",
                         "clauses", "example", "refers_to", "currency", "capture", "text_en", "note"})


def read_form(data: bytes, file: str) -> FormDefinition:
    """Return the definition in `data`; raises Refused with every finding when it is not one of ours."""
    definition, findings = parse_form(data, file)
    errors = [finding for finding in findings if finding.severity == "error"]
    if definition is None or errors:
        raise Refused(errors)
    return definition


def parse_form(data: bytes, file: str) -> tuple[FormDefinition | None, list[Finding]]:
    """Return the definition (None when there is nothing to build on) and what is wrong with it."""
    reader = _Reader(data, file)
    return reader.read(), reader.findings


class _Reader:
    """One reading of one file."""

    def __init__(self, data: bytes, file: str) -> None:
        self.bytes = data
        self.text = ""
        self.file = file
        self.findings: list[Finding] = []
        self.count = 0

    def read(self) -> FormDefinition | None:
        raw = self._json()
        if raw is None:
            return None
        self._unknown(raw, _TOP, None)
        form_id = self._string(raw, "id", None)
        if not KEY.fullmatch(form_id):
            self._error(None, "bad_id", "表单 id 须以小写字母开头，只含小写字母、数字和下划线",
                        "a form's id starts with a lower-case letter and has only a-z, 0-9 and _")
        components = self._components(raw.get("components"), 0, None)
        name = self._string(raw, "name", None) or form_id
        paper = raw.get("paper")
        return FormDefinition(
            id=form_id, name=name, name_en=self._string(raw, "name_en", None) or humanise(form_id),
            components=components, clauses=self._strings(raw.get("clauses"), None, "clauses"),
            paper=paper if isinstance(paper, dict) else {}, purpose=self._string(raw, "purpose", None),
            purpose_en=self._string(raw, "purpose_en", None), file=self.file)

    def _json(self) -> dict[str, Any] | None:
        if len(self.bytes) > MAX_BYTES:
            self._error(None, "too_large", f"表单文件超过 {MAX_BYTES // 1000} KB",
                        f"a form is at most {MAX_BYTES // 1000} kB")
            return None
        try:
            self.text = self.bytes.decode("utf-8-sig")
            raw = json.loads(self.text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            self.findings.append(Finding(self.file, None, line, "not_json", "error", "表单不是有效的 JSON",
                                         f"the form is not valid JSON: {str(error)[:200]}"))
            return None
        if not isinstance(raw, dict):
            self._error(None, "not_an_object", "表单须是一个 JSON 对象", "a form is a JSON object")
            return None
        return raw

    def _components(self, raw: Any, depth: int, parent: str | None) -> tuple[Component, ...]:
        if not isinstance(raw, list):
            self._error(parent, "no_components", "缺少 components 列表", "the list of components is missing")
            return ()
        if depth > MAX_DEPTH:
            self._error(parent, "too_deep", "分组层数过多", "components are nested too deeply")
            return ()
        found: list[Component] = []
        for item in raw:
            self.count += 1
            if self.count > MAX_COMPONENTS:
                if self.count == MAX_COMPONENTS + 1:
                    self._error(parent, "too_many", f"组件多于 {MAX_COMPONENTS} 个",
                                f"a form has at most {MAX_COMPONENTS} components")
                break
            component = self._component(item, depth, parent)
            if component is not None:
                found.append(component)
        return tuple(found)

    def _component(self, raw: Any, depth: int, parent: str | None) -> Component | None:
        if not isinstance(raw, dict):
            self._error(parent, "not_a_component", "组件须是 JSON 对象", "a component is a JSON object")
            return None
        kind = raw.get("type")
        key = self._key(raw)
        if not isinstance(kind, str) or kind not in TYPES:
            self._error(key or parent, "unknown_type", f"不支持的组件类型：{str(kind)[:40]}",
                        f"unknown component type: {str(kind)[:40]}")
            return None
        self._unknown(raw, _KEYS[kind], key or None)
        if kind in INPUTS and not KEY.fullmatch(key):
            self._error(key or parent, "bad_key", "字段的 key 须以小写字母开头，只含小写字母、数字和下划线",
                        "a field's key starts with a lower-case letter and has only a-z, 0-9 and _")
            return None
        if key in RESERVED:
            self._error(key, "reserved_key", f"key「{key}」由系统使用，请换一个", f"the key {key!r} is reserved")
        properties = self._mapping(raw.get("properties"), key, "properties")
        self._unknown(properties, _PROPERTIES, key, "properties")
        return self._build(kind, key, raw, properties, depth)

    def _build(self, kind: str, key: str, raw: dict[str, Any], properties: dict[str, Any], depth: int) -> Component:
        validate = self._mapping(raw.get("validate"), key, "validate")
        self._unknown(validate, _VALIDATE, key, "validate")
        children = self._components(raw.get("components"), depth + 1, key) if kind in {"group", "dynamiclist"} else ()
        label = (self._string(raw, "label", key) or self._string(raw, "dateLabel", key)
                 or self._string(raw, "timeLabel", key))
        text = self._string(raw, "text", key)
        if kind == "dynamiclist":
            self._rows(children)
        readonly = raw.get("readonly") is True or _flag(properties, "readonly")
        return Component(
            type=kind, key=key, label=label or text or key,
            label_en=(self._string(properties, "label_en", key) or self._string(properties, "text_en", key)
                      or humanise(key)),
            help=self._string(raw, "description", key), help_en=self._string(properties, "help_en", key),
            required=validate.get("required") is True,
            min_length=self._whole(validate, "minLength", key), max_length=self._whole(validate, "maxLength", key),
            pattern=self._string(validate, "pattern", key) or None,
            minimum=self._number(validate, "min", key), maximum=self._number(validate, "max", key),
            decimals=self._whole(raw, "decimalDigits", key), currency=self._string(properties, "currency", key) or None,
            subtype=self._subtype(raw, kind, key), multiple=raw.get("multiple") is not False,
            accept=self._string(raw, "accept", key), capture=self._string(properties, "capture", key),
            options=self._options(raw, kind, key), hide=self._hide(raw, key),
            required_if=_feel(self._string(properties, "required_if", key)),
            prefill=_feel(self._string(properties, "prefill", key)),
            case_fact=self._string(properties, "case", key) or None, variable=_flag(properties, "variable"),
            readonly=readonly, default=raw.get("defaultValue"), example=properties.get("example"),
            refers_to=self._string(properties, "refers_to", key),
            rows=min(self._whole(raw, "defaultRepetitions", key) or 1, 20),
            clauses=tuple(self._string(properties, "clauses", key).split()), components=children, source=raw)

    def _rows(self, children: tuple[Component, ...]) -> None:
        """What a row of a list cannot hold: another list, and what only the whole form has."""
        for child in children:
            if child.type == "dynamiclist":
                self._error(child.key, "nested_list", "列表中不能再有列表", "a list cannot hold another list")
            elif child.variable or child.case_fact or child.readonly or child.prefill:
                self._error(child.key, "row_property", "列表的行内不能用 variable、case、prefill、readonly",
                            "variable, case, prefill and readonly are not offered inside the rows of a list")
            elif child.type == "group":
                self._rows(child.components)

    def _key(self, raw: dict[str, Any]) -> str:
        key, path = raw.get("key"), raw.get("path")
        if raw.get("type") == "dynamiclist" and key is None:
            key = path  # form-js names a list by its path alone
        return key if isinstance(key, str) and len(key) <= 60 else ""

    def _hide(self, raw: dict[str, Any], key: str) -> str | None:
        conditional = self._mapping(raw.get("conditional"), key, "conditional")
        self._unknown(conditional, frozenset({"hide"}), key, "conditional")
        return _feel(self._string(conditional, "hide", key))

    def _subtype(self, raw: dict[str, Any], kind: str, key: str) -> str:
        subtype = raw.get("subtype", "datetime" if kind == "datetime" else "")
        if kind == "datetime" and subtype not in {"date", "time", "datetime"}:
            self._error(key, "bad_subtype", "subtype 须为 date、time 或 datetime", "subtype is date, time or datetime")
            return "datetime"
        return str(subtype)

    def _options(self, raw: dict[str, Any], kind: str, key: str) -> tuple[Option, ...]:
        if kind not in CHOICES | MULTIPLE:
            return ()
        values = raw.get("values", [])
        if not isinstance(values, list) or (not values and kind != "taglist"):
            self._error(key, "no_options", "缺少选项 values", "the options (values) are missing")
            return ()
        found: list[Option] = []
        for item in values[:300]:
            value = item.get("value") if isinstance(item, dict) else None
            if not isinstance(item, dict) or not isinstance(value, str | bool | int | float) or value == "":
                self._error(key, "bad_option", "选项须有 value 与 label", "an option has a value and a label")
                continue
            self._unknown(item, frozenset({"label", "value", "label_en"}), key, "values")
            label = self._string(item, "label", key) or str(value)
            found.append(Option(value, label, self._string(item, "label_en", key) or humanise(str(value))))
        if len({str(option.value).lower() for option in found}) != len(found):
            self._error(key, "duplicate_option", "选项的 value 重复", "two options have the same value")
        return tuple(found)

    def _mapping(self, raw: Any, key: str, what: str) -> dict[str, Any]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self._error(key, "not_an_object", f"{what} 须是 JSON 对象", f"{what} is a JSON object")
            return {}
        return raw

    def _string(self, raw: Mapping[str, Any], name: str, key: str | None) -> str:
        value = raw.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | int | float):
            return str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self._error(key, "not_text", f"{name} 须是文字", f"{name} is a text")
            return ""
        return value.strip()

    def _strings(self, raw: Any, key: str | None, name: str) -> tuple[str, ...]:
        if isinstance(raw, str):
            return tuple(raw.split())
        if raw is None:
            return ()
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            self._error(key, "not_a_list", f"{name} 须是文字列表", f"{name} is a list of texts")
            return ()
        return tuple(raw)

    def _whole(self, raw: Mapping[str, Any], name: str, key: str) -> int | None:
        value = self._number(raw, name, key)
        if value is None:
            return None
        if value != int(value) or not 0 <= value <= 1_000_000:
            self._error(key, "bad_number", f"{name} 须是不小于 0 的整数", f"{name} is a whole number from 0 up")
            return None
        return int(value)

    def _number(self, raw: Mapping[str, Any], name: str, key: str) -> float | None:
        value = raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(float(value)):
            self._error(key, "bad_number", f"{name} 须是数字", f"{name} is a number")
            return None
        return value

    def _unknown(self, raw: Mapping[str, Any], known: frozenset[str], key: str | None, where: str = "") -> None:
        for name in raw:
            if name not in known:
                at = f"{where}." if where else ""
                self._error(key, "unknown_property", f"不认识的属性：{at}{name[:40]}",
                            f"unknown property: {at}{name[:40]}")

    def _error(self, key: str | None, rule: str, zh: str, en: str) -> None:
        self.findings.append(Finding(self.file, key or None, line_of(self.text, key), rule, "error", zh, en))


def humanise(key: str) -> str:
    """Return the key in words: customer_name -> Customer name."""
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def line_of(text: str, key: str | None) -> int | None:
    """Return the 1-based line where the key is first written; None when it isn't."""
    if not key:
        return None
    found = re.search(r'"(?:key|path)"\s*:\s*' + re.escape(json.dumps(key)), text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _feel(text: str) -> str | None:
    """FEEL with or without form-js's leading =; None when empty."""
    return text.removeprefix("=").strip() or None


def _flag(properties: Mapping[str, Any], name: str) -> bool:
    return properties.get(name) in (True, "true")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
