"""Diagrams as SVG, PNG and PDF, from the same strokes; Chinese words in the font that comes with the product."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from app.exports.lines import wrap
from app.exports.pages import FONT, MISSING
from app.facts_scene import Box, Item, Label, Line, Oval, Scene

INK, PAPER = "#22262c", "#ffffff"
FAMILY = "'Noto Sans SC','Noto Sans CJK SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif"
LEADING = 1.25  # of a line, in font sizes
MAX_PIXELS = 40_000_000
Measure = Callable[[str], float]


# SVG


def svg(scene: Scene) -> str:
    """Return a plane as an SVG document."""
    body = "\n".join(line for item in scene.items for line in _svg_item(item))
    size = f'width="{scene.width:.0f}" height="{scene.height:.0f}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {scene.width:.1f} {scene.height:.1f}" font-family={quoteattr(FAMILY)}>\n'
        f"<title>{escape(scene.name)}</title>\n"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
    )


def _svg_item(item: Item) -> Iterator[str]:
    if isinstance(item, Label):
        yield from _svg_label(item)
        return
    stroke, dash = (item.width, item.dash) if isinstance(item, Line) else (item.stroke, item.dash)
    fill = {"ink": INK, "paper": PAPER}.get(item.fill or "", "none")
    look = f'fill="{fill}" stroke="{INK}" stroke-width="{stroke}" stroke-linejoin="round"'
    look += f' stroke-dasharray="{dash[0]} {dash[1]}"' if dash else ""
    look += f" data-element={quoteattr(item.element)}" if item.element else ""
    if isinstance(item, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in item.points)
        yield f'<{"polygon" if item.closed else "polyline"} points="{points}" {look}/>'
    elif isinstance(item, Box):
        yield (f'<rect x="{item.x:.1f}" y="{item.y:.1f}" width="{item.width:.1f}" height="{item.height:.1f}" '
               f'rx="{item.radius}" {look}/>')  # fmt: skip
    else:
        rx, ry = item.width / 2, item.height / 2
        yield f'<ellipse cx="{item.x + rx:.1f}" cy="{item.y + ry:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" {look}/>'


def _svg_label(label: Label) -> Iterator[str]:
    for text, x, y in _set(label, lambda token: _width(token) * label.size):
        turn = ""
        if label.vertical:
            cx, cy = label.x + label.width / 2, label.y + label.height / 2
            turn = f' transform="rotate(-90 {cx:.1f} {cy:.1f})"'
        anchor = "start" if label.left else "middle"
        yield (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{label.size}" fill="{INK}" text-anchor="{anchor}"{turn}>'
               f"{escape(_plain(text))}</text>")  # fmt: skip


def _set(label: Label, measure: Measure) -> Iterator[tuple[str, float, float]]:
    """Yield the lines of a label with where each is set: its middle (or beginning, where it is left), its foot."""
    room, height = (label.height, label.width) if label.vertical else (label.width, label.height)
    lines = wrap(label.text, max(room, label.size * 2), measure) if label.text else []
    step = label.size * LEADING
    if not label.top and label.vertical:
        lines = lines[: max(1, int(height / step))]
    cx, cy = label.x + label.width / 2, label.y + label.height / 2
    top = label.y if label.top else cy - len(lines) * step / 2
    for number, line in enumerate(lines):
        yield line, (label.x if label.left else cx), top + number * step + label.size * 0.95


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter >= " ")


# PNG


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


@lru_cache(maxsize=8192)
def _width(token: str) -> float:
    """Return the width of a token in font sizes."""
    return float(_font(100).getlength(token)) / 100


def png(scene: Scene, scale: float = 2.0) -> bytes:
    """Return a plane as a PNG; a very large one is drawn smaller."""
    scale = min(scale, (MAX_PIXELS / max(scene.width * scene.height, 1)) ** 0.5)
    image = Image.new("RGB", (max(1, int(scene.width * scale)), max(1, int(scene.height * scale))), PAPER)
    brush = _Brush(image, scale)
    for item in scene.items:
        brush.draw(item)
    target = io.BytesIO()
    image.save(target, "PNG", optimize=False)
    return target.getvalue()


class _Brush:
    """Draws items on an image."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._image, self._scale, self._pen = image, scale, ImageDraw.Draw(image)

    def draw(self, item: Item) -> None:
        """Draw one item."""
        if isinstance(item, Label):
            self._label(item)
        elif isinstance(item, Line):
            self._line(item)
        else:
            self._area(item)

    def _weight(self, width: float) -> int:
        return max(1, round(width * self._scale))

    def _line(self, item: Line) -> None:
        points = [(x * self._scale, y * self._scale) for x, y in item.points]
        if item.closed:
            fill = {"ink": INK, "paper": PAPER}.get(item.fill or "")
            self._pen.polygon(points, fill=fill)
            points.append(points[0])
        for part in _dashed(points, item.dash, self._scale):
            self._pen.line(part, INK, self._weight(item.width), joint="curve")

    def _area(self, item: Box | Oval) -> None:
        edges = [value * self._scale for value in (item.x, item.y, item.x + item.width, item.y + item.height)]
        if edges[2] <= edges[0] or edges[3] <= edges[1]:
            return
        fill = {"ink": INK, "paper": PAPER}.get(item.fill or "")
        outline, weight = (None, 0) if item.dash else (INK, self._weight(item.stroke))
        if isinstance(item, Oval):
            self._pen.ellipse(edges, fill=fill, outline=outline, width=weight)
        else:
            radius = min(item.radius * self._scale, (edges[2] - edges[0]) / 2, (edges[3] - edges[1]) / 2)
            self._pen.rounded_rectangle(edges, radius, fill=fill, outline=outline, width=weight)
        if item.dash:
            for part in _dashed(_outline(item, self._scale), item.dash, self._scale):
                self._pen.line(part, INK, self._weight(item.stroke))

    def _label(self, label: Label) -> None:
        font = _font(max(4, round(label.size * self._scale)))
        if label.vertical:
            size = (max(1, int(label.height * self._scale)), max(1, int(label.width * self._scale)))
            patch = Image.new("L", size, 0)
            flat = Label(0, 0, label.height, label.width, label.text, label.size)
            _write(ImageDraw.Draw(patch), flat, font, self._scale, 255)
            turned = patch.rotate(90, expand=True)
            self._image.paste(INK, (int(label.x * self._scale), int(label.y * self._scale)), turned)
        else:
            _write(self._pen, label, font, self._scale, INK)


