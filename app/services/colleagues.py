"""Working on a task with others: transfer, delegate, second opinion, countersign, copy, remind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldError, Invalid, NotFound
from app.facts import Actor
from app.services import audit, jobs
from app.services.independence import refuse_partial
from app.services.runtime import Runtime
from app.services.work import Work
from app.store.models import Audit, CaseCopy, Consultation, Membership, User, WorkItem
from app.store.unit_of_work import in_unit_of_work, locked

REMIND_EVERY = timedelta(hours=1)
ABOVE = frozenset({"supervisor", "manager", "department_head", "director"})  # may hand on what others have


class Colleagues:
    """The verbs that bring in somebody else."""

    def __init__(self, rt: Runtime, work: Work) -> None:
        self._rt, self._work = rt, work

    def transfer(self, task_id: str, to_username: str, note: str, actor: Actor) -> None:
        """Hand a task on for good (转办); raises NotFound, NotAllowed, Conflict, Invalid on "to"."""

        def apply(session: Session, item: WorkItem) -> None:
            self._mine_or_above(session, item, actor)
            user = self._colleague(session, to_username, item.group_code, "to")
            refuse_partial(self._rt, session, item, user.username)
            item.assignee_id, item.owner_id, item.claimed_at = user.id, None, self._rt.clock.now()
            item.revision += 1
            self._tell(session, item, user, "task_transferred", actor, note)

        self._work.change(
            task_id, actor, "transfer", apply, acts=not actor.groups & ABOVE, detail={"to": to_username, "note": note}
        )

    def delegate(self, task_id: str, to_username: str, note: str, actor: Actor) -> None:
        """Let a colleague do the work (委派); the task comes back to the actor, who completes it."""

        def apply(session: Session, item: WorkItem) -> None:
            self._mine_or_above(session, item, actor)
            user = self._colleague(session, to_username, None, "to")
            if user.id == actor.user_id:
                raise Invalid([FieldError("to", "Choose somebody else.", "请选择其他人。")])
            refuse_partial(self._rt, session, item, user.username)
            item.owner_id, item.assignee_id, item.claimed_at = actor.user_id, user.id, self._rt.clock.now()
            item.revision += 1
            self._tell(session, item, user, "task_delegated", actor, note)

        self._work.change(
            task_id, actor, "delegate", apply, acts=not actor.groups & ABOVE, detail={"to": to_username, "note": note}
        )

    def resolve(self, task_id: str, note: str, actor: Actor) -> None:
        """Give delegated work back to its owner, done; raises Conflict when it was not delegated to the actor."""

        def apply(session: Session, item: WorkItem) -> None:
            if item.owner_id is None or item.assignee_id != actor.user_id:
                raise Conflict("This task was not delegated to you", "此任务并非委派给您")
            owner = session.get(User, item.owner_id)
            item.assignee_id, item.owner_id = item.owner_id, None
            item.revision += 1
            if owner is not None:
                self._tell(session, item, owner, "task_resolved", actor, note)

        self._work.change(task_id, actor, "resolve", apply, acts=False, detail={"note": note})

    def ask(self, task_id: str, kind: str, of_username: str, question: str, actor: Actor) -> None:
        """Ask for a second opinion (加签) or a countersign (会签), which holds the task back until it is given."""
        if kind not in {"opinion", "countersign"}:
            raise Invalid([FieldError("kind", "opinion or countersign.", "应为加签或会签。")])
        if not question.strip():
            raise Invalid([FieldError("question", "Required.", "必填。")])

        def apply(session: Session, item: WorkItem) -> None:
            user = self._colleague(session, of_username, None, "of")
            if user.id == actor.user_id:
                raise Invalid([FieldError("of", "Choose somebody else.", "请选择其他人。")])
            session.add(
                Consultation(
                    work_item_id=item.id,
                    kind=kind,
                    asked_by=actor.user_id,
                    asked_of=user.id,
                    question=question.strip()[:2000],
                    asked_at=self._rt.clock.now(),
                    state="open",
                )
            )
            self._tell(session, item, user, f"{kind}_asked", actor, question)

        self._work.change(task_id, actor, f"ask_{kind}", apply, on_behalf=True, detail={"of": of_username})

    def answer(self, consultation_id: int, answer: str, agreed: bool | None, actor: Actor) -> None:
        """Answer what one was asked; raises NotFound, Conflict when it was answered or withdrawn, Invalid."""
        if not answer.strip():
            raise Invalid([FieldError("answer", "Required.", "必填。")])

        def work(session: Session) -> None:
            asked = self._question(session, consultation_id)
            if asked.asked_of != actor.user_id:
                raise NotFound("No such question", "没有这项征询")
            if asked.kind == "countersign" and agreed is None:
                raise Invalid([FieldError("agreed", "Say whether you agree.", "请表明是否同意。")])
            asked.answer, asked.agreed, asked.state = answer.strip()[:2000], agreed, "answered"
            asked.answered_at = self._rt.clock.now()
            item, asker = session.get(WorkItem, asked.work_item_id), session.get(User, asked.asked_by)
            if item is not None and asker is not None:
                self._tell(session, item, asker, "consultation_answered", actor, answer)
                self._record(session, actor, "answer", item, {"kind": asked.kind, "agreed": agreed})

        in_unit_of_work(work)

    def withdraw_question(self, consultation_id: int, actor: Actor) -> None:
        """Take a question back; only who asked may, or those above."""

        def work(session: Session) -> None:
            asked = session.get(Consultation, consultation_id)
            if asked is None or (asked.asked_by != actor.user_id and not actor.groups & ABOVE):
                raise NotFound("No such question", "没有这项征询")
            asked.state, asked.agreed = "withdrawn", None
            item = session.get(WorkItem, asked.work_item_id)
            if item is not None:
                self._record(session, actor, "withdraw_question", item, {"kind": asked.kind})

        in_unit_of_work(work)

    def copy(self, task_id: str, to_usernames: Sequence[str], note: str, actor: Actor) -> None:
        """Give colleagues a copy of the task's case to read (抄送); raises Invalid on "to"."""
        item = self._work.item(task_id, actor)
        if item.case_id is None:
            raise Invalid([FieldError("to", "There is no case to copy.", "没有可抄送的个案。")])
        self.copy_case(item.case_id, to_usernames, note, actor, item)

    def copy_case(
        self, case_id: str, to_usernames: Sequence[str], note: str, actor: Actor, item: WorkItem | None = None
    ) -> None:
        """Give colleagues a copy of a case that the actor sees (抄送)."""

        def work(session: Session) -> None:
            now = self._rt.clock.now()
            for username in to_usernames:
                user = self._colleague(session, username, None, "to")
                known = select(CaseCopy.id).where(CaseCopy.case_id == case_id, CaseCopy.user_id == user.id)
                if session.execute(known).first() is None:
                    session.add(CaseCopy(case_id=case_id, user_id=user.id, at=now, by=actor.name, note=note[:500]))
                self._notify(
                    session,
                    f"copy:{case_id}:{user.id}:{now.timestamp()}",
                    user,
                    "case_copied",
                    actor,
                    note,
                    case_id,
                    item,
                )
            audit.record(session, now, actor.name, "case:copy:create", case_id, case_id, {"to": list(to_usernames)})

        if not to_usernames:
            raise Invalid([FieldError("to", "Choose at least one colleague.", "请至少选择一位同事。")])
        in_unit_of_work(work)

    def remind(self, task_id: str, note: str, actor: Actor) -> None:
        """Urge whoever has the task (催办), at most once an hour; raises Conflict when it was just done."""

        def work(session: Session) -> None:
            item = locked(session, WorkItem, task_id)
            if item is None:
                raise NotFound("No such task", "没有这个任务")
            if item.state != "open":
                raise Conflict(
                    "This task is no longer open", "此任务已结束", by=item.completed_by, at=item.completed_at
                )
            now = self._rt.clock.now()
            last = session.execute(
                select(func.max(Audit.at)).where(Audit.subject == task_id, Audit.action == "work:task:remind")
            ).scalar_one_or_none()
            if last is not None and now - last < REMIND_EVERY:
                raise Conflict("This task was urged less than an hour ago", "一小时内已催办过", at=last)
            jobs.enqueue(
                session,
                "notify",
                self._letter([f"task:{item.id}"], "task_urged", actor, note, item, item.case_id),
                key=f"urge:{item.id}:{int(now.timestamp())}",
                now=now,
                instance_id=item.instance_id,
            )
            self._record(session, actor, "remind", item, {"note": note})

        in_unit_of_work(work)

    # ---- inner

    def _mine_or_above(self, session: Session, item: WorkItem, actor: Actor) -> None:
        if item.assignee_id not in (None, actor.user_id) and not actor.groups & ABOVE:
            raise self._work.taken(session, item)

    def _colleague(self, session: Session, username: str, group: str | None, field: str) -> User:
        user = session.execute(select(User).where(User.username == username, User.active)).scalar_one_or_none()
        if user is None:
            raise Invalid([FieldError(field, "There is no such colleague.", "没有这位同事。")])
        if group is not None and session.get(Membership, (user.id, group)) is None:
            raise Invalid(
                [FieldError(field, "This colleague is not in the task's group.", "该同事不属于此任务的岗位。")]
            )
        return user

    @staticmethod
    def _question(session: Session, consultation_id: int) -> Consultation:
        asked = session.get(Consultation, consultation_id, with_for_update=True)
        if asked is None:
            raise NotFound("No such question", "没有这项征询")
        if asked.state != "open":
            raise Conflict("This question is closed", "此征询已结束", at=asked.answered_at)
        return asked

    def _tell(self, session: Session, item: WorkItem, user: User, template: str, actor: Actor, note: str) -> None:
        key = f"{template}:{item.id}:{user.id}:{self._rt.clock.now().timestamp()}"
        self._notify(session, key, user, template, actor, note, item.case_id, item)

    def _notify(
        self,
        session: Session,
        key: str,
        user: User,
        template: str,
        actor: Actor,
        note: str,
        case_id: str | None,
        item: WorkItem | None,
    ) -> None:
        jobs.enqueue(
            session,
            "notify",
            self._letter([f"user:{user.username}"], template, actor, note, item, case_id),
            key=key,
            now=self._rt.clock.now(),
            instance_id=item.instance_id if item else None,
        )

    @staticmethod
    def _letter(
        to: list[str], template: str, actor: Actor, note: str, item: WorkItem | None, case_id: str | None
    ) -> dict[str, Any]:
        return {
            "params": {
                "to": to,
                "template": template,
                "by": actor.display_name or actor.name,
                "note": note[:500],
                "task_name": item.name if item else "",
                "task_name_en": (item.name_en or item.name) if item else "",
            },
            "process": item.process if item else "",
            "element": item.element_id if item else "",
            "task": item.id if item else None,
            "waits": False,
            "case": case_id,
        }

    def _record(self, session: Session, actor: Actor, verb: str, item: WorkItem, detail: dict[str, Any]) -> None:
        audit.record(session, self._rt.clock.now(), actor.name, f"work:task:{verb}", item.id, item.case_id, detail)
