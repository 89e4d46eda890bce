"""Decides by name, size and content whether a file may be attached; what lies about itself is refused."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import filetype

from app.errors import FieldError, Invalid

MAX_BYTES = 10 * 1024 * 1024
MAX_NAME = 120
MAX_ZIP_ENTRIES, MAX_ZIP_BYTES = 2000, 200 * 1024 * 1024
# What a browser would run when it is fooled about the type.
MARKUP = re.compile(rb"<(?:script|html|!doctype|\?php|iframe|svg[\s>])", re.IGNORECASE)
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
RESERVED = re.compile(r'[<>:"/\\|?*]')


@dataclass(frozen=True)
class Checked:
    """A file that may be kept."""

    name: str  # safe to show and to offer for saving
    media_type: str
    content: bytes


def check_file(name: str, content: bytes) -> Checked:
    """Return the file with a safe name and its true media type; raises Invalid on "file"."""
    safe = safe_name(name)
    extension = safe.rpartition(".")[2].lower() if "." in safe else ""
    if not content:
        raise _refused("The file is empty.", "文件是空的。")
    if len(content) > MAX_BYTES:
        raise _refused("The file is larger than 10 MB.", "文件超过 10 MB。")
    kind = KINDS.get(extension)
    if kind is None:
        raise _refused(f"Files of this kind are not taken; these are: {', '.join(sorted(KINDS))}.",
                       f"不接受此类文件；可用类型：{'、'.join(sorted(KINDS))}。")
    media_type, is_genuine = kind
    if not is_genuine(content):
        raise _refused(f"The content is not that of a .{extension} file.", f"文件内容与扩展名 .{extension} 不符。")
    return Checked(safe, media_type, content)


def safe_name(name: str) -> str:
    """Return the last part of a file name without anything that could mislead a system or a reader."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    # Categories C*: control characters, and the marks that turn "gpj.exe" around on screen.
    base = "".join(character for character in base if unicodedata.category(character)[0] != "C")
    base = RESERVED.sub("_", base).strip(" .")
    stem, dot, extension = base.rpartition(".")
    if not dot:
        return (extension or "file")[:MAX_NAME]
    return f"{(stem or 'file')[:MAX_NAME - len(extension[:10]) - 1]}.{extension[:10]}"


def _refused(english: str, chinese: str) -> Invalid:
    return Invalid([FieldError("file", english, chinese)])


def _sniffed(*mimes: str, markup_within: int | None = None) -> Callable[[bytes], bool]:
    """Accept what `filetype` recognizes as one of `mimes` and nothing else could be read out of."""
    def check(content: bytes) -> bool:
        found = filetype.guess(content[:8192])
        if found is None or found.mime not in mimes:
            return False
        return not MARKUP.search(content[:markup_within]) and not zipfile.is_zipfile(io.BytesIO(content))
    return check


def _image(*mimes: str) -> Callable[[bytes], bool]:
    sniffed = _sniffed(*mimes)
    return lambda content: sniffed(content) and b"%PDF-" not in content[:1024]


def _pdf(content: bytes) -> bool:
    genuine = content.startswith(b"%PDF-") and not MARKUP.search(content[:1024])
    return genuine and not zipfile.is_zipfile(io.BytesIO(content))


def _office(part: str) -> Callable[[bytes], bool]:
    def check(content: bytes) -> bool:
        if not content.startswith(b"PK\x03\x04"):
            return False
        try:
            entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return False
        names = {entry.filename for entry in entries}
        if len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_ZIP_BYTES:
            return False
        # Macros make it a program, whatever the extension says.
        macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return {"[Content_Types].xml", part} <= names and not macros
    return check


def _text(content: bytes) -> bool:
    if CONTROL.search(content) or MARKUP.search(content):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


_VIDEO = _sniffed("video/mp4", "video/x-m4v")
_M4A = _sniffed("audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4")
_JPEG = _image("image/jpeg")
_HEIC = _image("image/heic", "image/heif")

# extension -> (media type that it is served as, test of the content)
KINDS: Mapping[str, tuple[str, Callable[[bytes], bool]]] = {
    "jpg": ("image/jpeg", _JPEG),
    "jpeg": ("image/jpeg", _JPEG),
    "png": ("image/png", _image("image/png")),
    "webp": ("image/webp", _image("image/webp")),
    "heic": ("image/heic", _HEIC),
    "heif": ("image/heif", _HEIC),
    "pdf": ("application/pdf", _pdf),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _office("word/document.xml")),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _office("xl/workbook.xml")),
    "txt": ("text/plain; charset=utf-8", _text),
    "mp4": ("video/mp4", _VIDEO),
    "mp3": ("audio/mpeg", _sniffed("audio/mpeg")),
    "m4a": ("audio/mp4", _M4A),
    "amr": ("audio/amr", lambda content: content.startswith(b"#!AMR")),
}
