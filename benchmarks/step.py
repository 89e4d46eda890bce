"""What one completion costs through the real services and database, beside plain SpiffWorkflow, peers in turn."""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event, func, select

from app import create_app
from app.engine import feel
from app.errors import ChengnuoError
from app.facts import SYSTEM
from app.services import step as steps
from app.store.base import db
from app.store.migrate import migrate
from app.store.models import Definition, History, Instance, WorkItem
from app.store.unit_of_work import in_unit_of_work
from app.wiring import services
from benchmarks.plain import Plain
from config import Testing

CANDIDATES = (1, True, 0, 2, 10, 1000, False)  # answers that are tried until an instance goes round
WINDOW = 6  # completions on either side of a mark that its median is taken over
MARKS = (20, 60, 200)
EMPTY_REGISTER = {
    "groups.yaml": "groups: []\n",
    "policy/clauses.yaml": "clauses: []\n",
    "policy/documents.yaml": "documents: []\n",
    "policy/milestones.yaml": "milestones: []\n",
    "policy/activities.yaml": "activities: []\n",
}


def run(bpmn: Path, instances: int, history: int) -> dict[str, Any]:
    """Return the figures for SQLite, and for PostgreSQL where BENCH_POSTGRES_URL (or TEST_…) names a server."""
    with tempfile.TemporaryDirectory() as folder:
        result = measure(bpmn, instances, history, Path(folder), f"sqlite:///{folder}/bench.db")
    result["database"] = "sqlite"
    server = os.environ.get("BENCH_POSTGRES_URL") or os.environ.get("TEST_POSTGRES_URL")
    if server:
        with tempfile.TemporaryDirectory() as folder:
            result["postgresql"] = measure(bpmn, instances, history, Path(folder), fresh_database(server))
    return result


def measure(bpmn: Path, instances: int, history: int, folder: Path, url: str) -> dict[str, Any]:
    """Return the figures for one database."""
    app = create_app(bench_settings(bpmn, folder, url))
    with app.app_context():
        migrate(db.engine)
        services().definitions.deploy(services().runtime.root, SYSTEM, "benchmark")
        key, length = top_process(), max(history, *MARKS) + WINDOW
        answers = answers_of(bpmn, key, length)
        plain = Plain(bpmn, key, answers, db.engine)
        ours, theirs, statements = [], [], []
        for _ in range(instances):  # one after another, so that a slow minute hits each mark alike
            ours.append(Ours(key, answers))
            theirs.append(plain.start())
            for finished in range(1, length + 1):  # in turn, so that noise hits both alike
                with counting() as count:
                    ours[-1].complete()
                statements.append(count[0])
                if finished <= MARKS[1] + WINDOW:
                    theirs[-1].complete()
        sizes = [one.bytes() for one in ours]
        result = figures(ours, theirs, statements, sizes)
        db.session.remove()
        db.engine.dispose()
    return result


class Ours:
    """One instance, completed through the services."""

    def __init__(self, key: str, answers: dict[str, Any]) -> None:
        self._answers, self._services = answers, services()
        self.times: list[float] = []
        self.id = in_unit_of_work(lambda session: steps.start(self._services.runtime, session, key, {}, SYSTEM))
        self._next = self._open()

    def _open(self) -> list[str]:
        query = (
            select(WorkItem.id)
            .where(WorkItem.instance_id == self.id, WorkItem.state == "open")
            .order_by(WorkItem.created_at)
        )
        return list(db.session.execute(query).scalars())

    @property
    def waits(self) -> bool:
        """Whether a task is open."""
        return bool(self._next)

    def complete(self) -> None:
        """Complete the next open task, timed."""
        start = perf_counter()
        done = self._services.work.complete(self._next[0], self._answers, SYSTEM)
        self.times.append(perf_counter() - start)
        self._next = list(done.next_tasks)

    def bytes(self) -> int:
        """Return the size of the saved state."""
        return len(db.session.execute(select(Instance.blob).where(Instance.id == self.id)).scalar_one())


