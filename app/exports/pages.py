"""A4 pages with Chinese text, grids and watermarks; the font comes with the product, none need be installed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fpdf import FPDF
from fpdf.enums import TextMode

from app.exports.lines import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

FONT = Path(__file__).resolve().parent / "fonts" / "NotoSansSC-Regular.ttf"
MARGIN, TOP, BOTTOM = 16.0, 24.0, 18.0  # mm
PAD = 1.6  # mm inside a cell
INK, GREY, RULE, SHADE = (28, 32, 38), (104, 112, 122), (170, 176, 184), (241, 243, 246)
WATER = (226, 229, 233)
MISSING = "〓"  # what printers set for a character that they don't have


class Pages(FPDF):
    """A document under the pen: `y` goes down the page, and a new page begins where a row no longer fits."""

    def __init__(self, title: str, at: datetime) -> None:
        """Begin a document that was made at `at` (aware)."""
        super().__init__(format="A4")
        self.set_auto_page_break(False)
        self.set_margin(MARGIN)
        self.add_font("noto", fname=FONT)
        self.set_title(title)
        self.set_lang("zh-CN")
        self.set_creator("Chengnuo")
        self.set_creation_date(at)
        self.head, self.mark, self.foot, self.watermark = "", "", "", ""
        self._first = 1
        self._known = frozenset(getattr(self.fonts["noto"], "cmap", ()))
        self._width_of = lru_cache(maxsize=8192)(self._measure)

    # Pages

    def begin(self, head: str, mark: str, foot: str, watermark: str = "") -> None:
        """Begin a part whose pages are counted from one: `head` left above, `mark` right above, `foot` below."""
        self.head, self.mark, self.foot, self.watermark = head, mark, foot, watermark
        self._first = self.page + 1
        self.turn()

    def end(self) -> None:
        """End the part: now that its pages are counted, number them."""
        last = self.page
        for page in range(self._first, last + 1):
            self.page, self.font_size_pt = page, 0  # a size that no page is in: the font is set anew
            count = f"{page - self._first + 1} / {last - self._first + 1}"
            self.line_of(count, MARGIN, self.h - 10, 8, GREY, width=self.breadth, align="R")

    def turn(self) -> None:
        """Begin a new page."""
        self.add_page()
        if self.watermark:
            with self.rotation(45, self.w / 2, self.h / 2):
                self.line_of(self.watermark, 0, self.h / 2 + 10, 64, WATER, width=self.w, align="C")
        if self.mark:
            width = self._width(self.mark, 10) + 6
            self.set_draw_color(*INK)
            self.rect(self.w - MARGIN - width, 10, width, 8)
            self.line_of(self.mark, self.w - MARGIN - width, 15.6, 10, INK, width=width, align="C")
        self.line_of(self.head, MARGIN, 15.6, 9, GREY)
        self.line_of(self.foot, MARGIN, self.h - 10, 8, GREY)
        self.y = TOP

    @property
    def room(self) -> float:
        """What is left of the page, in mm."""
        return self.h - BOTTOM - self.y

    @property
    def breadth(self) -> float:
        """The width between the margins, in mm."""
        return self.w - 2 * MARGIN

    def need(self, height: float) -> bool:
        """Turn the page unless `height` is left; return whether it was turned."""
        if height <= self.room or height > self.h - TOP - BOTTOM:
            return False
        self.turn()
        return True

    # Text

    def line_of(self, text: str, x: float, y: float, size: float, color: Sequence[int] = INK, *,
                width: float = 0, align: str = "L", bold: bool = False) -> None:
        """Set one line with its foot at `y`; `width` is what it is aligned in."""
        text = self.printable(text)
        if not text:
            return
        left = {"L": x, "C": x + (width - self._width(text, size)) / 2, "R": x + width - self._width(text, size)}[align]
        self.set_font("noto", size=size)
        self.set_text_color(*color)
        with self._weight(size if bold else 0, color):
            self.text(left, y, text)

    def heading(self, text: str, size: float = 12, gap: float = 3) -> None:
        """Set a heading that stays with what follows."""
        self.need(size * 0.5 + 22)
        self.y += gap
        for line in self.lines(text, self.breadth, size):
            self.line_of(line, MARGIN, self.y + size * 0.36, size, bold=True)
            self.y += size * 0.55
        self.y += 1

    def note(self, text: str, size: float = 8.5) -> None:
        """Set a small grey paragraph."""
        for line in self.lines(text, self.breadth, size):
            self.need(size * 0.5)
            self.line_of(line, MARGIN, self.y + size * 0.36, size, GREY)
            self.y += size * 0.5
        self.y += 1

    def row(self, cells: Sequence[str], widths: Sequence[float], *, size: float = 9, labels: Sequence[int] = (),
            header: bool = False, least: float = 0) -> None:
        """Set a row of a grid, over several pages where it is higher than one; `labels` are shaded cells."""
        step = size * 0.5
        texts = [self.lines(text, width - 2 * PAD, size) for text, width in zip(cells, widths, strict=True)]
        count = max(map(len, texts))
        height = max(count * step + 2 * PAD, least)
        self.need(height)
        while count:
            fit = min(count, max(1, int((self.room - 2 * PAD) / step)))
            part = max(fit * step + 2 * PAD, least)
            self._cells([lines[:fit] for lines in texts], widths, part, size, frozenset(labels), header)
            texts, count = [lines[fit:] for lines in texts], count - fit
            if count:
                self.turn()

    def grid(self, headers: Sequence[str], shares: Sequence[float], rows: Sequence[Sequence[str]],
              size: float = 8.5) -> None:
        """Set a table whose head comes again on each page; `shares` are parts of the whole width."""
        widths = [share * self.breadth / sum(shares) for share in shares]
        self.row(headers, widths, size=size, header=True)
        for cells in rows:
            count = max(len(self.lines(text, width - 2 * PAD, size))
                        for text, width in zip(cells, widths, strict=True))
            if self.need(count * size * 0.5 + 2 * PAD):
                self.row(headers, widths, size=size, header=True)
            self.row(cells, widths, size=size)

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """Return the lines of a text at a size."""
        return wrap(self.printable(text, breaks=True), width, lambda token: self._width(token, size))

    def printable(self, text: str, *, breaks: bool = False) -> str:
        """Return the text with every character that the font lacks shown as one that says so."""
        kept = "\n" if breaks else ""
        text = text.replace("\r\n", "\n").replace("\t", "  ")
        return "".join(letter if ord(letter) in self._known or letter in kept else
                       "" if ord(letter) < 0x20 or 0xFE00 <= ord(letter) <= 0xFE0F or letter == "\u200d" else MISSING
                       for letter in text)

    def bytes(self) -> bytes:
        """Return the finished document."""
        return bytes(self.output())

    def _cells(self, texts: Sequence[Sequence[str]], widths: Sequence[float], height: float, size: float,
               labels: frozenset[int], header: bool) -> None:
        x = MARGIN
        for index, (lines, width) in enumerate(zip(texts, widths, strict=True)):
            self.set_draw_color(*RULE)
            self.set_line_width(0.2)
            shaded = header or index in labels
            if shaded and not self.watermark:
                self.set_fill_color(*SHADE)
            self.rect(x, self.y, width, height, style="DF" if shaded and not self.watermark else "D")
            for number, line in enumerate(lines):
                foot = self.y + PAD + number * size * 0.5 + size * 0.38
                self.line_of(line, x + PAD, foot, size, GREY if index in labels else INK, bold=header)
            x += width
        self.y += height

    def _measure(self, token: str) -> float:
        self.set_font("noto", size=100)
        return float(self.get_string_width(token)) / 100

    def _width(self, text: str, size: float) -> float:
        return self._width_of(text) * size

    @contextmanager
    def _weight(self, size: float, color: Sequence[int]) -> Iterator[None]:
        if not size:
            yield
            return
        # One weight is shipped; a hair of ink around the letters makes the other.
        self.set_draw_color(*color)
        self.set_line_width(size * 0.007)
        self.text_mode = TextMode.FILL_STROKE
        yield
        self.text_mode = TextMode.FILL
