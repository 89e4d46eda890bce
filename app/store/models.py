"""The tables. What each is for stands in docs/architecture.md, section "Data"."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import State, Utc, db

# SQLite autoincrements only INTEGER keys.
Sequence = BigInteger().with_variant(Integer, "sqlite")
OPEN = text("state = 'open'")
UNSEALED = text("chain IS NULL")


class Deployment(db.Model):  # type: ignore[name-defined,misc]
    """An immutable bundle of files, by content hash."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")


class DefinitionFile(db.Model):  # type: ignore[name-defined,misc]
    """The content of a file of a bundle, once per content."""

    __tablename__ = "definition_file"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DeploymentFile(db.Model):  # type: ignore[name-defined,misc]
    """Which file a bundle holds at a path."""

    __tablename__ = "deployment_file"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("definition_file.digest"))


class Definition(db.Model):  # type: ignore[name-defined,misc]
    """One version of one process; it changes when anything that it reaches changes."""

    __tablename__ = "definition"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    path: Mapped[str] = mapped_column(String(300))
    reaches: Mapped[list[str]] = mapped_column(JSON)
    spec: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("key", "version"),)


class Case(db.Model):  # type: ignore[name-defined,misc]
    """The business record of a case: the system of record for its facts."""

    __tablename__ = "case"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    access_key: Mapped[str] = mapped_column(String(64), unique=True)  # the customer's unguessable link
    type: Mapped[str] = mapped_column(String(30))
    complaint_type: Mapped[str | None] = mapped_column(String(40))
    level: Mapped[str | None] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | closed | cancelled
    status: Mapped[str] = mapped_column(String(40), default="待处理")  # the policy's wording
    outcome: Mapped[str | None] = mapped_column(String(80))  # id of the end event that closed it
    channel: Mapped[str] = mapped_column(String(30))
    customer_name: Mapped[str] = mapped_column(String(120))
    customer_phone: Mapped[str] = mapped_column(String(40), index=True)
    customer_email: Mapped[str | None] = mapped_column(String(200))
    customer_level: Mapped[str] = mapped_column(String(20), default="ordinary")
    customer_known: Mapped[bool] = mapped_column(default=False)
    product_model: Mapped[str | None] = mapped_column(String(80))
    serial_no: Mapped[str | None] = mapped_column(String(80), index=True)
    order_no: Mapped[str | None] = mapped_column(String(80), index=True)
    purchase_date: Mapped[date | None]
    origin: Mapped[str] = mapped_column(String(20), default="not_applicable")
    description: Mapped[str] = mapped_column(Text)
    urgency: Mapped[str | None] = mapped_column(String(20))
    severity: Mapped[str | None] = mapped_column(String(20))
    flags: Mapped[list[str]] = mapped_column(JSON, default=list)
    owner_group: Mapped[str | None] = mapped_column(String(40))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    round: Mapped[int] = mapped_column(Integer, default=1)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    registered_at: Mapped[datetime] = mapped_column(Utc)
    registered_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    archived_at: Mapped[datetime | None] = mapped_column(Utc)
    keep_until: Mapped[datetime | None] = mapped_column(Utc)  # never deleted before
    policy_version: Mapped[str] = mapped_column(String(40), default="1")
    __table_args__ = (
        Index("ix_case_registered", "registered_at", "id"),
        Index("ix_case_state_registered", "state", "registered_at", "id"),
        Index("ix_case_type_registered", "type", "registered_at", "id"),
        Index("ix_case_level_registered", "level", "registered_at", "id"),
        Index("ix_case_status_registered", "status", "registered_at", "id"),
        Index("ix_case_registered_by", "registered_by"),
        Index("ix_case_owner", "owner_id"),
        # Everything that a search looks at: what contains a word is found by reading this instead of the rows.
        Index("ix_case_search", "customer_name", "customer_phone", "number", "serial_no", "order_no", "id"),
    )


class CaseLink(db.Model):  # type: ignore[name-defined,misc]
    """Two cases that belong together (a duplicate, the same customer's problem)."""

    __tablename__ = "case_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # duplicate | related
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("case_id", "other_id", "kind"),)


