"""The control room's list: which instances a line of search finds, how many of each kind, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy import case as when

from app.store.base import db
from app.store.models import (
    Case,
    Definition,
    Group,
    History,
    Incident,
    Instance,
    Milestone,
    Subscription,
    Timer,
    User,
    WorkItem,
)
from app.store.queries.case_page import NEXT_DUE, NEXT_STARTED, RUNNING, Scope, visible
from app.store.queries.control_behind import Figure, among, behind, verdict_of
from app.store.queries.inbox import Page, contained_in, matching

PAGE_SIZE = 50
EXPORT_BATCH = 500
SEES_STANDING = frozenset({"manager", "admin", "director", "compliance", "general_manager"})  # what has no case
RUNNING_STATES = ("active", "suspended")
FACET_SIZE = 8


@dataclass(frozen=True)
class Passed:
    """Instances in which an element ended in a span of time: the cases behind a number of the process picture."""

    process: str
    element: str
    since: datetime  # aware UTC
    until: datetime
    late: bool = False


@dataclass(frozen=True)
class InstanceFilter:
    """What is asked of the list; empty means any."""

    words: tuple[str, ...] = ()  # each is to be found in number, customer, phone, serial or order number, product
    states: tuple[str, ...] = ()
    level: str = ""
    type: str = ""
    status: str = ""
    customer: str = ""
    product: str = ""
    process: str = ""  # the instance's own, or one that it called and stands in
    element: str = ""  # id or part of the name of where it stands
    definitions: tuple[int, ...] | None = None  # versions, resolved
    owner_group: str = ""
    owner_user: int | None = None
    owner_name: str = ""
    unclaimed: bool = False
    overdue: bool = False
    incident: bool = False
    milestone: str = ""
    verdict: str = ""  # of that milestone: kept | broken | late | open
    since: datetime | None = None  # registered, or the milestone started, in [since, until)
    until: datetime | None = None
    passed: Passed | None = None
    figures: tuple[Figure, ...] = ()  # of the dashboard; [since, until) is their span then
    sort: str = "created"  # created | number | level | due
    descending: bool = True
    page: int = 1


@dataclass(frozen=True)
class Facets:
    """How many instances of the result are of each kind, the most frequent first."""

    total: int
    state: Sequence[tuple[str, int]]
    level: Sequence[tuple[str, int]]
    type: Sequence[tuple[str, int]]
    group: Sequence[tuple[str, int]]  # group codes of open tasks
    version: Sequence[tuple[str, int]]  # key/version
    element: Sequence[tuple[tuple[str, str, str], int]]  # (id, name, English name)
    overdue: int
    incident: int


def late_cases(now: datetime) -> Select[Any]:
    """Return the ids of cases with a clock that is overdue at `now`."""
    return select(Milestone.case_id).where(*RUNNING, Milestone.due_at < now)


def standing_at(element: str, process: str = "") -> Select[Any]:
    """Return the ids of instances that stand at an element: a task, a timer, a message or a failure waits there."""
    named = or_(WorkItem.element_id == element, contained_in(WorkItem.name, element), contained_in(
        WorkItem.name_en, element))
    task = [WorkItem.state == "open", *([WorkItem.process == process, WorkItem.element_id == element] if process
                                        else [named])]
    timer = [Timer.element_id == element, *([Timer.process == process] if process else [])]
    failed = [Incident.state == "open", Incident.element_id == element,
              *([Incident.process == process] if process else [])]
    found = union(
        select(WorkItem.instance_id).where(*task), select(Timer.instance_id).where(*timer),
        select(Subscription.instance_id).where(Subscription.element_id == element),
        select(Incident.instance_id).where(*failed),
    ).subquery()
    return select(found.c.instance_id)


def conditions(scope: Scope, asked: InstanceFilter) -> list[ColumnElement[bool]]:
    """Return what is asked as conditions on instances and cases; texts are looked up here, once."""
    found: list[ColumnElement[bool]] = []
    if not scope.everything:
        found.append(visible(scope, Instance.case_id))
    elif not scope.groups & SEES_STANDING:
        found.append(Instance.case_id.is_not(None))
    for column, value in ((Case.level, asked.level), (Case.type, asked.type), (Case.status, asked.status)):
        if value:
            found.append(column == value)
    for column, value in ((Case.customer_name, asked.customer), (Case.product_model, asked.product)):
        if value:
            found.append(contained_in(column, value))
    if asked.states:
        found.append(or_(*(Instance.state == one for one in asked.states)))
    if asked.definitions is not None:
        found.append(Instance.definition_id.in_(asked.definitions))
    return [*found, *map(_word, asked.words), *_standing(asked), *_judged(scope.now, asked)]


def _word(text: str) -> ColumnElement[bool]:
    """Return the condition that a case has a word in its number, customer, telephone, serial, order or product."""
    products = db.session.execute(select(Case.product_model).where(contained_in(Case.product_model, text)).distinct())
    models = [model for (model,) in products]
    by_case = matching(text, Instance.case_id)
    if not models:
        return by_case
    return or_(by_case, Instance.case_id.in_(select(Case.id).where(Case.product_model.in_(models))))


def _standing(asked: InstanceFilter) -> list[ColumnElement[bool]]:
    """The conditions on where an instance stands and who has it."""
    found: list[ColumnElement[bool]] = []
    open_item = select(WorkItem.instance_id).where(WorkItem.state == "open")
    if asked.process and not asked.element:
        found.append(or_(Instance.process == asked.process,
                         Instance.id.in_(open_item.where(WorkItem.process == asked.process))))
    if asked.element:
        found.append(Instance.id.in_(standing_at(asked.element, asked.process)))
    if asked.owner_group:
        found.append(Instance.id.in_(open_item.where(WorkItem.group_code == asked.owner_group)))
    if asked.owner_user is not None:
        found.append(or_(Instance.id.in_(open_item.where(WorkItem.assignee_id == asked.owner_user)),
                         and_(Case.owner_id == asked.owner_user, Case.state == "open")))
    if asked.owner_name and asked.owner_user is None and not asked.owner_group:
        users = select(User.id).where(or_(contained_in(User.display_name, asked.owner_name),
                                          contained_in(User.username, asked.owner_name)))
        found.append(Instance.id.in_(open_item.where(WorkItem.assignee_id.in_(users))))
    if asked.unclaimed:
        found.append(Instance.id.in_(open_item.where(WorkItem.assignee_id.is_(None))))
    return found


def _judged(now: datetime, asked: InstanceFilter) -> list[ColumnElement[bool]]:
    """The conditions on clocks, incidents and the past."""
    found: list[ColumnElement[bool]] = []
    if asked.overdue:
        found.append(overdue(now))
    if asked.incident:
        found.append(Instance.id.in_(select(Incident.instance_id).where(Incident.state == "open")))
    span = [*([Milestone.started_at >= asked.since] if asked.since else []),
            *([Milestone.started_at < asked.until] if asked.until else [])]
    if asked.milestone:
        clocks = select(Milestone.case_id).where(Milestone.name == asked.milestone, *span)
        verdict = verdict_of(now)
        clocks = clocks.where(verdict == asked.verdict if asked.verdict else verdict != "none")
        found += [among(Instance.case_id, clocks), Instance.parent_id.is_(None)]
    elif not asked.figures:
        found += [Instance.created_at >= asked.since] if asked.since else []
        found += [Instance.created_at < asked.until] if asked.until else []
    found += [behind(one, asked.since, asked.until, now) for one in asked.figures]
    if asked.passed:
        found.append(among(Instance.id, _passed(asked.passed)))
    return found


def _passed(asked: Passed) -> Select[Any]:
    query = select(History.instance_id).where(
        History.at >= asked.since, History.at < asked.until, History.process == asked.process,
        History.element_id == asked.element, History.transition.in_(("completed", "fired")))
    if not asked.late:
        return query
    late = WorkItem.completed_at > WorkItem.due_at
    return query.join(WorkItem, WorkItem.id == History.task_id).where(late)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an instance runs and a clock or a task of it is overdue."""
    late_task = select(WorkItem.instance_id).where(WorkItem.state == "open", WorkItem.due_at < now)
    return and_(Instance.state.in_(RUNNING_STATES),
                or_(and_(Instance.case_id.in_(late_cases(now)), Instance.parent_id.is_(None)),
                    Instance.id.in_(late_task)))


