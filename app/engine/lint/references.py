"""What a diagram names outside itself: forms, operations, groups, the register's words, processes, decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.engine.diagram import Node, Process
from app.engine.lint.report import Report, Subject

NODE_PROPERTIES = frozenset(
    {
        "name_en",
        "activity",
        "extra_activities",
        "clauses",
        "assumptions",
        "milestone",
        "form",
        "group",
        "remind_at",
        "pauses",
        "pause_reason",
        "status",
        "closes_case",
        "correlate",
        "note",
        "result",
        "assignee",
        "independent",
    }
)
PROCESS_PROPERTIES = frozenset({"kind", "name_en", "note", "clauses", "assumptions", "decisions"})
KINDS = frozenset({"top", "called", "beside", "standing"})
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PERCENT = re.compile(r"\d{1,3}%")


def check_references(subject: Subject) -> None:
    """Report names that nothing in the bundle or the catalogue answers to."""
    process, report = subject.process, subject.report
    _properties(process, process.properties, PROCESS_PROPERTIES, report)
    kind = process.properties.get("kind")
    if kind is not None and kind not in KINDS:
        report.error(
            "bad_property",
            process,
            f"属性 kind 应为 {'、'.join(sorted(KINDS))} 之一。",
            f"The property kind must be one of {', '.join(sorted(KINDS))}.",
        )
    for node in process.nodes.values():
        _properties(node, node.properties, NODE_PROPERTIES, report)
        _vocabulary(subject, node)
        _work(subject, node)
        _service(subject, node)
        _others(subject, node)
        _names(node, report)


def _properties(place: Node | Process, properties: Iterable[str], known: frozenset[str], report: Report) -> None:
    for name in sorted(set(properties) - known):
        report.warning("unknown_property", place, f"未知的属性 {name}。", f"Unknown property {name}.")


def _unknown(
    report: Report, node: Node, rule: str, zh: str, en: str, names: Iterable[str], known: frozenset[str] | None
) -> None:
    if known is not None:
        for name in names:
            if name not in known:
                report.error(rule, node, f"未知的{zh} {name}。", f"Unknown {en} {name}.")


def _vocabulary(subject: Subject, node: Node) -> None:
    catalog, report, properties = subject.catalog, subject.report, node.properties
    _unknown(report, node, "unknown_clause", "条款", "clause", _split(properties.get("clauses")), catalog.clauses)
    activities = [*_split(properties.get("activity")), *_split(properties.get("extra_activities"))]
    _unknown(report, node, "unknown_activity", "活动", "activity", activities, catalog.activities)
    milestones = [*_split(properties.get("milestone")), *_split(properties.get("pauses"))]
    _unknown(report, node, "unknown_milestone", "时限节点", "milestone", milestones, catalog.milestones)
    remind = properties.get("remind_at")
    if remind is not None and not PERCENT.fullmatch(remind):
        report.error(
            "bad_property", node, "remind_at 应写成百分比，例如 80%。", "remind_at must be a percentage such as 80%."
        )
    if properties.get("closes_case", "true") not in {"true", "false"}:
        report.error("bad_property", node, "closes_case 应为 true 或 false。", "closes_case must be true or false.")


def _work(subject: Subject, node: Node) -> None:
    if node.lane_name is not None:
        known = None if subject.catalog.groups is None else frozenset(subject.catalog.groups)
        _unknown(subject.report, node, "unknown_group", "泳道（组）", "lane (group)", [node.lane_name], known)
    if node.type != "userTask":
        return
    form = node.properties.get("form")
    if form is None:
        subject.report.info(
            "task_without_form",
            node,
            "用户任务没有表单（属性 form），只能确认完成。",
            "The user task has no form (property form); it can only be confirmed.",
        )
    else:
        known = None if subject.catalog.forms is None else frozenset(subject.catalog.forms)
        _unknown(subject.report, node, "unknown_form", "表单", "form", [form], known)
    if node.lane_name is None and node.properties.get("group") is None:
        subject.report.warning(
            "task_without_group",
            node,
            "用户任务不在泳道里，也没有 group 属性：无人能看到它。",
            "The user task is in no lane and has no group: nobody in particular would see it.",
        )


def _service(subject: Subject, node: Node) -> None:
    if node.type != "serviceTask":
        return
    report, operations = subject.report, subject.catalog.operations
    if not node.operation:
        report.error(
            "service_without_operation",
            node,
            "服务任务没有操作（serviceTaskOperator）。",
            "The service task has no operation (serviceTaskOperator).",
        )
        return
    if operations is None:
        return
    info = operations.get(node.operation)
    if info is None:
        report.error(
            "unknown_handler",
            node,
            f"没有处理程序 {node.operation}（handlers/{node.operation}.py）。",
            f"There is no handler {node.operation} (handlers/{node.operation}.py).",
        )
        return
    for name in node.parameters:
        if name not in info.params and not info.open_ended:
            report.error(
                "unknown_parameter",
                node,
                f"操作 {node.operation} 没有参数 {name}。",
                f"The operation {node.operation} has no parameter {name}.",
            )
    for name, required in info.params.items():
        if required and name not in node.parameters:
            report.error(
                "missing_parameter",
                node,
                f"操作 {node.operation} 缺少参数 {name}。",
                f"The operation {node.operation} needs the parameter {name}.",
            )


def _others(subject: Subject, node: Node) -> None:
    report = subject.report
    if node.type == "callActivity":
        _call(subject, node)
    if node.type == "businessRuleTask" and not node.decision:
        report.error(
            "rule_without_decision",
            node,
            "业务规则任务没有决策（calledDecisionId）。",
            "The business rule task has no decision (calledDecisionId).",
        )
    elif node.decision is not None and node.decision not in subject.outputs:
        report.error(
            "unknown_decision", node, f"没有决策表 {node.decision}。", f"There is no decision {node.decision}."
        )
    if node.type == "scriptTask" and not node.script:
        report.error("script_without_text", node, "脚本任务没有脚本。", "The script task has no script.")
    event = node.event
    if event is not None and event.kind in {"message", "error", "escalation", "signal"}:
        if event.ref is not None and event.name is None:
            report.error(
                f"unknown_{event.kind}",
                node,
                f"引用的 {event.kind} {event.ref} 没有定义。",
                f"The {event.kind} {event.ref} that it refers to is not defined.",
            )
        elif event.ref is None and event.kind in {"message", "signal"}:
            report.error(f"unknown_{event.kind}", node, f"没有引用 {event.kind}。", f"It refers to no {event.kind}.")


def _call(subject: Subject, node: Node) -> None:
    report = subject.report
    if not node.called:
        report.error(
            "unknown_process",
            node,
            "调用活动没有指明流程（calledElement）。",
            "The call activity names no process (calledElement).",
        )
        return
    called = subject.processes.get(node.called)
    if called is None or not called.executable:
        report.error(
            "unknown_process",
            node,
            f"没有可执行的流程 {node.called}。",
            f"There is no executable process {node.called}.",
        )
    if not node.inputs and not node.outputs:
        report.warning(
            "undeclared_call",
            node,
            "调用活动没有声明输入输出（chengnuo:in / chengnuo:out），所有变量都会进出。",
            "The call activity declares no inputs and outputs (chengnuo:in, chengnuo:out): everything goes in and out.",
        )
    if called is not None and _calls(subject, called.id, node.process):
        report.warning(
            "recursive_call",
            node,
            f"流程 {node.called} 会再次调用本流程，请确认它会结束。",
            f"The process {node.called} calls this one again; make sure that it ends.",
        )


def _calls(subject: Subject, key: str, wanted: str) -> bool:
    """Return whether the process `key` comes to call `wanted`, itself or through others."""
    seen, open_ = {key}, [key]
    while open_:
        process = subject.processes.get(open_.pop())
        called = {node.called for node in process.nodes.values() if node.called} if process is not None else set()
        open_ += called - seen
        seen |= called
    return wanted in seen


def _names(node: Node, report: Report) -> None:
    if node.type.endswith("Gateway") or node.type in {"startEvent", "endEvent"}:
        return
    if node.name is None or not CHINESE.search(node.name):
        report.warning("name_not_chinese", node, "名称应使用中文。", "The name should be Chinese.")


def _split(value: str | None) -> list[str]:
    return (value or "").replace(",", " ").split()
