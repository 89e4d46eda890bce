"""What the API reads: cases, tasks, instances, history and incidents, scoped to who asks, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    and_,
    except_,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from app.facts import CUSTOMER_GROUP, Actor
from app.store.models import (
    Case,
    CaseCopy,
    Consultation,
    Definition,
    Document,
    History,
    Incident,
    Instance,
    Submission,
    Subscription,
    Timer,
    User,
    WorkItem,
    WorkItemParty,
)

Line: TypeAlias = Row[*tuple[Any, ...]]
Query: TypeAlias = Select[*tuple[Any, ...]]
TASK_STATES = ("open", "completed", "cancelled")
Place = tuple[Any, ...]  # sort key of the last row of a page


@dataclass(frozen=True)
class Scope:
    """Who asks, and what that person's roles open."""

    actor: Actor
    all_cases: bool  # serves any customer, or reads everything
    all_tasks: bool  # reads everything
    operates: bool = False  # looks after instances, whatever case they belong to


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    rows: Sequence[Line]
    next: Place | None  # where the next page begins, None at the end
    total: int


# Scopes: the only place that says who may read which row.


def group_tasks(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for the tasks that somebody may read for their groups."""
    return WorkItem.group_code.in_(_groups(actor))


def personal_tasks(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for the tasks that somebody has or had a part in."""
    return or_(*_parts(actor))


def _groups(actor: Actor) -> list[str]:
    return sorted(set(actor.groups) | ({CUSTOMER_GROUP} if "clerk" in actor.groups else set()))  # they speak for them


def _parts(actor: Actor) -> list[ColumnElement[bool]]:
    # Not tied to the row: a person's own part is a short list, read once.
    party = WorkItem.id.in_(select(WorkItemParty.work_item_id).where(WorkItemParty.user_id == actor.user_id))
    asked = WorkItem.id.in_(select(Consultation.work_item_id).where(Consultation.asked_of == actor.user_id))
    return [WorkItem.assignee_id == actor.user_id, WorkItem.owner_id == actor.user_id,
            WorkItem.completed_by == actor.name, party, asked]


def visible_tasks(scope: Scope) -> ColumnElement[bool]:
    """Return the condition for the tasks that the scope may read, open or ended."""
    if scope.actor.user_id is None:
        return false()
    return true() if scope.all_tasks else or_(group_tasks(scope.actor), personal_tasks(scope.actor))


def visible_cases(scope: Scope) -> ColumnElement[bool]:
    """Return the condition for the cases that the scope may read, made for lists."""
    actor = scope.actor
    if scope.all_cases or actor.user_id is None:
        return true() if scope.all_cases else false()
    # One set, joined once: EXISTS under an OR is asked row by row on PostgreSQL (4 s for 100,000 cases, seen).
    groups = _groups(actor)
    other_group = or_(WorkItem.group_code.is_(None), WorkItem.group_code.not_in(groups))
    mine: CompoundSelect[Any] = union_all(
        select(WorkItem.case_id).where(WorkItem.group_code.in_(groups), WorkItem.case_id.is_not(None)),
        *(select(WorkItem.case_id).where(part, other_group, WorkItem.case_id.is_not(None)) for part in _parts(actor)),
        select(CaseCopy.case_id).where(CaseCopy.user_id == actor.user_id),
        select(Case.id).where(Case.registered_by == actor.name),
        select(Case.id).where(Case.owner_id == actor.user_id),
    )
    # An expression: cases are read in the order of an index and looked up in the set; else the set would be sorted.
    return (Case.id + "").in_(mine)


def visible_case(scope: Scope) -> ColumnElement[bool]:
    """Return the same condition, made for one case: nothing is read beside it."""
    actor = scope.actor
    if scope.all_cases or actor.user_id is None:
        return true() if scope.all_cases else false()
    touched = _found(WorkItem.id, Case, WorkItem.case_id == Case.id, or_(group_tasks(actor), personal_tasks(actor)))
    copied = _found(CaseCopy.id, Case, CaseCopy.case_id == Case.id, CaseCopy.user_id == actor.user_id)
    return or_(Case.registered_by == actor.name, Case.owner_id == actor.user_id, copied, touched)


def visible_instances(scope: Scope) -> ColumnElement[bool]:
    """Return the condition for the instances that the scope may read."""
    if scope.operates or scope.all_tasks:
        return true()
    of_case = _found(Case.id, Instance, Case.id == Instance.case_id, visible_case(scope))
    of_task = _found(WorkItem.id, Instance, WorkItem.instance_id == Instance.id, visible_tasks(scope))
    return or_(of_case, of_task)


def _found(column: Any, outer: type[Any], *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return EXISTS, tied to `outer` alone: the query around it may join the same tables for other reasons."""
    return select(column).where(*where).correlate(outer).exists()


# Cases

CASE_COLUMNS = (Case.id, Case.number, Case.type, Case.level, Case.state, Case.status, Case.channel, Case.customer_name,
                Case.customer_phone, Case.customer_email, Case.customer_level, Case.product_model, Case.serial_no,
                Case.order_no, Case.purchase_date, Case.origin, Case.description, Case.urgency, Case.severity,
                Case.flags, Case.owner_group, Case.registered_at, Case.registered_by, Case.closed_at, Case.outcome,
                Case.access_key)


def cases(session: Session, scope: Scope, filters: Mapping[str, str], limit: int, after: Place | None) -> Page:
    """Return a page of cases, newest first, filtered by `state type level status phone order_no serial_no`."""
    columns = {"state": Case.state, "type": Case.type, "level": Case.level, "status": Case.status,
               "phone": Case.customer_phone, "order_no": Case.order_no, "serial_no": Case.serial_no}
    where = [visible_cases(scope), *(columns[name] == value for name, value in filters.items())]
    query = select(*CASE_COLUMNS).where(*where).order_by(Case.registered_at.desc(), Case.id.desc())
    if after is not None:
        query = query.where(tuple_(Case.registered_at, Case.id) < tuple_(*after))
    total = session.execute(select(func.count()).select_from(Case).where(*where)).scalar_one()
    return _page(session, query, limit, total, lambda row: (row.registered_at, row.id))


def case(session: Session, scope: Scope, number: str) -> Line | None:
    """Return the case of a number, or None where the scope may not see it."""
    return session.execute(select(*CASE_COLUMNS).where(Case.number == number, visible_case(scope))).one_or_none()


def case_by_id(session: Session, case_id: str) -> Line:
    """Return the case that was just registered."""
    return session.execute(select(*CASE_COLUMNS).where(Case.id == case_id)).one()


def main_instances(session: Session, case_ids: Sequence[str]) -> dict[str, str]:
    """Return the id of each case's own instance, the one that no other has started."""
    query = (select(Instance.case_id, Instance.id).where(Instance.case_id.in_(case_ids), Instance.parent_id.is_(None))
             .order_by(Instance.created_at.desc(), Instance.id.desc()))
    return {row.case_id: row.id for row in session.execute(query)}


def family(session: Session, case_id: str) -> Sequence[Line]:
    """Return the case's instances, oldest first."""
    query = (select(Instance.id, Instance.process, Instance.state, Definition.version)
             .join(Definition, Definition.id == Instance.definition_id)
             .where(Instance.case_id == case_id).order_by(Instance.created_at, Instance.id))
    return session.execute(query).all()


def documents(session: Session, case_id: str) -> Sequence[Line]:
    """Return the case's numbered papers, oldest first."""
    columns = (Document.number, Document.kind, Document.state, Document.copies, Document.supplements,
               Document.opened_at, Document.closed_at)
    return session.execute(select(*columns).where(Document.case_id == case_id).order_by(Document.id)).all()


# Tasks

TASK_COLUMNS = (WorkItem.id, Case.number.label("case_number"), WorkItem.instance_id, WorkItem.process,
                WorkItem.element_id, WorkItem.name, WorkItem.name_en, WorkItem.group_code,
                User.username.label("assignee"), WorkItem.state, WorkItem.level, WorkItem.milestone,
                WorkItem.created_at, WorkItem.due_at, WorkItem.completed_at, WorkItem.completed_by, WorkItem.on_behalf,
                WorkItem.form_id, WorkItem.revision)


def _tasks() -> Query:
    return (select(*TASK_COLUMNS).outerjoin(Case, Case.id == WorkItem.case_id)
            .outerjoin(User, User.id == WorkItem.assignee_id))


def tasks(session: Session, scope: Scope, filters: Mapping[str, str], limit: int, after: Place | None) -> Page:
    """Return a page of tasks, oldest first, filtered by `state group assignee case` (the whole family of a case)."""
    where = _wanted_tasks(filters)
    groups, total = _groups(scope.actor), select(func.count()).select_from(WorkItem).where(*where)
    states = [filters["state"]] if "state" in filters else list(TASK_STATES)
    theirs: list[tuple[Any, str]] = []
    one_person = filters.get("assignee", "none") != "none"
    if "case" in filters or one_person or scope.all_tasks or scope.actor.user_id is None:
        if scope.actor.user_id is None or filters.get("assignee") != scope.actor.name:  # one's own are seen anyway
            where.append(visible_tasks(scope))
            total = total.where(where[-1])
        parts = [true()] if "case" in filters else [WorkItem.state == state for state in states]
    else:
        theirs = _personal(session, scope.actor, filters)
        if "assignee" in filters:  # an expression, as below: groups come first
            where[-1] = func.coalesce(WorkItem.assignee_id, 0) == 0
            total = select(func.count()).select_from(WorkItem).where(*where)
        total = total.where(WorkItem.group_code.in_(groups))
        parts = [and_(WorkItem.group_code == group, WorkItem.state == state)
                 for group in groups if filters.get("group", group) == group for state in states]
    beyond = [tuple_(WorkItem.created_at, WorkItem.id) > tuple_(*after)] if after is not None else []
    # Each part is read in order from an index and cut at once; over all of them together, every task would be sorted.
    place = (WorkItem.created_at, WorkItem.id)
    heads = [select(*place).where(part, *where, *beyond).order_by(*place).limit(limit + 1).subquery() for part in parts]
    found = [place_ for place_ in theirs if after is None or place_ > tuple(after)]
    if heads:
        found += [(row[0], row[1]) for row in session.execute(union_all(*(select(*head.c) for head in heads)))]
    ids = [task_id for _at, task_id in sorted(found)[: limit + 1]]
    query = _tasks().where(WorkItem.id.in_(ids)).order_by(*place)
    number = session.execute(total).scalar_one() + len(theirs)
    return _page(session, query, limit, number, lambda row: (row.created_at, row.id))


def _wanted_tasks(filters: Mapping[str, str]) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if "state" in filters:
        # Of a case's few tasks the state is asked as an expression: else SQLite would begin with every open task.
        state = WorkItem.state + "" if "case" in filters else WorkItem.state
        where.append(state == filters["state"])
    if "group" in filters:
        where.append(WorkItem.group_code == filters["group"])
    if "assignee" in filters:
        name = filters["assignee"]
        user = select(User.id).where(User.username == name).scalar_subquery()
        where.append(WorkItem.assignee_id.is_(None) if name == "none" else WorkItem.assignee_id == user)
    if "case" in filters:
        where.append(WorkItem.case_id == select(Case.id).where(Case.number == filters["case"]).scalar_subquery())
    return where


def _personal(session: Session, actor: Actor, filters: Mapping[str, str]) -> list[tuple[Any, str]]:
    """Return (created at, id) of the actor's own tasks of other groups, in order; they are few."""
    groups = _groups(actor)
    if filters.get("group") in groups:
        return []
    other_group = or_(WorkItem.group_code.is_(None), WorkItem.group_code.not_in(groups))
    me = actor.user_id
    # Each of these is answered by an index alone; only what is left, a few, is looked up.
    assigned = select(WorkItem.id).where(WorkItem.assignee_id == me)
    passed_on = except_(select(WorkItemParty.work_item_id).where(WorkItemParty.user_id == me), assigned).subquery()
    own = union(
        assigned.where(other_group), select(passed_on), select(WorkItem.id).where(WorkItem.owner_id == me),
        select(WorkItem.id).where(WorkItem.completed_by == actor.name, other_group),
        select(Consultation.work_item_id).where(Consultation.asked_of == me))
    ids = session.execute(own).scalars().all()
    found: list[tuple[Any, str]] = []
    for start in range(0, len(ids), 1000):
        these = WorkItem.id.in_(ids[start:start + 1000])
        query = select(WorkItem.created_at, WorkItem.id, WorkItem.state, WorkItem.group_code, WorkItem.assignee_id)
        found += [(row.created_at, row.id) for row in session.execute(query.where(these, other_group))
                  if filters.get("state", row.state) == row.state
                  and filters.get("group", row.group_code) == row.group_code
                  and ("assignee" not in filters or row.assignee_id is None)]
    return sorted(found)


def task(session: Session, scope: Scope, task_id: str) -> Line | None:
    """Return a task, open or ended, or None where the scope may not see it."""
    return session.execute(_tasks().where(WorkItem.id == task_id, visible_tasks(scope))).one_or_none()


def open_tasks(session: Session, scope: Scope, *, case_id: str | None = None,
               instance_id: str | None = None) -> Sequence[Line]:
    """Return the open tasks of a case or of an instance that the scope may see, oldest first."""
    of = WorkItem.case_id == case_id if case_id is not None else WorkItem.instance_id == instance_id
    query = _tasks().where(of, WorkItem.state == "open", visible_tasks(scope))
    return session.execute(query.order_by(WorkItem.created_at, WorkItem.id)).all()


def submitted(session: Session, task_id: str) -> Mapping[str, Any]:
    """Return what was filled in for an ended task, corrections included; empty when nothing was."""
    query = select(Submission.data).where(Submission.work_item_id == task_id).order_by(Submission.id.desc()).limit(1)
    return session.execute(query).scalar_one_or_none() or {}


# Instances

def instance(session: Session, scope: Scope, instance_id: str) -> Line | None:
    """Return an instance, or None where the scope may not see it."""
    columns = (Instance.id, Instance.process, Definition.version, Instance.definition_id,
               Case.number.label("case_number"), Instance.state, Instance.revision, Instance.parent_id,
               Instance.created_at, Instance.ended_at, Instance.outcome, Instance.reason)
    query = (select(*columns).join(Definition, Definition.id == Instance.definition_id)
             .outerjoin(Case, Case.id == Instance.case_id).where(Instance.id == instance_id, visible_instances(scope)))
    return session.execute(query).one_or_none()


def waiting_timers(session: Session, instance_id: str) -> Sequence[Line]:
    """Return the timers that the instance waits for, the next one first."""
    query = select(Timer.element_id, Timer.due_at, Timer.milestone).where(Timer.instance_id == instance_id)
    return session.execute(query.order_by(Timer.due_at.is_(None), Timer.due_at, Timer.id)).all()


def awaited_messages(session: Session, instance_id: str) -> Sequence[Line]:
    """Return the messages that the instance waits for."""
    query = select(Subscription.element_id, Subscription.message, Subscription.correlation)
    return session.execute(query.where(Subscription.instance_id == instance_id).order_by(Subscription.id)).all()


def history(session: Session, instance_id: str, limit: int, after: Place | None) -> Page:
    """Return a page of the instance's events, in order."""
    columns = (History.seq, History.at, History.instance_id, History.definition_id, Definition.version,
               History.process, History.element_id, History.type, History.activity, History.transition, History.actor,
               History.group_code, History.attempt)
    query = (select(*columns).join(Definition, Definition.id == History.definition_id)
             .where(History.instance_id == instance_id).order_by(History.seq))
    if after is not None:
        query = query.where(History.seq > after[0])
    total = session.execute(select(func.count()).where(History.instance_id == instance_id)).scalar_one()
    return _page(session, query, limit, total, lambda row: (row.seq,))


# Definitions and incidents

def definitions(session: Session, filters: Mapping[str, str], limit: int, after: Place | None) -> Page:
    """Return a page of deployed versions, newest first, filtered by `key`."""
    where = [Definition.key == filters["key"]] if "key" in filters else []
    columns = (Definition.id, Definition.key, Definition.version, Definition.name, Definition.name_en, Definition.kind,
               Definition.digest, Definition.deployment_id, Definition.created_at)
    query = select(*columns).where(*where).order_by(Definition.id.desc())
    if after is not None:
        query = query.where(Definition.id < after[0])
    total = session.execute(select(func.count()).select_from(Definition).where(*where)).scalar_one()
    return _page(session, query, limit, total, lambda row: (row.id,))


def incidents(session: Session, filters: Mapping[str, str], limit: int, after: Place | None) -> Page:
    """Return a page of incidents, newest first, filtered by `state instance`."""
    columns = {"state": Incident.state, "instance": Incident.instance_id}
    where = [columns[name] == value for name, value in filters.items()]
    query = (select(*INCIDENT_COLUMNS).outerjoin(Case, Case.id == Incident.case_id).where(*where)
             .order_by(Incident.id.desc()))
    if after is not None:
        query = query.where(Incident.id < after[0])
    total = session.execute(select(func.count()).select_from(Incident).where(*where)).scalar_one()
    return _page(session, query, limit, total, lambda row: (row.id,))


def incident(session: Session, incident_id: int) -> Line | None:
    """Return one incident, or None."""
    query = select(*INCIDENT_COLUMNS).outerjoin(Case, Case.id == Incident.case_id).where(Incident.id == incident_id)
    return session.execute(query).one_or_none()


INCIDENT_COLUMNS = (Incident.id, Incident.instance_id, Case.number.label("case_number"), Incident.process,
                    Incident.element_id, Incident.kind, Incident.message_zh, Incident.message_en, Incident.attempts,
                    Incident.state, Incident.created_at, Incident.resolved_at, Incident.resolved_by,
                    Incident.resolution)


def _page(session: Session, query: Query, limit: int, total: int, place: Any) -> Page:
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], place(rows[limit - 1]) if more else None, total)
