"""The control room: found in one line, counted, exported, seen as a process, on both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import unquote_plus

import pytest
from flask import Flask
from lxml import etree
from openpyxl import load_workbook

from app.clock import FixedClock
from app.facts import Actor
from app.store.base import db
from app.store.models import Case, ElementTime, Incident, Instance, Submission, WorkItem
from app.store.queries import control_list
from app.store.queries.case_page import Scope
from app.store.queries.control_list import InstanceFilter
from app.store.unit_of_work import unit_of_work
from app.web.control.search import Vocabulary, understand
from app.web.data_words import label
from app.wiring import Services
from app.wiring import services as current_services
from tests.conftest import ROOT
from tests.web.api_client import Api
from tests.web.api_walk import ApiWalk
from tests.web.pages import ZONE, Browser, case

LIST, BOARD = "/control/instances", "/control/"
LOOKS = ("manager", "director", "general_manager", "supervisor")
OTHERS = ("clerk", "engineer", "warehouse", "compliance", "owner", "admin")


def found(browser: Browser, line: str) -> list[str]:
    """Return the numbers that a search shows, in order."""
    page = browser.text(LIST, query_string={"q": line})
    rows = re.findall(r'<td class="title"><a[^>]*>([^<]*)</a>', page)
    return [unescape(one) for one in rows]


def total(scope: Scope, asked: InstanceFilter) -> int:
    """Return how many instances somebody finds."""
    return control_list.facets(control_list.conditions(scope, asked), scope.now).total


@pytest.fixture
def two(any_app: Flask) -> tuple[Case, Case]:
    """Give a P1 and an ordinary complaint."""
    clerk = Browser(any_app, "clerk")
    urgent = clerk.register(name="赵敏", phone="13900000001", model="XY-900", severity="major", flags="safety")
    return urgent, clerk.register(name="钱多", phone="13900000002", model="CN-200")


def test_one_line_finds_a_case_by_whatever_is_known_of_it(any_app: Flask, two: tuple[Case, Case]) -> None:
    urgent, plain = two
    manager = Browser(any_app, "manager")
    task = db.session.query(WorkItem).filter_by(case_id=plain.id, state="open").first()
    assert task is not None
    assert {urgent.number, plain.number} <= set(found(manager, ""))
    for line in (urgent.number, "赵敏", "13900000001", "0000001", "XY-900", "product:XY-9", "customer:赵",
                 f"赵敏 {urgent.level}", f"level:{urgent.level} 赵敏", "赵敏 流程:case", "赵敏 state:active"):
        assert found(manager, line or "") == [urgent.number], line
    for line in (f"element:{task.element_id} 钱多", f"环节:{task.name} 钱多",
                 f"element:{task.process}/{task.element_id} 钱多",
                 f"owner:{task.group_code} 钱多", "version:case/1 钱多", "version:complaint/1 钱多", "钱多 未认领",
                 "钱多 type:complaint from:2026-03-02 to:2026-03-02"):
        assert found(manager, line) == [plain.number], line
    for line in ("赵敏 state:suspended", "赵敏 逾期", "赵敏 异常", "没有这个人", "version:case/99",
                 "owner:finance 赵敏", "赵敏 to:2026-03-01", "sla:verify/broken 赵敏", "% 赵敏", "_"):
        assert found(manager, line) == [], line


def test_overdue_suspended_and_failed_ones_are_found_as_such(
        any_app: Flask, two: tuple[Case, Case], clock: FixedClock) -> None:
    urgent, plain = two
    manager = Browser(any_app, "manager")
    instance = db.session.query(Instance).filter_by(case_id=plain.id).first()
    assert instance is not None
    clock.advance(timedelta(minutes=20))
    assert urgent.number in found(manager, "逾期")
    assert found(manager, "sla:first_response/late 赵敏") == [urgent.number]
    manager.post("/control/act", {"verb": "suspend", "row": instance.id, "reason": "等待核对"})
    assert found(manager, "已挂起") == [plain.number]
    with unit_of_work() as session:
        session.add(Incident(instance_id=instance.id, case_id=plain.id, process="intake", element_id="x", kind="job",
                             message_zh="供应商系统无响应", message_en="down", created_at=clock.now()))
    assert found(manager, "异常") == [plain.number]
    page = manager.text(LIST, query_string={"q": "钱多"})
    assert "异常" in page


def test_facets_count_what_is_found_and_add_a_term(any_app: Flask, two: tuple[Case, Case]) -> None:
    manager, urgent = Browser(any_app, "manager"), two[0]
    page = manager.text(LIST)
    facet = re.search(rf'href="([^"]*)"[^>]*><span>{urgent.level}</span><b>1</b>', page)
    assert facet is not None
    narrowed = manager.text(unescape(facet[1]))
    assert urgent.number in narrowed
    assert two[1].number not in narrowed
    assert 'aria-current="true"' in narrowed
    assert "未结束" not in manager.text(LIST, query_string={"q": "nothing:here"})


def test_what_is_not_understood_is_said(app: Flask) -> None:
    assert "以下条件无法识别，已忽略：level:P9" in Browser(app, "manager").text(LIST, query_string={"q": "level:P9"})


def test_views_are_saved_opened_and_deleted(app: Flask) -> None:
    manager, other = Browser(app, "manager"), Browser(app, "director")
    manager.post("/control/views", {"name": "紧急逾期", "q": "P1 逾期"})
    link = re.search(r'href="(/control/views/\d+)">紧急逾期', manager.text(LIST))
    assert link is not None
    opened = manager.get(link[1])
    assert (opened.status_code, "P1" in opened.location) == (302, True)
    assert other.get(link[1]).status_code == 404
    assert other.post(f"{link[1]}/delete", {}).status_code == 404
    manager.post(f"{link[1]}/delete", {})
    assert "紧急逾期" not in manager.text(LIST)


def test_the_list_is_exported_without_formulas(any_app: Flask) -> None:
    clerk, manager = Browser(any_app, "clerk"), Browser(any_app, "manager")
    for place in range(3):
        clerk.register(name=f"=HYPERLINK({place})", phone=f"1390000010{place}")
    answer = manager.get("/control/instances.csv", query_string={"q": "HYPERLINK"}, buffered=True)
    assert answer.headers["Content-Disposition"].endswith(".csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True)[1:])))
    assert sorted(row[7] for row in rows[1:]) == [f"'=HYPERLINK({place})" for place in range(3)]
    answer = manager.get("/control/instances.xlsx", query_string={"q": "HYPERLINK"}, buffered=True)
    book = load_workbook(io.BytesIO(answer.data))
    assert book.active is not None
    assert [row[7].value for row in book.active.iter_rows(min_row=2)] == [row[7][1:] for row in rows[1:]]
    assert manager.get("/control/instances.exe").status_code == 404


def test_an_export_reads_every_row_once(any_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_list, "EXPORT_BATCH", 2)
    clerk, manager = Browser(any_app, "clerk"), Browser(any_app, "manager")
    numbers = {clerk.register(phone=f"1390000020{place}").number for place in range(5)}
    lines = manager.get("/control/instances.csv", buffered=True).get_data(as_text=True).splitlines()[1:]
    assert sorted(line.split(",")[0] for line in lines if line.split(",")[0]) == sorted(numbers)


def test_who_sees_only_some_cases_finds_only_those(any_app: Flask, two: tuple[Case, Case]) -> None:
    urgent, _plain = two
    words = Vocabulary({}, {}, {}, {}, {}, ZONE)
    now = current_services().clock.now()
    head = Scope(False, 10**6, "nobody", frozenset({"department_head"}), now)
    everything = Scope(True, 1, "manager", frozenset({"manager"}), now)
    asked = understand("赵敏", words, InstanceFilter()).asked
    assert total(everything, asked) == 1
    assert total(head, asked) == 0
    group = db.session.query(WorkItem.group_code).filter_by(case_id=urgent.id).first()
    assert group is not None
    inside = Scope(False, 10**6, "nobody", frozenset({group[0]}), now)
    assert total(inside, asked) == 1


@pytest.mark.parametrize("path", [BOARD, LIST, "/control/instances.csv", "/control/processes",
                                  "/control/processes/complaint", "/control/processes/complaint/diagram.bpmn"])
def test_managers_enter_and_others_do_not(app: Flask, path: str) -> None:
    assert {Browser(app, who).get(path, buffered=True).status_code for who in LOOKS} == {200}
    assert {Browser(app, who).get(path, buffered=True).status_code for who in OTHERS} == {403}


def test_the_menu_leads_managers_there(app: Flask) -> None:
    assert 'href="/control/"' in Browser(app, "supervisor").text("/cases")
    assert 'href="/control/"' not in Browser(app, "clerk").text("/cases")


def test_an_instance_page_shows_all_of_it(app: Flask) -> None:
    clerk = Browser(app, "clerk")
    one = clerk.register()
    instance = db.session.query(Instance).filter_by(case_id=one.id).first()
    assert instance is not None
    for who in LOOKS:
        page = Browser(app, who).text(f"/control/instances/{instance.id}")
        assert all(part in page for part in (one.number, "首次响应", "本案单号", "登记个案",
                                             'id="diagram"', 'id="timeline"', 'id="papers"'))
    assert Browser(app, "manager").get("/control/instances/nothing").status_code == 404
    assert Browser(app, "manager").get(f"/control/instances/{instance.id}?process=x").status_code == 404


def test_every_variable_of_the_shipped_processes_has_its_words(app: Flask) -> None:
    """What scripts, calls and services set is shown to managers by a name, in the reader's language."""
    found = set()
    for path in (ROOT / "processes").glob("*/*.bpmn"):
        for element in etree.parse(path).iter("{*}script", "{*}in", "{*}out", "{*}serviceTaskOperator"):
            found |= set(re.findall(r"^\s*([a-z_]\w*)\s*=", element.text or "", re.MULTILINE))
            found |= {element.get("target"), element.get("resultVariable")} - {None, ""}
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        unnamed = [name for name in sorted(found) if not re.search("[\u4e00-\u9fff]", label(name))]
    assert unnamed == []


