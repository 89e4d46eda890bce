"""Versions of processes: built from a bundle of files, kept by content hash, loaded once and shared."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from threading import Lock

import orjson
import zstandard

from app.engine import decisions
from app.engine.building import build_process
from app.engine.catalog import Catalog
from app.engine.decisions import DecisionTable
from app.engine.diagram import Diagram, Process
from app.engine.elements import elements_of, words
from app.engine.lint import check
from app.engine.reading import read_diagram
from app.engine.specs import ScopeSpec
from app.engine.timers import milestone_of
from app.errors import Refused, StepFailed
from app.facts import BuiltProcess, Element

FORMAT = 1  # of the serialized spec; a change of meaning in the builder needs a new one
MAX_SPEC = 64 * 1024 * 1024  # bytes of a spec when unpacked


@dataclass(frozen=True)
class Spec:
    """A built version, shared by all its instances; nothing changes it while they run."""

    key: str
    scopes: Mapping[str, ScopeSpec]
    tables: Mapping[str, DecisionTable]
    elements: tuple[Element, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {(element.process, element.id): element for element in self.elements})

    @property
    def top(self) -> ScopeSpec:
        """The scope of the process itself."""
        return self.scopes[self.key]

    @cached_property
    def deadlines(self) -> tuple[tuple[str, Element], ...]:
        """The deadlines that hang on a milestone, each with the milestone's name."""
        named = ((milestone_of(one.timer), one) for one in self.elements if one.id.startswith("deadline_"))
        return tuple((milestone, element) for milestone, element in named if milestone)

    def element(self, process: str, element_id: str) -> Element:
        """Return an element; raises KeyError."""
        return self._index[process, element_id]  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True)
class _Reach:
    """A process and everything that it needs to run."""

    processes: tuple[tuple[str, Process], ...]  # (file, process), the process itself first
    decisions: tuple[str, ...]
    paths: tuple[str, ...]


