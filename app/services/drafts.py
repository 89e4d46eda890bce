"""Change sets: what process owners edit, file by file, before it is checked, approved and released.

A file's revision is 0 while it is the deployed one, untouched; each save that changes it makes the next one. Whoever
saves says which revision they edited, so that nobody overwrites somebody else's work without seeing it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from app.clock import Clock
from app.engine.xml import MAX_BYTES, parse
from app.errors import Conflict, FieldError, Finding, Invalid, NotAllowed, NotFound, Refused
from app.facts import Actor
from app.services.audit import record
from app.services.new_files import new_file
from app.store.models import DefinitionFile, Deployment, DeploymentFile, Draft, DraftFile
from app.store.unit_of_work import in_unit_of_work, locked

EDITORS = frozenset({"owner", "admin"})
READERS = EDITORS | {"manager", "director"}  # they approve
PATH = re.compile(r"(processes/([A-Za-z0-9_-]+/)+[A-Za-z0-9_-]+\.(bpmn|dmn)|forms/[A-Za-z0-9_-]+\.json)")
TITLE = 120
KINDS = {"bpmn": "process", "dmn": "decision", "json": "form"}


def kind_of(path: str) -> str:
    """Return "process", "decision" or "form"."""
    return KINDS[path.rpartition(".")[2]]


@dataclass(frozen=True)
class FileInfo:
    """A file of a change set, without its content."""

    path: str
    kind: str  # process | decision | form
    change: str | None  # added | changed | removed; None: as deployed
    revision: int
    changed_at: datetime | None
    changed_by: str | None
    size: int = 0  # bytes; 0 where removed


class Drafts:
    """The verbs of the studio's change sets; every one that changes something is audited."""

    def __init__(self, clock: Clock, session: Callable[[], Session]) -> None:
        self._clock, self._session = clock, session

    # Reading

    @staticmethod
    def may_edit(actor: Actor) -> bool:
        """Return whether the actor may change drafts."""
        return actor.is_system or bool(actor.groups & EDITORS)

    def listing(self, actor: Actor, states: tuple[str, ...] = ("editing", "submitted"), limit: int = 50,
                offset: int = 0) -> list[tuple[Draft, int]]:
        """Return change sets with how many files each has, the latest change first; raises NotAllowed."""
        self._need(actor, READERS)
        count = (
            select(func.count()).where(DraftFile.draft_id == Draft.id).correlate(Draft).scalar_subquery()
        )
        query = select(Draft, count).where(Draft.state.in_(states)).order_by(Draft.changed_at.desc(), Draft.id.desc())
        return [(draft, number) for draft, number in self._session().execute(query.limit(limit).offset(offset))]

    def count(self, states: tuple[str, ...]) -> int:
        """Return how many change sets there are in these states."""
        query = select(func.count()).select_from(Draft).where(Draft.state.in_(states))
        return int(self._session().execute(query).scalar_one())

    def open(self, draft_id: int, actor: Actor) -> Draft:
        """Return a change set; raises NotFound, NotAllowed."""
        self._need(actor, READERS)
        return self._draft(draft_id)

    def files(self, draft_id: int) -> list[FileInfo]:
        """Return the files that the change set adds, changes or removes, by path; raises NotFound."""
        return [info for info in self.tree(draft_id) if info.change]

    def tree(self, draft_id: int) -> list[FileInfo]:
        """Return every file of the bundle that the change set would release, and those it removes, by path."""
        self._draft(draft_id)
        session = self._session()
        digests = self._deployed(session)
        infos = {path: FileInfo(path, kind_of(path), None, 0, None, None) for path in digests}
        query = select(DraftFile).options(undefer(DraftFile.content)).where(DraftFile.draft_id == draft_id)
        for row in session.execute(query).scalars():
            if row.content is None:
                change = "removed" if row.path in digests else None
            else:
                changed = digests.get(row.path) != hashlib.sha256(row.content).hexdigest()
                change = ("changed" if row.path in digests else "added") if changed else None
            if row.content is None and change is None:
                infos.pop(row.path, None)  # added, and taken away again
                continue
            infos[row.path] = FileInfo(row.path, kind_of(row.path), change, row.revision, row.changed_at,
                                       row.changed_by, len(row.content or b""))
        return [infos[path] for path in sorted(infos)]

    def read(self, draft_id: int, path: str) -> tuple[bytes, int]:
        """Return a file as the change set has it, and its revision (0: as deployed); raises NotFound."""
        self._draft(draft_id)
        session = self._session()
        row = self._row(session, draft_id, path)
        content = row.content if row is not None else self._deployed_file(session, path)
        if content is None:
            raise NotFound(f"No file {path}", f"没有文件 {path}")
        return content, row.revision if row is not None else 0

    def imported(self, draft_id: int) -> set[str]:
        """Return the paths of the files that are kept as they were imported, too."""
        query = select(DraftFile.path).where(DraftFile.draft_id == draft_id, DraftFile.original.is_not(None))
        return set(self._session().execute(query).scalars())

    def original(self, draft_id: int, path: str) -> bytes:
        """Return a file byte for byte as it was last imported; raises NotFound where it was not."""
        query = select(DraftFile.original).where(DraftFile.draft_id == draft_id, DraftFile.path == path)
        content = self._session().execute(query).scalar_one_or_none()
        if content is None:
            raise NotFound(f"{path} was not imported.", f"{path} 不是导入的文件。")
        return bytes(content)

    def bundle(self, draft_id: int) -> dict[str, bytes]:
        """Return the files that a release of the change set would deploy: the latest deployment's under its own."""
        self._draft(draft_id)
        session = self._session()
        files = self.deployed()
        query = select(DraftFile.path, DraftFile.content).where(DraftFile.draft_id == draft_id)
        for path, content in session.execute(query):
            files.pop(path, None)
            if content is not None:
                files[path] = content
        return dict(sorted(files.items()))

    def deployed(self) -> dict[str, bytes]:
        """Return the files of the latest deployment."""
        session = self._session()
        query = (
            select(DeploymentFile.path, DefinitionFile.content)
            .join(DefinitionFile, DefinitionFile.digest == DeploymentFile.digest)
            .where(DeploymentFile.deployment_id == self._latest(session))
            .order_by(DeploymentFile.path)
        )
        return dict(session.execute(query).all())

    def outdated(self, draft_id: int) -> list[str]:
        """Return the change set's files that somebody released anew since it was begun."""
        draft = self._draft(draft_id)
        session = self._session()
        begun, now = self._deployed(session, draft.base_deployment_id), self._deployed(session)
        return [info.path for info in self.files(draft_id) if begun.get(info.path) != now.get(info.path)]

    # Writing

    def create(self, title: str, actor: Actor) -> int:
        """Begin a change set from the latest deployment and return its id; raises Invalid on "title", NotAllowed."""
        self._need(actor, EDITORS)
        wanted = _title(title)

        def work(session: Session) -> int:
            now = self._clock.now()
            draft = Draft(title=wanted, state="editing", base_deployment_id=self._latest(session), note="",
                          created_at=now, created_by=actor.name, changed_at=now, decision_note="")
            session.add(draft)
            session.flush()
            record(session, now, actor.name, "studio:draft:create", str(draft.id), detail={"title": wanted})
            return draft.id

        return in_unit_of_work(work)

    def rename(self, draft_id: int, title: str, actor: Actor) -> None:
        """Give the change set another title; raises Invalid on "title", NotAllowed, NotFound, Conflict."""
        wanted = _title(title)

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            before, draft.title = draft.title, wanted
            return {"from": before, "to": wanted}

        self._change(draft_id, actor, "rename", change)

    def save(self, draft_id: int, path: str, content: bytes, revision: int, actor: Actor,
             original: bytes | None = None) -> int:
        """Keep a file's new content and return its new revision.

        `revision` is the one that was edited: 0 for a file as deployed; `original` is the file that was imported, kept
        beside what is made of it. What is not well-formed is refused (Refused,
        with the line). Raises Conflict when somebody saved meanwhile (`by`, `at`, `revision`, `theirs`), or when the
        change set is no longer edited; Invalid on "path", NotFound, NotAllowed.
        """
        _check_path(path)
        _check_content(path, content)

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            written = self._write(session, draft, path, content, revision, actor)
            if original is not None and (row := self._row(session, draft.id, path)) is not None:
                row.original = original
            return written

        return int(self._change(draft_id, actor, "save", change)["revision"])

    def add(self, draft_id: int, kind: str, key: str, names: tuple[str, str], lane: str, actor: Actor) -> str:
        """Add a new process, decision or form and return its path; raises Invalid by field, as `save` does otherwise.

        `names` are its Chinese and English name, `lane` the Chinese name of the group that a new process begins with.
        """
        path, content = new_file(kind, key, *names, lane)

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            row = self._row(session, draft.id, path)
            there = row.content is not None if row is not None else self._deployed_file(session, path) is not None
            if there:
                raise Invalid([FieldError("key", "There is one with this id.", "已有同样编号的文件。")])
            return self._write(session, draft, path, content, row.revision if row is not None else 0, actor)

        self._change(draft_id, actor, "add", change)
        return path

    def remove(self, draft_id: int, path: str, revision: int, actor: Actor) -> None:
        """Leave a file out of what is released; raises as `save` does."""

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            return self._write(session, draft, path, None, revision, actor)

        self._change(draft_id, actor, "remove", change)

    def restore(self, draft_id: int, path: str, revision: int, actor: Actor) -> None:
        """Make a file what is deployed again, or take an added one away; raises as `save` does."""

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            return self._write(session, draft, path, self._deployed_file(session, path), revision, actor)

        self._change(draft_id, actor, "restore", change)

    def discard(self, draft_id: int, actor: Actor) -> None:
        """Give the change set up; its files stay readable. Raises NotFound, NotAllowed, Conflict."""

        def change(session: Session, draft: Draft) -> Mapping[str, Any]:
            draft.state = "discarded"
            return {"title": draft.title}

        self._change(draft_id, actor, "discard", change)

    # Inside

    def _change(self, draft_id: int, actor: Actor, verb: str,
                change: Callable[[Session, Draft], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Run `change` on a change set that is being edited; audit what it returns, unless nothing changed."""
        self._need(actor, EDITORS)

        def work(session: Session) -> Mapping[str, Any]:
            draft = locked(session, Draft, draft_id)
            if draft is None:
                raise NotFound("There is no such change set.", "没有这个变更草稿。")
            if draft.state != "editing":
                raise Conflict("This change set is no longer edited.", "该变更草稿已不在编辑中。", state=draft.state)
            detail = change(session, draft)
            if not detail.get("same"):
                draft.changed_at = self._clock.now()
                subject = f"{draft_id}:{detail['path']}" if "path" in detail else str(draft_id)
                record(session, draft.changed_at, actor.name, f"studio:draft:{verb}", subject, detail=detail)
            return detail

        return in_unit_of_work(work)

    def _write(self, session: Session, draft: Draft, path: str, content: bytes | None, revision: int,
               actor: Actor) -> Mapping[str, Any]:
        row = self._row(session, draft.id, path)
        deployed = self._deployed_file(session, path) if row is None else None
        if row is None and content is None and deployed is None:
            raise NotFound(f"No file {path}", f"没有文件 {path}")
        current, number = (row.content, row.revision) if row is not None else (deployed, 0)
        if current == content:
            return {"path": path, "revision": number, "same": True}  # whoever saved it first
        if revision != number:
            raise _conflict(path, row)
        if row is None:
            row = DraftFile(draft_id=draft.id, path=path)
            session.add(row)
        row.content, row.revision = content, number + 1
        row.changed_at, row.changed_by = self._clock.now(), actor.name
        session.flush()
        digest = hashlib.sha256(content).hexdigest() if content is not None else None
        return {"path": path, "revision": row.revision, "digest": digest}

    def _draft(self, draft_id: int) -> Draft:
        draft = self._session().get(Draft, draft_id)
        if draft is None:
            raise NotFound("There is no such change set.", "没有这个变更草稿。")
        return draft

    @staticmethod
    def _row(session: Session, draft_id: int, path: str) -> DraftFile | None:
        query = select(DraftFile).options(undefer(DraftFile.content))
        query = query.where(DraftFile.draft_id == draft_id, DraftFile.path == path)
        return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()

    @staticmethod
    def _latest(session: Session) -> int | None:
        return session.execute(select(func.max(Deployment.id))).scalar_one()

    def _deployed(self, session: Session, deployment_id: int | None = None) -> dict[str, str]:
        """Return the digests of a deployment's files, of the latest one by default."""
        query = select(DeploymentFile.path, DeploymentFile.digest)
        wanted = deployment_id if deployment_id is not None else self._latest(session)
        return dict(session.execute(query.where(DeploymentFile.deployment_id == wanted)).all())

    def _deployed_file(self, session: Session, path: str) -> bytes | None:
        query = (
            select(DefinitionFile.content)
            .join(DeploymentFile, DeploymentFile.digest == DefinitionFile.digest)
            .where(DeploymentFile.deployment_id == self._latest(session), DeploymentFile.path == path)
        )
        return session.execute(query).scalar_one_or_none()

    @staticmethod
    def _need(actor: Actor, groups: frozenset[str]) -> None:
        if not actor.is_system and not actor.groups & groups:
            raise NotAllowed("Only process owners may do this.", "只有流程负责人可以这样做。")


def _conflict(path: str, row: DraftFile | None) -> Conflict:
    if row is None:
        return Conflict(f"{path} is again as it was deployed.", f"{path} 已恢复为发布版本。", path=path, revision=0)
    theirs = row.content.decode("utf-8", "replace") if row.content is not None else None
    return Conflict(f"{row.changed_by} changed {path} meanwhile.", f"{row.changed_by} 已同时修改了 {path}。",
                    path=path, by=row.changed_by, at=row.changed_at, revision=row.revision, theirs=theirs)


def _title(title: str) -> str:
    wanted = " ".join(title.split())
    if not 0 < len(wanted) <= TITLE:
        raise Invalid([FieldError("title", f"A title of at most {TITLE} characters.", f"标题必填，最多 {TITLE} 字。")])
    return wanted


def _check_path(path: str) -> None:
    if len(path) > 300 or not PATH.fullmatch(path):
        raise Invalid([FieldError("path", f"{path[:80]} can't be part of a bundle.", f"{path[:80]} 不能放入流程包。")])


def _check_content(path: str, content: bytes) -> None:
    """Raise Refused for what could not even be looked at; all else is for the lint to say."""
    if not path.endswith(".json"):
        parse(content, path)
        return
    line, zh, en = None, "文件超过 5 MB。", "The file is larger than 5 MB."
    if len(content) <= MAX_BYTES:
        try:
            if isinstance(json.loads(content), dict):
                return
            zh, en = "表单必须是 JSON 对象。", "A form is a JSON object."
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            zh, en = f"第 {line or '?'} 行不是合法的 JSON。", f"Not JSON at line {line or '?'}."
    raise Refused([Finding(path, None, line, "bad_json", "error", zh, en)])
