"""The one place where concrete parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher, profiles
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import AdjustableClock, Clock, SystemClock, monotonic
from app.errors import Conflict
from app.facts import SYSTEM, CaseFacts
from app.handling import Registry
from app.handling.contract import Post
from app.notifications import Connectors, Postman
from app.policy.kpis import read_targets
from app.policy.papers import PaperRule, read_papers
from app.policy.phrases import Phrases, read_phrases
from app.policy.register import Register, read_register
from app.policy.wording import Wording, read_wording
from app.services import jobs as job_rows
from app.services import messages as inbox
from app.services import step
from app.services.administration import Administration
from app.services.audit import Sealer
from app.services.case_files import CaseFiles
from app.services.cases import Cases
from app.services.colleagues import Colleagues
from app.services.compliance_picture import Pictures
from app.services.compliance_report import ComplianceReports
from app.services.conformance import Conformance
from app.services.control import Control
from app.services.coverage import DeployedCoverage
from app.services.customer_voice import CustomerVoice
from app.services.definitions import Definitions
from app.services.desk import Desk
from app.services.deviations import Deviations
from app.services.draft_drift import DraftDrift
from app.services.drafts import Drafts
from app.services.drift import Drifts
from app.services.event_logs import EventLogs
from app.services.interchange import Interchange
from app.services.jobs import Jobs
from app.services.knowledge import Knowledge
from app.services.kpis import Kpis
from app.services.library import Library
from app.services.messages import Messages
from app.services.operations import Operations
from app.services.people import People
from app.services.policies import Policies
from app.services.policy_originals import PolicyOriginals
from app.services.policy_transfer import PolicyTransfer
from app.services.profile import Profiles, read_profile
from app.services.releases import Releases
from app.services.reviews import Reviews
from app.services.runtime import OFFSET, Runtime
from app.services.standing import StandingWork
from app.services.studio import Studio
from app.services.throughput import Throughput
from app.services.timers import Timers
from app.services.waivers import Waivers
from app.services.work import Work
from app.store import working_days
from app.store.models import Setting
from app.store.queries.kpis import MEASURES
from app.store.unit_of_work import current_session, reading
from app.work_calendar import WorkCalendar

EXTENSION = "chengnuo"


@dataclass
class Services:
    """Every service of the application."""

    runtime: Runtime
    policies: Policies
    originals: PolicyOriginals
    transfer: PolicyTransfer
    coverage: DeployedCoverage
    papers: Mapping[str, PaperRule]
    phrases: Phrases
    wording: Wording
    cases: Cases
    work: Work
    colleagues: Colleagues
    messages: Messages
    operations: Operations
    control: Control
    throughput: Throughput
    timers: Timers
    standing: StandingWork
    jobs: Jobs
    definitions: Definitions
    drafts: Drafts
    releases: Releases
    interchange: Interchange
    drifts: Drifts
    studio: Studio
    people: People
    desk: Desk
    case_files: CaseFiles
    event_logs: EventLogs
    knowledge: Knowledge
    administration: Administration
    voice: CustomerVoice
    profiles: Profiles
    sealer: Sealer
    kpis: Kpis
    conformance: Conformance
    pictures: Pictures
    reviews: Reviews
    deviations: Deviations
    reports: ComplianceReports

    @property
    def clock(self) -> Clock:
        """The clock that everything reads."""
        return self.runtime.clock

    @property
    def calendar(self) -> WorkCalendar:
        """The company's calendar as it is now."""
        return self.runtime.calendar()

    @property
    def register(self) -> Register:
        """The written policy in force now."""
        return self.policies.register_now()

    @property
    def registry(self) -> Registry:
        """The handlers."""
        return self.runtime.registry


def services() -> Services:
    """Return the services of the current application."""
    found: Services = current_app.extensions[EXTENSION]
    return found


class Offset:
    """The adjustable clock's offset: kept in the database, remembered for a moment."""

    REMEMBER = 0.5  # seconds; another process's advance is seen after that

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session, self._value, self._read_at = session, timedelta(), float("-inf")

    def read(self) -> timedelta:
        """Return the offset."""
        if monotonic() - self._read_at > self.REMEMBER:
            with self._session() as session:
                value = session.execute(select(Setting.value).where(Setting.key == OFFSET)).scalar_one_or_none()
            self._value, self._read_at = timedelta(seconds=float(value or 0)), monotonic()
        return self._value

    def forget(self) -> None:
        """Read anew next time."""
        self._read_at = float("-inf")