def test_standing_work_without_a_case_is_seen_by_managers_only(app: Flask, services: Services,
                                                               actor: Callable[[str], Actor]) -> None:
    services.standing.start("weekly_report", actor("manager"))
    manager, supervisor = Browser(app, "manager"), Browser(app, "supervisor")
    instance = db.session.query(Instance).filter_by(process="weekly_report").first()
    assert instance is not None
    assert found(manager, "process:weekly_report")
    assert manager.get(f"/control/instances/{instance.id}").status_code == 200
    assert found(supervisor, "process:weekly_report") == []
    assert supervisor.get(f"/control/instances/{instance.id}").status_code == 404


def test_the_process_picture_tells_what_stands_where_and_how_long_it_took(
        any_app: Flask, two: tuple[Case, Case], clock: FixedClock) -> None:
    manager, services = Browser(any_app, "manager"), current_services()
    before = manager.text("/control/processes/intake?version=1")
    task = db.session.query(WorkItem).filter_by(case_id=two[0].id, state="open").first()
    assert task is not None
    assert f"element:intake/{task.element_id}" in unescape(before)
    clock.advance(timedelta(minutes=90))
    walk = ApiWalk(any_app)
    clock.advance(timedelta(minutes=60))
    walk.complete(next(iter(walk.open())))
    (live,) = re.findall(rf"passed:intake/{task.element_id} [^>]*>(\d+)<", unescape(_links(
        manager.text("/control/processes/intake"))))
    assert live == "1"
    clock.advance(timedelta(days=2))
    assert services.throughput.roll_up() == 2
    assert services.throughput.roll_up() == 0
    row = db.session.query(ElementTime).filter_by(process="intake", element_id=task.element_id).one()
    assert (row.finished, row.due, row.late) == (1, 1, 1)
    picture = unescape(manager.text("/control/processes/intake"))
    assert "经常超期" in picture
    assert "57 分钟" in picture  # an hour, within five per cent
    assert found(manager, f"passed:intake/{task.element_id} from:2026-03-02 to:2026-03-02") == [walk.number]
    assert found(manager, f"passed:intake/{task.element_id}/late") == [walk.number]
    assert found(manager, f"passed:intake/{task.element_id} from:2026-03-03") == []


