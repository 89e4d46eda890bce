"""A BPMN file as parts: elements, flows, lanes, pools and definitions with everything that they say."""

from __future__ import annotations

from app.engine.comparing.parts import DEFAULTS, TECHNICAL, Content, Facts, Part, drawn, put, short, tail, walk
from app.engine.diagram import GATEWAYS
from app.engine.xml import BPMN, BPMNDI, CHENGNUO, SPIFF, Xml, local, namespace, parse

HOLDERS = frozenset({
    "definitions", "process", "subProcess", "transaction", "adHocSubProcess", "collaboration", "choreography",
    "subChoreography", "conversation", "globalConversation", "laneSet", "childLaneSet", "category", "interface",
})  # fmt: skip
SHEATHS = frozenset({"laneSet", "childLaneSet"})  # nobody speaks of them; their lanes are parts
NEVER = frozenset({
    "extensionElements", "documentation", "ioSpecification", "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics", "incoming", "outgoing", "flowNodeRef", "property", "dataInputAssociation",
    "dataOutputAssociation", "resourceRole", "performer", "potentialOwner", "humanPerformer", "auditing", "monitoring",
})  # fmt: skip


def read_bpmn(data: bytes, file: str) -> Content:
    """Return what a BPMN file says; raises Refused when it is no acceptable XML."""
    root = parse(data, file)
    content = Content()
    if namespace(root) != BPMN:
        part = content.add(Part("@file", None, "file", ""))
        walk(root, short(root), part.facts)
        return content
    reader = _Reader(content)
    reader.owner(root, "")
    reader.derive()
    for diagram in root.iter(f"{{{BPMNDI}}}BPMNDiagram"):
        for name, text in drawn(diagram, {"bpmnElement": ""}):
            content.drawing[name] = "\n".join(filter(None, (content.drawing.get(name), text)))
    return content


