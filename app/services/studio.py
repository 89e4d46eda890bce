"""What process owners see of the definitions, and what the editors ask: names, versions, vocabulary, findings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from app import engine
from app.engine.comparing import Change, compare_files
from app.engine.drawing import check_drawings, tidy
from app.engine.lint.single import KINDS, Verdict, check_expression
from app.engine.xml import parse
from app.errors import FieldError, Finding, Invalid, NotFound, Refused
from app.policy.register import Register
from app.services.definitions import catalog_of
from app.services.drafts import Drafts, kind_of
from app.services.runtime import Runtime
from app.store.models import Definition
from app.store.queries import studio as rows
from app.userforms import check_form, read_form

EXPRESSION = 4000  # characters that are looked at


@dataclass(frozen=True)
class Named:
    """A file by the names that people know it by."""

    path: str
    kind: str  # process | decision | form
    key: str
    zh: str
    en: str


@dataclass(frozen=True)
class Release:
    """One version of a file: what it was released with, and what runs on it."""

    number: int
    deployment_id: int  # that brought it first
    at: datetime
    by: str
    note: str
    running: int  # open instances
    current: bool
    on: tuple[str, ...] = ()  # "complaint v3": process versions that use it


@dataclass(frozen=True)
class Listed:
    """A file as the list of definitions shows it."""

    file: Named
    release: Release
    versions: int
    running: int  # open instances over all versions


@lru_cache(maxsize=2048)
def name_file(path: str, content: bytes) -> Named:
    """Return the names of a file; of one that can't be read, those of its path."""
    key = path.rpartition("/")[2].rpartition(".")[0]
    kind = kind_of(path)
    zh = en = ""
    try:
        if kind == "process":
            found = next(iter(engine.read_diagram(content, path).processes), None)
            zh, en = (found.name or "", found.properties.get("name_en", "")) if found else ("", "")
        elif kind == "decision":
            zh = next((one.get("name") or "" for one in parse(content, path).iter("{*}decision")), "")
        else:
            raw = json.loads(content)
            zh, en = str(raw.get("name") or ""), str(raw.get("name_en") or "")
    except (Refused, ValueError, AttributeError):
        zh = en = ""
    return Named(path, kind, key, zh or key, en or key.replace("_", " ").capitalize())


