"""What the case pages show: the list, one case with all that hangs on it, and the places of its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, func, or_, select, union_all
from sqlalchemy import case as when

from app.store.base import db
from app.store.models import (
    Attachment,
    Audit,
    Case,
    CaseCopy,
    CaseLink,
    Comment,
    Communication,
    Definition,
    Document,
    DocumentCopy,
    Group,
    History,
    Incident,
    Instance,
    Milestone,
    Submission,
    Subscription,
    Timer,
    User,
    WorkItem,
)
from app.store.queries.inbox import PAGE_SIZE, Page, matching

HISTORY_SIZE = 200


@dataclass(frozen=True)
class CaseFilter:
    """What is asked of the list of cases."""

    text: str = ""
    type: str = ""
    level: str = ""
    state: str = ""
    status: str = ""
    late: bool = False
    sort: str = "registered"  # registered | number | level | due
    descending: bool = True
    page: int = 1


@dataclass(frozen=True)
class Scope:
    """Whose cases may be seen."""

    everything: bool
    user_id: int
    username: str
    groups: frozenset[str]
    now: datetime  # aware UTC


RUNNING = (Milestone.state == "open", Milestone.target_only.is_(False), Milestone.paused_at.is_(None))
NEXT_DUE = (
    select(func.min(Milestone.due_at))
    .where(
        Milestone.case_id == Case.id,
        *RUNNING,
    )
    .correlate(Case)
    .scalar_subquery()
)

NEXT_STARTED = (
    select(Milestone.started_at)
    .where(
        Milestone.case_id == Case.id,
        *RUNNING,
    )
    .order_by(Milestone.due_at, Milestone.id)
    .limit(1)
    .correlate(Case)
    .scalar_subquery()
)


def visible(scope: Scope, column: Any = Case.id) -> ColumnElement[bool]:
    """The same rule as Cases.may_see, as a condition on the id of a case."""
    # One list of ids, read once from indexes: asked row by row it would cost a look into every case's tasks.
    other_group = or_(WorkItem.group_code.is_(None), WorkItem.group_code.not_in(scope.groups))
    mine: CompoundSelect[Any] = union_all(
        select(WorkItem.case_id).where(WorkItem.group_code.in_(scope.groups), WorkItem.case_id.is_not(None)),
        select(WorkItem.case_id).where(
            WorkItem.assignee_id == scope.user_id, other_group, WorkItem.case_id.is_not(None)
        ),
        select(WorkItem.case_id).where(
            WorkItem.completed_by == scope.username, other_group, WorkItem.case_id.is_not(None)
        ),
        select(CaseCopy.case_id).where(CaseCopy.user_id == scope.user_id),
        select(Case.id).where(Case.registered_by == scope.username),
        select(Case.id).where(Case.owner_id == scope.user_id),
    )
    # An expression: cases are read in the order of an index and looked up in the set; else the set would be sorted.
    return (column + "").in_(mine)  # type: ignore[no-any-return]


def cases(scope: Scope, wanted: CaseFilter) -> Page:
    """Return one page of cases; a whole number or telephone is found by index, other text by what contains it."""
    conditions: list[ColumnElement[bool]] = [] if scope.everything else [visible(scope)]
    for column, value in (
        (Case.type, wanted.type),
        (Case.level, wanted.level),
        (Case.state, wanted.state),
        (Case.status, wanted.status),
    ):
        if value:
            conditions.append(column == value)
    if wanted.late:
        late = select(Milestone.case_id).where(*RUNNING, Milestone.due_at < scope.now)
        conditions.append(and_(Case.state == "open", Case.id.in_(late)))
    if wanted.text:
        conditions.append(matching(wanted.text, Case.id))
    total = db.session.execute(select(func.count()).select_from(Case).where(*conditions)).scalar_one()
    number = max(1, min(wanted.page, -(-total // PAGE_SIZE)))
    sorting: Any = {"number": Case.number, "level": Case.level, "due": NEXT_DUE}.get(wanted.sort, Case.registered_at)
    order = [sorting.desc() if wanted.descending else sorting.asc(), Case.id.desc() if wanted.descending else Case.id]
    if wanted.sort == "number":
        del order[1]  # there are no two of one number, and an index has this order
    if wanted.sort in ("level", "due"):  # may be missing: then last, on both databases
        order.insert(0, when((sorting.is_(None), 1), else_=0))
    # First the place, with what it takes to sort, then the whole rows of this page alone.
    ids = _ids(conditions, wanted.sort, order, (number - 1) * PAGE_SIZE)
    query = (
        select(
            Case.id,
            Case.number,
            Case.type,
            Case.level,
            Case.state,
            Case.status,
            Case.customer_name,
            Case.customer_phone,
            Case.customer_level,
            Case.product_model,
            Case.channel,
            Case.registered_at,
            Case.closed_at,
            Case.description,
            NEXT_DUE.label("next_due"),
            NEXT_STARTED.label("next_started"),
            Group.name_zh,
            Group.name_en,
        )
        .outerjoin(Group, Group.code == Case.owner_group)
        .where(Case.id.in_(ids))
    )
    rows = {row.id: row for row in db.session.execute(query)}
    return Page([rows[case_id] for case_id in ids if case_id in rows], number, total)


def _ids(conditions: Sequence[ColumnElement[bool]], sort: str, order: Sequence[Any], skip: int) -> Sequence[str]:
    """Return the ids of one page; a case without an open clock comes last when clocks are what is sorted by."""
    query = select(Case.id).where(*conditions)
    if sort != "due":
        return db.session.execute(query.order_by(*order).limit(PAGE_SIZE).offset(skip)).scalars().all()
    running = Case.id.in_(select(Milestone.case_id).where(*RUNNING))
    with_clock = db.session.execute(query.where(running).order_by(*order)).scalars().all()
    found = with_clock[skip : skip + PAGE_SIZE]
    without = query.where(~running).order_by(Case.registered_at.desc(), Case.id.desc())
    rest = without.limit(PAGE_SIZE - len(found)).offset(max(skip - len(with_clock), 0))
    return [*found, *db.session.execute(rest).scalars()] if len(found) < PAGE_SIZE else found


def statuses() -> list[str]:
    """Return the status wordings in use."""
    return sorted(db.session.execute(select(Case.status).distinct()).scalars())


def by_number(number: str) -> Case | None:
    """Return the case with this number, or (while it has none yet) this id."""
    return db.session.execute(select(Case).where(or_(Case.number == number, Case.id == number))).scalar_one_or_none()


@dataclass(frozen=True)
class Paper:
    """A paper with its copies."""

    row: Document
    copies: Sequence[DocumentCopy]


@dataclass(frozen=True)
class Filled:
    """One submitted form: all its versions, the newest first."""

    task: Any  # work item columns
    versions: Sequence[Submission]

    @property
    def newest(self) -> Submission:
        """The version that holds now."""
        return self.versions[0]


def family(case_id: str) -> Sequence[Any]:
    """Return the instances of a case with their version, oldest first."""
    query = (
        select(
            Instance.id,
            Instance.process,
            Instance.state,
            Instance.created_at,
            Instance.ended_at,
            Instance.outcome,
            Instance.reason,
            Instance.parent_id,
            Instance.definition_id,
            Definition.version,
            Definition.name,
            Definition.name_en,
        )
        .join(Definition, Definition.id == Instance.definition_id)
        .where(Instance.case_id == case_id)
        .order_by(Instance.created_at, Instance.id)
    )
    return db.session.execute(query).all()


def tasks(case_id: str) -> Sequence[Any]:
    """Return the work items of a case, open ones first, then the newest."""
    query = (
        select(
            WorkItem.id,
            WorkItem.instance_id,
            WorkItem.process,
            WorkItem.element_id,
            WorkItem.name,
            WorkItem.name_en,
            WorkItem.state,
            WorkItem.group_code,
            WorkItem.assignee_id,
            WorkItem.owner_id,
            WorkItem.due_at,
            WorkItem.remind_at,
            WorkItem.created_at,
            WorkItem.completed_at,
            WorkItem.completed_by,
            WorkItem.on_behalf,
            WorkItem.form_id,
            User.display_name.label("assignee"),
            Group.name_zh.label("group_zh"),
            Group.name_en.label("group_en"),
        )
        .outerjoin(User, User.id == WorkItem.assignee_id)
        .outerjoin(Group, Group.code == WorkItem.group_code)
        .where(WorkItem.case_id == case_id)
        .order_by(when((WorkItem.state == "open", 0), else_=1), WorkItem.created_at.desc(), WorkItem.id)
    )
    return db.session.execute(query).all()


def history(case_id: str, before: int | None = None, size: int = HISTORY_SIZE) -> Sequence[History]:
    """Return the newest events of a case, newest first; `before` continues."""
    query = select(History).where(History.case_id == case_id)
    if before is not None:
        query = query.where(History.seq < before)
    return db.session.execute(query.order_by(History.seq.desc()).limit(size)).scalars().all()


def papers(case_id: str) -> list[Paper]:
    """Return the papers of a case with their copies."""
    rows = db.session.execute(select(Document).where(Document.case_id == case_id).order_by(Document.id)).scalars().all()
    copies: dict[int, list[DocumentCopy]] = {row.id: [] for row in rows}
    if rows:
        query = select(DocumentCopy).where(DocumentCopy.document_id.in_(copies)).order_by(DocumentCopy.copy_no)
        for copy in db.session.execute(query).scalars():
            copies[copy.document_id].append(copy)
    return [Paper(row, copies[row.id]) for row in rows]


def paper(number: str) -> Paper | None:
    """Return the paper with a number and its copies, or None."""
    row = db.session.execute(select(Document).where(Document.number == number)).scalar_one_or_none()
    if row is None:
        return None
    query = select(DocumentCopy).where(DocumentCopy.document_id == row.id).order_by(DocumentCopy.copy_no)
    return Paper(row, db.session.execute(query).scalars().all())


def audit(case_id: str) -> Sequence[Audit]:
    """Return what was done to a case and by whom, oldest first."""
    return db.session.execute(select(Audit).where(Audit.case_id == case_id).order_by(Audit.id)).scalars().all()


def item_names(item_ids: Iterable[str]) -> Mapping[str, Any]:
    """Return what work items are called, rows with `name` and `name_en` by id."""
    query = select(WorkItem.id, WorkItem.name, WorkItem.name_en).where(WorkItem.id.in_(list(item_ids)))
    return {row.id: row for row in db.session.execute(query)}


def digests(case_id: str) -> Mapping[str, str]:
    """Return the SHA-256 of each file of a case by its id."""
    query = select(Attachment.id, Attachment.digest).where(Attachment.case_id == case_id)
    return {row.id: row.digest for row in db.session.execute(query)}


def contacts(case_id: str) -> Sequence[Communication]:
    """Return the contact log, newest first."""
    query = (
        select(Communication)
        .where(Communication.case_id == case_id)
        .order_by(Communication.at.desc(), Communication.id.desc())
    )
    return db.session.execute(query.limit(200)).scalars().all()


def comments(case_id: str) -> Sequence[Comment]:
    """Return the comments, oldest first."""
    return db.session.execute(select(Comment).where(Comment.case_id == case_id).order_by(Comment.id)).scalars().all()


def attachments(case_id: str) -> Sequence[Any]:
    """Return the files of a case, without their content."""
    query = (
        select(
            Attachment.id,
            Attachment.name,
            Attachment.media_type,
            Attachment.size,
            Attachment.received_via,
            Attachment.uploaded_at,
            Attachment.uploaded_by,
            Attachment.work_item_id,
        )
        .where(Attachment.case_id == case_id)
        .order_by(Attachment.uploaded_at)
    )
    return db.session.execute(query).all()


def file_names(ids: Sequence[str]) -> Mapping[str, str]:
    """Return the names of files by id."""
    if not ids:
        return {}
    return {
        row.id: row.name
        for row in db.session.execute(select(Attachment.id, Attachment.name).where(Attachment.id.in_(ids)))
    }


def filled(case_id: str) -> list[Filled]:
    """Return what was submitted in a case, by task, newest task first."""
    query = (
        select(
            Submission,
            WorkItem.id,
            WorkItem.name,
            WorkItem.name_en,
            WorkItem.form_id,
            WorkItem.process,
            WorkItem.instance_id,
            WorkItem.group_code,
            Instance.definition_id,
        )
        .join(WorkItem, WorkItem.id == Submission.work_item_id)
        .join(Instance, Instance.id == WorkItem.instance_id)
        .where(Submission.case_id == case_id)
        .order_by(Submission.id.desc())
    )
    found: dict[str, Filled] = {}
    for row in db.session.execute(query):
        one = found.setdefault(row.id, Filled(row, []))
        one.versions.append(row.Submission)  # type: ignore[attr-defined]
    return list(found.values())


def links(case_id: str) -> Sequence[Any]:
    """Return the linked cases, both ways."""
    other = when((CaseLink.case_id == case_id, CaseLink.other_id), else_=CaseLink.case_id)
    query = (
        select(CaseLink.kind, CaseLink.at, CaseLink.by, Case.number, Case.status, Case.type)
        .join(Case, Case.id == other)
        .where(or_(CaseLink.case_id == case_id, CaseLink.other_id == case_id))
        .order_by(CaseLink.id)
    )
    return db.session.execute(query).all()


def copies(case_id: str) -> Sequence[Any]:
    """Return who was given a copy of the case."""
    query = (
        select(User.display_name, CaseCopy.at, CaseCopy.by, CaseCopy.note)
        .join(User, User.id == CaseCopy.user_id)
        .where(CaseCopy.case_id == case_id)
        .order_by(CaseCopy.id)
    )
    return db.session.execute(query).all()


def open_incidents(case_id: str) -> Sequence[Incident]:
    """Return what of a case needs an operator."""
    return (
        db.session.execute(select(Incident).where(Incident.case_id == case_id, Incident.state == "open"))
        .scalars()
        .all()
    )


@dataclass(frozen=True)
class Places:
    """Where an instance stands, element by element of one diagram."""

    done: Mapping[str, int]  # element id -> how often completed
    active: frozenset[str]
    late: frozenset[str]
    failed: frozenset[str]
    events: Mapping[str, tuple[datetime, str, str]]  # element id -> last at, transition, actor


def places(instance_id: str, process: str, now: datetime) -> Places:
    """Return where an instance stands in one process's diagram, from its projections (five small statements)."""
    here = and_(History.instance_id == instance_id, History.process == process)
    done: dict[str, int] = {}
    events: dict[str, tuple[datetime, str, str]] = {}
    standing: dict[str, int] = {}
    for row in db.session.execute(
        select(History.element_id, History.transition, History.at, History.actor, History.type)
        .where(here)
        .order_by(History.seq)
    ):
        events[row.element_id] = (row.at, row.transition, row.actor)
        if row.transition in ("completed", "fired"):
            done[row.element_id] = done.get(row.element_id, 0) + 1
        if row.type in ("callActivity", "subProcess"):
            change = {"started": 1, "completed": -1, "cancelled": -1}.get(row.transition, 0)
            standing[row.element_id] = max(standing.get(row.element_id, 0) + change, 0)
    items = db.session.execute(
        select(WorkItem.element_id, WorkItem.due_at).where(
            WorkItem.instance_id == instance_id, WorkItem.process == process, WorkItem.state == "open"
        )
    ).all()
    waits = (
        db.session.execute(select(Timer.element_id).where(Timer.instance_id == instance_id, Timer.process == process))
        .scalars()
        .all()
    )
    messages = (
        db.session.execute(select(Subscription.element_id).where(Subscription.instance_id == instance_id))
        .scalars()
        .all()
    )
    failed = (
        db.session.execute(
            select(Incident.element_id).where(
                Incident.instance_id == instance_id, Incident.process == process, Incident.state == "open"
            )
        )
        .scalars()
        .all()
    )
    active = {row.element_id for row in items} | {name for name, count in standing.items() if count}
    late = {row.element_id for row in items if row.due_at is not None and row.due_at < now}
    return Places(
        done, frozenset(active | set(waits) | set(messages)), frozenset(late), frozenset(filter(None, failed)), events
    )


def timer_due(instance_id: str, process: str, element_ids: Sequence[str]) -> datetime | None:
    """Return when the first of these timers falls due (aware UTC), or None when none of them waits."""
    query = select(func.min(Timer.due_at)).where(
        Timer.instance_id == instance_id, Timer.process == process, Timer.element_id.in_(element_ids)
    )
    return db.session.execute(query).scalar_one_or_none()