def _from(query: Any) -> Select[Any]:
    joined: Select[Any] = query.select_from(Instance).outerjoin(Case, Case.id == Instance.case_id)
    return joined


def _needs_case(asked: InstanceFilter) -> bool:
    return bool(asked.level or asked.type or asked.status or asked.customer or asked.product or asked.words
                or asked.owner_user is not None)


def _order(asked: InstanceFilter) -> list[Any]:
    column: Any = {"number": Case.number, "level": Case.level, "due": NEXT_DUE}.get(asked.sort, Instance.created_at)
    directed = column.desc() if asked.descending else column.asc()
    last = Instance.id.desc() if asked.descending else Instance.id.asc()
    if asked.sort == "created":
        return [directed, last]
    return [when((column.is_(None), 1), else_=0), directed, last]  # what has none comes last, on both databases


def page(found: Sequence[ColumnElement[bool]], asked: InstanceFilter, total: int, size: int = PAGE_SIZE) -> Page:
    """Return one page of what is `found` (conditions), `total` rows in all; a page beyond the end is the last one."""
    number = max(1, min(asked.page, -(-total // size)))
    plain = not _needs_case(asked) and asked.sort == "created"
    query = select(Instance.id) if plain else _from(select(Instance.id))
    ids = db.session.execute(
        query.where(*found).order_by(*_order(asked)).limit(size).offset((number - 1) * size)).scalars().all()
    return Page(rows_of(ids), number, total, size)


def rows_of(ids: Sequence[str]) -> list[Any]:
    """Return what the list shows of these instances, in this order."""
    query = (
        _from(select(
            Instance.id, Instance.process, Instance.state, Instance.created_at, Instance.ended_at, Instance.case_id,
            Instance.parent_id, Instance.definition_id, Definition.version, Definition.name, Definition.name_en,
            Case.number, Case.customer_name, Case.customer_phone, Case.customer_level, Case.product_model, Case.level,
            Case.type, Case.status, Case.description, Group.name_zh.label("group_zh"), Group.name_en.label("group_en"),
            NEXT_DUE.label("next_due"), NEXT_STARTED.label("next_started"),
        ))
        .join(Definition, Definition.id == Instance.definition_id)
        .outerjoin(Group, Group.code == Case.owner_group)
        .where(Instance.id.in_(ids))
    )
    rows = {row.id: row for row in db.session.execute(query)}
    return [rows[one] for one in ids if one in rows]


def export(scope: Scope, asked: InstanceFilter) -> Iterator[Any]:
    """Yield every row that the filter finds, newest first, read in batches; nothing is skipped or told twice."""
    wanted, after = conditions(scope, asked), None
    while True:
        query = _from(select(Instance.id, Instance.created_at)).where(*wanted)
        if after is not None:
            query = query.where(or_(Instance.created_at < after[1], and_(
                Instance.created_at == after[1], Instance.id < after[0])))
        query = query.order_by(Instance.created_at.desc(), Instance.id.desc()).limit(EXPORT_BATCH)
        found = db.session.execute(query).all()
        where = standing([row.id for row in found])
        for row in rows_of([row.id for row in found]):
            yield row, where.get(row.id, ())
        if len(found) < EXPORT_BATCH:
            return
        after = found[-1]


def facets(found: Sequence[ColumnElement[bool]], now: datetime) -> Facets:
    """Return how many of what is `found` (conditions) are of each kind: one pass over it, one over its open tasks."""
    late = when((overdue(now), 1), else_=0).label("late")
    failed = when((Instance.id.in_(select(Incident.instance_id).where(Incident.state == "open")), 1), else_=0)
    inner = _from(select(Instance.state, Instance.definition_id, Case.level, Case.type, late, failed.label("failed")))
    kinds = inner.where(*found).subquery()
    rows = db.session.execute(select(*kinds.c, func.count()).group_by(*kinds.c)).all()
    versions = {row.id: f"{row.key}/{row.version}" for row in
                db.session.execute(select(Definition.id, Definition.key, Definition.version))}

    def counted(place: int, names: Mapping[Any, str] | None = None) -> list[tuple[str, int]]:
        sums: dict[str, int] = {}
        for row in rows:
            key = names.get(row[place], "") if names else row[place]
            if key:
                sums[key] = sums.get(key, 0) + row[-1]
        return sorted(sums.items(), key=lambda one: (-one[1], one[0]))

    elements, groups = _open_tasks(found)
    return Facets(
        total=sum(row[-1] for row in rows), state=counted(0), version=counted(1, versions), level=sorted(counted(2)),
        type=counted(3), group=groups, element=elements, overdue=sum(row[-1] for row in rows if row[4]),
        incident=sum(row[-1] for row in rows if row[5]))


def _open_tasks(found: Sequence[ColumnElement[bool]]) -> tuple[list[Any], list[Any]]:
    """Return the elements and the groups that most of what is `found` stands at and with."""
    running = _from(select(Instance.id)).where(Instance.state.in_(RUNNING_STATES), *found)
    items = (
        select(WorkItem.element_id, WorkItem.name, WorkItem.name_en, WorkItem.group_code,
               func.count(WorkItem.instance_id.distinct()))
        .where(WorkItem.state == "open", WorkItem.instance_id.in_(running))
        .group_by(WorkItem.element_id, WorkItem.name, WorkItem.name_en, WorkItem.group_code)
    )
    elements: dict[tuple[str, str, str], int] = {}
    groups: dict[str, int] = {}
    for element, name, name_en, group, number in db.session.execute(items):
        elements[element, name, name_en] = elements.get((element, name, name_en), 0) + number
        if group:
            groups[group] = groups.get(group, 0) + number
    return tuple(sorted(some.items(), key=lambda one: -one[1])[:FACET_SIZE]  # type: ignore[return-value]
                 for some in (elements, groups))


@dataclass(frozen=True)
class Stand:
    """An open task of an instance, for a line of the list."""

    task_id: str
    name: str
    name_en: str
    group_code: str | None
    assignee: str | None
    due_at: datetime | None


def standing(ids: Sequence[str]) -> Mapping[str, Sequence[Stand]]:
    """Return the open tasks of instances, the most urgent first."""
    query = (
        select(WorkItem.instance_id, WorkItem.id, WorkItem.name, WorkItem.name_en, WorkItem.group_code,
               User.display_name, WorkItem.due_at)
        .outerjoin(User, User.id == WorkItem.assignee_id)
        .where(WorkItem.state == "open", WorkItem.instance_id.in_(ids))
        .order_by(when((WorkItem.due_at.is_(None), 1), else_=0), WorkItem.due_at, WorkItem.id)
    )
    found: dict[str, list[Stand]] = {}
    for row in db.session.execute(query):
        found.setdefault(row[0], []).append(Stand(*row[1:]))
    return found


def waits(ids: Sequence[str]) -> Sequence[Any]:
    """Return (instance, process, element, due) of the timers of instances, the next one first."""
    query = select(Timer.instance_id, Timer.process, Timer.element_id, Timer.due_at).where(Timer.instance_id.in_(ids))
    return db.session.execute(query.order_by(when((Timer.due_at.is_(None), 1), else_=0), Timer.due_at)).all()


def with_incident(ids: Sequence[str]) -> Mapping[str, int]:
    """Return how many open incidents each of these instances has."""
    query = (select(Incident.instance_id, func.count()).where(Incident.state == "open", Incident.instance_id.in_(ids))
             .group_by(Incident.instance_id))
    return {str(instance): int(number) for instance, number in db.session.execute(query)}


def definition_ids(process: str, version: int) -> tuple[int, ...]:
    """Return the versions of top processes that run a version of `process`: it itself, or those that called it then.

    A definition changes with everything that it reaches, so what was deployed from this version on and before the next
    one carries it.
    """
    rows = db.session.execute(
        select(Definition.id, Definition.key, Definition.version, Definition.deployment_id, Definition.reaches)
        .order_by(Definition.version)).all()
    own = [row for row in rows if row.key == process]
    this = next((row for row in own if row.version == version), None)
    if this is None:
        return ()
    later = next((row for row in own if row.version > version), None)
    path = f"processes/{process}/{process}.bpmn"
    callers = [row.id for row in rows if row.key != process and path in row.reaches
               and row.deployment_id >= this.deployment_id
               and (later is None or row.deployment_id < later.deployment_id)]
    return (this.id, *callers)


def versions_of(process: str) -> Sequence[Any]:
    """Return the versions of a process, newest first."""
    query = select(Definition.id, Definition.version, Definition.created_at, Definition.name, Definition.name_en)
    return db.session.execute(query.where(Definition.key == process).order_by(Definition.version.desc())).all()
