"""What judging every case costs: a seeded synthetic history of complaints of about 40 events, judged in full."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from app import create_app
from app.facts import SYSTEM
from app.store.base import db
from app.store.migrate import migrate
from app.store.models import Case, Document, DocumentCopy, History, Instance, Milestone, Submission, WorkItem
from app.wiring import services
from benchmarks.crowd import Bulk
from config import Testing

ROOT = Path(__file__).resolve().parent.parent
TARGET_CASES, TARGET_SECONDS, TARGET_MB = 100_000, 300, 1024
SEED = 4
SAMPLE = 0.5  # seconds between two looks at the memory
BEGAN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
# process, element, type, activity, group, minutes after the one before (at most)
STEPS = (
    ("case", "create_work_order", "serviceTask", "create_work_order", "system", 0),
    ("case", "grade_provisionally", "businessRuleTask", "preliminary_evaluation", "system", 0),
    ("intake", "tell_number", "serviceTask", "notify_customer_order_no", "system", 0),
    ("intake", "register_case", "userTask", "register_case", "clerk", 4),
    ("intake", "decide_level", "businessRuleTask", "prioritize", "clerk", 0),
    ("intake", "respond_and_promise", "userTask", "first_response", "clerk", 14),
    ("intake", "choose_owner", "businessRuleTask", "assign_owner", "clerk", 0),
    ("intake", "dispatch_case", "serviceTask", "dispatch", "clerk", 0),
    ("intake", "notify_owner", "serviceTask", "notify_handler", "clerk", 0),
    ("intake", "confirm_dispatch", "userTask", "confirm_dispatch", "relations", 70),
    ("complaint", "give_preliminary_proposal", "userTask", "preliminary_proposal", "relations", 150),
    ("complaint", "check_order", "userTask", "check_order", "marketing", 60),
    ("complaint", "verify_complaint", "userTask", "verify", "relations", 240),
    ("complaint", "determine_responsibility", "userTask", "determine_responsibility", "relations", 120),
    ("complaint", "draft_solution", "userTask", "propose_solution", "relations", 120),
    ("complaint", "issue_proposal", "serviceTask", "notify_customer", "relations", 0),
    ("complaint", "accept_proposal", "userTask", "customer_confirm_solution", "customer", 900),
    ("complaint", "distribute_opinion", "serviceTask", "close_opinion", "marketing", 600),
    ("complaint", "confirm_execution", "userTask", "execute_solution", "relations", 2000),
    ("complaint", "mark_resolved", "serviceTask", "resolve", "relations", 0),
    ("complaint", "announce_result", "userTask", "deliver_result", "clerk", 300),
    ("satisfaction", "send_survey", "serviceTask", "satisfaction_survey", "clerk", 0),
    ("satisfaction", "record_follow_up", "serviceTask", None, "clerk", 1800),
    ("case", "record_lessons", "serviceTask", "case_summary", "clerk", 60),
    ("case", "close_case", "serviceTask", "close_case", "clerk", 0),
    ("case", "archive_case", "serviceTask", "archive", "clerk", 0),
)
QUIET = frozenset({"serviceTask", "businessRuleTask"})
FORMS = {"register_case": ("work_order", {"customer_name": "客户", "phone": "13800000000"}),
         "check_order": ("opinion_order_check", {"origin": "self_made", "order_no": "DD1", "job_no": "J1",
                                                 "specification": "CN-20", "quantity": 1, "ship_date": "2026-01-02"})}
CLOCKS = ("first_response", "acknowledge", "preliminary_proposal", "verify", "proposal", "resolution",
          "opinion_closed", "follow_up")


def run(cases: int, keep: Path | None = None, workers: int = 2) -> dict[str, Any]:
    """Return how long and in how much memory `cases` are judged; with `keep`, on a database that stays there."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'conformance.db'}"
        events = fill(folder, url, cases) if not (folder / "filled").exists() else int((folder / "filled").read_text())
        return {"cases": cases, "events_per_case": round(events / cases, 1), "workers": workers,
                **judge(folder, url, cases, workers)}


