"""How elements are connected: starts, ends, flows, gateways, and what a token could not pass."""

from __future__ import annotations

from collections.abc import Iterable

from app.engine.diagram import GATEWAYS, SCOPES, Flow, Node, Process
from app.engine.lint.report import Report, Subject

DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway"})


def check_flows(subject: Subject) -> None:
    """Report what is not connected as the engine needs it."""
    process, report = subject.process, subject.report
    _broken_flows(process, report)
    for scope in (
        process.id,
        *(node.id for node in process.nodes.values() if node.type in SCOPES and not node.by_event),
    ):
        _scope(process, scope, report)
    for node in process.nodes.values():
        _node(process, node, report)
        if node.type in GATEWAYS:
            _gateway(process, node, report)


def reachable(process: Process, start: Iterable[str], without: str | None = None) -> set[str]:
    """Return the nodes that a token can come to from `start` without `without`; boundary events follow their host."""
    seen: set[str] = set()
    open_ = [node for node in start if node != without]
    while open_:
        name = open_.pop()
        if name in seen:
            continue
        seen.add(name)
        following = [flow.target for flow in process.leaving(name)]
        following += [boundary.id for boundary in process.boundaries(name)]
        open_ += [target for target in following if target != without and target not in seen]
    return seen


def _broken_flows(process: Process, report: Report) -> None:
    pairs: set[tuple[str, str]] = set()
    for flow in process.flows:
        ends = [process.nodes.get(flow.source), process.nodes.get(flow.target)]
        if None in ends or any(node is not None and node.scope != flow.scope for node in ends):
            report.error(
                "broken_flow",
                flow,
                "顺序流的起点或终点不存在，或不在同一子流程内。",
                "The flow's source or target does not exist, or lies in another subprocess.",
            )
        if (flow.source, flow.target) in pairs:
            report.error(
                "duplicate_flow",
                flow,
                f"{flow.source} 到 {flow.target} 已有一条顺序流，请在中间加一个排他网关。",
                f"There is already a flow from {flow.source} to {flow.target}; put a gateway between.",
            )
        pairs.add((flow.source, flow.target))


def _scope(process: Process, scope: str, report: Report) -> None:
    nodes = process.inside(scope)
    place: Process | Node = process.nodes[scope] if scope != process.id else process
    starts = [node for node in nodes if node.type == "startEvent"]
    if not starts:
        report.error("no_start_event", place, "没有开始事件。", "There is no start event.")
    for node in starts[1:]:
        report.error(
            "several_start_events",
            node,
            "只能有一个开始事件；其他入口请另建流程，或在开始之后用网关分开。",
            "Only one start event is allowed; make another process, or divide after the start.",
        )
    if not any(node.type == "endEvent" for node in nodes):
        report.error("no_end_event", place, "没有结束事件。", "There is no end event.")
    come_to = reachable(process, [node.id for node in starts])
    for node in nodes:
        entered = bool(process.entering(node.id)) or node.type in {"startEvent", "boundaryEvent"}
        if node.by_event or node.compensation:
            continue  # refused elsewhere
        if not entered:
            report.error("unconnected", node, "没有顺序流进入该元素。", "No flow enters the element.")
        elif starts and node.id not in come_to:
            report.error(
                "unreachable", node, "从开始事件无法到达该元素。", "The element cannot be reached from the start."
            )


def _node(process: Process, node: Node, report: Report) -> None:
    leaving = process.leaving(node.id)
    if node.type == "endEvent" and leaving:
        report.error("flow_after_end", node, "结束事件之后不能再有顺序流。", "No flow may leave an end event.")
    if node.type == "startEvent" and process.entering(node.id):
        report.error("flow_into_start", node, "不能有顺序流进入开始事件。", "No flow may enter a start event.")
    if node.type == "boundaryEvent" and process.entering(node.id):
        report.error("flow_into_boundary", node, "不能有顺序流进入边界事件。", "No flow may enter a boundary event.")
    if not leaving and node.type != "endEvent" and not node.by_event and not node.compensation:
        report.error(
            "dead_end",
            node,
            "该元素之后没有顺序流；请连接到下一步或结束事件。",
            "No flow leaves the element; connect it to the next step or to an end event.",
        )
    if len(leaving) > 1 and node.type not in GATEWAYS:
        report.error(
            "several_outgoing_flows",
            node,
            "任务或事件只能有一条离开的顺序流；分支请用网关。",
            "Only one flow may leave a task or an event; use a gateway to divide.",
        )
    if node.type not in DECIDING:
        for flow in leaving:
            if flow.condition is not None:
                report.error(
                    "condition_on_task_flow",
                    flow,
                    "条件只能写在排他或包容网关之后的顺序流上，否则会被忽略。",
                    "A condition belongs on a flow that leaves an exclusive or inclusive gateway, else it is ignored.",
                )
    if node.type == "boundaryEvent" and node.interrupting:
        for flow in leaving:
            if flow.target == node.attached_to:
                report.error(
                    "boundary_back_to_host",
                    flow,
                    "中断边界事件不能直接流回它所附着的活动；请在中间加一个排他网关。",
                    "An interrupting boundary event may not flow straight back to its own activity; put an exclusive "
                    "gateway between.",
                )


