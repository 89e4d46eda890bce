"""The history leaves as XES, OCEL 2.0 and a workbook: complete, in order, zoned, named as on the diagrams."""

from __future__ import annotations

import io
import json
import sqlite3
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.clock import FixedClock
from app.facts import SYSTEM
from app.store.base import db
from app.store.models import Audit, Case, History
from app.wiring import Services
from tests.processes.test_papers import COMPLAINT, work_off
from tests.web.api_client import Api
from tests.web.pages import Browser

XES = "{http://www.xes-standard.org/}"
PHONE = "13800000001"


@pytest.fixture
def case(services: Services, clock: FixedClock) -> Case:
    """Give a complaint that was worked to its end."""
    request = {**COMPLAINT, "customer": {"name": "=cmd()", "phone": PHONE}}
    case_id = services.cases.register(request, SYSTEM)
    work_off(services, clock, case_id, {})
    found = db.session.get(Case, case_id)
    assert found is not None
    return found


def seqs() -> list[int]:
    return list(db.session.execute(select(History.seq).order_by(History.seq)).scalars())


def test_xes_holds_every_event_once_in_order_and_zoned(services: Services, case: Case) -> None:
    log = ET.parse(services.event_logs.export("xes", SYSTEM)).getroot()
    trace = next(one for one in log.iter(f"{XES}trace") if one[0].get("value") == case.number)
    events = trace.findall(f"{XES}event")
    of_case = db.session.execute(select(func.count()).where(History.case_id == case.id)).scalar_one()
    assert len(events) == of_case
    assert len(list(log.iter(f"{XES}event"))) == len(seqs())
    times = [event.find(f"{XES}date").get("value") for event in events]  # type: ignore[union-attr]
    assert times == sorted(times)
    assert all(str(time).endswith("+08:00") for time in times)
    said = {(one.get("key"), one.get("value")) for event in events for one in event}
    assert {("concept:name", "核实投诉并取证"), ("lifecycle:transition", "complete"), ("org:role", "clerk")} <= said


def test_the_three_forms_of_ocel_say_the_same(services: Services, case: Case, tmp_path: Path) -> None:
    read = json.load(services.event_logs.export("ocel-json", SYSTEM))
    told = {(row["id"], row["type"], row["time"]) for row in read["events"]}
    related = {(row["id"], one["objectId"]) for row in read["events"] for one in row["relationships"]}
    assert [row["id"] for row in read["events"]] == [f"e{seq}" for seq in seqs()]
    assert {row["type"] for row in read["objects"]} == {"case", "process_instance", "user_task", "paper", "product",
                                                       "customer"}
    assert {row["type"] for row in read["events"]} == {row["name"] for row in read["eventTypes"]}
    assert {target for _, target in related} <= {row["id"] for row in read["objects"]}

    tree = ET.parse(services.event_logs.export("ocel-xml", SYSTEM)).getroot()
    assert {(row.get("id"), row.get("type"), row.get("time")) for row in tree.iter("event")} == told

    (tmp_path / "log.sqlite").write_bytes(services.event_logs.export("ocel-sqlite", SYSTEM).read())
    with sqlite3.connect(tmp_path / "log.sqlite") as database:
        assert set(database.execute("SELECT ocel_event_id, ocel_object_id FROM event_object")) == related
        assert set(database.execute("SELECT ocel_id, ocel_type FROM event")) == {row[:2] for row in told}
    database.close()


def test_no_log_tells_who_the_customer_is(services: Services, case: Case) -> None:
    for form in ("xes", "ocel-json", "ocel-xml", "ocel-sqlite"):
        content = services.event_logs.export(form, SYSTEM).read()
        assert PHONE.encode() not in content
        assert b"cmd()" not in content


def test_a_period_keeps_what_began_in_it(app: Flask, services: Services, case: Case) -> None:
    compliance = Api(app, "compliance")
    day = case.registered_at.date()
    everything = compliance.get("/exports/ocel-json", **{"from": str(day), "to": str(day)})
    assert everything.status_code == 200
    assert any(row["id"] == case.id for row in json.loads(everything.data)["objects"])
    later = compliance.get("/exports/ocel-json", **{"from": "2030-01-01"})
    assert json.loads(later.data)["events"] == []
    assert compliance.get("/exports/xes", **{"from": "yesterday"}).json["errors"][0]["field"] == "from"
    assert compliance.get("/exports/csv").status_code == 422
    assert compliance.get("/exports/xes", **{"from": "2030-01-02", "to": "2030-01-01"}).status_code == 422


def test_only_some_take_the_history_out_and_it_is_noted(app: Flask, services: Services, case: Case) -> None:
    assert Api(app, "clerk").get("/exports/xes").status_code == 403
    page = Browser(app, "compliance").get("/exports/xlsx?lang=en")
    book = load_workbook(io.BytesIO(page.data), read_only=True)
    assert next(iter(book["events"].iter_rows(min_row=2, values_only=True)))[0] == case.number
    noted = db.session.execute(select(Audit.actor).where(Audit.action == "history:exported")).scalars().all()
    assert noted == ["compliance"]