def figures(ours: list[Ours], theirs: list[Any], statements: list[int], sizes: list[int]) -> dict[str, Any]:
    """Return medians and their ratios; times in milliseconds."""
    mine = {mark: around([one.times for one in ours], mark) for mark in MARKS}
    plain = {mark: around([one.times for one in theirs], mark) for mark in MARKS[:2]}
    every = sorted(time for one in ours for time in one.times)
    history = db.session.execute(select(func.count()).select_from(History)).scalar_one()
    return {
        "ratio_to_plain_at_20": round(mine[20] / plain[20], 3),
        "ratio_to_plain_at_60": round(mine[60] / plain[60], 3),
        "cost_200_over_20": round(mine[200] / mine[20], 3),
        "sql_per_step": statistics.median(statements),
        "sql_per_step_max": max(statements),
        "bytes_per_instance": int(statistics.median(sizes)),
        "median_ms": round(statistics.median(every) * 1000, 2),
        "p95_ms": round(every[int(len(every) * 0.95)] * 1000, 2),
        "completions_per_second": round(len(every) / sum(every), 1),
        "instances_per_second": round(len(ours) / sum(every), 2),
        "at_ms": {str(mark): round(mine[mark] * 1000, 2) for mark in MARKS},
        "plain_at_ms": {str(mark): round(plain[mark] * 1000, 2) for mark in MARKS[:2]},
        "instances": len(ours),
        "history_rows": history,
    }


def around(times: list[list[float]], mark: int) -> float:
    """Return the median of the completions around the `mark`-th."""
    return statistics.median(time for one in times for time in one[mark - WINDOW : mark + WINDOW])


@contextmanager
def counting(engine: Engine | None = None) -> Iterator[list[int]]:
    """Count the SQL statements that are sent meanwhile."""
    count, engine = [0], engine or db.engine

    def add(*_: Any) -> None:
        count[0] += 1

    event.listen(engine, "before_cursor_execute", add)
    try:
        gc.collect(0)
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", add)


def top_process() -> str:
    """Return the process that no other calls."""
    rows = db.session.execute(select(Definition.key, Definition.id).order_by(Definition.id)).all()
    called = {
        element.called
        for _, row_id in rows
        for element in services().runtime.library.spec(row_id).elements
        if element.called
    }
    return next(key for key, _ in rows if key not in called)


def answers_of(bpmn: Path, key: str, length: int) -> dict[str, Any]:
    """Return answers to every name that a condition asks for, with which an instance has `length` tasks."""
    names: set[str] = set()
    for row_id in db.session.execute(select(Definition.id)).scalars():
        for element in services().runtime.library.spec(row_id).elements:
            condition = element.properties.get("condition")
            if condition:
                names |= feel.names(feel.parse(condition))
    for candidate in CANDIDATES:
        answers: dict[str, Any] = dict.fromkeys(names or {"again"}, candidate)
        if lasts(Ours(key, answers), length):
            return answers
    raise SystemExit(f"{bpmn}: none of {CANDIDATES} keeps an instance going for {length} tasks; it needs a loop")


def lasts(instance: Ours, length: int) -> bool:
    """Return whether the instance has that many tasks to complete."""
    for _ in range(length):
        if not instance.waits:
            return False
        try:
            instance.complete()
        except ChengnuoError:  # the answer is of another type than the condition takes
            return False
    return True


def bench_settings(bpmn: Path, folder: Path, url: str) -> Testing:
    """Return settings for a tree that holds this diagram alone."""
    root = folder / "tree"
    (root / "processes" / "bench").mkdir(parents=True)
    (root / "processes" / "policy").mkdir()
    (root / "handlers").mkdir()
    shutil.copyfile(bpmn, root / "processes" / "bench" / "bench.bpmn")
    for name, content in EMPTY_REGISTER.items():
        (root / "processes" / name).write_text(content, encoding="utf-8")
    chosen = Testing()
    chosen.PROJECT_ROOT, chosen.VAR, chosen.SQLALCHEMY_DATABASE_URI = root, folder, url
    return chosen


def fresh_database(server: str) -> str:
    """Make an empty database on the server and return its URL."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS chengnuo_bench WITH (FORCE)")
        connection.execute("CREATE DATABASE chengnuo_bench")
    return server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + "/chengnuo_bench"


def as_text(result: dict[str, Any]) -> str:
    """Return the figures as lines."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict) and name == "postgresql":
            lines += ["", "postgresql:", *(f"  {key}: {inner}" for key, inner in value.items())]
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
