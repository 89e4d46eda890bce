"""Decision tables: reading, hit policies, and the proof that they are complete and unambiguous."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine import decisions
from app.engine.decision_model import decide_file
from app.engine.decisions import DecisionTable, check_table, evaluate, read_table
from app.errors import ExpressionError, NotFound, Refused

SHIPPED = sorted((Path(__file__).parents[2] / "processes").rglob("*.dmn"))
LEVELS = ("level", "string", '"P1","P2","P3"')
AMOUNT = ("amount", "number", None)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def dmn(
    inputs: Sequence[tuple[str, str, str | None]],
    rules: Sequence[tuple[Sequence[str], Sequence[str]]],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    outputs: Sequence[tuple[str, str, str | None, str | None]] = (("result", "Any", None, None),),
    version: str = "https://www.omg.org/spec/DMN/20191111/MODEL/",
) -> bytes:
    columns = "".join(
        f'<input label="{name}"><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression>'
        + (f"<inputValues><text>{escaped(values)}</text></inputValues>" if values else "")
        + "</input>"
        for name, kind, values in inputs
    )
    columns += "".join(
        f'<output name="{name}" typeRef="{kind}">'
        + (f"<outputValues><text>{escaped(values)}</text></outputValues>" if values else "")
        + (f"<defaultOutputEntry><text>{escaped(default)}</text></defaultOutputEntry>" if default else "")
        + "</output>"
        for name, kind, values, default in outputs
    )
    rows = "".join(
        f'<rule id="R{at}">'
        + "".join(f"<inputEntry><text>{escaped(cell)}</text></inputEntry>" for cell in tests)
        + "".join(f"<outputEntry><text>{escaped(cell)}</text></outputEntry>" for cell in answers)
        + "</rule>"
        for at, (tests, answers) in enumerate(rules, 1)
    )
    hit = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return (
        f'<definitions xmlns="{version}" name="d" namespace="n"><decision id="d" name="决策"><decisionTable {hit}>'
        f"{columns}{rows}</decisionTable></decision></definitions>"
    ).encode()


def table(*args: Any, **kwargs: Any) -> DecisionTable:
    return read_table(dmn(*args, **kwargs), "d.dmn")[0]


def rules_found(checked: DecisionTable) -> list[tuple[str, str | None]]:
    return [(finding.rule, finding.element) for finding in check_table(checked)]


@pytest.mark.parametrize(
    "version",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_every_version_of_dmn_is_read(version: str) -> None:
    found = table([LEVELS], [(['"P1"'], ["1"]), (["-"], ["2"])], policy="FIRST", version=version)
    assert evaluate(found, {"level": "P1"}).value == 1
    assert evaluate(found, {"level": "P3"}).value == 2


def test_a_unique_hit_gives_its_outputs_and_its_rule() -> None:
    found = table(
        [LEVELS],
        [(['"P1"'], ['"PT15M"', "true"]), (['"P2","P3"'], ['"PT2H"', "false"])],
        outputs=[("limit", "string", None, None), ("urgent", "boolean", None, None)],
    )
    result = evaluate(found, {"level": "P3"})
    assert result.value == {"limit": "PT2H", "urgent": False}
    assert result.outputs == result.value
    assert [rule.rule_id for rule in result.rules] == ["R2"]


def test_two_hits_of_a_unique_table_are_an_error_that_names_the_rules() -> None:
    found = table([AMOUNT], [([">= 10"], ["1"]), (["<= 10"], ["2"])])
    with pytest.raises(ExpressionError, match="R1, R2") as caught:
        evaluate(found, {"amount": 10})
    assert "R1, R2" in caught.value.message_zh


def test_any_wants_equal_answers() -> None:
    same = table([AMOUNT], [([">= 10"], ["1"]), (["<= 10"], ["1"])], policy="ANY")
    assert evaluate(same, {"amount": 10}).value == 1
    differing = table([AMOUNT], [([">= 10"], ["1"]), (["<= 10"], ["2"])], policy="ANY")
    with pytest.raises(ExpressionError, match="differ"):
        evaluate(differing, {"amount": 10})


@pytest.mark.parametrize(
    ("policy", "aggregation", "expected", "hits"),
    [
        ("FIRST", "", 5, ["R1"]),
        ("PRIORITY", "", 9, ["R2"]),
        ("RULE ORDER", "", [5, 9, 1], ["R1", "R2", "R3"]),
        ("OUTPUT ORDER", "", [9, 5, 1], ["R2", "R1", "R3"]),
        ("COLLECT", "", [5, 9, 1], ["R1", "R2", "R3"]),
        ("COLLECT", "SUM", 15, ["R1", "R2", "R3"]),
        ("COLLECT", "COUNT", 3, ["R1", "R2", "R3"]),
        ("COLLECT", "MIN", 1, ["R1", "R2", "R3"]),
        ("COLLECT", "MAX", 9, ["R1", "R2", "R3"]),
    ],
)
def test_every_hit_policy(policy: str, aggregation: str, expected: Any, hits: list[str]) -> None:
    found = table(
        [AMOUNT],
        [(["> 0"], ["5"]), (["> 1"], ["9"]), (["> 2"], ["1"]), (["< 0"], ["5"])],
        policy=policy,
        aggregation=aggregation,
        outputs=[("result", "number", "9, 5, 1", None)],
    )
    result = evaluate(found, {"amount": 3})
    assert result.value == expected
    assert [rule.rule_id for rule in result.rules] == hits


def test_no_hit_gives_nothing_an_empty_list_or_the_default() -> None:
    rules = [(["> 0"], ["5"])]
    assert evaluate(table([AMOUNT], rules), {"amount": 0}).value is None
    assert evaluate(table([AMOUNT], rules), {"amount": 0}).outputs is None
    assert evaluate(table([AMOUNT], rules, policy="COLLECT"), {"amount": 0}).value == []
    assert evaluate(table([AMOUNT], rules, policy="COLLECT", aggregation="COUNT"), {"amount": 0}).value == 0
    default = table([AMOUNT], rules, outputs=[("result", "number", None, "7")])
    assert evaluate(default, {"amount": 0}).value == 7
    assert evaluate(default, {"amount": 0}).rules == ()


def test_values_outside_the_allowed_ones_are_an_error_that_names_the_column() -> None:
    found = table([LEVELS], [(["-"], ['"x"'])], outputs=[("result", "string", '"y"', None)])
    with pytest.raises(ExpressionError, match=r"P9.*level"):
        evaluate(found, {"level": "P9"})
    with pytest.raises(ExpressionError, match=r"x.*result"):
        evaluate(found, {"level": "P1"})


def test_cells_may_use_other_variables_and_functions() -> None:
    found = table([AMOUNT], [(["> limit"], ["after(amount)"]), (["<= limit"], ["amount * 2"])])
    assert evaluate(found, {"amount": 5, "limit": 3}, {"after": lambda n: f"later {n}"}).value == "later 5"
    assert evaluate(found, {"amount": 2, "limit": 3}).value == 4
    with pytest.raises(ExpressionError, match=r"rule R1.*after"):
        evaluate(found, {"amount": 5, "limit": 3})


def test_clauses_of_rules_and_cells_come_along() -> None:
    xml = dmn([LEVELS], [(["-"], ["1"])]).replace(
        b'<rule id="R1">',
        b'<rule id="R1"><description>why</description><extensionElements>'
        b'<c:rule xmlns:c="http://chengnuo/schema/1.0" clauses="E-1 B-2" assumption="true">'
        b'<c:cell output="result" clauses="E-1" also="B-2 C-3" basis="text"/></c:rule></extensionElements>',
    )
    (hit,) = evaluate(read_table(xml, "d.dmn")[0], {"level": "P1"}).rules
    assert hit.clauses == ("E-1", "B-2")
    assert hit.assumption
    assert hit.cells["result"] == {"clauses": ("E-1",), "also": ("B-2", "C-3"), "basis": "text"}


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"<definitions", "xml_not_well_formed"),
        (b"<a/>", "decision_not_dmn"),
        (b'<!DOCTYPE d [<!ENTITY x "y">]><d/>', "xml_doctype"),
        (dmn([LEVELS], [(["-"], ["1"])], policy="SOMETIMES"), "decision_hit_policy"),
        (dmn([LEVELS], [(["("], ["1"])]), "decision_bad_cell"),
        (dmn([LEVELS], [(["-", "-"], ["1"])]), "decision_cells"),
        (dmn([LEVELS], [(["-"], ["1"])], outputs=[]), "decision_no_output"),
        (dmn([LEVELS], [(["-"], ["1"])]).replace(b"<text>level", b"<text>level ==", 1), "decision_bad_cell"),
        (b"x" * (6 * 1024 * 1024), "xml_too_large"),
    ],
)
def test_what_is_no_safe_readable_table_is_refused(xml: bytes, rule: str) -> None:
    with pytest.raises(Refused) as caught:
        read_table(xml, "d.dmn")
    assert rule in {finding.rule for finding in caught.value.findings}


def test_a_bad_cell_is_told_with_its_rule_and_line() -> None:
    xml = dmn([LEVELS], [(['"P1"'], ["1"]), (["-"], ["1 +"])]).replace(b"<rule", b"\n<rule")
    with pytest.raises(Refused) as caught:
        read_table(xml, "d.dmn")
    (finding,) = caught.value.findings
    assert (finding.element, finding.line, finding.file) == ("R2", 3, "d.dmn")


def test_a_complete_and_unambiguous_table_has_no_findings() -> None:
    found = table(
        [LEVELS, AMOUNT, ("vip", "boolean", None)],
        [
            (['"P1"', "-", "-"], ["1"]),
            (['"P2","P3"', "< 10", "-"], ["2"]),
            (['not("P1")', "[10..20)", "true"], ["3"]),
            (['"P2","P3"', "[10..20)", "false"], ["4"]),
            (['"P2","P3"', ">= 20", "-"], ["5"]),
        ],
    )
    assert check_table(found) == []


def test_a_gap_is_shown_by_an_example() -> None:
    found = table(
        [LEVELS, AMOUNT],
        [(['"P1"', "-"], ["1"]), (['"P2"', "< 10"], ["2"]), (['"P2"', "> 10"], ["3"]), (['"P3"', "-"], ["4"])],
    )
    (finding,) = check_table(found)
    assert (finding.rule, finding.severity) == ("decision_gap", "error")
    assert "level = P2" in finding.message_zh
    assert "amount = 10" in finding.message_en


def test_gaps_are_no_fault_where_there_is_a_default_or_a_list() -> None:
    assert check_table(table([LEVELS], [(['"P1"'], ["1"])], outputs=[("result", "number", None, "0")])) == []
    assert check_table(table([LEVELS], [(['"P1"'], ["1"])], policy="COLLECT")) == []


def test_an_overlap_names_both_rules_and_an_example() -> None:
    found = table([AMOUNT], [(["<= 10"], ["1"]), ([">= 10"], ["2"])])
    (finding,) = check_table(found)
    assert (finding.rule, finding.element) == ("decision_overlap", "R2")
    assert "R1" in finding.message_zh
    assert "amount = 10" in finding.message_zh


def test_any_may_overlap_where_the_answers_agree() -> None:
    assert check_table(table([AMOUNT], [(["<= 10"], ["1"]), ([">= 10"], ["1"])], policy="ANY")) == []
    assert rules_found(table([AMOUNT], [(["<= 10"], ["1"]), ([">= 10"], ["2"])], policy="ANY")) == [
        ("decision_overlap", "R2")
    ]


def test_unreachable_rules_are_found() -> None:
    first = table([AMOUNT], [(["< 10"], ["1"]), (["< 5"], ["2"]), (["-"], ["3"])], policy="FIRST")
    assert rules_found(first) == [("decision_unreachable", "R2")]
    never = table([("amount", "number", ">= 0")], [([">= 0"], ["1"]), (["< 0"], ["2"])])
    assert rules_found(never) == [("decision_unreachable", "R2")]


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        (['"P9"', "-"], "1"),
        (["> 3", "-"], "1"),
        (["-", '"ten"'], "1"),
        (["-", '[1.."a"]'], "1"),
        (["-", "-"], "frobnicate(1)"),
        (["-", "-"], '1 + "a"'),
        (["-", "-"], '"one"'),
    ],
)
def test_cells_of_the_wrong_kind_are_found(cells: list[str], answer: str) -> None:
    found = table([LEVELS, AMOUNT], [(cells, [answer])], outputs=[("result", "number", None, None)])
    assert ("decision_bad_cell", "R1") in rules_found(found)


def test_what_cannot_be_proved_is_said() -> None:
    assert rules_found(table([AMOUNT], [(["> limit"], ["1"])])) == [("decision_not_provable", "d")]
    assert rules_found(table([LEVELS, ("text", "string", None)], [(["-", 'contains(?, "x")'], ["1"])])) == [
        ("decision_not_provable", "d")
    ]


def test_dates_and_durations_are_divided_at_their_boundaries() -> None:
    dated = table([("day", "date", None)], [(['< date("2026-03-02")'], ["1"]), (['> date("2026-03-02")'], ["2"])])
    assert "2026-03-02" in check_table(dated)[0].message_en
    spans = table([("span", "dayTimeDuration", None)], [(['<= @"PT1H"'], ["1"]), (['> @"PT1H"'], ["2"])])
    assert check_table(spans) == []


def test_a_large_table_is_proved_quickly() -> None:
    columns = [(f"c{at}", "boolean", None) for at in range(12)]
    rules = [([*["-"] * at, "true", *["-"] * (11 - at)], ["1"]) for at in range(12)] + [(["-"] * 12, ["0"])]
    assert check_table(table(columns, rules, policy="FIRST")) == []


CELL = st.sampled_from(["-", "< 3", ">= 3", "3", "[1..5]", "(5..9)", "not(3)", "1, 7", "> 8", "<= 1", "not([2..6])"])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5),
    st.decimals(-2, 12, places=1),
    st.decimals(-2, 12, places=1),
)
def test_a_proved_table_never_fails_on_any_input(rows: list[tuple[str, str]], a: Any, b: Any) -> None:
    found = table([("a", "number", None), ("b", "number", None)], [(cells, [str(at)]) for at, cells in enumerate(rows)])
    findings = {finding.rule for finding in check_table(found)}
    try:
        answer = evaluate(found, {"a": a, "b": b}).value
    except ExpressionError:
        assert "decision_overlap" in findings
    else:
        assert answer is not None or "decision_gap" in findings


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_table_is_proved(path: Path) -> None:
    for found in read_table(path.read_bytes(), path.name):
        assert [finding for finding in check_table(found) if finding.severity == "error"] == []
        assert "decision_not_provable" not in {finding.rule for finding in decisions.check_table(found)}


def test_dates_that_come_as_text_are_read_by_the_columns_type() -> None:
    found = table([("day", "date", None)], [(['< date("2026-03-02")'], ["1"]), (['>= date("2026-03-02")'], ["2"])])
    assert evaluate(found, {"day": "2026-03-05"}).value == 2


def test_a_files_decision_is_found_by_id_or_name() -> None:
    xml = dmn([LEVELS], [(['"P1"'], ["1"]), (["-"], ["2"])], policy="FIRST")
    assert decide_file(xml, "d.dmn", "d", {"level": "P1"}).rules[0].rule_id == "R1"
    assert decide_file(xml, "d.dmn", "决策", {"level": "P2"}).value == 2
    with pytest.raises(NotFound):
        decide_file(xml, "d.dmn", "other", {})
