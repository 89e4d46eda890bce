"""What pages and lists cost on a database with years of cases: milliseconds and SQL statements of each request."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, inspect, select

from app import create_app
from app.serving import keep_what_is_loaded
from app.store.base import db
from app.store.migrate import migrate
from app.store.models import Case, Instance, WorkItem
from app.wiring import services
from benchmarks import crowd
from benchmarks.step import counting, fresh_database
from config import Testing

REPEATS = 12
STEPS = 12
PATIENCE = 2  # seconds: what is slower is asked fewer times
SEED = 2


def run(cases: int, keep: Path | None = None, only: str = "") -> dict[str, Any]:
    """Return the figures for SQLite, and for PostgreSQL where BENCH_POSTGRES_URL names a server."""
    result: dict[str, Any] = {"cases": cases}
    with tempfile.TemporaryDirectory() as folder:
        where = keep or Path(folder)
        result["sqlite"] = measure(cases, where, f"sqlite:///{where}/pages.db", only)
    server = os.environ.get("BENCH_POSTGRES_URL")
    if server:
        with tempfile.TemporaryDirectory() as folder:
            url = kept_database(server) if keep else fresh_database(server)
            result["postgresql"] = measure(cases, keep or Path(folder), url, only)
    return result


def kept_database(server: str) -> str:
    """Return the URL of this benchmark's own database, made where it is missing."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'chengnuo_pages'").fetchone():
            connection.execute("CREATE DATABASE chengnuo_pages")
    return server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + "/chengnuo_pages"


