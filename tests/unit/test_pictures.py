"""Diagrams as pictures, and files made elsewhere: whatever a file says, there is a picture or none, never a crash."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from app.engine import file_kind, readable
from app.engine.drawing.scene import scenes
from app.errors import Refused
from app.exports.pictures import pdf, png, svg
from app.services.interchange import pack, unpack
from tests.conftest import ROOT

FOREIGN = sorted((Path(__file__).parent / "fixtures" / "foreign").glob("*.bpmn"))
SHIPPED = sorted((ROOT / "processes").glob("*/*.bpmn"))
AT = datetime(2026, 3, 2, tzinfo=UTC)
NOTHING = {"nothing_at_all", "empty_process", "without_ids"}


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_a_diagram_made_elsewhere_is_told_apart_laid_out_and_drawn(path: Path) -> None:
    kind, _ = file_kind(path.read_bytes(), path.name)
    data, _ = readable(path.read_bytes(), path.name)
    assert kind == "bpmn"
    data.decode("utf-8")
    planes = scenes(data, path.name)
    assert bool(planes) == (path.stem not in NOTHING)
    for plane in planes:
        etree.fromstring(svg(plane).encode())
        assert Image.open(io.BytesIO(png(plane))).size[0] == int(plane.width * 2)


def test_every_plane_of_a_shipped_diagram_is_a_page_with_its_chinese_words() -> None:
    for path in SHIPPED:
        planes = scenes(path.read_bytes(), path.name)
        assert pdf(planes, path.stem, AT).startswith(b"%PDF-")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in svg(planes[0]))


def test_what_is_drawn_in_utf_8_already_stays_byte_for_byte() -> None:
    for path in SHIPPED:
        assert readable(path.read_bytes(), path.name) == (path.read_bytes(), False)


def test_hostile_coordinates_make_no_endless_picture() -> None:
    text = (FOREIGN[0].parent / "engine_seven.bpmn").read_text(encoding="utf-8")
    for bad in ("1e308", "nan", "-inf", "999999999999", "x"):
        planes = scenes(text.replace('x="100"', f'x="{bad}"', 1).encode(), "a.bpmn")
        assert planes[0].width <= 100_000
        png(planes[0])


def test_words_in_a_picture_are_no_markup() -> None:
    text = (FOREIGN[0].parent / "engine_seven.bpmn").read_text(encoding="utf-8")
    drawn = svg(scenes(text.replace('name="Check"', 'name="&lt;script&gt;x&lt;/script&gt;"').encode(), "a.bpmn")[0])
    assert "<script" not in drawn
    with pytest.raises(Refused):
        scenes(b"<html/>", "a.bpmn")


def test_an_archive_comes_back_whatever_folder_it_lies_in() -> None:
    files = {"processes/a/a.bpmn": b"<x/>", "forms/b.json": b"{}"}
    assert unpack(pack(files)) == (files, ())
    around = {f"some folder/{path}": data for path, data in files.items()} | {"readme.txt": b"hello"}
    assert unpack(pack(around)) == (files, ("readme.txt",))
