"""The lint of a whole tree, or of single files, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app import engine
from app.engine import Catalog, feel
from app.engine.drawing import check_drawings
from app.errors import Finding, Refused
from app.handling import Registry
from app.policy.register import read_register
from app.services.definitions import check_files, once, read_files
from app.userforms import check_form

DIAGRAMS = (".bpmn", ".dmn", ".xml")


def check_tree(root: Path) -> list[Finding]:
    """Return what the lint finds in processes/, forms/ and handlers/ below `root`."""
    try:
        registry = Registry.discover(root / "handlers")
    except (ValueError, SyntaxError) as error:
        return [
            Finding(
                "handlers",
                None,
                None,
                "bad_handler",
                "error",
                f"处理器无法加载：{error}",
                f"A handler can't be loaded: {error}",
            )
        ]
    try:
        register = read_register(root)
    except Refused as refused:
        return list(refused.findings)
    return check_files(read_files(root), registry, register)


def check_paths(paths: Sequence[Path], root: Path) -> list[Finding]:
    """Return what the lint finds in single files or folders; files below `root` are judged with its catalog."""
    findings: list[Finding] = []
    inside = [
        path
        for path in paths
        if path.resolve().is_relative_to((root / "processes").resolve())
        or path.resolve().is_relative_to((root / "forms").resolve())
    ]
    if inside:
        names = {path.resolve().relative_to(root.resolve()).as_posix() for path in inside}
        findings += [
            finding
            for finding in check_tree(root)
            if any(finding.file == name or finding.file.startswith(f"{name}/") for name in names)
        ]
    for path in paths:
        if path not in inside:
            findings += _check_alone(path)
    return findings


def _check_alone(path: Path) -> list[Finding]:
    if path.is_dir():
        return [
            finding
            for inner in sorted(path.rglob("*"))
            if inner.is_file() and inner.suffix in {*DIAGRAMS, ".json"}
            for finding in _check_alone(inner)
        ]
    content = path.read_bytes()
    if path.suffix == ".json":
        return check_form(content, str(path), feel.names)
    return once([*engine.check({str(path): content}, Catalog()), *check_drawings({str(path): content})])
