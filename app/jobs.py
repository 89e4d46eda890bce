"""What runs beside the web server: the timer sweep, the job workers and the audit's sealer, one lock on SQLite."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import IO

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from app.errors import ChengnuoError
from app.queue_postgres import PostgresQueue
from app.store.base import db
from app.store.locks import is_simulated, take
from app.wiring import EXTENSION, Services

log = logging.getLogger(__name__)
SWEEP_SECONDS = 1  # the sweep looks at the table at latest this often; a commit wakes it sooner
SEAL_SECONDS = 3
MESSAGE_SECONDS = 15
DEVIATION_SECONDS = 60
JUDGE_SECONDS = 2
SUMS_SECONDS = 60  # days that are over are summed up for the process picture
WORKERS = 2


class AlreadyRunning(ChengnuoError):
    """Another server, worker or scheduler works on this SQLite database."""

    code = "already_running"


class Background:
    """The sweeps and workers of one process."""

    def __init__(self, app: Flask, *, timers: bool = True, workers: int = WORKERS) -> None:
        self._app, self._timers, self._workers = app, timers, workers
        self._services: Services = app.extensions[EXTENSION]
        self._scheduler = BackgroundScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}, timezone="UTC"
        )
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock = only_one(app)
        self._queue = postgres_queue(app)

    def start(self) -> None:
        """Begin to sweep and work; what fell due while nothing ran is done first."""
        self._services.runtime.wake.append(self._wake.set)
        if self._timers:
            self._scheduler.add_job(self._guarded(self._sweep), "interval", seconds=SWEEP_SECONDS, id="timers")
            self._scheduler.add_job(
                self._guarded(self._services.sealer.seal), "interval", seconds=SEAL_SECONDS, id="sealer"
            )
            self._scheduler.add_job(
                self._guarded(self._services.messages.sweep), "interval", seconds=MESSAGE_SECONDS, id="messages"
            )
            self._scheduler.add_job(
                self._guarded(self._services.conformance.sweep), "interval", seconds=JUDGE_SECONDS, id="conformance"
            )
            self._scheduler.add_job(
                self._guarded(self._services.throughput.roll_up), "interval", seconds=SUMS_SECONDS, id="sums"
            )
            self._scheduler.add_job(
                self._guarded(self._services.deviations.sweep), "interval", seconds=DEVIATION_SECONDS, id="deviations"
            )
            self._scheduler.add_job(
                self._guarded(self._services.reviews.remember), "interval", seconds=DEVIATION_SECONDS, id="reviews"
            )
        self._scheduler.start()
        if self._queue is not None and self._workers:
            self._queue.start(concurrency=self._workers)
            return
        for number in range(self._workers):
            thread = threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._wake.set()

    def stop(self) -> None:
        """Let what runs finish, then end."""
        self._stop.set()
        self._wake.set()
        self._scheduler.shutdown(wait=True)
        for thread in self._threads:
            thread.join(timeout=30)
        if self._queue is not None:
            self._queue.stop()
        if self._lock is not None:
            self._lock.close()

    # ---- inner

    def _sweep(self) -> None:
        if self._services.timers.fire_due():
            self._wake.set()

    def _work(self) -> None:
        run = self._guarded(self._drain)
        while not self._stop.is_set():
            self._wake.wait(timeout=SWEEP_SECONDS)
            self._wake.clear()
            run()

    def _drain(self) -> None:
        while not self._stop.is_set() and self._services.jobs.run_due():
            continue

    def _guarded(self, work: Callable[[], object]) -> Callable[[], None]:
        """Give `work` an application context, and keep its errors from ending the loop."""

        def run() -> None:
            try:
                with self._app.app_context():
                    if not is_simulated(db.engine.url):  # else its due times are of another time
                        work()
            except Exception:  # the next round tries again; nothing is lost, since the tables are the truth
                log.exception("background work failed")

        return run


def postgres_queue(app: Flask) -> PostgresQueue | None:
    """Return the application's queue where the database is PostgreSQL; made once."""
    found: PostgresQueue | None = app.extensions.get("chengnuo_queue")
    with app.app_context():
        if found is None and db.engine.dialect.name == "postgresql":
            found = app.extensions["chengnuo_queue"] = PostgresQueue(app, db.engine)
    return found


def only_one(app: Flask) -> IO[str] | None:
    """Take the lock that keeps a second server, worker or scheduler off an SQLite database; raises AlreadyRunning."""
    with app.app_context():
        url = db.engine.url
    try:
        return take(url, ".lock")
    except OSError as error:
        raise AlreadyRunning(
            f"Another Chengnuo process uses this database ({url})", f"另一个承诺进程正在使用此数据库（{url}）"
        ) from error