class Studio:
    """Reads for the studio; what changes anything is in Drafts."""

    def __init__(self, rt: Runtime, register: Register, drafts: Drafts) -> None:
        self._rt, self._register, self._drafts = rt, register, drafts

    # Definitions and their versions

    def definitions(self, kind: str) -> list[Listed]:
        """Return every deployed file of a kind, by its Chinese name."""
        session = self._rt.session()
        latest = rows.latest_deployment(session)
        if latest is None:
            return []
        spans: dict[str, list[Any]] = {}
        for span in rows.file_spans(session):
            if kind_of(span.path) == kind:
                spans.setdefault(span.path, []).append(span)
        now = {path: next(one for one in of if one.last == latest.id) for path, of in spans.items()
               if any(one.last == latest.id for one in of)}  # fmt: skip
        contents = rows.contents(session, (one.digest for one in now.values()))
        told = rows.deployments(session, (one.first for one in now.values()))
        counts = self._running_by_path(session)
        listed = []
        for path, span in now.items():
            deployment = told[span.first]
            number = spans[path].index(span) + 1
            release = Release(number, span.first, deployment.created_at, deployment.created_by, deployment.note, 0,
                              True)
            named = name_file(path, contents[span.digest])
            listed.append(Listed(named, release, len(spans[path]), counts.get(path, 0)))
        return sorted(listed, key=lambda one: (one.file.kind, one.file.key))

    def _running_by_path(self, session: Any) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        running = rows.running(session)
        for version in rows.process_versions(session):
            if number := running.get(version.id, 0):
                for path in {*version.reaches, version.path}:
                    counts[path] = counts.get(path, 0) + number
        return counts

    def releases(self, path: str) -> list[Release]:
        """Return every version of a file, the newest first; raises NotFound."""
        session = self._rt.session()
        spans = rows.file_spans(session, path)
        latest = rows.latest_deployment(session)
        if not spans or latest is None:
            raise NotFound(f"No file {path}", f"没有文件 {path}")
        told = rows.deployments(session, (span.first for span in spans))
        digests, running = rows.digests_of(session, path), rows.running(session)
        users: dict[str, list[Definition]] = {}
        for version in rows.process_versions(session):
            if path in version.reaches and (digest := digests.get(version.deployment_id)):
                users.setdefault(digest, []).append(version)
        return [
            Release(number, span.first, told[span.first].created_at, told[span.first].created_by, told[span.first].note,
                    sum(running.get(one.id, 0) for one in users.get(span.digest, ())), span.last == latest.id,
                    tuple(f"{one.name} v{one.version}" for one in users.get(span.digest, ())))
            for number, span in reversed(list(enumerate(spans, 1)))
        ]  # fmt: skip

    def file(self, deployment_id: int, path: str) -> bytes:
        """Return a file of a deployment; raises NotFound."""
        content = rows.file_at(self._rt.session(), deployment_id, path)
        if content is None:
            raise NotFound(f"No file {path}", f"没有文件 {path}")
        return content

    # What the editors ask

    def names(self, draft_id: int) -> dict[str, Named]:
        """Return the names of every file of the change set's bundle, by path; raises NotFound."""
        return {path: name_file(path, content) for path, content in self._drafts.bundle(draft_id).items()}

    def file_findings(self, draft_id: int, path: str, content: bytes) -> list[Finding]:
        """Return what the lint finds in one file as it is edited, the rest of the bundle around it; raises NotFound."""
        bundle = {**self._drafts.bundle(draft_id), path: content}
        if kind_of(path) == "form":
            return check_form(content, path, engine.feel_names, self._register.clause_ids)
        if kind_of(path) == "decision":
            return _decision_findings(content, path)
        catalog, _ = catalog_of(bundle, self._rt.registry, self._register)
        found = [one for one in engine.check(bundle, catalog) if one.file == path]
        return [*found, *check_drawings({path: content})]

    def lost(self, draft_id: int, path: str, content: bytes) -> list[Change]:
        """Return what the kept file says or draws and `content` does not: what an editor loses; raises NotFound."""
        kept, _ = self._drafts.read(draft_id, path)
        found = compare_files(path, kept, content)
        return [*(one for one in found.changes if one.kind != "technical"), *found.undrawn]

    def expression(self, text: str, kind: str) -> Verdict:
        """Return what is to be said of one expression; raises Invalid for a kind that does not exist."""
        if kind not in KINDS:
            raise Invalid([FieldError("kind", "There is no such kind.", "没有这种表达式。")])
        return check_expression(text[:EXPRESSION], kind, self._register.milestone_names)

    def tidied(self, content: bytes, path: str) -> bytes:
        """Return a diagram with a new drawing; raises Refused."""
        return tidy(content, path)

    def vocabulary(self, draft_id: int, path: str) -> dict[str, Any]:
        """Return what the panel offers for a file of a change set: groups, forms, clauses, operations and the rest."""
        bundle = self._drafts.bundle(draft_id)
        named = [name_file(name, content) for name, content in bundle.items()]
        register = self._register
        pairs = {"groups": [(one.code, one.zh, one.en) for one in register.groups],
                 "milestones": [(key, *names) for key, names in register.milestones.items()],
                 "activities": [(key, *names) for key, names in register.activities.items()],
                 "forms": [(one.key, one.zh, one.en) for one in named if one.kind == "form"],
                 "processes": [(one.key, one.zh, one.en) for one in named if one.kind == "process"]}  # fmt: skip
        return {
            **pairs,
            "clauses": [{"id": one.id, "document": register.documents.get(one.document, one.document),
                         "section": one.section, "kind": one.kind, "obligation": one.obligation,
                         "text": clause_text(one), "limit": [one.within, one.calendar]}
                        for one in register.clauses.values()],
            "operations": self._operations(),
            "decisions": _decisions(bundle),
            "interfaces": _interfaces(bundle),
            "variables": sorted(_variables(bundle, path)),
        }  # fmt: skip

    def _operations(self) -> list[dict[str, Any]]:
        return [
            {"name": one.name, "kind": one.kind.value, "zh": one.zh, "en": one.description, "open": one.open_ended,
             "parameters": [{"name": each.name, "types": _types(each.annotation), "required": each.required}
                            for each in one.parameters]}
            for one in sorted(self._rt.registry.all().values(), key=lambda operation: operation.name)
        ]  # fmt: skip


