"""Compliance keeps the law and the dispositions on pages, and notes there that links were reviewed."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.policy.entries import entries, entry_of
from app.services.policies import Proposal
from app.wiring import services as current
from tests.store.test_policies import TODAY, who
from tests.web.pages import Browser
from tests.web.test_policy_pages import filled

DAY = TODAY.isoformat()
NEW = {"id": "CPL-99", "document": "CPL", "section": "第九十九条", "kind": "deadline", "obligation": "must",
       "zh": "须在1小时内联系。", "en": "Contact within an hour.", "within_n": "1", "within_unit": "TH",
       "calendar": "natural", "bound0_clause": "A-2.1.6", "bound0_figure": "within", "bound0_sense": "at_most",
       "read": "2026-03", "effective_from": DAY, "reason": "新法施行"}


@pytest.fixture
def compliance(app: Flask) -> Browser:
    return Browser(app, "compliance")


@pytest.fixture
def director(app: Flask) -> Browser:
    return Browser(app, "director")


def sent(browser: Browser, path: str, **changes: str) -> tuple[int, str]:
    answer = browser.post(path, filled(browser.text(path), **changes))
    return answer.status_code, str(answer.location or answer.get_data(as_text=True))


def restate() -> None:
    found = entry_of(current().register, "clause", "E-2.1.2")
    policies = current().policies
    policies.approve(policies.propose(Proposal("clause", "E-2.1.2", {**(found or {}), "zh": "十五分钟内首次响应。"},
                                               TODAY, "表述"), who("compliance")), who("director"))


def test_a_rule_of_law_is_proposed_approved_and_compared_at_once(compliance: Browser, director: Browser) -> None:
    assert "CPL-99" not in compliance.text("/policy/laws")
    status, where = sent(compliance, "/policy/law/new", **NEW)
    assert status == 302, re.findall(r'class="error">([^<]+)', where)
    page = director.text(where)
    assert "生效后，以下数字将宽于法律" in page  # the leader sees what the rule would mean
    assert "A-2.1.6 的 2 小时宽于 CPL-99 的 1 小时" in page
    assert director.post(f"{where}/approve").status_code == 302
    for path in ("/policy/laws", "/policy/laws/CPL-99", "/policy/clauses/A-2.1.6", "/compliance/policy/A-2.1.6"):
        assert "A-2.1.6 的 2 小时宽于 CPL-99 的 1 小时" in compliance.text(path), path
    assert re.search(r'tile-n">2</span><span class="tile-l">宽于法律的数字', compliance.text("/compliance"))
    assert compliance.get("/policy/clauses/CPL-99").location.endswith("/policy/laws/CPL-99")
    only = compliance.text("/policy/laws?looser=1&q=CPL")
    assert set(re.findall(r'title nowrap"><a href="/policy/laws/([^"]+)', only)) == {"CPL-25-2", "CPL-99"}
    status, where = sent(compliance, "/policy/law/CPL-99/edit", status="confirmed", effective_from=DAY, reason="已确认")
    director.post(f"{where}/approve")
    assert "法务已确认" in compliance.text("/policy/laws/CPL-99")
    answer = compliance.post("/policy/law/CPL-99/retire", effective_from=DAY, reason="误登")
    director.post(f"{answer.location}/approve")
    assert "此条款目前不在效力期内" in compliance.text("/policy/laws/CPL-99") or "废止" in compliance.text(
        "/policy/laws/CPL-99")


def test_errors_of_a_rule_stand_at_their_fields(compliance: Browser) -> None:
    status, page = sent(compliance, "/policy/law/new", **{**NEW, "bound0_sense": "", "read": "2026", "document": "",
                                                          "bound1_figure": "within"})
    assert status == 422
    for field in ("bound0_sense", "read", "document", "bound1_clause"):
        assert f'href="#f-{field}"' in page, field
        assert f'id="f-{field}"' in page, field
    assert 'value="within"' in page
    status, page = sent(compliance, "/policy/law/new", **{**NEW, "id": "CPL-24"})
    assert (status, "CPL-24 已存在" in page) == (422, True)
    assert current().policies.versions()[0].changes == ()


def test_a_disposition_is_edited_from_its_clause(compliance: Browser, director: Browser) -> None:
    assert "/policy/disposition/A-1.1/edit" in compliance.text("/policy/clauses/A-1.1")
    path = "/policy/disposition/A-1.1/edit"
    status, page = sent(compliance, path, disposition="outside", effective_from=DAY, reason="线下办理")
    assert status == 422
    for field in ("owner", "review_by", "reason_zh", "reason_en"):
        assert f'href="#f-{field}"' in page, field
    given = {"disposition": "outside", "owner": "director", "review_by": "2026-09-30", "reason_zh": "线下办理。",
             "reason_en": "Done outside.", "where": "kpi:customer_satisfaction", "effective_from": DAY,
             "reason": "线下办理"}
    status, page = sent(compliance, path, **{**given, "where": "form:none"})
    assert (status, "未知的值：form:none" in page) == (422, True)
    status, where = sent(compliance, path, **given)
    assert status == 302
    assert "等待审批" in compliance.text("/policy/clauses/A-1.1") or "提案" in compliance.text("/policy/clauses/A-1.1")
    assert director.post(f"{where}/approve").status_code == 302
    page = compliance.text("/policy/clauses/A-1.1")
    assert "线下办理。" in page
    assert "2026-09-30" in page
    assert "/policy/disposition/A-1.1/retire" in page
    assert "线下办理" in compliance.text("/policy/versions")
    assert compliance.get("/policy/dispositions/A-1.1").location.startswith("/policy/clauses/A-1.1")
    answer = compliance.post("/policy/disposition/A-1.1/retire", effective_from=DAY, reason="改由系统推算")
    assert director.post(f"{answer.location}/approve").status_code == 302
    assert "A-1.1" not in entries(current().register, "disposition")
    for missing in ("/policy/disposition/new", "/policy/disposition/Z-9/edit", "/policy/law/Z-9/edit",
                    "/policy/laws/Z-9", "/policy/nothing/new"):
        assert compliance.get(missing).status_code == 404, missing


@pytest.mark.parametrize("path", ["/policy/law/new", "/policy/law/CPL-24/edit", "/policy/law/CPL-24/retire",
                                  "/policy/disposition/A-1.1/edit", "/policy/disposition/A-1.1/retire"])
def test_others_read_the_law_and_change_nothing(app: Flask, path: str) -> None:
    manager = Browser(app, "manager")
    assert path not in manager.text("/policy/laws") + manager.text("/policy/laws/CPL-24")
    assert manager.get(path).status_code == 403
    assert Browser(app, "clerk").get("/policy/laws").status_code == 403


def test_a_link_is_reviewed_on_the_clauses_page(compliance: Browser, app: Flask) -> None:
    assert "已复核" in compliance.text("/compliance/policy/E-2.1.2")
    current().reviews.remember()
    restate()
    page = compliance.text("/compliance/policy/E-2.1.2")
    assert "条款本身" in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    assert 'name="seen"' not in Browser(app, "manager").text("/compliance/policy/E-2.1.2")
    answer = compliance.post("/compliance/reviews", seen=seen.group(1), back="/compliance/policy/E-2.1.2")
    assert answer.location == "/compliance/policy/E-2.1.2"
    page = compliance.text("/compliance/policy/E-2.1.2")
    assert "已登记 1 个条款的复核" in page
    assert "上次复核：2026-03-02" in page
    assert 'name="seen"' not in page


def test_several_links_are_reviewed_from_the_morning_page(compliance: Browser, app: Flask) -> None:
    restate()
    assert re.search(r'tile-n">1</span><span class="tile-l">待复核的落实关系', compliance.text("/compliance"))
    assert "/compliance/reviews" in compliance.text("/compliance")
    page = compliance.text("/compliance/reviews")
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    assert [one.split()[0] for one in seen] == ["E-2.1.2"]
    stale = compliance.post("/compliance/reviews", seen="E-2.1.2 000000000000")
    assert stale.status_code == 302
    assert "又有变化" in compliance.text("/compliance/reviews")
    compliance.post("/compliance/reviews")
    assert "请先勾选条款" in compliance.text("/compliance/reviews")
    assert Browser(app, "director").post("/compliance/reviews", seen=seen[0]).status_code == 403
    compliance.post("/compliance/reviews", seen=seen[0])
    assert "所有落实关系均已按现状复核" in compliance.text("/compliance/reviews")
