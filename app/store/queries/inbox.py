"""The inbox: which work items somebody sees, filtered, sorted and paged; one counting and one listing statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import aliased

from app.store.base import db
from app.store.models import Case, Consultation, Definition, Group, Instance, SavedView, User, WorkItem

PAGE_SIZE = 50
BOXES = ("mine", "group", "asked", "follow_up", "done")
FEW = 500  # cases that a search finds before it is narrowed by reading them one by one
NAMES = (Case.customer_name,)  # what may be searched in Chinese
Assignee, Owner = aliased(User), aliased(User)


@dataclass(frozen=True)
class InboxFilter:
    """What is asked of the inbox."""

    box: str = "group"  # one of BOXES
    group: str = ""
    process: str = ""
    level: str = ""
    type: str = ""
    due: str = ""  # late | soon | today | none
    text: str = ""  # number, customer, phone, order or serial number
    sort: str = "due"  # due | level | created | name | case
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class Page:
    """A page of rows, and where it stands."""

    rows: Sequence[Any]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        """Place of the first row, from 1; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Place of the last row."""
        return min(self.number * self.size, self.total)


@dataclass(frozen=True)
class Seer:
    """Who looks, and when."""

    user_id: int
    username: str
    groups: frozenset[str]
    now: datetime  # aware UTC
    day_end: datetime  # end of today in the company's zone, aware UTC


COLUMNS: tuple[Any, ...] = (
    WorkItem.id,
    WorkItem.name,
    WorkItem.name_en,
    WorkItem.process,
    WorkItem.form_id,
    WorkItem.group_code,
    WorkItem.level,
    WorkItem.assignee_id,
    WorkItem.owner_id,
    WorkItem.state,
    WorkItem.milestone,
    WorkItem.created_at,
    WorkItem.due_at,
    WorkItem.remind_at,
    WorkItem.follow_up_at,
    WorkItem.draft_at,
    WorkItem.completed_at,
    WorkItem.completed_by,
    WorkItem.revision,
    Assignee.display_name.label("assignee"),
    Owner.display_name.label("owner"),
    Group.name_zh.label("group_zh"),
    Group.name_en.label("group_en"),
    Case.id.label("case_id"),
    Case.number,
    Case.type.label("case_type"),
    Case.status,
    Case.customer_name,
    Case.customer_phone,
    Case.customer_level,
    Case.product_model,
)


def _boxed(seer: Seer, box: str) -> ColumnElement[bool]:
    mine = WorkItem.assignee_id == seer.user_id
    if box == "done":
        return and_(WorkItem.state == "completed", WorkItem.completed_by == seer.username)
    if box == "mine":
        return and_(WorkItem.state == "open", mine)
    if box == "follow_up":
        return and_(
            WorkItem.state == "open",
            WorkItem.follow_up_at.is_not(None),
            or_(mine, and_(WorkItem.assignee_id.is_(None), WorkItem.group_code.in_(seer.groups))),
        )
    if box == "asked":
        open_question = select(Consultation.work_item_id).where(
            Consultation.asked_of == seer.user_id, Consultation.state == "open"
        )
        return WorkItem.id.in_(open_question)
    # What the clerk may enter for the customer belongs to the clerks' box (ARCHITECTURE section 8).
    groups = seer.groups | ({"customer"} if "clerk" in seer.groups else frozenset())
    return and_(WorkItem.state == "open", WorkItem.assignee_id.is_(None), WorkItem.group_code.in_(groups))


def _conditions(seer: Seer, wanted: InboxFilter) -> list[ColumnElement[bool]]:
    found = [_boxed(seer, wanted.box)]
    if wanted.group:
        found.append(WorkItem.group_code == wanted.group)
    if wanted.process:
        found.append(WorkItem.process == wanted.process)
    if wanted.level:
        found.append(WorkItem.level == wanted.level)
    if wanted.type:
        found.append(Case.type == wanted.type)
    if wanted.text:
        found.append(matching(wanted.text, WorkItem.case_id))
    due = {
        "late": WorkItem.due_at < seer.now,
        "soon": and_(WorkItem.due_at >= seer.now, WorkItem.remind_at <= seer.now),
        "today": and_(WorkItem.due_at >= seer.now, WorkItem.due_at < seer.day_end),
        "none": WorkItem.due_at.is_(None),
    }.get(wanted.due)
    if due is not None:
        found.append(due)
    return found


def matches(text: str) -> ColumnElement[bool]:
    """Return the condition that a case's number, customer, phone, order or serial number contains `text`."""
    wanted = text.strip()
    numbers = (Case.number, Case.customer_phone, Case.serial_no, Case.order_no)
    # Of years of cases every one is looked at: only the columns that can hold such a text, and case only where it is.
    columns = numbers if wanted.isdecimal() else (*numbers, Case.customer_name) if wanted.isascii() else NAMES
    return or_(*(contained_in(column, wanted) for column in columns))


