"""Compliance keeps the register on pages: finds, reads, proposes; leaders decide; originals open at the place."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.policy.entries import KINDS, entries, normal
from app.web.policy import forms
from app.wiring import services as current
from tests.web.pages import Browser

APRIL = "2026-04-01"
SENTENCE = "一般投诉在十分钟之内响应。"


@pytest.fixture
def compliance(app: Flask) -> Browser:
    return Browser(app, "compliance")


@pytest.fixture
def director(app: Flask) -> Browser:
    return Browser(app, "director")


def filled(page: str, **changes: Any) -> MultiDict[str, str]:
    """Return what a browser would send of the page's form, with `changes`."""
    form = page.split('class="panel medium"', 1)[1].split("</form>", 1)[0]
    data: MultiDict[str, str] = MultiDict()
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found.get("type") not in ("checkbox", "radio") or " checked" in tag:
            data.add(found["name"], html.unescape(found.get("value", "")))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        data.add(name, html.unescape(text))
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', inner) or re.search(r'<option value="([^"]*)"', inner)
        data.add(name, chosen.group(1) if chosen else "")
    for name, value in changes.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def propose(browser: Browser, key: str = "E-2.1.2", **changes: Any) -> str:
    path = f"/policy/clause/{key}/edit"
    answer = browser.post(path, filled(browser.text(path), **{
        "effective_from": APRIL, "reason": "客户等待过久", "zh": SENTENCE, **changes}))
    assert answer.status_code == 302, re.findall(r'class="error">([^<]+)', answer.get_data(as_text=True))
    return str(answer.location)


def test_readers_find_clauses_by_two_characters_and_by_what_they_are(app: Flask, compliance: Browser) -> None:
    page = compliance.text("/policy?q=退款")
    assert "A-2.3.4" in page
    assert "A-1.1<" not in page
    assert "E-2.1.2" in compliance.text("/policy?q=e-2.1.2")
    only = compliance.text("/policy?document=B&kind=deadline&obligation=must&flow=complaint")
    assert "B21-5-3" in only
    assert "E-2.1.2" not in only
    assert "没有符合条件的条款" in compliance.text("/policy?q=没有这句话")
    assert "第 2" in compliance.text("/policy?page=2") or "51–100" in compliance.text("/policy?page=2")
    assert compliance.text("/policy?page=zzz&document=nowhere&q=%25_")
    for name in ("manager", "director", "general_manager", "owner"):
        assert "制度登记簿" in Browser(app, name).text("/policy")
    for name in ("clerk", "admin"):
        assert Browser(app, name).get("/policy").status_code == 403


def test_a_clause_is_told_in_words_with_its_order_conflicts_and_law(compliance: Browser) -> None:
    page = compliance.text("/policy/clauses/A-2.1.6")
    assert "2 小时（自然时间）" in page
    assert "每次“登记个案”之后，2 小时（自然时间）内必须“工程师联系”。" in page
    assert "原文未注明计时方式" in page
    assert 'href="/policy/conflicts/K' in compliance.text("/policy/clauses/E-2.1.2")
    assert "待法务确认" in compliance.text("/policy/clauses/E-2.1.2")
    assert compliance.get("/policy/clauses/Z-9").status_code == 404
    compliance.post("/language", locale="en")


def test_a_change_goes_from_the_form_over_a_leader_into_the_history(compliance: Browser, director: Browser) -> None:
    where = propose(compliance, within_n="10", rule0_n="10")
    page = compliance.text(where)
    assert "<del>15</del>" in page
    assert "<ins>10</ins>" in page
    assert "撤回" in page
    assert f"{where}/approve" not in page
    assert compliance.post(f"{where}/approve").status_code == 302
    assert "待审批" in compliance.text(where)
    assert f"{where}/approve" in director.text(where)
    director.post(f"{where}/approve", note="同意")
    assert "已批准" in compliance.text(where)
    versions = compliance.text("/policy/versions")
    assert "版本 1+1" in versions
    assert APRIL in versions
    assert "客户等待过久" in compliance.text("/policy/clauses/E-2.1.2")
    assert "一般投诉在15分钟之内响应" in compliance.text("/policy/clauses/E-2.1.2")  # not yet in force


def test_what_the_form_has_no_input_for_stays(compliance: Browser) -> None:
    for key in ("A-2.4.3", "B21-7-3b", "C-2.6.1", "A-2.3.1", "E-2.1.2", "C-2.5.5"):
        where = propose(compliance, key, zh="别的说法。")
        changed = re.findall(r'<th scope="row">([^<]+)', compliance.text(where))
        assert changed == ["条款内容（中文）"], key
    register = current().register
    for kind in KINDS:
        for name, entry in entries(register, kind).items():
            assert normal(kind, forms.entry_of(kind, forms.form_of(kind, entry), entry)) == entry, name


