"""The text of a PDF, read by a process of its own: a hostile one may eat only that process's time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MAX_PAGES, MAX_CHARACTERS = 500, 2_000_000
SECONDS, MEMORY = 30, 1024 * 1024 * 1024  # of processor time; bytes of address space


class Unreadable(Exception):
    """No text could be read; the first argument says why: encrypted, too_long, empty or damaged."""


def pdf_lines(content: bytes) -> list[str]:
    """Return the lines of a PDF's text, page after page; raises Unreadable."""
    try:
        done = subprocess.run([sys.executable, "-I", str(Path(__file__))], input=content,  # noqa: S603 - our own file
                              capture_output=True, timeout=SECONDS * 2, check=False)
        answer = json.loads(done.stdout) if done.returncode == 0 else {"problem": "damaged"}
    except (subprocess.TimeoutExpired, ValueError):
        answer = {"problem": "damaged"}
    if "problem" in answer:
        raise Unreadable(answer["problem"])
    return [str(line) for line in answer["lines"]]


def main() -> None:
    """Read a PDF from standard input and write its lines as JSON."""
    import io
    import resource

    from pypdf import PdfReader

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if sys.platform == "linux":  # elsewhere the address space can't be bounded
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    if reader.is_encrypted:
        return _answer({"problem": "encrypted"})
    if len(reader.pages) > MAX_PAGES:
        return _answer({"problem": "too_long"})
    lines, length = list[str](), 0
    for page in reader.pages:
        text = page.extract_text()
        length += len(text)
        if length > MAX_CHARACTERS:
            return _answer({"problem": "too_long"})
        lines += text.splitlines()
    return _answer({"lines": lines} if length else {"problem": "empty"})


def _answer(given: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(given))


if __name__ == "__main__":
    main()
