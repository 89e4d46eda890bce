"""The audit trail in words: what was done, to what, and with which particulars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.store.models import Audit
from app.store.queries import case_page, people
from app.web.data_words import changed, details
from app.web.shell import named
from app.web.words import MILESTONES, word

ACTIONS: Mapping[str, Any] = {
    "admin:calendar:announced": _l("Holidays announced"), "admin:calendar:forget": _l("Calendar day taken back"),
    "admin:calendar:set": _l("Calendar day set"), "admin:user:groups": _l("User's groups changed"),
    "admin:user:password_reset": _l("Password reset"), "case:copy:create": _l("Case copied to colleagues"),
    "case:facts:changed": _l("Facts of the case changed"), "case:file:archived": _l("Case archived"),
    "case:file:exported": _l("Case file exported"), "case:link:create": _l("Cases linked"),
    "case:milestone:recounted": _l("Deadline recounted"), "case:paper:annexed": _l("Paper annexed"),
    "case:paper:handed": _l("Paper handed over"), "case:paper:opened": _l("Paper begun"),
    "case:paper:sealed": _l("Paper sealed"), "case:paper:signed": _l("Paper signed"),
    "case:paper:voided": _l("Paper voided"), "case:registration:create": _l("Case registered"),
    "cli:token:created": _l("Access token created"), "cli:token:revoked": _l("Access tokens revoked"),
    "cli:user:created": _l("User created"), "clock:offset:advance": _l("Clock advanced"),
    "compliance:deviation:assign": _l("Deviation assigned"), "compliance:deviation:close": _l("Deviation closed"),
    "compliance:deviation:correct": _l("Rectification begun"),
    "compliance:deviation:explain": _l("Deviation explained"),
    "compliance:deviation:reopen": _l("Deviation reopened"), "compliance:deviation:waive": _l("Deviation waived"),
    "compliance:deviation:waiver_ended": _l("Waiver of a deviation ended"),
    "compliance:drift_waiver:end": _l("Waiver of drift ended"), "compliance:drift_waiver:grant": _l("Drift waived"),
    "compliance:report:exported": _l("Compliance report exported"), "compliance:review:stamped": _l("Link reviewed"),
    "control:clock:pause": _l("Clock stopped"),
    "control:clock:resume": _l("Clock started again"), "control:instance:migrate": _l("Moved to another version"),
    "control:level:change": _l("Level changed"), "desk:comment:added": _l("Comment added"),
    "desk:contact:logged": _l("Contact logged"), "desk:file:attached": _l("File attached"),
    "knowledge:article:draft": _l("Article returned to draft"), "knowledge:article:published": _l("Article published"),
    "knowledge:article:retired": _l("Article retired"), "knowledge:article:used": _l("Article used"),
    "knowledge:article:written": _l("Article written"), "message:inbox:publish": _l("Message received"),
    "operations:incident:retry": _l("Incident tried again"), "operations:instance:active": _l("Instance resumed"),
    "operations:instance:cancel": _l("Instance cancelled"), "operations:instance:suspended": _l("Instance suspended"),
    "policy:change:approved": _l("Change of the policy approved"),
    "policy:change:proposed": _l("Change of the policy proposed"),
    "policy:change:rejected": _l("Change of the policy rejected"),
    "policy:change:withdrawn": _l("Change of the policy withdrawn"),
    "policy:original:uploaded": _l("Original document uploaded"), "policy:profile:set": _l("Policy switch set"),
    "policy:register:exported": _l("Register exported"), "portal:message:create": _l("Message of the customer"),
    "standing:instance:start": _l("Standing work started"), "studio:definition:deploy": _l("Definitions released"),
    "studio:draft:add": _l("File added to a change set"), "studio:draft:approve": _l("Change set approved"),
    "studio:draft:create": _l("Change set begun"), "studio:draft:discard": _l("Change set given up"),
    "studio:draft:rebase": _l("Change set brought up to date"), "studio:draft:reject": _l("Change set returned"),
    "studio:draft:remove": _l("File taken out"), "studio:draft:rename": _l("Change set renamed"),
    "studio:draft:restore": _l("Change of a file taken back"), "studio:draft:save": _l("File saved"),
    "studio:draft:submit": _l("Change set submitted"), "studio:draft:withdraw": _l("Submission withdrawn"),
    "studio:release:rollback": _l("Gone back to a release"), "web:session:refused": _l("Sign-in refused"),
    "web:session:signed_in": _l("Signed in"), "web:user:locked": _l("User locked"),
    "web:user:password_changed": _l("Password changed"), "work:submission:correct": _l("Submission corrected"),
    "work:task:answer": _l("Opinion given"), "work:task:ask": _l("Opinion asked for"),
    "work:task:claim": _l("Task claimed"), "work:task:complete": _l("Task completed"),
    "work:task:countersign": _l("Countersignature asked for"), "work:task:delegate": _l("Task delegated"),
    "work:task:follow_up": _l("Follow-up date set"), "work:task:opinion": _l("Opinion asked for"),
    "work:task:release": _l("Task given back"), "work:task:remind": _l("Reminder sent"),
    "work:task:resolve": _l("Delegated task returned"), "work:task:transfer": _l("Task transferred"),
    "work:task:withdraw_question": _l("Question withdrawn"),
}  # fmt: skip
USERS = ("web:", "admin:user", "cli:")  # actions on users
SILENT = frozenset({"desk", "portal", "message", "standing", "operations", "control", "clock"})  # keys of machines
UNTOLD = frozenset({"digest", "instance", "key", "element", "new", "source", "outcome"})  # machines', or told otherwise
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


AREAS: Mapping[str, Any] = {
    "case": _l("Cases and papers"), "work": _l("Tasks"), "desk": _l("Contacts, comments, files"),
    "portal": _l("Customer page"), "message": _l("Messages"), "control": _l("Clocks and levels"),
    "operations": _l("Operation of processes"), "standing": _l("Standing work"), "compliance": _l("Compliance"),
    "policy": _l("Policy"), "studio": _l("Studio and releases"), "knowledge": _l("Knowledge"),
    "web": _l("Sign-in"), "admin": _l("Administration"), "cli": _l("Command line"), "clock": _l("Clock"),
}  # fmt: skip


def areas() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return (beginning of the actions, area in words, its actions with their words), for a filter."""
    return [(f"{area}:", str(name), [(one, str(said)) for one, said in ACTIONS.items() if one.startswith(f"{area}:")])
            for area, name in AREAS.items()]


