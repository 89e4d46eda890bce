"""Deploying: the files of processes/ and forms/ become immutable versions that instances are pinned to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app import engine
from app.engine import Catalog, OperationInfo, feel
from app.engine.drawing import check_drawings
from app.errors import Finding, Refused
from app.facts import Actor, BuiltProcess
from app.handling import Registry
from app.policy.register import Register
from app.services import audit
from app.services.runtime import Runtime
from app.store.models import Definition, DefinitionFile, Deployment, DeploymentFile
from app.store.unit_of_work import in_unit_of_work
from app.userforms import check_form, read_form

PATTERNS = ("processes/**/*.bpmn", "processes/**/*.dmn", "forms/*.json")


@dataclass(frozen=True)
class Deployed:
    """What a deployment changed."""

    deployment_id: int
    new: Mapping[str, int]  # process key -> its new version
    unchanged: tuple[str, ...]


def read_files(root: Path) -> dict[str, bytes]:
    """Return the files of a bundle by their paths below `root`."""
    found = sorted({path for pattern in PATTERNS for path in root.glob(pattern) if path.is_file()})
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def catalog_of(files: Mapping[str, bytes], registry: Registry, register: Register) -> tuple[Catalog, list[Finding]]:
    """Return what the bundle's diagrams may name, and what is wrong with its forms."""
    forms: dict[str, frozenset[str] | None] = {}
    findings: list[Finding] = []
    for path, content in files.items():
        if path.startswith("forms/"):
            found = check_form(content, path, feel.names)
            findings.extend(found)
            broken = any(finding.severity == "error" for finding in found)
            forms[Path(path).stem] = None if broken else read_form(content, path).variables
    operations = {
        name: OperationInfo(
            {parameter.name: parameter.required for parameter in operation.parameters},
            operation.kind.value,
            operation.open_ended,
        )
        for name, operation in registry.all().items()
    }
    catalog = Catalog(
        groups=register.groups_by_name,
        forms=forms,
        operations=operations,
        clauses=register.clause_ids,
        activities=register.activity_ids,
        milestones=register.milestone_names,
    )
    return catalog, findings


def check_files(files: Mapping[str, bytes], registry: Registry, register: Register) -> list[Finding]:
    """Return everything that the lint finds in a bundle, forms first."""
    catalog, findings = catalog_of(files, registry, register)
    return [*findings, *engine.check(files, catalog), *check_drawings(files)]


class Definitions:
    """Stores bundles and their versions."""

    def __init__(self, rt: Runtime, register: Callable[[], Register]) -> None:
        self._rt, self._register = rt, register
        self.gate: Callable[[Mapping[str, bytes]], Sequence[Finding]] = lambda files: ()  # what else stops a bundle

    def deploy(self, root: Path, actor: Actor, note: str = "") -> Deployed:
        """Check and store the files below `root`; raises Refused with every finding when one is an error."""
        files = read_files(root)
        catalog, findings = catalog_of(files, self._rt.registry, self._register())
        if any(finding.severity == "error" for finding in findings):
            raise Refused([finding for finding in findings if finding.severity == "error"])
        digest = hashlib.sha256(
            b"".join(path.encode() + hashlib.sha256(content).digest() for path, content in sorted(files.items()))
        ).hexdigest()
        known = self._known(digest)
        if known is not None:
            return known
        built = engine.build(files, catalog)
        if drifted := self.gate(files):
            raise Refused(list(drifted))
        return in_unit_of_work(lambda session: self._store(session, digest, files, built, actor, note))

    def _known(self, digest: str) -> Deployed | None:
        """Return the last deployment when it was this very bundle: nothing to build, nothing to store."""
        last = (
            self._rt.session().execute(select(Deployment).order_by(Deployment.id.desc()).limit(1)).scalar_one_or_none()
        )
        if last is None or last.digest != digest:
            return None
        return Deployed(last.id, {}, tuple(self._rt.session().execute(select(Definition.key).distinct()).scalars()))

    def _store(
        self,
        session: Session,
        digest: str,
        files: Mapping[str, bytes],
        built: tuple[BuiltProcess, ...],
        actor: Actor,
        note: str,
    ) -> Deployed:
        now = self._rt.clock.now()
        # The same files may be deployed again after others (a way back); each deployment is a row of its own.
        count = session.execute(select(func.count()).select_from(Deployment)).scalar_one()
        repeated = session.execute(select(Deployment.id).where(Deployment.digest == digest)).first() is not None
        deployment = Deployment(
            digest=f"{digest[:56]}#{count}" if repeated else digest, created_at=now, created_by=actor.name, note=note
        )
        session.add(deployment)
        session.flush()
        self._store_files(session, deployment.id, files)
        new, unchanged = {}, []
        for process in built:
            version = self._store_version(session, process, deployment.id)
            if version is None:
                unchanged.append(process.key)
            else:
                new[process.key] = version
        audit.record(
            session, now, actor.name, "studio:definition:deploy", str(deployment.id), None, {"new": new, "note": note}
        )
        session.flush()
        return Deployed(deployment.id, new, tuple(unchanged))

    @staticmethod
    def _store_files(session: Session, deployment_id: int, files: Mapping[str, bytes]) -> None:
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
        known = set(session.execute(select(DefinitionFile.digest)).scalars())
        fresh = {digests[path]: content for path, content in files.items() if digests[path] not in known}
        if fresh:
            session.execute(
                insert(DefinitionFile), [{"digest": key, "content": content} for key, content in fresh.items()]
            )
        session.execute(
            insert(DeploymentFile),
            [{"deployment_id": deployment_id, "path": path, "digest": key} for path, key in digests.items()],
        )

    def _store_version(self, session: Session, process: BuiltProcess, deployment_id: int) -> int | None:
        newest: Any = session.execute(
            select(Definition.version, Definition.digest)
            .where(Definition.key == process.key)
            .order_by(Definition.version.desc())
            .limit(1)
        ).one_or_none()
        if newest is not None and newest.digest == process.digest:
            return None
        version = newest.version + 1 if newest else 1
        session.add(
            Definition(
                key=process.key,
                version=version,
                digest=process.digest,
                name=process.name,
                name_en=process.name_en,
                kind=process.kind,
                deployment_id=deployment_id,
                path=process.path,
                reaches=list(process.reaches),
                spec=process.spec,
                created_at=self._rt.clock.now(),
            )
        )
        return version
