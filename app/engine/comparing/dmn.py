"""A DMN file as parts: decisions, tables, columns and rules, with every cell under its column."""

from __future__ import annotations

from app.engine.comparing.parts import DEFAULTS, TECHNICAL, Content, Facts, Part, drawn, put, short, tail, walk
from app.engine.decision_table import NAMESPACES
from app.engine.xml import Xml, local, namespace, parse

PARTS = frozenset({
    "decision", "inputData", "businessKnowledgeModel", "knowledgeSource", "decisionService", "itemDefinition",
    "decisionTable", "input", "output", "annotation", "rule", "import", "textAnnotation", "association",
})  # fmt: skip
COLUMNS = {"inputEntry": "input", "outputEntry": "output", "annotationEntry": "annotation"}


def read_dmn(data: bytes, file: str) -> Content:
    """Return what a DMN file says; raises Refused when it is no acceptable XML."""
    root = parse(data, file)
    content = Content()
    _owner(root, "", content)
    for diagram in root.iter():
        if isinstance(diagram.tag, str) and local(diagram) == "DMNDI":
            for name, text in drawn(diagram, {"dmnElementRef": ""}):
                content.drawing[name] = "\n".join(filter(None, (content.drawing.get(name), text)))
    return content


def _owner(element: Xml, parent: str, content: Content) -> None:
    tag, key = local(element), element.get("id")
    name = element.get("name") or element.get("label") or ""
    part = content.add(Part(key or f"@{parent}/{tag}", key, tag, " ".join(name.split())))
    part.facts["type"] = tag
    if parent:
        part.facts["parent"] = parent
    for attribute, value in sorted(element.attrib.items()):
        if (attribute != "id" or tag == "definitions") and DEFAULTS.get(attribute) != value.strip():
            own = TECHNICAL if tag == "definitions" and attribute != "name" else ""
            put(part.facts, f"{own}@{attribute}", value.strip())
    if (element.text or "").strip():
        put(part.facts, "text", element.text.strip())
    columns = _columns(element.getparent()) if tag == "rule" else {}
    counts: dict[str, int] = {}
    for child in element:
        if local(child) in COLUMNS and tag == "rule":
            kind = COLUMNS[local(child)]
            at = counts[kind] = counts.get(kind, -1) + 1
            _cell(child, part, *_column(columns, kind, at))
        else:
            _child(child, part, content)
        tail(child, "", part.facts)
    orders = {kind: tuple(_key(one, part) for one in element if local(one) == kind)
              for kind in ("rule", "input", "output") if tag == "decisionTable"}  # fmt: skip
    part.order = {f"{kind}_order": keys for kind, keys in orders.items() if len(keys) > 1}


def _key(element: Xml, part: Part) -> str:
    return str(element.get("id") or f"@{part.id or part.key}/{local(element)}")


def _child(child: Xml, part: Part, content: Content) -> None:
    if local(child) == "DMNDI":
        return
    if namespace(child) in NAMESPACES and local(child) in PARTS:
        _owner(child, part.id or part.key, content)
    else:
        walk(child, short(child), part.facts)


def _columns(table: Xml) -> dict[str, list[tuple[str, str]]]:
    """Return each kind's columns as (key, label)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in table:
        kind = local(one)
        if kind in COLUMNS.values():
            at = len(found.setdefault(kind, []))
            words = "".join(one.itertext()).split()
            label = one.get("label") or one.get("name") or (words[0] if words else "") or f"{kind} {at + 1}"
            found[kind].append((one.get("id") or f"{at + 1}", label))
    return found


def _column(columns: dict[str, list[tuple[str, str]]], kind: str, at: int) -> tuple[str, str]:
    known = columns.get(kind, [])
    key, label = known[at] if at < len(known) else (f"{at + 1}", f"{kind} {at + 1}")
    return f"cell:{kind}:{key}", label


def _cell(element: Xml, part: Part, key: str, label: str) -> None:
    facts: Facts = {}
    walk(element, "cell", facts)
    value = facts.pop("cell/text", facts.pop("cell", ""))
    put(part.facts, key, value)
    part.labels[key] = (label, label)
    for rest, given in facts.items():
        technical = rest.startswith(TECHNICAL)
        name = f"{TECHNICAL if technical else ''}{key}/{rest.removeprefix(TECHNICAL).removeprefix('cell')}"
        put(part.facts, name, given)
        part.labels[name] = (label, label)
