"""Writes docs/flows.md: where each step of the written policy's flows is drawn, decided, recorded or carried out.

    .venv/bin/python tools/make_flows.py

What stands in the table comes from the diagrams, decisions, forms and handlers; docs/flows.yaml only says what to
look for. Run it after any change of them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import yaml

from app import engine
from app.facts import BuiltProcess, Element
from tools.make_reference import table

TARGET = ROOT / "docs" / "flows.md"
CLAUSE = re.compile(r"\b[A-E]\d*-[\w.-]*\w")
SILENT = frozenset({"sequenceFlow", "exclusiveGateway", "startEvent", "parallelGateway", "eventBasedGateway"})
KINDS = {
    "userTask": "人工 task", "serviceTask": "服务 service", "scriptTask": "记录 record",
    "businessRuleTask": "规则 rule", "callActivity": "调用 call", "subProcess": "阶段 phase",
    "endEvent": "结束 end", "intermediateThrowEvent": "通告 message", "intermediateCatchEvent": "等待 wait",
    "boundaryEvent": "边界 boundary", "exclusiveGateway": "判断 decision", "startEvent": "开始 start",
}  # fmt: skip
HEAD = """# Where the policy's flows are drawn

Written by `tools/make_flows.py` from the diagrams, decisions, forms and handlers; a test keeps it true.

Each row is a step of the written policy with the clauses that ask for it and everything in the flow's processes that
cites one of them. Further down every process is listed element by element.
"""


@dataclass(frozen=True)
class Place:
    """Something that cites a clause."""

    kind: str  # element | form | decision | handler
    process: str | None  # of an element
    id: str
    name: str


@cache
def built() -> Mapping[str, BuiltProcess]:
    """Return the shipped processes, built as a deployment builds them."""
    found = [*ROOT.glob("processes/**/*.bpmn"), *ROOT.glob("processes/**/*.dmn"), *ROOT.glob("forms/*.json")]
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(found)}
    groups = yaml.safe_load((ROOT / "processes/groups.yaml").read_text("utf-8"))
    catalog = engine.Catalog(groups={row["zh"]: row["code"] for row in groups})
    return {process.key: process for process in engine.build(files, catalog)}


def own(process: BuiltProcess) -> list[Element]:
    """Return the elements that are drawn in a process itself."""
    return [element for element in process.elements if element.process == process.key]


def citing(processes: Mapping[str, BuiltProcess]) -> dict[str, list[Place]]:
    """Return who cites each clause."""
    found: dict[str, list[Place]] = {}
    for key, process in processes.items():
        for element in own(process):
            for clause in element.clauses:
                found.setdefault(clause, []).append(Place("element", key, element.id, element.name))
    for path in sorted((ROOT / "processes").glob("**/*.dmn")):
        cited = re.findall(r'(?:clauses|also)="([^"]*)"', path.read_text("utf-8"))
        _note(found, " ".join(cited).split(), Place("decision", None, path.stem, "决策"))
    for path in sorted((ROOT / "forms").glob("*.json")):
        text = path.read_text("utf-8")
        _note(found, CLAUSE.findall(text), Place("form", None, path.stem, str(json.loads(text)["name"])))
    for path in sorted((ROOT / "handlers").glob("*.py")):
        _note(found, CLAUSE.findall(path.read_text("utf-8")), Place("handler", None, path.stem, "处理程序"))
    return found


def _note(found: dict[str, list[Place]], clauses: Iterable[str], place: Place) -> None:
    for clause in dict.fromkeys(clauses):
        found.setdefault(clause, []).append(place)


def places(flow: Mapping[str, Any], clauses: Iterable[str], found: Mapping[str, list[Place]],
           processes: Mapping[str, BuiltProcess]) -> list[Place]:
    """Return what carries `clauses` in a flow: its elements, and the forms, decisions and handlers that they use."""
    used = {name for key in flow["processes"] for element in own(processes[key])
            for name in (element.form, element.decision, element.operation) if name}
    cited = [place for clause in clauses for place in found.get(clause, [])]
    near = [place for place in cited if place.process in flow["processes"]]
    near += [place for place in cited if place.kind != "element" and (place.id in used or place.kind == "decision")]
    return list(dict.fromkeys(near))


def _shown(place: Place) -> str:
    return f"`{place.process}/{place.id}` {place.name}" if place.process else f"{place.kind} `{place.id}`"


def _kind(element: Element) -> str:
    kind = KINDS.get(element.type, element.type)
    return f"{kind} {element.event}" if element.event else kind


def _means(element: Element) -> str:
    named = {"form": element.form, "decision": element.decision, "operation": element.operation,
             "calls": element.called, "message": element.message, "timer": element.timer,
             "milestone": element.milestone, "status": element.status}
    return ", ".join(f"{name} `{value}`" for name, value in named.items() if value)


def steps() -> list[dict[str, Any]]:
    """Return the flows of docs/flows.yaml."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "flows.yaml").read_text("utf-8"))
    return found


def flows() -> str:
    """Return the text of docs/flows.md."""
    processes = built()
    found = citing(processes)
    lines = [HEAD]
    for flow in steps():
        lines += [f"## {flow['zh']} · {flow['en']}", ""]
        rows = [[f"{number}. {step['zh']} · {step['en']}", " ".join(step["clauses"]),
                 "<br>".join(_shown(place) for place in places(flow, step["clauses"], found, processes))]
                for number, step in enumerate(flow["steps"], 1)]
        lines += table(["step", "clauses", "where"], rows)
    lines += ["# Element by element", ""]
    for key, process in processes.items():
        lines += [f"## `{key}` {process.name}", ""]
        rows = [[f"`{element.id}`", element.name, _kind(element), element.lane_name or "", _means(element),
                 " ".join(element.clauses)]
                for element in own(process) if element.type not in SILENT or element.clauses]
        lines += table(["element", "名称", "kind", "lane", "by", "clauses"], rows)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(flows(), encoding="utf-8")
