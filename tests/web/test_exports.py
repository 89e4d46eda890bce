"""Papers and whole cases leave the house as PDF and ZIP: readable, complete, and only through the right hands."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from pypdf import PdfReader

from app.clock import FixedClock
from app.facts import SYSTEM, Actor
from app.store.base import db
from app.store.models import Audit, Case, Document
from app.store.unit_of_work import unit_of_work
from app.wiring import Services
from tests.processes.test_papers import COMPLAINT, work_off
from tests.web.api_client import Api
from tests.web.pages import Browser

NAME = "张喆堃"  # characters that GB2312 does not have


def texts(content: bytes) -> list[str]:
    """Return the text of each page, without the line breaks that the page's width made."""
    return [re.sub(r"\s", "", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture
def settled(services: Services, clock: FixedClock) -> Case:
    """Give a complaint that was worked to its end."""
    request = {**COMPLAINT, "customer": {"name": NAME, "phone": "13800000001"}}
    case_id = services.cases.register(request, SYSTEM)
    work_off(services, clock, case_id, {})
    services.sealer.seal()
    db.session.rollback()
    return db.session.get(Case, case_id)


def opinion_of(case: Case) -> Document:
    return db.session.query(Document).filter_by(case_id=case.id, kind="opinion").one()


def test_an_opinion_prints_in_four_copies_each_marked_for_whom_it_is(app: Flask, settled: Case) -> None:
    paper = opinion_of(settled)
    answer = Browser(app, "manager").get(f"/papers/{paper.number}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    pages = texts(answer.data)
    for copy, holder in enumerate(("综合部", "财务部", "制造中心", "市场营销部"), 1):
        mine = "".join(page for page in pages if f"第{copy}联（共4联）·{holder}" in page)
        assert f"顾客投诉处理意见书{paper.number}" in mine
        assert f"{NAME}13800000001" in mine
        assert "根本原因" in mine
        assert "B21-7-1b" in mine
        assert "签名：" in mine
        assert "已封存" in mine


def test_the_fonts_travel_in_the_file_and_no_character_is_lost(app: Flask, settled: Case) -> None:
    answer = Browser(app, "manager").get(f"/papers/{opinion_of(settled).number}.pdf")
    reader = PdfReader(io.BytesIO(answer.data))
    fonts = {str(font.get_object()["/BaseFont"]) for page in reader.pages
             for font in page["/Resources"]["/Font"].values()}
    assert len(fonts) == 1
    assert re.fullmatch(r"/[A-Z]{6}\+NotoSansSC", fonts.pop())
    assert "〓" not in "".join(texts(answer.data))


def test_a_paper_still_in_work_has_its_blanks_and_no_watermark_and_a_void_one_says_so(app: Flask) -> None:
    clerk = Browser(app, "clerk")
    case = clerk.register()
    with unit_of_work() as session:
        session.add(Document(case_id=case.id, kind="opinion", number="YJ-1", copies=4, opened_at=case.registered_at))
        session.add(Document(case_id=case.id, kind="opinion", number="YJ-2", copies=4, opened_at=case.registered_at,
                             state="void"))
    blank = texts(clerk.get("/papers/YJ-1.pdf").data)
    assert "处理方案" in "".join(blank)
    assert "第1联（共4联）·综合部" in blank[0]
    assert not any("已封存" in page or "作废" in page for page in blank)
    assert all("作废" in page for page in texts(clerk.get("/papers/YJ-2.pdf").data))


def test_an_english_reading_copy_is_english(app: Flask, settled: Case) -> None:
    answer = Browser(app, "manager").get(f"/papers/{opinion_of(settled).number}.pdf?lang=en")
    first = texts(answer.data)[0]
    assert "Complaintopinion" in first
    assert "Copy1of4" in first
    assert "SEALED" in first


def test_a_paper_is_closed_to_who_may_not_see_its_case(app: Flask, settled: Case) -> None:
    number = opinion_of(settled).number
    assert Browser(app, "appeals").get(f"/papers/{number}.pdf").status_code == 404
    assert Browser(app, "manager").get("/papers/YJ-000000-000.pdf").status_code == 404
    assert Api(app, "appeals").get(f"/papers/{number}.pdf").status_code == 404
    assert Api(app, "manager").get(f"/papers/{number}.pdf").mimetype == "application/pdf"


def test_the_whole_case_is_in_one_pdf(app: Flask, settled: Case, services: Services,
                                      actor: Callable[[str], Actor]) -> None:
    answer = Browser(app, "compliance").get(f"/cases/{settled.number}/file.pdf")
    assert answer.status_code == 200
    text = "".join(texts(answer.data))
    for part in ("个案卷宗", settled.number, NAME, "机器噪音很大", "时限与判定", "首次响应", "按时", "时间线",
                 "提交表单", "联系记录", opinion_of(settled).number, "审计记录", "封存单据"):
        assert part in text, part
    assert "〓" not in text
    assert settled.access_key not in text  # the customer's own key does not leave the house


def test_the_zip_holds_the_record_every_paper_and_every_file_with_their_sums(
        app: Flask, settled: Case, services: Services, actor: Callable[[str], Actor]) -> None:
    from werkzeug.datastructures import FileStorage

    services.desk.attach(FileStorage(io.BytesIO("现场记录".encode()), "现场/记录.txt"), settled.id, None, "upload",
                         actor("manager"))
    answer = Api(app, "manager").get(f"/cases/{settled.number}/file.zip")
    assert answer.mimetype == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    names = set(packed.namelist())
    assert {f"{settled.number}.pdf", "record.json", f"papers/{opinion_of(settled).number}.pdf"} <= names
    file = next(name for name in names if name.startswith("files/"))
    assert packed.read(file).decode() == "现场记录"
    assert json.loads(packed.read("record.json"))["number"] == settled.number
    for line in packed.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(packed.read(name)).hexdigest() == digest
    assert not any(part in ("..", "") for name in names for part in name.split("/"))


def test_only_who_answers_for_cases_takes_them_out_and_it_is_noted(app: Flask, settled: Case) -> None:
    path = f"/cases/{settled.number}/file.pdf"
    for username, status in (("clerk", 403), ("engineer", 403), ("supervisor", 200), ("director", 200)):
        assert Browser(app, username).get(path).status_code == status, username
    assert Browser(app, "supervisor").get(f"/cases/{settled.number}/file.exe").status_code == 404
    assert "导出卷宗" not in Browser(app, "clerk").text(f"/cases/{settled.number}")
    assert "导出卷宗" in Browser(app, "director").text(f"/cases/{settled.number}")
    noted = db.session.query(Audit.actor, Audit.subject).filter_by(action="case:file:exported").all()
    assert [tuple(row) for row in noted] == [("supervisor", settled.number), ("director", settled.number)]


def test_a_paper_says_in_words_what_its_forms_do_not_know(app: Flask) -> None:
    clerk = Browser(app, "clerk")
    case = clerk.register()
    held = {"opinion_no": "YJ-202603-001", "department": "quality", "decision": "partly", "amount": "120.00",
            "data": {"scores": {"5": 1}}, "signed": True}  # a question of the signature form, not signatures
    with unit_of_work() as session:
        session.add(Document(case_id=case.id, kind="annex", number="FJ-1", copies=1, opened_at=case.registered_at,
                             data=held))
    page = "".join(texts(clerk.get("/papers/FJ-1.pdf").data))
    for words in ("意见书编号YJ-202603-001", "部门技术质量部门", "决定部分成立", "金额（元）120.00"):
        assert words in page, page
    for code in ("opinion_no", "quality", "partly", "scores"):
        assert code not in page
