"""A private instance of the product for one person and one change set: real engine, forms and handlers, nothing real.

It is an application of its own on a throw-away SQLite file under `var/sandbox`, with a clock of its own and nothing
outside to write to (docs/adr/0051). It never shares a table, a session or a connection with the product.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from app.clock import SystemClock
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.facts import CUSTOMER_GROUP, SYSTEM, Actor
from app.services import step
from app.services.definitions import digest_of
from app.services.runtime import OFFSET
from app.services.sandbox_view import SandboxView, view_of
from app.store.base import db, hurry_sqlite, prepare_sqlite
from app.store.models import Instance, Setting, WorkItem
from app.store.unit_of_work import in_unit_of_work
from app.wiring import Services, build, services

LIFETIME = timedelta(hours=12)  # after its last use
PER_PERSON, ALTOGETHER, OPEN_AT_ONCE = 3, 20, 6
OUTSIDE = {"CLOCK": "adjustable", "SMTP_HOST": "", "CONNECTOR_URLS": "", "SUPPLIER_EMAIL": "", "PUBLIC_URL": ""}
LONGEST = timedelta(days=400)  # that the clock is moved at once

_apps: OrderedDict[Path, Flask] = OrderedDict()
_lock = threading.RLock()


@dataclass(frozen=True)
class Note:
    """What is kept of a sandbox beside its database."""

    draft_id: int
    digest: str  # of the files that it runs
    case_id: str | None
    instance_id: str


class Sandbox:
    """One person's sandbox of one change set."""

    def __init__(self, owner: str, draft_id: int) -> None:
        self.draft_id = draft_id
        self._base: Path = current_app.config["VAR"] / "sandbox"
        self.folder = self._base / f"{''.join(c if c.isalnum() else '_' for c in owner)}-{draft_id}"
        self._owner = self.folder.name.rpartition("-")[0]

    @property
    def exists(self) -> bool:
        """Whether it was begun and not yet thrown away."""
        return Path(self.folder, "note.json").exists()

    @property
    def note(self) -> Note:
        """What it runs; raises NotFound."""
        if not self.exists:
            raise NotFound("The sandbox is gone; begin it again.", "试运行已结束，请重新开始。")
        return Note(**json.loads((self.folder / "note.json").read_text(encoding="utf-8")))

    def begin(self, files: Mapping[str, bytes], start: Mapping[str, Any]) -> None:
        """Make it anew from the files of a change set and start a case or a process in it.

        `start` is {"case": the body of a registration} or {"process": key, "variables": object}. Raises Refused with
        the errors of the lint, Invalid, NotFound for an unknown process.
        """
        prepared, now = services().definitions.prepare(files, gated=False), services().clock.now()
        self.end()
        self._make_room()
        self.folder.mkdir(parents=True)
        try:
            with self._context() as inner:
                db.create_all()
                hurry_sqlite(db.engine)
                offset = (now - SystemClock().now()).total_seconds()
                in_unit_of_work(lambda session: session.add(Setting(key=OFFSET, value=offset)))
                inner.runtime.clock_moved()
                inner.people.seed_sandbox()
                in_unit_of_work(lambda session: inner.definitions.store(session, prepared, SYSTEM, "sandbox"))
                case_id, instance_id = _start(inner, start)
                inner.operations.quiesce()
        except BaseException:
            self.end()
            raise
        note = {"draft_id": self.draft_id, "digest": digest_of(files), "case_id": case_id, "instance_id": instance_id}
        (self.folder / "note.json").write_text(json.dumps(note), encoding="utf-8")

    def end(self) -> None:
        """Throw it away."""
        _forget(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def view(self) -> SandboxView:
        """Return where it stands: tokens, tasks, timers, messages, variables, deadlines, what would be sent."""
        note = self.note
        with self._context() as inner:
            return view_of(inner.runtime, note.instance_id, note.case_id)

    def advance(self, *, by: timedelta | None = None) -> int:
        """Move its clock by a span, or to the next timer or job; return how many things happened. Raises Invalid."""
        with self._context() as inner:
            note, now = self.note, inner.clock.now()
            if by is None:
                following = view_of(inner.runtime, note.instance_id, note.case_id).next_due
                by = max(following - now, timedelta()) + timedelta(seconds=1) if following is not None else timedelta()
            if not timedelta() < by <= LONGEST:
                raise Invalid([FieldError("by", "Nothing waits, or the span is too long.",
                                          "没有等待的定时器，或时间过长。")])
            fired: int = inner.operations.advance_clock(SYSTEM, by=f"PT{int(by.total_seconds())}S")[1]
            return fired

    def send(self, message: str, payload: Mapping[str, Any]) -> bool:
        """Send a message that something waits for; return whether it was taken. Raises Conflict."""
        with self._context() as inner:
            waiting = [one for one in self.view().messages if one.name == message]
            if not waiting:
                raise Conflict("Nothing waits for this message.", "没有等待该消息的步骤。")
            delivery = inner.messages.publish(message, waiting[0].correlation, payload, SYSTEM)
            inner.operations.quiesce()
            return bool(delivery.state == "delivered")

    @contextmanager
    def acting(self, task_id: str) -> Iterator[tuple[Services, Actor, bool]]:
        """Yield its services with somebody who may do the task, and whether on the customer's behalf.

        Raises NotFound, Conflict when the task has ended.
        """
        _ = self.note
        with self._context() as inner:
            item = inner.runtime.session().get(WorkItem, task_id)
            if item is None:
                raise NotFound("There is no such task.", "没有这个任务。")
            if item.state != "open":
                raise Conflict("The task has ended.", "任务已结束。")
            on_behalf = item.group_code == CUSTOMER_GROUP
            yield inner, _doer(inner, item), on_behalf
            inner.operations.quiesce()

    @contextmanager
    def _context(self) -> Iterator[Services]:
        with _lock:
            app = _apps.get(self.folder) or _private(self.folder)
            _apps[self.folder] = app
            _apps.move_to_end(self.folder)
            closing = [key for key in list(_apps)[:-OPEN_AT_ONCE] if key != self.folder]
        for folder in closing:
            _forget(folder)
        with app.app_context():
            try:
                yield services()
            finally:
                db.session.remove()

    def _make_room(self) -> None:
        """Throw away what is old, and the longest unused where there are too many."""
        if not self._base.exists():
            return
        known = sorted((one for one in self._base.iterdir() if one.is_dir()), key=_used)
        old = SystemClock().now().timestamp() - LIFETIME.total_seconds()
        mine = [one for one in known if one.name.rpartition("-")[0] == self._owner]
        gone = {one for one in known if _used(one) < old}
        gone |= set(mine[: max(0, len(mine) - PER_PERSON + 1)]) | set(known[: max(0, len(known) - ALTOGETHER + 1)])
        for folder in gone:
            _forget(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _used(folder: Path) -> float:
    try:
        return max((one.stat().st_mtime for one in folder.iterdir()), default=folder.stat().st_mtime)
    except OSError:  # thrown away at this moment
        return 0.0


def _private(folder: Path) -> Flask:
    """Return an application of its own on the sandbox's database; it answers no requests."""
    app = Flask("chengnuo-sandbox")
    app.config.update(current_app.config)
    app.config.update(OUTSIDE)
    app.config["VAR"] = folder
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'sandbox.db'}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {}
    db.init_app(app)
    with app.app_context():
        prepare_sqlite(db.engine)
        build(app)
    return app


def _forget(folder: Path) -> None:
    with _lock:
        app = _apps.pop(folder, None)
    if app is not None:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _start(inner: Services, start: Mapping[str, Any]) -> tuple[str | None, str]:
    """Start what is to be tried; return the case's and the instance's id."""
    if "case" in start:
        clerk = _member(inner, "clerk")
        case_id = inner.cases.register(start["case"], clerk)
        query = inner.runtime.session().query(Instance.id).filter(Instance.case_id == case_id)
        found = query.order_by(Instance.created_at, Instance.id).first()
        return case_id, str(found[0] if found else "")
    key = str(start["process"])
    if inner.runtime.library.latest(key) is None:
        raise NotFound(f"There is no process {key}.", f"没有流程 {key}。")
    who, given = _member(inner, "clerk"), start.get("variables") or {}
    return None, in_unit_of_work(lambda session: step.start(inner.runtime, session, key, given, who))


def _member(inner: Services, group: str) -> Actor:
    people = inner.people.members(group) or inner.people.users()
    return inner.people.actor_of(people[0].id)


def _doer(inner: Services, item: WorkItem) -> Actor:
    """Return somebody who may do the task: whoever has it, a clerk for the customer, or a member who is not barred."""
    if item.assignee_id is not None:
        return inner.people.actor_of(item.assignee_id)
    group = "clerk" if item.group_code == CUSTOMER_GROUP else item.group_code
    people = inner.people.members(group) if group else inner.people.users()
    actors = [inner.people.actor_of(one.id) for one in people]
    able = [who for who in actors if inner.work.may_act(item, who, on_behalf=item.group_code == CUSTOMER_GROUP)]
    if able or actors:
        return (able or actors)[0]
    raise Conflict("Nobody is in this group.", "该办理组没有成员。")
