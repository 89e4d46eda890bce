"""A form as a page shows it: a Flask-WTF class built from the definition, and what the templates walk through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)

from app.errors import FieldError, Invalid
from app.userforms.conditions import hidden_whatever_is_answered
from app.userforms.definition import MULTIPLE, Component, FormContext, FormDefinition, Submission, flatten
from app.userforms.display import show_value
from app.userforms.submission import MAX_ROWS, bind, prefilled, visibility

KeepFile = Callable[[FileStorage], str]  # stores an upload and returns its id
NameOfFile = Callable[[str], str]

ADD_ROW = "_add_row"  # name of the buttons; the value is the list's key
REMOVE_ROW = "_remove_row"  # the value is key:index


@dataclass
class Node:
    """One thing that the templates draw."""

    kind: str  # the component's type
    key: str
    id: str  # in the page; "" for what is not an input
    name: str  # of the input
    label: str
    help: str
    component: Component
    bound: Any = None  # the WTForms field
    choices: list[tuple[str, str]] = field(default_factory=list)  # (value in the browser, label)
    required: bool = False
    conditional: bool = False  # may be hidden while the form is filled in
    hidden: bool = False  # by the answers that stand now
    readonly: bool = False
    text: str = ""  # of a read-only field
    files: list[str] = field(default_factory=list)  # ids that are attached already
    errors: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)  # of a group
    rows: list[list[Node]] = field(default_factory=list)  # of a list


class WebForm:
    """A form for one person and one page view, filled from a draft, from what the server proposes, or from a POST.

    GET: draw it with the macros of templates/forms/_fields.html. POST: `row_button()` says whether only a row was added
    or removed (call `raw(keep_file)`, then draw again); else `raw(keep_file)` is what to send to the service, and
    `show_errors` shows its Invalid.
    """

    def __init__(self, definition: FormDefinition, context: FormContext, locale: str, data: Mapping[str, Any] | None,
                 name_of_file: NameOfFile, id_prefix: str = "f-") -> None:
        self.definition = definition
        self.context = context
        self.locale = locale
        self.name_of_file = name_of_file
        self.id_prefix = id_prefix  # tells the fields of two forms on one page apart
        self.values = prefilled(definition, context) | dict(data or {})
        self.gone = hidden_whatever_is_answered(definition, context)
        self.errors: list[FieldError] = []
        shown = [found.component for found in definition.fields
                 if found.key not in self.gone and not found.component.readonly]
        form_class = type(f"{definition.id}_form", (FlaskForm,), _declared(shown, locale))
        self.form = form_class(data=_for_browser(shown, self.values, context.zone))
        self.kept = dict(self._kept_files(shown))  # input name -> ids of files that are attached already

    def accepted(self) -> bool:
        """Return whether this is a POST that carries its CSRF token; what is wrong is in `form.errors`."""
        return bool(self.form.validate_on_submit())

    def row_button(self) -> bool:
        """Return whether a button for rows was pressed; the row is added or removed already."""
        if not self.form.is_submitted():
            return False
        entries = self._list(request.form.get(ADD_ROW, ""))
        if entries is not None:
            if len(entries.entries) < MAX_ROWS:
                entries.append_entry()
            return True
        key, _, index = request.form.get(REMOVE_ROW, "").rpartition(":")
        entries = self._list(key)
        if entries is None:
            return False
        if index.isdigit() and int(index) < len(entries.entries):
            del entries.entries[int(index)]
        return True

    def raw(self, keep_file: KeepFile | None = None) -> dict[str, Any]:
        """Return what was filled in, every shown field by its key; `keep_file` stores an upload and returns its id.

        Without `keep_file` new uploads are left alone: enough for drafts and for `hidden_now`.
        """
        shown = [found.component for found in self.definition.fields
                 if found.key not in self.gone and not found.component.readonly]
        return {component.key: self._value(component, self.form[component.key], keep_file) for component in shown}

    def check(self, raw: Mapping[str, Any]) -> Submission | None:
        """Return the submission, or None after the errors were put to their fields."""
        try:
            return bind(self.definition, raw, self.context)
        except Invalid as error:
            self.show_errors(error.errors)
            return None

    def show_errors(self, errors: Iterable[FieldError]) -> None:
        """Put errors to their fields; those of no field here are in `problems` all the same."""
        self.errors = list(errors)

    def hidden_now(self) -> dict[str, list[str]]:
        """Return {"hidden": keys, "required": keys} for what is filled in now: the answer for conditional_fields.js."""
        return visibility(self.definition, self.raw(), self.context)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Every error as (id of its input or "", label, message), for the summary above the form."""
        by_place = {node.name: node for node in _walk(self.nodes)}
        found = []
        for error in self.errors:
            node = by_place.get(_name_of(error.field))
            found.append((node.id if node else "", node.label if node else error.field, error.message(self.locale)))
        return found

    @property
    def nodes(self) -> list[Node]:
        """What the templates draw, in order."""
        answers = self.raw() if self.form.is_submitted() else self.values
        state = visibility(self.definition, answers, self.context)
        return list(self._nodes(self.definition.components, self.form, frozenset(state["hidden"]),
                                frozenset(state["required"]), False))

    def _nodes(self, components: Iterable[Component], form: Any, hidden: frozenset[str], required: frozenset[str],
               conditional: bool) -> Iterator[Node]:
        for component in components:
            inside = conditional or component.hide is not None
            if component.type == "group":
                children = list(self._nodes(component.components, form, hidden, required, inside))
                if children:
                    node = self._plain(component)
                    node.nodes = children
                    node.conditional = component.hide is not None
                    node.hidden = all(child.hidden for child in children)
                    yield node
            elif component.type in {"text", "separator"}:
                yield self._plain(component)
            elif component.key not in self.gone:
                node = self._readonly(component) if component.readonly else self._input(component, form[component.key])
                node.conditional = inside
                node.hidden = component.key in hidden
                node.required = component.key in required
                yield node

    def _plain(self, component: Component) -> Node:
        return Node(component.type, component.key, "", "", component.text(self.locale),
                    component.help_text(self.locale), component)

    def _readonly(self, component: Component) -> Node:
        node = self._plain(component)
        node.readonly = True
        value = self.values.get(component.key)
        node.text = show_value(component, value, self.locale, self.context.zone)
        node.files = list(value) if component.type == "filepicker" and isinstance(value, list) else []
        return node

    def _input(self, component: Component, bound: Any) -> Node:
        node = self._plain(component)
        node.bound, node.name, node.id = bound, bound.name, self.id_prefix + bound.name
        node.files = self.kept.get(bound.name, [])
        node.choices = [(_token(option.value), option.text(self.locale)) for option in component.options]
        node.errors = [error.message(self.locale) for error in self.errors if _name_of(error.field) == bound.name]
        node.required = component.required
        if component.type == "dynamiclist":
            node.rows = [list(self._row(component.components, entry.form, index, component.key))
                         for index, entry in enumerate(bound.entries)]
        return node

    def _row(self, components: Iterable[Component], form: Any, index: int, key: str) -> Iterator[Node]:
        for component in components:
            if component.type == "group":
                yield from self._row(component.components, form, index, key)
            elif component.type not in {"text", "separator"}:
                node = self._input(component, form[component.key])
                place = f"{key}[{index}].{component.key}"
                node.errors = [error.message(self.locale) for error in self.errors if error.field == place]
                yield node

    def _value(self, component: Component, bound: Any, keep_file: KeepFile | None) -> Any:
        if component.type == "filepicker":
            kept = self.kept.setdefault(bound.name, [])
            if keep_file is not None:
                new = [item for item in bound.data or () if isinstance(item, FileStorage) and item.filename]
                kept.extend(keep_file(item) for item in new)
                bound.data = []  # stored: a second call must not store them again
            return list(kept)
        if component.type == "dynamiclist":
            inner = [found.component for found in flatten(component.components)]
            rows = [{child.key: self._value(child, entry.form[child.key], keep_file) for child in inner}
                    for entry in bound.entries]
            return [row for row in rows if any(value not in (None, "", [], False) for value in row.values())]
        if component.type == "checkbox":
            return bool(bound.data)
        if _is_multiple_choice(component):
            return list(bound.data or ())
        return bound.data if bound.data not in ("", None) else None

    def _kept_files(self, components: Iterable[Component]) -> Iterator[tuple[str, list[str]]]:
        for component in components:
            bound = self.form[component.key]
            value = self.values.get(component.key)
            if component.type == "filepicker":
                yield bound.name, self._kept(bound.name, value)
            elif component.type == "dynamiclist":
                pickers = [found.key for found in flatten(component.components)
                           if found.component.type == "filepicker"]
                for index, entry in enumerate(bound.entries):
                    row = value[index] if isinstance(value, list) and index < len(value) else {}
                    for key in pickers:
                        yield entry.form[key].name, self._kept(entry.form[key].name, row.get(key))

    def _kept(self, name: str, value: Any) -> list[str]:
        if self.form.is_submitted():
            return [item for item in request.form.getlist(f"{name}.kept") if len(item) <= 64]
        return [str(item) for item in value] if isinstance(value, list) else []

    def _list(self, key: str) -> Any:
        found = self.definition.by_key.get(key)
        if found is None or found.component.type != "dynamiclist" or key in self.gone:
            return None
        return self.form[key]


