"""What a bundle's diagrams may refer to outside themselves: groups, forms, operations, the policy's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OperationInfo:
    """What the lint knows of a service operation."""

    params: Mapping[str, bool]  # name -> required
    kind: str = "local"  # local | effect | call
    open_ended: bool = False  # takes further parameters


@dataclass(frozen=True)
class Catalog:
    """What diagrams may name; None means that it is not checked."""

    groups: Mapping[str, str] | None = None  # Chinese lane name -> group code
    forms: Mapping[str, frozenset[str] | None] | None = None  # form id -> the variables that it sets (None: unknown)
    operations: Mapping[str, OperationInfo] | None = None
    clauses: frozenset[str] | None = None
    activities: frozenset[str] | None = None
    milestones: frozenset[str] | None = None
    case_facts: frozenset[str] | None = None  # names after `case.`
    messages: frozenset[str] | None = None  # names that something outside the bundle sends or hears
    types: Mapping[str, str] = field(default_factory=dict)  # FEEL types of variables that are known

    def group_of(self, lane: str | None) -> str | None:
        """Return the group code of a lane's name, or None."""
        return (self.groups or {}).get(lane or "")
