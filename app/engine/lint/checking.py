"""All checks of a bundle, in order; whatever a file says, they end with findings."""

from __future__ import annotations

from collections.abc import Mapping

from app.engine import decisions
from app.engine.catalog import Catalog
from app.engine.diagram import Diagram
from app.engine.lint.data import check_data
from app.engine.lint.expressions import check_expressions
from app.engine.lint.flows import check_flows
from app.engine.lint.identity import check_identity
from app.engine.lint.messages import check_messages
from app.engine.lint.references import check_references
from app.engine.lint.report import Report, Subject
from app.engine.lint.support import check_support
from app.engine.reading import read_diagram
from app.errors import Finding, Refused

MAX_PROCESSES = 100  # in one file
MAX_NODES = 2000  # in one process
CHECKS = (check_support, check_flows, check_references, check_expressions, check_data)


def check(files: Mapping[str, bytes], catalog: Catalog) -> list[Finding]:
    """Return what is wrong with the bundle's diagrams and tables, by file; never raises for what a file says."""
    findings: list[Finding] = []
    outputs: dict[str, tuple[str, ...]] = {}
    for path in sorted(path for path in files if path.endswith(".dmn")):
        findings += _check_tables(files[path], path, outputs)
    diagrams: list[Diagram] = []
    for path in sorted(path for path in files if path.endswith(".bpmn")):
        try:
            diagrams.append(read_diagram(files[path], path))
        except Refused as refused:
            findings += refused.findings
    findings += _duplicate_processes(diagrams)
    processes = {process.id: process for diagram in reversed(diagrams) for process in diagram.processes}
    for diagram in diagrams:
        report = Report(diagram.file)
        check_identity(diagram, report)
        if not _small_enough(diagram, report):
            findings += report.findings
            continue
        for process in diagram.processes:
            subject = Subject(diagram, process, catalog, processes, outputs, report)
            for one in CHECKS:
                one(subject)
        findings += report.findings
    findings += check_messages(diagrams, catalog)
    return sorted(findings, key=lambda finding: (finding.file, finding.line or 0))


def _small_enough(diagram: Diagram, report: Report) -> bool:
    """Report what nobody could read, and what would make the other checks slow; it is not looked at any further."""
    if len(diagram.processes) > MAX_PROCESSES:
        place = diagram.processes[MAX_PROCESSES]
        report.error(
            "too_large", place, f"一个文件最多 {MAX_PROCESSES} 个流程。", f"A file may hold {MAX_PROCESSES} processes."
        )
        return False
    for process in diagram.processes:
        if len(process.nodes) > MAX_NODES:
            report.error(
                "too_large",
                process,
                f"一个流程最多 {MAX_NODES} 个元素，请用调用活动拆分。",
                f"A process may have {MAX_NODES} elements; divide it by call activities.",
            )
            return False
    return True


def _check_tables(data: bytes, path: str, outputs: dict[str, tuple[str, ...]]) -> list[Finding]:
    findings: list[Finding] = []
    try:
        for table in decisions.read_table(data, path):
            if table.id in outputs:
                findings.append(
                    Finding(
                        path,
                        table.id,
                        None,
                        "duplicate_decision",
                        "error",
                        f"决策 {table.id} 已在别的文件中定义。",
                        f"The decision {table.id} is already defined in another file.",
                    )
                )
            outputs.setdefault(table.id, tuple(output.name for output in table.outputs))
            findings += decisions.check_table(table)
    except Refused as refused:
        findings += refused.findings
    return findings


def _duplicate_processes(diagrams: list[Diagram]) -> list[Finding]:
    findings: list[Finding] = []
    seen: dict[str, str] = {}
    for diagram in diagrams:
        for process in diagram.processes:
            if process.id in seen and seen[process.id] != diagram.file:
                findings.append(
                    Finding(
                        diagram.file,
                        process.id,
                        process.line,
                        "duplicate_process",
                        "error",
                        f"流程 {process.id} 已在 {seen[process.id]} 中定义。",
                        f"The process {process.id} is already defined in {seen[process.id]}.",
                    )
                )
            seen.setdefault(process.id, diagram.file)
    return findings
