"""The integrator's guide is true: its own files, put into a copy of the tree, pass the lint and run to their ends."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.cli import run
from app.clock import FixedClock
from app.facts import SYSTEM
from app.handling import Registry
from app.store.base import db
from app.store.models import Definition, History, Instance, WorkItem
from app.wiring import services
from tests.conftest import MONDAY, ROOT, settings
from tests.robot import fill

GUIDE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SHOWN = r"^## A \w+: `([^`]+)`\n\n```\w+\n(.*?)^```$"
FILES: Mapping[str, str] = dict(re.findall(SHOWN, GUIDE, re.MULTILINE | re.DOTALL))
PROCESS = "processes/shop_check/shop_check.bpmn"


@pytest.fixture
def tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Copy the tree and add what the guide shows, drawn by the command that it names."""
    root = tmp_path / "tree"
    for name in ("processes", "forms", "handlers"):
        shutil.copytree(ROOT / name, root / name)
    for name, text in FILES.items():
        assert not (root / name).exists(), name
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert run(["tidy", str(root / PROCESS)]) == 0
    capsys.readouterr()
    return root


@pytest.fixture
def extended(template: Path, tree: Path, tmp_path: Path) -> Iterator[Flask]:
    """Give the shipped product on the extended tree, not yet deployed."""
    folder = tmp_path / "var"
    folder.mkdir()
    for name in ("chengnuo.db", "demo_password"):
        shutil.copyfile(template.parent / name, folder / name)
    app = create_app(settings(folder, f"sqlite:///{folder / 'chengnuo.db'}", tree), FixedClock(MONDAY))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_the_guide_shows_one_file_of_each_kind() -> None:
    assert sorted(Path(name).suffix for name in FILES) == [".bpmn", ".json", ".py"]


def test_what_the_guide_shows_passes_the_lint_without_a_remark(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--root", str(tree), "--json"]) == 0
    found = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["file"] in FILES]
    assert found == []
    assert "rate_shop" in Registry.discover(tree / "handlers").all()


def test_what_the_guide_shows_is_deployed_and_runs_to_both_of_its_ends(extended: Flask) -> None:
    done = services().definitions.deploy(services().runtime.root, SYSTEM)
    assert done.new == {"shop_check": 1}  # nothing else has become another version
    assert finished(95) == "end_good"
    assert finished(40) == "end_poor"


def finished(score: int) -> str:
    """Start the process, answer its task with a score, and return the end that it came to."""
    instance = services().standing.start("shop_check", SYSTEM)
    item = db.session.scalars(select(WorkItem).where(WorkItem.instance_id == instance, WorkItem.state == "open")).one()
    form = services().work.form(item.id, SYSTEM)
    services().work.complete(item.id, fill(form.json, form.data, {"shop_score": score}), SYSTEM)
    services().operations.quiesce()
    db.session.rollback()
    row = db.session.get(Instance, instance)
    assert row is not None
    assert row.state == "completed"
    assert db.session.get(Definition, row.definition_id).key == "shop_check"
    return str(ended_at(instance))


def ended_at(instance: str) -> str:
    """Return the end event that the instance came to."""
    query = select(History.element_id).where(History.instance_id == instance, History.element_id.startswith("end_"))
    return db.session.scalars(query).one()
