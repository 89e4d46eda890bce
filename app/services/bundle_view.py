"""The view of a bundle that the policy is held against: from a tree, from files in memory, or as it is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import decision_views, process_views
from app.errors import Finding, Refused
from app.facts_bundle import (
    BundleView,
    DecisionView,
    FieldView,
    FormView,
    OperationView,
    PaperView,
    ProcessView,
)
from app.handling import Registry
from app.policy.papers import PaperRule, read_papers
from app.policy.register import Register, read_register
from app.services.definitions import read_files
from app.store.models import DefinitionFile, Deployment, DeploymentFile
from app.userforms import Component, FormDefinition
from app.userforms.reading import parse_form

Groups = tuple[tuple[str, str], ...]
Views = tuple[ProcessView, ...] | tuple[DecisionView, ...] | tuple[FormView, ...]


def view_of_tree(root: Path, register: Register | None = None) -> BundleView:
    """Return what the files below `root` say, checked or not; raises Refused when the register cannot be read."""
    register = register or read_register(root)
    try:
        registry = Registry.discover(root / "handlers")
    except (ValueError, SyntaxError, ImportError):
        registry = Registry({})  # the lint says what is wrong with it
    return view_of_files(read_files(root), register, registry, read_papers(root))


def view_of_files(
    files: Mapping[str, bytes],
    register: Register,
    registry: Registry | None = None,
    papers: Mapping[str, PaperRule] | None = None,
) -> BundleView:
    """Return what files (by their paths in the bundle) say; one that cannot be read is told in `problems`."""
    groups = tuple(register.groups_by_name.items())
    processes: dict[str, ProcessView] = {}
    decisions: dict[str, DecisionView] = {}
    forms: dict[str, FormView] = {}
    problems: list[Finding] = []
    for path, content in files.items():
        found, wrong = _read(path, content, groups)
        problems += wrong
        for view in found:
            if isinstance(view, ProcessView):
                processes[view.key] = view
            elif isinstance(view, DecisionView):
                decisions[view.id] = view
            else:
                forms[view.id] = view
    return BundleView(
        processes,
        decisions,
        forms,
        _operations(registry) if registry is not None else {},
        {kind: PaperView(rule.kind, rule.signers, rule.clauses) for kind, rule in (papers or {}).items()},
        tuple(problems),
    )


def deployed_files(session: Session, deployment_id: int | None = None) -> dict[str, bytes]:
    """Return the files of a deployment, the latest one by default; {} where nothing was deployed."""
    if deployment_id is None:
        deployment_id = session.execute(
            select(Deployment.id).order_by(Deployment.id.desc()).limit(1)
        ).scalar_one_or_none()
    rows = session.execute(
        select(DeploymentFile.path, DefinitionFile.content)
        .join(DefinitionFile, DefinitionFile.digest == DeploymentFile.digest)
        .where(DeploymentFile.deployment_id == deployment_id)
        .order_by(DeploymentFile.path)
    )
    return {row.path: row.content for row in rows}


@lru_cache(maxsize=2048)
def _read(path: str, content: bytes, groups: Groups) -> tuple[Views, tuple[Finding, ...]]:
    try:
        match PurePosixPath(path).suffix:
            case ".bpmn":
                return process_views(content, path, groups), ()
            case ".dmn":
                return decision_views(content, path), ()
            case ".json":
                definition, findings = parse_form(content, path)
                errors = tuple(finding for finding in findings if finding.severity == "error")
                return ((_form(definition),) if definition is not None else ()), errors
    except Refused as refused:
        return (), tuple(refused.findings)
    return (), ()


def _form(form: FormDefinition) -> FormView:
    paper = form.paper
    copies = paper.get("copies")
    return FormView(
        id=form.id,
        name=form.name,
        name_en=form.name_en,
        file=form.file,
        clauses=form.clauses,
        fields=tuple(row for field in form.fields for row in _fields(field.component, field.hides)),
        copies=copies if isinstance(copies, int) else None,
        recipients=tuple(map(str, paper.get("recipients") or ())),
        paper_title=paper.get("title"),
        number_kind=paper.get("number_kind"),
    )


def _fields(one: Component, hides: tuple[str, ...], within: str | None = None) -> list[FieldView]:
    options = tuple(option.value for option in one.options)
    found = [
        FieldView(
            key=one.key,
            label=one.label,
            label_en=one.label_en,
            type=one.type,
            required=one.required,
            required_if=one.required_if,
            hide=" or ".join(hides) or None,
            options=options,
            minimum=one.minimum,
            maximum=one.maximum,
            readonly=one.readonly,
            case_fact=one.case_fact,
            clauses=one.clauses,
            within=within,
        )
    ]
    return found + [row for inner in one.components if inner.key for row in _fields(inner, (), one.key)]


def _operations(registry: Registry) -> dict[str, OperationView]:
    return {
        name: OperationView(
            name, operation.kind.value, {parameter.name: parameter.required for parameter in operation.parameters}
        )
        for name, operation in registry.all().items()
    }