PYTHON_TYPES = {"str": "string", "int": "number", "float": "number", "Decimal": "number", "bool": "boolean",
                "date": "date", "datetime": "date and time", "list": "list", "Sequence": "list", "tuple": "list",
                "dict": "context", "Mapping": "context"}  # fmt: skip


def _types(annotation: str) -> list[str]:
    """Return the FEEL types of a parameter by its Python annotation; empty where any is taken."""
    heads = [part.strip().partition("[")[0].rpartition(".")[2] for part in annotation.split("|")]
    return list(dict.fromkeys(PYTHON_TYPES[head] for head in heads if head in PYTHON_TYPES))


def clause_text(clause: Any) -> str:
    """Return what a clause asks, as far as the register says it in words; else its section."""
    return str(getattr(clause, "zh", "") or clause.section)


def _decisions(bundle: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [one for path, content in bundle.items() if path.endswith(".dmn") for one in _tables(path, content)]


@lru_cache(maxsize=512)
def _tables(path: str, content: bytes) -> tuple[dict[str, Any], ...]:
    try:
        tables = engine.read_table(content, path)
    except Refused:
        return ()
    return tuple({"id": table.id, "zh": table.name, "path": path,
                  "inputs": [[one.expression.text, one.label] for one in table.inputs],
                  "outputs": [[one.name, one.label] for one in table.outputs]} for table in tables)  # fmt: skip


def _interfaces(bundle: Mapping[str, bytes]) -> dict[str, dict[str, list[str]]]:
    """Return what the bundle's call activities pass to each process and take from it: a proposal for the next one."""
    found: dict[str, dict[str, set[str]]] = {}
    for path, content in bundle.items():
        if path.endswith(".bpmn"):
            for inputs, outputs, called in _calls(path, content):
                entry = found.setdefault(called, {"in": set(), "out": set()})
                entry["in"] |= inputs
                entry["out"] |= outputs
    return {key: {way: sorted(names) for way, names in entry.items()} for key, entry in found.items()}


@lru_cache(maxsize=512)
def _calls(path: str, content: bytes) -> tuple[tuple[frozenset[str], frozenset[str], str], ...]:
    try:
        diagram = engine.read_diagram(content, path)
    except Refused:
        return ()
    return tuple((frozenset(name for name, _ in node.inputs), frozenset(source for _, source in node.outputs),
                  node.called)
                 for process in diagram.processes for node in process.nodes.values() if node.called)  # fmt: skip


def _variables(bundle: Mapping[str, bytes], path: str) -> set[str]:
    """Return variables that forms, decisions and scripts around a diagram set: what expressions may read."""
    names: set[str] = set()
    try:
        diagram = engine.read_diagram(bundle.get(path, b""), path)
    except Refused:
        return names
    for process in diagram.processes:
        for node in process.nodes.values():
            form = f"forms/{node.properties.get('form', '')}.json"
            if form in bundle:
                names |= _form_variables(form, bundle[form])
            names |= {name for name, _ in node.outputs} | ({node.result} if node.result else set())
            names |= {node.properties["result"]} if node.properties.get("result") else set()
    return names


@lru_cache(maxsize=512)
def _form_variables(path: str, content: bytes) -> frozenset[str]:
    try:
        return read_form(content, path).variables
    except Refused:
        return frozenset()


def _decision_findings(content: bytes, path: str) -> list[Finding]:
    try:
        return [one for table in engine.read_table(content, path) for one in engine.check_table(table)]
    except Refused as refused:
        return list(refused.findings)