class Told:
    """Speaks of some rows of the trail; what they name is looked up at once."""

    def __init__(self, rows: Iterable[Audit]) -> None:
        kept = list(rows)
        self._items = case_page.item_names({one.subject for one in kept if one.action.startswith("work:")})
        self._people = people.display_names({one.subject for one in kept if one.action.startswith(USERS)})

    def action(self, row: Audit) -> str:
        """Return what was done."""
        return str(ACTIONS.get(row.action, row.action))

    def subject(self, row: Audit) -> str:
        """Return what it was done to; empty where the case says it, or only a machine's key would be left."""
        kind, subject = row.action.partition(":")[0], row.subject
        if row.action.startswith("work:"):
            item = self._items.get(subject)
            return named(item) if item is not None else ""
        if row.action.startswith(USERS):
            return self._people.get(subject, subject)
        if row.action == "case:milestone:recounted" and subject in MILESTONES:
            return word(subject, "milestone")
        if kind in SILENT or row.case_id == subject:
            return ""
        if kind == "studio":
            return f"#{subject.partition(':')[0]}"
        if row.action.startswith("case:") and not row.action.startswith(("case:paper", "case:link")):
            return ""
        return f"#{subject}" if subject.isdigit() else subject

    def detail(self, row: Audit) -> str:
        """Return the particulars, without what is empty."""
        given = {name: one for name, one in (row.detail or {}).items() if name not in UNTOLD}
        if row.action in {"case:facts:changed"}:
            return changed({name: pair for name, pair in given.items() if isinstance(pair, list) and len(pair) == 2})
        if row.action == "case:link:create":
            return word(given.get("kind"), "link")
        if row.action == "case:file:archived" and given.get("keep_until"):
            return details({"keep_until": given["keep_until"]})
        reason = given.get("reason")
        if isinstance(reason, str) and CODE.fullmatch(reason):  # a diagram's, not a person's
            given.pop("reason")
        return details(given)


