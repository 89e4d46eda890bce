"""Makes the font of the papers from Noto Sans SC: tools/subset_font.py NotoSansSC-Regular.otf.

It keeps the characters of GBK (names need more than GB2312's 6,763: 喆, 堃) with punctuation and Latin letters, and
turns cubic outlines into quadratic ones: PDF readers find text by the plain TrueType path best.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

TARGET = Path(__file__).resolve().parent.parent / "app" / "exports" / "fonts" / "NotoSansSC-Regular.ttf"
TOLERANCE = 2.5  # font units of 1000 to the em
RANGES = ((0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2040), (0x2190, 0x2194), (0x2460, 0x2474), (0x3000, 0x3020),
          (0xFF00, 0xFF66), (0xFFE0, 0xFFE7))
SINGLES = {0x20AC, 0x2103, 0x2122, 0x25A0, 0x25A1, 0x2713, 0x2717}
UNUSED = ["DSIG", "VORG", "vhea", "vmtx", "BASE", "GSUB", "GPOS", "GDEF"]
ZEROED = ("maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
          "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours", "maxCompositePoints",
          "maxCompositeContours", "maxComponentDepth")


def characters() -> set[int]:
    """Return the code points that the papers may need."""
    found = SINGLES | {point for first, end in RANGES for point in range(first, end)}
    for high in range(0x81, 0xFF):
        for low in range(0x40, 0xFF):
            text = bytes([high, low]).decode("gbk", "ignore")
            found |= {ord(text)} if len(text) == 1 else set()
    return found


def quadratic(font: TTFont) -> None:
    """Replace the font's CFF outlines by TrueType ones."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, TOLERANCE, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"], table = newTable("loca"), newTable("glyf")
    table.glyphOrder, table.glyphs = order, drawn
    font["glyf"] = table
    del font["CFF "]
    maxp, post = font["maxp"], font["post"]
    maxp.tableVersion, maxp.maxZones = 0x00010000, 1
    for name in ZEROED:
        setattr(maxp, name, 0)
    post.formatType, post.extraNames, post.mapping = 3.0, [], {}
    for glyph in drawn.values():
        glyph.recalcBounds(table)
    font.sfntVersion = "\x00\x01\x00\x00"


if __name__ == "__main__":
    options = subset.Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    options.drop_tables += UNUSED
    source = TTFont(sys.argv[1])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(source)
    quadratic(source)
    source.save(TARGET)