class Sources:
    """A bundle's files, read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.diagrams: dict[str, Diagram] = {
            p: read_diagram(d, p) for p, d in sorted(files.items()) if p.endswith(".bpmn")
        }
        self.processes = {
            process.id: (path, process)
            for path, diagram in reversed(self.diagrams.items())
            for process in diagram.processes
        }
        self.tables = {
            table.id: (path, table)
            for path, data in sorted(files.items())
            if path.endswith(".dmn")
            for table in decisions.read_table(data, path)
        }

    def reach(self, key: str) -> _Reach:
        """Return what the process `key` needs, called processes included, in the order in which it is met."""
        found: dict[str, tuple[str, Process]] = {}
        open_, used, paths = [key], list[str](), list[str]()
        while open_:
            name = open_.pop(0)
            if name in found or name not in self.processes:
                continue
            found[name] = self.processes[name]
            paths.append(found[name][0])
            # Tables that the platform asks for the process (the deadlines): a new figure is a new version too.
            asked = found[name][1].properties.get("decisions", "").split()
            paths.extend(self.tables[decision][0] for decision in asked if decision in self.tables)
            for node in found[name][1].nodes.values():
                if node.called:
                    open_.append(node.called)
                if node.decision is not None and node.decision in self.tables:
                    used.append(node.decision)
                    paths.append(self.tables[node.decision][0])
                form = f"forms/{node.properties.get('form')}.json"
                if form in self.files:
                    paths.append(form)
        return _Reach(tuple(found.values()), tuple(dict.fromkeys(used)), tuple(sorted(set(paths))))


def build(files: Mapping[str, bytes], catalog: Catalog) -> tuple[BuiltProcess, ...]:
    """Return every executable process of the bundle, ready to be stored; raises Refused with the errors of the lint."""
    findings = check(files, catalog)
    if any(finding.severity == "error" for finding in findings):
        raise Refused([f for f in findings if f.severity == "error"])
    sources = Sources(files)
    return tuple(
        _built(sources, path, process, catalog)
        for path, diagram in sources.diagrams.items()
        for process in diagram.processes
        if process.executable
    )


def _built(sources: Sources, path: str, process: Process, catalog: Catalog) -> BuiltProcess:
    reach = sources.reach(process.id)
    lanes = {
        node.lane_name: catalog.group_of(node.lane_name)
        for _, p in reach.processes
        for node in p.nodes.values()
        if node.lane_name
    }
    digest = hashlib.sha256(orjson.dumps([FORMAT, process.id, lanes], option=orjson.OPT_SORT_KEYS))
    for name in reach.paths:
        digest.update(f"\n{name} {hashlib.sha256(sources.files[name]).hexdigest()}".encode())
    content = {
        name: sources.files[name].decode("latin-1") for name in reach.paths if PurePosixPath(name).suffix != ".json"
    }
    spec = zstandard.compress(
        orjson.dumps({"format": FORMAT, "process": process.id, "lanes": lanes, "files": content}), 9
    )
    load_spec(spec)  # it must load before it is stored
    start = next((node for node in process.inside(process.id) if node.type == "startEvent"), None)
    message = (
        start.event.name if start is not None and start.event is not None and start.event.kind == "message" else None
    )
    return BuiltProcess(
        key=process.id,
        name=process.name or process.id,
        name_en=process.properties.get("name_en") or words(process.id),
        digest=digest.hexdigest(),
        spec=spec,
        xml=sources.files[path],
        path=path,
        elements=tuple(e for _, p in reach.processes for e in elements_of(p, catalog)),
        reaches=reach.paths,
        calls=tuple(dict.fromkeys(node.called for node in process.nodes.values() if node.called)),
        kind=process.properties.get("kind") or "called",
        start_message=message,
    )


def load_spec(spec: bytes) -> Spec:
    """Return the built version of `BuiltProcess.spec`.

    Raises StepFailed when it is of a release that this one cannot read, Refused when it is no spec at all.

    What is kept is the checked sources, so that a stored version can never carry code; they are built again here.
    """
    try:
        content = orjson.loads(zstandard.ZstdDecompressor().decompress(spec, max_output_size=MAX_SPEC))
        key, lanes, files = content["process"], content["lanes"], content["files"]
        written = content["format"]
        sources = Sources({path: text.encode("latin-1") for path, text in files.items()})
    except (zstandard.ZstdError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise Refused((), "The stored version cannot be read.", "无法读取已保存的版本。") from error
    if written != FORMAT:
        raise StepFailed(
            f"The version was built with format {written}; this release reads {FORMAT}.",
            f"该版本的格式为 {written}，当前程序只支持 {FORMAT}。",
        )
    if key not in sources.processes:
        raise Refused((), f"The stored version does not hold the process {key}.", f"已保存的版本不包含流程 {key}。")
    catalog = Catalog(groups=lanes)
    reach = sources.reach(key)
    scopes: dict[str, ScopeSpec] = {}
    elements: list[Element] = []
    for path, process in reach.processes:
        found = elements_of(process, catalog)
        elements += found
        scopes.update(build_process(process, {element.id: element for element in found}, path))
    return Spec(key, scopes, {name: sources.tables[name][1] for name in reach.decisions}, tuple(elements))


class SpecCache:
    """The versions in use, by digest; the least recently used ones are dropped."""

    def __init__(self, size: int = 64) -> None:
        self._size, self._lock = size, Lock()
        self._specs: OrderedDict[str, Spec] = OrderedDict()

    def get(self, digest: str, spec: bytes) -> Spec:
        """Return the built version with that digest, from the cache or from `spec`."""
        with self._lock:
            if digest in self._specs:
                self._specs.move_to_end(digest)
                return self._specs[digest]
        loaded = load_spec(spec)
        with self._lock:
            self._specs[digest] = loaded
            while len(self._specs) > self._size:
                self._specs.popitem(last=False)
        return loaded
