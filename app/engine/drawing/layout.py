"""Draws a BPMN file: every plane laid out from left to right, lane by lane, and written as BPMN DI."""

from __future__ import annotations

from lxml import etree

from app.engine.drawing.columns import assign_columns
from app.engine.drawing.document import Picture, Plane, parse, read_pictures
from app.engine.drawing.geometry import Drawing, Surveyor, boundary_ports
from app.engine.drawing.interchange import replace_drawing
from app.engine.drawing.labels import place_labels
from app.engine.drawing.routes import Router, make_grid
from app.engine.drawing.rows import assign_rows
from app.engine.drawing.tracks import assign_tracks


def tidy(xml: bytes, file: str) -> bytes:
    """Return the file with a complete new drawing; what it means stays byte for byte (in UTF-8).

    Embedded subprocesses are drawn collapsed, their content on a plane of its own. Raises Refused.
    """
    root = parse(xml, file)
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in ("UTF-8", "ASCII", "US-ASCII") or xml.startswith(b"\xef\xbb\xbf"):
        xml = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return replace_drawing(xml, [draw_picture(picture) for picture in read_pictures(xml, file)])


def draw_picture(picture: Picture) -> tuple[Picture, tuple[Drawing, ...], tuple[str, ...]]:
    """Return the picture with its drawings."""
    return picture, tuple(draw_plane(plane) for plane in picture.planes), ()


def draw_plane(plane: Plane) -> Drawing:
    """Return the plane with coordinates for everything in it."""
    columns = assign_columns(plane)
    grid = make_grid(plane, columns, assign_rows(plane, columns))
    routes = Router(plane, columns, grid).route()
    ports = boundary_ports(plane, grid, routes)
    return place_labels(Surveyor(plane, grid, routes, assign_tracks(grid, routes, ports), ports))
