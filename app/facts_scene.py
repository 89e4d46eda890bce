"""A drawn diagram as plain strokes and words: what a picture in any format is made from."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A stroke through points; closed and filled it is an area."""

    points: tuple[Point, ...]
    width: float = 1.5
    dash: tuple[float, float] | None = None
    closed: bool = False
    fill: str | None = None  # "ink", "paper" or None
    element: str | None = None  # id of what it draws


@dataclass(frozen=True)
class Box:
    """A rectangle, with round corners of `radius`."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0
    stroke: float = 1.5
    dash: tuple[float, float] | None = None
    fill: str | None = "paper"
    element: str | None = None


@dataclass(frozen=True)
class Oval:
    """An ellipse in a rectangle."""

    x: float
    y: float
    width: float
    height: float
    stroke: float = 1.5
    dash: tuple[float, float] | None = None
    fill: str | None = "paper"
    element: str | None = None


@dataclass(frozen=True)
class Label:
    """Words in a rectangle, broken into lines where they are set; `vertical` ones read upwards."""

    x: float
    y: float
    width: float
    height: float
    text: str
    size: float = 12
    top: bool = False  # else in the middle
    left: bool = False  # else centred
    vertical: bool = False


Item = Line | Box | Oval | Label


@dataclass(frozen=True)
class Scene:
    """One plane of a diagram; everything lies between (0, 0) and (width, height)."""

    element: str  # id of the process, collaboration or subprocess that it shows
    name: str
    width: float
    height: float
    items: tuple[Item, ...]
