"""Compiles the Chinese catalogue where it changed, so that no start and no test runs with old words."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(folder: Path) -> list[Path]:
    """Return the compiled files that were older than their source; a read-only folder keeps what it has."""
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        if not os.access(source.parent, os.W_OK):
            continue
        with (
            source.open("rb") as catalogue,
            tempfile.NamedTemporaryFile(dir=source.parent, suffix=".tmp", delete=False) as new,
        ):
            write_mo(new, read_po(catalogue, locale=source.parts[-3]))
        Path(new.name).chmod(0o644)
        Path(new.name).replace(target)  # whole or not at all: several workers may do this at once
        written.append(target)
    return written
