"""Messages and errors across the bundle: who throws, who listens."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.catalog import Catalog
from app.engine.diagram import Diagram, Node, Process
from app.errors import Finding

THROWING = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})


def check_messages(diagrams: list[Diagram], catalog: Catalog) -> list[Finding]:
    """Return findings for messages that nobody sends or hears, and for errors that no caller catches."""
    findings: list[Finding] = []
    nodes = [
        (diagram.file, process, node)
        for diagram in diagrams
        for process in diagram.processes
        for node in process.nodes.values()
    ]
    if catalog.messages is not None:
        findings += _one_sided(nodes, catalog.messages)
    for file, process, node in nodes:
        if node.type == "endEvent" and node.event is not None and node.event.kind == "error":
            findings += _uncaught(file, process, node, [(p, n) for _, p, n in nodes])
    return findings


def _one_sided(nodes: list[tuple[str, Process, Node]], outside: frozenset[str]) -> Iterator[Finding]:
    with_message = [
        (file, node, node.event.name or "")
        for file, _, node in nodes
        if node.event is not None and node.event.kind == "message" and node.event.name
    ]
    thrown = {name for _, node, name in with_message if node.type in THROWING} | outside
    caught = {name for _, node, name in with_message if node.type not in THROWING} | outside
    for file, node, name in with_message:
        if node.type in THROWING and name not in caught:
            yield Finding(
                file,
                node.id,
                node.line,
                "message_nobody_hears",
                "warning",
                f"没有流程接收消息 {name}。",
                f"No process waits for the message {name}.",
            )
        if node.type not in THROWING and name not in thrown:
            yield Finding(
                file,
                node.id,
                node.line,
                "message_nobody_sends",
                "warning",
                f"没有流程或外部来源发送消息 {name}。",
                f"Neither a process nor anything outside sends the message {name}.",
            )


def _uncaught(file: str, process: Process, node: Node, nodes: list[tuple[Process, Node]]) -> Iterator[Finding]:
    """Look at the enclosing subprocess, then at every caller: each must have a boundary event for the error."""
    scope, seen = node.scope, {process.id}
    while scope not in seen and scope in process.nodes:
        if _catches(process, scope, node):
            return
        seen.add(scope)
        scope = process.nodes[scope].scope
    callers = [(p, n) for p, n in nodes if n.called == process.id]
    if not callers or not all(_catches(p, n.id, node) for p, n in callers):
        yield Finding(
            file,
            node.id,
            node.line,
            "error_not_caught",
            "warning",
            "没有边界事件捕获该错误结束事件；运行到此会成为待处理的故障。",
            "No boundary event catches this error end event; it will become an incident.",
        )


def _catches(process: Process, host: str, thrower: Node) -> bool:
    event = thrower.event
    return any(
        boundary.event is not None
        and boundary.event.kind == "error"
        and event is not None
        and boundary.event.code in (None, event.code)
        for boundary in process.boundaries(host)
    )
