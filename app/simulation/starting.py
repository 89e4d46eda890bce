"""Brings an empty database to where a simulation can begin, and leaves its clock where the history ends."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

import config
from app.clock import FixedClock, SystemClock
from app.errors import Conflict, NotFound
from app.facts import SYSTEM
from app.services.runtime import OFFSET, Runtime
from app.simulation.running import Plan, Report, Simulation
from app.store.base import db, hurry_sqlite
from app.store.locks import simulating
from app.store.queries import simulation as queries
from app.store.unit_of_work import in_unit_of_work
from app.wiring import Services, services

SELDOM = 50_000  # new objects between two looks for garbage: statements and rows are freed without it
# A simulation writes to nobody outside.
OUTSIDE = {"CLOCK": "system", "SMTP_HOST": "", "CONNECTOR_URLS": "", "SUPPLIER_EMAIL": ""}


def run_simulation(application: Callable[..., Flask], plan: Plan, progress: Callable[[str], None]) -> Report:
    """Fill the database of the settings with a history; the same plan on the same definitions gives the same one.

    `application` makes the application on a migrated database. The adjustable clock is left at the end of the period.
    Raises Conflict where there are cases or another simulation runs, Refused where the diagrams don't pass,
    NotAllowed in production.
    """
    if plan.start.tzinfo is None:
        plan = replace(plan, start=plan.start.replace(tzinfo=ZoneInfo(config.current().COMPANY_ZONE)))
    clock = FixedClock(plan.start)
    app = application(clock, **OUTSIDE)
    with app.app_context(), simulating(db.engine.url):
        hurry_sqlite(db.engine)
        current = services()
        _prepare(current)
        usual = gc.get_threshold()
        _settle(current.runtime)
        try:
            report = Simulation(current, clock, plan, progress).run()
        finally:
            gc.unfreeze()
            gc.set_threshold(*usual)
        _leave_clock(clock.now())
        db.session.remove()
        db.engine.dispose()
    return report


def _prepare(current: Services) -> None:
    if queries.any_case(current.runtime.session()):
        raise Conflict("The database has cases; a simulation needs an empty one", "数据库中已有个案，模拟需要空数据库")
    current.definitions.deploy(current.runtime.root, SYSTEM, "模拟数据")
    current.people.seed_groups()
    current.people.seed_demo()
    if not current.cases.types():
        raise NotFound("No process for any type of case is deployed", "没有部署任何个案类型的流程")


def _settle(runtime: Runtime) -> None:
    """Nobody changes calendar, profile or policy meanwhile, and what is loaded stays: none of it is looked at again."""
    calendar, profile, register = runtime.calendar(), runtime.profile(), runtime.register_on(runtime.clock.now())
    runtime.calendar, runtime.profile, runtime.register_on = lambda: calendar, lambda: profile, lambda _: register
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])


def _leave_clock(end: datetime) -> None:
    """Let the adjustable clock go on where the history ends."""
    offset: timedelta = end - SystemClock().now()
    in_unit_of_work(lambda session: queries.set_setting(session, OFFSET, offset.total_seconds()))
