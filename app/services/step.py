"""The step: everything that moves an instance goes through here, in one transaction.

1. lock the instance, then read what is open;  2. load the workflow and fire what is due;  3. apply the command;
4. local handlers run inside, effects become jobs;  5. write the state and its projections;
6. commit, then wake the sweeps.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from app import engine
from app.errors import ChengnuoError, Conflict, NotFound, StepFailed
from app.facts import ActivityEvent, Actor, Done, Parked, ServiceCall
from app.handling.contract import Kind, LocalContext
from app.services import jobs, messages
from app.services.casebox import CaseBox
from app.services.functions import functions_at
from app.services.ports.figures import FigureDesk
from app.services.ports.numbers import NumberDesk
from app.services.ports.papers import PaperDesk
from app.services.ports.staff import StaffDesk
from app.services.projections import Projections
from app.services.runtime import Runtime
from app.store import verdicts
from app.store.models import Case, Consultation, History, Instance, WorkItem
from app.store.unit_of_work import after_commit, in_unit_of_work, inserting, locked, send

T = TypeVar("T")
SETTLE_ROUNDS = 50  # a diagram that fires timers without end is stopped here
QUIET = {"sequenceFlow"}
OPEN_ITEMS = select(
    WorkItem, exists().where(Consultation.work_item_id == WorkItem.id, Consultation.kind == "countersign")
).where(WorkItem.instance_id == bindparam("instance"), WorkItem.state == "open")
# The lock of the instance and its row, with one statement.
LOCK_OF_TASK = (
    select(Instance)
    .where(Instance.id == select(WorkItem.instance_id).where(WorkItem.id == bindparam("task")).scalar_subquery())
    .with_for_update()
    .execution_options(populate_existing=True)
)
DONE = {"completed", "fired"}  # a catching event is told as fired


class Step:
    """One instance inside one transaction. Implements the engine's ports."""

    def __init__(
        self, rt: Runtime, session: Session, instance: Instance, actor: Actor, box: CaseBox | None, now: datetime
    ) -> None:
        self.rt, self.session, self.instance, self.actor, self.box = rt, session, instance, actor, box
        self._now = now
        self.spec = rt.library.spec(instance.definition_id)
        self.execution: engine.Execution
        self.items: dict[str, WorkItem] = {}
        self.countersigned: set[str] = set()  # open work items whose completion somebody was asked to agree to
        self.completed: dict[str, dict[str, Any]] = {}  # work items that this step completed
        self._history: list[dict[str, Any]] = []
        self._thrown = 0
        self._last_end: str | None = None
        self._acting_group: str | None = None

    @cached_property
    def _profile(self) -> Mapping[str, Any]:
        return self.box.profile if self.box else dict(self.rt.profile())

    @cached_property
    def _functions(self) -> Mapping[str, Callable[..., Any]]:
        return functions_at(self.rt, self._now, self.box)

    # ---- opening

    @classmethod
    def open(
        cls,
        rt: Runtime,
        session: Session,
        instance_id: str,
        actor: Actor,
        *,
        fire: bool = True,
        suspended: bool = False,
    ) -> Step:
        """Lock and load an instance; raises NotFound, Conflict when it is not active."""
        instance = locked(session, Instance, instance_id)
        if instance is None:
            raise NotFound("No such instance", "没有这个流程实例")
        if instance.state != "active" and not (suspended and instance.state == "suspended"):
            raise _not_active(instance)
        return cls._loaded(rt, session, instance, actor, fire=fire)

    @classmethod
    def open_of(cls, rt: Runtime, session: Session, task_id: str, actor: Actor) -> Step:
        """Lock and load the instance of a work item; raises NotFound, Conflict when it is not active."""
        instance = session.execute(LOCK_OF_TASK, {"task": task_id}).scalar_one_or_none()
        if instance is None:
            raise NotFound("No such task", "没有这个任务")
        if instance.state != "active":
            raise _not_active(instance)
        return cls._loaded(rt, session, instance, actor, fire=True)

    @classmethod
    def _loaded(cls, rt: Runtime, session: Session, instance: Instance, actor: Actor, *, fire: bool) -> Step:
        now = rt.clock.now()
        box = None
        if instance.case_id is not None:
            case = locked(session, Case, instance.case_id)
            if case is None:
                raise NotFound("No such case", "没有这个个案")
            box = CaseBox(rt, session, case, now, actor.name, instance.definition_id)
        step = cls(rt, session, instance, actor, box, now)
        for item, countersigned in session.execute(OPEN_ITEMS, {"instance": instance.id}):
            step.items[item.id] = item
            if countersigned:
                step.countersigned.add(item.id)
        step.execution = engine.load(step.spec, instance.blob, step)
        if fire:
            step.settle()
        return step

    @classmethod
    def start(
        cls,
        rt: Runtime,
        session: Session,
        process: str,
        variables: Mapping[str, Any],
        actor: Actor,
        *,
        case: Case | None = None,
        box: CaseBox | None = None,
        parent_id: str | None = None,
        link_key: str | None = None,
    ) -> Step:
        """Create an instance of the newest version of `process` and run it to its first wait; call close() then."""
        version = rt.library.latest(process)
        if version is None:
            raise NotFound(f"No process {process} is deployed", f"流程 {process} 尚未部署")
        now = rt.clock.now()
        if box is None and case is not None:
            box = CaseBox(rt, session, case, now, actor.name, version.id)
        instance = Instance(
            id=str(uuid.uuid4()),
            definition_id=version.id,
            process=process,
            case_id=box.case.id if box else None,
            parent_id=parent_id,
            link_key=link_key,
            state="active",
            revision=0,
            blob=b"",
            created_at=now,
        )
        session.add(instance)
        session.flush()
        step = cls(rt, session, instance, actor, box, now)
        step.execution = engine.start(step.spec, variables, step)
        return step

    # ---- the engine's ports

    def now(self) -> datetime:
        """Return the time of the step (aware UTC)."""
        return self._now

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return the functions that diagrams may call besides FEEL's own."""
        return self._functions

    def facts(self) -> Mapping[str, Any]:
        """Return the names `case` and `profile`."""
        return {"case": self.box.context() if self.box else None, "profile": self._profile}

    def observe(self, event: ActivityEvent) -> None:
        """Write down what happened, and let it move the case's clocks and status."""
        element = event.element
        if element.type in QUIET:
            return
        self._history.append(
            {
                "instance_id": self.instance.id,
                "case_id": self.instance.case_id,
                "definition_id": self.instance.definition_id,
                "at": self._now,
                "process": element.process,
                "element_id": element.id,
                "task_id": event.task_id,
                "type": element.type,
                "activity": element.activity,
                "transition": event.transition,
                "actor": self.actor.name,
                "group_code": self._acting_group or element.lane,
                "attempt": event.attempt,
                "detail": dict(event.detail) or None,
            }
        )
        if (
            event.transition == "completed"
            and element.type == "endEvent"
            and element.process == self.instance.process
            and element.parent is None
        ):
            self._last_end = element.id
        if self.box is not None:
            self._move_case(self.box, event)

    def call(self, call: ServiceCall) -> Done | Parked:
        """Run a local handler now, or queue an effect or a call; raises what the handler raises."""
        operation = self.rt.registry.get(call.operation)
        if operation is None:
            raise StepFailed(
                f"No handler for {call.operation}", f"没有处理器 {call.operation}", element=call.element.id
            )
        if operation.kind is Kind.LOCAL:
            return Done(self._run_local(call, operation.run))
        key = f"{self.instance.id}:{call.task_id}:{call.attempt}"
        jobs.enqueue(
            self.session,
            call.operation,
            {
                "params": dict(call.params),
                "process": call.element.process,
                "element": call.element.id,
                "task": call.task_id,
                "waits": operation.kind is Kind.CALL,
                "case": self.instance.case_id,
            },
            key=key,
            now=self._now,
            instance_id=self.instance.id,
        )
        return Parked() if operation.kind is Kind.CALL else Done()

    def throw(self, name: str, correlation: str | None, payload: Mapping[str, Any]) -> None:
        """Put a message that leaves the instance into the inbox, in this transaction."""
        self._thrown += 1
        messages.accept(
            self.session,
            name,
            correlation,
            payload,
            now=self._now,
            source=self.instance.id,
            key=f"{self.instance.id}:{self.instance.revision}:{self._thrown}",
        )

    # ---- commands

    def complete(self, item: WorkItem, variables: Mapping[str, Any], *, on_behalf: bool = False) -> None:
        """Complete an open work item; raises Conflict when it is gone."""
        self._acting_group = item.group_code
        self.completed[item.id] = {
            "state": "completed",
            "completed_at": self._now,
            "completed_by": self.actor.name,
            "on_behalf": on_behalf,
            "assignee_id": item.assignee_id or self.actor.user_id,
        }
        self.execution.complete(item.id, variables)
        self._acting_group = None

    def settle(self) -> None:
        """Arm the timers as the milestones now are and fire what is due, until nothing moves."""
        for _ in range(SETTLE_ROUNDS):
            if self.box is not None:
                self.execution.rearm(self.box.clocks.due_times())
            before = len(self._history)
            self.execution.fire_due()
            if len(self._history) == before:
                return
        raise StepFailed("The diagram fires timers without end", "流程图的定时器无休止地触发")

    # ---- closing

    def close(self, *, settle: bool = True) -> None:
        """Write the state, its projections and the history."""
        if settle:
            self.settle()
        view = self.execution.view()
        if view.ended and self.instance.state == "active":
            self.instance.state, self.instance.ended_at, self.instance.outcome = "completed", self._now, self._last_end
        self.instance.blob = self.execution.dump()
        self.instance.revision += 1
        writes = Projections(self).write(view)
        if self._history or self.instance.case_id:  # a level or a clock of a case may change without an event
            writes.append(verdicts.marking(self.session, self.instance.case_id))
        if self._history:
            writes.append(inserting(History, self._history))
        send(self.session, writes)
        if self.box is not None:
            self._rearm_relatives(self.box)
        self.session.flush()
        after_commit(self.session, self.rt.woken)

    # ---- inner

    def _run_local(self, call: ServiceCall, run: Callable[..., Any]) -> Any:
        context = self._context_of(call)
        self.session.flush()
        # What a failed handler wrote is undone; the step goes on and an operator sees the incident.
        with self.session.begin_nested():
            try:
                return run(context, **call.params)
            except ChengnuoError:
                raise
            except (TypeError, ValueError, KeyError) as error:
                raise StepFailed(
                    f"{call.operation}: {error}", f"{call.operation} 处理失败：{error}", element=call.element.id
                ) from error

    def _context_of(self, call: ServiceCall) -> LocalContext:
        box, without = self.box, WithoutCase(call)
        case = box.case if box else None
        numbers = NumberDesk(self.session, self._now, self.rt.zone)
        return LocalContext(
            now=self._now,
            operation=call.operation,
            process=call.element.process,
            element_id=call.element.id,
            variables=call.variables,
            case=box.facts() if box else None,
            desk=box.desk if box else without,
            numbers=box.numbers if box else numbers,
            papers=box.papers if box else PaperDesk(self.session, None, self._now, numbers, self.actor.name),
            clocks=box.clocks if box else without,
            flows=Flows(self),
            staff=StaffDesk(self.session, case),
            figures=FigureDesk(self.session, self._now, box.calendar if box else self.rt.calendar(), numbers),
        )

    def _move_case(self, box: CaseBox, event: ActivityEvent) -> None:
        element = event.element
        if element.pauses and event.transition == "started":
            box.clocks.pause(element.pauses, element.pause_reason or "", event.task_id)
        if element.pauses and event.transition in {*DONE, "cancelled"}:
            box.clocks.resume(event.task_id)
        if event.transition not in DONE:
            return
        if element.milestone:
            box.clocks.reach(element.milestone)
        if element.status:
            box.desk.update(status=element.status)
        if element.closes_case:
            box.desk.update(state="closed", outcome=element.id, closed_at=self._now)

    def _rearm_relatives(self, box: CaseBox) -> None:
        """Queue a step for the case's other instances whose timers hang on a milestone that has moved."""
        for instance_id in Projections.bound_elsewhere(self.session, box.case.id, self.instance.id, box.clocks.changed):
            jobs.enqueue(
                self.session,
                jobs.TOUCH,
                {},
                key=f"touch:{instance_id}:{self.instance.id}:{self.instance.revision}",
                now=self._now,
                instance_id=instance_id,
            )