def test_errors_stand_at_their_fields_and_nothing_typed_is_lost(compliance: Browser) -> None:
    path = "/policy/clause/E-2.1.2/edit"
    answer = compliance.post(path, filled(
        compliance.text(path), zh="一句新话", within_n="ten", rest="a: [1", rule0_b="", effective_from="2026-03-01",
        reason=""))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "一句新话" in page
    assert re.search(r'id="f-within_n"[^>]*value="ten"[^>]*aria-invalid', page)
    assert "不是合法的 YAML" in page
    later = compliance.post(path, filled(
        compliance.text(path), rule0_b="", effective_from="2026-03-01", reason="", section="", rest="x: *a"))
    page = later.get_data(as_text=True)
    assert "锚点" in page
    last = compliance.post(path, filled(
        compliance.text(path), rule0_b="", effective_from=APRIL, reason="因为", section=""))
    page = last.get_data(as_text=True)
    assert last.status_code == 422
    assert 'href="#f-section"' in page
    assert "不是登记簿中的活动" in page
    assert compliance.text("/policy/proposals").count("没有待审批的提案")


def test_new_documents_and_clauses_are_decided_together(compliance: Browser, director: Browser) -> None:
    page = compliance.text("/policy/document/new")
    assert compliance.post("/policy/document/new", filled(page, id="F", title="备件办法", effective_from=APRIL,
                                                          reason="新制度")).status_code == 302
    made = compliance.post("/policy/clause/new", filled(
        compliance.text("/policy/clause/new"), id="F-1", document="F", section="一", kind="step", flow=["general"],
        zh="每月盘点备件。", effective_from=APRIL, reason="新制度", within_n="2", within_unit="D", calendar="working"))
    assert made.status_code == 302
    listed = director.text("/policy/proposals")
    ids = re.findall(r'name="id" value="(\d+)"', listed)
    assert len(ids) == 2
    director.post("/policy/proposals", MultiDict([*(("id", one) for one in ids), ("verb", "approve")]))
    register = current().policies.register_for(current().policies.today().replace(month=4, day=1))
    assert register.clauses["F-1"].within == "P2D"
    taken = compliance.post("/policy/clause/new", filled(
        compliance.text("/policy/clause/new"), id="F-1", document="F", section="一", kind="step", flow=["general"],
        zh="另一条", effective_from=APRIL, reason="x"))
    assert "已存在" in taken.get_data(as_text=True)
    retired = compliance.post("/policy/document/F/retire", {"effective_from": APRIL, "reason": "废止"})
    assert retired.status_code == 404  # not yet in force today


def test_an_original_is_uploaded_and_opened_at_the_clauses_line(compliance: Browser, director: Browser) -> None:
    lines = [f"第{number}行" for number in range(1, 60)]
    lines[50] = "时效响应机制:一般投诉15分钟内响应<script>alert(1)</script>"
    text = "\n".join(lines).replace("<script>", "＜script＞")
    assert upload(compliance, "E", "原文.txt", text.encode("gb18030")).status_code == 302
    page = compliance.text("/policy/clauses/E-2.1.2")
    assert "/policy/documents/E/original?line=51&amp;clause=E-2.1.2#L51" in page
    opened = director.text("/policy/documents/E/original?line=51&clause=E-2.1.2")
    assert re.search(r'<li id="L51" value="51" class="hit">', opened)
    assert "＜script＞" in opened
    upload(compliance, "E", "新.docx", docx("前言", "一般投诉在15分钟之内响应，重大投诉5分钟", "a < b & c"))
    page = compliance.text("/policy/clauses/E-2.1.2")
    assert "按文字推定位置" in page
    assert "a &lt; b &amp; c" in compliance.text("/policy/documents/E/original")
    assert "已替换" in compliance.text("/policy/documents/E")
    file = compliance.get("/policy/originals/1/file")
    assert file.get_data() == text.encode("gb18030")
    assert "attachment" in file.headers["Content-Disposition"]
    assert upload(director, "E", "原文.txt", b"x").status_code == 403