def judge(folder: Path, url: str, cases: int, workers: int) -> dict[str, Any]:
    """Judge everything through the command line, and look at the clock and at the memory of its processes."""
    command = [sys.executable, "-m", "app.cli", "policy", "conformance", "--all", "--workers", str(workers),
               "--limit", "0", "--json"]
    environment = {**os.environ, "DATABASE_URL": url, "CHENGNUO_VAR": str(folder)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began, peak = perf_counter(), [0]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watch.start()
    out, _ = process.communicate()
    ended.set()
    watch.join()
    seconds, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode not in (0, 1):
        raise SystemExit(f"policy conformance ended with {process.returncode}")
    clauses = json.loads(out)["clauses"]
    return {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "peak_mb": round(peak[0] / 1024),
            "seconds_for_100000": round(seconds * TARGET_CASES / cases, 1),
            "cpu_seconds_for_100000": round(cpu * TARGET_CASES / cases, 1),
            "verdicts": sum(row["kept"] + row["broken"] + row["pending"] for row in clauses),
            "met": seconds * TARGET_CASES / cases < TARGET_SECONDS and peak[0] / 1024 < TARGET_MB}


def _watch(pid: int, peak: list[int], ended: threading.Event) -> None:
    while not ended.wait(SAMPLE):
        peak[0] = max(peak[0], _memory(pid))


def _memory(pid: int) -> int:
    """Return the resident memory of a process and all below it, in KB; what they share counts for each."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own + sum(_memory(int(child)) for child in below)


# ---- the synthetic history


def fill(folder: Path, url: str, cases: int) -> int:
    """Fill an empty database; return how many events it holds. The same seed gives the same history."""
    chosen = Testing()
    chosen.PROJECT_ROOT, chosen.VAR, chosen.SQLALCHEMY_DATABASE_URI = ROOT, folder, url
    app = create_app(chosen)
    with app.app_context():
        migrate(db.engine)
        services().definitions.deploy(services().runtime.root, SYSTEM, "benchmark")
        version = services().runtime.library.latest("case")
        assert version is not None
        bulk, rng = Bulk(db.engine), random.Random(SEED)
        events = sum(_case(bulk, rng, number, version.id, BEGAN + timedelta(minutes=4 * number))
                     for number in range(cases))
        bulk.close()
        db.session.remove()
        db.engine.dispose()
    (folder / "filled").write_text(str(events))
    return events


def _case(bulk: Bulk, rng: random.Random, number: int, definition: int, at: datetime) -> int:
    case, instance = str(uuid.UUID(int=rng.getrandbits(128))), str(uuid.UUID(int=rng.getrandbits(128)))
    registered, events, moments = at, 0, dict[str, datetime]()
    for process, element, kind, activity, group, minutes in STEPS:
        at += timedelta(minutes=rng.random() * minutes)
        moments[element] = at
        task = f"{number}-{element}"[:36]
        common = {"instance_id": instance, "case_id": case, "definition_id": definition, "at": at,
                  "process": process, "element_id": element, "task_id": task, "type": kind, "activity": activity,
                  "actor": group, "group_code": group, "attempt": 1}
        for transition in ("started", "completed") if kind not in QUIET or events % 3 else ("completed",):
            bulk.add(History, **common, transition=transition)
            events += 1
        if element in FORMS:
            _form(bulk, (case, instance, process, element, task), at, group)
    bulk.add(Case, id=case, number=f"B-{number}", access_key=case, type="complaint", complaint_type="product_quality",
             level=rng.choice(("P1", "P2", "P3", "P3", "P4")), state="closed", status="已关闭", channel="phone",
             outcome="end_closed_satisfied", customer_name="客户", customer_phone="13800000000",
             customer_level="ordinary", customer_known=False, origin="self_made", description="", flags=[], round=1,
             severity="general", extra={"responsibility": "product_quality"}, registered_at=registered,
             registered_by="clerk", closed_at=at, archived_at=at, keep_until=at + timedelta(days=1097),
             policy_version="1")
    bulk.add(Instance, id=instance, definition_id=definition, process="case", case_id=case, state="completed",
             revision=1, blob=b"", created_at=registered, ended_at=at)
    _clocks(bulk, rng, case, registered, moments)
    _opinion(bulk, case, number, registered, moments["distribute_opinion"])
    return events


def _form(bulk: Bulk, where: tuple[str, str, str, str, str], at: datetime, group: str) -> None:
    case, instance, process, element, task = where
    form, data = FORMS[element]
    bulk.add(WorkItem, id=task, instance_id=instance, case_id=case, process=process, element_id=element, name=element,
             name_en=element, form_id=form, group_code=group, state="completed", created_at=at, completed_at=at,
             completed_by=group, revision=1, on_behalf=False)
    bulk.add(Submission, work_item_id=task, instance_id=instance, case_id=case, form_id=form, data=data,
             submitted_at=at, submitted_by=group)


def _clocks(bulk: Bulk, rng: random.Random, case: str, registered: datetime, moments: dict[str, datetime]) -> None:
    issued, accepted = moments["issue_proposal"], moments["accept_proposal"]
    pause = {"from": issued.isoformat(), "to": accepted.isoformat(), "reason": "waiting_customer", "by": "t"}
    for index, name in enumerate(CLOCKS):
        bulk.add(Milestone, id=rng.getrandbits(53), case_id=case, name=name, state="reached", target_only=False,
                 clock_start="registered", started_at=registered, duration="PT24H", calendar="natural",
                 promised_at=registered, due_at=registered + timedelta(days=1), reached_at=accepted,
                 pauses=[pause] if index == 5 else [], decision="deadlines", rule="r", clauses=[], why=[],
                 provisional=False, policy_version="1", round=1)


def _opinion(bulk: Bulk, case: str, number: int, opened: datetime, closed: datetime) -> None:
    bulk.add(Document, id=number + 1, case_id=case, kind="opinion", number=f"YJ-{number}", state="closed", copies=4,
             data={}, prefilled=False, opened_at=opened, closed_at=closed)
    for copy, group in enumerate(("general_affairs", "finance", "manufacturing", "marketing"), 1):
        bulk.add(DocumentCopy, document_id=number + 1, copy_no=copy, recipient=group, handed_at=closed)


def as_text(result: dict[str, Any]) -> str:
    """Return the figures for people."""
    return "\n".join(f"{name:>20} {value}" for name, value in result.items())