def contained_in(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that a column contains `text`, large and small letters alike."""
    wanted = text.strip()
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # SQLite's LIKE knows no case of its own, and only that of ASCII.
    has_case = db.engine.dialect.name != "sqlite" and any(letter.isalpha() for letter in wanted if letter.isascii())
    like = column.ilike if has_case else column.like
    return like(f"%{escaped}%", escape="\\")  # type: ignore[no-any-return]


def matching(text: str, column: Any) -> ColumnElement[bool]:
    """Return the condition that `column` names a case that `text` finds: a whole number or telephone goes first."""
    exact = (Case.number, Case.customer_phone, Case.serial_no, Case.order_no)
    whole = select(Case.id).where(or_(*(one == text.strip() for one in exact))).limit(FEW + 1)
    ids = db.session.execute(whole).scalars().all()
    ids = ids or db.session.execute(select(Case.id).where(matches(text)).limit(FEW + 1)).scalars().all()
    return column.in_(ids if len(ids) <= FEW else select(Case.id).where(matches(text)))  # type: ignore[no-any-return]


def _order(wanted: InboxFilter) -> list[ColumnElement[Any]]:
    if wanted.box == "done" and wanted.sort == "due":
        at, by_id = WorkItem.completed_at, WorkItem.id
        return [at.asc(), by_id.asc()] if wanted.descending else [at.desc(), by_id.desc()]
    column: Any = {
        "level": WorkItem.level,
        "created": WorkItem.created_at,
        "name": WorkItem.name,
        "case": Case.number,
        "follow_up": WorkItem.follow_up_at,
    }.get(wanted.sort, WorkItem.due_at)
    # What has no value comes last either way, on both databases.
    empty_last = when((column.is_(None), 1), else_=0)
    return [
        empty_last,
        column.desc() if wanted.descending else column.asc(),
        WorkItem.created_at.asc(),
        WorkItem.id.asc(),
    ]


def _joined(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(WorkItem)
        .outerjoin(Case, Case.id == WorkItem.case_id)
        .outerjoin(Assignee, Assignee.id == WorkItem.assignee_id)
        .outerjoin(Owner, Owner.id == WorkItem.owner_id)
        .outerjoin(Group, Group.code == WorkItem.group_code)
    )


def page(seer: Seer, wanted: InboxFilter, size: int = PAGE_SIZE) -> Page:
    """Return one page of the inbox; a page beyond the end becomes the last one."""
    conditions = _conditions(seer, wanted)
    # Cases are joined for counting and ordering only where they are asked for.
    alone: Any = WorkItem.__table__
    joined = alone.outerjoin(Case.__table__, Case.id == WorkItem.case_id)
    counted = select(func.count()).select_from(joined if wanted.type else alone).where(*conditions)
    total = db.session.execute(counted).scalar_one()
    wanted = replace(wanted, page=max(1, min(wanted.page, -(-total // size))))
    # First the place, with what it takes to sort, then the whole rows of this page alone.
    narrow = joined if wanted.type or wanted.sort == "case" else alone
    shown = select(WorkItem.id).select_from(narrow).where(*conditions).order_by(*_order(wanted))
    ids = db.session.execute(shown.limit(size).offset((wanted.page - 1) * size)).scalars().all()
    rows = {row.id: row for row in db.session.execute(_joined(select(*COLUMNS)).where(WorkItem.id.in_(ids)))}
    return Page([rows[task_id] for task_id in ids if task_id in rows], wanted.page, total, size)


def counts(seer: Seer) -> Mapping[str, int]:
    """Return how many items each box holds, in one statement (done ones are not counted)."""
    columns = [
        select(func.count()).select_from(WorkItem).where(_boxed(seer, box)).scalar_subquery().label(box)
        for box in BOXES
        if box != "done"
    ]
    return dict(db.session.execute(select(*columns)).one()._mapping)


def questions(user_id: int) -> Mapping[str, Consultation]:
    """Return the open questions that a user is asked, by work item."""
    query = select(Consultation).where(Consultation.asked_of == user_id, Consultation.state == "open")
    return {row.work_item_id: row for row in db.session.execute(query).scalars()}


@dataclass(frozen=True)
class ProcessName:
    """A process as it is called."""

    key: str
    name: str
    name_en: str


def process_names() -> list[ProcessName]:
    """Return every deployed process once, by key, with its newest name."""
    found = {
        row.key: ProcessName(row.key, row.name, row.name_en)
        for row in db.session.execute(
            select(Definition.key, Definition.name, Definition.name_en).order_by(Definition.version)
        )
    }
    return sorted(found.values(), key=lambda one: one.key)


def saved_views(user_id: int, page_name: str = "inbox") -> Sequence[SavedView]:
    """Return a user's saved views of a page."""
    query = select(SavedView).where(SavedView.user_id == user_id, SavedView.page == page_name).order_by(SavedView.name)
    return db.session.execute(query).scalars().all()


def work_item(task_id: str) -> WorkItem | None:
    """Return one work item."""
    return db.session.execute(select(WorkItem).where(WorkItem.id == task_id)).scalar_one_or_none()


def instance(instance_id: str) -> Any:
    """Return an instance's definition, process, state and case, without its blob."""
    query = select(
        Instance.id,
        Instance.definition_id,
        Instance.process,
        Instance.state,
        Instance.case_id,
        Instance.created_at,
        Instance.ended_at,
        Instance.reason,
        Instance.parent_id,
    ).where(Instance.id == instance_id)
    return db.session.execute(query).one_or_none()


def consultations(task_id: str) -> Sequence[Any]:
    """Return what was asked on a work item, with the names of both sides."""
    asker, asked = aliased(User), aliased(User)
    query = (
        select(Consultation, asker.display_name.label("asker"), asked.display_name.label("asked"))
        .join(asker, asker.id == Consultation.asked_by)
        .join(asked, asked.id == Consultation.asked_of)
        .where(Consultation.work_item_id == task_id)
        .order_by(Consultation.id)
    )
    return db.session.execute(query).all()