class _Reader:
    """Reads one file; what is said twice (flows at both ends, nodes in lanes) is kept once."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.nodes: dict[str, Part] = {}
        self.flows: list[tuple[str, str, str]] = []  # id, source, target
        self.ends: dict[str, dict[str, list[str]]] = {}  # node -> incoming | outgoing -> flow ids
        self.lanes: dict[str, str] = {}

    def owner(self, element: Xml, parent: str) -> None:
        """Keep an element that is a part, and the parts that it holds."""
        tag, key = local(element), element.get("id")
        part = Part(key or f"@{parent}/{tag}", key, tag, " ".join((element.get("name") or "").split()))
        self.content.add(part)
        facts = part.facts
        facts["type"] = tag
        if parent and local(element.getparent()) not in {"definitions", "collaboration"}:
            facts["parent"] = parent
        for name, value in sorted(element.attrib.items()):
            if (name != "id" or tag == "definitions") and DEFAULTS.get(name) != value.strip():
                own = tag == "definitions"  # targetNamespace, exporter and the like
                put(facts, f"{TECHNICAL if own else ''}@{name}", value.strip())
        if (element.text or "").strip():
            put(facts, "text", element.text.strip())
        if key:
            self.nodes[key] = part
            if tag == "sequenceFlow":
                self.flows.append((key, element.get("sourceRef") or "", element.get("targetRef") or ""))
        for child in element:
            self.child(element, child, part)
            tail(child, "", facts)

    def child(self, element: Xml, child: Xml, part: Part) -> None:
        """Keep what an element holds: a part of its own, or one of its facts."""
        tag, ours = local(child), namespace(child) == BPMN
        if namespace(child) == BPMNDI:
            return
        if ours and tag in SHEATHS:
            self.sheath(child, part)
        elif ours and local(element) in HOLDERS and tag not in NEVER:
            self.owner(child, part.id or part.key)
        elif ours and tag in {"incoming", "outgoing"}:
            ends = self.ends.setdefault(part.key, {"incoming": [], "outgoing": []})
            ends[tag].append((child.text or "").strip())
        elif ours and tag == "flowNodeRef":
            node = (child.text or "").strip()
            self.lanes[node] = part.key
            part.facts.setdefault("lane_nodes", "")
            part.facts["lane_nodes"] += f"{node} "
        else:
            self.fact(child, part.facts, part)

    def sheath(self, element: Xml, part: Part) -> None:
        """Keep the lanes of a lane set, and what it says beside them."""
        for name, value in sorted(element.attrib.items()):
            put(part.facts, f"{TECHNICAL}{local(element)}@{name}", value.strip())
        if (element.text or "").strip():
            put(part.facts, local(element), element.text.strip())
        for child in element:
            if local(child) == "lane":
                self.owner(child, part.id or part.key)
            else:
                self.fact(child, part.facts, part)
            tail(child, local(element), part.facts)

    def fact(self, child: Xml, facts: Facts, part: Part) -> None:
        """Keep a child that is no part: what we know under its own name, all else by its path."""
        tag = local(child)
        if tag == "extensionElements" and namespace(child) == BPMN:
            _attributes(child, "extensionElements", facts)
            for inner in child:
                _extension(inner, facts)
                tail(inner, "extensionElements", facts)
            return
        if tag.endswith("EventDefinition"):
            put(facts, "event", tag.removesuffix("EventDefinition"))
        walk(child, tag, facts)

    def derive(self) -> None:
        """Say of flows and lanes only what the files do not say twice: mismatches, places, and order."""
        leaving: dict[str, list[str]] = {}
        entering: dict[str, list[str]] = {}
        for key, source, target in self.flows:
            leaving.setdefault(source, []).append(key)
            entering.setdefault(target, []).append(key)
        for key, ends in self.ends.items():
            part = self.content.parts[key]
            for end, real in (("incoming", entering), ("outgoing", leaving)):
                odd = set(ends[end]) ^ set(real.get(key, ()))
                twice = [one for one in ends[end] if ends[end].count(one) > 1]
                if (odd and ends[end]) or twice:
                    part.facts[f"{TECHNICAL}{end}"] = " ".join(sorted([*odd, *twice]))
        for node, lane in self.lanes.items():
            if node in self.nodes:
                self.nodes[node].facts["lane"] = lane
        for part in list(self.content.parts.values()):
            nodes = part.facts.pop("lane_nodes", "").split()
            strange = [one for one in nodes if one not in self.nodes or nodes.count(one) > 1]
            if strange:
                part.facts[f"{TECHNICAL}flowNodeRef"] = " ".join(sorted(strange))
        for key, flows in leaving.items():
            if len(flows) > 1 and key in self.nodes and self.nodes[key].type in GATEWAYS:
                self.nodes[key].order = {"flow_order": tuple(flows)}


def _attributes(element: Xml, path: str, facts: Facts) -> None:
    for name, value in sorted(element.attrib.items()):
        put(facts, f"{TECHNICAL}{path}@{name}", value.strip())
    if (element.text or "").strip():
        put(facts, path, element.text.strip())


def _extension(element: Xml, facts: Facts) -> None:
    """Keep an extension element: properties, operations and mappings under the names that people gave them."""
    space, tag = namespace(element), local(element)
    if space == SPIFF and tag == "properties":
        _attributes(element, "properties", facts)
        for one in element:
            _named(one, "property", "name", "value", facts)
    elif space == SPIFF and tag == "serviceTaskOperator":
        put(facts, "operation", element.get("id") or "")
        _rest(element, "operation", {"id"}, facts)
        for holder in element:
            _attributes(holder, f"operation/{short(holder)}", facts)
            for one in holder:
                _named(one, "parameter", "id", "value", facts)
    elif space == CHENGNUO and tag in {"in", "out"}:
        _named(element, tag, "target", "source", facts)
    else:
        walk(element, short(element), facts)


def _named(element: Xml, kind: str, name: str, value: str, facts: Facts) -> None:
    key = f"{kind}:{element.get(name) or ''}"
    put(facts, key, (element.get(value) or "").strip())
    _rest(element, key, {name, value}, facts)
    for child in element:
        walk(child, f"{key}/{short(child)}", facts)


def _rest(element: Xml, path: str, known: set[str], facts: Facts) -> None:
    for other, given in sorted(element.attrib.items()):
        if other not in known:
            put(facts, f"{path}@{other}", given.strip())
    if (element.text or "").strip():
        put(facts, f"{path}/text()", element.text.strip())
