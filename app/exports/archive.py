"""Many files as one ZIP that lists what is in it and the SHA-256 of each."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, cast

IN_MEMORY = 16 * 1024 * 1024  # bytes; what is larger goes to a temporary file
MANIFEST = "SHA256SUMS"
FORBIDDEN = frozenset('\\/:*?"<>|')


def archive(files: Iterable[tuple[str, bytes]], at: datetime) -> IO[bytes]:
    """Return an open ZIP, at its beginning, of (path, content); `at` is its files' time, in the zone to show."""
    target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it is handed out open
    sums: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in files:
            _add(packed, path, content, at)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
        _add(packed, MANIFEST, "".join(sums).encode(), at)
    target.seek(0)
    return cast(IO[bytes], target)


def safe_name(name: str) -> str:
    """Return a file name that no system takes for a path."""
    kept = "".join("_" if letter in FORBIDDEN or ord(letter) < 0x20 else letter for letter in name).strip(". ")
    return kept[-120:] or "_"


def _add(packed: zipfile.ZipFile, path: str, content: bytes, at: datetime) -> None:
    entry = zipfile.ZipInfo(path, at.timetuple()[:6])
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    packed.writestr(entry, content)
