"""Takes the pictures of README and guides from the running product, so that they stay true.

tools/take_pictures.py [FOLDER] [--only NAME…] fills a temporary database by a small simulation, serves it on an
adjustable clock, signs in as each kind of user, and writes docs/img/*.png, each below 300 kB.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.robot import fill

CHROMIUM = [
    "--no-sandbox",
    "--lang=zh-CN",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIMULATION = ["--cases", "12", "--days", "18", "--seed", "7", "--start", "2026-03-02"]  # ends in the night to a Friday
MORNING = "PT9H40M"
PATIENCE = 240_000  # ms; a busy machine takes its time
SIZE = {"width": 1280, "height": 800}
COLOURS = 256  # as many as a palette holds
LIMIT = 300_000  # bytes
PEOPLE = [  # what each of them files, three minutes after the other; the first one's case moves on
    ("complaint", "陈女士", "13800002211", "CN-20 洗衣机", "脱水时噪音很大，影响休息。"),
    ("complaint", "李先生", "13900003322", "CN-7 冰箱", "冷藏室结冰，送修两次仍未好。"),
    ("complaint", "王老师", "13700004433", "CN-12 空调", "安装人员态度差，墙面被划伤。"),
    ("complaint", "赵经理", "13600005544", "CN-31 热水器", "漏水，存在安全隐患。"),
    ("consultation", "周先生", "13500006655", "CN-20 洗衣机", "还在保修期吗？修理要多少钱，收费标准是什么？"),
]
DIAGRAM = "processes/case/case.bpmn"
TABLE = "processes/decisions/level.dmn"
DEADLINE, SHORTER = 'due("resolution") + duration("PT24H")', 'due("resolution") + duration("PT12H")'


class Server:
    """The product on a database of its own, with a movable clock."""

    def __init__(self, folder: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "CHENGNUO_VAR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/pictures.db",
            "CLOCK": "adjustable",
            "PORT": str(self.port),
        }
        self.command = [sys.executable, "-m", "app.cli"]
        if not (Path(folder) / "pictures.db").exists():
            filled = subprocess.run([*self.command, "simulate", *SIMULATION], env=self.env, cwd=ROOT)
            if filled.returncode > 1:
                raise SystemExit("the simulation failed")
        self.process = subprocess.Popen([*self.command, "serve"], env=self.env, cwd=ROOT, stdout=subprocess.DEVNULL)
        self.wait()
        self.password = (Path(folder) / "demo_password").read_text(encoding="utf-8").strip()
        self.tokens: dict[str, str] = {}

    def wait(self) -> None:
        """Return once the product answers."""
        while self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.base}/healthz", timeout=5)
                return
            except OSError:
                time.sleep(0.5)
        raise SystemExit("the product did not start")

    def call(self, user: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API as `user`."""
        if user not in self.tokens:
            made = subprocess.run(
                [*self.command, "token", "create", user], env=self.env, cwd=ROOT, capture_output=True, text=True
            )
            self.tokens[user] = made.stdout.strip()
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.tokens[user]}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=240) as answer:
            return json.loads(answer.read() or b"null")


class Studio:
    """The pictures' studio: one browser context a person, the folder, and what the pictures are of."""

    def __init__(self, browser: Browser, server: Server, target: Path, numbers: list[str]) -> None:
        self.browser, self.server, self.target, self.numbers = browser, server, target, numbers
        self.pages: dict[str, Page] = {}
        self.draft = ""

    def page(self, user: str) -> Page:
        """Return the page of a demo user, signed in; the customer's needs no sign-in."""
        if user not in self.pages:
            context = self.browser.new_context(viewport=SIZE, locale="zh-CN", base_url=self.server.base)
            page = self.pages[user] = context.new_page()
            page.set_default_timeout(PATIENCE)
            if user != "customer":
                page.goto("/sign-in")
                page.fill("#f-username", user)
                page.fill("#f-password", self.server.password)
                page.press("#f-password", "Enter")
                page.wait_for_url(lambda url: "sign-in" not in url)
        return self.pages[user]

    def take(self, name: str, page: Page, at: str | None = None) -> None:
        """Write what stands in the window, from the top or from the element `at` on."""
        if at:
            page.locator(at).first.evaluate("element => window.scrollTo(0, element.getBoundingClientRect().top"
                                            " + window.scrollY - 130)")
        page.wait_for_timeout(1500)
        seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        picture = seen.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        path = self.target / f"{name}.png"
        picture.save(path, optimize=True)
        if path.stat().st_size > LIMIT:
            raise SystemExit(f"{path} is too large")
        print(f"{path.name}\t{path.stat().st_size // 1000} kB", flush=True)