def measure(cases: int, folder: Path, url: str, only: str) -> dict[str, Any]:
    """Return the figures for one database, which is filled where it is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Testing()
    settings.VAR, settings.SQLALCHEMY_DATABASE_URI = folder, url
    app = create_app(settings)
    result: dict[str, Any] = {}
    with app.app_context():
        if not inspect(db.engine).has_table("case") or not db.session.scalar(select(func.count()).select_from(Case)):
            migrate(db.engine)
            began = perf_counter()
            crowd.prepare()
            result["step_on_empty"] = step_cost()
            crowd.fill(cases, SEED)
            result["fill_seconds"] = round(perf_counter() - began)
            began = perf_counter()
            result["days_summed_up"] = services().throughput.roll_up(10_000)
            result["sum_up_seconds"] = round(perf_counter() - began)
            began = perf_counter()
            services().conformance.judge_all()
            services().deviations.sweep()
            crowd.settle()
            result["judge_seconds"] = round(perf_counter() - began)
        db.session.rollback()
        result["step_on_full"] = step_cost()
        result["pages"] = {}
        if only in "sweeps":
            result["pages"]["sweep of timers"] = timed(services().timers.fire_due, db.engine)
            result["pages"]["claim of jobs"] = timed(lambda: services().jobs.due(50), db.engine)
        services().conformance.sweep()  # of the steps above, as a server does within seconds
        password, asked, engine = services().people.demo_password() or "", requests(), db.engine
        db.session.remove()
    # Outside of the context: requests inside would share one `g`, and so one user.
    clients = {name: signed_in(app, name, password) for name in sorted({who for who, _ in asked.values()})}
    keep_what_is_loaded()
    for name, (who, address) in asked.items():
        if only in name:
            result["pages"][name] = cost(clients[who], address, engine)
    engine.dispose()
    return result


def signed_in(app: Flask, username: str, password: str) -> FlaskClient:
    """Return a browser that has signed in."""
    client = app.test_client()
    answer = client.post("/sign-in", data={"username": username, "password": password})
    if answer.status_code != 302:
        raise SystemExit(f"{username} cannot sign in ({answer.status_code})")
    return client


def requests() -> dict[str, tuple[str, str]]:
    """Return what is asked: name -> (who, address)."""
    some = db.session.execute(
        select(Case.number, Case.customer_name, Case.customer_phone, Case.serial_no, Case.id)
        .where(Case.state == "open", Case.number.startswith("BM"))
        .order_by(Case.number)
    ).all()[777 % 40]
    closed = db.session.execute(
        select(Case.number, Case.customer_name, Case.customer_phone, Case.serial_no).where(
            Case.state == "closed", Case.serial_no == "SN0000070"
        )
    ).one()
    repaired = db.session.execute(
        select(Case.number).join(WorkItem, WorkItem.case_id == Case.id)
        .where(WorkItem.group_code == "engineer", Case.state == "closed").order_by(Case.number).limit(1)
    ).scalar_one()
    real = db.session.execute(
        select(WorkItem.id, Case.number)
        .join(Case, Case.id == WorkItem.case_id)
        .where(WorkItem.state == "open", Case.serial_no == "SN-REAL", WorkItem.element_id == "register_case")
        .limit(1)
    ).one()
    db.session.rollback()
    family, inbox, api = some.customer_name[:2], "/inbox/group", "/api/v1"
    found = {
        "home": ("clerk", "/"),
        "inbox mine": ("clerk", "/inbox/mine"),
        "inbox group": ("clerk", inbox),
        "inbox poll": ("clerk", f"{inbox}/rows"),
        "inbox engineer": ("engineer", inbox),
        "inbox follow-up": ("clerk", "/inbox/follow_up"),
        "inbox asked": ("clerk", "/inbox/asked"),
        "inbox done": ("clerk", "/inbox/done"),
        "inbox done page 2000": ("clerk", "/inbox/done?page=2000"),
        "inbox done by level": ("clerk", "/inbox/done?sort=level"),
        "inbox done by case": ("clerk", "/inbox/done?sort=case"),
        "inbox done, customer's name": ("clerk", f"/inbox/done?q={family}"),
        "inbox page 2": ("clerk", f"{inbox}?page=2"),
        "inbox page 30": ("clerk", f"{inbox}?page=30"),
    }
    found |= {
        f"inbox by {sort}": ("clerk", f"{inbox}?sort={sort}&desc=1")
        for sort in ("due", "level", "created", "name", "case", "follow_up")
    }
    found |= {
        f"inbox {name}={value}": ("clerk", f"{inbox}?{name}={value}")
        for name, value in (
            ("group", "clerk"),
            ("process", "complaint"),
            ("level", "P1"),
            ("type", "complaint"),
            ("due", "late"),
            ("due", "soon"),
            ("due", "today"),
            ("due", "none"),
        )
    }
    texts = (
        ("number", some.number),
        ("phone", some.customer_phone),
        ("customer's name", family),
        ("serial number", some.serial_no),
        ("part of a phone", some.customer_phone[-4:]),
        ("nothing", "没有这个人"),
    )
    found |= {f"inbox search {name}": ("clerk", f"{inbox}?q={text}") for name, text in texts}
    found |= {
        "cases": ("clerk", "/cases"),
        "cases engineer": ("engineer", "/cases"),
        "cases engineer, customer's name": ("engineer", f"/cases?q={family}"),
        "cases engineer, open": ("engineer", "/cases?state=open"),
        "cases page 2": ("clerk", "/cases?page=2"),
        "cases page 1500": ("clerk", "/cases?page=1500"),
        "cases page 1500 by number": ("clerk", "/cases?page=1500&sort=number"),
        "cases late": ("clerk", "/cases?late=1"),
    }
    found |= {
        f"cases by {sort}": ("clerk", f"/cases?sort={sort}&desc=1") for sort in ("registered", "number", "level", "due")
    }
    found |= {
        f"cases {name}={value}": ("clerk", f"/cases?{name}={value}")
        for name, value in (
            ("state", "open"),
            ("state", "closed"),
            ("type", "complaint"),
            ("level", "P1"),
            ("status", "已结案"),
            ("status", "没有这个"),
        )
    }
    texts = (
        ("number", closed.number),
        ("phone", closed.customer_phone),
        ("customer's name", closed.customer_name[:2]),
        ("serial number", closed.serial_no),
        ("part of a phone", closed.customer_phone[-4:]),
        ("part of a number", closed.number[-4:]),
        ("nothing", "没有这个人"),
    )
    found |= {f"cases search {name}": ("clerk", f"/cases?q={text}") for name, text in texts}
    found |= {
        "case page, real": ("clerk", f"/cases/{real.number}"),
        "case page, open": ("clerk", f"/cases/{some.number}"),
        "case page, closed": ("clerk", f"/cases/{closed.number}"),
        "case page, engineer": ("engineer", f"/cases/{repaired}"),
        "task page": ("clerk", f"/tasks/{real.id}"),
        "new case": ("clerk", "/cases/new"),
        "duplicates": ("clerk", f"/cases/duplicates?phone={closed.customer_phone}"),
        "incidents": ("manager", "/operations/incidents"),
        "jobs": ("manager", "/operations/jobs"),
        "jobs done": ("manager", "/operations/jobs?state=done"),
        "notifications": ("clerk", "/notifications/"),
        "metrics": ("clerk", "/metrics"),
        "healthz": ("clerk", "/healthz"),
        "readyz": ("clerk", "/readyz"),
    }
    lists = {
        "cases": "",
        "cases state=open": "?state=open",
        "cases state=closed": "?state=closed",
        "cases type": "?type=complaint",
        "cases level": "?level=P1",
        "cases status": "?status=已结案",
        "cases phone": f"?phone={closed.customer_phone}",
        "cases serial_no": f"?serial_no={closed.serial_no}",
        "cases order_no": "?order_no=ORD1",
    }
    found |= {f"api {name}": ("clerk", f"{api}/cases{query}") for name, query in lists.items()}
    found |= {f"api {name}, engineer": ("engineer", f"{api}/cases{lists[name]}") for name in list(lists)[:4]}
    lists = {
        "tasks": "",
        "tasks state=open": "?state=open",
        "tasks state=completed": "?state=completed",
        "tasks group": "?group=clerk",
        "tasks group open": "?group=clerk&state=open",
        "tasks assignee": "?assignee=clerk",
        "tasks assignee open": "?assignee=clerk&state=open",
        "tasks unclaimed": "?assignee=none",
        "tasks unclaimed open": "?assignee=none&state=open",
        "tasks case": f"?case={closed.number}",
    }
    for who in ("clerk", "engineer", "compliance"):
        found |= {f"api {name}, {who}": (who, f"{api}/tasks{query}") for name, query in lists.items()}
    found |= {
        "api case": ("clerk", f"{api}/cases/{closed.number}"),
        "api task": ("clerk", f"{api}/tasks/{real.id}"),
        "api incidents": ("manager", f"{api}/incidents"),
        "api definitions": ("manager", f"{api}/definitions"),
    }
    instance = db.session.execute(select(Instance.id).where(Instance.case_id == some.id).limit(1)).scalar_one()
    db.session.rollback()
    return found | control_room(some, closed, instance) | compliance(closed.number) | others()


def control_room(some: Any, closed: Any, instance: str) -> dict[str, tuple[str, str]]:
    """Return what a manager asks of the control room."""
    lines = {
        "": "", "every state": "全部", "level": "P1", "overdue": "逾期", "incident": "异常", "unclaimed": "未认领",
        "element": "element:verify", "element's name": "环节:核实", "owner": "owner:clerk", "person": "负责:engineer3",
        "version": "version:case/1", "type": "type:complaint", "product": "product:CN-20 全部",
        "customer": f"{some.customer_name[:2]}", "number": closed.number, "part of a phone": closed.customer_phone[-4:],
        "a clock": "sla:resolution/broken", "nothing": "没有这个人", "together": "P1 逾期 owner:clerk type:complaint",
        "registered": "from:2026-01-01 to:2026-03-31",
    }
    found = {f"control instances {name}".strip(): ("manager", f"/control/instances?q={line}")
             for name, line in lines.items()}
    found |= {f"control instances {name}": ("manager", f"/control/instances?{query}") for name, query in (
        ("page 4", "page=4"), ("every state, page 150", "q=全部&page=150"), ("by level", "sort=level"),
        ("by number", "sort=number&desc=1"), ("by due", "sort=due"))}
    found |= {f"control dashboard {days} days": ("manager", f"/control/?days={days}") for days in (7, 30, 90, 365)}
    found |= {f"control causes {what}": ("manager", f"/control/?causes={what}")
              for what in ("complaint_type", "product")}
    found |= {f"control {key}, {days} days": ("manager", f"/control/processes/{key}?days={days}")
              for key in ("case", "complaint", "intake") for days in (30, 365)}
    return found | {
        "control one version": ("manager", "/control/processes/case?version=1"),
        "control processes": ("manager", "/control/processes"),
        "control instance": ("manager", f"/control/instances/{instance}"),
        "control passed": ("manager", "/control/instances?q=passed:intake/register_case"),
    }


def compliance(number: str) -> dict[str, tuple[str, str]]:
    """Return what compliance asks in the morning and of a clause."""
    pages = {
        "morning": "", "a section": "/policy/A-2.1.7", "a clause": "/policy/B1-6.1", "matrix": "/matrix",
        "deviations": "/deviations", "deviations, page 2": "/deviations?page=2", "waivers": "/waivers",
        "indicators": "/kpis", "report": "/report", "audit": "/audit", "exports": "/exports",
        "links to review": "/reviews",
    }
    found = {f"compliance {name}": ("compliance", f"/compliance{path}") for name, path in pages.items()}
    found["compliance case"] = ("compliance", f"/cases/{number}")
    found |= {f"policy {name}".strip(): ("compliance", f"/policy{path}") for name, path in {
        "": "", "conflicts": "/conflicts", "documents": "/documents", "proposals": "/proposals",
        "versions": "/versions", "law": "/laws", "a rule of law": "/laws/CPL-24",
        "a rule of law, edited": "/law/CPL-24/edit", "a disposition, edited": "/disposition/B1-5/edit"}.items()}
    return found | {f"api compliance {name}": ("compliance", f"/api/v1/compliance/{name}") for name in (
        "coverage", "deviations", "conformance", "proposals", "reviews", "law")}


def others() -> dict[str, tuple[str, str]]:
    """Return the lists of the studio, of the knowledge base and of administration."""
    return {
        "studio": ("owner", "/studio"), "studio drafts": ("owner", "/studio/drafts"),
        "studio releases": ("owner", "/studio/releases"), "knowledge": ("clerk", "/knowledge"),
        "knowledge search": ("clerk", "/knowledge?q=退款"), "users": ("admin", "/admin/users"),
        "calendar": ("admin", "/admin/calendar"), "standing work": ("manager", "/operations/standing"),
    }


def cost(client: FlaskClient, address: str, engine: Engine) -> dict[str, Any]:
    """Return what one request costs."""

    def ask() -> None:
        status = client.get(address).status_code
        if status not in (200, 204, 302):
            raise SystemExit(f"{address}: {status}")

    return timed(ask, engine)


def timed(action: Callable[[], Any], engine: Engine) -> dict[str, Any]:
    """Return median, 95th percentile and CPU in ms, and the statements that one call sends."""
    action()
    with counting(engine) as count:
        action()
    times, cpu = [], []
    for _ in range(REPEATS):
        began, busy = perf_counter(), process_time()
        action()
        times.append(perf_counter() - began)
        cpu.append(process_time() - busy)
        if sum(times) > PATIENCE:
            break
    return {
        "median_ms": ms(statistics.median(times)),
        "p95_ms": ms(sorted(times)[int(len(times) * 0.95)]),
        "cpu_ms": ms(statistics.median(cpu)),
        "sql": count[0],
    }


def step_cost() -> dict[str, Any]:
    """Return what registering and completing a real case's first task cost."""
    clerk = crowd.people()["clerk"]
    tasks = iterate(clerk)
    next(tasks)()
    registered, completed = [], []
    for _ in range(STEPS):
        registered.append(timed_once(lambda: crowd.register(clerk)))
    for complete in tasks:
        completed.append(timed_once(complete))
        if len(completed) == STEPS:
            break
    return {"register": middle(registered), "complete": middle(completed)}


