"""A numbered paper as PDF: all its copies, each with its mark, what is filled in with its clauses, lines to sign."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.exports.pages import GREY, INK, MARGIN, RULE, Pages

LABEL = 0.27  # of the width
SIGNATURE = 22.0  # mm


@dataclass(frozen=True)
class Entry:
    """One answer; a list has rows of further answers."""

    label: str
    text: str
    clauses: tuple[str, ...] = ()
    rows: tuple[tuple[Entry, ...], ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of a paper: what one form put on it."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Paper:
    """What stands on a paper, in the reader's words."""

    company: str
    title: str
    number: str
    facts: tuple[tuple[str, str], ...]  # label, text: the head of the paper
    parts: tuple[Part, ...]
    signers: tuple[str, ...]
    sign_here: tuple[str, str]  # "signature", "date"
    copies: tuple[str, ...]  # the mark of each copy
    watermark: str  # empty while the paper is in work
    basis: str  # the clauses that ask for the paper, as a sentence; empty for none
    at: datetime  # when it was printed, aware


def paper_pdf(paper: Paper) -> bytes:
    """Return the set of copies, one after the other, each with its own page numbers."""
    pages = Pages(f"{paper.title} {paper.number}", paper.at)
    for mark in paper.copies:
        add_paper(pages, paper, mark)
    return pages.bytes()


def add_paper(pages: Pages, paper: Paper, mark: str) -> None:
    """Set one copy on pages of its own, counted from one."""
    pages.begin(paper.company, mark, f"{paper.title} {paper.number}", paper.watermark)
    pages.line_of(paper.title, MARGIN, pages.y + 6, 18, width=pages.breadth, align="C", bold=True)
    pages.y += 10
    pages.line_of(paper.number, MARGIN, pages.y + 4, 11, width=pages.breadth, align="C")
    pages.y += 8
    facts(pages, paper.facts)
    for part in paper.parts:
        pages.heading(part.title, 11)
        entries(pages, part.entries)
    signatures(pages, paper.signers, paper.sign_here)
    if paper.basis:
        pages.y += 2
        pages.note(paper.basis)
    pages.end()


def facts(pages: Pages, pairs: tuple[tuple[str, str], ...]) -> None:
    """Set pairs of label and text, two to a row."""
    half, label = pages.breadth / 2, pages.breadth * 0.13
    for index in range(0, len(pairs), 2):
        row = (*pairs[index:index + 2], ("", ""))[:2]
        pages.row([row[0][0], row[0][1], row[1][0], row[1][1]], [label, half - label, label, half - label],
                  labels=(0, 2))


def entries(pages: Pages, found: tuple[Entry, ...]) -> None:
    """Set answers below each other, with the clauses that ask for them below their labels."""
    label = pages.breadth * LABEL
    for entry in found:
        text = "\n".join(filter(None, [entry.text, *(_row(number, row) for number, row in enumerate(entry.rows, 1))]))
        left = "\n".join(filter(None, [entry.label, " ".join(entry.clauses[:4])]))
        pages.row([left, text], [label, pages.breadth - label], labels=(0,), least=0 if text else 12)


def _row(number: int, row: tuple[Entry, ...]) -> str:
    return f"{number}) " + "；".join(f"{entry.label}：{entry.text}" for entry in row if entry.text)


def signatures(pages: Pages, signers: tuple[str, ...], sign_here: tuple[str, str]) -> None:
    """Set a field for each who signs, two to a row."""
    signature, date = sign_here
    half = pages.breadth / 2
    pages.y += 4
    for index, signer in enumerate(signers):
        if index % 2 == 0:
            pages.need(SIGNATURE)
        x = MARGIN + (index % 2) * half
        pages.set_draw_color(*RULE)
        pages.rect(x, pages.y, half, SIGNATURE)
        pages.line_of(signer, x + 2, pages.y + 5.5, 9.5, INK)
        pages.line_of(f"{signature}：", x + 2, pages.y + 17.5, 9, GREY)
        pages.line_of(date, x + 2, pages.y + 17.5, 9, GREY, width=half - 4, align="R")
        pages.set_draw_color(*GREY)
        pages.line(x + 14, pages.y + 18.5, x + half - 38, pages.y + 18.5)
        if index % 2 or index == len(signers) - 1:
            pages.y += SIGNATURE