class Instance(db.Model):  # type: ignore[name-defined,misc]
    """One running process."""

    __tablename__ = "instance"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"), index=True)
    process: Mapped[str] = mapped_column(String(80))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"))
    link_key: Mapped[str | None] = mapped_column(String(200), unique=True)  # idempotency of a linked start
    state: Mapped[str] = mapped_column(State(12))  # active | suspended | completed | cancelled
    revision: Mapped[int] = mapped_column(Integer, default=0)
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    outcome: Mapped[str | None] = mapped_column(String(80))  # id of the last end event of the process itself
    reason: Mapped[str | None] = mapped_column(Text)  # why suspended or cancelled
    __table_args__ = (
        Index("ix_instance_case_state", "case_id", "state"),
        Index("ix_instance_state_created", "state", "created_at"),
    )


class WorkItem(db.Model):  # type: ignore[name-defined,misc]
    """A user task, open or done. Its id is the engine's task id."""

    __tablename__ = "work_item"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"))
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    form_id: Mapped[str | None] = mapped_column(String(80))
    group_code: Mapped[str | None] = mapped_column(String(40))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who delegated it and gets it back (委派)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | completed | cancelled
    level: Mapped[str | None] = mapped_column(String(2))  # of the case, for sorting
    milestone: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime | None] = mapped_column(Utc)
    remind_at: Mapped[datetime | None] = mapped_column(Utc)
    follow_up_at: Mapped[datetime | None] = mapped_column(Utc)
    claimed_at: Mapped[datetime | None] = mapped_column(Utc)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    draft_at: Mapped[datetime | None] = mapped_column(Utc)
    draft_by: Mapped[str | None] = mapped_column(String(80))
    revision: Mapped[int] = mapped_column(Integer, default=0)
    completed_at: Mapped[datetime | None] = mapped_column(Utc)
    completed_by: Mapped[str | None] = mapped_column(String(80))
    on_behalf: Mapped[bool] = mapped_column(default=False)  # a clerk entered the customer's answer
    __table_args__ = (
        Index("ix_work_item_open_group_due", "group_code", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_open_assignee_due", "assignee_id", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_open_remind", "remind_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_work_item_state_created", "state", "created_at", "id"),
        Index("ix_work_item_group_state_created", "group_code", "state", "created_at", "id", "assignee_id"),
        Index("ix_work_item_assignee_state_created", "assignee_id", "state", "created_at", "id", "group_code"),
        Index("ix_work_item_completed_by", "completed_by", "state", "completed_at", "id", "group_code"),
        Index("ix_work_item_owner", "owner_id"),
        Index("ix_work_item_case_state", "case_id", "state", "group_code"),
        Index("ix_work_item_group_case", "group_code", "case_id"),
        Index("ix_work_item_instance_state", "instance_id", "state"),
    )


class WorkItemParty(db.Model):  # type: ignore[name-defined,misc]
    """Somebody through whose hands a work item went (claimed, transferred, delegated, asked): may read it later."""

    __tablename__ = "work_item_party"
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)


class Consultation(db.Model):  # type: ignore[name-defined,misc]
    """A second opinion (加签) or a countersign (会签) asked for on a work item; a countersign holds it back."""

    __tablename__ = "consultation"
    id: Mapped[int] = mapped_column(primary_key=True)
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # opinion | countersign
    asked_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_of: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    question: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Utc)
    answer: Mapped[str | None] = mapped_column(Text)
    agreed: Mapped[bool | None]
    answered_at: Mapped[datetime | None] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | answered | withdrawn


class CaseCopy(db.Model):  # type: ignore[name-defined,misc]
    """Somebody who was given a copy of a case to read (抄送)."""

    __tablename__ = "case_copy"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (UniqueConstraint("case_id", "user_id"),)


class Timer(db.Model):  # type: ignore[name-defined,misc]
    """A waiting timer; the table is the truth of what is due."""

    __tablename__ = "timer"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[str] = mapped_column(String(36))
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime | None] = mapped_column(Utc, index=True)  # null while disarmed
    milestone: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Utc)  # a poison instance is pushed back
    __table_args__ = (UniqueConstraint("task_id"),)


