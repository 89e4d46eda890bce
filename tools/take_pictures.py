"""Takes the README's pictures from the running product, so that they stay true: tools/take_pictures.py [FOLDER]."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.robot import fill

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PEOPLE = [
    ("陈女士", "13800002211", "CN-20 洗衣机", "脱水时噪音很大，影响休息。"),
    ("李先生", "13900003322", "CN-7 冰箱", "冷藏室结冰，送修两次仍未好。"),
    ("王老师", "13700004433", "CN-12 空调", "安装人员态度差，墙面被划伤。"),
    ("赵经理", "13600005544", "CN-31 热水器", "漏水，存在安全隐患。"),
]


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
        self.process = subprocess.Popen([*self.command, "serve"], env=self.env, cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{self.base}/healthz", timeout=2)
                break
            except OSError:
                time.sleep(0.2)
        self.password = (Path(folder) / "demo_password").read_text(encoding="utf-8").strip()
        self.tokens: dict[str, str] = {}

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
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


def fill_in(server: Server) -> str:
    """File some complaints, let one of them move on, and return its number."""
    numbers = []
    for name, phone, model, text in PEOPLE:
        body = {
            "type": "complaint",
            "channel": "phone",
            "customer": {"name": name, "phone": phone},
            "product": {"model": model},
            "description": text,
            "flags": ["safety"] if "安全" in text else [],
        }
        numbers.append(server.call("clerk", "POST", "/cases", body)["number"])
        server.call("admin", "POST", "/clock/advance", {"by": "PT3M"})
    for _ in range(6):
        for user in ("clerk", "marketing", "manufacturing", "supervisor"):
            for task in server.call(user, "GET", f"/tasks?state=open&case={numbers[0]}")["items"]:
                one = server.call(user, "GET", f"/tasks/{task['id']}")
                if one["group"] != "customer" and one["element_id"] != "verify_complaint":
                    data = fill(one["form"], one["data"], {})
                    try:
                        server.call(user, "POST", f"/tasks/{task['id']}/complete", {"data": data})
                    except urllib.error.HTTPError:
                        continue
    server.call("admin", "POST", "/clock/advance", {"by": "PT8M"})
    return str(numbers[0])


def sign_in(page: Page, server: Server, user: str) -> None:
    """Sign in as a demo user."""
    page.goto(f"{server.base}/sign-in")
    page.fill("[name=username]", user)
    page.fill("[name=password]", server.password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def main() -> None:
    """Take the pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(folder)
        try:
            number = fill_in(server)
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            page = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN").new_page()
            sign_in(page, server, "clerk")
            page.goto(f"{server.base}/inbox/group")
            page.screenshot(path=str(target / "inbox.png"))
            page.goto(f"{server.base}/cases/{number}")
            page.wait_for_timeout(2500)
            page.locator("#diagram, [data-diagram], .diagram").first.scroll_into_view_if_needed()
            page.screenshot(path=str(target / "diagram.png"))
            browser.close()
        finally:
            server.process.terminate()
            server.process.wait(timeout=30)


if __name__ == "__main__":
    main()
