"""What a form is: its components as frozen records, and what surrounds it when it is shown or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

ZONE = "Asia/Shanghai"

Evaluate = Callable[[str, Mapping[str, Any]], Any]

CHOICES = frozenset({"radio", "select"})
MULTIPLE = frozenset({"checklist", "taglist"})
TEXTS = frozenset({"textfield", "textarea"})
INPUTS = frozenset({"number", "checkbox", "datetime", "filepicker", "dynamiclist"}) | CHOICES | MULTIPLE | TEXTS
TYPES = INPUTS | {"group", "text", "separator"}


def no_case(_number: str) -> bool:
    """Say that there is no other case."""
    return False


def no_similar_case() -> None:
    """Say that no other case is known."""
    return


def no_file(_file_id: str) -> bool:
    """Say that no file exists: the answer where nothing was uploaded."""
    return False


@dataclass(frozen=True)
class FormContext:
    """What surrounds a form while it is shown or bound."""

    variables: Mapping[str, Any]  # the token's variables, and the names `case` and `profile`
    evaluate: Evaluate  # FEEL: text and context to a value
    file_exists: Callable[[str], bool] = no_file  # whether the sender may refer to this stored file
    zone: str = ZONE  # in which times without an offset are meant
    case_exists: Callable[[str], bool] = no_case  # whether another case has this number
    similar_case: Callable[[], str | None] = no_similar_case  # another case's number: the same customer's first


@dataclass(frozen=True)
class Option:
    """One answer of a question with given answers."""

    value: Any  # string, boolean or number
    label: str  # Chinese
    label_en: str

    def text(self, locale: str) -> str:
        """Return the label in `locale`."""
        return self.label if locale.startswith("zh") else self.label_en


@dataclass(frozen=True)
class Component:
    """One component of a form."""

    type: str
    key: str  # empty for group, text and separator
    label: str  # Chinese
    label_en: str
    help: str = ""
    help_en: str = ""
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None  # digits after the point at most
    currency: str | None = None  # an amount of money: stored as a decimal string
    subtype: str = "datetime"  # date | time | datetime
    multiple: bool = True  # filepicker
    accept: str = ""  # filepicker
    capture: str = ""  # filepicker: the phone's camera is offered
    options: tuple[Option, ...] = ()
    hide: str | None = None  # FEEL, without the leading =
    required_if: str | None = None  # FEEL
    prefill: str | None = None  # FEEL
    case_fact: str | None = None  # prefilled from and saved back to
    variable: bool = False
    readonly: bool = False
    default: Any = None
    example: Any = None  # a value, or FEEL after a leading =
    refers_to: str = ""  # "case": the answer is the number of another case
    rows: int = 1  # dynamiclist: rows shown at first
    clauses: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)  # as written in the file

    def text(self, locale: str) -> str:
        """Return the label in `locale`."""
        return self.label if locale.startswith("zh") else self.label_en

    def help_text(self, locale: str) -> str:
        """Return the help in `locale`; empty when there is none."""
        return self.help if locale.startswith("zh") else (self.help_en or self.help)


@dataclass(frozen=True)
class Field:
    """A component that takes input, with all conditions that hide it, its groups' included."""

    component: Component
    hides: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name of its value in a submission."""
        return self.component.key


@dataclass(frozen=True)
class FormDefinition:
    """A form, read and checked."""

    id: str
    name: str
    name_en: str
    components: tuple[Component, ...]
    clauses: tuple[str, ...] = ()
    paper: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""
    purpose_en: str = ""
    file: str = ""

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every component that takes input, groups opened, rows of lists not."""
        return tuple(flatten(self.components, ()))

    @cached_property
    def by_key(self) -> Mapping[str, Field]:
        """The fields by their keys."""
        return {found.key: found for found in self.fields}

    @cached_property
    def variables(self) -> frozenset[str]:
        """Keys whose values become process variables."""
        return frozenset(found.key for found in self.fields if found.component.variable)

    def title(self, locale: str) -> str:
        """Return the form's name in `locale`."""
        return self.name if locale.startswith("zh") else self.name_en


@dataclass(frozen=True)
class Submission:
    """What was filled in, typed and plain: everything in it can be written as JSON."""

    data: Mapping[str, Any]  # every field that was shown; unanswered ones are None
    variables: Mapping[str, Any]  # for the token; hidden ones are None, so that an old answer does not live on
    case_facts: Mapping[str, Any]  # for the case record: fact -> value, `flags` the whole list, the rest under `extra`
    hidden: frozenset[str] = frozenset()


def flatten(components: tuple[Component, ...], hides: tuple[str, ...] = ()) -> Iterator[Field]:
    """Give the components that take input, groups opened, each with what hides it."""
    for component in components:
        own = (*hides, component.hide) if component.hide else hides
        if component.type == "group":
            yield from flatten(component.components, own)
        elif component.type in INPUTS:
            yield Field(component, own)
