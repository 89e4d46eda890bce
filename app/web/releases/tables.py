"""Decision tables and forms before and after, as rows that a page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.engine import DecisionTable, read_table
from app.engine.comparing import Change
from app.engine.comparing.wording import value_words
from app.errors import Refused
from app.web.problems import language


@dataclass(frozen=True)
class Cell:
    """A cell before and after."""

    old: str | None  # None: there is no such rule or column
    new: str | None

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return self.old != self.new


@dataclass(frozen=True)
class Row:
    """A rule before and after."""

    id: str
    state: str  # added | removed | changed | same
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TableView:
    """A decision table before and after."""

    name: str
    columns: tuple[str, ...]
    inputs: int  # how many of the columns are inputs
    rows: tuple[Row, ...]

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rules that differ."""
        return tuple(row for row in self.rows if row.state != "same")

    @property
    def shown(self) -> tuple[int, ...]:
        """The places of the columns that differ somewhere, and of all inputs that are tested there."""
        rows = self.changed
        return tuple(
            at for at in range(len(self.columns))
            if any(row.cells[at].changed for row in rows)
            or (at < self.inputs and any(row.cells[at].new not in {"", "-", "—"} for row in rows))
        )  # fmt: skip


@dataclass(frozen=True)
class FieldRow:
    """One fact of a form's field before and after."""

    subject: str
    words: str
    old: str | None
    new: str | None
    kind: str


def spoken(text: str) -> str:
    """Return a cell in words, in the reader's language."""
    return value_words(text)[0 if language() == "zh" else 1] or "—"


def table_views(path: str, before: bytes | None, after: bytes | None) -> Sequence[TableView]:
    """Return the decision tables of a file before and after; none where one of the two can't be read."""
    try:
        old = {table.id: table for table in read_table(before, path)} if before is not None else {}
        new = {table.id: table for table in read_table(after, path)} if after is not None else {}
    except Refused:
        return ()
    return [_view(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]


def _view(old: DecisionTable | None, new: DecisionTable | None) -> TableView:
    columns = _columns(old) | _columns(new)
    inputs = {key: label for key, label in columns.items() if key.startswith("in:")}
    ordered = [*inputs, *(key for key in columns if key not in inputs)]
    before, after = _rules(old), _rules(new)
    rows = [_row(key, before.get(key), after.get(key), ordered) for key in dict.fromkeys([*after, *before])]
    name = (new or old).name if (new or old) is not None else ""  # type: ignore[union-attr]
    return TableView(name, tuple(columns[key] for key in ordered), len(inputs), tuple(rows))


def _columns(table: DecisionTable | None) -> dict[str, str]:
    if table is None:
        return {}
    inputs = {f"in:{one.id or at}": one.label for at, one in enumerate(table.inputs)}
    return inputs | {f"out:{one.name}": one.label for one in table.outputs}


def _rules(table: DecisionTable | None) -> dict[str, dict[str, str]]:
    if table is None:
        return {}
    keys = list(_columns(table))
    return {
        rule.id: dict(zip(keys, [*(test.text for test in rule.tests), *(one.text for one in rule.answers)],
                          strict=False))
        for rule in table.rules
    }  # fmt: skip


def _row(key: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None, columns: Sequence[str]) -> Row:
    cells = tuple(Cell(_cell(old, column), _cell(new, column)) for column in columns)
    if old is None or new is None:
        return Row(key, "added" if old is None else "removed", cells)
    return Row(key, "changed" if any(cell.changed for cell in cells) else "same", cells)


def _cell(rule: Mapping[str, str] | None, column: str) -> str | None:
    if rule is None or column not in rule:
        return None
    return spoken(rule[column])


def field_rows(changes: Sequence[Change]) -> Sequence[FieldRow]:
    """Return what differs in a form, field by field."""
    return [FieldRow(one.element or "", one.words(language()), one.old, one.new, one.kind) for one in changes]