def build_form(definition: FormDefinition, context: FormContext, locale: str = "zh",
               data: Mapping[str, Any] | None = None, name_of_file: NameOfFile = str, id_prefix: str = "f-") -> WebForm:
    """Return the form for this request, filled from the POST, else from `data` (a draft) over what is proposed."""
    return WebForm(definition, context, locale, data, name_of_file, id_prefix)


def _declared(components: Iterable[Component], locale: str) -> dict[str, Any]:
    return {component.key: _wtf_field(component, locale) for component in components}


def _wtf_field(component: Component, locale: str) -> Any:
    """Fields take whatever the browser sends: what is right is decided once, by bind."""
    label = component.text(locale)
    if component.type == "dynamiclist":
        inner = [found.component for found in flatten(component.components)]
        row = type(f"{component.key}_row", (Form,), _declared(inner, locale))
        return FieldList(FormField(row), label, min_entries=component.rows, max_entries=MAX_ROWS)
    if component.type == "checkbox":
        return BooleanField(label)
    if component.type == "filepicker":
        return MultipleFileField(label)
    if component.type == "radio":
        return RadioField(label, choices=[], validate_choice=False, coerce=_token_or_none)
    if component.type == "select":
        return SelectField(label, choices=[], validate_choice=False, coerce=_token_or_none)
    if _is_multiple_choice(component):
        return SelectMultipleField(label, choices=[], validate_choice=False)
    return TextAreaField(label) if component.type == "textarea" else StringField(label)


def _is_multiple_choice(component: Component) -> bool:
    return component.type in MULTIPLE and bool(component.options)


def _token(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _token_or_none(value: Any) -> str:
    return "" if value is None else _token(value)


def _for_browser(components: Iterable[Component], values: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return {component.key: _browser_value(component, values.get(component.key), zone) for component in components
            if values.get(component.key) is not None}


def _browser_value(component: Component, value: Any, zone: str) -> Any:
    if component.type == "dynamiclist":
        inner = [found.component for found in flatten(component.components)]
        return [_for_browser(inner, row, zone) for row in value if isinstance(row, Mapping)]
    if component.type == "filepicker":
        return []
    if _is_multiple_choice(component):
        return [_token(item) for item in value] if isinstance(value, list) else []
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    if component.type == "checkbox":
        return value is True
    if component.type == "datetime" and component.subtype == "datetime":
        return _local(str(value), zone)
    return _token(value)


def _local(text: str, zone: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).strftime("%Y-%m-%dT%H:%M")


def _name_of(place: str) -> str:
    """The input's name of an error's place: items[0].name -> items-0-name."""
    return place.replace("[", "-").replace("].", "-").replace("]", "")


def _walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.nodes)
        for row in node.rows:
            yield from _walk(row)
