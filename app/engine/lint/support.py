"""Elements and events that the engine does not run, and those that it runs only in some places."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.diagram import ACTIVITIES, Event, Node, Process
from app.engine.lint.report import Report, Subject

REFUSED_TYPES = {
    "complexGateway": (
        "complex_gateway",
        "不支持复杂网关，请改用排他、并行或包容网关。",
        "Complex gateways are not supported; use exclusive, parallel or inclusive ones.",
    ),
    "adHocSubProcess": (
        "ad_hoc",
        "不支持临时（ad-hoc）子流程，请画出顺序。",
        "Ad-hoc subprocesses are not supported; draw the order.",
    ),
    "transaction": (
        "unsupported_element",
        "不支持事务子流程，请改用嵌入子流程和错误边界事件。",
        "Transactions are not supported; use a subprocess with an error boundary event.",
    ),
    "callChoreography": ("unsupported_element", "不支持编排。", "Choreographies are not supported."),
    "implicitThrowEvent": ("unsupported_element", "不支持隐式抛出事件。", "Implicit throw events are not supported."),
}
REFUSED_EVENTS = {
    "compensate": (
        "compensation",
        "不支持补偿；请画出撤销的步骤。",
        "Compensation is not supported; draw the steps that undo.",
    ),
    "link": ("link_event", "不支持链接事件；请用顺序流直接连接。", "Link events are not supported; connect by a flow."),
    "conditional": (
        "conditional_event",
        "不支持条件事件；请改用消息或网关。",
        "Conditional events are not supported; use a message or a gateway.",
    ),
    "cancel": (
        "unsupported_element",
        "不支持取消事件；请改用错误事件。",
        "Cancel events are not supported; use an error event.",
    ),
}
ALLOWED = {
    "startEvent": frozenset({"message", "timer"}),  # a standing process: the scheduler starts it
    "endEvent": frozenset({"message", "error", "escalation", "signal", "terminate"}),
    "intermediateCatchEvent": frozenset({"timer", "message", "signal"}),
    "intermediateThrowEvent": frozenset({"message", "escalation", "signal"}),
    "boundaryEvent": frozenset({"timer", "message", "error", "escalation", "signal"}),
}
DATA_STORES = frozenset({"dataStoreReference", "dataStore"})


@dataclass(frozen=True)
class _At:
    id: str
    line: int | None


def check_support(subject: Subject) -> None:
    """Report what would not run, or would not run as drawn."""
    process, report = subject.process, subject.report
    for tag, identifier, line in process.unknown:
        at = _At(identifier or "", line)
        if tag in DATA_STORES:
            report.error("data_store", at, "不支持数据存储，请删除。", "Data stores are not supported; remove it.")
        else:
            report.error(
                "unknown_element", at, f"未知的元素 {tag}，是否拼写有误？", f"Unknown element {tag}; is it misspelt?"
            )
    for node in process.nodes.values():
        _node(process, node, report)


def _node(process: Process, node: Node, report: Report) -> None:
    if node.type in REFUSED_TYPES:
        report.error(REFUSED_TYPES[node.type][0], node, *REFUSED_TYPES[node.type][1:])
    if node.by_event:
        report.error(
            "event_subprocess",
            node,
            "不支持事件子流程；请改用边界事件，或由消息启动的独立流程。",
            "Event subprocesses are not supported; use a boundary event, or a process of its own started by message.",
        )
    if node.compensation:
        report.error(REFUSED_EVENTS["compensate"][0], node, *REFUSED_EVENTS["compensate"][1:])
    if node.scripts:
        report.error(
            "script_refused",
            node,
            f"不允许前置或后置脚本（{'、'.join(node.scripts)}）；请改用脚本任务或参数。",
            f"Pre- and postscripts are not run ({', '.join(node.scripts)}); use a script task or parameters.",
        )
    if node.type in ALLOWED:
        _events(process, node, report)
    if node.type in {"sendTask", "receiveTask"} and node.message is None:
        report.error(
            "event_without_definition",
            node,
            "发送或接收任务没有引用消息（messageRef）。",
            "The send or receive task refers to no message (messageRef).",
        )
    if node.loop is not None:
        _loop(node, report)


def _events(process: Process, node: Node, report: Report) -> None:
    if len(node.events) > 1:
        report.error(
            "several_event_definitions",
            node,
            "一个事件只能有一个定义；请拆成多个事件。",
            "An event may have one definition only; use several events.",
        )
    if not node.events and node.type in {"intermediateCatchEvent", "boundaryEvent"}:
        report.error(
            "event_without_definition",
            node,
            "捕获事件没有说明等待什么（定时、消息、错误等）。",
            "The catching event does not say what it waits for (timer, message, error…).",
        )
    for event in node.events:
        if event.kind in REFUSED_EVENTS:
            report.error(REFUSED_EVENTS[event.kind][0], node, *REFUSED_EVENTS[event.kind][1:])
        elif event.kind not in ALLOWED[node.type]:
            report.error(
                "unsupported_event",
                node,
                f"此处不支持 {event.kind} 事件。",
                f"A {event.kind} event is not supported here.",
            )
        elif node.type == "startEvent" and event.kind == "timer" and not (
                process.properties.get("kind") == "standing" and event.timer_kind == "timeDate"):
            report.error(
                "unsupported_event",
                node,
                "定时开始事件只用于常设流程（kind=standing），并须写明下次启动的时刻（timeDate）。",
                "A timer start belongs to a standing process (kind=standing) and gives the next moment (timeDate).",
            )
        elif node.type == "startEvent" and node.scope != process.id:
            report.error(
                "unsupported_event",
                node,
                "子流程的开始事件不能带定义。",
                "The start event of a subprocess may have no definition.",
            )
        if event.timer_kind == "timeCycle" and node.type == "intermediateCatchEvent":
            report.error(
                "cycle_on_catching_event",
                node,
                "循环定时器只能用在非中断边界事件上；这里请用时长或日期。",
                "A cycle belongs on a non-interrupting boundary event; use a duration or a date here.",
            )
        if event.kind == "signal":
            report.warning(
                "signal_within_instance",
                node,
                "信号只在同一实例内传递；跨实例请用消息。",
                "A signal is heard within its own instance only; use messages between instances.",
            )
    if node.type == "boundaryEvent":
        _boundary(process, node, node.event, report)


def _boundary(process: Process, node: Node, event: Event | None, report: Report) -> None:
    host = process.nodes.get(node.attached_to or "")
    if host is None or host.type not in ACTIVITIES or host.scope != node.scope:
        report.error(
            "boundary_without_host",
            node,
            "边界事件没有附着在同一层的活动上。",
            "The boundary event is attached to no activity of its own level.",
        )
    if event is None:
        return
    if event.kind == "error" and not node.interrupting:
        report.error(
            "error_must_interrupt", node, "错误边界事件必须是中断的。", "An error boundary event must interrupt."
        )
    if event.timer_kind == "timeCycle" and node.interrupting:
        report.error(
            "cycle_on_interrupting_boundary",
            node,
            "循环定时器不能用在中断边界事件上；请改为非中断，或改用时长。",
            "A cycle may not stand on an interrupting boundary event; make it non-interrupting, or use a duration.",
        )


def _loop(node: Node, report: Report) -> None:
    loop = node.loop
    assert loop is not None  # noqa: S101 (the caller has looked)
    if node.type not in ACTIVITIES:
        report.error("loop_not_here", node, "只有活动可以循环或多实例。", "Only activities can be repeated.")
    if loop.kind == "standard":
        if loop.condition is None and loop.maximum is None:
            report.error(
                "loop_without_end",
                node,
                "循环没有条件，也没有最大次数。",
                "The loop has neither a condition nor a maximum.",
            )
        if loop.maximum is not None and not (loop.maximum.isdigit() and 0 < int(loop.maximum) <= 1000):
            report.error(
                "loop_without_end",
                node,
                "最大次数必须是 1 到 1000 的整数。",
                "The maximum must be a whole number from 1 to 1000.",
            )
        return
    if (loop.items is None) == (loop.cardinality is None):
        report.error(
            "multi_instance_items",
            node,
            "多实例需要列表变量（loopDataInputRef）或次数（loopCardinality），二者选一。",
            "A multi-instance needs a list variable (loopDataInputRef) or a number (loopCardinality), one of the two.",
        )
    for name in filter(None, (loop.items, loop.item, loop.results, loop.result)):
        if not name.isidentifier():
            report.error("bad_variable_name", node, f"{name} 不能作为变量名。", f"{name} cannot be a variable's name.")
    if (loop.results is None) != (loop.result is None):
        report.error(
            "multi_instance_items",
            node,
            "输出列表（loopDataOutputRef）与输出项（outputDataItem）必须同时给出。",
            "An output list (loopDataOutputRef) and an output item (outputDataItem) go together.",
        )
