"""Files made elsewhere: told apart, brought into UTF-8, and laid out where they come without a drawing."""

from __future__ import annotations

import re

from app.engine.decision_table import NAMESPACES
from app.engine.drawing import tidy
from app.engine.xml import BPMN, BPMNDI, Xml, local, namespace, parse
from app.errors import Refused

_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")


def file_kind(data: bytes, file: str) -> tuple[str | None, str | None]:
    """Return ("bpmn" or "dmn", the id of its first process or decision), or (None, None) for any other XML.

    Raises Refused when it is no acceptable XML.
    """
    root = parse(data, file)
    if local(root) == "definitions" and namespace(root) == BPMN:
        return "bpmn", _first(root, "process")
    if local(root) == "definitions" and namespace(root) in NAMESPACES:
        return "dmn", _first(root, "decision")
    return None, None


def _first(root: Xml, tag: str) -> str | None:
    found = [one for one in root if local(one) == tag]
    # Of several processes the one that is drawn in full, not the empty pool of a partner.
    best = max(found, key=lambda one: (one.get("isExecutable") == "true", len(one)), default=None)
    key: str | None = best.get("id") if best is not None else root.get("id")
    return key


def readable(data: bytes, file: str) -> tuple[bytes, bool]:
    """Return the file in UTF-8, and whether it was laid out because nothing in it was drawn.

    A file in UTF-8 that is drawn comes back byte for byte. Raises Refused when it is no acceptable XML.
    """
    root = parse(data, file)
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if encoding not in {"UTF-8", "UTF8", "ASCII", "US-ASCII"}:
        text = _DECLARATION.sub('<?xml version="1.0" encoding="UTF-8"?>', data.decode(encoding).removeprefix("\ufeff"))
        data = text.encode()
    if namespace(root) != BPMN or next(root.iter(f"{{{BPMNDI}}}BPMNShape"), None) is not None:
        return data, False
    try:
        return tidy(data, file), True
    except Refused:  # a drawing needs ids; what lacks them is still kept, and the findings say so
        return data, False
