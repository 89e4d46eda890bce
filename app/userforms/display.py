"""Answers as people read them: labels instead of keys, words instead of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from app.userforms.definition import ZONE, Component, FormDefinition, flatten


@dataclass(frozen=True)
class Line:
    """One answer of a submission."""

    key: str
    label: str
    text: str  # empty for files and lists
    files: tuple[str, ...] = ()  # ids
    rows: tuple[tuple[Line, ...], ...] = ()  # of a list


def describe(definition: FormDefinition, data: Mapping[str, Any], locale: str, zone: str = ZONE) -> tuple[Line, ...]:
    """Return the answered fields of `data` in the form's order, then what the form does not know, under its key."""
    known = tuple(_lines((found.component for found in definition.fields), data, locale, zone))
    rest = tuple(Line(key, key, str(value)) for key, value in data.items()
                 if key not in definition.by_key and value not in (None, "", []))
    return known + rest


def show_value(component: Component, value: Any, locale: str, zone: str = ZONE) -> str:
    """Return one answer in words; empty for none, and for files."""
    if value is None or value == "" or value == [] or component.type in {"filepicker", "dynamiclist"}:
        return ""
    if component.type == "checkbox":
        return _word(value is True, locale)
    if isinstance(value, list):
        comma = "、" if locale.startswith("zh") else ", "
        return comma.join(_option(component, item, locale) for item in value)
    if component.options:
        return _option(component, value, locale)
    if component.type == "datetime" and component.subtype == "datetime":
        return _moment(str(value), zone)
    if component.currency:
        return _money(str(value), component.currency, locale)
    return str(value)


def _money(amount: str, currency: str, locale: str) -> str:
    """Return an amount as it is written: 2,000.00 元, CNY 2,000.00."""
    with suppress(InvalidOperation):  # kept before the form checked it
        amount = f"{Decimal(amount):,}"
    if locale.startswith("zh"):
        return f"{amount} {'元' if currency == 'CNY' else currency}"
    return f"{currency} {amount}"


def _lines(components: Iterator[Component], data: Mapping[str, Any], locale: str, zone: str) -> Iterator[Line]:
    for component in components:
        value = data.get(component.key)
        if value is None or value == "" or value == []:
            continue
        label = component.text(locale)
        if component.type == "filepicker":
            yield Line(component.key, label, "", files=tuple(str(item) for item in value))
        elif component.type == "dynamiclist":
            inner = tuple(found.component for found in flatten(component.components))
            yield Line(component.key, label, "", rows=tuple(
                tuple(_lines(iter(inner), row, locale, zone)) for row in value if isinstance(row, Mapping)))
        else:
            yield Line(component.key, label, show_value(component, value, locale, zone))


def _option(component: Component, value: Any, locale: str) -> str:
    for option in component.options:
        if option.value == value and isinstance(option.value, bool) == isinstance(value, bool):
            return option.text(locale)
    return _word(value, locale) if isinstance(value, bool) else str(value)


def _word(answer: bool, locale: str) -> str:
    if locale.startswith("zh"):
        return "是" if answer else "否"
    return "Yes" if answer else "No"


def _moment(text: str, zone: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    local = moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment
    return local.strftime("%Y-%m-%d %H:%M")