def test_a_pdf_is_read_and_a_part_opens_what_it_is_part_of(compliance: Browser) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.cell(text="Complaints are answered within 24 hours")
    assert upload(compliance, "B", "b.pdf", bytes(pdf.output())).status_code == 302
    assert "answered within 24 hours" in compliance.text("/policy/documents/B1/original")


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.txt", b"", "文件是空的"), ("a.exe", b"MZ", "可上传的类型"), ("a.pdf", b"%PDF-1.7\nnothing", "无法读取此 PDF"),
    ("a.docx", b"PK\x03\x04 no", "不符"), ("a.txt", b"<html><script>", "不符"), ("a.md", b"\xff\xff\xff", "不符"),
])
def test_hostile_originals_are_refused_with_a_reason(compliance: Browser, name: str, content: bytes, said: str) -> None:
    answer = upload(compliance, "E", name, content)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_a_bomb_or_an_entity_in_a_docx_is_refused(compliance: Browser) -> None:
    bomb = upload(compliance, "E", "b.docx", docx("x" * (30 * 1024 * 1024)))
    assert "压缩炸弹" in bomb.get_data(as_text=True)
    entity = upload(compliance, "E", "e.docx", docx(raw='<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'))
    assert "DOCTYPE" in entity.get_data(as_text=True)


def upload(browser: Browser, document: str, name: str, content: bytes) -> Any:
    return browser.post(f"/policy/documents/{document}/original", {"file": (io.BytesIO(content), name)})


def docx(*paragraphs: str, raw: str = "") -> bytes:
    from xml.sax.saxutils import escape

    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", raw or f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
    return packed.getvalue()


def test_an_export_comes_back_without_differences_and_an_edit_becomes_a_proposal(compliance: Browser) -> None:
    for form in ("yaml", "xlsx"):
        taken = compliance.get(f"/policy/export.{form}")
        assert taken.status_code == 200
        assert "没有可提交的差异" in imported(compliance, f"r.{form}", taken.get_data()).get_data(as_text=True)
    content = compliance.get("/policy/export.yaml").get_data(as_text=True)
    edited = content.replace("一般投诉在15分钟之内响应", "一般投诉在10分钟之内响应")
    page = imported(compliance, "r.yaml", edited.encode()).get_data(as_text=True)
    assert 'value="clause:E-2.1.2"' in page
    assert "<ins>10</ins>" in page
    assert "没有待审批的提案" in compliance.text("/policy/proposals")  # a preview changes nothing
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert sealed is not None
    compliance.post("/policy/import/propose", sealed=sealed.group(1), chosen="clause:E-2.1.2")
    listed = compliance.text("/policy/proposals")
    assert "E-2.1.2" in listed
    assert "r.yaml" in listed
    compliance.post("/policy/import/propose", sealed=sealed.group(1)[:-2] + "xx", chosen="clause:E-2.1.2")
    assert compliance.get("/policy/export.exe").status_code == 404


def imported(browser: Browser, name: str, content: bytes) -> Any:
    return browser.post("/policy/import", {
        "file": (io.BytesIO(content), name), "effective_from": APRIL, "reason": "季度核对"})


@pytest.mark.parametrize(("name", "content", "said"), [
    ("r.yaml", "clauses:\n- {id: A-1.1, document: A\n", "第 3 行"),
    ("r.yaml", "clauses:\n- {id: A-1.1, document: Z, wish: 1}\n", "clauses 第 2 行，A-1.1"),
    ("r.yaml", "clauses:\n- &a {id: A-1.1}\n- *a\n", "锚点"),
    ("r.yaml", "clauses:\n- {id: A-1.1}\n- {id: A-1.1}\n", "重复出现"),
    ("r.yaml", "clauses:\n- !!python/object/apply:os.system [x]\n", "第 2 行"),
    ("r.yaml", "wishes: []\n", "未知部分"),
    ("r.yaml", "[" * 5000, "第 1 行"),
    ("r.xlsx", "PK no workbook", "已损坏"),
    ("r.txt", "x", ".yaml 或 .xlsx"),
])
def test_a_bad_file_is_refused_at_its_line_and_changes_nothing(compliance: Browser, name: str, content: str,
                                                               said: str) -> None:
    answer = imported(compliance, name, content.encode())
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert "没有待审批的提案" in compliance.text("/policy/proposals")


def test_a_workbook_s_errors_name_sheet_row_and_column(compliance: Browser) -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(compliance.get("/policy/export.xlsx").get_data()))
    sheet = book["clauses"]
    head = {str(cell.value).split("｜")[0]: cell.column for cell in sheet[1]}
    sheet.cell(3, head["line"]).value = "many"
    sheet.cell(4, head["kind"]).value = "wish"
    saved = io.BytesIO()
    book.save(saved)
    page = imported(compliance, "r.xlsx", saved.getvalue()).get_data(as_text=True)
    assert "工作表“clauses”第 3 行“line”列" in page
    assert "工作表“clauses”第 4 行，A-1.3，类别" in page
