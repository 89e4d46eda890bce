"""A simulated history is clean, verified, and the same for the same seed, whatever order hashes give."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from app.errors import Conflict
from app.store.locks import is_simulated, simulating

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("simulation")  # one worker simulates for all of them
SIZE = ("--cases", "12", "--days", "30", "--seed", "7", "--json")


def begin(folder: Path, *arguments: str, hashes: str = "0") -> subprocess.Popen[str]:
    """Run the command line on the folder's database, in a process whose hashes are its own."""
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'sim.db'}",
        "CHENGNUO_VAR": str(folder),
        "PYTHONHASHSEED": hashes,
    }
    command, pipe = [sys.executable, "-m", "app.cli", *arguments], subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=pipe)


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def rows(folder: Path, query: str) -> list[Any]:
    with sqlite3.connect(folder / "sim.db") as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, dict[str, int]]]:
    """Two histories of one seed, made side by side."""
    base = tmp_path_factory.mktemp("simulation")
    running = [(base / name, begin(base / name, "simulate", *SIZE, hashes=name)) for name in ("1", "2")]
    found = []
    for folder, process in running:
        status, out, err = end(process)
        assert status == 0, err[-3000:]
        found.append((folder, json.loads(out)))
    return found


def test_cases_are_handled_to_their_end_without_an_incident(histories: list[tuple[Path, dict[str, int]]]) -> None:
    folder, report = histories[0]
    assert set(report) == {"cases", "steps", "events", "incidents", "ended"}
    assert (report["cases"], report["incidents"]) == (12, 0)
    assert report["ended"] >= 6
    assert rows(folder, "SELECT operation, error FROM job WHERE state IN ('dead', 'running')") == []
    assert rows(folder, "SELECT DISTINCT completed_by FROM work_item WHERE completed_by = 'system'") == []
    assert rows(folder, "SELECT count(*) FROM audit WHERE chain IS NULL") == [(0,)]
    late = "SELECT element_id FROM timer WHERE due_at < (SELECT max(at) FROM history)"
    assert rows(folder, late) == []


def test_the_projections_of_a_history_are_what_the_states_say(histories: list[tuple[Path, dict[str, int]]]) -> None:
    status, out, err = end(begin(histories[0][0], "verify", "--json"))
    assert (status, json.loads(out)["differences"]) == (0, []), err[-3000:]


def test_the_same_seed_gives_the_same_history(histories: list[tuple[Path, dict[str, int]]]) -> None:
    query = "SELECT process, element_id, transition, actor, at FROM history ORDER BY seq"
    (one, first), (two, second) = histories
    assert first == second
    assert rows(one, query) == rows(two, query)


def test_a_simulation_refuses_a_database_with_cases(histories: list[tuple[Path, dict[str, int]]]) -> None:
    folder, report = histories[1]
    status, out, err = end(begin(folder, "simulate", *SIZE))
    assert (status, out) == (2, ""), err[-3000:]
    assert rows(folder, "SELECT count(*) FROM history") == [(report["events"],)]


def test_nobody_goes_by_the_due_times_of_a_simulation(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path / 'sim.db'}")
    assert not is_simulated(url)
    with simulating(url):
        assert is_simulated(url)
        with pytest.raises(Conflict), simulating(url):
            pass
    assert not is_simulated(url)