def _gateway(process: Process, node: Node, report: Report) -> None:
    leaving = process.leaving(node.id)
    if node.type in DECIDING and len(leaving) > 1:
        _deciding(node, leaving, report)
    if node.default is not None and node.default not in {flow.id for flow in leaving}:
        report.error(
            "bad_default_flow",
            node,
            f"默认流 {node.default} 不从该网关离开。",
            f"The default flow {node.default} does not leave this gateway.",
        )
    if node.type == "parallelGateway" and len(process.entering(node.id)) > 1:
        _parallel_join(process, node, report)
    if node.type == "eventBasedGateway":
        _event_gateway(process, node, report)


def _deciding(node: Node, leaving: list[Flow], report: Report) -> None:
    if node.default is None:
        report.error(
            "missing_default_flow",
            node,
            "网关没有默认流；没有条件成立时流程会卡住。请把一条顺序流设为默认流。",
            "The gateway has no default flow; the process is stuck when no condition holds. Make one flow the default.",
        )
    for flow in leaving:
        if flow.id == node.default:
            if flow.condition is not None:
                report.warning(
                    "condition_on_default_flow",
                    flow,
                    "默认流上的条件不会被计算。",
                    "The condition on the default flow is never evaluated.",
                )
        elif flow.condition is None:
            report.error(
                "missing_condition",
                flow,
                "该顺序流没有条件，也不是默认流。",
                "The flow has no condition and is not the default.",
            )


def _parallel_join(process: Process, node: Node, report: Report) -> None:
    starts = [other.id for other in process.inside(node.scope) if other.type == "startEvent"]
    before = reachable(process, starts, without=node.id)
    origins: dict[str, Flow] = {}
    for flow in process.entering(node.id):
        if node.id in before or flow.source not in before:
            report.error(
                "loop_into_parallel",
                flow,
                "循环回来的顺序流不能直接进入并行网关（首次会一直等待）；请先用排他网关合并。",
                "A flow that loops back may not enter a parallel gateway (the first round would wait for ever); "
                "merge it in an exclusive gateway first.",
            )
            continue
        origin = _exclusive_origin(process, flow)
        if origin is not None and origin in origins:
            report.error(
                "exclusive_into_parallel",
                flow,
                f"同一排他网关 {origin} 的两条分支直接进入并行网关，会一直等待；请先用排他网关合并。",
                f"Two branches of the exclusive gateway {origin} enter this parallel gateway, which waits for ever; "
                "merge them in an exclusive gateway first.",
            )
        elif origin is not None:
            origins[origin] = flow


def _exclusive_origin(process: Process, flow: Flow) -> str | None:
    """Walk back along a line without forks and merges to the gateway that chose it, if an exclusive one did."""
    seen: set[str] = set()
    while flow.source not in seen:
        seen.add(flow.source)
        node = process.nodes.get(flow.source)
        if node is None:
            return None
        if node.type in {"exclusiveGateway", "eventBasedGateway"} and len(process.leaving(node.id)) > 1:
            return node.id
        entering = process.entering(node.id)
        if len(entering) != 1 or len(process.leaving(node.id)) != 1:
            return None
        flow = entering[0]
    return None


def _event_gateway(process: Process, node: Node, report: Report) -> None:
    timers = 0
    for flow in process.leaving(node.id):
        target = process.nodes.get(flow.target)
        if target is None:
            continue
        kind = target.event.kind if target.event is not None else None
        timers += kind == "timer"
        if target.type not in {"intermediateCatchEvent", "receiveTask"} or kind not in {"timer", "message", "signal"}:
            report.error(
                "event_gateway_target",
                target,
                "事件网关之后只能是定时、消息或信号捕获事件（或接收任务）。",
                "Only timer, message or signal catching events (or receive tasks) may follow an event-based gateway.",
            )
        if len(process.entering(target.id)) > 1:
            report.error(
                "event_gateway_target",
                target,
                "事件网关之后的事件不能再有其他进入的顺序流。",
                "An event behind an event-based gateway may have no other incoming flow.",
            )
    if timers > 1:
        report.error(
            "event_gateway_two_timers",
            node,
            "一个事件网关只能有一个定时器；请改用一个定时器，其后再分支。",
            "An event-based gateway may have one timer only; use one, and divide after it.",
        )
