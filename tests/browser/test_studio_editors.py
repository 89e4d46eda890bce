"""The studio in a real browser: what is opened and saved is the same, two people never overwrite each other."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.engine.comparing import compare_files
from app.facts import Actor
from app.store.base import db
from app.wiring import services
from tests.conftest import ROOT, missing
from tests.semantic import differences

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.browser

OWNER = Actor(1, "owner", frozenset({"owner"}))
OTHER = Actor(2, "admin", frozenset({"admin"}))
DIAGRAM = "processes/enquiry/enquiry.bpmn"
TABLE = "processes/decisions/warranty.dmn"
DIAGRAMS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "processes").glob("*/*.bpmn"))
TABLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "processes").glob("*/*.dmn"))
FORMS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "forms").glob("*.json"))
FOREIGN = ROOT / "tests" / "unit" / "fixtures" / "foreign"
HARMLESS = re.compile(r"Inferno|409")  # dmn-js's library about itself; the answer that one test wants
SAVED = '#save-state[data-state="saved"]'


class Desk:
    """One person's browser."""

    def __init__(self, browser: Any, address: str, who: str = "owner") -> None:
        self.complaints: list[str] = []
        context = browser.new_context(base_url=address, locale="zh-CN", viewport={"width": 1440, "height": 900})
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto("/sign-in")
        self.page.fill("#f-username", who)
        self.page.fill("#f-password", str(services().people.demo_password()))
        self.page.click("form.panel button.btn-primary")

    def _note(self, message: Any) -> None:
        if message.type == "error" and not HARMLESS.search(message.text):
            self.complaints.append(message.text)

    def edit(self, draft: int, path: str) -> Any:
        """Open a file's editor and wait until it is ready."""
        self.page.goto(f"/studio/drafts/{draft}/edit/{path}")
        self.page.wait_for_selector("#studio[data-ready]")
        return self.page

    def choose(self, name: str) -> None:
        """Choose an element by the table beside the diagram, as the keyboard does."""
        if not self.page.is_visible("#elements-filter"):
            self.page.click("details.drawer >> nth=1 >> summary")
        self.page.fill("#elements-filter", name)
        self.page.click(f'#elements button:text-is("{name}")')


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve the application and give its address; skips without a browser, which is a failure in CI."""
    if CHROMIUM is None:
        missing("chromium")
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)


@pytest.fixture
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("paths", [DIAGRAMS, TABLES], ids=["diagrams", "decisions"])
def test_every_shipped_diagram_and_decision_comes_back_the_same(address: str, browser: Any, paths: list[str]) -> None:
    """What an editor sends to be checked when it has opened a file is what it would save."""
    desk = Desk(browser, address)
    draft, sent = services().drafts.create("往返", OWNER), dict[str, bytes]()

    def take(route: Any) -> None:
        sent[path] = json.loads(route.request.post_data)["content"].encode()
        route.fulfill(json={"findings": []})

    desk.page.route("**/check/**", take)
    for path in paths:
        with desk.page.expect_response("**/check/**"):
            desk.page.goto(f"/studio/drafts/{draft}/edit/{path}")
    assert set(sent) == set(paths)
    found = {path: differences((ROOT / path).read_bytes(), content) for path, content in sent.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert services().drafts.files(draft) == [], "opening changes nothing"
    assert not desk.complaints


def test_a_diagram_from_elsewhere_comes_back_the_same_and_what_is_not_kept_is_said(address: str, browser: Any) -> None:
    desk, page = (one := Desk(browser, address)), one.page
    given = (FOREIGN / "two_diagrams.bpmn").read_bytes()
    done = services().interchange.import_file("two_diagrams.bpmn", given, OWNER)
    path = done.paths[0]
    with page.expect_response("**/check/**") as asked:
        desk.edit(done.draft_id, path)
    sent = json.loads(asked.value.request.post_data)["content"].encode()
    assert compare_files(path, given, sent).changes == (), "names keep their line breaks, defaults stay defaults"
    page.wait_for_selector("#not-kept .flash")
    assert "不代表任何元素的图形" in page.inner_text("#not-kept")
    with page.expect_download() as taken:
        page.click("#not-kept a")
    assert Path(taken.value.path()).read_bytes() == given
    # The second diagram is a choice away, and a finding in what is not shown goes by its name.
    assert page.locator("#findings", has_text="Goods came back").count() == 1
    page.select_option("[data-diagrams]", label="Taking back")
    page.wait_for_selector('#canvas [data-element-id="s2"]')
    assert page.locator('#canvas [data-element-id="t1"]').count() == 0
    page.select_option("[data-diagrams]", label="Sending")
    page.wait_for_selector('#canvas [data-element-id="t1"]')
    assert services().drafts.read(done.draft_id, path)[0] == given, "looking changes nothing"
    assert not desk.complaints


def kept(draft: int, path: str) -> tuple[bytes, int]:
    """Return a file of a draft as the database has it now, not as this thread read it before."""
    db.session.rollback()
    return services().drafts.read(draft, path)


def test_every_shipped_form_comes_back_the_same(address: str, browser: Any) -> None:
    """What the browser would send of each form's untouched page is taken for no change at all."""
    desk = Desk(browser, address)
    draft = services().drafts.create("往返", OWNER)
    desk.page.goto("/studio")
    send = """async (url) => {
      const page = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
      const form = page.getElementById("form-editor");
      document.body.append(document.adoptNode(form));
      const body = new URLSearchParams(new FormData(form));
      body.set("_action", "save");
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "application/json" } });
      form.remove();
      return [answer.status, await answer.json(), [...body.keys()].length];
    }"""  # noqa: E501
    for path in FORMS:
        status, answer, inputs = desk.page.evaluate(send, f"/studio/drafts/{draft}/edit/{path}")
        assert (status, answer) == (200, {"revision": 0}), path
        assert inputs > 10, path
    assert services().drafts.files(draft) == []