def register_cases(server: Server) -> list[str]:
    """File some complaints, let the first of them move on, and return their numbers."""
    server.call("admin", "POST", "/clock/advance", {"by": MORNING})
    numbers = []
    for kind, name, phone, model, text in PEOPLE:
        body = {
            "type": kind,
            "channel": "phone",
            "customer": {"name": name, "phone": phone},
            "product": {"model": model},
            "description": text,
            "flags": ["safety"] if "安全" in text else [],
        }
        numbers.append(str(server.call("clerk", "POST", "/cases", body)["number"]))
        if len(numbers) == 1:
            move_on(server, numbers[0])
        server.call("admin", "POST", "/clock/advance", {"by": "PT3M"})
    server.call("admin", "POST", "/clock/advance", {"by": "PT2M"})
    return numbers


def move_on(server: Server, number: str) -> None:
    """Let people do what a case asks of them, up to its verification."""
    for _ in range(4):
        for user in ("clerk", "marketing", "supervisor"):
            for task in server.call(user, "GET", f"/tasks?state=open&case={number}")["items"]:
                complete(server, user, task["id"])


def complete(server: Server, user: str, task: str) -> None:
    """Complete a task as an outside program would; what is not to be answered yet stays open."""
    one = server.call(user, "GET", f"/tasks/{task}")
    if one["group"] != "customer" and one["element_id"] != "verify_complaint":
        try:
            server.call(user, "POST", f"/tasks/{task}/complete", {"data": fill(one["form"], one["data"], {})})
        except urllib.error.HTTPError:
            return


def clerks(studio: Studio) -> None:
    """The clerk's day: inbox, registration, a task, the case."""
    page, number = studio.page("clerk"), studio.numbers[0]
    page.goto("/inbox/group")
    studio.take("inbox", page)
    page.goto("/cases/new")
    page.fill("#f-name", "陈女士")
    page.fill("#f-phone", PEOPLE[0][2])
    page.fill("#f-description", "洗衣机脱水仍然很响，和上次一样。")
    page.wait_for_selector("aside >> text=202603-")
    page.evaluate("window.scrollTo(0, 0)")
    studio.take("new_case", page)
    tasks = studio.server.call("clerk", "GET", f"/tasks?state=open&case={studio.numbers[-1]}")["items"]
    page.goto(f"/tasks/{tasks[0]['id']}")
    studio.take("task", page)
    page.goto(f"/cases/{number}")
    page.wait_for_selector("#diagram .djs-shape")
    studio.take("case", page)
    studio.take("diagram", page, "#diagram")


def managers(studio: Studio) -> None:
    """The manager's: dashboard, one line of search, an instance, the process picture."""
    page = studio.page("manager")
    page.goto("/control/")
    page.wait_for_function("Number(document.documentElement.dataset.charts) >= 3")
    studio.take("dashboard", page)
    page.goto("/control/instances")
    studio.take("instances", page)
    page.goto(f"/control/instances?q={studio.numbers[0]} 流程:case")
    page.locator("td.title a", has_text=studio.numbers[0]).first.click()
    page.wait_for_selector("#diagram .djs-shape")
    studio.take("instance", page)
    page.goto("/control/processes/complaint")
    page.wait_for_selector("#picture .djs-shape")
    studio.take("process", page, "#picture")