def _write(pen: ImageDraw.ImageDraw, label: Label, font: ImageFont.FreeTypeFont, scale: float,
           ink: str | int) -> None:
    for text, x, y in _set(label, lambda token: _width(token) * label.size):
        pen.text((x * scale, y * scale), _plain(text), ink, font, anchor="ls" if label.left else "ms")


def _outline(item: Box | Oval, scale: float) -> list[tuple[float, float]]:
    if isinstance(item, Box):
        x, y, right, bottom = item.x, item.y, item.x + item.width, item.y + item.height
        return [(a * scale, b * scale) for a, b in ((x, y), (right, y), (right, bottom), (x, bottom), (x, y))]
    rx, ry = item.width / 2, item.height / 2
    angles = [math.radians(degree) for degree in range(0, 361, 6)]
    return [((item.x + rx + rx * math.cos(a)) * scale, (item.y + ry + ry * math.sin(a)) * scale) for a in angles]


def _dashed(points: Sequence[tuple[float, float]], dash: tuple[float, float] | None,
            scale: float) -> list[list[tuple[float, float]]]:
    """Return a stroke as the parts of it that are drawn."""
    if dash is None:
        return [list(points)]
    on, off = dash[0] * scale, dash[1] * scale
    parts, drawing, left = [], True, on
    for (x1, y1), (x2, y2) in pairwise(points):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        at = 0.0
        while at < length:
            step = min(left, length - at)
            if drawing:
                ends = [(x1 + (x2 - x1) * share / length, y1 + (y2 - y1) * share / length) for share in (at, at + step)]
                parts.append(ends)
            at, left = at + step, left - step
            if left <= 0:
                drawing = not drawing
                left = on if drawing else off
    return parts


# PDF


def pdf(scenes: Sequence[Scene], title: str, at: datetime) -> bytes:
    """Return every plane on a page of its own, as large as it is drawn; `at` is when it was made (aware)."""
    document = FPDF(unit="pt")
    document.set_auto_page_break(False)
    document.set_margin(0)
    document.c_margin = 0
    document.add_font("noto", fname=FONT)
    document.set_title(title)
    document.set_lang("zh-CN")
    document.set_creator("Chengnuo")
    document.set_creation_date(at)
    known = frozenset(getattr(document.fonts["noto"], "cmap", ()))
    for scene in scenes:
        scale = min(1.0, 14_000 / max(scene.width, scene.height))  # what a page may measure
        document.add_page(format=(scene.width * scale, scene.height * scale))
        for item in scene.items:
            _pdf_item(document, item, scale, known)
    return bytes(document.output())


def _pdf_item(document: FPDF, item: Item, scale: float, known: frozenset[int]) -> None:
    if isinstance(item, Label):
        _pdf_label(document, item, scale, known)
        return
    document.set_draw_color(34, 38, 44)
    document.set_fill_color(*((34, 38, 44) if item.fill == "ink" else (255, 255, 255)))
    document.set_line_width((item.width if isinstance(item, Line) else item.stroke) * scale)
    if item.dash:
        document.set_dash_pattern(dash=item.dash[0] * scale, gap=item.dash[1] * scale)
    style = "DF" if item.fill else "D"
    if isinstance(item, Line):
        points = [(x * scale, y * scale) for x, y in item.points]
        if item.closed:
            document.polygon(points, style=style)
        else:
            document.polyline(points)
    elif isinstance(item, Oval):
        document.ellipse(item.x * scale, item.y * scale, item.width * scale, item.height * scale, style=style)
    else:
        corner = min(item.radius, item.width / 2, item.height / 2) * scale
        document.rect(item.x * scale, item.y * scale, item.width * scale, item.height * scale, style=style,
                      round_corners=corner > 0, corner_radius=corner)  # fmt: skip
    if item.dash:
        document.set_dash_pattern()


def _pdf_label(document: FPDF, label: Label, scale: float, known: frozenset[int]) -> None:
    size = label.size * scale
    document.set_font("noto", size=size)
    document.set_text_color(34, 38, 44)
    for text, x, y in _set(label, lambda token: _width(token) * label.size):
        shown = "".join(letter if ord(letter) in known else MISSING for letter in _plain(text))
        width = document.get_string_width(shown)
        left = x * scale - (0 if label.left else width / 2)
        if label.vertical:
            middle = ((label.x + label.width / 2) * scale, (label.y + label.height / 2) * scale)
            with document.rotation(90, *middle):
                document.text(left, y * scale, shown)
        else:
            document.text(left, y * scale, shown)