class Milestone(db.Model):  # type: ignore[name-defined,misc]
    """An SLA clock of a case."""

    __tablename__ = "milestone"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"))
    name: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(State(12), default="open")  # open | reached | cancelled | superseded
    target_only: Mapped[bool] = mapped_column(default=False)  # a KPI, never a breach
    clock_start: Mapped[str] = mapped_column(String(30))
    started_at: Mapped[datetime] = mapped_column(Utc)
    duration: Mapped[str] = mapped_column(String(60))  # as in the decision; "PT24H|P1D" for the earlier of two
    calendar: Mapped[str] = mapped_column(String(30))
    promised_at: Mapped[datetime] = mapped_column(Utc)  # as first computed
    due_at: Mapped[datetime] = mapped_column(Utc)  # after pauses
    reached_at: Mapped[datetime | None] = mapped_column(Utc)
    paused_at: Mapped[datetime | None] = mapped_column(Utc)  # set while paused
    pauses: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # {from, to, reason, by}
    decision: Mapped[str] = mapped_column(String(80))
    rule: Mapped[str] = mapped_column(String(40))
    clauses: Mapped[list[str]] = mapped_column(JSON)
    why: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # the trace of the computation
    provisional: Mapped[bool] = mapped_column(default=False)
    policy_version: Mapped[str] = mapped_column(String(40), default="1")
    round: Mapped[int] = mapped_column(Integer, default=1)  # of the case when the clock was started
    superseded_by: Mapped[int | None] = mapped_column(Sequence)
    __table_args__ = (
        Index("ix_milestone_case_name", "case_id", "name"),
        Index("ix_milestone_open_due", "due_at", "case_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_milestone_open_case", "case_id", "due_at", "target_only", "paused_at", sqlite_where=OPEN,
              postgresql_where=OPEN),
    )


class MilestoneCheck(db.Model):  # type: ignore[name-defined,misc]
    """One clause's own limit on a milestone: a late answer can break one and keep another."""

    __tablename__ = "milestone_check"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    clause: Mapped[str] = mapped_column(String(30))
    duration: Mapped[str] = mapped_column(String(60))
    calendar: Mapped[str] = mapped_column(String(30))
    due_at: Mapped[datetime] = mapped_column(Utc)


class Subscription(db.Model):  # type: ignore[name-defined,misc]
    """An instance that waits for a message."""

    __tablename__ = "subscription"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[str] = mapped_column(String(36))
    element_id: Mapped[str] = mapped_column(String(80))
    message: Mapped[str] = mapped_column(String(80))
    correlation: Mapped[str | None] = mapped_column(String(120))
    __table_args__ = (
        UniqueConstraint("task_id", "message"),
        Index("ix_subscription_message_correlation", "message", "correlation"),
    )


class Message(db.Model):  # type: ignore[name-defined,misc]
    """The inbox: every message, early and duplicate ones too."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # the same key is the same message
    name: Mapped[str] = mapped_column(String(80))
    correlation: Mapped[str | None] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(State(10), default="waiting")  # waiting | delivered | expired
    source: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    delivered_at: Mapped[datetime | None] = mapped_column(Utc)
    instance_id: Mapped[str | None] = mapped_column(String(36))  # who took it
    __table_args__ = (Index("ix_message_state_name_correlation", "state", "name", "correlation"),)


class Job(db.Model):  # type: ignore[name-defined,misc]
    """An outgoing effect, a service call, or a message on its way."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # goes outside as the idempotency key
    operation: Mapped[str] = mapped_column(String(80))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    instance_id: Mapped[str | None] = mapped_column(String(36), index=True)
    state: Mapped[str] = mapped_column(State(10), default="waiting")  # waiting | running | done | dead
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=5)
    run_at: Mapped[datetime] = mapped_column(Utc)
    locked_until: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[Any | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Utc)
    done_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (Index("ix_job_state_run_at", "state", "run_at", "id"),)


