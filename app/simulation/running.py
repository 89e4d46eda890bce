"""Runs a synthetic history: cases arrive, people and customers act, timers and jobs follow, on a clock in memory."""

from __future__ import annotations

import base64
import heapq
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import FileStorage

from app.clock import FixedClock
from app.errors import ChengnuoError, Conflict, Invalid, NotAllowed
from app.facts import CUSTOMER_GROUP, Actor
from app.simulation import customers, staff
from app.simulation.customers import Customer
from app.simulation.writing import Writer
from app.store.models import WorkItem
from app.store.queries import simulation as queries

if TYPE_CHECKING:
    from app.wiring import Services

log = logging.getLogger(__name__)
ARRIVING = 2 / 3  # the share of the period in which cases arrive, so that most of them end in it
OFF_HOURS = 0.3  # the share of cases that come at any hour
CLAIMED = 0.3  # the share of tasks that are claimed before they are done
TRIES = 6  # how often a refused form is filled in again
PATIENCE = 15  # how often, day by day, a customer asks for what can't be granted yet
AGAIN = timedelta(hours=1)
BY_HAND = 3 / 5  # when, in the period, somebody starts the standing work that has not come up by itself
DAY = timedelta(days=1)
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WORDS: Mapping[str, str] = {
    "withdraw": "问题已自行解决，不再需要处理。",
    "reopen": "同样的问题又出现了，请继续处理。",
    "say": "请问目前处理到哪一步了？希望尽快有结果。",
}
APPEAL = {"reason": "对处理结果不认可，责任认定有误。", "demand": "重新核定责任并退换产品。"}
CHANGE = {"content": "希望改为更换新机。", "reason": "维修等待时间太长。"}
Act = Callable[[], None]


@dataclass(frozen=True)
class Plan:
    """What is to be simulated."""

    cases: int
    days: int
    seed: int
    start: datetime  # aware; a time without an offset is the company's


@dataclass(frozen=True)
class Report:
    """What came of it."""

    cases: int
    steps: int  # transactions that moved an instance
    events: int  # rows of history
    incidents: int
    ended: int  # cases closed or cancelled
    problems: tuple[str, ...]  # tasks that nobody could do, requests that were refused


