"""Tables as a workbook (.xlsx) whose cells no spreadsheet takes for formulas."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

LEADING = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet might act on, and the mark against it
NARROW, WIDE = 12, 48  # characters
LONG = 24  # a column with texts longer than this is wide


def safe(value: Any) -> Any:
    """Return a cell's value with a mark before text that a spreadsheet might act on; `plain` takes it off."""
    return f"'{value}" if isinstance(value, str) and value.startswith(LEADING) else value


def plain(value: Any) -> Any:
    """Return a cell's value without the mark that `safe` put before it."""
    marked = isinstance(value, str) and value.startswith("'") and value[1:].startswith(LEADING)
    return value[1:] if marked else value


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """Return a workbook; each sheet is its rows, the first of them the head, which stays in sight."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row, 1):
                if value is None:
                    continue
                cell = sheet.cell(number, place)
                cell.value = safe(value)
                if isinstance(value, str):
                    cell.data_type = "s"  # text for good, whatever it looks like
                cell.alignment = Alignment(vertical="top", wrap_text=True)
                if number == 1:
                    cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E6EEF7")
        for place in range(1, len(rows[0]) + 1 if rows else 1):
            longest = max((len(str(row[place - 1] or "")) for row in rows[1:]), default=0)
            sheet.column_dimensions[get_column_letter(place)].width = WIDE if longest > LONG else NARROW
        sheet.freeze_panes = "B2"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()
