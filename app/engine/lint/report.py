"""Collecting findings: each with its file, element, line, rule, severity and advice in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from app.engine.catalog import Catalog
from app.engine.diagram import Diagram, Process
from app.errors import Finding


class Place(Protocol):
    """Something in a file that a finding can point at."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def line(self) -> int | None:
        """Its line, from 1."""


@dataclass
class Report:
    """The findings of one file."""

    file: str
    findings: list[Finding] = field(default_factory=list)

    def error(self, rule: str, place: Place | None, zh: str, en: str) -> None:
        """Add what must be changed before the diagram can run."""
        self._add(rule, "error", place, zh, en)

    def warning(self, rule: str, place: Place | None, zh: str, en: str) -> None:
        """Add what is probably a mistake."""
        self._add(rule, "warning", place, zh, en)

    def info(self, rule: str, place: Place | None, zh: str, en: str) -> None:
        """Add what is worth knowing."""
        self._add(rule, "info", place, zh, en)

    def _add(self, rule: str, severity: str, place: Place | None, zh: str, en: str) -> None:
        element = (place.id or None) if place is not None else None
        self.findings.append(
            Finding(self.file, element, place.line if place is not None else None, rule, severity, zh, en)
        )


@dataclass(frozen=True)
class Subject:
    """What one check looks at: a process in its file, and all that the bundle knows."""

    diagram: Diagram
    process: Process
    catalog: Catalog
    processes: dict[str, Process]  # all of the bundle, by id
    outputs: dict[str, tuple[str, ...]]  # decision -> names of its outputs
    report: Report