class Incident(db.Model):  # type: ignore[name-defined,misc]
    """What needs an operator."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("instance.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    process: Mapped[str | None] = mapped_column(String(80))
    element_id: Mapped[str | None] = mapped_column(String(80))
    task_id: Mapped[str | None] = mapped_column(String(36))
    job_id: Mapped[int | None] = mapped_column(Sequence)
    kind: Mapped[str] = mapped_column(String(20))  # engine | job | timer | state
    message_zh: Mapped[str] = mapped_column(Text)
    message_en: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | resolved
    created_at: Mapped[datetime] = mapped_column(Utc)
    resolved_at: Mapped[datetime | None] = mapped_column(Utc)
    resolved_by: Mapped[str | None] = mapped_column(String(80))
    resolution: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_incident_state_created", "state", "created_at"),)


class History(db.Model):  # type: ignore[name-defined,misc]
    """Append-only: the truth of what ran."""

    __tablename__ = "history"
    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("instance.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    definition_id: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc)
    process: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(80))
    task_id: Mapped[str] = mapped_column(String(36))
    type: Mapped[str] = mapped_column(String(40))
    activity: Mapped[str | None] = mapped_column(String(60))
    transition: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(80))
    group_code: Mapped[str | None] = mapped_column(String(40))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Submission(db.Model):  # type: ignore[name-defined,misc]
    """What was filled in; a correction is a new row that names the old one."""

    __tablename__ = "submission"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    instance_id: Mapped[str] = mapped_column(String(36))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    form_id: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    submitted_at: Mapped[datetime] = mapped_column(Utc)
    submitted_by: Mapped[str] = mapped_column(String(80))
    corrects_id: Mapped[int | None] = mapped_column(Sequence)
    reason: Mapped[str | None] = mapped_column(Text)


class Document(db.Model):  # type: ignore[name-defined,misc]
    """A numbered paper: opinion, slip, letter."""

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(State(10), default="open")  # open | closed | void
    copies: Mapped[int] = mapped_column(Integer, default=1)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    prefilled: Mapped[bool] = mapped_column(default=False)
    approved_by: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    supplements: Mapped[str | None] = mapped_column(String(40))  # number of the sealed paper that it adds to
    opened_at: Mapped[datetime] = mapped_column(Utc)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)


class DocumentCopy(db.Model):  # type: ignore[name-defined,misc]
    """One copy of a paper and who holds it."""

    __tablename__ = "document_copy"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    copy_no: Mapped[int] = mapped_column(Integer)
    recipient: Mapped[str | None] = mapped_column(String(40))  # group code, or "customer"
    handed_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("document_id", "copy_no"),)


class Attachment(db.Model):  # type: ignore[name-defined,misc]
    """A file that somebody attached; checked by type, size and content."""

    __tablename__ = "attachment"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    work_item_id: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    received_via: Mapped[str] = mapped_column(String(30), default="upload")
    uploaded_at: Mapped[datetime] = mapped_column(Utc)
    uploaded_by: Mapped[str] = mapped_column(String(80))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Communication(db.Model):  # type: ignore[name-defined,misc]
    """A contact with the customer or a supplier: time, way, what was said, what comes next (D-2.4.6)."""

    __tablename__ = "communication"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)  # the job that sent it
    at: Mapped[datetime] = mapped_column(Utc)
    way: Mapped[str] = mapped_column(String(30))  # phone | email | sms | visit | portal | system ...
    direction: Mapped[str] = mapped_column(String(3))  # in | out
    party: Mapped[str] = mapped_column(String(20), default="customer")  # customer | supplier
    summary: Mapped[str] = mapped_column(Text)
    feedback: Mapped[str | None] = mapped_column(Text)
    next_step: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(80))


class Comment(db.Model):  # type: ignore[name-defined,misc]
    """What colleagues say to each other about a case; append-only. Also notes of handlers (kind)."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="comment")  # comment | lesson | praise | ...
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class Audit(db.Model):  # type: ignore[name-defined,misc]
    """Append-only: who did what; sealed into a hash chain afterwards."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(80))  # source:subject:action
    subject: Mapped[str] = mapped_column(String(120))
    case_id: Mapped[str | None] = mapped_column(String(36), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    chain: Mapped[int | None] = mapped_column(Sequence, unique=True)  # place in the chain; null = not sealed yet
    hash: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (Index("ix_audit_unsealed", "id", sqlite_where=UNSEALED, postgresql_where=UNSEALED),)


class NumberSequence(db.Model):  # type: ignore[name-defined,misc]
    """The last number given out of a kind in a period."""

    __tablename__ = "number_sequence"
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    period: Mapped[str] = mapped_column(String(10), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class User(db.Model):  # type: ignore[name-defined,misc]
    """Somebody who signs in."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    session_epoch: Mapped[int] = mapped_column(Integer, default=0)  # raised to end every session
    created_at: Mapped[datetime] = mapped_column(Utc)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Utc)


