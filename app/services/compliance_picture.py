"""The policy held against what is deployed: each clause with what carries it out, its figures and where it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.facts import Element
from app.facts_bundle import BundleView
from app.handling import Registry
from app.policy.coverage import Coverage
from app.policy.drift import Drift
from app.policy.papers import read_papers
from app.policy.register import Register
from app.services.bundle_view import deployed_files, view_of_files
from app.services.coverage import DeployedCoverage, Judgement
from app.services.definitions import read_files
from app.services.drift import Drifts
from app.services.policies import Policies
from app.store.models import Deployment

HOWS = ("drawn", "decided", "recorded", "handled", "reported")


@dataclass(frozen=True)
class Lit:
    """An element that carries a clause out, and how."""

    element: Element
    hows: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """Everything about the clauses that only a deployment or a change of the policy alters."""

    key: tuple[Any, ...]
    register: Register
    coverage: Mapping[str, Coverage]
    comparisons: tuple[Drift, ...]  # agreement included
    view: BundleView
    files: Mapping[str, bytes]
    judged: Judgement  # what `coverage` was taken from

    @property
    def drift(self) -> list[Drift]:
        """What deviates, waived or not."""
        return [one for one in self.comparisons if one.is_reported]

    @cached_property
    def compared(self) -> Mapping[str, tuple[Drift, ...]]:
        """What was compared of each clause, and of the clause that it repeats."""
        found: dict[str, list[Drift]] = {}
        for one in self.comparisons:
            found.setdefault(one.clause, []).append(one)
        for clause in self.register.clauses.values():
            if clause.same_as in found and clause.id not in found:
                found[clause.id] = found[clause.same_as]
        return {clause: tuple(rows) for clause, rows in found.items()}

    @cached_property
    def lit(self) -> Mapping[str, Mapping[str, tuple[Lit, ...]]]:
        """Where each clause is carried out: clause -> process -> elements."""
        return {clause: self._lit(one) for clause, one in self.coverage.items()}

    def diagram(self, process: str) -> bytes | None:
        """Return the BPMN of a process as it is deployed, or None."""
        found = self.view.processes.get(process)
        return self.files.get(found.file) if found is not None else None

    def _lit(self, one: Coverage) -> Mapping[str, tuple[Lit, ...]]:
        hows: dict[tuple[str, str], list[str]] = {}
        for where in one.where:
            for process, element, how in self._places(where):
                known = hows.setdefault((process, element), [])
                if how not in known:
                    known.append(how)
        found: dict[str, list[Lit]] = {}
        for (process, element), told in hows.items():
            lit = Lit(self.view.processes[process].by_id[element], tuple(sorted(told, key=HOWS.index)))
            found.setdefault(process, []).append(lit)
        return {process: tuple(rows) for process, rows in sorted(found.items(), key=lambda row: -len(row[1]))}

    def _places(self, where: str) -> Iterator[tuple[str, str, str]]:
        kind, colon, rest = where.partition(":")
        if not colon or kind == "report":
            process, _, element = (rest if colon else where).partition(".")
            if process in self.view.processes and element in self.view.processes[process].by_id:
                yield process, element, "reported" if colon else "drawn"
            return
        if kind == "process" and rest in self.view.processes:
            yield from ((rest, one.id, "drawn") for one in self.view.processes[rest].nodes
                        if one.type == "startEvent" and one.parent is None)
        how = {"decision": "decided", "form": "recorded", "paper": "recorded", "handler": "handled"}.get(kind)
        if how is not None:
            yield from ((*place, how) for place in self._users.get((kind, rest.partition(".")[0]), ()))

    @cached_property
    def _users(self) -> Mapping[tuple[str, str], list[tuple[str, str]]]:
        """The elements that use a decision, a form, a handler, or open a paper."""
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for key, process in self.view.processes.items():
            for one in process.nodes:
                paper = self.view.detail(key, one.id).params.get("kind", "").strip('"')
                used = (("decision", one.decision), ("form", one.form), ("handler", one.operation),
                        ("paper", paper if one.operation == "open_document" else None))
                for kind, name in used:
                    if name:
                        found.setdefault((kind, name), []).append((key, one.id))
        return found


class Pictures:
    """Draws the picture anew only when deployment, register or day have changed."""

    def __init__(self, session: Callable[[], Session], root: Path, policies: Policies, coverage: DeployedCoverage,
                 drifts: Drifts, registry: Registry) -> None:
        self._session, self._root, self._policies = session, root, policies
        self._coverage, self._drifts, self._registry = coverage, drifts, registry
        self._kept: Picture | None = None
        self._lock = Lock()

    def now(self) -> Picture:
        """Return the picture of what is deployed and in force now."""
        key = self._key()
        judged = self._coverage.now()
        kept = self._kept
        if kept is not None and kept.key == key and kept.judged is not judged:  # a link was reviewed
            kept = self._kept = replace(kept, judged=judged, coverage={one.clause: one for one in judged.clauses})
        if kept is None or kept.key != key:
            with self._lock:  # it takes seconds: whoever comes meanwhile waits for the same one
                kept = self._kept
                if kept is None or kept.key != key:
                    kept = self._kept = self._draw(key)
        return kept

    def _key(self) -> tuple[Any, ...]:
        deployment = self._session().execute(select(func.max(Deployment.id))).scalar_one_or_none()
        return deployment, id(self._policies.register_now()), self._policies.today()

    def _draw(self, key: tuple[Any, ...]) -> Picture:
        register = self._policies.register_now()
        files = deployed_files(self._session(), key[0]) or read_files(self._root)
        view = view_of_files(files, register, self._registry, read_papers(self._root))
        judged = self._coverage.now()
        return Picture(key, register, {one.clause: one for one in judged.clauses},
                       tuple(self._drifts.of_files(files, everything=True)), view, files, judged)
