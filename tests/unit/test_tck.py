"""The DMN Technology Compatibility Kit against our decisions; the kit itself is not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.decision_model import Evaluation, read_model
from app.engine.tck import run_tck
from app.errors import ExpressionError, NotFound

KIT = Path(__file__).parents[3] / "shared" / "foreign" / "dmn-tck"
HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="urn:m">'
MODEL = (
    HEAD
    + """
<inputData id="i" name="Net Amount"><variable name="Net Amount" typeRef="number"/></inputData>
<businessKnowledgeModel id="b" name="Add Tax"><encapsulatedLogic><formalParameter name="net" typeRef="number"/>
<literalExpression><text>net * 1.13</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>
<decision id="d" name="Gross Amount"><variable name="Gross Amount" typeRef="number"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement>
<knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>
<literalExpression><text>Add Tax(Net Amount)</text></literalExpression></decision>
<decision id="w" name="Wrong Type"><variable name="Wrong Type" typeRef="number"/>
<literalExpression><text>"x"</text></literalExpression></decision>
<decision id="c" name="Circle"><informationRequirement><requiredDecision href="#c"/></informationRequirement>
<literalExpression><text>Circle</text></literalExpression></decision>
</definitions>"""
)
CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<modelName>m.dmn</modelName>
<testCase id="1"><inputNode name="Net Amount"><value xsi:type="xsd:decimal">100</value></inputNode>
<resultNode name="Gross Amount"><expected><value xsi:type="xsd:decimal">113</value></expected></resultNode></testCase>
<testCase id="2"><inputNode name="Net Amount"><value xsi:type="xsd:decimal">100</value></inputNode>
<resultNode name="Gross Amount"><expected><value xsi:type="xsd:decimal">114</value></expected></resultNode></testCase>
<testCase id="3"><resultNode name="Wrong Type"><expected><value xsi:nil="true"/></expected></resultNode></testCase>
</testCases>"""


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    folder = tmp_path / "0001-tax"
    folder.mkdir()
    (folder / "m.dmn").write_text(MODEL, encoding="utf-8")
    (folder / "m-test-01.xml").write_text(CASES, encoding="utf-8")
    return tmp_path


def test_cases_are_reported_by_name_and_failures_with_a_reason(kit: Path) -> None:
    report = run_tck(kit)
    assert report["passed"] == ["0001-tax/m-test-01/1", "0001-tax/m-test-01/3"]
    assert report["failed"] == [
        {
            "name": "0001-tax/m-test-01/2",
            "reason": "Gross Amount: expected number Decimal('114'), found number Decimal('113.00')",
        }
    ]
    assert report["skipped"] == []


def test_a_case_without_its_model_fails(kit: Path) -> None:
    (kit / "0001-tax" / "m.dmn").unlink()
    assert len(run_tck(kit)["failed"]) == 3


def test_decisions_that_need_themselves_are_refused() -> None:
    with pytest.raises(ExpressionError, match="circle"):
        Evaluation(read_model(MODEL.encode(), "m.dmn"), {}).decision("Circle")
    with pytest.raises(NotFound):
        Evaluation(read_model(MODEL.encode(), "m.dmn"), {}).decision("Nothing")


@pytest.mark.skipif(not KIT.exists(), reason="the kit is not here")
def test_all_of_compliance_level_2_passes() -> None:
    report = run_tck(KIT / "compliance-level-2")
    assert report["failed"] == []
    assert len(report["passed"]) == 116


@pytest.mark.skipif(not KIT.exists(), reason="the kit is not here")
def test_level_3_fails_only_beyond_the_calendar_and_below_the_microsecond() -> None:
    report = run_tck(KIT / "compliance-level-3")
    assert {entry["name"].split("/")[0] for entry in report["failed"]} <= {
        "1115-feel-date-function",
        "1117-feel-date-and-time-function",
        "1121-feel-years-and-months-duration-function",
    }
    assert len(report["failed"]) <= 19
    assert len(report["passed"]) >= 793
