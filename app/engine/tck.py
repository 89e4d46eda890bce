"""Runs cases of the DMN Technology Compatibility Kit against our FEEL and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.clock import SystemClock
from app.engine import feel
from app.engine.decision_model import Evaluation, Model, read_model
from app.engine.feel import temporal
from app.engine.xml import Xml, local, parse
from app.errors import ChengnuoError, Refused

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_CLOSE = Decimal("1e-8")  # the kit writes its results rounded


def run_tck(folder: Path) -> dict[str, Any]:
    """Return the names that passed and were skipped, and for those that failed also the reason.

    Every test file below `folder` is run against the model beside it; cases that need Java are skipped.
    """
    report: dict[str, Any] = {"passed": [], "failed": [], "skipped": []}
    for path in sorted(folder.rglob("*.xml")):
        try:
            root = parse(path.read_bytes(), path.name)
        except Refused as error:
            report["failed"].append({"name": path.name, "reason": error.message_en})
            continue
        if local(root) == "testCases":
            _run_file(path, root, report)
    return report


def _run_file(path: Path, root: Xml, report: dict[str, Any]) -> None:
    model_name = next((one.text.strip() for one in root if local(one) == "modelName" and one.text), "")
    cases = [one for one in root if local(one) == "testCase"]
    names = {id(case): f"{path.parent.name}/{path.stem}/{case.get('id')}" for case in cases}
    try:
        files = {one.relative_to(path.parent).as_posix(): one.read_bytes() for one in path.parent.rglob("*.dmn")}
        source = files.pop(model_name)
        model = read_model(source, model_name, files)
    except (Refused, KeyError) as error:
        report["failed"] += [{"name": names[id(case)], "reason": f"{model_name}: {error}"} for case in cases]
        return
    for case in cases:
        if b'kind="Java"' in source:
            report["skipped"].append(names[id(case)])
            continue
        reason = _run_case(model, case)
        if reason is None:
            report["passed"].append(names[id(case)])
        else:
            report["failed"].append({"name": names[id(case)], "reason": reason})


def _run_case(model: Model, case: Xml) -> str | None:
    """Return why a case fails, or None."""
    inputs = {one.get("name"): _value(one) for one in case if local(one) == "inputNode"}
    clock = SystemClock()
    functions = {"now": clock.now, "today": lambda: clock.now().date()}
    evaluation = Evaluation(model, inputs, functions)
    for node in (one for one in case if local(one) == "resultNode"):
        expected_node = next((one for one in node if local(one) == "expected"), None)
        expected = _value(expected_node) if expected_node is not None else None
        name = node.get("name", "")
        try:
            found = _answer(evaluation, case, name)
        except ChengnuoError as error:
            found = None
            if expected is not None:
                return f"{name}: {error.message_en}"
        if not _same(found, expected):
            return f"{name}: expected {_shown(expected)}, found {_shown(found)}"
    return None


def _answer(evaluation: Evaluation, case: Xml, name: str) -> Any:
    kind, invocable = case.get("type", "decision"), case.get("invocableName")
    if kind == "decisionService" and invocable:
        answer = evaluation.service(invocable)
        several = len([one for one in evaluation.model.named(invocable) if local(one) == "outputDecision"]) > 1
        return answer.get(name) if several and isinstance(answer, dict) and name in answer else answer
    if kind == "bkm" and invocable:
        return evaluation.invoke(invocable)
    return evaluation.decision(name)


def _shown(value: Any) -> str:
    return f"{feel.kind(value)} {value!r}"[:200]


def _value(element: Xml) -> Any:
    """Return the value that a test writes below an element."""
    components = [one for one in element if local(one) == "component"]
    if components:
        return {one.get("name"): _value(one) for one in components}
    for one in element:
        if local(one) == "list":
            return [_value(item) for item in one if local(item) == "item"]
        if local(one) == "value":
            return _scalar(one)
    return None


def _scalar(element: Xml) -> Any:
    if element.get(f"{_XSI}nil") == "true":
        return None
    text = element.text or ""
    kind = (element.get(f"{_XSI}type") or "xsd:string").rpartition(":")[2]
    readers: Mapping[str, Any] = {
        "boolean": lambda: text.strip() == "true", "date": lambda: temporal.read_date(text),
        "time": lambda: temporal.read_time(text), "dateTime": lambda: temporal.read_datetime(text),
        "duration": lambda: temporal.read_duration(text),
    }  # fmt: skip
    if kind in {"decimal", "double", "integer", "int", "float", "long"}:
        return temporal.number(text.strip())
    return readers[kind]() if kind in readers else text


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, Decimal) and isinstance(expected, Decimal):
        return abs(found - expected) <= _CLOSE * max(Decimal(1), abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_same(found[name], expected[name]) for name in found)
    if isinstance(found, datetime) and isinstance(expected, datetime):
        return feel.equal(found, expected) is True and found.utcoffset() == expected.utcoffset()
    return feel.equal(found, expected) is True
