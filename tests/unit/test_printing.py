"""Lines break as Chinese is set; pages hold what they are given, however long."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from app.exports.archive import safe_name
from app.exports.lines import NOT_FIRST, NOT_LAST, wrap
from app.exports.pages import FONT, MISSING, Pages
from app.exports.papers import Entry, Paper, Part, paper_pdf

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def wide(text: str) -> float:
    return sum(1.0 if letter > "\u2000" else 0.5 for letter in text)


@given(st.text("这是一段中文，。（）《》 abc12", max_size=80), st.integers(4, 20))
def test_lines_fit_and_together_are_the_text(text: str, width: int) -> None:
    lines = wrap(text, width, wide)
    assert all(wide(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    lines = wrap("客户要求退款，客服已答复（见意见书）。请财务部于三日内办理《退款单》，并告知客户。", 7, wide)
    assert not any(line[0] in NOT_FIRST for line in lines)
    assert not any(line[-1] in NOT_LAST for line in lines)


def test_latin_words_stay_whole_unless_they_are_longer_than_a_line() -> None:
    assert wrap("编号 YJ-202603-001 已封存", 8, wide) == ["编号", "YJ-202603-001 已", "封存"]
    assert wrap("A" * 30, 8, wide) == ["A" * 16, "A" * 14]


def test_the_font_has_every_character_of_gb2312_and_the_names_of_gbk() -> None:
    pages = Pages("x", AT)
    every = "".join(bytes([high, low]).decode("gb2312", "ignore") for high in range(0xB0, 0xF8)
                    for low in range(0xA1, 0xFF))
    assert len(every) == 6763
    for text in (every, "，。、；：？！“”‘’（）《》【】—…·￥％℃①②③□☆"[:-1], "喆堃玥昇頔"):
        assert pages.printable(text) == text


def test_a_character_that_the_font_lacks_is_marked_not_dropped() -> None:
    assert Pages("x", AT).printable("好😀的\x07") == f"好{MISSING}的"


def test_an_answer_longer_than_a_page_goes_on_on_the_next() -> None:
    text = "这一段文字很长，要印好几页。" * 400
    parts = (Part("原因", (Entry("根本原因", text),)),)
    paper = Paper("公司", "意见书", "YJ-1", (("客户", "张三"),), parts, ("经办人",),
                  ("签名", "年月日"), ("第 1 联", "第 2 联"), "", "", AT)
    content = paper_pdf(paper)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) % 2 == 0
    assert len(pages) >= 6
    assert "".join(pages).count("这一段文字很长") > 600  # some are broken over lines
    assert f"1 / {len(pages) // 2}" in pages[0]
    assert f"1 / {len(pages) // 2}" in pages[len(pages) // 2]
    assert content == paper_pdf(paper)  # the same paper is the same file


def test_the_fonts_licence_lies_beside_it() -> None:
    assert "SIL OPEN FONT LICENSE" in (FONT.parent / "OFL.txt").read_text("utf-8")


def test_file_names_in_an_archive_are_no_paths() -> None:
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert safe_name("现场:记录?.txt") == "现场_记录_.txt"
    assert safe_name("..") == "_"
