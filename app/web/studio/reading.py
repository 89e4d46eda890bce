"""Definitions as pages show them to be read, without a script."""

from __future__ import annotations

from typing import Any

from app.engine import read_diagram, read_table
from app.errors import Refused
from app.web.words import word
from app.wiring import services


def process_of(content: bytes, path: str) -> dict[str, Any]:
    """Return the rows of a diagram's elements, or the findings where it can't be read."""
    try:
        processes = read_diagram(content, path).processes
    except Refused as refused:
        return {"findings": refused.findings, "rows": ()}
    groups = {group.zh: group for group in services().register.groups}
    nodes = [node for process in processes for node in process.nodes.values()]
    return {"rows": [(node, word(node.type, "element_type"), groups.get(node.lane_name or "")) for node in nodes]}


def decision_of(content: bytes, path: str) -> dict[str, Any]:
    """Return a file's decision tables, or the findings where it can't be read."""
    try:
        return {"tables": read_table(content, path)}
    except Refused as refused:
        return {"findings": refused.findings, "tables": ()}
