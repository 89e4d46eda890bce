"""Units and calendars compared as what they are; timers taken apart; the command's answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.facts import Period
from app.policy.drift.expressions import read_timer
from app.policy.drift.periods import at_least, compare_limits, spans

ROOT = Path(__file__).resolve().parent.parent.parent


def period(text: str) -> Period:
    duration, calendar = text.split()
    return Period(duration, calendar)


@pytest.mark.parametrize(
    ("process", "policy", "verdict"),
    [
        (["PT2H natural"], "PT120M natural", "equal"),
        (["PT2H natural"], "PT3H natural", "stricter"),
        (["PT25H natural"], "PT24H natural", "looser"),
        (["PT24H natural"], "P1D working", "incomparable"),  # Monday 20:00: later than Tuesday's close
        (["PT24H natural", "P1D working"], "P1D working", "stricter"),  # the earlier of both
        (["PT24H natural", "P1D working"], "PT24H natural", "stricter"),
        (["P1D natural"], "P1D working", "incomparable"),
        (["PT24H natural"], "P1D natural", "stricter"),  # a natural day ends at midnight
        (["PT4H working"], "PT4H natural", "looser"),
        (["P3D working"], "P14D natural", "stricter"),
        (["P2M natural"], "P1M natural", "looser"),
        (["soon natural"], "P1D natural", "contradictory"),
        (["P1D weekly"], "P1D natural", "contradictory"),
        ([], "P1D natural", "contradictory"),
    ],
)
def test_limits_are_compared_over_all_starts(process: list[str], policy: str, verdict: str) -> None:
    assert compare_limits([period(one) for one in process], period(policy)) == verdict


def test_where_longer_is_stricter() -> None:
    assert at_least("P5Y", "P3Y") == "stricter"
    assert at_least("P36M", "P3Y") == "equal"
    assert at_least("P35M", "P3Y") == "looser"
    assert at_least("PT6H", "P1D") == "looser"


def test_intervals_are_compared_by_what_they_last() -> None:
    assert spans("PT24H", "P1D") == "equal"
    assert spans("P1W", "P1M") == "stricter"
    assert spans("P30D", "P1M") == "incomparable"
    assert spans("P1Y", "P6M") == "looser"


@pytest.mark.parametrize(
    ("text", "kind", "duration", "calendar"),
    [
        ('due("verify")', "due", None, "natural"),
        ('due("resolution") + duration("PT24H")', "due", "PT24H", "natural"),
        ('after("PT2H")', "span", "PT2H", "natural"),
        ("workdays(5)", "span", "P5D", "working"),
        ('workdays("P3D")', "span", "P3D", "working"),
        ('"R/PT24H"', "cycle", "PT24H", "natural"),
        ('date and time(found_at) + duration("PT72H")', "span", "PT72H", "natural"),
        ("next_weekday(1)", "calendar", "P1W", "natural"),
        ("next_half_year()", "calendar", "P6M", "natural"),
        ("date and time(next.at)", "other", None, "natural"),
    ],
)
def test_a_timer_is_taken_apart(text: str, kind: str, duration: str | None, calendar: str) -> None:
    timer = read_timer(text)
    assert (timer.kind, timer.duration, timer.calendar) == (kind, duration, calendar)


def test_the_command_names_clause_place_and_both_figures(tmp_path: Path) -> None:
    for folder in ("processes", "forms", "handlers"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "processes" / "case" / "case.bpmn"
    path.write_text(path.read_text(encoding="utf-8").replace("P3Y", "P2Y"), encoding="utf-8")
    command = [sys.executable, "-m", "app.cli", "policy", "drift", "--root", str(tmp_path), "--json"]
    environment = {"PATH": "/usr/bin:/bin", "CHENGNUO_VAR": str(tmp_path / "var"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 1, done.stderr
    assert {(one["clause"], one["verdict"]) for one in findings} == {("A-2.6.2", "looser")}
    assert {"clause", "where", "policy", "process", "verdict"} <= findings[0].keys()
    assert findings[0]["policy"] == "≥ P3Y"
    assert findings[0]["process"] == '"P2Y"'