def owners(studio: Studio) -> None:
    """The owner's: definitions, the editors, what a change means, the trial."""
    page = studio.page("owner")
    page.goto("/studio")
    studio.take("studio", page)
    page.goto("/studio/drafts")
    page.fill("#f-title", "超期后总监更早知情")
    page.click("main form button.btn-primary")
    page.wait_for_url(re.compile(r"/studio/drafts/\d+$"))
    draft = studio.draft = page.url.rpartition("/")[2]
    page.goto(f"/studio/drafts/{draft}/edit/{DIAGRAM}")
    page.wait_for_selector("#studio[data-ready]")
    page.click("details.drawer >> nth=1 >> summary")
    page.fill("#elements-filter", "超期又满二十四小时")
    page.click('#elements button:text-is("超期又满二十四小时")')
    if page.input_value('#panel [name="timer"]') != DEADLINE:
        raise SystemExit(f"{DIAGRAM} has another deadline now: change this tool")
    page.fill('#panel [name="timer"]', SHORTER)
    page.dispatch_event('#panel [name="timer"]', "change")
    page.wait_for_selector('#save-state[data-state="saved"]')
    page.locator('#panel [name="timer"]').evaluate("element => element.scrollIntoView({block: 'center'})")
    page.evaluate("window.scrollTo(0, 0)")
    studio.take("studio_editor", page)
    page.goto(f"/studio/drafts/{draft}/edit/{TABLE}")
    page.wait_for_selector("#studio[data-ready]")
    studio.take("studio_table", page)
    page.goto(f"/studio/drafts/{draft}/changes")
    studio.take("changes", page)
    page.goto(f"/studio/drafts/{draft}/try")
    page.click("text=从个案开始")
    page.wait_for_selector("#trial .djs-shape.is-active")
    studio.take("try", page)
    page.click(".trial-bar >> text=结束")


def compliance(studio: Studio) -> None:
    """Compliance's: the register, a clause, the morning page, a clause against its process."""
    page = studio.page("compliance")
    page.goto("/policy?q=小时")
    studio.take("policy", page)
    page.goto("/policy/clauses/A-2.1.7")
    studio.take("clause", page)
    page.goto("/compliance")
    studio.take("compliance", page)
    page.goto("/compliance/policy/A-2.1.7")
    page.wait_for_selector(".djs-container .djs-element")
    studio.take("compliance_document", page)


def customers(studio: Studio) -> None:
    """The customer's: the door, the form, the case's own page."""
    page = studio.page("customer")
    page.goto("/welcome")
    studio.take("portal", page)
    page.click("a[href$='type=complaint']")
    page.fill("#f-description", "电饭煲使用两周后无法加热，联系门店两次未解决，要求维修。")
    page.fill("#f-name", "张伟")
    page.fill("#f-phone", "13800138000")
    page.fill("#f-model", "CN-200")
    studio.take("portal_file", page)
    page.click("button:has-text('提交')")
    page.wait_for_selector(".progress-steps")
    studio.take("portal_case", page)


SETS: Mapping[str, Callable[[Studio], None]] = {
    "clerk": clerks, "manager": managers, "owner": owners, "compliance": compliance, "customer": customers,
}


def main() -> None:
    """Take the pictures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "img")
    asked.add_argument("--only", nargs="+", choices=sorted(SETS), default=sorted(SETS), help="whose pictures")
    asked.add_argument("--data", type=Path, help="keep the simulated data here, and use it again")
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(str(given.data.resolve()) if given.data else folder)
        try:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=CHROMIUM, env={**os.environ, "LANGUAGE": "zh_CN"})
            studio = Studio(browser, server, given.folder, register_cases(server))
            for name in given.only:
                SETS[name](studio)
            browser.close()
        finally:
            server.process.terminate()
            server.process.wait(timeout=60)


if __name__ == "__main__":
    main()
