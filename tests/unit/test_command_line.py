"""The command `chengnuo` as a process: where its data is kept, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def chengnuo(var: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with its data in `var`."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "CLOCK"}}
    return subprocess.run([sys.executable, "-m", "app.cli", *arguments], cwd=ROOT, text=True, capture_output=True,
                          env={**kept, "CHENGNUO_VAR": str(var), **settings}, check=False)


def test_data_is_kept_where_the_setting_says(tmp_path: Path) -> None:
    done = chengnuo(tmp_path / "not" / "yet", "clock", "show", "--json")
    assert done.returncode == 0, done.stderr
    assert "now" in json.loads(done.stdout)
    assert (tmp_path / "not" / "yet" / "chengnuo.db").exists()
