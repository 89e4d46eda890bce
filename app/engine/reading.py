"""Reading a BPMN file into records; what it says is kept as it is, right or wrong."""

from __future__ import annotations

from collections.abc import Mapping

from app.engine.diagram import FLOW_NODES, SCOPES, WITHOUT_EFFECT, Diagram, Event, Flow, Loop, Node, Process
from app.engine.xml import BPMN, CHENGNUO, SPIFF, Xml, bpmn, chengnuo, local, namespace, parse, spiff, text


def read_diagram(data: bytes, file: str) -> Diagram:
    """Return the file's processes, whether they can run or not; raises Refused when it is no acceptable XML."""
    root = parse(data, file)
    names = _Names(root)
    processes = tuple(_process(element, names) for element in root.iter(bpmn("process")))
    return Diagram(file, root, processes)


class _Names:
    """Definitions that events refer to by id."""

    def __init__(self, root: Xml) -> None:
        self.by_id: dict[str, Xml] = {}
        for tag in ("message", "error", "escalation", "signal"):
            for element in root.iter(bpmn(tag)):
                if element.get("id"):
                    self.by_id.setdefault(element.get("id"), element)
        self.participants = {
            p.get("processRef"): p.get("name") for p in root.iter(bpmn("participant")) if p.get("name")
        }

    def get(self, ref: str | None) -> Xml:
        """Return the definition; a prefix of a qualified name is skipped."""
        if ref is None:
            return None
        return self.by_id.get(ref, self.by_id.get(ref.rpartition(":")[2]))


def _process(element: Xml, names: _Names) -> Process:
    key = element.get("id") or ""
    lanes = _lanes(element)
    items: list[Node | Flow] = []
    unknown: list[tuple[str, str | None, int | None]] = []
    _walk(element, key, key, None, lanes, names, items, unknown)
    return Process(
        id=key,
        name=_clean(element.get("name")) or _clean(names.participants.get(key)),
        line=element.sourceline,
        executable=element.get("isExecutable", "true") == "true",
        properties=_properties(element),
        documentation=_documentation(element),
        items=tuple(items),
        unknown=tuple(unknown),
        has_lanes=bool(lanes),
    )


def _lanes(process: Xml) -> dict[str, str]:
    lanes: dict[str, str] = {}
    for reference in process.iter(bpmn("flowNodeRef")):  # an inner lane comes later and wins
        lane = reference.getparent()
        if reference.text and lane is not None and lane.get("name"):
            lanes[reference.text.strip()] = _clean(lane.get("name")) or ""
    return lanes


def _walk(
    parent: Xml,
    process: str,
    scope: str,
    lane: str | None,
    lanes: Mapping[str, str],
    names: _Names,
    items: list[Node | Flow],
    unknown: list[tuple[str, str | None, int | None]],
) -> None:
    for child in parent:
        if namespace(child) != BPMN:
            continue
        tag = local(child)
        if tag == "sequenceFlow":
            items.append(_flow(child, process, scope))
        elif tag in FLOW_NODES:
            node = _node(child, tag, process, scope, lanes.get(child.get("id") or "") or lane, names)
            items.append(node)
            if tag in SCOPES:
                _walk(child, process, node.id, node.lane_name, lanes, names, items, unknown)
        elif tag not in WITHOUT_EFFECT:
            unknown.append((tag, child.get("id"), child.sourceline))


def _flow(element: Xml, process: str, scope: str) -> Flow:
    condition = element.find(bpmn("conditionExpression"))
    return Flow(
        id=element.get("id") or "",
        source=element.get("sourceRef") or "",
        target=element.get("targetRef") or "",
        name=_clean(element.get("name")),
        condition=text(condition),
        line=element.sourceline,
        process=process,
        scope=scope,
        language=condition.get("language") if condition is not None else None,
        properties=_properties(element),
        documentation=_documentation(element),
    )


