"""Who writes which variable: two branches that run at once must not write the same one."""

from __future__ import annotations

from app.engine.diagram import SCOPES, Flow, Node, Process
from app.engine.lint.flows import reachable
from app.engine.lint.report import Subject
from app.engine.scripts import assignments
from app.errors import ExpressionError


def writes(subject: Subject, node: Node) -> frozenset[str]:
    """Return the variables that a node sets, those of the elements inside a subprocess included."""
    names, seen, open_ = set[str](), {node.id}, [node]
    while open_:
        one = open_.pop()
        names |= _own_writes(subject, one)
        inner = subject.process.inside(one.id) if one.type in SCOPES else []
        open_ += [other for other in inner if other.id not in seen]
        seen |= {other.id for other in inner}
    return frozenset(names)


def _own_writes(subject: Subject, node: Node) -> set[str]:
    names: set[str] = set()
    forms = subject.catalog.forms or {}
    names |= forms.get(node.properties.get("form", "")) or frozenset()
    if node.script is not None:
        try:
            names |= {name for name, _ in assignments(node.script)}
        except ExpressionError:
            names |= set()  # reported elsewhere
    if node.type == "serviceTask" and node.result:
        names.add(node.result)
    if node.decision is not None:
        names.add(node.properties.get("result") or node.decision)
        names |= set(subject.outputs.get(node.decision, ())[1:])
    names |= {name for name, _ in node.outputs}
    if node.event is not None and node.event.variable:
        names.add(node.event.variable)
    if node.loop is not None:
        names |= set(filter(None, (node.loop.results,)))
        names -= {node.loop.result or "", node.loop.item or ""}
    return names


def known_variables(subject: Subject) -> frozenset[str] | None:
    """Return every variable that something may set in this process; None where that cannot be known.

    What starts the process or a message brings is known only from callers and payloads inside the bundle.
    """
    process = subject.process
    if subject.catalog.forms is None:
        return None
    names: set[str] = {"error_code", "error_text", "escalation_code", "numberOfInstances", "numberOfCompletedInstances"}
    for node in process.nodes.values():
        names |= writes(subject, node)
        if node.loop is not None:
            names |= set(filter(None, (node.loop.item, node.loop.result)))
        form = node.properties.get("form")
        if form is not None and subject.catalog.forms.get(form, None) is None:
            return None
        if node.called is not None and not node.inputs and not node.outputs:
            return None  # everything comes back
        if (
            node.event is not None
            and node.event.kind == "message"
            and node.type not in {"endEvent", "intermediateThrowEvent", "sendTask"}
        ):
            return None  # its payload may bring anything
    callers = [
        node for other in subject.processes.values() for node in other.nodes.values() if node.called == process.id
    ]
    if not callers or any(not node.inputs and not node.outputs for node in callers):
        return None
    return frozenset(names | {name for node in callers for name, _ in node.inputs})


def check_data(subject: Subject) -> None:
    """Report variables that two branches write which run at the same time."""
    process = subject.process
    for node in process.nodes.values():
        leaving = process.leaving(node.id)
        if node.type in {"parallelGateway", "inclusiveGateway"} and len(leaving) > 1:
            _branches(subject, node, leaving)
        if node.type == "boundaryEvent" and not node.interrupting:
            _beside(subject, node)


def _branches(subject: Subject, node: Node, leaving: list[Flow]) -> None:
    ways = [reachable(subject.process, [flow.target], without=node.id) for flow in leaving]
    writers: dict[str, list[tuple[int, str]]] = {}
    for index, way in enumerate(ways):
        for name in way:
            for variable in writes(subject, subject.process.nodes[name]) if name in subject.process.nodes else ():
                writers.setdefault(variable, []).append((index, name))
    shared = sorted(
        variable
        for variable, places in writers.items()
        if any(
            one != other and here not in ways[other] and there not in ways[one]
            for position, (one, here) in enumerate(places)
            for other, there in places[position + 1 :]
        )
    )
    if shared:
        subject.report.error(
            "shared_variable_in_parallel",
            node,
            f"并行的分支都会写变量 {'、'.join(shared)}；请让每个分支使用自己的变量。",
            f"Parallel branches both write {', '.join(shared)}; give each branch variables of its own.",
        )


def _beside(subject: Subject, node: Node) -> None:
    process: Process = subject.process
    host = process.nodes.get(node.attached_to or "")
    if host is None:
        return
    beside = reachable(process, [flow.target for flow in process.leaving(node.id)])
    main = reachable(process, [flow.target for flow in process.leaving(host.id)])
    shared = _written(subject, beside - main) & (_written(subject, main - beside) | writes(subject, host))
    if shared:
        subject.report.warning(
            "shared_variable_beside",
            node,
            f"非中断分支与主线都会写变量 {'、'.join(sorted(shared))}；后完成的会覆盖先完成的。",
            f"The non-interrupting branch and the main path both write {', '.join(sorted(shared))}; the later wins.",
        )


def _written(subject: Subject, names: set[str]) -> frozenset[str]:
    nodes = subject.process.nodes
    return frozenset().union(*(writes(subject, nodes[name]) for name in names if name in nodes))
