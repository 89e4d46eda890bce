"""From a checked diagram to task specs: one scope for the process and one for each embedded subprocess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.engine.diagram import Node, Process
from app.engine.event_specs import BoundaryEvent, CatchEvent, EventGateway, ThrowEvent
from app.engine.joins import InclusiveGateway, ParallelGateway
from app.engine.multi_instance import MultiInstance, StandardLoop
from app.engine.scripts import assignments
from app.engine.specs import (
    BoundarySplit,
    CallActivity,
    ExclusiveGateway,
    PlainElement,
    RuleTask,
    ScopeSpec,
    ScriptTask,
    ServiceTask,
    SubProcess,
    UserTask,
)
from app.errors import Finding, Refused
from app.facts import Element


def scope_name(process: str, subprocess: str) -> str:
    """Return the name of an embedded subprocess's scope; its id alone may occur in several processes."""
    return f"{process}/{subprocess}"


def build_process(process: Process, elements: Mapping[str, Element], file: str) -> dict[str, ScopeSpec]:
    """Return the specs of the process (under its id) and of its subprocesses; raises Refused for what cannot run."""
    builder = _Builder(process, elements, file)
    builder.scope(process.id, process.id)
    return builder.scopes


class _Builder:
    def __init__(self, process: Process, elements: Mapping[str, Element], file: str) -> None:
        self.process, self.elements, self.file = process, elements, file
        self.scopes: dict[str, ScopeSpec] = {}

    def scope(self, scope_id: str, name: str) -> None:
        """Build one scope and, on the way, those inside it."""
        spec = self.scopes[name] = ScopeSpec(name, self.process.id, self.file)
        nodes = self.process.inside(scope_id)
        for node in nodes:
            self._add(spec, node)
        for node in nodes:
            self._connect(spec, node)
        for task_spec in list(spec.task_specs.values()):
            if isinstance(task_spec, InclusiveGateway):
                task_spec.look_upstream()

    def _add(self, spec: ScopeSpec, node: Node) -> None:
        make = MAKERS.get(node.type)
        if make is None or node.by_event:
            raise Refused(
                [
                    Finding(
                        self.file,
                        node.id,
                        node.line,
                        "unsupported_element",
                        "error",
                        f"不支持的元素：{node.type}",
                        f"Unsupported element: {node.type}",
                    )
                ]
            )
        element = self.elements[node.id]
        if node.type in {"subProcess"}:
            self.scope(node.id, scope_name(self.process.id, node.id))
        if node.loop is None:
            make(spec, node, node.id).element = element
        else:
            child = f"{node.id} [child]"
            kind = StandardLoop if node.loop.kind == "standard" else MultiInstance
            whole = kind(spec, node.id, loop=node.loop, child=child, bpmn_name=node.name, lane=node.lane_name)
            whole.element = replace(element, activity=None, extra_activities=())
            one = make(spec, node, child)
            one.bpmn_id = node.id
            one.element = replace(element, milestone=None, status=None, pauses=(), closes_case=False)
        if self.process.boundaries(node.id):
            BoundarySplit(spec, f"{node.id} [boundary]", host=node.id)

    def _connect(self, spec: ScopeSpec, node: Node) -> None:
        specs: dict[str, Any] = spec.task_specs
        one = specs[node.id]
        if node.type == "startEvent":
            spec.start.connect(one)
        split = specs.get(f"{node.id} [boundary]")
        if split is not None:
            split.connect(one)
            for boundary in self.process.boundaries(node.id):
                split.connect(specs[boundary.id])
        flows = self.process.leaving(node.id)
        for flow in flows:
            target = specs.get(f"{flow.target} [boundary]") or specs[flow.target]
            one.connect(target)
            if isinstance(one, ExclusiveGateway | InclusiveGateway):
                one.conditions.append((None if flow.id == node.default else flow.condition, target.name))
        if not flows:
            one.connect(spec.end)
            if isinstance(one, ExclusiveGateway | InclusiveGateway):
                one.conditions.append((None, spec.end.name))


def _common(node: Node) -> dict[str, Any]:
    return {"bpmn_name": node.name, "lane": node.lane_name, "description": node.type}


def _throw_or_pass(spec: ScopeSpec, node: Node, name: str) -> Any:
    if node.event is None:
        return PlainElement(spec, name, **_common(node))
    return ThrowEvent(spec, name, event=node.event, correlate=node.properties.get("correlate") or None, **_common(node))


def _catch(spec: ScopeSpec, node: Node, name: str) -> Any:
    if node.event is None:
        return PlainElement(spec, name, **_common(node))
    return CatchEvent(spec, name, event=node.event, correlate=node.properties.get("correlate") or None, **_common(node))


def _boundary(spec: ScopeSpec, node: Node, name: str) -> Any:
    assert node.event is not None  # noqa: S101 (the lint refuses a boundary event without a definition)
    return BoundaryEvent(
        spec,
        name,
        event=node.event,
        correlate=node.properties.get("correlate") or None,
        interrupting=node.interrupting or node.event.kind == "error",
        **_common(node),
    )


def _service(spec: ScopeSpec, node: Node, name: str) -> Any:
    return ServiceTask(
        spec,
        name,
        operation=node.operation or "",
        parameters=node.parameters,
        result=node.result or None,
        **_common(node),
    )


def _rule(spec: ScopeSpec, node: Node, name: str) -> Any:
    decision = node.decision or ""
    return RuleTask(spec, name, decision=decision, result=node.properties.get("result") or decision, **_common(node))


def _script(spec: ScopeSpec, node: Node, name: str) -> Any:
    return ScriptTask(spec, name, assignments=assignments(node.script or ""), **_common(node))


def _subprocess(spec: ScopeSpec, node: Node, name: str) -> Any:
    return SubProcess(spec, name, spec=scope_name(node.process, node.id), **_common(node))


def _call(spec: ScopeSpec, node: Node, name: str) -> Any:
    return CallActivity(spec, name, spec=node.called or "", inputs=node.inputs, outputs=node.outputs, **_common(node))


def _plain(kind: type) -> Callable[[ScopeSpec, Node, str], Any]:
    return lambda spec, node, name: kind(spec, name, **_common(node))


MAKERS: Mapping[str, Callable[[ScopeSpec, Node, str], Any]] = {
    "startEvent": _plain(PlainElement),
    "endEvent": _throw_or_pass,
    "intermediateThrowEvent": _throw_or_pass,
    "sendTask": _throw_or_pass,
    "intermediateCatchEvent": _catch,
    "receiveTask": _catch,
    "boundaryEvent": _boundary,
    "task": _plain(PlainElement),
    "userTask": _plain(UserTask),
    "manualTask": _plain(UserTask),
    "serviceTask": _service,
    "scriptTask": _script,
    "businessRuleTask": _rule,
    "subProcess": _subprocess,
    "callActivity": _call,
    "exclusiveGateway": _plain(ExclusiveGateway),
    "parallelGateway": _plain(ParallelGateway),
    "inclusiveGateway": _plain(InclusiveGateway),
    "eventBasedGateway": _plain(EventGateway),
}