def _node(element: Xml, tag: str, process: str, scope: str, lane: str | None, names: _Names) -> Node:
    operator = _extension(element, spiff("serviceTaskOperator"))
    events = tuple(_event(child, names) for child in element if local(child).endswith("EventDefinition"))
    return Node(
        id=element.get("id") or "",
        type=tag,
        name=_clean(element.get("name")),
        line=element.sourceline,
        process=process,
        scope=scope,
        lane_name=lane,
        attached_to=element.get("attachedToRef"),
        interrupting=element.get("cancelActivity", "true").lower() == "true",
        events=events,
        loop=_loop(element),
        default=element.get("default"),
        properties=_properties(element),
        documentation=_documentation(element),
        script=text(element.find(bpmn("script"))),
        operation=operator.get("id") if operator is not None else None,
        parameters=_parameters(operator),
        result=operator.get("resultVariable") if operator is not None else None,
        decision=text(_extension(element, spiff("calledDecisionId"))),
        called=element.get("calledElement"),
        inputs=_mapping(element, chengnuo("in")),
        outputs=_mapping(element, chengnuo("out")),
        scripts=tuple(
            local(script)
            for name in ("preScript", "postScript")
            if (script := _extension(element, spiff(name))) is not None
        ),
        by_event=element.get("triggeredByEvent") == "true",
        compensation=element.get("isForCompensation") == "true",
        message=_task_message(element, names) if tag in {"sendTask", "receiveTask"} else None,
    )


def _event(element: Xml, names: _Names) -> Event:
    kind = local(element).removesuffix("EventDefinition")
    expression = timer_kind = None
    for name in ("timeDate", "timeDuration", "timeCycle"):
        if (found := element.find(bpmn(name))) is not None:
            timer_kind, expression = name, text(found)
    if kind == "conditional":
        expression = text(element.find(bpmn("condition")))
    ref = element.get(f"{kind}Ref")
    return _named(Event(kind, element.sourceline, timer_kind, expression, ref), element, names)


def _task_message(element: Xml, names: _Names) -> Event | None:
    definition = element.find(bpmn("messageEventDefinition"))
    carrier = definition if definition is not None else element
    ref = carrier.get("messageRef")
    return _named(Event("message", element.sourceline, ref=ref), carrier, names) if ref else None


def _named(event: Event, element: Xml, names: _Names) -> Event:
    target = names.get(event.ref)
    name = code = None
    if target is not None:
        name = _clean(target.get("name")) or target.get("id")
        code = target.get("errorCode") or target.get("escalationCode")
        if code is None and event.kind in {"error", "escalation"}:
            code = name
    payload = text(_extension(element, spiff("messagePayload"))) or text(
        _extension(element, spiff("payloadExpression"))
    )
    variable = text(_extension(element, spiff("messageVariable"))) or text(_extension(element, spiff("variableName")))
    return Event(event.kind, event.line, event.timer_kind, event.expression, event.ref, name, code, payload, variable)


def _loop(element: Xml) -> Loop | None:
    standard = element.find(bpmn("standardLoopCharacteristics"))
    if standard is not None:
        return Loop(
            "standard",
            standard.sourceline,
            condition=text(standard.find(bpmn("loopCondition"))),
            test_before=standard.get("testBefore") == "true",
            maximum=standard.get("loopMaximum"),
        )
    multi = element.find(bpmn("multiInstanceLoopCharacteristics"))
    if multi is None:
        return None
    item, result = multi.find(bpmn("inputDataItem")), multi.find(bpmn("outputDataItem"))
    return Loop(
        "sequential" if multi.get("isSequential") == "true" else "parallel",
        multi.sourceline,
        items=text(multi.find(bpmn("loopDataInputRef"))),
        item=_variable(item),
        results=text(multi.find(bpmn("loopDataOutputRef"))),
        result=_variable(result),
        cardinality=text(multi.find(bpmn("loopCardinality"))),
        completion=text(multi.find(bpmn("completionCondition"))),
    )


def _variable(element: Xml) -> str | None:
    return (element.get("name") or element.get("id")) if element is not None else None


def _extension(element: Xml, name: str) -> Xml:
    extensions = element.find(bpmn("extensionElements"))
    return extensions.find(name) if extensions is not None else None


def _properties(element: Xml) -> dict[str, str]:
    found = _extension(element, spiff("properties"))
    if found is None:
        return {}
    return {p.get("name"): p.get("value") or "" for p in found if namespace(p) == SPIFF and p.get("name")}


def _parameters(operator: Xml) -> dict[str, str]:
    if operator is None:
        return {}
    return {p.get("id") or "": p.get("value") or "" for p in operator.iter(spiff("parameter"))}


def _mapping(element: Xml, name: str) -> tuple[tuple[str, str], ...]:
    extensions = element.find(bpmn("extensionElements"))
    if extensions is None:
        return ()
    return tuple(
        (m.get("target") or "", m.get("source") or "") for m in extensions if namespace(m) == CHENGNUO and m.tag == name
    )


def _documentation(element: Xml) -> str:
    return "\n".join(filter(None, (text(d) for d in element.findall(bpmn("documentation")))))


def _clean(value: str | None) -> str | None:
    return " ".join(value.split()) or None if value else None
