"""A whole case as one PDF: facts, clocks, what happened, forms, contacts, papers, files and the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.exports.pages import MARGIN, Pages
from app.exports.papers import Paper, Part, add_paper, entries, facts


@dataclass(frozen=True)
class Table:
    """A part of the file in rows."""

    title: str
    headers: tuple[str, ...]
    shares: tuple[float, ...]  # of the width
    rows: tuple[tuple[str, ...], ...]
    empty: str  # what is said instead of no rows


@dataclass(frozen=True)
class Forms:
    """The forms that were filled in, with what stood in them before each correction."""

    title: str
    parts: tuple[Part, ...]
    empty: str


@dataclass(frozen=True)
class Dossier:
    """What the file of a case holds, in the reader's words."""

    company: str
    title: str
    number: str
    facts: tuple[tuple[str, str], ...]
    description: tuple[str, str]  # label, text
    sections: tuple[Table | Forms, ...]
    papers: tuple[Paper, ...]
    note: str  # who made it, and when
    at: datetime  # aware


def dossier_pdf(dossier: Dossier) -> bytes:
    """Return the file of a case; its papers stand at the end, each once, with its own page numbers."""
    pages = Pages(f"{dossier.title} {dossier.number}", dossier.at)
    _record(pages, dossier)
    for paper in dossier.papers:
        add_paper(pages, paper, " · ".join(paper.copies[:1]))
    return pages.bytes()


def _record(pages: Pages, dossier: Dossier) -> None:
    pages.begin(dossier.company, dossier.number, f"{dossier.title} {dossier.number}")
    pages.line_of(dossier.title, MARGIN, pages.y + 6, 18, width=pages.breadth, align="C", bold=True)
    pages.y += 12
    pages.note(dossier.note)
    facts(pages, dossier.facts)
    pages.row(list(dossier.description), [pages.breadth * 0.13, pages.breadth * 0.87], labels=(0,))
    for section in dossier.sections:
        pages.heading(section.title, 13, gap=5)
        if isinstance(section, Table):
            if section.rows:
                pages.grid(section.headers, section.shares, section.rows)
        else:
            for part in section.parts:
                pages.heading(part.title, 10, gap=2)
                entries(pages, part.entries)
        if not (section.rows if isinstance(section, Table) else section.parts):
            pages.note(section.empty)
    pages.end()
