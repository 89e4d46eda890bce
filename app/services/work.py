"""Work items: seen, claimed, drafted, completed and corrected by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from app.engine import feel
from app.errors import ChengnuoError, Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import CUSTOMER_GROUP, Actor
from app.services import audit, step
from app.services.cases import SEES_ALL, Cases
from app.services.independence import refuse_naming, refuse_partial
from app.services.reading import Reading
from app.services.runtime import Runtime
from app.store import verdicts
from app.store.models import Attachment, Audit, Case, Consultation, Submission, User, WorkItem, WorkItemParty
from app.store.parties import remember
from app.store.unit_of_work import in_unit_of_work, insert_rows, locked
from app.userforms import FormContext, FormDefinition, bind, prefilled, serve, visibility

READS_ALL = frozenset({"manager", "director", "compliance"})
FREES = frozenset({"supervisor", "manager"})  # who may free a task that somebody else holds
# Those of some tasks that somebody was asked about, or had once.
HAD_PART = union_all(
    select(Consultation.work_item_id).where(Consultation.work_item_id.in_(bindparam("items", expanding=True)),
                                            Consultation.asked_of == bindparam("user")),
    select(WorkItemParty.work_item_id).where(WorkItemParty.work_item_id.in_(bindparam("items", expanding=True)),
                                             WorkItemParty.user_id == bindparam("user")),
)
COUNTERSIGNS = select(Consultation.state, Consultation.agreed).where(
    Consultation.work_item_id == bindparam("item"), Consultation.kind == "countersign"
)
OPEN_ITEMS = (
    select(WorkItem.id, WorkItem.case_id, WorkItem.group_code, WorkItem.assignee_id, WorkItem.owner_id,
           WorkItem.completed_by)  # what sees_plainly asks for
    .where(WorkItem.state == "open")
    .order_by(WorkItem.created_at)
)
# Who last changed who has a task; the index on the time finds it, tasks being young.
LAST_CHANGE = (
    select(Audit.actor, Audit.at)
    .where(Audit.at >= bindparam("since"), Audit.subject == bindparam("item"),
           Audit.action.in_([f"work:task:{verb}" for verb in ("claim", "release", "transfer", "delegate", "resolve")]))
    .order_by(Audit.id.desc())
    .limit(1)
)
OPEN_OF_CASE = OPEN_ITEMS.where(WorkItem.case_id == bindparam("of"))
OPEN_OF_INSTANCE = OPEN_ITEMS.where(WorkItem.instance_id == bindparam("of"))
DRAFT_LIMIT = 200_000  # characters of JSON


@dataclass(frozen=True)
class Completed:
    """What a completion led to."""

    case_number: str | None
    case_state: str | None
    next_tasks: tuple[str, ...]  # ids of the family's open tasks that the actor may see


@dataclass(frozen=True)
class ServedForm:
    """A task's form as it is shown now."""

    item: WorkItem
    definition: FormDefinition | None
    json: Mapping[str, Any] | None  # form-js, as served
    data: Mapping[str, Any]  # the draft, else what is prefilled; the submission when the task is done
    context: FormContext


