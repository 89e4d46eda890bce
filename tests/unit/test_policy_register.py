"""The register as it is shipped, what its schema refuses, its versions by date, and its figures against the law's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Refused
from app.policy.checks import check_register
from app.policy.law import bounds_of, looser_than_law
from app.policy.register import Clause, read_register
from app.policy.versions import Change, in_force
from tests.policy_tree import ROOT, Tree, tree

__all__ = ["tree"]
REGISTER = read_register(ROOT)
CLAUSES = "processes/policy/clauses.yaml"
FIRST = date(2026, 1, 1)


def test_the_shipped_register_is_clean() -> None:
    assert [finding for finding in check_register(ROOT) if finding.severity == "error"] == []


def test_every_clause_says_what_it_asks_and_where_it_stands() -> None:
    assert len(REGISTER.clauses) == 420
    assert {f"K{number}" for number in range(1, 39)} <= REGISTER.conflicts.keys()
    assert REGISTER.assumptions.keys() == {f"O{number}" for number in range(1, 28)}
    for clause in REGISTER.clauses.values():
        assert len(clause.zh) >= 8, clause.id
        assert len(clause.en) >= 15, clause.id
        assert clause.line, clause.id
        text = REGISTER.texts[clause.document]
        if text.lines and text.id != "B21":  # its pages are scattered, some before its heading
            assert text.lines[0] <= clause.line <= text.lines[1], clause.id


def test_what_the_audit_found_stands_corrected() -> None:
    assert {"B11-2.3.1", "B16-1c", "B17-2.3", "E-1.0"} <= REGISTER.clauses.keys()
    assert REGISTER.clauses["E-2.3.12"].figures["from"] == "resolve_complaint"
    assert REGISTER.clauses["B4-3"].figures["from"] == "receive_complaint"
    assert REGISTER.clauses["B2-6"].obligation == "must"
    assert REGISTER.clauses["B21-6-1"].figures["due_day_strict"] == 9
    assert set(REGISTER.conflicts["K40"].clauses) == {"B21-8-1-3", "A-2.2.5"}


SPOILT = [
    (CLAUSES, "within: PT2H, calendar: natural, calendar_stated: false, actor: 技术工程师",
     "within: 2 小时, calendar: natural", "schema", "A-2.1.6"),
    (CLAUSES,
     "{within: P1D, calendar: working, calendar_stated: true, actor: 客服专员, action: review_return_materials",
     "{within: P1D, calendar: business, action: review_return_materials", "schema", "A-2.1.9"),
    (CLAUSES, "same_as: B8-1.2", "same_as: B8-9.9", "schema", "B11-3.1.2"),
    (CLAUSES, "b: engineer_contact, within", "b: engineer_kontact, within", "schema", "A-2.1.6"),
    (CLAUSES, "action: register_case, channels: [phone, online_chat, email, wechat_official_account, walk_in]",
     "action: register_kase", "unknown_id", "A-2.1.1"),
    (CLAUSES, "assumptions: [O6, O7]", "assumptions: [O6, O77]", "unknown_id", "B14-5.3"),
    (CLAUSES, "range: {min: P7D, max: P15D", "range: {min: P17D, max: P15D", "figure_range", "A-2.3.4"),
    (CLAUSES, "due_day: 10, action: responsibility_review", "due_day: 40, action: responsibility_review",
     "figure_range", "B21-6-1"),
    (CLAUSES, "name: complaint_satisfaction, op: '>=', target: 0.75",
     "name: complaint_satisfaction, op: '>=', target: 75", "figure_range", "E-1.1.3"),
    (CLAUSES, "- id: A-1.2\n", "- id: A-1.1\n", "duplicate_id", "A-1.1"),
    (CLAUSES, "- id: A-1.1\n", "- id: A-1.1\n  valid_from: 2026-05-01\n  valid_to: 2026-01-01\n", "schema", "A-1.1"),
    ("processes/policy/law.yaml", "{clause: A-2.3.4, figure: range.max", "{clause: A-2.3.4, figure: range.most",
     "schema", "CPL-25-2"),
    ("processes/policy/conflicts.yaml", "clauses: [B21-7-2a, B21-7-3a]", "clauses: [B21-7-2a, B21-7-9]",
     "schema", "K36"),
    ("processes/policy/profiles.yaml", "milestone: resolution", "milestone: resolutoin",
     "unknown_id", "specific"),
    ("processes/policy/milestones.yaml", "{name: verify, zh: 核实,", "{name: verify,", "schema", "verify"),
    ("processes/papers.yaml", "clauses: [B20-3.1]", "clauses: [B20-3.9]", "unknown_id", "repair_report"),
]


@pytest.mark.parametrize(("file", "old", "new", "rule", "entry"), SPOILT, ids=[one[4] for one in SPOILT])
def test_a_spoilt_entry_is_named_with_its_file_and_line(
        tree: Tree, file: str, old: str, new: str, rule: str, entry: str) -> None:
    line = tree.edit(file, old, new)
    status, document = tree.policy("check")
    found = [one for one in document["findings"] if one["severity"] == "error"]
    assert status == 1
    assert (file, rule, entry) in {(one["file"], one["rule"], one["element"]) for one in found}
    assert any(abs(one["line"] - line) <= 2 for one in found)
    assert all(one["message"] and one["message_en"] for one in found)


@pytest.mark.parametrize("content", [
    b"clauses: [", b"clauses: 7\n", b"\xff\xfe", b"- 1\n", b"", b"clauses:\n- {id: [1]}\n",
    b"clauses:\n- &a {id: X-1}\n- *a\n"])
def test_a_broken_file_is_told_and_nothing_falls_over(tree: Tree, content: bytes) -> None:
    (tree.root / CLAUSES).write_bytes(content)
    status, document = tree.policy("check")
    assert status == 1
    assert any(one["file"] == CLAUSES for one in document["findings"])


def test_the_register_itself_refuses_a_broken_entry(tree: Tree) -> None:
    tree.edit("processes/policy/conflicts.yaml", "- id: K1\n  topic_zh: 按渠道接入\n", "- id: K1\n")
    with pytest.raises(Refused, match="K1"):
        read_register(tree.root)


# Versions

def entry(key: str, text: str, **more: object) -> dict[str, object]:
    return {"id": key, "document": "A", "section": "一", "kind": "step", "obligation": "must", "zh": text, **more}


KEYS = ("A-1.1", "A-1.2", "X-1")
CHANGES = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 20), st.booleans()), max_size=8).map(
    lambda drawn: [
        Change(place, "clause", key, None if gone else entry(key, f"第{place}次"), FIRST + timedelta(days=day))
        for place, (key, day, gone) in enumerate(drawn)])
DAYS = st.integers(-1, 21).map(lambda day: FIRST + timedelta(days=day))


@given(CHANGES, DAYS, st.randoms())
def test_a_version_is_the_changes_in_effect_whatever_order_they_come_in(changes, on, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(changes)
    random.shuffle(shuffled)
    found = in_force(REGISTER, shuffled, on)
    due = [one for one in changes if one.effective_from <= on]
    assert found.version == ("1" if not due else f"1+{len(due)}")
    assert found == in_force(REGISTER, changes, on)
    for key in KEYS:
        last = max((one for one in due if one.key == key), key=lambda one: (one.effective_from, one.id), default=None)
        if last is None:
            assert found.clauses.get(key) == REGISTER.clauses.get(key)
        elif last.entry is None:
            assert key not in found.clauses
        else:
            assert found.clauses[key].zh == last.entry["zh"]
    assert set(REGISTER.clauses) - set(KEYS) <= set(found.clauses)


@given(CHANGES, DAYS)
def test_a_later_day_never_takes_an_earlier_version_away(changes, on) -> None:  # type: ignore[no-untyped-def]
    early = [one for one in changes if one.effective_from <= on]
    assert in_force(REGISTER, changes, on) == in_force(REGISTER, early, on)


@given(DAYS, DAYS, DAYS)
def test_a_clause_is_there_on_the_days_of_its_validity(first: date, last: date, on: date) -> None:
    change = Change(1, "clause", "X-1", entry("X-1", "限时条款", valid_from=first.isoformat(), valid_to=last), FIRST)
    found = in_force(REGISTER, [change], on)
    assert ("X-1" in found.clauses) == (on >= FIRST and first <= on <= last)


def test_documents_and_conflicts_change_too() -> None:
    names = ("topic_zh", "topic_en", "zh", "en", "rule_en", "reason_zh", "reason_en")
    kept = {name: getattr(REGISTER.conflicts["K2"], name) for name in names}
    changes = [
        Change(1, "document", "F", {"id": "F", "title": "新制度"}, FIRST),
        Change(2, "conflict", "K2", {**kept, "id": "K2", "rule_zh": "十分钟"}, FIRST),
        Change(3, "document", "E", None, FIRST)]
    found = in_force(REGISTER, changes, FIRST)
    assert found.documents["F"] == "新制度"
    assert "E" not in found.documents
    assert found.conflicts["K2"].rule_zh == "十分钟"
    assert in_force(REGISTER, changes, FIRST - timedelta(days=1)) == REGISTER
    with pytest.raises(ValueError, match="profile"):
        in_force(REGISTER, [Change(1, "profile", "x", None, FIRST)], FIRST)


# Law

def test_a_refund_slower_than_the_law_is_flagged_and_an_old_order_is_seen_as_replaced() -> None:
    found = {(one.rule, one.clause): one for one in looser_than_law(REGISTER)}
    refund = found.pop(("CPL-25-2", "A-2.3.4"))
    assert (refund.law, refund.policy, refund.certain, refund.replaced) == (
        "P7D natural", "P15D working", True, False)
    order = found.pop(("SAMR121-60", "SAMR20-45"))
    assert (order.certain, order.replaced) == (True, True)
    assert found == {}
    assert {one.id for one in bounds_of(REGISTER, "A-2.3.4")} == {"CPL-25-2"}


@pytest.mark.parametrize(("figures", "verdict"), [
    ({"range": {"max": "P7D", "calendar": "natural"}}, None),
    ({"range": {"max": "P5D", "calendar": "working"}}, None),  # a week at most
    ({"range": {"max": "P6D", "calendar": "working"}}, True),  # eight days at least
    ({"range": {"max": "PT168H", "calendar": "natural"}}, None),
    ({"range": {"max": "P8D", "calendar": "natural"}}, True),
    ({"range": {"max": "P1M", "calendar": "natural"}}, True),
    ({}, None),
])
def test_spans_are_compared_in_their_calendars(figures: dict[str, object], verdict: bool | None) -> None:
    clause = replace(REGISTER.clauses["A-2.3.4"], figures=figures)
    register = replace(REGISTER, clauses={**REGISTER.clauses, "A-2.3.4": clause})
    found = [one.certain for one in looser_than_law(register) if one.clause == "A-2.3.4"]
    assert found == ([] if verdict is None else [verdict])


def test_a_right_must_not_be_shorter_than_the_law_and_a_rule_binds_only_in_its_time() -> None:
    short = replace(REGISTER.clauses["D-2.5.1"], figures={"example": {"replaced_part_warranty": "P14D"}})
    register = replace(REGISTER, clauses={**REGISTER.clauses, "D-2.5.1": short})
    assert ("TG-30W", "D-2.5.1") in {(one.rule, one.clause) for one in looser_than_law(register)}
    before = {one.rule for one in looser_than_law(REGISTER, date(2026, 4, 14))}
    assert "SAMR121-60" not in before
    assert "SAMR121-60" in {one.rule for one in looser_than_law(REGISTER, date(2026, 4, 15))}


def test_a_clause_reads_in_both_languages() -> None:
    clause = REGISTER.clauses["A-2.1.6"]
    assert clause.text("zh") == clause.zh
    assert clause.text("en") == clause.en
    assert Clause.of({"id": "X-1", "zh": "只有中文"}).text("en") == "只有中文"
