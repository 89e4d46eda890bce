"""Long tables as a workbook (.xlsx) that is written row by row; nothing in a cell is ever a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

ROWS = 1_048_576  # of an Excel sheet
LETTERS = 32_767  # of an Excel cell


@dataclass(frozen=True)
class Sheet:
    """A table: its name, its heads, its rows (text, numbers, aware times or None)."""

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Any]]


def write_workbook(target: Path | IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write the sheets; a table that is longer than a sheet goes on in another one."""
    book = Workbook(write_only=True)
    for one in sheets:
        page, used = _page(book, one, 1), 1
        number = 1
        for row in one.rows:
            if used == ROWS:
                number += 1
                page, used = _page(book, one, number), 1
            page.append([_cell(page, value) for value in row])
            used += 1
    book.save(target)


def _page(book: Workbook, one: Sheet, number: int) -> WriteOnlyWorksheet:
    page = book.create_sheet(one.title if number == 1 else f"{one.title} {number}")
    page.freeze_panes = "A2"
    head = [_cell(page, text) for text in one.head]
    for cell in head:
        cell.font = Font(bold=True)
    page.append(head)
    return page


def _cell(page: WriteOnlyWorksheet, value: Any) -> WriteOnlyCell:
    """Return a cell of plain data: text stays text, even where it begins as a formula does."""
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, str):
        cell = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:LETTERS])
        cell.data_type = "s"
        return cell
    return WriteOnlyCell(page, value)
