"""Drift and its waivers over the API."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

from app.facts import SYSTEM
from app.wiring import services
from tests.conftest import ROOT
from tests.web.api_client import Api


@pytest.fixture
def drifted(app: Flask, tmp_path: Path) -> Flask:
    """Give the product running a version that was deployed while two deviations were waived for a day."""
    for folder in ("processes", "forms", "handlers"):
        shutil.copytree(ROOT / folder, tmp_path / "tree" / folder)
    path = tmp_path / "tree" / "processes" / "subtask" / "subtask.bpmn"
    path.write_text(path.read_text(encoding="utf-8").replace('after("PT1H")', 'after("PT3H")'), encoding="utf-8")
    services().definitions.gate = lambda files: ()
    services().definitions.deploy(tmp_path / "tree", SYSTEM)
    services().definitions.gate = services().drifts.blocking
    return app


def test_the_shipped_version_has_no_drift(app: Flask) -> None:
    compliance = Api(app, "compliance")
    assert compliance.get("/compliance/drift").json == {"items": [], "next": None, "total": 0}
    everything = compliance.get("/compliance/drift", scope="all", verdict="equal", limit=5)
    assert everything.json["total"] > 100
    assert {one["verdict"] for one in everything.json["items"]} == {"equal"}


def test_a_deviation_is_listed_and_waived_by_those_who_may(drifted: Flask) -> None:
    compliance, clerk = Api(drifted, "compliance"), Api(drifted, "clerk")
    found = compliance.get("/compliance/drift").json["items"]
    assert [(one["clause"], one["where"], one["verdict"], one["waiver"]) for one in found] == [
        ("D-2.3.7", "subtask.deadline_confirm_subtask", "looser", None),
        ("D-2.3.8", "subtask.deadline_confirm_subtask", "looser", None),
    ]
    where, day = f"/compliance/drift/{found[0]['fingerprint']}/waive", "2026-03-20"
    assert clerk.post(where, {"reason": "暂时放宽", "until": day}).status_code == 403
    wrong = compliance.post(where, {"reason": "短", "until": "2020-01-01"})
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json["errors"]} == {"reason", "until"}
    made = compliance.post(where, {"reason": "备件系统切换期间暂时放宽", "until": day})
    assert made.status_code == 200
    assert (made.json["waived_by"], made.json["holds"]) == ("compliance", True)
    assert compliance.post(where, {"reason": "备件系统切换期间暂时放宽", "until": day}).status_code == 409
    assert compliance.post("/compliance/drift/none/waive", {"reason": "暂时放宽一下", "until": day}).status_code == 404
    again = compliance.get("/compliance/drift", clause="D-2.3.7").json["items"]
    assert [one["waiver"]["id"] for one in again] == [made.json["id"]]
    assert compliance.get("/compliance/waivers").json["total"] == 1