def _links(page: str) -> str:
    return page.replace("+", " ").replace("%3A", ":").replace("%2F", "/")


def test_pictures_of_unknown_processes_and_versions_are_not_found(app: Flask) -> None:
    manager = Browser(app, "manager")
    for path in ("/control/processes/nothing", "/control/processes/case?version=99",
                 "/control/processes/case?version=x", "/control/processes/nothing/diagram.bpmn"):
        assert manager.get(path).status_code == 404


def test_the_dashboard_counts_promises_backlog_and_causes(
        any_app: Flask, two: tuple[Case, Case], clock: FixedClock) -> None:
    manager, urgent = Browser(any_app, "manager"), two[0]
    with unit_of_work() as session:
        changed = session.get(Case, urgent.id)
        assert changed is not None
        changed.extra = {**changed.extra, "root_cause": "密封圈硬度偏低"}
        changed.complaint_type = "product_quality"
    clock.advance(timedelta(minutes=20))
    page = manager.text(BOARD)
    assert "密封圈硬度偏低" in page
    assert "产品质量" in manager.text(BOARD, query_string={"causes": "complaint_type"})
    assert "XY-900" in manager.text(BOARD, query_string={"causes": "product"})
    late = re.search(r'sla:first_response/late[^"]*"[^>]*>(\d+)<', _links(unescape(page)))
    assert late is not None
    assert int(late[1]) >= 1
    assert "一般投诉 15 分钟内首次响应" in page
    for query in ("days=7", "days=365", "from=2026-01-01&to=2026-02-01", "from=x&to=y", "from=2026-05-01&to=2026-01-01",
                  "days=99999999999", "causes=x"):
        assert manager.get(f"{BOARD}?{query}").status_code == 200


