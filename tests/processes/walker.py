"""Walks diagrams through the engine's facade: a fake world around real definitions, with every choice from a seed."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from app import engine
from app.durations import add_months, parse_duration
from app.errors import BusinessError
from app.facts import ActivityEvent, BuiltProcess, Done, Parked, ServiceCall
from app.services.casebox import Facts
from app.services.moments import Moments
from app.work_calendar import WorkCalendar
from tests.processes import beside

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ROOT = Path(__file__).resolve().parents[2]
KEYS = tuple(sorted(path.stem for path in ROOT.glob("processes/*/*.bpmn")))  # what is added later is walked too
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PARKED = frozenset({"supplier_message", "ship_parcel", "issue_refund", "fetch_tracking"})
TRACKING = ("on_the_way", "delivered", "delivered", "lost")


@cache
def files() -> Mapping[str, bytes]:
    """Every diagram, decision and form that the project ships."""
    found = [*ROOT.glob("processes/**/*.bpmn"), *ROOT.glob("processes/**/*.dmn"), *ROOT.glob("forms/*.json")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(found)}


@cache
def built() -> Mapping[str, BuiltProcess]:
    """The processes, built as a deployment builds them."""
    groups = {row["zh"]: row["code"] for row in yaml.safe_load((ROOT / "processes/groups.yaml").read_text("utf-8"))}
    return {process.key: process for process in engine.build(files(), engine.Catalog(groups=groups))}


@cache
def errors_at(process: str, element_id: str) -> tuple[str, ...]:
    """The codes of the errors that are caught at an element."""
    root = ElementTree.fromstring(files()[f"processes/{process}/{process}.bpmn"])
    codes = {error.get("id"): error.get("errorCode", "") for error in root.iter(f"{BPMN}error")}
    return tuple(codes[definition.get("errorRef")] for boundary in root.iter(f"{BPMN}boundaryEvent")
                 if boundary.get("attachedToRef") == element_id
                 for definition in boundary.iter(f"{BPMN}errorEventDefinition"))


@cache
def spec(key: str) -> engine.Spec:
    """The built version of one process."""
    return engine.load_spec(built()[key].spec)


@cache
def variables_of(form: str) -> Mapping[str, tuple[list[Any], bool]]:
    """The variables that a form sets: the values it may give, and whether one of them must be given."""
    found: dict[str, tuple[list[Any], bool]] = {}

    def visit(components: list[dict[str, Any]], hidden: bool) -> None:
        for component in components:
            may_hide = hidden or "conditional" in component
            if (component.get("properties") or {}).get("variable") == "true":
                required = bool((component.get("validate") or {}).get("required")) and not may_hide
                found[component["key"]] = (_choices(component), required)
            visit(component.get("components") or [], may_hide)

    visit(json.loads(files()[f"forms/{form}.json"])["components"], False)
    return found


def _choices(component: Mapping[str, Any]) -> list[Any]:
    if component["type"] == "checkbox":
        return [True, False]
    if component["type"] == "datetime":
        return ["2026-02-27"] if component.get("subtype") == "date" else ["2026-03-05T10:00:00+08:00"]
    if component["type"] == "taglist":
        return [["13800000001", "13800000002"], []]
    if component["type"] == "number":
        return [0, 150, 1500, 4000, 9000]
    if component.get("values"):
        return [option["value"] for option in component["values"]]
    return ["202603-0009", None, None, None]


class World:
    """A seeded world: the clock, the milestones, the case and the outside. Implements the engine's ports."""

    def __init__(self, seed: int, case: Mapping[str, Any] | None = None) -> None:
        self.random = random.Random(seed)
        self.time = START
        self.silent = self.random.random() < 0.2  # this customer never answers
        self.stubborn = self.random.random() < 0.3  # answers as before: loops go round again
        self.said: dict[str, Any] = {}
        self.haste = self.random.choice((1, 3, 8))  # how much people do before time passes
        self.events: list[ActivityEvent] = []
        self.calls: list[ServiceCall] = []
        self.thrown: list[tuple[str, str | None]] = []
        self.milestones: dict[str, datetime | None] = {}
        self.case = Facts({"number": "202603-0001", "type": "complaint", "level": "P3", "owner_group": "relations",
                     "round": 1, "warranty_status": None, **(case or {})})

    def say(self, name: str, choices: list[Any]) -> Any:
        """Return an answer."""
        if name not in self.said or not (self.stubborn and self.said[name] in choices and self.random.random() < 0.8):
            self.said[name] = self.random.choice(choices)
        return self.said[name]

    def now(self) -> datetime:
        """Return the world's time."""
        return self.time

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return what diagrams may call."""
        return {"due": self._due, "after": lambda text: _moved(self.time, text), "now": self.now,
                **Moments(WorkCalendar(), "Asia/Shanghai", self.time).functions(),
                "workdays": lambda days: self.time + timedelta(days=float(days)), "today": lambda: self.time.date()}

    def facts(self) -> Mapping[str, Any]:
        """Return the names that every expression sees."""
        return {"case": self.case, "profile": {}}

    def observe(self, event: ActivityEvent) -> None:
        """Remember what happened."""
        self.events.append(event)

    def call(self, call: ServiceCall) -> Done | Parked:
        """Answer a service task."""
        self.calls.append(call)
        if call.operation in PARKED:
            return Parked()
        if call.operation in ANSWERS:
            return Done(ANSWERS[call.operation](self, call))
        return Done(f"{call.operation}-{len(self.calls)}")

    def throw(self, name: str, correlation: str | None, payload: Mapping[str, Any]) -> None:
        """Remember a message that leaves."""
        self.thrown.append((name, correlation))

    def _due(self, name: str) -> datetime | None:
        if name not in self.milestones:
            hours = self.random.choice((1, 4, 24, 72, None))
            self.milestones[name] = None if hours is None else self.time + timedelta(hours=hours)
        return self.milestones[name]


def _papers(world: World, call: ServiceCall) -> dict[str, Any]:
    complete = world.random.random() < 0.6
    return {"complete": complete, "missing": "" if complete else "意见书",
            "lapsed": not call.params.get("opinion") or world.random.random() < 0.2}


def _subtasks(world: World, call: ServiceCall) -> Any:
    if call.params.get("load") is None:
        return [f"202603-0001/1/{place}" for place in range(1, world.random.choice((1, 2, 3)) + 1)]
    pick = world.random.choice
    return {"title": "查明批次", "group": pick(["quality", None]), "due_at": pick(["2026-03-04T10:00:00+08:00", None]),
            "cooperation": None, "needs_letter": pick([True, False]), "depends_on": pick(["202603-0001/1/0", None]),
            "visit_at": pick(["2026-03-05T10:00:00+08:00", None])}


# What operations answer whose result the diagram looks into.
ANSWERS: Mapping[str, Callable[[World, ServiceCall], Any]] = {**beside.ANSWERS, "check_papers": _papers,
                                                               "plan_subtasks": _subtasks}


def _moved(start: datetime, text: str) -> datetime:
    duration = parse_duration(text)
    return add_months(start, duration.months) + duration.elapsed


class Walk:
    """One instance that is pushed on until it ends."""

    def __init__(self, key: str, variables: Mapping[str, Any], world: World) -> None:
        self.key, self.world = key, world
        self.execution = engine.start(spec(key), variables, world)

    def run(self, limit: int = 500) -> int:
        """Take random steps until the instance ends; return how many. Fails when it does not end or a task fails."""
        for step in range(limit):
            view = self.execution.view()
            assert not view.failed, [(task.element.id, task.error) for task in view.failed]
            if view.ended:
                return step
            self._step(view)
            if self.world.random.random() < 0.1:
                self.execution = engine.load(spec(self.key), self.execution.dump(), self.world)
        raise AssertionError(f"{self.key} does not end: {self.execution.view().active}")

    def _step(self, view: Any) -> None:
        timers = [timer for timer in view.timers if timer.due_at is not None]
        tasks = [task for task in view.tasks if not (self.world.silent and task.element.lane == "customer")]
        # Where nobody has anything to do, a message is as likely as time to come first.
        likely = 0.05 if tasks or view.calls else 0.4
        messages = view.messages if self.world.random.random() < likely else ()
        doors = [*[("task", one) for one in tasks] * self.world.haste, *[("message", one) for one in messages] * 50,
                 *[("call", one) for one in view.calls] * self.world.haste, *([("time", None)] if timers else [])]
        assert doors or view.messages, view
        doors = doors or [("message", one) for one in view.messages]
        kind, chosen = self.world.random.choice(doors)
        if kind == "task":
            self.answer(chosen)
        elif kind == "call":
            self.end_call(chosen)
        elif kind == "message":
            self.execution.deliver(chosen.message, {}, chosen.task_id)
        else:
            self.world.time = max(self.world.time, min(timer.due_at for timer in timers))
            self.execution.fire_due()

    def end_call(self, call: Any) -> None:
        """End an outside call: with what it answers, or with one of the errors that the diagram catches."""
        caught = errors_at(call.element.process, call.element.id)
        if caught and self.world.random.random() < 0.5:
            self.execution.fail_call(call.task_id, BusinessError(self.world.random.choice(caught)))
        else:
            state = self.world.random.choice(TRACKING)
            answer = {"state": state, "reference": "1", "tracking_no": "SF1", "carrier": "SF"}
            self.execution.finish_call(call.task_id, answer)

    def answer(self, task: Any, **given: Any) -> None:
        """Complete a task with `given`, the rest at random."""
        data: dict[str, Any] = {}
        for name, (choices, required) in variables_of(task.element.form).items():
            data[name] = self.world.say(name, choices if required else [*choices, None])
        self.execution.complete(task.task_id, {**data, **given})

    def task(self, element_id: str) -> Any:
        """Return the open task of an element."""
        return next(task for task in self.execution.view().tasks if task.element.id == element_id)

    def open(self) -> set[str]:
        """Return the element ids of the open tasks."""
        return {task.element.id for task in self.execution.view().tasks}

    def pass_time(self, **delta: float) -> None:
        """Let time pass, timer by timer."""
        end = self.world.time + timedelta(**delta)
        while True:
            timers = self.execution.view().timers
            due = [timer.due_at for timer in timers if timer.due_at is not None and timer.due_at <= end]
            if not due:
                break
            self.world.time = max(self.world.time, min(due))
            self.execution.fire_due()
        self.world.time = end
        self.execution.fire_due()


def elements_seen(events: list[ActivityEvent]) -> set[tuple[str, str]]:
    """Return (process, element) of everything that completed or fired."""
    return {(event.element.process, event.element.id) for event in events if event.transition in {"completed", "fired"}}


def flows_seen(events: list[ActivityEvent], flows: Mapping[tuple[str, str, str], str]) -> Counter[tuple[str, str]]:
    """Return how often (process, flow) was taken; `flows` maps (process, source, target) to the flow."""
    left: Counter[tuple[str, str]] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    begun: set[tuple[str, str]] = set()
    sources: dict[tuple[str, str], list[str]] = {}
    for process, source, target in flows:
        sources.setdefault((process, target), []).append(source)
    for event in events:
        where = (event.element.process, event.element.id)
        if (event.task_id, event.element.id) not in begun:
            begun.add((event.task_id, event.element.id))
            for source in sources.get(where, ()):
                if left[event.element.process, source] > 0:
                    left[event.element.process, source] -= 1
                    taken[event.element.process, flows[event.element.process, source, event.element.id]] += 1
                    if event.element.type != "parallelGateway":
                        break
        if event.transition in {"completed", "fired"}:
            leaving = sum((process, source) == where for process, source, _ in flows)
            left[where] += leaving if event.element.type == "parallelGateway" else 1
    return taken
