"""Ids and processes: present, unique, executable."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.diagram import Diagram
from app.engine.lint.report import Report
from app.engine.xml import BPMN, bpmn, local, namespace

DATA_ITEMS = frozenset({"inputDataItem", "outputDataItem", "dataInput", "dataOutput"})  # ids that are variables' names


@dataclass(frozen=True)
class _At:
    id: str
    line: int | None


def check_identity(diagram: Diagram, report: Report) -> None:
    """Report missing and duplicate ids, and files without a process that can run."""
    _duplicate_ids(diagram, report)
    if namespace(diagram.root) != BPMN or local(diagram.root) != "definitions":
        report.error(
            "not_bpmn",
            _At("", 1),
            "这不是 BPMN 2.0 文件（根元素应为 bpmn:definitions）。",
            "This is no BPMN 2.0 file (its root should be bpmn:definitions).",
        )
    elif not diagram.processes:
        report.error(
            "no_process", _At("", 1), "文件中没有流程（bpmn:process）。", "The file holds no process (bpmn:process)."
        )
    for process in diagram.processes:
        if not process.id:
            report.error("missing_process_id", process, "流程没有编号（id）。", "The process has no id.")
        if not process.executable:
            report.error(
                "not_executable",
                process,
                '流程未标记为可执行（isExecutable="false"）。',
                'The process is not marked as executable (isExecutable="false").',
            )
        for item in process.items:
            if not item.id:
                report.error("missing_id", _At("", item.line), "该元素没有编号（id）。", "The element has no id.")
    for tag in ("dataStore",):
        for element in diagram.root.iter(bpmn(tag)):
            report.error(
                "data_store",
                _At(element.get("id") or "", element.sourceline),
                "不支持数据存储，请删除。",
                "Data stores are not supported; remove it.",
            )


def _duplicate_ids(diagram: Diagram, report: Report) -> None:
    seen: dict[str, int | None] = {}
    for element in diagram.root.iter():
        identifier = element.get("id")
        # Other vendors' extensions use `id` for names (an operation, a parameter); only BPMN's own ids must be unique.
        if identifier is None or namespace(element) != BPMN or local(element) in DATA_ITEMS:
            continue
        if identifier in seen:
            report.error(
                "duplicate_id",
                _At(identifier, element.sourceline),
                f"编号 {identifier} 与第 {seen[identifier]} 行重复，请改为唯一编号。",
                f"The id {identifier} is already used at line {seen[identifier]}; make it unique.",
            )
        seen[identifier] = element.sourceline
