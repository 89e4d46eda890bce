"""XML that is written as a stream: elements, their attributes and texts, and nothing that XML has no way to write."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import IO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl


class XmlStream:
    """Writes one document in UTF-8; use it as a context."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = XMLGenerator(out, encoding="utf-8", short_empty_elements=True)

    def __enter__(self) -> XmlStream:
        self._out.startDocument()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._out.endDocument()

    def open(self, tag: str, attributes: Mapping[str, str] | None = None) -> None:
        """Begin an element."""
        legal = {key: _legal(value) for key, value in (attributes or {}).items()}
        self._out.startElement(tag, AttributesImpl(legal))

    def close(self, tag: str) -> None:
        """End an element."""
        self._out.endElement(tag)

    def element(self, tag: str, attributes: Mapping[str, str], text: str = "") -> None:
        """Write a whole element."""
        self.open(tag, attributes)
        if text:
            self._out.characters(_legal(text))
        self.close(tag)


def _legal(text: str) -> str:
    return "".join(letter if _is_legal(ord(letter)) else "\ufffd" for letter in text)


def _is_legal(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