def test_a_changed_deadline_is_saved_by_itself_and_undone(address: str, browser: Any) -> None:
    desk = Desk(browser, address)
    drafts = services().drafts
    draft = drafts.create("时限", OWNER)
    page = desk.edit(draft, "processes/complaint/complaint.bpmn")
    desk.choose("满四小时无初步方案")
    assert page.input_value('#panel [name="timer-mode"]') == "due"
    page.select_option('#panel [name="timer-mode"]', "after")
    page.fill('#panel [name="figure"]', "3")
    page.keyboard.press("Tab")
    page.wait_for_selector(SAVED)
    saved = kept(draft, "processes/complaint/complaint.bpmn")[0]
    before = (ROOT / "processes/complaint/complaint.bpmn").read_bytes()
    found = differences(before, saved)
    assert len(found) == 1
    assert 'due("preliminary_proposal")' in found[0]
    assert 'after("PT3H")' in found[0]
    for _step in range(2):
        page.click("[data-undo]")
    page.wait_for_selector('#save-state:not([data-state="saved"])')
    page.wait_for_selector(SAVED)
    assert differences(before, kept(draft, "processes/complaint/complaint.bpmn")[0]) == []
    assert not desk.complaints


def test_a_wrong_condition_is_told_at_once_with_its_place_and_beside_the_shape(address: str, browser: Any) -> None:
    desk = Desk(browser, address)
    page = desk.edit(services().drafts.create("条件", OWNER), "processes/bookkeeping/bookkeeping.bpmn")
    desk.choose("齐全")
    page.fill('#panel [name="condition"]', "papers.complete = = true")
    page.wait_for_selector("#panel .verdict.wrong .pointer mark")
    assert page.inner_text("#panel .verdict.wrong .pointer mark") == "="
    page.keyboard.press("Tab")
    page.wait_for_selector("#findings .finding.error")
    assert "齐全" in page.inner_text("#findings .finding.error")
    page.wait_for_selector(".finding-badge.error")
    page.fill('#panel [name="condition"]', "1 + 1")
    page.wait_for_selector('#panel .verdict.wrong:has-text("真或假")')


def test_clauses_operations_and_repetition_are_kept_as_the_engine_reads_them(address: str, browser: Any) -> None:
    from app.engine import read_diagram

    desk = Desk(browser, address)
    drafts = services().drafts
    draft = drafts.create("属性", OWNER)
    page = desk.edit(draft, "processes/bookkeeping/bookkeeping.bpmn")
    desk.choose("催财务与市场部")
    page.fill('#panel [name="parameter-unless_reached"]', '"close"')
    page.keyboard.press("Tab")
    page.click('#panel button[name="clauses"]')
    page.fill(".chooser input[type=search]", "A-2.5.1")
    page.check(".chooser li input >> nth=0")
    page.click(".chooser .btn-primary")
    desk.choose("凭三种手续入账")
    page.fill('#panel [name="name_en"]', "Book it")
    page.select_option('#panel [name="milestone"]', "close")
    page.click('#panel summary:text-is("多次办理")')
    page.select_option('#panel [name="loop"]', "sequential")
    page.fill('#panel [name="items"]', "slips")
    page.keyboard.press("Tab")
    page.fill('#panel [name="item"]', "slip")
    page.keyboard.press("Tab")
    page.wait_for_selector(SAVED)
    (process,) = read_diagram(kept(draft, "processes/bookkeeping/bookkeeping.bpmn")[0], "x").processes
    reminder, booking = process.nodes["remind_bookkeeping"], process.nodes["book"]
    assert reminder.parameters["unless_reached"] == '"close"'
    assert reminder.parameters["template"] == '"bookkeeping_late"'
    assert set(reminder.properties["clauses"].split()) == {"D-2.4.3", "B21-4-3-1", "A-2.5.1"}
    assert (booking.properties["name_en"], booking.properties["milestone"]) == ("Book it", "close")
    assert booking.loop is not None
    assert (booking.loop.kind, booking.loop.items, booking.loop.item) == ("sequential", "slips", "slip")
    assert not desk.complaints


