"""The real server: killed while clients work, started again; nothing lost, nothing repeated; commands beside it."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.robot import fill

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "chengnuo"
COMPLAINT = {"type": "complaint", "channel": "phone", "customer": {"name": "周敏", "phone": "13900000000"},
             "product": {"model": "CN-1", "serial_no": "S1"}, "description": "按键失灵"}
KILLS = 2


class Machine:
    """A computer that runs Chengnuo on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.env = {**os.environ, "CHENGNUO_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'chengnuo.db'}",
                    "CLOCK": "adjustable", "PORT": str(free_port()), "CHENGNUO_ENV": "development"}
        self.url = f"http://127.0.0.1:{self.env['PORT']}"
        self.log = (folder / "log").open("w")
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        self.process = subprocess.Popen([COMMAND, "serve"], env=self.env, cwd=ROOT, stdout=self.log, stderr=self.log,
                                        text=True)
        for _ in range(300):
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, Path(self.log.name).read_text()
            time.sleep(0.1)
        raise AssertionError(Path(self.log.name).read_text())

    def kill(self) -> None:
        """Stop it the hard way."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the server."""
        return subprocess.run([COMMAND, *arguments], env=self.env, cwd=ROOT, capture_output=True, text=True,
                              timeout=60, check=False)

    def all(self, *lines: tuple[str, ...]) -> list[subprocess.CompletedProcess[str]]:
        """Run several commands at the same time."""
        found: dict[int, subprocess.CompletedProcess[str]] = {}
        threads = [threading.Thread(target=lambda at=at, line=line: found.update({at: self.run(*line)}))
                   for at, line in enumerate(lines)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [found[at] for at in range(len(lines))]

    def request(self, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[int, Any]:
        """Return (status, JSON); raises OSError when the server is gone."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] == b"{" else text


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a running server."""
    found = Machine(tmp_path_factory.mktemp("machine"))
    found.start()
    yield found
    found.kill()


class Client(threading.Thread):
    """Registers complaints and does their first two tasks, over and over, and remembers what the server said."""

    def __init__(self, machine: Machine, token: str) -> None:
        super().__init__(daemon=True)
        self.machine, self.token, self.stop = machine, token, threading.Event()
        self.cases: dict[str, str] = {}  # idempotency key -> number
        self.completed: list[str] = []  # task ids that were answered 200
        self.unsure: list[str] = []  # task ids whose answer never came
        self.wrong: list[str] = []

    def run(self) -> None:
        """Work until told to stop; a server that is away is asked again."""
        while not self.stop.is_set():
            key = f"key-{random.getrandbits(64)}"
            answer = self.insist("POST", "/api/v1/cases", COMPLAINT, Idempotency_Key=key)
            if answer is None:
                return
            self.cases[key] = answer["number"]
            for _ in range(2):
                self.first_task(answer["number"])

    def first_task(self, number: str) -> None:
        """Complete the first open task of a case."""
        tasks = self.insist("GET", f"/api/v1/tasks?state=open&group=clerk&case={number}")
        if tasks is None or not tasks["items"]:
            return
        task_id = tasks["items"][0]["id"]
        task = self.insist("GET", f"/api/v1/tasks/{task_id}")
        if task is None or task["state"] != "open":
            return
        body = {"data": fill(task["form"], task["data"], {}), "revision": task["revision"]}
        try:
            status, found = self.machine.request("POST", f"/api/v1/tasks/{task_id}/complete", body, self.token)
        except (OSError, ValueError):
            self.unsure.append(task_id)
            return
        if status == 200:
            self.completed.append(task_id)
        elif status not in (409, 503):
            self.wrong.append(f"{status} {found}")

    def insist(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask until the server answers; None when told to stop."""
        while not self.stop.is_set():
            try:
                status, found = self.machine.request(method, path, body, self.token, **headers)
            except (OSError, ValueError):
                time.sleep(0.05)
                continue
            if status in (200, 201):
                return found
            self.wrong.append(f"{method} {path} {status} {found}")
            return None
        return None


def test_a_server_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing(machine: Machine) -> None:
    token = machine.run("token", "create", "clerk").stdout.strip()
    clients = [Client(machine, token) for _ in range(3)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(1.0, 2.5))
        machine.kill()
        machine.start()
    time.sleep(1)
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(timeout=30)
    assert [wrong for client in clients for wrong in client.wrong] == []
    numbers = [number for client in clients for number in client.cases.values()]
    assert numbers
    assert len(set(numbers)) == len(numbers)
    everything = [item["number"] for item in pages(machine, token, "/api/v1/cases")]
    assert set(numbers) <= set(everything)
    assert len(everything) - len(numbers) <= len(clients)  # at most the ones whose answer nobody waited for
    assert sorted(int(number.split("-")[1]) for number in everything) == list(range(1, len(everything) + 1))
    done = {item["id"]: item for item in pages(machine, token, "/api/v1/tasks?state=completed")}
    assert {task for client in clients for task in client.completed} <= set(done)
    unsure = {task for client in clients for task in client.unsure}
    assert set(done) - {task for client in clients for task in client.completed} <= unsure
    checked = machine.run("verify", "--json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["differences"] == []
    assert json.loads(checked.stdout)["checked"] >= len(everything)


def pages(machine: Machine, token: str, path: str) -> list[dict[str, Any]]:
    """Return everything that a list holds."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        sign = "&" if "?" in path else "?"
        _, page = machine.request("GET", f"{path}{sign}limit=500{cursor}", token=token)
        found += page["items"]
        if page["next"] is None:
            assert len(found) == page["total"]
            return found
        cursor = f"&cursor={page['next']}"


def test_effects_of_what_was_committed_happen_after_a_kill(machine: Machine) -> None:
    made = machine.all(("token", "create", "clerk"), ("token", "create", "admin"))
    token, admin = (one.stdout.strip() for one in made)
    status, case = machine.request("POST", "/api/v1/cases", COMPLAINT, token)
    assert status == 201
    machine.kill()
    machine.start()
    status, moved = machine.request("POST", "/api/v1/clock/advance", {"by": "PT16M"}, admin)
    assert status == 200, moved
    found = machine.request("GET", f"/api/v1/cases/{case['number']}", token=token)[1]
    assert [one["process"] for one in found["instances"]] == ["case", "escalation"]
    assert machine.request("GET", "/api/v1/incidents", token=admin)[1]["total"] == 0


def test_commands_run_beside_the_server_and_say_how_it_went(machine: Machine) -> None:
    ran = machine.all(
        ("users", "--json"), ("clock", "show", "--json"), ("clock", "advance", "--by", "PT1M", "--json"),
        ("deploy", "--json"), ("verify", "--json"), ("check", "--json"),
        ("feel", "1 + x", "--context", '{"x": 2}', "--json"),
        ("decide", "processes/decisions/level.dmn", "level", "--input", '{"case_type": "complaint"}', "--json"))
    documents = []
    for one in ran:
        assert one.returncode == 0, (one.args, one.stderr)
        documents.append(json.loads(one.stdout))
    users, shown, advanced, deployed, verified, checked, felt, decided = documents
    assert {"clerk", "admin", "compliance"} <= {user["username"] for user in users["users"]}
    assert {"now"} <= set(shown)
    assert {"now", "fired"} <= set(advanced)
    assert deployed["new"] == {}
    assert verified["differences"] == []
    assert all({"file", "element", "line", "rule", "severity", "message"} <= set(one) for one in checked["findings"])
    assert felt == {"result": 3}
    assert decided["decision"] == "level"


def test_commands_that_are_used_wrongly_end_with_two_and_a_second_server_is_refused(machine: Machine) -> None:
    ran = machine.all(("token", "create", "nobody"), ("clock", "advance", "--by", "soon"), ("nonsense",),
                      ("feel", "1 +"), ("feel", "x", "--context", "[]"), ("serve",), ("worker",), ("scheduler",))
    assert [one.returncode for one in ran] == [2, 2, 2, 2, 2, 3, 3, 3], [one.stderr for one in ran]
    assert all(one.stdout == "" for one in ran)
    assert all(one.stderr for one in ran)
