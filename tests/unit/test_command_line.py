"""The command `chengnuo` as a process: where its data is kept, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import sqlite3
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


def test_a_backup_stands_alone_and_verifies(tmp_path: Path) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    assert chengnuo(live, "deploy", "--json").returncode == 0
    (live / "audit_head-0").write_text("{}")
    done = chengnuo(live, "backup", str(copy), "--json")
    assert done.returncode == 0, done.stderr
    assert {Path(one["file"]).name for one in json.loads(done.stdout)["files"]} == {"chengnuo.db", "audit_head-0"}
    with sqlite3.connect(copy / "chengnuo.db") as database:
        assert database.execute("SELECT count(*) FROM definition").fetchone()[0] > 0
    again = chengnuo(live, "backup", str(copy))
    assert (again.returncode, again.stdout) == (2, "")
    assert "不是空文件夹" in again.stderr
    assert chengnuo(copy, "verify", "--json").returncode == 0


def test_other_databases_are_backed_up_with_their_own_tool(tmp_path: Path) -> None:
    done = chengnuo(tmp_path, "backup", str(tmp_path / "copy"), DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 2
    assert "pg_dump" in done.stderr


def test_a_wrong_value_is_told_with_its_field(tmp_path: Path) -> None:
    done = chengnuo(tmp_path, "clock", "advance", "--by", "soon", CLOCK="adjustable")
    assert (done.returncode, done.stdout) == (2, "")
    assert "by: “soon”不是 ISO 8601 时长" in done.stderr


def test_instances_of_an_unknown_process_are_not_moved(tmp_path: Path) -> None:
    done = chengnuo(tmp_path, "migrate-instances", "nothing", "--reason", "x", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "没有这个版本" in done.stderr


def test_a_form_that_hides_code_in_a_condition_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    hide = f"=__import__('os').system('touch {trace}')"
    form = {"id": "evil", "type": "default", "components": [
        {"type": "textfield", "key": "a", "label": "A", "conditional": {"hide": hide}}]}
    (tmp_path / "evil.json").write_text(json.dumps(form), encoding="utf-8")
    done = chengnuo(tmp_path / "var", "check", str(tmp_path / "evil.json"), "--json")
    assert done.returncode == 1
    assert "bad_expression" in {one["rule"] for one in json.loads(done.stdout)["findings"]}
    assert not trace.exists()