class WithoutCase:
    """Stands for what only a case has where there is none: a standing process asked for it by mistake."""

    def __init__(self, call: ServiceCall) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        """Refuse whatever is asked; raises StepFailed."""
        call = self._call
        raise StepFailed(f"{call.operation} needs a case", f"{call.operation} 需要所属个案", element=call.element.id)


class Flows:
    """Starts processes beside the case, in the step's transaction."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def start_linked(self, process: str, variables: Mapping[str, Any], *, key: str | None = None) -> str | None:
        """Start an instance linked to the case; None when `key` has started one before."""
        step = self._step
        if key is not None:
            key = f"{step.instance.case_id or step.instance.id}:{key}"
            if step.session.execute(select(Instance.id).where(Instance.link_key == key)).first() is not None:
                return None
        linked = Step.start(
            step.rt,
            step.session,
            process,
            variables,
            step.actor,
            box=step.box,
            parent_id=step.instance.id,
            link_key=key,
        )
        linked.close()
        return linked.instance.id

    def start_for(self, case_id: str, process: str, variables: Mapping[str, Any], *, key: str) -> str | None:
        """Start an instance linked to another case; None when `key` has started one before or the case is gone."""
        step, key = self._step, f"{case_id}:{key}"
        if step.session.execute(select(Instance.id).where(Instance.link_key == key)).first() is not None:
            return None
        case = locked(step.session, Case, case_id)
        if case is None:
            return None
        linked = Step.start(step.rt, step.session, process, variables, step.actor, case=case,
                            parent_id=step.instance.id, link_key=key)
        linked.close()
        return linked.instance.id

    def exists(self, process: str) -> bool:
        """Return whether the process is deployed."""
        return self._step.rt.library.latest(process) is not None


def run(rt: Runtime, instance_id: str, actor: Actor, command: Callable[[Step], T], **options: Any) -> T:
    """Run `command` on an instance as one step; raises NotFound, Conflict, Busy and what the command raises."""

    def work(session: Session) -> T:
        step = Step.open(rt, session, instance_id, actor, **options)
        result = command(step)
        step.close()
        return result

    return in_unit_of_work(work)


def start(
    rt: Runtime, session: Session, process: str, variables: Mapping[str, Any], actor: Actor, case: Case | None = None
) -> str:
    """Start an instance in the session's transaction; return its id."""
    step = Step.start(rt, session, process, variables, actor, case=case)
    step.close()
    return step.instance.id


def _not_active(instance: Instance) -> Conflict:
    words = {
        "suspended": ("The instance is suspended", "流程实例已挂起"),
        "completed": ("The instance has ended", "流程实例已结束"),
        "cancelled": ("The instance was cancelled", "流程实例已取消"),
    }
    english, chinese = words[instance.state]
    return Conflict(english, chinese, state=instance.state)
