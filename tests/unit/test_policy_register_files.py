"""The register goes out and comes back as it was: YAML, workbooks, forms; and cells that no spreadsheet runs."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.engine.office import sheets
from app.errors import Refused
from app.exports.workbook import plain, workbook
from app.policy.differences import entry_changes
from app.policy.entries import CLAUSE_KINDS, FLOWS, KINDS, Known, entries, normal, problems
from app.policy.files import Given, as_yaml, mapping_of, read_yaml
from app.policy.labels import FIELD_NAMES
from app.policy.plain import duration_words, figure_words, rule_words
from app.policy.register import Clause, Register, read_register
from app.policy.sheets import read_sheets, sheets_of
from app.web.policy.showing import segments
from tests.conftest import ROOT


@lru_cache
def register() -> Register:
    return read_register(ROOT)


TEXT = st.text(min_size=1, max_size=40).filter(str.strip)
SPAN = st.sampled_from(["PT30S", "PT15M", "PT24H", "P3D", "P2W", "P1M", "P1DT2H"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-10**9, 10**9) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)
FIGURES = st.builds(lambda own, rest: {**rest, **own}, st.fixed_dictionaries(
    {}, optional={"within": SPAN, "calendar": st.sampled_from(["natural", "working"]), "every": st.none() | SPAN,
                  "actor": TEXT | st.lists(TEXT, max_size=2)}),
    st.dictionaries(TEXT.filter(lambda name: not name.strip().startswith("<<")), PLAIN, max_size=3))
ENTRY = st.fixed_dictionaries(
    {"document": st.sampled_from(["A", "B21"]), "section": TEXT, "kind": st.sampled_from(CLAUSE_KINDS),
     "obligation": st.sampled_from(["must", "should", "info"]), "zh": TEXT,
     "flow": st.lists(st.sampled_from(FLOWS), min_size=1, unique=True)},
    optional={"en": TEXT, "figures": FIGURES, "line": st.integers(1, 999), "truncated": st.booleans(),
              "assumptions": st.lists(st.from_regex(r"[OK][0-9]{1,2}", fullmatch=True), max_size=2), "note_zh": TEXT,
              "declare": st.just([{"template": "response", "a": "register_case", "b": "refund", "within": "P3D",
                                   "calendar": "working"}]),
              "valid_from": st.dates().map(str)})


def holding(entry: dict[str, Any]) -> Register:
    """Return a small register that holds the clause."""
    source = normal("clause", {**entry, "id": "A-9.9"})
    return replace(register(), clauses={"A-9.9": Clause.of(source)}, conflicts={}, law={}, dispositions={})


def changes(given: Given, found: Register) -> list[Any]:
    assert given.errors == []
    return [one for kind, known in given.entries.items() for one in entry_changes(kind, entries(found, kind), known)]


def through_workbook(found: Register) -> Given:
    read = sheets(workbook(sheets_of(found)), "r.xlsx")
    return read_sheets({title: [[plain(cell) for cell in row] for row in rows] for title, rows in read.items()})


def test_the_shipped_register_round_trips_and_has_nothing_wrong() -> None:
    assert changes(read_yaml(as_yaml(register())), register()) == []
    assert changes(through_workbook(register()), register()) == []
    known = Known.of(register())
    assert [(key, one.field) for kind in KINDS for key, entry in entries(register(), kind).items()
            for one in problems(kind, entry, known)] == []


@given(ENTRY)
@settings(max_examples=150, deadline=None)
def test_any_entry_comes_back_from_yaml_as_it_was(entry: dict[str, Any]) -> None:
    found = holding(entry)
    assert changes(read_yaml(as_yaml(found)), found) == []


@given(ENTRY)
@settings(max_examples=60, deadline=None)
def test_any_entry_comes_back_from_a_workbook_as_it_was(entry: dict[str, Any]) -> None:
    found = holding(entry)
    assert changes(through_workbook(found), found) == []


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_difference_keeps_both_texts_whole(text: str) -> None:
    left, right = segments(text, text[::-1])
    assert "".join(one.text for one in left) == text
    assert "".join(one.text for one in right) == text[::-1]


@pytest.mark.parametrize("text", [
    "=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "\t=x", "=cmd|' /C calc'!A0", "'=x", "a=b"])
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    content = workbook({"x": [["head"], [text]]})
    cell = load_workbook(io.BytesIO(content))["x"]["A2"]
    assert cell.data_type == "s"
    assert not str(cell.value).startswith(("=", "+", "-", "@", "\t"))
    assert plain(sheets(content, "x")["x"][1][0]) == text


def test_a_file_without_a_section_leaves_it_alone_and_an_absent_entry_is_retired() -> None:
    found = changes(read_yaml(b"documents:\n- {id: A, title: x}\n"), register())
    assert {one.kind for one in found} == {"document"}
    assert ("A", "changed") in {(one.key, one.verb) for one in found}
    assert ("B", "retired") in {(one.key, one.verb) for one in found}


@pytest.mark.parametrize(("content", "line"), [
    (b"clauses: [\n", "Line 2"), (b"a: &x 1\nb: *x\n", "Line 1"), (b"\xff\xfe", "not UTF-8"), (b"- 1\n", "Line 1"),
    (b"clauses: 5\n", "Line 1"), (b"clauses:\n- 5\n", "Line 2"), (b"clauses:\n- {id: A-1, id: A-2}\n", "Line 2"),
    (b"clauses:\n- {zh: x}\n", "clauses, line 2"), (b"x" * (6 << 20), "5 MB"), (b"{" * 3000, "Line 1"),
    (b"clauses:\n- {id: A-1, line: !!int abc}\n", "Line 2"),
])
def test_a_bad_yaml_says_where(content: bytes, line: str) -> None:
    errors = read_yaml(content).errors
    assert errors
    assert line in errors[0].message_en


def test_a_workbook_that_is_a_bomb_or_damaged_is_refused() -> None:
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b" " * (25 << 20))
    for content in (packed.getvalue(), b"", b"PK\x03\x04", workbook({"a": [["b"]]})[:-40]):
        with pytest.raises(Refused):
            sheets(content, "x.xlsx")


def test_short_yaml_of_a_form_is_read_strictly() -> None:
    assert mapping_of("every:\naction: refund") == {"every": None, "action": "refund"}
    assert mapping_of("") == {}
    for text in ("- a", "a: *b", "a: [", "x"):
        with pytest.raises(ValueError):  # noqa: PT011 - it carries a FieldError
            mapping_of(text)


def test_every_clause_is_told_in_words() -> None:
    activities = register().activities
    for clause in (*register().clauses.values(), *register().law.values()):
        for label, said in figure_words(clause, activities):
            assert all(label)
            assert all(said), clause.id
        for rule in clause.declare:
            assert all(sentence and "{" not in sentence for sentence in rule_words(rule, activities))
    assert duration_words("PT2H", "natural") == ("2 小时（自然时间）", "2 hours (natural time)")
    assert duration_words("P1D", "working") == ("1 个工作日", "1 working day")
    assert duration_words("PT0S", None) == ("立即", "at once")
    assert all(zh and en for zh, en in FIELD_NAMES.values())
