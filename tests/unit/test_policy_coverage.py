"""What carries out each clause: on the shipped tree, and on trees that a test has spoilt."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from app.policy.capabilities import CAPABILITIES
from app.policy.coverage import DISPOSITIONS
from app.policy.register import read_register
from app.services.coverage import tree_coverage
from tests.policy_tree import ROOT, Tree, tree

__all__ = ["tree"]


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in document["clauses"]}


def test_every_clause_is_disposed_of_and_outside_has_its_reasons(tree: Tree) -> None:
    status, document = tree.policy("coverage")
    clauses = by_id(document)
    assert status == 0
    assert document["findings"] == []
    assert set(clauses) == read_register(ROOT).clause_ids
    for one in document["clauses"]:
        assert {"id", "disposition", "where", "reason"} <= one.keys()
        assert one["disposition"] in set(DISPOSITIONS) - {"missing"}, one["id"]
        if one["disposition"] == "outside":
            assert one["reason"], one["id"]
            assert one["owner"], one["id"]
            assert one["review_by"], one["id"]
        else:
            assert one["where"], one["id"]


@pytest.mark.parametrize(("clause", "disposition", "where"), [
    ("A-2.1.6", "decided", "decision:deadlines."),
    ("A-2.1.2", "drawn", "intake."),
    ("A-2.1.3", "recorded", "form:"),
    ("A-2.6.2", "handled", "handler:archive_case"),
    ("A-2.6.3", "reported", "report:weekly_report."),
    ("E-1.1.5", "reported", "kpi:major_solved_48h"),
    ("B21-6-4b", "decided", "decision:penalty_approval."),
    ("B21-7-1b", "recorded", "form:"),
    ("B10-8", "handled", "platform:register"),
    ("E-2.1.12", "reported", "platform:statistics"),
    ("B1-8", "recorded", "form:service_meeting.trainings"),
    ("B21-4-3-1", "recorded", "form:service_meeting"),
    ("E-1.1.11", "outside", "kpi:industry_rank"),
])
def test_a_disposition_and_its_place_are_as_a_reader_expects(clause: str, disposition: str, where: str) -> None:
    found = next(one for one in tree_coverage(ROOT).clauses if one.clause == clause)
    if clause == "B1-8":
        assert any(link.startswith(where) for link in found.where)
        return
    assert found.disposition == disposition
    assert any(link.startswith(where) for link in found.where)


def test_a_clause_that_nothing_names_any_more_is_missing(tree: Tree) -> None:
    tree.edit("processes/intake/intake.bpmn", " B11-2.3.1", "")
    status, document = tree.policy("coverage")
    assert status == 1
    assert by_id(document)["B11-2.3.1"]["disposition"] == "missing"
    assert {(one["element"], one["rule"]) for one in document["findings"]} == {("B11-2.3.1", "no_disposition")}


def test_a_declared_link_that_does_not_exist_is_a_finding(tree: Tree) -> None:
    tree.edit("processes/policy/dispositions.yaml", "where: ['platform:portal']", "where: [portal.page]")
    status, document = tree.policy("coverage")
    assert status == 1
    assert [(one["element"], one["rule"]) for one in document["findings"]] == [("E-2.1.14", "unknown_link")]


def test_outside_without_an_owner_is_a_finding(tree: Tree) -> None:
    text = tree.read("processes/policy/dispositions.yaml")
    start = text.index("clause: E-1.1.11")
    spoilt = text[:start] + text[start:].replace("  owner: general_manager\n", "", 1)
    (tree.root / "processes/policy/dispositions.yaml").write_text(spoilt, encoding="utf-8")
    status, document = tree.policy("coverage")
    assert status == 1
    assert [(one["element"], one["rule"]) for one in document["findings"]] == [("E-1.1.11", "outside_unreasoned")]


CHANGED = [
    ("processes/policy/clauses.yaml", "within: PT2H, calendar: natural, calendar_stated: false, actor: 技术工程师",
     "within: PT3H, calendar: natural, calendar_stated: false, actor: 技术工程师", "A-2.1.6"),
    ("processes/policy/clauses.yaml", "zh: 遇客户情绪激动", "zh: 如遇客户情绪激动", "A-2.1.2"),
    ("processes/monthly_review/monthly_review.bpmn", 'name="召开售后工作会"', 'name="开会"', "B18-m6"),
    ("forms/service_meeting.json", '"label": "综合部的执行监督意见"', '"label": "意见"', "B21-4-3-1"),
    ("handlers/archive_case.py", "Freeze the file", "Freeze the whole file", "A-2.6.2"),
    ("processes/papers.yaml", "signers: [customer, engineer]", "signers: [customer]", "B20-3.1"),
]


@pytest.mark.parametrize(("file", "old", "new", "clause"), CHANGED, ids=[one[3] for one in CHANGED])
def test_a_link_flags_itself_when_clause_or_element_changes_and_a_review_clears_it(
        tree: Tree, file: str, old: str, new: str, clause: str) -> None:
    tree.policy("review", "--by", "林合规")
    stamped = tree.read("processes/policy/dispositions.yaml")
    tree.edit(file, old, new)
    flagged = {key for key, one in by_id(tree.policy("coverage")[1]).items() if one["needs_review"]}
    assert clause in flagged
    assert len(flagged) < 60
    status, document = tree.policy("review", clause, "--by", "林合规")
    assert (status, document) == (0, {"reviewed": [clause]})
    changed = [line for line in tree.read("processes/policy/dispositions.yaml").splitlines()
               if line not in stamped.splitlines()]
    assert len(changed) == 1
    assert "林合规" in changed[0]
    after = {key for key, one in by_id(tree.policy("coverage")[1]).items() if one["needs_review"]}
    assert after == flagged - {clause}


def test_moving_a_shape_on_the_drawing_flags_nothing(tree: Tree) -> None:
    tree.policy("review", "--by", "林合规")
    tree.edit("processes/monthly_review/monthly_review.bpmn", '<dc:Bounds x="1260" y="310" width="100" height="80"/>',
              '<dc:Bounds x="1262" y="312" width="100" height="80"/>')
    assert not any(one["needs_review"] for one in by_id(tree.policy("coverage")[1]).values())


def test_a_review_keeps_what_was_declared_and_refuses_what_it_does_not_know(tree: Tree) -> None:
    before = read_register(tree.root).dispositions
    assert tree.policy("review", "--by", "林 '合规': #1")[0] == 0
    after = read_register(tree.root).dispositions
    for key, one in before.items():
        if one.disposition:
            assert (after[key].disposition, after[key].where, after[key].reason_zh, after[key].owner) == (
                one.disposition, one.where, one.reason_zh, one.owner)
    assert tree.policy("review", "Z-9", "--by", "林合规")[0] == 2
    assert tree.policy("review", "--by", "  ")[0] == 2
    assert tree.policy("check")[0] == 0


def test_a_repeated_clause_is_carried_out_where_the_first_one_is(tree: Tree) -> None:
    found = {one.clause: one for one in tree_coverage(ROOT).clauses}
    repeats = [one for one in found.values() if one.inherited]
    for one in repeats:
        assert set(found[str(one.inherited)].where) >= set(one.where)
    tree.edit("processes/intake/intake.bpmn", " B11-2.3.1", "")
    tree.edit("processes/policy/clauses.yaml", "  figures: {actor: 客服人员, action: collect_details}\n",
              "  same_as: A-2.1.4\n")
    clause = by_id(tree.policy("coverage")[1])["B11-2.3.1"]
    assert clause["disposition"] == "drawn"
    assert clause["where"] == by_id(tree.policy("coverage")[1])["A-2.1.4"]["where"]


def test_the_product_has_what_links_name_as_the_platforms_own() -> None:
    for one in CAPABILITIES.values():
        assert importlib.import_module(one.module)
        assert one.zh
        assert one.en


def test_commands_answer_people_in_lines(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    from app.cli import run
    assert run(["policy", "coverage", "--root", str(tree.root)]) == 0
    out = capsys.readouterr().out
    assert "A-2.1.6\tdecided" in out
    assert run(["policy", "check", "--root", str(tree.root)]) == 0
    assert "A-2.3.4" in capsys.readouterr().out
    assert run(["policy", "coverage", "--root", str(tree.root / "nowhere")]) == 2