@pytest.mark.parametrize("path", [DIAGRAM, TABLE, "forms/verification.json"])
def test_who_is_second_keeps_theirs_and_decides(address: str, browser: Any, path: str) -> None:
    desk = Desk(browser, address)
    drafts = services().drafts
    draft = drafts.create("两人", OWNER)
    page = desk.edit(draft, path)
    theirs = (ROOT / path).read_bytes().rstrip() + b"\n\n"
    drafts.save(draft, path, theirs, 0, OTHER)
    _change(page, path)
    page.wait_for_selector(".conflict")
    assert "何子安" in page.inner_text(".conflict")
    assert kept(draft, path) == (theirs, 1), "nothing was overwritten"
    page.click(".conflict .btn-danger")
    page.wait_for_selector(SAVED)
    content, revision = kept(draft, path)
    assert revision == 2
    assert "改过的名称" in content.decode()


def _change(page: Any, path: str) -> None:
    """Change a name in the editor."""
    if path.endswith(".bpmn"):
        page.fill('#panel [name="name"]', "改过的名称")
    elif path.endswith(".dmn"):
        page.click('td[data-row-id="warranty_02"] >> nth=1')
        page.fill('#rule-panel [name="description"]', "改过的名称")
    else:
        page.fill('[name="top.name"]', "改过的名称")
    page.keyboard.press("Tab")


def test_a_gap_in_a_table_shows_at_once(address: str, browser: Any) -> None:
    desk = Desk(browser, address)
    page = desk.edit(services().drafts.create("缺口", OWNER), TABLE)
    page.click('td[data-element-id="warranty_02_in2"]')
    page.keyboard.press("Control+A")
    page.keyboard.insert_text('"product_quality"')
    page.click("h1")
    page.wait_for_selector('#findings .finding.error:has-text("没有规则覆盖")')
    page.wait_for_selector('#findings .finding.error:has-text("同时命中")')
    assert page.locator("tr.has-finding").count() >= 1
    assert not desk.complaints


def test_no_word_of_the_editors_is_english_for_chinese_readers(address: str, browser: Any) -> None:
    desk = Desk(browser, address)
    page = desk.edit(services().drafts.create("文字", OWNER), "processes/bookkeeping/bookkeeping.bpmn")
    titles = page.eval_on_selector_all(".djs-palette .entry", "found => found.map((one) => one.title)")
    assert len(titles) > 10
    for name in ("退换已办妥", "催财务与市场部", "月底仍未入账", "移交、核对并入账", "三种手续齐全吗？", "财务部"):
        desk.choose(name)
        titles += page.eval_on_selector_all(".djs-context-pad [title]", "found => found.map((one) => one.title)")
        if page.locator('.djs-context-pad [data-action="replace"]').count():
            page.click('.djs-context-pad [data-action="replace"]')
            titles += page.inner_text(".djs-popup").splitlines()
            page.keyboard.press("Escape")
    assert len(titles) > 60
    assert [title for title in titles if title and not re.search("[一-鿿]", title)] == []
    for name in ("催财务与市场部", "凭三种手续入账", "齐全", "月底仍未入账", "核对三种手续"):
        desk.choose(name)
        labels = page.locator("#panel label, #panel summary, #panel .label").all_inner_texts()
        assert [text for text in labels if text and not re.search("[一-鿿]|^FEEL$", text)
                and not _declared(text)] == [], name  # fmt: skip


def _declared(label: str) -> bool:
    """Return whether a label is the name of a parameter: handlers name theirs in English."""
    names = {one.name for operation in services().registry.all().values() for one in operation.parameters}
    return label.split()[0] in names


def test_the_form_editor_works_without_javascript(app: Flask, browser: Any, address: str) -> None:
    draft = services().drafts.create("无脚本", OWNER)
    client = app.test_client()
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in = {"username": "owner", "password": services().people.demo_password()}
    assert Context().run(partial(client.post, "/sign-in", data=sign_in)).status_code == 302
    url = f"/studio/drafts/{draft}/form/forms/verification.json"
    answer = Context().run(partial(client.post, url, data={"revision": "0", "_action": "add:", "_type.": "number"}))
    assert answer.status_code == 302
    form = json.loads(kept(draft, "forms/verification.json")[0])
    assert form["components"][-1]["type"] == "number"
    assert Path(ROOT / "forms/verification.json").exists()