def iterate(clerk: Any) -> Iterator[Callable[[], Any]]:
    """Yield completions of first tasks, prepared and ready to be timed."""
    while True:
        task_id = crowd.open_tasks(crowd.register(clerk))[0]
        answers = crowd.answer(task_id, clerk)
        yield lambda task_id=task_id, answers=answers: services().work.complete(task_id, answers, clerk)


def timed_once(action: Callable[[], Any]) -> tuple[float, float, int]:
    """Return seconds, CPU seconds and statements of one call."""
    with counting() as count:
        began, busy = perf_counter(), process_time()
        action()
        return perf_counter() - began, process_time() - busy, count[0]


def middle(costs: list[tuple[float, float, int]]) -> dict[str, Any]:
    """Return the medians."""
    wall, cpu, sql = (statistics.median(column) for column in zip(*costs, strict=True))
    return {"median_ms": ms(wall), "cpu_ms": ms(cpu), "sql": sql}


def ms(seconds: float) -> float:
    """Return milliseconds."""
    return round(seconds * 1000, 1)


def as_text(result: dict[str, Any]) -> str:
    """Return the figures as lines, one a page."""
    lines = [f"{result['cases']} cases, history and forms of every tenth closed one"]
    for database in ("sqlite", "postgresql"):
        if database not in result:
            continue
        found = dict(result[database])
        lines += ["", f"{database}: {'median':>40} {'p95':>8} {'cpu':>8} {'sql':>5}"]
        lines += [
            f"{name:<40} {row['median_ms']:>8} {row['p95_ms']:>8} {row['cpu_ms']:>8} {row['sql']:>5}"
            for name, row in found.pop("pages").items()
        ]
        lines += [f"{name}: {value}" for name, value in found.items()]
    return "\n".join(lines)
