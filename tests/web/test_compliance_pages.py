"""What a compliance officer opens: the morning page, a clause against its process, deviations, report, audit."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import event, select, update

from app.clock import FixedClock
from app.facts import SYSTEM
from app.store.base import db
from app.store.models import Audit, Case, Deviation, WorkItem
from app.store.unit_of_work import in_unit_of_work
from app.web.audit_words import ACTIONS
from app.wiring import Services
from tests.conftest import MONDAY, ROOT
from tests.processes.test_papers import COMPLAINT
from tests.web.api_client import Api
from tests.web.pages import Browser

PAGES = ("", "/policy", "/policy/E-2.1.2", "/matrix", "/deviations", "/ending", "/waivers", "/kpis", "/report",
         "/audit")
READERS = ("compliance", "manager", "director", "general_manager", "general_affairs")
WHY = "前台同时接听两部电话，响应晚了。"


@pytest.fixture
def case(services: Services, clock: FixedClock) -> Case:
    """Give a complaint that nobody answered for a day, judged."""
    case_id = services.cases.register(COMPLAINT, SYSTEM)
    services.operations.quiesce()
    clock.set(MONDAY + timedelta(days=1))
    services.conformance.sweep()
    found = db.session.get(Case, case_id)
    assert found is not None
    return found


@pytest.fixture
def late(case: Case) -> int:
    """Give the deviation of its late answer."""
    query = select(Deviation.id).where(Deviation.subject == case.id, Deviation.clause == "E-2.1.2")
    return db.session.execute(query).scalar_one()


@pytest.fixture
def officer(app: Flask) -> Browser:
    return Browser(app, "compliance")


def test_those_who_keep_watch_read_every_page_and_nobody_else_does(app: Flask, case: Case) -> None:
    for name in READERS:
        browser = Browser(app, name)
        for page in PAGES:
            assert "合规" in browser.text(f"/compliance{page}"), (name, page)
    for name in ("clerk", "engineer"):
        browser = Browser(app, name)
        for page in PAGES:
            assert browser.get(f"/compliance{page}").status_code == (200 if page == "/deviations" else 403), page
        assert 'href="/compliance"' not in browser.text("/cases")
    assert "没有符合条件的偏差" in Browser(app, "clerk").text("/compliance/deviations")


def test_the_morning_page_counts_what_is_new_and_leads_to_it(officer: Browser, case: Case, clock: FixedClock) -> None:
    page = officer.text("/compliance")
    tile = re.search(r'<li class="tile late"><a href="([^"]+)"><span class="tile-n">(\d+)', page)
    assert tile is not None
    link, number = tile.groups()
    listed = officer.text(link.replace("&amp;", "&"))
    assert int(number) == len(re.findall(r'name="id" value="\d+"', listed))
    assert "自昨日零时" in page
    assert "未达标的指标" in page
    clock.set(MONDAY + timedelta(days=3))
    assert "自您上次查看" in officer.text("/compliance")


def test_a_clause_shows_its_lights_diagram_figures_and_who_broke_it(officer: Browser, case: Case) -> None:
    page = officer.text("/compliance/policy/E-2.1.2")
    assert "15 分钟（自然时间）" in page
    assert 'data-source="/compliance/diagrams/intake.bpmn"' in page
    assert "respond_and_promise" in page
    assert "首次响应、告知时限并判断范围" in page
    assert f'href="/cases/{case.number}"' in page
    assert f'href="/compliance/cases/{case.number}/E-2.1.2"' in page
    assert "GBT19012" in page
    assert 'href="/policy/conflicts/K2"' in page
    assert "</html>" in page
    part = officer.text("/compliance/policy/E-2.1.2", headers={"HX-Request": "true"})
    assert "</html>" not in part
    assert "数字对照" in part
    other = officer.text("/compliance/policy/E-2.1.2?process=appeal")
    assert 'data-source="/compliance/diagrams/appeal.bpmn"' in other
    assert officer.get("/compliance/policy/Z-9").status_code == 404
    xml = officer.get("/compliance/diagrams/intake.bpmn")
    assert b"respond_and_promise" in xml.data
    assert officer.get("/compliance/diagrams/nothing.bpmn").status_code == 404
    assert "E-2.1.2" in officer.text("/compliance/policy?document=E&light=late")
    assert "E-1.2.2" not in officer.text("/compliance/policy?document=E&light=late")


def test_the_matrix_says_how_each_process_carries_a_clause(officer: Browser) -> None:
    page = officer.text("/compliance/matrix?document=E&obligation=must&process=intake")
    assert 'href="/compliance/policy/E-2.1.2?process=intake"' in page
    assert "A-1.1<" not in page
    assert officer.text("/compliance/matrix?page=3&document=nowhere&light=%22")
    assert "B1-5" in officer.text("/compliance/matrix?disposition=outside")


def test_a_deviation_is_assigned_explained_and_closed_on_its_page(app: Flask, officer: Browser, late: int,
                                                                 case: Case) -> None:
    where = f"/compliance/deviations/{late}"
    page = officer.text(where)
    assert "为什么判定违反" in page
    assert "期限 15 分钟" in page
    assert "为什么是这个时限" in page
    clerk = Browser(app, "clerk")
    assert clerk.get(where).status_code == 404
    refused = officer.post(f"{where}/assign", to="")
    assert refused.status_code == 422
    assert "请选择负责人" in refused.get_data(as_text=True)
    officer.post(f"{where}/assign", to="clerk", until="2026-03-06")
    assert clerk.get(where).status_code == 200
    assert f"#{late}" in clerk.text("/compliance/deviations")
    bell = re.search(r'action="(/notifications/\d+)"', clerk.text("/notifications/"))
    assert bell is not None
    assert clerk.post(bell.group(1)).location == where
    short = clerk.post(f"{where}/explain", explanation="忙")
    assert short.status_code == 422
    assert "请填写 5 至 2000 字" in short.get_data(as_text=True)
    assert "忙</textarea>" in short.get_data(as_text=True)
    clerk.post(f"{where}/explain", explanation=WHY)
    assert "无权" in _after(clerk, f"{where}/close", reason="自行结案可以吗")
    assert "已结案" in _after(officer, f"{where}/close", reason="已改进排班并答复客户。")
    closed = officer.text(where)
    assert WHY in closed
    assert "重新打开" in closed
    assert officer.post(f"{where}/forget").status_code == 404
    assert f"#{late}<" not in officer.text("/compliance/deviations")
    assert f"#{late}<" in officer.text(f"/compliance/deviations?state=closed&case={case.number}&clause=E-2.1.2")


def _after(browser: Browser, path: str, **fields: str) -> str:
    answer = browser.post(path, **fields)
    assert answer.status_code == 302
    return browser.text(answer.location)


def test_many_are_assigned_at_once_and_found_by_age_owner_and_day(officer: Browser, case: Case,
                                                                  clock: FixedClock) -> None:
    ids = [str(one) for one in db.session.execute(select(Deviation.id)).scalars()]
    officer.post("/compliance/deviations/assign", {"id": ids, "to": "supervisor", "until": "2026-03-04"})
    assert f"已指派 {len(ids)} 项" in officer.text("/compliance/deviations?owner=supervisor")
    clock.set(MONDAY + timedelta(days=7))
    assert "没有符合条件的偏差" in officer.text("/compliance/deviations?age=0-3")
    assert f"#{ids[0]}<" in officer.text("/compliance/deviations?age=4-7&overdue=1&sort=due&desc=1")
    assert "没有符合条件的偏差" in officer.text("/compliance/deviations?owner=clerk")
    assert officer.post("/compliance/deviations/assign", {"to": "supervisor"}).status_code == 302
    away = officer.post("/compliance/deviations/assign", {"to": "supervisor", "back": "//evil.example"})
    assert away.location == "/compliance/deviations"
    assert officer.text("/compliance/deviations?page=zz&sort=;&since=yesterday&state=%27&age=9")


def test_the_case_page_tells_its_verdicts_and_why(app: Flask, case: Case) -> None:
    clerk = Browser(app, "clerk")
    page = clerk.text(f"/cases/{case.number}")
    part = page.split('id="compliance"', 1)[1].split("</section>", 1)[0]
    assert "E-2.1.2" in part
    assert "为什么判定违反？" in part
    why = clerk.text(f"/compliance/cases/{case.number}/E-2.1.2")
    assert "尚无：" in why
    assert "15 分钟" in why
    assert Browser(app, "warehouse").get(f"/compliance/cases/{case.number}/E-2.1.2").status_code == 404
    assert clerk.get(f"/compliance/cases/{case.number}/Z-9").status_code == 404


def test_what_the_company_owes_has_its_reasons_too(officer: Browser, services: Services, case: Case,
                                                   clock: FixedClock) -> None:
    clock.set(MONDAY + timedelta(days=40))
    services.conformance.judge_some(["company"])
    row = db.session.execute(select(Deviation).where(Deviation.subject == "company")).scalars().first()
    assert row is not None
    assert "违反" in officer.text(f"/compliance/company/{row.clause}?period={row.period}")
    assert "公司" in officer.text(f"/compliance/deviations/{row.id}")


def test_the_report_goes_out_as_pdf_and_workbook_and_that_is_noted(app: Flask, officer: Browser, case: Case) -> None:
    query = "?from=2026-03-01&to=2026-03-31"
    page = officer.text(f"/compliance/report{query}")
    assert "一般投诉在15分钟之内响应" in page
    pdf = officer.get(f"/compliance/report.pdf{query}")
    text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.data)).pages)
    for word in ("合规报告", "条款落实", "偏离", "执行情况", "E-2.1.2", "指标", "未结偏差账龄", "签批", "签名"):
        assert word in text, word
    book = load_workbook(io.BytesIO(officer.get(f"/compliance/report.xlsx{query}").data))
    assert book.sheetnames[:3] == ["合规报告", "条款落实", "系统之外、缺失或待复核"]
    assert "E-2.1.2" in [row[0] for row in book["执行情况"].iter_rows(values_only=True)]
    noted = db.session.execute(select(Audit.subject).where(Audit.action == "compliance:report:exported")).scalars()
    assert list(noted) == ["pdf", "xlsx"]
    assert officer.get("/compliance/report.csv").status_code == 404
    assert officer.get("/compliance/report?from=2027-01-01&to=2026-01-01").status_code == 422
    assert officer.get("/compliance/report.pdf?from=2027-01-01&to=2026-01-01").status_code == 422
    assert Browser(app, "clerk").get(f"/compliance/report.pdf{query}").status_code == 403


def test_figures_are_counted_again_only_when_something_happened_or_fell_due(
        officer: Browser, services: Services, case: Case, clock: FixedClock) -> None:
    """What is remembered is what would be counted: after a step, a deadline, a sign-in, and while time passes."""
    begin, end = MONDAY - timedelta(days=3), MONDAY + timedelta(days=30)
    asked = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    def statements() -> int:
        asked.clear()
        kept = services.kpis.kept(begin, end)
        number = len(asked)
        assert kept == services.kpis.all(begin, end)
        return number

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        clock.set(clock.now() + timedelta(hours=1))
        assert statements() > 30
        clock.set(clock.now() + timedelta(seconds=30))
        assert officer.get("/compliance/report.pdf?from=2026-03-01").status_code == 200
        assert statements() < 5, "nothing has happened"
        services.cases.register(COMPLAINT, SYSTEM)
        assert statements() > 30, "a case more"
        services.operations.quiesce()
        services.conformance.sweep()
        assert statements() > 30
        assert statements() < 5
        clock.set(clock.now() + timedelta(hours=3))
        services.conformance.sweep()
        services.kpis.kept(begin, end)
        clock.set(clock.now() + timedelta(seconds=50))
        assert statements() < 5, "nothing falls due within the minute"
        clock.set(clock.now() + timedelta(days=2))
        assert statements() > 30, "much has fallen due"
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_audit_trail_is_found_and_its_chain_verified(officer: Browser, services: Services, case: Case) -> None:
    services.sealer.seal()
    assert "哈希链完整" in officer.post("/compliance/audit/verify").get_data(as_text=True)
    page = officer.text(f"/compliance/audit?case={case.number}&action=case:&from=2026-03-01&to=2026-03-31")
    assert "登记个案</td>" in page, "actions are told in words, not by their codes"
    assert "登录</td>" not in page
    assert "没有符合条件的记录" in officer.text("/compliance/audit?case=202603-9999")
    assert "没有符合条件的记录" in officer.text("/compliance/audit?actor=nobody&action=%25&page=7")
    in_unit_of_work(lambda session: session.execute(update(Audit).where(Audit.chain == 1).values(actor="x")))
    broken = officer.post("/compliance/audit/verify").get_data(as_text=True)
    assert "哈希链已被破坏" in broken
    assert "链中第 1 行" in broken


def test_every_action_of_the_audit_has_its_words() -> None:
    written = {code for path in (ROOT / "app").rglob("*.py")
               for code in re.findall(r'"([a-z_]+:[a-z_]+:[a-z_]+)"', path.read_text(encoding="utf-8"))}
    assert written - set(ACTIONS) == set()


def test_the_audit_says_what_was_changed_in_words(officer: Browser, services: Services, case: Case) -> None:
    task = db.session.execute(
        select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.state == "open")).scalars().first()
    assert task is not None
    clerk = services.people.actor_of(next(one.id for one in services.people.users() if one.username == "clerk"))
    assert clerk is not None
    services.work.claim(task.id, clerk)
    page = officer.text(f"/compliance/audit?case={case.number}")
    assert f"认领任务</td><td data-label=\"对象\" class=\"small\">{task.name}" in page
    assert task.id not in page


def test_exports_are_offered_to_those_who_may(app: Flask, officer: Browser) -> None:
    page = officer.text("/compliance/exports")
    for form in ("xes", "ocel-json", "ocel-xml", "ocel-sqlite", "xlsx"):
        assert f'action="/exports/{form}"' in page
    for name in ("general_affairs", "general_manager"):
        browser = Browser(app, name)
        assert browser.get("/compliance/exports").status_code == 403
        assert 'href="/compliance/exports"' not in browser.text("/compliance")


def test_programs_list_deviations_page_by_page_and_act_on_them(app: Flask, late: int, case: Case) -> None:
    officer, clerk = Api(app, "compliance"), Api(app, "clerk")
    first = officer.get("/compliance/deviations", limit=1).get_json()
    second = officer.get("/compliance/deviations", limit=1, cursor=first["next"]).get_json()
    assert first["total"] == second["total"] > 1
    assert first["items"][0]["id"] != second["items"][0]["id"]
    one = officer.get("/compliance/deviations", clause="E-2.1.2", case=case.number).get_json()["items"]
    assert [(row["id"], row["state"], row["case"]) for row in one] == [(late, "open", case.number)]
    assert officer.get("/compliance/deviations", state="gone").status_code == 422
    assert clerk.get("/compliance/deviations").status_code == 403
    where = f"/compliance/deviations/{late}"
    assert clerk.get(where).status_code == 404
    assert officer.post(f"{where}/assign", {"to": "clerk", "until": "2026-03-06"}).get_json()["owner"] == "clerk"
    assert clerk.get(where).get_json()["verbs"] == ["explain"]
    assert clerk.post(f"{where}/close", {"reason": "自行结案"}).status_code == 422
    assert clerk.post(f"{where}/close", {"reason": "自行结案可以吗"}).status_code == 403
    assert clerk.post(f"{where}/explain", {"explanation": WHY}).get_json()["state"] == "explained"
    assert officer.post(f"{where}/explain", {}).get_json()["errors"][0]["field"] == "explanation"
    assert officer.post(f"{where}/reopen", {"reason": "还没有结案呢"}).status_code == 409
    assert officer.post(f"{where}/bless", {}).status_code == 404
    director = Api(app, "director")
    waived = director.post(f"{where}/waive", {"reason": "系统切换期间放宽。", "until": "2026-03-20"}).get_json()
    assert (waived["state"], waived["waived_by"]) == ("waived", "director")
    assert officer.post("/compliance/audit/verify").get_json()["holds"] is True
