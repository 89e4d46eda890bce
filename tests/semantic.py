"""What a BPMN or DMN file means, in a form that two writers of the same meaning share."""

from __future__ import annotations

from typing import Any

from lxml import etree

NUMBERS = {"x", "y", "width", "height"}
WRITER = {"exporter", "exporterVersion"}  # who wrote the file is no part of what it means
# What a missing attribute stands for.
DEFAULTS = {
    ("startEvent", "isInterrupting"): "true", ("boundaryEvent", "cancelActivity"): "true",
    ("BPMNShape", "isHorizontal"): "true", ("eventBasedGateway", "eventGatewayType"): "Exclusive",
    ("multiInstanceLoopCharacteristics", "isSequential"): "false", ("process", "isClosed"): "false",
    ("decisionTable", "hitPolicy"): "UNIQUE",
}  # fmt: skip
ORDERED = {"rule", "input", "output", "inputEntry", "outputEntry", "waypoint", "properties", "parameter"}


def meaning(data: bytes) -> Any:
    """Return what a file says: names with namespaces, attributes, texts; order only where it means something."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False)
    return _meaning(etree.fromstring(data, parser))


def _meaning(element: Any) -> Any:
    name = etree.QName(element)
    attributes = {
        key: str(float(value)) if key in NUMBERS else _qualified(element, key, value)
        for key, value in element.attrib.items()
        if key not in WRITER and DEFAULTS.get((name.localname, key)) != value
    }
    children = [_meaning(child) for child in element]
    if name.localname not in {"decisionTable", "rule", "BPMNEdge", "properties", "parameters"}:
        children.sort(key=repr)
    text = (element.text or "").strip().replace("\r\n", "\n")
    return (name.namespace, name.localname, tuple(sorted(attributes.items())), text, tuple(children))


def _qualified(element: Any, key: str, value: str) -> str:
    """Return a qualified name as a value without its prefix, which every writer chooses."""
    prefix, colon, rest = value.partition(":")
    return f"{element.nsmap[prefix]}:{rest}" if colon and key.endswith("}type") and prefix in element.nsmap else value


def differences(before: bytes, after: bytes) -> list[str]:
    """Return what differs, a line each; empty when both mean the same."""
    return list(_differences(meaning(before), meaning(after), ""))[:20]


def _differences(one: Any, other: Any, where: str) -> Any:
    place = f"{where}/{one[1]}[{dict(one[2]).get('id', '')}]"
    if one[:4] != other[:4]:
        yield f"{place}: {one[1:4]} -> {other[1:4]}"
    left, right = [c for c in one[4] if c not in other[4]], [c for c in other[4] if c not in one[4]]
    if len(left) == len(right) and len(one[4]) == len(other[4]):
        for first, second in zip(left, right, strict=True):
            yield from _differences(first, second, place)
    else:
        yield from (f"{place}: lost {str(child)[:200]}" for child in left)
        yield from (f"{place}: new {str(child)[:200]}" for child in right)
    if not left and not right and len(one[4]) == len(other[4]) and one[4] != other[4]:
        yield f"{place}: the order of its children"
