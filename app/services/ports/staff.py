"""Who handled a case, and who may hear an appeal against it: the independence of B14-6.2, from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.facts import Fitness
from app.store.models import Case, Instance, Membership, Submission, User, WorkItem

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# The ladder of C-2.5.6; the appeals officer stands beside it and answers to the general manager (ANALYSIS O6).
RANKS = {"clerk": 1, "relations": 1, "engineer": 1, "logistics": 1, "warehouse": 1, "marketing": 1, "manufacturing": 1,
         "quality": 1, "finance": 1, "general_affairs": 1, "product": 1, "research": 1, "supervisor": 2,
         "tech_manager": 2, "department_head": 3, "task_force": 3, "manager": 3, "director": 4, "general_manager": 5,
         "appeals": 5}
TOP = 5
HEARS = frozenset({"supervisor", "department_head", "director", "general_manager", "appeals"})
CLAUSE = "B14-6.2"
# The appeal itself, and the office work beside a case, are not its handling.
BESIDE = ("appeal", "assessment", "customer_care", "rectification")


class StaffDesk:
    """The people of a case: `app.handling.Staff`."""

    def __init__(self, session: Session, case: Case | None) -> None:
        self._session, self._case = session, case

    def handlers(self) -> frozenset[str]:
        """Return the usernames of everybody who took part in handling the case: registered, held or completed."""
        if self._case is None:
            return frozenset()
        self._session.flush()
        known = set(self._session.scalars(select(User.username)))
        own = select(WorkItem.completed_by, User.username).outerjoin(User, User.id == WorkItem.assignee_id)
        own = own.join(Instance, Instance.id == WorkItem.instance_id)
        own = own.where(WorkItem.case_id == self._case.id, Instance.process.not_in(BESIDE))
        wrote = select(Submission.submitted_by).join(Instance, Instance.id == Submission.instance_id)
        wrote = wrote.where(Submission.case_id == self._case.id, Instance.process.not_in(BESIDE))
        owner = select(User.username).where(User.id == self._case.owner_id)
        found = {name for row in self._session.execute(own) for name in row}
        found |= set(self._session.scalars(wrote)) | set(self._session.scalars(owner)) | {self._case.registered_by}
        return frozenset(found & known)

    def highest(self) -> int:
        """Return the rank at which the case was handled: of the groups whose tasks were done, else of its owner's."""
        return max((RANKS.get(group, 1) for group in self.groups()), default=1)

    def groups(self) -> frozenset[str]:
        """Return the groups whose tasks of the case were done, and its owner's."""
        if self._case is None:
            return frozenset()
        done = select(WorkItem.group_code).join(Instance, Instance.id == WorkItem.instance_id)
        done = done.where(WorkItem.case_id == self._case.id, WorkItem.state == "completed",
                          Instance.process.not_in(BESIDE))
        return frozenset(str(group) for group in {*self._session.scalars(done), self._case.owner_group} if group)

    def fitness(self, username: str | None, at_least: str | None = None) -> Fitness:
        """Return whether the person may hear an appeal on the case (B14-6.2), and why not."""
        query = select(User).where(User.username == (username or ""), User.active)
        user = self._session.scalars(query).one_or_none()
        if user is None:
            return Fitness(False, "There is no such colleague.", "没有这位同事。")
        if user.username in self.handlers():
            return Fitness(False, f"{user.username} took part in handling the case and can't hear its appeal "
                           f"({CLAUSE}).", f"{user.display_name}参与过原案处理，不得办理其申诉（{CLAUSE}）。")
        groups = set(self._session.scalars(select(Membership.group_code).where(Membership.user_id == user.id)))
        if not groups & HEARS:
            return Fitness(False, f"{user.username} holds no office that hears appeals ({CLAUSE}).",
                           f"{user.display_name}的岗位不办理申诉（{CLAUSE}）。")
        rank = max(RANKS.get(group, 0) for group in groups & HEARS)
        needed = min(max(self.highest() + 1, RANKS.get(at_least or "", 0)), TOP)
        if rank < needed:
            return Fitness(False, f"{user.username} does not stand above who handled the case ({CLAUSE}).",
                           f"{user.display_name}的级别不高于原处理人（{CLAUSE}）。")
        return Fitness(True, "", "")

    def eligible(self, at_least: str | None = None) -> tuple[str, ...]:
        """Return the usernames of those who may hear it, dedicated officers first."""
        query = select(User.username, Membership.group_code).join(Membership, Membership.user_id == User.id)
        query = query.where(User.active, Membership.group_code.in_(HEARS)).order_by(User.id)
        rows = self._session.execute(query).all()
        names = dict.fromkeys(name for name, _ in sorted(rows, key=lambda row: row[1] != "appeals"))
        return tuple(name for name in names if self.fitness(name, at_least).ok)
