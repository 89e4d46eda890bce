"""Spreadsheets: what a cell holds is never computed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from app.exports.tables import chunks, csv_lines, harmless, xlsx

ATTACKS = ["=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_spreadsheet_would_compute_is_told_as_text(attack: str) -> None:
    assert harmless(attack) == f"'{attack}"


def test_a_csv_file_opens_in_excel_with_chinese_and_keeps_its_lines() -> None:
    content = b"".join(csv_lines(("单号", "客户"), [("202603-0001", '张"伟'), ("x", "=1")])).decode()
    assert content.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(content[1:]))) == [["单号", "客户"], ["202603-0001", '张"伟'], ["x", "'=1"]]


def test_a_workbook_holds_texts_numbers_and_times_but_no_formula() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    content = b"".join(chunks(xlsx("实例", ("a", "b", "c"), [("=1+1", 3, at), ("坏\x00字", None, None)])))
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["a", "b", "c"], ["=1+1", 3, at.replace(tzinfo=None)], ["坏字", None, None]]
    assert {cell.data_type for row in sheet.iter_rows(max_col=1) for cell in row} == {"s"}
