"""What the fields of many forms are called, by their keys: for pages that show data without its form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.userforms.definition import Component, FormDefinition


@dataclass(frozen=True)
class Labels:
    """Words by key; each is (Chinese, English)."""

    names: Mapping[str, tuple[str, str]]
    options: Mapping[tuple[str, str], tuple[str, str]]  # by key and value


def labels_of(forms: Iterable[FormDefinition]) -> Labels:
    """Return the words of the forms' fields and options; the first form that names a key counts."""
    names: dict[str, tuple[str, str]] = {}
    options: dict[tuple[str, str], tuple[str, str]] = {}

    def keep(component: Component) -> None:
        if component.key:
            for name in (component.key, (component.case_fact or "").removeprefix("extra.")):
                names.setdefault(name, (component.label, component.label_en))
        for one in component.options:
            for name in (component.key, (component.case_fact or "").removeprefix("extra.")):
                options.setdefault((name, str(one.value)), (one.label, one.label_en))
        for inner in component.components:
            keep(inner)

    for form in forms:
        for component in form.components:
            keep(component)
    return Labels(names, options)
