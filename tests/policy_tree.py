"""A copy of the project's tree that a test may spoil, and the command line on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.cli import run

ROOT = Path(__file__).resolve().parent.parent


class Tree:
    """processes/, forms/ and handlers/ below a folder of their own."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        for name in ("processes", "forms", "handlers"):
            shutil.copytree(ROOT / name, root / name)

    def edit(self, file: str, old: str, new: str) -> int:
        """Replace a text that stands in a file exactly once; return the line on which it stands."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[:text.index(old)].count("\n") + 1

    def read(self, file: str) -> str:
        """Return a file's text."""
        return (self.root / file).read_text(encoding="utf-8")

    def policy(self, command: str, *arguments: str) -> tuple[int, Any]:
        """Run `chengnuo policy …` and return its status and its JSON document."""
        self._capsys.readouterr()
        status = run(["policy", command, *arguments, "--root", str(self.root), "--json"])
        return status, json.loads(self._capsys.readouterr().out or "null")


@pytest.fixture
def tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tree:
    """A copy of the shipped tree."""
    return Tree(tmp_path / "tree", capsys)