class Simulation:
    """One synthetic history, from a seed."""

    def __init__(self, services: Services, clock: FixedClock, plan: Plan, progress: Callable[[str], None]) -> None:
        self._services, self._clock, self._plan, self._progress = services, clock, plan, progress
        self._random = Random(plan.seed)  # noqa: S311 - a history to be repeated, not a secret
        self._end = plan.start + timedelta(days=plan.days)
        self._agenda: list[tuple[datetime, int, Act]] = []
        self._planned = 0
        self._known: set[str] = set()  # tasks that somebody has in mind
        self._looked = plan.start
        self._customers: dict[str, Customer] = {}
        self._numbers: list[str] = []
        self._problems: list[str] = []
        self._staff: dict[str, list[Actor]] = {}
        self._by_id: dict[int, Actor] = {}
        self._calendar = services.calendar
        self._moved = True  # an instance has moved since we looked
        self._due: datetime | None = None  # when something falls due by itself
        services.runtime.wake.append(self._note_move)

    def run(self) -> Report:
        """Let the period pass; return what came of it."""
        self._due = self._services.operations.quiesce().following  # standing work learns when it comes first
        self._meet_staff()
        self._plan_arrivals()
        self._do_at(self._plan.start + (self._end - self._plan.start) * BY_HAND, self._start_standing)
        day = self._clock.now()
        while self._clock.now() < self._end:
            self._leap()
            self._act()
            if self._moved:
                self._look()
            if self._clock.now() >= day:
                day = self._clock.now() + DAY
                self._services.sealer.seal()
                self._tell()
        self._services.sealer.seal()
        self._services.conformance.sweep()
        return Report(**queries.totals(self._services.runtime.session()), problems=tuple(self._problems))

    # ---- time

    def _leap(self) -> None:
        """Let time pass until the next thing that happens, by itself or because somebody does it."""
        now, due = self._clock.now(), self._due
        moment = max(now, min([self._end, *(at for at, _, _ in self._agenda[:1]), *([due] if due else [])]))
        self._clock.set(moment)
        if due is not None and due <= moment:
            settled = self._services.operations.quiesce()
            # What can't be done now must not stop the clock.
            stuck = not settled.moved and settled.following is not None and settled.following <= moment
            self._due = None if stuck else settled.following

    def _act(self) -> None:
        acted = False
        while self._agenda and self._agenda[0][0] <= self._clock.now():
            heapq.heappop(self._agenda)[2]()
            acted = True
        if acted:
            self._due = self._services.operations.next_due()

    def _note_move(self) -> None:
        self._moved = True

    def _do_at(self, at: datetime, act: Act) -> None:
        self._planned += 1
        heapq.heappush(self._agenda, (at, self._planned, act))

    def _tell(self) -> None:
        passed = (self._clock.now() - self._plan.start) / DAY
        self._progress(f"{passed:.0f}/{self._plan.days} 天 days, {len(self._numbers)}/{self._plan.cases} 个案 cases")

    # ---- who there is

    def _meet_staff(self) -> None:
        for person in self._services.people.users():
            if person.active:
                actor = self._by_id[person.id] = self._services.people.actor_of(person.id)
                for group in person.groups:
                    self._staff.setdefault(group, []).append(actor)

    def _plan_arrivals(self) -> None:
        span = self._end - self._plan.start
        for _ in range(self._plan.cases):
            at = self._plan.start + span * ARRIVING * self._random.random()
            if self._random.random() >= OFF_HOURS:
                at = staff.at_work(self._random, self._calendar, at)
            self._do_at(at, self._arrive)

    def _arrive(self) -> None:
        now = self._clock.now()
        services, today = self._services, self._calendar.local(now).date()
        body = customers.request(self._random, services.cases.types(), today)
        try:
            case_id = services.cases.register(body, self._registrar(body))
        except ChengnuoError as error:
            self._problem(f"register {body}", error)
            return
        row = services.cases.row(case_id)
        self._numbers.append(str(row.number))
        who = self._customers[case_id] = customers.customer(self._random)
        actor = services.people.customer_of(row.access_key)
        if actor is not None:
            for wish, later in who.wishes.items():
                at = staff.awake(self._random, self._calendar, now + later)
                self._do_at(at, partial(self._wish, wish, actor, PATIENCE))

    def _start_standing(self) -> None:
        """Let marketing start what comes too seldom for the period, such as the half-yearly survey."""
        for work in self._services.standing.all():
            if work.last_start is None:
                try:
                    self._services.standing.start(work.key, self._staff["marketing"][0])
                except ChengnuoError as error:
                    self._problem(f"start {work.key}", error)

    def _registrar(self, body: Mapping[str, Any]) -> Actor:
        """Return who registers the case: the customer on the portal, or a clerk."""
        if body["channel"] in {"web_form", "app"}:
            return Actor(None, "customer", frozenset({CUSTOMER_GROUP}), body["customer"]["name"], "")
        return self._random.choice(self._staff["clerk"])

    # ---- what customers want unasked

    def _wish(self, wish: str, actor: Actor, patience: int) -> None:
        try:
            self._grant(wish, actor)
        except (Conflict, NotAllowed):  # not yet, or not any more
            if patience and self._services.cases.row(str(actor.case_id)).state != "cancelled":
                self._do_at(self._clock.now() + DAY, partial(self._wish, wish, actor, patience - 1))
        except ChengnuoError as error:
            self._problem(f"{wish} {actor.case_id}", error)

    def _grant(self, wish: str, actor: Actor) -> None:
        cases, case_id = self._services.cases, str(actor.case_id)
        if wish == "withdraw":
            cases.withdraw(case_id, WORDS[wish], actor)
        elif wish == "reopen":
            cases.reopen(case_id, WORDS[wish], actor)
        elif wish == "appeal":
            cases.appeal(case_id, APPEAL, actor)
        elif wish == "request_change":
            cases.request_change(case_id, CHANGE, actor)
        else:
            self._services.voice.say(WORDS["say"], actor)

    # ---- tasks

    def _look(self) -> None:
        """Notice the tasks that have appeared, and plan who does them when."""
        now, self._moved = self._clock.now(), False
        for item in queries.appeared(self._services.runtime.session(), self._looked):
            if item.id not in self._known:
                self._known.add(item.id)
                self._plan_task(item, now)
        self._looked = now

    def _plan_task(self, item: WorkItem, now: datetime) -> None:
        who = self._customers.get(item.case_id or "")
        if item.group_code == CUSTOMER_GROUP and who is not None:
            if self._random.random() >= who.silence:
                later = timedelta(days=self._random.expovariate(1 / who.slowness))
                place = staff.awake if who.portal else staff.at_work
                at = place(self._random, self._calendar, now + later)
                self._do_at(at, partial(self._do, item.id, TRIES))
            return
        at = staff.when(self._random, self._calendar, now, item.due_at)
        self._do_at(at, partial(self._do, item.id, TRIES))
        if self._random.random() < CLAIMED:
            self._do_at(now + (at - now) * self._random.random(), partial(self._claim, item.id))

    def _claim(self, task_id: str) -> None:
        item = self._open(task_id)
        actor = self._doer(item) if item is not None else None
        if item is not None and actor is not None and item.assignee_id is None:
            try:
                self._services.work.claim(task_id, actor)
            except (Conflict, NotAllowed):
                return  # barred, or done meanwhile: whoever does the task finds out

    def _do(self, task_id: str, patience: int) -> None:
        """Fill in the form of a task and complete it."""
        item = self._open(task_id)
        if item is None:
            return
        what = f"{item.process}/{item.element_id} ({item.group_code}, {item.case_id})"
        actor = self._doer(item)
        if actor is None:
            self._problem(f"nobody does {what}")
            return
        try:
            self._complete(item, actor)
        except Conflict as error:
            if self._open(task_id) is not None and patience:
                self._do_at(self._clock.now() + AGAIN, partial(self._do, task_id, patience - 1))
            elif self._open(task_id) is not None:
                self._problem(what, error)
        except ChengnuoError as error:
            self._problem(what, error)

    def _complete(self, item: WorkItem, actor: Actor) -> None:
        services = self._services
        on_behalf = item.group_code == CUSTOMER_GROUP and actor.case_id is None
        served = services.work.form(item.id, actor)
        who = self._customers.get(item.case_id or "")
        writer = Writer(
            self._random,
            self._calendar.local(self._clock.now()),
            self._earlier_cases(item),
            lambda: self._upload(item, actor),
            who.mood if who else {},
        )
        answers = writer.write(served.json, served.data)
        for left in reversed(range(TRIES)):
            try:
                services.work.complete(item.id, answers, actor, on_behalf=on_behalf)
                return
            except Invalid as refused:
                if not left or served.json is None:
                    raise
                answers = writer.again(served.json, answers, [error.field for error in refused.errors])

    def _open(self, task_id: str) -> WorkItem | None:
        session = self._services.runtime.session()
        session.rollback()
        item = session.get(WorkItem, task_id)
        return item if item is not None and item.state == "open" else None

    def _doer(self, item: WorkItem) -> Actor | None:
        """Return who does the task: whoever has it, the customer or the clerk for them, or somebody of the group."""
        if item.assignee_id is not None:
            return self._by_id.get(item.assignee_id)
        if item.group_code == CUSTOMER_GROUP and item.case_id is not None:
            who = self._customers.get(item.case_id)
            if who is not None and who.portal:
                row = self._services.cases.row(item.case_id)
                return self._services.people.customer_of(row.access_key)
            return self._staff["clerk"][0]
        members = self._staff.get(item.group_code or "")
        return self._random.choice(members) if members else None

    def _earlier_cases(self, item: WorkItem) -> Mapping[str, Any]:
        """What a clerk knows of other cases, for the fields that name one."""
        own = self._services.cases.row(item.case_id).number if item.case_id else None
        others = [number for number in self._numbers[-20:] if number != own]
        return {"duplicate_of": self._random.choice(others)} if others else {}

    def _upload(self, item: WorkItem, actor: Actor) -> str:
        file = FileStorage(io.BytesIO(PICTURE), filename="照片.png", content_type="image/png")
        return self._services.desk.attach(file, item.case_id, item.id, "upload", actor)

    def _problem(self, what: str, error: ChengnuoError | None = None) -> None:
        fields = [f"{one.field}: {one.message_en}" for one in error.errors] if isinstance(error, Invalid) else []
        text = " ".join([self._clock.now().isoformat(timespec="minutes"), what, str(error or ""), *fields])
        log.warning("simulation: %s", text)
        self._problems.append(text)

