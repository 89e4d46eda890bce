"""The deployed versions: their specs, forms and decision tables, read once and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.engine import DecisionTable, Spec, evaluate_table, load_spec, read_table
from app.errors import NotFound
from app.facts import DecisionResult
from app.store.models import Definition, DefinitionFile, DeploymentFile
from app.userforms import FormDefinition, Labels, labels_of, read_form


@dataclass(frozen=True)
class Version:
    """One version of one process."""

    id: int
    key: str
    version: int
    name: str
    name_en: str
    kind: str
    deployment_id: int
    path: str


NEWEST = select(Definition.id).where(Definition.key == bindparam("key")).order_by(Definition.version.desc()).limit(1)


class Library:
    """Reads definitions; versions are immutable, so what was read once is kept."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session
        self.spec = lru_cache(maxsize=256)(self._read_spec)
        self.version = lru_cache(maxsize=1024)(self._read_version)
        self._file = lru_cache(maxsize=1024)(self._read_file)
        self._form = lru_cache(maxsize=512)(read_form)
        self._paper_forms = lru_cache(maxsize=128)(self._read_paper_forms)
        self._labels = lru_cache(maxsize=8)(self._read_labels)
        self._tables = lru_cache(maxsize=256)(read_table)

    def latest(self, key: str) -> Version | None:
        """Return the newest version of a process, or None."""
        found = self._session().execute(NEWEST, {"key": key}).scalar_one_or_none()
        return None if found is None else self.version(found)

    def numbered(self, key: str, version: int) -> Version | None:
        """Return a version of a process by its number, or None."""
        query = select(Definition.id).where(Definition.key == key, Definition.version == version)
        found = self._session().execute(query).scalar_one_or_none()
        return None if found is None else self.version(found)

    def form(self, definition_id: int, form_id: str) -> FormDefinition:
        """Return the form of a version; raises NotFound."""
        path = f"forms/{form_id}.json"
        return self._form(self.file(definition_id, path), path)

    def paper_forms(self, definition_id: int, kinds: frozenset[str]) -> tuple[FormDefinition, ...]:
        """Return the forms of a version's bundle that are parts of these kinds of papers, in the papers' order."""
        return self._paper_forms(self.version(definition_id).deployment_id, kinds)

    def table(self, definition_id: int, decision_id: str) -> DecisionTable:
        """Return a decision table that the version's bundle holds; raises NotFound."""
        version = self.version(definition_id)
        for path in (f"processes/{version.key}/{decision_id}.dmn", f"processes/decisions/{decision_id}.dmn"):
            content = self._file(version.deployment_id, path)
            if content is not None:
                return next(table for table in self._tables(content, path) if table.id == decision_id)
        raise NotFound(f"No decision {decision_id}", f"没有决策表 {decision_id}")

    def decide(self, definition_id: int, decision_id: str, context: Mapping[str, Any]) -> DecisionResult:
        """Evaluate a decision of the version; raises NotFound, ExpressionError."""
        return evaluate_table(self.table(definition_id, decision_id), context)

    def file(self, definition_id: int, path: str) -> bytes:
        """Return a file of the version's bundle; raises NotFound."""
        content = self._file(self.version(definition_id).deployment_id, path)
        if content is None:
            raise NotFound(f"No file {path}", f"没有文件 {path}")
        return content

    def diagram(self, definition_id: int, process: str | None = None) -> bytes:
        """Return the BPMN of the version, or of a process that it calls."""
        version = self.version(definition_id)
        return self.file(
            definition_id, version.path if process in (None, version.key) else f"processes/{process}/{process}.bpmn"
        )

    def _read_spec(self, definition_id: int) -> Spec:
        spec = (
            self._session().execute(select(Definition.spec).where(Definition.id == definition_id)).scalar_one_or_none()
        )
        if spec is None:
            raise NotFound(f"No definition {definition_id}", f"没有流程版本 {definition_id}")
        return load_spec(spec)

    def _read_version(self, definition_id: int) -> Version:
        columns = (
            Definition.id,
            Definition.key,
            Definition.version,
            Definition.name,
            Definition.name_en,
            Definition.kind,
            Definition.deployment_id,
            Definition.path,
        )
        row = self._session().execute(select(*columns).where(Definition.id == definition_id)).one_or_none()
        if row is None:
            raise NotFound(f"No definition {definition_id}", f"没有流程版本 {definition_id}")
        return Version(*row)

    def labels(self) -> Labels:
        """Return what the fields of the latest deployment's forms are called; empty before the first deployment."""
        latest = self._session().execute(select(func.max(DeploymentFile.deployment_id))).scalar_one()
        return Labels({}, {}) if latest is None else self._labels(int(latest))

    def _read_labels(self, deployment_id: int) -> Labels:
        return labels_of(self._forms(deployment_id))

    def _forms(self, deployment_id: int) -> list[FormDefinition]:
        query = (
            select(DeploymentFile.path, DefinitionFile.content)
            .join(DefinitionFile, DefinitionFile.digest == DeploymentFile.digest)
            .where(DeploymentFile.deployment_id == deployment_id, DeploymentFile.path.like("forms/%.json"))
            .order_by(DeploymentFile.path)
        )
        return [self._form(content, path) for path, content in self._session().execute(query)]

    def _read_paper_forms(self, deployment_id: int, kinds: frozenset[str]) -> tuple[FormDefinition, ...]:
        return tuple(
            sorted(
                (form for form in self._forms(deployment_id) if form.paper.get("number_kind") in kinds),
                key=lambda form: int(form.paper.get("part") or 0),
            )
        )

    def _read_file(self, deployment_id: int, path: str) -> bytes | None:
        query = (
            select(DefinitionFile.content)
            .join(DeploymentFile, DeploymentFile.digest == DefinitionFile.digest)
            .where(DeploymentFile.deployment_id == deployment_id, DeploymentFile.path == path)
        )
        return self._session().execute(query).scalar_one_or_none()


def context_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what diagrams read as `case`: the facts, with the further facts beside them."""
    flat = {name: value for name, value in facts.items() if name not in {"extra", "flags"}}
    return {**facts.get("extra", {}), **flat, "flags": sorted(facts.get("flags", ()))}