def build(app: Flask, clock: Clock | None = None) -> Services:
    """Put the application's parts together; call inside its context."""
    root = Path(app.config["PROJECT_ROOT"])
    offset = Offset(job_rows.unit_of_work_for_reading)
    if app.config["CLOCK"] == "adjustable":
        clock = AdjustableClock(offset.read, clock)
    clock = clock or SystemClock()
    register = read_register(root)
    policies = Policies(clock, reading, register, app.config["COMPANY_ZONE"], lambda: coverage.now().names)
    library = Library(reading)
    runtime = Runtime(
        clock=clock,
        session=reading,
        calendar=_calendar_of(app.config["COMPANY_ZONE"]),
        registry=Registry.discover(root / "handlers"),
        library=library,
        register_on=policies.register_on,
        profile=read_profile,
        root=root,
        zone=app.config["COMPANY_ZONE"],
        clock_moved=offset.forget,
    )
    connectors = Connectors(clock, app.config)
    postman = Postman(clock, app.config)

    def post_for(case: CaseFacts | None, key: str) -> Post:
        return postman.for_job(case, key, "system")

    standing = StandingWork(runtime)
    runner, messages, timers = Jobs(runtime, post_for, connectors), Messages(runtime), Timers(runtime, standing)
    cases = Cases(runtime, messages)
    work = Work(runtime, cases)
    definitions, drafts = Definitions(runtime, policies.register_for_diagrams), Drafts(clock, reading)
    drifts = Drifts(root, policies.register_now, runtime.registry, Waivers(clock, app.config["COMPANY_ZONE"]))
    definitions.gate = drifts.blocking
    colleagues, operations = Colleagues(runtime, work), Operations(runtime, timers, runner)
    coverage = DeployedCoverage(reading, root, policies)
    pictures = Pictures(reading, root, policies, coverage, drifts, runtime.registry)
    kpis = Kpis(clock, reading, read_targets(root, register.clause_ids, frozenset(MEASURES)))
    conformance = Conformance(runtime, register, policies.register_on)
    hasher = PasswordHasher.from_parameters(getattr(profiles, app.config["HASHING_PROFILE"]))
    built = Services(
        runtime=runtime,
        policies=policies,
        originals=PolicyOriginals(clock),
        transfer=PolicyTransfer(clock, policies),
        coverage=coverage,
        papers=read_papers(root),
        phrases=read_phrases(root, register.milestones),
        wording=read_wording(root),
        cases=cases,
        work=work,
        colleagues=colleagues,
        messages=messages,
        operations=operations,
        control=Control(runtime, operations, colleagues),
        throughput=Throughput(runtime),
        timers=timers,
        standing=standing,
        jobs=runner,
        definitions=definitions,
        drafts=drafts,
        releases=Releases(runtime, definitions, drafts, DraftDrift(drifts, policies.register_now)),
        interchange=Interchange(drafts),
        drifts=drifts,
        studio=Studio(runtime, register, drafts),
        people=People(
            clock,
            [{"code": group.code, "zh": group.zh, "en": group.en} for group in register.groups],
            Path(app.config["VAR"]),
            hasher,
            production=app.config["ENVIRONMENT"] == "production",
        ),
        desk=Desk(clock, cases.may_see),
        case_files=CaseFiles(clock, cases.may_see),
        event_logs=EventLogs(runtime),
        knowledge=Knowledge(clock, reading, work),
        administration=Administration(clock, hasher),
        voice=CustomerVoice(runtime),
        profiles=Profiles(clock),
        sealer=Sealer(clock, Path(app.config["VAR"]) / "audit_head"),
        kpis=kpis,
        conformance=conformance,
        pictures=pictures,
        reviews=Reviews(clock, policies, coverage),
        deviations=Deviations(runtime, pictures, drifts),
        reports=ComplianceReports(runtime, pictures, drifts, conformance, kpis),
    )
    _platform_jobs(runtime, runner, messages)
    app.extensions[EXTENSION] = built
    return built


def _platform_jobs(runtime: Runtime, runner: Jobs, messages: Messages) -> None:
    """The operations of the platform's own that jobs carry."""

    def deliver(args: Mapping[str, Any], _instance: str | None) -> None:
        messages.deliver(int(args["message"]))

    def touch(_args: Mapping[str, Any], instance_id: str | None) -> None:
        try:
            step.run(runtime, str(instance_id), SYSTEM, lambda moving: None)
        except Conflict:
            return  # ended or suspended meanwhile: nothing to arm

    runner.internal[inbox.DELIVER] = deliver
    runner.internal[job_rows.TOUCH] = touch


def _calendar_of(zone: str) -> Callable[[], WorkCalendar]:
    """Return what reads the company's calendar; built anew only when the table has changed."""
    state: dict[str, Any] = {"stamp": None, "calendar": WorkCalendar(zone)}

    def calendar() -> WorkCalendar:
        days, announced = working_days.read(current_session())
        stamp = working_days.stamp_of(days, announced)
        if stamp != state["stamp"]:
            built = WorkCalendar(zone, exceptions=working_days.rules_of(days), announced=announced)
            state["calendar"], state["stamp"] = built, stamp
        found: WorkCalendar = state["calendar"]
        return found

    return calendar
