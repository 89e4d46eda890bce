"""What a file says, cut into parts: each element, rule or field with its facts, and the drawing apart from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.engine.xml import Xml, local, namespace

Facts = dict[str, str]
# Defaults of the BPMN and DMN schemas: an attribute that only says them says nothing, and editors leave it out.
DEFAULTS = {
    "cancelActivity": "true", "isInterrupting": "true", "eventGatewayType": "Exclusive", "instantiate": "false",
    "isSequential": "false", "isForCompensation": "false", "triggeredByEvent": "false", "parallelMultiple": "false",
    "startQuantity": "1", "completionQuantity": "1", "gatewayDirection": "Unspecified", "testBefore": "false",
    "isCollection": "false", "isClosed": "false", "processType": "None", "hitPolicy": "UNIQUE",
    "preferredOrientation": "Rule-as-Row", "textFormat": "text/plain",
    "expressionLanguage": "http://www.w3.org/1999/XPath", "typeLanguage": "http://www.w3.org/2001/XMLSchema",
}  # fmt: skip
STRAY = {"BPMNShape", "BPMNEdge"}  # of these, what names no element is drawn for its own sake
TECHNICAL = "technical:"  # begins the key of a fact that nobody reads: ids of inner parts, who exported the file


@dataclass
class Part:
    """One thing of a file that has a name of its own."""

    key: str  # unique in the file
    id: str | None
    type: str  # BPMN's or DMN's name, "field", "form", "file"
    name: str
    facts: Facts = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # fact -> (zh, en), where a file names it itself
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # fact -> keys whose order matters


@dataclass
class Content:
    """A file as parts, and where each of them is drawn."""

    parts: dict[str, Part] = field(default_factory=dict)
    drawing: dict[str, str] = field(default_factory=dict)  # element id -> how it is drawn

    def add(self, part: Part) -> Part:
        """Keep a part; one with a key that is taken gets another."""
        key, count = part.key, 2
        while part.key in self.parts:
            part.key, count = f"{key}#{count}", count + 1
        self.parts[part.key] = part
        return part


def put(facts: Facts, key: str, value: str) -> None:
    """Keep a fact under a key of its own."""
    name, count = key, 2
    while name in facts:
        name, count = f"{key}#{count}", count + 1
    facts[name] = value


def short(element: Xml) -> str:
    """Return an element's name: alone in the vocabulary of the file's root, else with its namespace."""
    tag = str(element.tag)
    space, _, name = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
    root = namespace(element.getroottree().getroot())
    return name if space == root else f"{{{space}}}{name}"


def walk(element: Xml, path: str, facts: Facts, technical_ids: bool = True) -> None:
    """Keep every attribute and text at and below an element."""
    for name, value in sorted(element.attrib.items()):
        if DEFAULTS.get(name) == value.strip():
            continue
        technical = TECHNICAL if technical_ids and name == "id" else ""
        put(facts, f"{technical}{path}@{name}", value.strip())
    text = (element.text or "").strip()
    if text or (not len(element) and not element.attrib):
        put(facts, path, text)
    for child in element:
        walk(child, f"{path}/{short(child)}", facts, technical_ids)
        tail(child, path, facts)


def tail(child: Xml, path: str, facts: Facts) -> None:
    """Keep the text that stands behind an element."""
    if (child.tail or "").strip():
        put(facts, f"{path}/text()", child.tail.strip())


def drawn(diagram: Xml, local_names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield which element each shape of a diagram draws, and how; `local_names` maps shape tags to the reference."""
    owned: dict[Xml, Facts] = {}
    names: dict[Xml, str] = {}

    def visit(element: Xml, owner: Xml) -> None:
        for attribute, reference in local_names.items():
            if element.get(attribute) is not None:
                owner = element
                names[owner] = f"{reference}{element.get(attribute)}"
        if local(element) in STRAY and element not in names:
            owner, names[element] = element, f"@{element.get('id', '')}"
        facts = owned.setdefault(owner, {})
        path = short(element)
        for name, value in sorted(element.attrib.items()):
            put(facts, f"{path}@{name}", value)
        if (element.text or "").strip():
            put(facts, path, element.text.strip())
        for child in element:
            visit(child, owner)

    visit(diagram, diagram)
    for owner, facts in owned.items():
        yield names.get(owner, ""), "\n".join(f"{key}={value}" for key, value in sorted(facts.items()))
