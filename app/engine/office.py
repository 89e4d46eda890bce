"""Office files are XML in a ZIP, and come from outside: their text and their cells, read within limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from app.engine.xml import Xml, local, parse
from app.errors import Finding, Refused

MAX_PARTS, MAX_PART, MAX_TOTAL = 500, 20 * 1024 * 1024, 60 * 1024 * 1024  # files; bytes unpacked
MAX_XML_ELEMENTS = 1_000_000  # a long text has many runs, and each says its font
MAX_ROWS, MAX_COLUMNS = 20_000, 60
DOCUMENT = "word/document.xml"


def document_lines(content: bytes, file: str) -> list[str]:
    """Return the paragraphs of a .docx, each cell of a table and each break a line; raises Refused."""
    root = parse(_parts(content, file, {DOCUMENT})[DOCUMENT], file, MAX_PART, MAX_XML_ELEMENTS)
    return [line for paragraph in root.iter() if local(paragraph) == "p" for line in _text(paragraph).split("\n")]


def _text(paragraph: Xml) -> str:
    said = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
    return "".join(node.text or "" if local(node) == "t" else said.get(local(node), "") for node in paragraph.iter())


def sheets(content: bytes, file: str) -> Mapping[str, list[list[Any]]]:
    """Return the rows of each sheet of an .xlsx: text, numbers, truth values, ISO dates, None; raises Refused.

    Formulas are not computed and not looked at: a cell gives the value that was stored with it.
    """
    parts = _parts(content, file)
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            parse(part, file, MAX_PART, MAX_XML_ELEMENTS)  # what openpyxl gets is plain and well-formed
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        return {sheet.title: list(_rows(sheet, file)) for sheet in book.worksheets}
    except Refused:
        raise
    except Exception as error:  # whatever a damaged workbook makes the library say
        raise _refused(file, "bad_workbook", f"无法读取工作簿：{error}", f"The workbook can't be read: {error}") from error


def _rows(sheet: Any, file: str) -> Iterator[list[Any]]:
    sheet.reset_dimensions()  # what a file says of its size is not to be believed
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), 1):
        if number > MAX_ROWS:
            raise _refused(file, "too_many_rows", f"工作表“{sheet.title}”超过 {MAX_ROWS} 行。",
                           f"The sheet “{sheet.title}” has more than {MAX_ROWS} rows.")
        yield [cell.date().isoformat() if isinstance(cell, datetime) else cell.isoformat() if isinstance(cell, date)
               else cell for cell in row]


def _parts(content: bytes, file: str, wanted: set[str] | None = None) -> dict[str, bytes]:
    """Return the unpacked parts, all or the wanted ones; raises Refused for what is no ZIP or too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_TOTAL:
                raise _too_large(file)
            found = {}
            for entry in entries:
                if wanted is None or entry.filename in wanted:
                    with packed.open(entry) as part:
                        found[entry.filename] = part.read(MAX_PART + 1)  # never more, whatever the directory says
                    if len(found[entry.filename]) > MAX_PART:
                        raise _too_large(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError) as error:
        raise _refused(file, "bad_archive", "文件已损坏或不是 Office 文件。",
                       "The file is damaged, or no Office file.") from error
    if wanted is not None and wanted - found.keys():
        raise _refused(file, "bad_archive", "文件中没有正文。", "The file has no text.")
    return found


def _too_large(file: str) -> Refused:
    return _refused(file, "too_large", "文件解压后过大，可能是压缩炸弹。", "Unpacked, the file is too large: a bomb, perhaps.")


def _refused(file: str, rule: str, zh: str, en: str) -> Refused:
    return Refused([Finding(file, None, None, rule, "error", zh, en)])
