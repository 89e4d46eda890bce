"""What is vague, what promises a time, and what fills a phrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import Refused
from app.policy.phrases import GAP, read_phrases
from app.policy.register import read_register
from app.policy.wording import TIME, read_wording

ROOT = Path(__file__).resolve().parents[2]
REGISTER = read_register(ROOT)
WORDING = read_wording(ROOT)


@pytest.mark.parametrize(("text", "word"), [
    ("也许可以", "也许"),
    ("可能要换件", "可能"), ("大概三天", "大概"), ("我们会尽快", "尽快"), ("3点左右到", "3点左右")])
def test_vague_words_are_named_with_their_clause(text: str, word: str) -> None:
    remark = WORDING.remarks("enquiry_answer", {"answer": text})[0]
    assert (remark.kind, remark.word) == ("vague", word)
    assert remark.clause in ("C-2.3.4", "C-2.3.5")


@pytest.mark.parametrize("text", [
    "我们尽可能保留您的数据", "这不可能发生", "左右两个旋钮", "明天15:00前给您结果", "请按三步操作"])
def test_clear_words_are_left_alone(text: str) -> None:
    assert WORDING.remarks("enquiry_answer", {"answer": text}) == ()


def test_a_customer_s_own_words_are_never_remarked_on() -> None:
    assert WORDING.remarks("first_response", {"customer_feedback": "可能吧", "description": "大概坏了"}) == ()


def test_a_reply_without_a_time_is_remarked_on_unless_a_time_is_filled_in() -> None:
    assert [one.kind for one in WORDING.remarks("first_response", {"next_plan": "联系技术部门核实"})] == ["no_time"]
    assert WORDING.remarks("first_response", {"next_plan": "核实", "promised_reply_at": "2026-03-02T10:00+08:00"}) == ()
    assert WORDING.remarks("first_response", {"next_plan": "三个工作日内答复"}) == ()
    assert WORDING.remarks("first_response", {"next_plan": ""}) == ()
    assert TIME.search("3月5日")


def test_every_clause_element_form_and_field_that_the_files_name_exists() -> None:
    phrases = read_phrases(ROOT, REGISTER.milestones)
    forms = {path.stem for path in (ROOT / "forms").glob("*.json")}
    assert {rule.clause for rule in WORDING.vague} | {WORDING.promise_clause} <= REGISTER.clause_ids
    assert set(WORDING.promises) <= forms
    assert {form for one in phrases.all for form in one.forms} <= forms
    keys = "".join(path.read_text("utf-8") for path in (ROOT / "forms").glob("*.json"))
    fields = WORDING.told | WORDING.times | {one.field for one in phrases.all if one.field}
    assert [field for field in fields if f'"key": "{field}"' not in keys] == []
    assert len({one.id for one in phrases.all}) == len(phrases.all)
    assert all(one.title and one.title_en for one in phrases.all)
    # No phrase uses the words that the policy forbids.
    assert [one.id for one in phrases.all for rule in WORDING.vague if rule.pattern.search(one.text)] == []


def test_a_phrase_leaves_a_gap_where_the_case_has_nothing() -> None:
    phrase = next(one for one in read_phrases(ROOT, REGISTER.milestones).all if one.id == "tell_number")
    assert "202603-0001" in phrase.filled({"case.number": "202603-0001"})
    assert GAP in phrase.filled({})


def test_a_place_that_nothing_fills_is_refused(tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "phrases.yaml").write_text(
        "phrases:\n- {id: x, zh: 甲, en: A, text: '{case.secret}'}\nsuggesting: []\n", "utf-8")
    with pytest.raises(Refused) as refused:
        read_phrases(tmp_path, ())
    assert "case.secret" in refused.value.findings[0].message_en