class Work:
    """The verbs of people on work items."""

    def __init__(self, rt: Runtime, cases: Cases) -> None:
        self._rt, self._cases = rt, cases

    # ---- who may

    def may_see(self, item: WorkItem, actor: Actor) -> bool:
        """Return whether the actor may read the task, open or ended."""
        return bool(self._seen([item], actor))

    def _seen(self, items: Sequence[Any], actor: Actor) -> list[str]:
        """Return the ids of those that the actor may read: of work items, or of rows of their columns."""
        plain = {item.id for item in items if sees_plainly(item, actor)}
        rest = [item.id for item in items if item.id not in plain]
        if rest and actor.user_id is not None:
            plain |= set(self._rt.session().execute(HAD_PART, {"items": rest, "user": actor.user_id}).scalars())
        return [item.id for item in items if item.id in plain]

    def may_act(self, item: WorkItem, actor: Actor, *, on_behalf: bool = False) -> bool:
        """Return whether the actor may claim and complete the task."""
        if actor.is_system:
            return True
        if item.group_code == CUSTOMER_GROUP:
            if actor.case_id is not None:
                return item.case_id == actor.case_id
            return on_behalf and "clerk" in actor.groups
        return item.group_code in actor.groups or (actor.user_id is not None and actor.user_id == item.assignee_id)

    def item(self, task_id: str, actor: Actor) -> WorkItem:
        """Return the task, for reading; raises NotFound when it is not there for the actor."""
        item = self._rt.session().get(WorkItem, task_id)
        if item is None or not self.may_see(item, actor):
            raise NotFound("No such task", "没有这个任务")
        return item

    # ---- claiming

    def claim(self, task_id: str, actor: Actor) -> None:
        """Take a task; raises NotFound, NotAllowed, Conflict when somebody else has it."""

        def take(session: Session, item: WorkItem) -> None:
            if item.assignee_id == actor.user_id:
                return
            if item.assignee_id is not None:
                raise self.taken(session, item)
            refuse_partial(self._rt, session, item, actor.name)
            item.assignee_id, item.claimed_at = actor.user_id, self._rt.clock.now()
            item.revision += 1

        self.change(task_id, actor, "claim", take, on_behalf=True)

    def release(self, task_id: str, actor: Actor) -> None:
        """Give a task back to its group, a leader also another's; raises NotFound, NotAllowed, Conflict."""
        leads = bool(actor.groups & FREES)

        def give_back(session: Session, item: WorkItem) -> None:
            if item.assignee_id is not None and item.assignee_id != actor.user_id and not leads:
                raise self.taken(session, item)
            item.assignee_id, item.owner_id, item.claimed_at = None, None, None
            item.revision += 1

        self.change(task_id, actor, "release", give_back, on_behalf=True, acts=not leads)

    def follow_up(self, task_id: str, at: datetime | None, actor: Actor) -> None:
        """Set or clear when the actor wants to come back to the task (aware UTC)."""

        def set_date(session: Session, item: WorkItem) -> None:
            item.follow_up_at = at

        self.change(task_id, actor, "follow_up", set_date, on_behalf=True)

    def change(
        self,
        task_id: str,
        actor: Actor,
        verb: str,
        apply: Any,
        *,
        on_behalf: bool = False,
        acts: bool = True,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Change an open task's row under its lock, with an audit record; raises NotFound, NotAllowed, Conflict."""

        def work(session: Session) -> None:
            item = self.open_item(session, task_id, actor)
            if acts and not self.may_act(item, actor, on_behalf=on_behalf):
                raise NotAllowed("This task is for another group", "此任务属于其他岗位")
            holders = {item.assignee_id, item.owner_id}
            apply(session, item)
            for user_id in holders | {item.assignee_id, item.owner_id}:
                if user_id is not None:
                    remember(session, item.id, user_id)  # who had it once may read it ever after
            audit.record(
                session,
                self._rt.clock.now(),
                actor.name,
                f"work:task:{verb}",
                task_id,
                item.case_id,
                dict(detail or {}),
            )

        in_unit_of_work(work)

    def open_item(self, session: Session, task_id: str, actor: Actor) -> WorkItem:
        """Return the open task, locked; raises NotFound, Conflict with who ended it and when."""
        item = locked(session, WorkItem, task_id)
        if item is None or not self.may_see(item, actor):
            raise NotFound("No such task", "没有这个任务")
        if item.state != "open":
            raise gone(item)
        return item

    @staticmethod
    def taken(session: Session, item: WorkItem) -> Conflict:
        """Return the error for a task that somebody else has."""
        user = session.get(User, item.assignee_id)
        name = user.username if user else ""
        shown = user.display_name if user else ""
        return Conflict(f"{name} has claimed this task", f"{shown}已领取此任务", by=name, at=item.claimed_at)

    # ---- forms

    def form(self, task_id: str, actor: Actor) -> ServedForm:
        """Return the task's form as it is shown now; raises NotFound."""
        item = self.item(task_id, actor)
        definition, context = self._form_of(item, actor)
        if definition is None:
            return ServedForm(item, None, None, item.draft or {}, context)
        if item.state != "open":
            done = self.submission_of(item.id)
            return ServedForm(item, definition, serve(definition, context), done.data if done else {}, context)
        return ServedForm(
            item,
            definition,
            serve(definition, context),
            {**prefilled(definition, context), **(item.draft or {})},
            context,
        )

    def visibility(self, task_id: str, raw: Mapping[str, Any], actor: Actor) -> dict[str, list[str]]:
        """Return which fields these answers hide and which they make required."""
        item = self.item(task_id, actor)
        definition, context = self._form_of(item, actor)
        return visibility(definition, raw, context) if definition else {"hidden": [], "required": []}

    def save_draft(self, task_id: str, data: Mapping[str, Any], actor: Actor) -> datetime:
        """Keep half-typed answers with the task; return when (aware UTC)."""
        now = self._rt.clock.now()

        def work(session: Session) -> None:
            item = self.open_item(session, task_id, actor)
            if not self.may_act(item, actor, on_behalf=True):
                raise NotAllowed("This task is for another group", "此任务属于其他岗位")
            if len(str(data)) > DRAFT_LIMIT:
                raise Invalid([FieldError("", "The draft is too large.", "草稿过大。")])
            item.draft, item.draft_at, item.draft_by = dict(data), now, actor.name

        in_unit_of_work(work)
        return now

    def submission_of(self, task_id: str) -> Submission | None:
        """Return the newest version of what was filled in for a task."""
        query = select(Submission).where(Submission.work_item_id == task_id).order_by(Submission.id.desc()).limit(1)
        return self._rt.session().execute(query).scalar_one_or_none()

    # ---- completing

    def complete(
        self,
        task_id: str,
        raw: Mapping[str, Any],
        actor: Actor,
        revision: int | None = None,
        on_behalf: bool = False,
        locale: str = "zh",
    ) -> Completed:
        """Complete a task with what was filled in, as one step.

        Raises NotFound, NotAllowed, Invalid by field, and Conflict when somebody was first (who, when) or changed it.
        """

        def work(session: Session) -> Completed:
            moving = step.Step.open_of(self._rt, session, task_id, actor)
            self._complete(moving, task_id, raw, actor, revision, on_behalf)
            moving.close()
            return self._outcome(moving, actor)  # read before the commit: a transaction fewer

        try:
            return in_unit_of_work(work)
        except Conflict:
            self._refuse_ended(task_id, actor)
            raise

    def complete_many(
        self, answers: Sequence[tuple[str, Mapping[str, Any]]], actor: Actor, on_behalf: bool = False
    ) -> list[tuple[str, Completed | ChengnuoError]]:
        """Complete several tasks, each as a step of its own; return what became of each."""
        results: list[tuple[str, Completed | ChengnuoError]] = []
        for task_id, raw in answers:
            try:
                results.append((task_id, self.complete(task_id, raw, actor, on_behalf=on_behalf)))
            except ChengnuoError as error:
                results.append((task_id, error))
        return results

    def correct(self, submission_id: int, changes: Mapping[str, Any], reason: str, actor: Actor) -> int:
        """Correct a submitted form with a reason; the old version stays. Return the new version's id.

        What the diagram has branched on does not change; raises NotFound, NotAllowed, Invalid.
        """
        if not reason.strip():
            raise Invalid([FieldError("reason", "Say why.", "请说明更正原因。")])

        def work(session: Session) -> int:
            old = session.get(Submission, submission_id)
            item = session.get(WorkItem, old.work_item_id) if old else None
            if old is None or item is None or not self.may_see(item, actor):
                raise NotFound("No such form", "没有这份表单")
            if not (self.may_act(item, actor, on_behalf=True) or actor.groups & {"supervisor", "manager"}):
                raise NotAllowed("This form belongs to another group", "此表单属于其他岗位")
            definition, context = self._form_of(item, actor)
            if definition is None:
                raise NotFound("No such form", "没有这份表单")
            wrong = sorted(set(changes) & definition.variables)
            if wrong:
                raise Invalid(
                    [
                        FieldError(key, "The process has already used this answer.", "流程已据此继续，不能更正。")
                        for key in wrong
                    ]
                )
            newest = self.submission_of(item.id)
            bound = bind(definition, {**(newest or old).data, **changes}, context)
            new = Submission(
                work_item_id=item.id,
                instance_id=old.instance_id,
                case_id=old.case_id,
                form_id=old.form_id,
                data=dict(bound.data),
                submitted_at=self._rt.clock.now(),
                submitted_by=actor.name,
                corrects_id=(newest or old).id,
                reason=reason.strip(),
            )
            session.add(new)
            verdicts.mark(session, old.case_id)
            audit.record(
                session,
                self._rt.clock.now(),
                actor.name,
                "work:submission:correct",
                item.id,
                old.case_id,
                {"reason": reason.strip(), "fields": sorted(changes)},
            )
            session.flush()
            return new.id

        return in_unit_of_work(work)

    # ---- inner

    def _complete(self, moving: step.Step, task_id: str, raw: Mapping[str, Any], actor: Actor, revision: int | None,
                  on_behalf: bool) -> None:
        item = moving.items.get(task_id)
        if item is None:
            self._refuse_gone(moving.session, task_id, actor)
        self._check(moving.session, item, actor, revision, on_behalf=on_behalf,
                    countersigned=task_id in moving.countersigned)
        variables = self._submit(moving, item, raw, actor)
        on_behalf = on_behalf and item.group_code == CUSTOMER_GROUP
        moving.complete(item, variables, on_behalf=on_behalf)
        audit.record(
            moving.session,
            moving.now(),
            actor.name,
            "work:task:complete",
            task_id,
            item.case_id,
            {"element": item.element_id, **({"on_behalf": True} if on_behalf else {})},
        )

    def _check(self, session: Session, item: WorkItem, actor: Actor, revision: int | None, *, on_behalf: bool,
               countersigned: bool) -> None:
        if not self.may_see(item, actor):
            raise NotFound("No such task", "没有这个任务")
        if not self.may_act(item, actor, on_behalf=on_behalf):
            raise NotAllowed("This task is for another group", "此任务属于其他岗位")
        if item.assignee_id is not None and actor.user_id is not None and item.assignee_id != actor.user_id:
            raise self.taken(session, item)
        if actor.user_id is not None:
            refuse_partial(self._rt, session, item, actor.name)
        if revision is not None and revision != item.revision:
            raise changed(session, item)
        for state, agreed in session.execute(COUNTERSIGNS, {"item": item.id}).all() if countersigned else ():
            if state == "open":
                raise Conflict("A countersign is still missing", "会签尚未完成", countersign=True)
            if agreed is False:
                raise Conflict(
                    "A countersigner disagreed; withdraw the countersign or ask again",
                    "会签人不同意，请撤回会签或重新征询",
                    countersign=True,
                )

    def _submit(self, moving: step.Step, item: WorkItem, raw: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
        """Bind the answers, keep them, carry facts to the case; return the process variables."""
        version = moving.instance.definition_id
        data: Mapping[str, Any]
        variables: Mapping[str, Any]
        if item.form_id is None:
            data = variables = plain_answers(raw)
        else:
            definition = self._rt.library.form(version, item.form_id)
            context = self._context(moving.session, moving, item, actor)
            bound = bind(definition, raw, context)
            data, variables = bound.data, bound.variables
            if bound.case_facts and moving.box is not None:
                moving.box.desk.update(**bound.case_facts)
            paper = definition.paper.get("number_kind")
            if paper and moving.box is not None:
                moving.box.papers.fill(str(paper), data)  # a form that is a part of a paper
        refuse_naming(self._rt, moving.session, item, variables)
        row = {
            "work_item_id": item.id,
            "instance_id": item.instance_id,
            "case_id": item.case_id,
            "form_id": item.form_id,
            "data": dict(data),
            "submitted_at": moving.now(),
            "submitted_by": actor.name,
        }
        insert_rows(moving.session, Submission, [row])
        if item.form_id is not None and item.case_id is not None:
            self._claim_files(moving.session, item, data, actor)
        return variables

    @staticmethod
    def _claim_files(session: Session, item: WorkItem, data: Mapping[str, Any], actor: Actor) -> None:
        """Tie the actor's files that the answers name to the case; nobody else's become readable that way."""
        names = [value for value in _strings(data) if len(value) == 36]
        if names:
            session.execute(
                update(Attachment)
                .where(Attachment.id.in_(names), Attachment.case_id.is_(None), Attachment.uploaded_by == actor.name)
                .values(case_id=item.case_id, work_item_id=item.id)
            )

    def _form_of(self, item: WorkItem, actor: Actor) -> tuple[FormDefinition | None, FormContext]:
        reading = Reading.of(self._rt, item.instance_id)
        context = self._context(self._rt.session(), reading, item, actor)
        form = self._rt.library.form(reading.definition_id, item.form_id) if item.form_id else None
        return form, context

    def _context(self, session: Session, now: step.Step | Reading, item: WorkItem, actor: Actor) -> FormContext:
        task = next((task for task in now.execution.view().tasks if task.task_id == item.id), None)
        variables = {**(task.variables if task else {}), **now.facts(), "via_portal": actor.case_id is not None}
        functions = now.functions()

        def file_exists(file_id: str) -> bool:
            query = select(Attachment.id).where(Attachment.id == file_id)
            query = query.where((Attachment.case_id == item.case_id) | (Attachment.uploaded_by == actor.name))
            return session.execute(query).first() is not None

        def case_exists(number: str) -> bool:
            query = select(Case.number).where(Case.id != item.case_id, Case.number == number)
            return session.execute(query).first() is not None

        def similar_case() -> str | None:
            same_customer = Case.customer_phone == (variables.get("case") or {}).get("customer_phone")
            query = select(Case.number).where(Case.id != item.case_id)
            query = query.order_by(same_customer.desc(), Case.registered_at.desc()).limit(1)
            return session.execute(query).scalar_one_or_none()

        return FormContext(
            variables,
            evaluate=lambda text, names: feel.evaluate(text, names, functions),
            file_exists=file_exists,
            zone=self._rt.zone,
            case_exists=case_exists,
            similar_case=similar_case,
        )

    def _refuse_gone(self, session: Session, task_id: str, actor: Actor) -> NoReturn:
        item = session.get(WorkItem, task_id)
        if item is None or not self.may_see(item, actor):
            raise NotFound("No such task", "没有这个任务")
        raise gone(item)

    def _refuse_ended(self, task_id: str, actor: Actor) -> None:
        """Where the whole instance is over, say who ended the task rather than that the instance is over."""
        item = self._rt.session().get(WorkItem, task_id)
        if item is not None and not self.may_see(item, actor):
            raise NotFound("No such task", "没有这个任务")
        if item is not None and item.state != "open":
            raise gone(item)

    def _outcome(self, done: step.Step, actor: Actor) -> Completed:
        """Return what the committed step led to."""
        case = done.box.case if done.box else None
        query, of = (OPEN_OF_CASE, case.id) if case else (OPEN_OF_INSTANCE, done.instance.id)
        found = self._rt.session().execute(query, {"of": of}).all()
        return Completed(case.number if case else None, case.state if case else None, tuple(self._seen(found, actor)))


def sees_plainly(item: Any, actor: Actor) -> bool:
    """Return whether the task's own columns let the actor read it."""
    if actor.is_system or actor.groups & READS_ALL or item.group_code in actor.groups:
        return True
    if actor.case_id is not None:
        return bool(item.case_id == actor.case_id and item.group_code == CUSTOMER_GROUP)
    if item.group_code == CUSTOMER_GROUP and "clerk" in actor.groups:
        return True
    if actor.user_id is not None and actor.user_id in (item.assignee_id, item.owner_id):
        return True
    return bool(item.completed_by == actor.name)


def gone(item: WorkItem) -> Conflict:
    """Return the error that says kindly who ended a task and when."""
    by = item.completed_by
    if item.state == "completed":
        return Conflict(f"{by} has already completed this task", f"此任务已由 {by} 完成", by=by, at=item.completed_at)
    return Conflict("This task is no longer needed", "此任务已不再需要处理", by=None, at=item.completed_at)


def changed(session: Session, item: WorkItem) -> Conflict:
    """Return the error that says who changed an open task since it was opened, and when: the newest audited change."""
    newest = session.execute(LAST_CHANGE, {"item": item.id, "since": item.created_at}).first()
    return Conflict(
        "The task has changed since you opened it; look at it again",
        "打开后任务已有变动，请重新查看",
        revision=item.revision,
        by=newest.actor if newest else None,
        at=newest.at if newest else None,
    )


def plain_answers(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to a task without a form: flat names and plain values; raises Invalid."""
    errors = [
        FieldError(str(name), "A plain value under a plain name is expected.", "应为简单的名称与值。")
        for name, value in raw.items()
        if not _is_plain(name, value)
    ]
    if errors:
        raise Invalid(errors)
    return dict(raw)


def _is_plain(name: Any, value: Any) -> bool:
    scalar = value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= 4000)
    return isinstance(name, str) and name.isidentifier() and not name.startswith("_") and name != "typename" and scalar


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [found for inner in value.values() for found in _strings(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in _strings(inner)]
    return []


__all__ = ["READS_ALL", "SEES_ALL", "Completed", "ServedForm", "Work", "gone"]
