"""A report over a period: facts, tables, lines to sign; as PDF and as a workbook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.exports.dossier import Table
from app.exports.pages import MARGIN, Pages
from app.exports.papers import facts, signatures
from app.exports.workbook import workbook

SHEET = 31  # characters of a sheet's name


@dataclass(frozen=True)
class Report:
    """What stands in a report, in the reader's words."""

    company: str
    title: str
    period: str
    note: str  # who made it, and when
    facts: tuple[tuple[str, str], ...]  # label, text
    sections: tuple[Table, ...]
    sign: str  # heading of the lines to sign
    signers: tuple[str, ...]
    sign_here: tuple[str, str]  # "signature", "date"
    at: datetime  # aware


def report_pdf(report: Report) -> bytes:
    """Return the report on A4 pages."""
    pages = Pages(f"{report.title} {report.period}", report.at)
    pages.begin(report.company, report.period, report.title)
    pages.line_of(report.title, MARGIN, pages.y + 6, 18, width=pages.breadth, align="C", bold=True)
    pages.y += 12
    pages.note(report.note)
    facts(pages, report.facts)
    for section in report.sections:
        pages.heading(section.title, 13, gap=5)
        if section.rows:
            pages.grid(section.headers, section.shares, section.rows)
        else:
            pages.note(section.empty)
    pages.heading(report.sign, 13, gap=5)
    signatures(pages, report.signers, report.sign_here)
    pages.end()
    return pages.bytes()


def report_workbook(report: Report) -> bytes:
    """Return the report as a workbook: a sheet of facts, and one for each table."""
    head: list[list[Any]] = [[report.title, report.period], *map(list, report.facts), ["", report.note]]
    sheets: dict[str, list[list[Any]]] = {_name(report.title): head}
    for section in report.sections:
        rows = section.rows or ((section.empty, *[""] * (len(section.headers) - 1)),)
        sheets[_name(section.title)] = [list(section.headers), *map(list, rows)]
    return workbook(sheets)


def _name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:SHEET]
