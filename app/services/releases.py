"""Releasing: a change set is checked, compared, submitted, decided by somebody else, and taken back in one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.engine.comparing import Comparison, compare
from app.errors import Conflict, FieldError, Finding, Invalid, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.services import audit
from app.services.definitions import Definitions, Deployed, digest_of
from app.services.draft_drift import DraftDrift, Moved
from app.services.drafts import Drafts
from app.services.runtime import Runtime
from app.store import outbox
from app.store.models import Audit, Deployment, Draft, DraftAuthor, DraftFile
from app.store.unit_of_work import in_unit_of_work, locked

APPROVERS = frozenset({"manager", "director", "general_manager", "owner"})
SUBMITTERS = frozenset({"owner", "admin"})
WRITING = tuple(f"studio:draft:{verb}" for verb in ("create", "save", "add", "remove", "restore", "import"))
NOTE = 2000  # characters


@dataclass(frozen=True)
class Stale:
    """A file of a change set that somebody else released since it was begun."""

    path: str
    theirs: Comparison  # what was released meanwhile
    mine: Comparison  # what the change set would make of that release


class Releases:
    """The verbs of releasing; every one is audited."""

    def __init__(self, rt: Runtime, definitions: Definitions, drafts: Drafts, drift: DraftDrift) -> None:
        self._rt, self._definitions, self._drafts, self._drift = rt, definitions, drafts, drift
        # A bundle is its content: what was found in it once is found again.
        self._findings = lru_cache(maxsize=8)(lambda bundle: tuple(definitions.check(dict(bundle))))

    # Looking

    def digest(self, draft_id: int) -> str:
        """Return the hash of what a release of the change set would deploy; raises NotFound."""
        return digest_of(self._drafts.bundle(draft_id))

    def check(self, draft_id: int) -> tuple[Finding, ...]:
        """Return everything that the lint finds in what would be released; raises NotFound."""
        return self._findings(tuple(self._drafts.bundle(draft_id).items()))

    def drift(self, draft_id: int) -> tuple[Moved, ...]:
        """Return what the change set does (or did) to the drift from the written policy; raises NotFound."""
        return self._drift.between(*self._both(draft_id))

    def blocking(self, draft_id: int) -> Sequence[Finding]:
        """Return the breaches of the policy that stop the release until somebody waives them."""
        return self._drift.blocking(self._drafts.bundle(draft_id))

    def compare(self, draft_id: int) -> Comparison:
        """Return what the change set would change of the running version; raises NotFound.

        Of one that was released: what it changed of the version before.
        """
        return compare(*self._both(draft_id))

    def pair(self, draft_id: int, path: str) -> tuple[bytes | None, bytes | None]:
        """Return a file as it runs (or ran before the release) and as the change set has it; None where it is not."""
        before, after = self._both(draft_id)
        return before.get(path), after.get(path)

    def of_deployment(self, deployment_id: int) -> Comparison:
        """Return what a deployment changed of the one before it; raises NotFound."""
        files = self._definitions.files(deployment_id)
        before = self._before(deployment_id)
        return compare(self._definitions.files(before) if before is not None else {}, files)

    def _both(self, draft_id: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return the files before and after the change set."""
        draft = self._drafts.open(draft_id, SYSTEM)
        if draft.released_deployment_id is None:
            return self._drafts.deployed(), self._drafts.bundle(draft_id)
        before = self._before(draft.released_deployment_id)
        old = self._definitions.files(before) if before is not None else {}
        return old, self._definitions.files(draft.released_deployment_id)

    def stale(self, draft_id: int) -> list[Stale]:
        """Return the files of the change set that somebody else released since it was begun."""
        draft = self._drafts.open(draft_id, SYSTEM)
        running = self._drafts.deployed()
        base = self._definitions.files(draft.base_deployment_id) if draft.base_deployment_id else {}
        bundle = self._drafts.bundle(draft_id)
        return [
            Stale(path, _compare_one(path, base, running), _compare_one(path, running, bundle))
            for path in self._drafts.outdated(draft_id)
        ]

    def authors(self, draft_id: int) -> frozenset[str]:
        """Return who changed a file of the change set, began it, or submitted it: none of them may approve it."""
        session = self._rt.session()
        draft = self._drafts.open(draft_id, SYSTEM)
        names = {draft.created_by, *filter(None, [draft.submitted_by])}
        names.update(session.execute(select(DraftAuthor.username).where(DraftAuthor.draft_id == draft_id)).scalars())
        names.update(session.execute(select(DraftFile.changed_by).where(DraftFile.draft_id == draft_id)).scalars())
        return frozenset(names)

    def may_decide(self, draft_id: int, actor: Actor) -> bool:
        """Return whether the actor may approve or reject: an approver who had no hand in it."""
        return bool(actor.groups & APPROVERS) and actor.name not in self.authors(draft_id)

    # Deciding

    def submit(self, draft_id: int, note: str, actor: Actor) -> None:
        """Ask for approval; raises Invalid on "note", Conflict (nothing changed, stale files), Refused, NotAllowed."""
        self._need(actor, SUBMITTERS)
        said = _note(note, required=True)
        self._ready(draft_id)

        def work(session: Session) -> None:
            draft = _locked(session, draft_id, "editing")
            now = self._rt.clock.now()
            draft.state, draft.note = "submitted", said
            draft.submitted_at, draft.submitted_by, draft.changed_at = now, actor.name, now
            draft.decided_at = draft.decided_by = None
            draft.decision_note = ""
            draft.base_deployment_id = self._definitions.latest_id()
            self._keep_authors(session, draft, actor)
            audit.record(session, now, actor.name, "studio:draft:submit", str(draft_id), None, {"note": said})
            self._tell(session, draft, APPROVERS, actor)

        in_unit_of_work(work)

    def withdraw(self, draft_id: int, actor: Actor) -> None:
        """Take a submitted change set back to edit it; raises Conflict, NotAllowed, NotFound."""
        self._need(actor, SUBMITTERS)
        self._return(draft_id, actor, "withdraw", "")

    def reject(self, draft_id: int, note: str, actor: Actor) -> None:
        """Send a submitted change set back with a reason; raises Invalid on "note", Conflict, NotAllowed, NotFound."""
        self._decider(draft_id, actor)
        self._return(draft_id, actor, "reject", _note(note, required=True))

    def approve(self, draft_id: int, seen: str, note: str, actor: Actor) -> Deployed:
        """Release a submitted change set at once; `seen` is the digest of what the approver was shown.

        Raises NotAllowed for who had a hand in it, Conflict when what would be released is no longer what was seen,
        Refused with the errors of the lint, NotFound.
        """
        self._decider(draft_id, actor)
        said = _note(note, required=False)
        running = self._definitions.latest_id()
        files = self._ready(draft_id)
        if digest_of(files) != seen:
            raise Conflict("Something else was released meanwhile; look at the differences again.",
                           "期间已有其他发布，请重新查看差异。")
        prepared = self._definitions.prepare(files)

        def work(session: Session) -> Deployed:
            draft = _locked(session, draft_id, "submitted")
            self._unmoved(running)
            why = f"{draft.title}：{draft.note}"
            deployed = self._definitions.store(session, prepared, actor, why, source="studio")
            now = self._rt.clock.now()
            draft.state, draft.released_deployment_id = "released", deployed.deployment_id
            draft.decided_at, draft.decided_by, draft.decision_note, draft.changed_at = now, actor.name, said, now
            detail = {"deployment": deployed.deployment_id, "by": draft.submitted_by, "note": said}
            audit.record(session, now, actor.name, "studio:draft:approve", str(draft_id), None, detail)
            self._answer(session, draft, ("已批准并发布", "approved and released"))
            return deployed

        return in_unit_of_work(work)

    def rebase(self, draft_id: int, choices: Mapping[str, str], actor: Actor) -> None:
        """Settle the conflicts with what was released meanwhile: each path "mine" or "theirs", then go on from there.

        Raises Invalid for a path without a choice, Conflict, NotAllowed, NotFound.
        """
        self._need(actor, SUBMITTERS)
        paths = self._drafts.outdated(draft_id)
        missing = [path for path in paths if choices.get(path) not in {"mine", "theirs"}]
        if missing:
            raise Invalid([FieldError(path, "Choose one of the two.", "请选择保留哪一方。") for path in missing])

        def work(session: Session) -> None:
            draft = _locked(session, draft_id, "editing")
            for path in paths:
                if choices[path] == "theirs":
                    session.execute(delete(DraftFile).where(DraftFile.draft_id == draft_id, DraftFile.path == path))
            draft.base_deployment_id = self._definitions.latest_id()
            now = draft.changed_at = self._rt.clock.now()
            detail = {"choices": {path: choices[path] for path in paths}}
            audit.record(session, now, actor.name, "studio:draft:rebase", str(draft_id), None, detail)

        in_unit_of_work(work)

    def roll_back(self, deployment_id: int, reason: str, actor: Actor) -> Deployed:
        """Deploy the files of an earlier deployment again; running instances stay where they are.

        Raises Invalid on "reason", Conflict when it runs already, Refused when it no longer passes the lint,
        NotAllowed, NotFound.
        """
        self._need(actor, APPROVERS)
        said = _note(reason, required=True, field="reason")
        running = self._definitions.latest_id()
        files = self._definitions.files(deployment_id)
        if running is not None and files == self._definitions.files(running):
            raise Conflict("These files are the running ones already.", "这些文件正是当前运行的版本。")
        prepared = self._definitions.prepare(files, gated=False)  # it ran before

        def work(session: Session) -> Deployed:
            self._unmoved(running)
            deployed = self._definitions.store(
                session, prepared, actor, said, source="rollback", restores=deployment_id
            )
            detail = {"restores": deployment_id, "replaces": running, "reason": said}
            now = self._rt.clock.now()
            audit.record(session, now, actor.name, "studio:release:rollback", str(deployed.deployment_id), None, detail)
            return deployed

        return in_unit_of_work(work)

    # Inside

    def _ready(self, draft_id: int) -> dict[str, bytes]:
        """Return the files that would be released; raises Conflict where there is nothing new, or something newer."""
        files = self._drafts.bundle(draft_id)
        if not self._drafts.files(draft_id) or files == self._drafts.deployed():
            raise Conflict("The change set changes nothing.", "该变更没有改动任何内容。")
        stale = self._drafts.outdated(draft_id)
        if stale:
            raise Conflict("Others released these files meanwhile: " + ", ".join(stale),
                           "以下文件期间已被他人发布：" + "、".join(stale), paths=stale)
        return files

    def _unmoved(self, running: int | None) -> None:
        if self._definitions.latest_id() != running:
            raise Conflict("Something else was released at this moment; look again.", "刚刚有其他发布，请重新查看。")

    def _before(self, deployment_id: int) -> int | None:
        query = select(Deployment.id).where(Deployment.id < deployment_id).order_by(Deployment.id.desc()).limit(1)
        return self._rt.session().execute(query).scalar_one_or_none()

    def _decider(self, draft_id: int, actor: Actor) -> None:
        self._need(actor, APPROVERS)
        if actor.name in self.authors(draft_id):
            raise NotAllowed("Somebody else has to decide: you had a hand in this change set.",
                             "须由他人审批：您参与了该变更的修改。")

    def _return(self, draft_id: int, actor: Actor, verb: str, note: str) -> None:
        def work(session: Session) -> None:
            draft = _locked(session, draft_id, "submitted")
            now = draft.changed_at = self._rt.clock.now()
            draft.state = "editing"
            if verb == "reject":
                draft.decided_at, draft.decided_by, draft.decision_note = now, actor.name, note
                self._answer(session, draft, ("被退回", "sent back"))
            audit.record(session, now, actor.name, f"studio:draft:{verb}", str(draft_id), None, {"note": note})

        in_unit_of_work(work)

    @staticmethod
    def _keep_authors(session: Session, draft: Draft, actor: Actor) -> None:
        """Note everybody who ever changed something: a file keeps only who changed it last, the audit all."""
        about = Audit.subject.like(f"{draft.id}:%") | (Audit.subject == str(draft.id))
        query = select(Audit.actor).where(Audit.at >= draft.created_at, Audit.action.in_(WRITING), about).distinct()
        kept = select(DraftAuthor.username).where(DraftAuthor.draft_id == draft.id)
        new = {*session.execute(query).scalars(), draft.created_by, actor.name} - set(session.execute(kept).scalars())
        session.add_all(DraftAuthor(draft_id=draft.id, username=name) for name in sorted(new))

    def _tell(self, session: Session, draft: Draft, groups: frozenset[str], but: Actor) -> None:
        at, stamp = self._rt.clock.now(), draft.submitted_at.isoformat() if draft.submitted_at else ""
        rows = [
            {
                "user_id": user.id,
                "key": f"draft:{draft.id}:submitted:{stamp}:{user.id}",
                "kind": "draft_submitted",
                "title_zh": f"待审批的流程变更：{draft.title}",
                "title_en": f"A change set waits for approval: {draft.title}",
                "body_zh": draft.note,
                "body_en": draft.note,
                "at": at,
            }
            for user in outbox.users_in(session, groups)
            if user.username != but.name
        ]
        outbox.notify(session, rows)

    def _answer(self, session: Session, draft: Draft, words: tuple[str, str]) -> None:
        names = {name for name in (draft.created_by, draft.submitted_by) if name}
        at = self._rt.clock.now()
        rows = [
            {
                "user_id": user.id,
                "key": f"draft:{draft.id}:{draft.state}:{at.isoformat()}:{user.id}",
                "kind": "draft_decided",
                "title_zh": f"流程变更“{draft.title}”{words[0]}",
                "title_en": f"The change set “{draft.title}” was {words[1]}",
                "body_zh": draft.decision_note,
                "body_en": draft.decision_note,
                "at": at,
            }
            for user in outbox.users_named(session, names)
        ]
        outbox.notify(session, rows)

    @staticmethod
    def _need(actor: Actor, groups: frozenset[str]) -> None:
        if not actor.groups & groups:
            raise NotAllowed("Your roles do not allow this.", "您的角色无权这样做。")


def _locked(session: Session, draft_id: int, state: str) -> Draft:
    draft = locked(session, Draft, draft_id)
    if draft is None:
        raise NotFound("There is no such change set.", "没有这个变更草稿。")
    if draft.state != state:
        raise Conflict("The change set has moved on meanwhile.", "该变更的状态已改变，请刷新页面。",
                       state=draft.state, by=draft.decided_by or draft.submitted_by)
    return draft


def _compare_one(path: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Comparison:
    return compare({path: old[path]} if path in old else {}, {path: new[path]} if path in new else {})


def _note(text: str, *, required: bool, field: str = "note") -> str:
    said = text.strip()
    if (required and not said) or len(said) > NOTE:
        raise Invalid([FieldError(field, f"Say why, in at most {NOTE} characters.", f"请说明原因，最多 {NOTE} 字。")])
    return said
