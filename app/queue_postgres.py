"""The queue on PostgreSQL: procrastinate rows written in the step's transaction, run by workers on many hosts."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import datetime, timedelta

import procrastinate
from flask import Flask
from procrastinate import PsycopgConnector, RetryStrategy
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.clock import SystemClock
from app.services import jobs as job_rows
from app.services.jobs import StillRunning
from app.wiring import EXTENSION, Services

log = logging.getLogger(__name__)
TASK = "run_job"
STALLED_AFTER = 10.0  # seconds without a heartbeat before a worker's jobs are given to another
STALL_SWEEP = 5.0  # seconds
RETRY = RetryStrategy(max_attempts=200, wait=5, retry_exceptions=[StillRunning])


class PostgresQueue:
    """Announces jobs inside their transaction and works on them. The job table stays the truth of attempts."""

    def __init__(self, app: Flask, engine: Engine) -> None:
        self._app, self._engine = app, engine
        self._services: Services = app.extensions[EXTENSION]
        self._queue = procrastinate.App(connector=PsycopgConnector(conninfo=_conninfo(engine)))
        self._queue.task(name=TASK, retry=RETRY)(self.run_job)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        job_rows.announcers[engine] = self.announce

    def migrate(self) -> None:
        """Create procrastinate's own tables once."""
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(727173)"))
            if connection.execute(text("SELECT to_regclass('procrastinate_jobs')")).scalar() is None:
                connection.connection.driver_connection.execute(self._queue.schema_manager.get_schema())  # type: ignore[union-attr]

    def announce(self, session: Session, job_id: int, instance_id: str | None, run_at: datetime) -> None:
        """Defer the job on the session's own connection: committed with the step, or not at all."""
        wait = run_at - self._services.clock.now()
        at = SystemClock().now() + wait if wait > timedelta() else None
        deferrer = self._queue.configure_task(
            TASK, lock=instance_id, schedule_at=at, connection=session.connection().connection.driver_connection
        )
        deferrer.defer(job_id=job_id)

    def run_job(self, job_id: int) -> None:
        """Run one job; raises StillRunning to be asked again when another worker may have died with it."""
        with self._app.app_context():
            self._services.jobs.run_or_wait(job_id)

    # ---- working

    def start(self, concurrency: int) -> None:
        """Work in a thread with an event loop of its own until stop()."""
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._work(concurrency)), name="procrastinate", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let running jobs finish and end."""
        if self._loop is not None and self._worker is not None:
            self._loop.call_soon_threadsafe(self._worker.cancel)
        if self._thread is not None:
            self._thread.join(timeout=30)

    async def _work(self, concurrency: int) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._queue.open_async():
            sweep = asyncio.create_task(self._recover_stalled())
            self._worker = asyncio.create_task(
                self._queue.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=3.0,
                    stalled_worker_timeout=STALLED_AFTER,
                    delete_jobs="successful",
                )
            )
            try:
                await self._worker
            except asyncio.CancelledError:
                pass
            finally:
                sweep.cancel()

    async def _recover_stalled(self) -> None:
        """Give back the jobs of workers that died: without this sweep they would never run (measured)."""
        while True:
            await asyncio.sleep(STALL_SWEEP)
            try:
                for job in await self._queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
                    await self._queue.job_manager.retry_job(job)
            except Exception:  # the database may be away for a moment; the next round tries again
                log.exception("the sweep for stalled jobs failed")


def _conninfo(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
