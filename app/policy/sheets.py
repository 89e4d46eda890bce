"""The register as rows of sheets, for people who work in spreadsheets, and such rows read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from app.errors import FieldError
from app.policy.entries import FIELDS
from app.policy.files import BESIDE, SECTIONS, Given, tables
from app.policy.labels import field_label
from app.policy.register import LOADER, Register

OWN_COLUMNS = ("within", "calendar", "every", "before", "actor")  # figures that most clauses have
REVIEW = ("id", "reviewed_on", "reviewed_by", "digest")  # columns of what is exported to be read only
DATA = ("declare", "bounds")  # lists of names with values
TEXT_LISTS = frozenset({"flow", "assumptions", "clauses", "where"})  # one a line
MARK = "｜"  # between a column's name, by which it is read back, and what people call it
YES, NO = ("true", "yes", "是", "1", "x"), ("false", "no", "否", "0")
BLANK = (None, "")

Row = Sequence[Any]


def sheets_of(register: Register) -> dict[str, list[list[Any]]]:
    """Return the rows of each sheet, heads first."""
    found: dict[str, list[list[Any]]] = {}
    for title, rows in tables(register).items():
        columns = _columns(SECTIONS[title]) if title in SECTIONS else REVIEW
        found[title] = [[f"{name}{MARK}{field_label(name)[0]}" for name in columns],
                        *([_cell(row, name) for name in columns] for row in rows)]
    return found


def _columns(kind: str) -> tuple[str, ...]:
    figures = tuple(f"figures.{name}" for name in OWN_COLUMNS)
    return tuple(inner for name in FIELDS[kind] for inner in ((*figures, name) if name == "figures" else (name,)))


def _cell(entry: Mapping[str, Any], name: str) -> Any:
    figures = entry.get("figures") or {}
    if name.startswith("figures."):
        value = figures.get(name.removeprefix("figures."))
        return value if isinstance(value, str) else None
    if name == "figures":
        # A figure with a column of its own stands here only where it is no text (every: null, several actors).
        value = {key: one for key, one in figures.items() if not (key in OWN_COLUMNS and isinstance(one, str) and one)}
    else:
        value = entry.get(name)
    if name == "lines" and value:
        return f"{value[0]}-{value[1]}"
    if name in TEXT_LISTS and isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value


def read_sheets(sheets: Mapping[str, Sequence[Row]]) -> Given:
    """Return what the sheets hold; what is wrong stands in `errors`, with sheet, row and column."""
    given = Given()
    for title, rows in sheets.items():
        if title in BESIDE:
            continue
        if title not in SECTIONS:
            given.errors.append(FieldError("file", f"The sheet “{title}” is not known; {', '.join(SECTIONS)} are.",
                                           f"未知工作表“{title}”，应为 {'、'.join(SECTIONS)}。"))
            continue
        given.entries[SECTIONS[title]] = {}
        _read_sheet(given, title, rows)
    if not given.entries and not given.errors:
        given.errors.append(FieldError("file", "There is no sheet.", "没有工作表。"))
    return given


def _read_sheet(given: Given, title: str, rows: Sequence[Row]) -> None:
    kind = SECTIONS[title]
    head = [str(cell or "").split(MARK)[0].strip() for cell in (rows[0] if rows else [])]
    unknown = [name for name in head if name and name not in _columns(kind)]
    if unknown or "id" not in head:
        problem = (f"unknown columns {', '.join(unknown)}", f"未知的列 {'、'.join(unknown)}") if unknown else (
            "the column id is missing", "缺少 id 列")
        given.errors.append(FieldError("file", f"Sheet “{title}”, row 1: {problem[0]}.",
                                       f"工作表“{title}”第 1 行：{problem[1]}。"))
        return
    for number, row in enumerate(rows[1:], 2):
        cells = {name: cell for name, cell in zip(head, row, strict=False) if name and cell not in BLANK}
        if not cells:
            continue
        entry: dict[str, Any] = {}
        for name, cell in cells.items():
            try:
                _put(entry, name, cell)
            except (ValueError, yaml.YAMLError, RecursionError) as error:
                given.errors.append(FieldError(
                    "file", f"Sheet “{title}”, row {number}, column “{name}”: not understood ({str(error)[:120]}).",
                    f"工作表“{title}”第 {number} 行“{name}”列：无法理解（{str(error)[:120]}）。"))
        given.add(kind, entry, f"Sheet “{title}”, row {number}", f"工作表“{title}”第 {number} 行")


def _put(entry: dict[str, Any], name: str, cell: Any) -> None:
    """Set a field from its cell; raises ValueError, YAMLError."""
    if name.startswith("figures."):
        entry.setdefault("figures", {})[name.removeprefix("figures.")] = str(cell).strip()
    elif name == "figures":
        rest = _data(cell)
        if not isinstance(rest, dict):
            raise ValueError("names with values are expected")
        entry["figures"] = {**rest, **entry.get("figures", {})}
    elif name in DATA:
        entry[name] = _data(cell)
    elif name in TEXT_LISTS:
        entry[name] = [part for line in str(cell).split("\n") for part in _parts(name, line) if part]
    elif name == "lines":
        entry[name] = [int(part) for part in str(cell).split("-")]
    elif name == "line":
        if float(cell) != int(float(cell)):
            raise ValueError("a whole number is expected")
        entry[name] = int(float(cell))
    elif name in ("truncated", "assumption"):
        entry[name] = _truth(cell)
    else:
        entry[name] = cell if isinstance(cell, str) else f"{cell:g}" if isinstance(cell, float) else str(cell)


def _parts(name: str, line: str) -> list[str]:
    # Ids and codes have no commas, so people may write several on one line.
    return [line.strip()] if name == "assumptions" else [part.strip() for part in line.replace("，", ",").split(",")]


def _data(cell: Any) -> Any:
    try:
        return json.loads(str(cell))
    except ValueError:
        if any(mark in str(cell) for mark in "&*"):
            raise ValueError("anchors and aliases are not taken") from None
        return yaml.load(str(cell), Loader=LOADER)  # noqa: S506 - a safe loader, without references


def _truth(cell: Any) -> bool:
    word = str(cell).strip().lower()
    if word not in YES + NO:
        raise ValueError("yes or no is expected")
    return word in YES
