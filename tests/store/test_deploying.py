"""Deploying: versions by content, over everything that a process reaches."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.errors import Refused
from app.facts import SYSTEM
from app.wiring import Services
from tests.conftest import ROOT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the shipped processes and forms that a test may change."""
    for folder in ("processes", "forms"):
        shutil.copytree(ROOT / folder, tmp_path / "tree" / folder)
    return tmp_path / "tree"


def test_the_same_files_make_no_new_version(services: Services, tree: Path) -> None:
    assert services.definitions.deploy(tree, SYSTEM).new == {}


def test_a_changed_deadline_is_a_new_version_of_what_runs_on_it_alone(services: Services, tree: Path) -> None:
    table = tree / "processes" / "decisions" / "deadlines.dmn"
    table.write_text(table.read_text(encoding="utf-8").replace("PT15M", "PT10M"), encoding="utf-8")
    new = services.definitions.deploy(tree, SYSTEM).new
    assert "case" in new
    assert "enquiry" not in new


def test_a_changed_form_is_a_new_version_of_those_who_show_it(services: Services, tree: Path) -> None:
    form = tree / "forms" / "verification.json"
    form.write_text(form.read_text(encoding="utf-8").replace("\n}", "\n }"), encoding="utf-8")
    new = services.definitions.deploy(tree, SYSTEM).new
    assert {"complaint", "case"} <= set(new)
    assert "satisfaction" not in new


def test_a_bundle_with_an_error_is_refused_whole_with_file_and_element(services: Services, tree: Path) -> None:
    diagram = tree / "processes" / "enquiry" / "enquiry.bpmn"
    diagram.write_text(diagram.read_text(encoding="utf-8").replace('name="form" value="enquiry_answer"',
                       'name="form" value="no_such_form"'), encoding="utf-8")
    before = services.runtime.library.latest("enquiry")
    with pytest.raises(Refused) as refused:
        services.definitions.deploy(tree, SYSTEM)
    assert {finding.file for finding in refused.value.findings} == {"processes/enquiry/enquiry.bpmn"}
    assert all(finding.element and finding.message_zh and finding.message_en for finding in refused.value.findings)
    assert services.runtime.library.latest("enquiry") == before


def test_files_can_be_deployed_again_after_others(services: Services, tree: Path) -> None:
    table = tree / "processes" / "decisions" / "deadlines.dmn"
    table.write_text(table.read_text(encoding="utf-8").replace("PT15M", "PT10M"), encoding="utf-8")
    services.definitions.deploy(tree, SYSTEM)
    back = services.definitions.deploy(ROOT, SYSTEM).new
    assert back["case"] == 3