class Group(db.Model):  # type: ignore[name-defined,misc]
    """A role of the policy; lanes name it."""

    __tablename__ = "group"
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(80), unique=True)
    name_en: Mapped[str] = mapped_column(String(80))


class Membership(db.Model):  # type: ignore[name-defined,misc]
    """Who is in which group."""

    __tablename__ = "membership"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    group_code: Mapped[str] = mapped_column(ForeignKey("group.code"), primary_key=True, index=True)


class SignedOut(db.Model):  # type: ignore[name-defined,misc]
    """A browser session that was ended; its signed cookie opens nothing any more."""

    __tablename__ = "signed_out"
    session_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc, index=True)


class Token(db.Model):  # type: ignore[name-defined,misc]
    """A bearer token of the API; only its digest is kept."""

    __tablename__ = "token"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)


class Notification(db.Model):  # type: ignore[name-defined,misc]
    """Something told to a user inside the product."""

    __tablename__ = "notification"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(String(250), unique=True)  # job key and user: told once
    kind: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[str | None] = mapped_column(String(36))
    work_item_id: Mapped[str | None] = mapped_column(String(36))
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    body_zh: Mapped[str] = mapped_column(Text, default="")
    body_en: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(Utc)
    read_at: Mapped[datetime | None] = mapped_column(Utc)
    __table_args__ = (Index("ix_notification_user_read", "user_id", "read_at"),)


class SavedView(db.Model):  # type: ignore[name-defined,misc]
    """A named filter of a list."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    page: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("user_id", "page", "name"),)


class CalendarDay(db.Model):  # type: ignore[name-defined,misc]
    """An exception of the working calendar, edited by the company."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    hours: Mapped[list[list[str]] | None] = mapped_column(JSON)  # [["09:00", "12:00"]]; null = the usual hours
    note: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(80))


class Setting(db.Model):  # type: ignore[name-defined,misc]
    """A value that the running system keeps (the clock's offset, the profile, the last deployment)."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class IdempotencyKey(db.Model):  # type: ignore[name-defined,misc]
    """The answer to a POST that was made before with the same key."""

    __tablename__ = "idempotency_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(String(200))
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    __table_args__ = (UniqueConstraint("user_id", "key"),)


class Article(db.Model):  # type: ignore[name-defined,misc]
    """One answer of the knowledge base; what it says stands in its versions."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")  # draft | published | retired
    category: Mapped[str] = mapped_column(String(20))  # as the shown version says, like the title
    title: Mapped[str] = mapped_column(String(120))
    newest: Mapped[int] = mapped_column(Integer, default=1)  # number of the newest version
    published: Mapped[int | None] = mapped_column(Integer)  # number of the version that readers get
    source_id: Mapped[int | None] = mapped_column(Sequence, unique=True)  # the note (comment) that it was made from
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("ix_article_state_changed", "state", "changed_at"),)


class ArticleVersion(db.Model):  # type: ignore[name-defined,misc]
    """What an article said once; never changed."""

    __tablename__ = "article_version"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    category: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(Text)  # what customers say when they mean this
    steps: Mapped[list[str]] = mapped_column(JSON)  # the answer, step by step
    internal: Mapped[str] = mapped_column(Text, default="")  # for colleagues only
    products: Mapped[str] = mapped_column(String(200), default="")  # models, separated by commas
    keywords: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(200), default="")  # why it was changed
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))


class ArticleTerm(db.Model):  # type: ignore[name-defined,misc]
    """The search index: a character, a pair of characters or a Latin word of an article's shown version."""

    __tablename__ = "article_term"
    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    weight: Mapped[int] = mapped_column(Integer)  # by the place that it stands in and how often


class ArticleUse(db.Model):  # type: ignore[name-defined,misc]
    """An answer that was given in a task, and whether it helped."""

    __tablename__ = "article_use"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)  # the version that was given
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    solved: Mapped[bool | None]  # what was said of it; null: the case's end tells
    __table_args__ = (UniqueConstraint("article_id", "work_item_id"),)