def test_every_number_of_the_dashboard_leads_to_the_cases_behind_it(
        any_app: Flask, two: tuple[Case, Case], clock: FixedClock) -> None:
    manager = Browser(any_app, "manager")
    with unit_of_work() as session:
        for number, case in enumerate(two):
            changed = session.get(Case, case.id)
            assert changed is not None
            changed.extra = {**changed.extra, "root_cause": "密封圈 硬度: 偏低"}
            task = session.query(WorkItem).filter_by(case_id=case.id).first()
            assert task is not None
            session.add(Submission(work_item_id=task.id, instance_id=task.instance_id, case_id=case.id,
                                   form_id="satisfaction_survey", data={"satisfaction_score": 4 + number},
                                   submitted_at=clock.now(), submitted_by="customer"))
    clock.advance(timedelta(minutes=20))
    page = unescape(manager.text(BOARD))
    links = re.findall(r'href="/control/instances\?q=([^"]+)">(\d+)</a>', page)
    kinds = {unquote_plus(line).partition(":")[0] for line, _number in links}
    assert {"sla", "level", "task", "cause", "came"} <= kinds
    for line, number in links:
        answer = manager.get(f"/control/instances?q={line}")
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert 'class="flash warning"' not in text, line  # every term is understood
        counted = re.search(r"共 (\d+) 项", text)
        assert counted is not None, line
        if unquote_plus(line).startswith(("cause", "came", "closed", "score")) or "age:" in unquote_plus(line):
            assert counted[1] == number, line
        assert int(counted[1]) >= 1, line


def test_a_head_of_department_sees_no_customers_of_others_on_the_dashboard(
        app: Flask, services: Services, clock: FixedClock) -> None:
    one = Browser(app, "clerk").register(name="孙悟空")
    password = services.people.add_user("head", "部门负责人", ["department_head"], "admin")
    head = Browser(app)
    assert head.post("/sign-in", username="head", password=password).status_code == 302
    assert "孙悟空" not in head.text(BOARD)
    assert "孙悟空" in Browser(app, "manager").text(BOARD)
    assert found(head, "孙悟空") == []
    assert case(one.number).state == "open"


def test_the_api_lists_what_the_control_room_does(app: Flask) -> None:
    paths = Api(app, "manager").get("/openapi.json").get_json()["paths"]
    assert any(path.endswith("/instances/{instance_id}/migrate") for path in paths)
