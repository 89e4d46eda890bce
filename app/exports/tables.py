"""Tables for spreadsheets: CSV line by line, XLSX written row by row; no cell of either is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what spreadsheets take for a formula
LONGEST = 32_000  # characters that a cell holds
IN_MEMORY = 4 * 1024 * 1024  # bytes of a workbook before it goes to the disk


def harmless(value: Any) -> str:
    """Return a value as text that no spreadsheet computes (OWASP: CSV injection)."""
    text = "" if value is None else str(value)  # a time is written as ISO has it, with a blank
    return f"'{text}" if text.startswith(DANGEROUS) else text


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield a CSV file line by line, in UTF-8 with the mark that makes Excel read it so."""
    yield "\ufeff".encode()
    yield _line(head)
    for row in rows:
        yield _line(row)


def xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> BinaryIO:
    """Return an open workbook file with one sheet; texts are texts, numbers and days are what they are."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, value) for value in head])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes what it sends
    book.save(file)
    file.seek(0)
    return file  # type: ignore[return-value]


def chunks(file: BinaryIO, size: int = 64 * 1024) -> Iterator[bytes]:
    """Yield an open file in pieces and close it."""
    with file:
        while piece := file.read(size):
            yield piece


def _line(row: Sequence[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([harmless(value) for value in row])
    return buffer.getvalue().encode()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)  # a spreadsheet knows no zones; the caller gives the company's
    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, "")
    cell.value, cell.data_type = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST], "s"
    return cell
