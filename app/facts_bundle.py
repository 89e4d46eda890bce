"""What a bundle draws, decides and asks for, as plain facts: diagrams, decisions, forms, handlers, papers.

Built by `app.services.bundle_view`; read by everything that holds the running process against the written policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.errors import Finding
from app.facts import Element


@dataclass(frozen=True)
class Detail:
    """What is drawn at an element beyond facts.Element."""

    params: Mapping[str, str] = field(default_factory=dict)  # of a service task: name -> FEEL
    result: str | None = None  # variable that takes the call's result
    script: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()  # of a call activity: (target, source)
    outputs: tuple[tuple[str, str], ...] = ()
    default: str | None = None  # id of the default flow
    loop: str | None = None  # parallel | sequential | standard
    payload: str | None = None  # FEEL of what a message throws
    line: int | None = None


@dataclass(frozen=True)
class ProcessView:
    """One process as drawn."""

    key: str
    name: str
    file: str
    kind: str  # top | called | beside | standing
    start_message: str | None
    elements: tuple[Element, ...]  # nodes and flows, in document order
    details: Mapping[str, Detail]  # by element id
    properties: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[str, Element]:
        """Every element by its id."""
        return {element.id: element for element in self.elements}

    @property
    def nodes(self) -> Iterator[Element]:
        """The flow nodes."""
        return (element for element in self.elements if element.type != "sequenceFlow")

    @property
    def flows(self) -> Iterator[Element]:
        """The sequence flows."""
        return (element for element in self.elements if element.type == "sequenceFlow")


@dataclass(frozen=True)
class ColumnView:
    """An input column, with values that stand for all others: each allowed value, and both sides of every figure."""

    label: str
    expression: str  # FEEL
    type: str
    allowed: tuple[Any, ...]  # () where the table lists none
    samples: tuple[Any, ...]


@dataclass(frozen=True)
class RuleView:
    """A row of a decision table."""

    id: str
    tests: tuple[str, ...]  # FEEL of the input cells
    answers: tuple[str, ...]  # FEEL of the output cells
    values: Mapping[str, Any]  # output -> plain value; the FEEL text where it is no constant
    matches: tuple[frozenset[int], ...]  # per input column: the positions of the samples that its test accepts
    clauses: tuple[str, ...] = ()
    assumption: bool = False  # the rule is ours, not the texts'
    cells: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # output -> {clauses, also, basis}
    description: str = ""
    line: int | None = None


@dataclass(frozen=True)
class DecisionView:
    """A decision table."""

    id: str
    name: str
    file: str
    hit_policy: str
    inputs: tuple[ColumnView, ...]
    outputs: tuple[str, ...]
    rules: tuple[RuleView, ...]

    def hits(self, at: tuple[int, ...]) -> list[RuleView]:
        """Return the rules that fire where column n has its sample at[n]; only the first of a FIRST table."""
        if at not in self._fired:
            self._fired[at] = self._firing(at)
        return self._fired[at]

    @cached_property
    def _fired(self) -> dict[tuple[int, ...], list[RuleView]]:
        return {}

    def _firing(self, at: tuple[int, ...]) -> list[RuleView]:
        found = []
        for rule in self.rules:
            if all(position in matches for position, matches in zip(at, rule.matches, strict=True)):
                found.append(rule)
                if self.hit_policy == "FIRST":
                    break
        return found


@dataclass(frozen=True)
class FieldView:
    """A question of a form."""

    key: str
    label: str
    label_en: str
    type: str
    required: bool
    required_if: str | None = None  # FEEL
    hide: str | None = None  # FEEL
    options: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    readonly: bool = False
    case_fact: str | None = None
    clauses: tuple[str, ...] = ()
    within: str | None = None  # key of the list whose rows have it


@dataclass(frozen=True)
class FormView:
    """A form, and the paper that it is part of."""

    id: str
    name: str
    name_en: str
    file: str
    clauses: tuple[str, ...]
    fields: tuple[FieldView, ...]
    copies: int | None = None
    recipients: tuple[str, ...] = ()  # group codes that hold a copy, in order
    paper_title: str | None = None
    number_kind: str | None = None

    @cached_property
    def by_key(self) -> Mapping[str, FieldView]:
        """The fields by their keys; a list's rows as "list.key"."""
        return {f"{one.within}.{one.key}" if one.within else one.key: one for one in self.fields}


@dataclass(frozen=True)
class OperationView:
    """A handler's contract."""

    name: str
    kind: str  # local | effect | call
    params: Mapping[str, bool]  # name -> required


@dataclass(frozen=True)
class PaperView:
    """Who signs one kind of paper."""

    kind: str
    signers: tuple[str, ...]
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class BundleView:
    """Everything that one bundle draws, decides and asks for."""

    processes: Mapping[str, ProcessView]
    decisions: Mapping[str, DecisionView]
    forms: Mapping[str, FormView]
    operations: Mapping[str, OperationView] = field(default_factory=dict)
    papers: Mapping[str, PaperView] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()  # files that could not be read

    @property
    def elements(self) -> Iterator[Element]:
        """Every element of every process."""
        return (element for process in self.processes.values() for element in process.elements)

    def element(self, process: str, element: str) -> Element | None:
        """Return an element, or None."""
        found = self.processes.get(process)
        return found.by_id.get(element) if found is not None else None

    def detail(self, process: str, element: str) -> Detail:
        """Return what is drawn at an element beyond its record."""
        found = self.processes.get(process)
        return found.details.get(element, Detail()) if found is not None else Detail()
