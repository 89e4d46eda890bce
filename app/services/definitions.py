"""Deploying: the files of processes/ and forms/ become immutable versions that instances are pinned to."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app import engine
from app.engine import Catalog, OperationInfo, feel
from app.engine.drawing import check_drawings
from app.errors import Finding, NotFound, Refused
from app.facts import Actor, BuiltProcess
from app.handling import Registry
from app.policy.register import Register
from app.services import audit
from app.services.runtime import Runtime
from app.store.models import Definition, DefinitionFile, Deployment, DeploymentFile
from app.store.unit_of_work import in_unit_of_work
from app.userforms import check_form, read_form

NAMED_BY_BOTH = "name_not_chinese"
PREFIX = 56  # characters of a digest that a repeated deployment keeps
AFTER_STUDIO = "（流程目录已更改，取代工作室发布 {0} / the tree changed and replaces the studio's release {0}）"
log = logging.getLogger(__name__)
PATTERNS = ("processes/**/*.bpmn", "processes/**/*.dmn", "forms/*.json")


@dataclass(frozen=True)
class Deployed:
    """What a deployment changed."""

    deployment_id: int
    new: Mapping[str, int]  # process key -> its new version
    unchanged: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A bundle that was checked and built, ready to be stored."""

    files: Mapping[str, bytes]
    digest: str
    built: tuple[BuiltProcess, ...]


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the hash of a bundle's paths and contents: the same for the tree and the studio."""
    return hashlib.sha256(
        b"".join(path.encode() + hashlib.sha256(content).digest() for path, content in sorted(files.items()))
    ).hexdigest()


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
    return once([*findings, *engine.check(files, catalog), *check_drawings(files)])


def once(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, each once: the lint and the drawing's check both look at names."""
    told = {(one.file, one.element, one.rule, one.message_en if one.rule != NAMED_BY_BOTH else ""): one
            for one in reversed(findings)}  # fmt: skip
    return list(told.values())[::-1]


class Definitions:
    """Stores bundles and their versions."""

    def __init__(self, rt: Runtime, register: Callable[[], Register]) -> None:
        self._rt, self._register = rt, register
        self.gate: Callable[[Mapping[str, bytes]], Sequence[Finding]] = lambda files: ()  # what else stops a bundle

    def deploy(self, root: Path, actor: Actor, note: str = "") -> Deployed:
        """Check and store the files below `root`; raises Refused with every finding when one is an error.

        Nothing happens while the tree is what was last deployed from it, whatever the studio has released since: a
        restart never takes a release back (docs/adr/0050).
        """
        files = read_files(root)
        latest, last_tree = self._last(), self._last("tree")
        same = last_tree is not None and last_tree.digest[:PREFIX] == digest_of(files)[:PREFIX]
        if latest is not None and same:
            keys = self._rt.session().execute(select(Definition.key).distinct()).scalars()
            return Deployed(latest.id, {}, tuple(keys))
        prepared = self.prepare(files)
        if latest is not None and latest.source != "tree":
            note = f"{note} {AFTER_STUDIO.format(latest.id)}".strip()
            log.warning("the tree has changed: its files replace release %s, which came from the studio", latest.id)
        return in_unit_of_work(lambda session: self.store(session, prepared, actor, note))

    def prepare(self, files: Mapping[str, bytes], *, gated: bool = True) -> Prepared:
        """Return the bundle ready to be stored; raises Refused with the errors when there are any.

        `gated` is False for what is only tried, or ran before: the drift from the policy does not stop it.
        """
        catalog, findings = catalog_of(files, self._rt.registry, self._register())
        if any(finding.severity == "error" for finding in findings):
            raise Refused([finding for finding in findings if finding.severity == "error"])
        built = engine.build(files, catalog)  # what can't run is told before what the policy says of it
        if gated and (drifted := self.gate(files)):
            raise Refused(list(drifted))
        return Prepared(files, digest_of(files), built)

    def check(self, files: Mapping[str, bytes]) -> list[Finding]:
        """Return everything that the lint finds in a bundle, with what of ours its diagrams may name."""
        return check_files(files, self._rt.registry, self._register())

    def latest_id(self) -> int | None:
        """Return the id of the deployment that new instances start on, or None."""
        last = self._last()
        return last.id if last is not None else None

    def files(self, deployment_id: int) -> dict[str, bytes]:
        """Return the files of a deployment by their paths; raises NotFound."""
        query = (
            select(DeploymentFile.path, DefinitionFile.content)
            .join(DefinitionFile, DefinitionFile.digest == DeploymentFile.digest)
            .where(DeploymentFile.deployment_id == deployment_id)
            .order_by(DeploymentFile.path)
        )
        found = {row.path: row.content for row in self._rt.session().execute(query)}
        if not found:
            raise NotFound(f"No deployment {deployment_id}", f"没有发布版本 {deployment_id}")
        return found

    def _last(self, source: str | None = None) -> Deployment | None:
        query = select(Deployment).order_by(Deployment.id.desc()).limit(1)
        query = query if source is None else query.where(Deployment.source == source)
        return self._rt.session().execute(query).scalar_one_or_none()

    def store(
        self,
        session: Session,
        prepared: Prepared,
        actor: Actor,
        note: str,
        *,
        source: str = "tree",
        restores: int | None = None,
    ) -> Deployed:
        """Store a prepared bundle as the newest deployment, in the caller's transaction."""
        now, digest = self._rt.clock.now(), prepared.digest
        # The same files may be deployed again after others (a way back); each deployment is a row of its own.
        count = session.execute(select(func.count()).select_from(Deployment)).scalar_one()
        repeated = session.execute(select(Deployment.id).where(Deployment.digest == digest)).first() is not None
        deployment = Deployment(
            digest=f"{digest[:PREFIX]}#{count}" if repeated else digest,
            created_at=now,
            created_by=actor.name,
            note=note,
            source=source,
            restores_id=restores,
        )
        session.add(deployment)
        session.flush()
        self._store_files(session, deployment.id, prepared.files)
        new, unchanged = {}, []
        for process in prepared.built:
            version = self._store_version(session, process, deployment.id)
            if version is None:
                unchanged.append(process.key)
            else:
                new[process.key] = version
        detail = {"new": new, "note": note, "source": source, "digest": digest}
        audit.record(session, now, actor.name, "studio:definition:deploy", str(deployment.id), None, detail)
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
