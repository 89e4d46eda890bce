"""The register out of the house and back: what a file would change is shown, and becomes proposals, never more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from app.clock import Clock
from app.engine.office import sheets as read_office
from app.errors import FieldError, Invalid, NotAllowed, Refused
from app.exports.workbook import plain, workbook
from app.facts import Actor
from app.policy.differences import EntryChange, entry_changes
from app.policy.entries import entries, problems
from app.policy.files import MAX_BYTES, Given, as_yaml, read_yaml
from app.policy.labels import field_label
from app.policy.register import Register
from app.policy.sheets import read_sheets, sheets_of
from app.services.audit import record
from app.services.policies import EDITORS, Policies, Proposal
from app.store.unit_of_work import unit_of_work

FORMS = ("yaml", "xlsx")
MOST = 500  # changes of one import
ERRORS_SHOWN = 100


@dataclass(frozen=True)
class Preview:
    """What a file would change on a day."""

    changes: tuple[EntryChange, ...]
    errors: tuple[FieldError, ...]  # while there are any, nothing can be proposed


class PolicyTransfer:
    """Export is the readers', import compliance's."""

    def __init__(self, clock: Clock, policies: Policies) -> None:
        self._clock, self._policies = clock, policies

    def export(self, form: str, actor: Actor) -> bytes:
        """Return the register in force now as "yaml" or "xlsx", and note it."""
        register = self._policies.register_now()
        makers: dict[str, Callable[[Register], bytes]] = {"yaml": as_yaml, "xlsx": lambda one: workbook(sheets_of(one))}
        content = makers[form](register)
        with unit_of_work() as session:
            record(session, self._clock.now(), actor.name, "policy:register:exported", register.version, None,
                   {"form": form})
        return content

    def preview(self, name: str, content: bytes, day: date, actor: Actor) -> Preview:
        """Return what a file would change with effect from `day`; raises NotAllowed."""
        if not actor.groups & EDITORS:
            raise NotAllowed("Only compliance imports the register.", "只有合规专员可以导入登记簿。")
        given = read_yaml(content) if name.lower().endswith((".yaml", ".yml")) else _workbook(name, content)
        register = self._policies.register_for(day)
        changes = [change for kind, found in given.entries.items()
                   for change in entry_changes(kind, entries(register, kind), found)]
        errors = [*given.errors, *self._wrong(given, changes, register)]
        if len(changes) > MOST:
            errors.append(FieldError("file", f"More than {MOST} entries differ; split the file.",
                                     f"差异超过 {MOST} 条，请拆分文件。"))
        return Preview(tuple(changes), tuple(errors[:ERRORS_SHOWN]))

    def _wrong(self, given: Given, changes: Sequence[EntryChange], register: Register) -> list[FieldError]:
        beside = [(kind, key) for kind, found in given.entries.items() for key in found]
        known = self._policies.known(register, given.entries, beside)
        found = []
        for change in changes:
            place = change.kind, change.key
            for one in problems(change.kind, change.new, known) if change.new is not None else ():
                found.append(FieldError(
                    "file", f"{given.where[place]}, {change.key}, {one.field}: {one.message_en}",
                    f"{given.where_zh[place]}，{change.key}，{field_label(one.field)[0]}：{one.message_zh}"))
        return found

    def propose(self, changes: Sequence[EntryChange], day: date, reason: str, correction: bool, batch: str,
                actor: Actor) -> list[int]:
        """Make proposals of what was chosen from a preview; raises as `Policies.propose_all` does."""
        if not changes:
            raise Invalid([FieldError("chosen", "Choose what to propose.", "请选择要提交的差异。")])
        return self._policies.propose_all(
            [Proposal(one.kind, one.key, one.new, day, reason, correction, batch) for one in changes], actor)


def _workbook(name: str, content: bytes) -> Given:
    if not name.lower().endswith(".xlsx"):
        return Given(errors=[FieldError("file", "A .yaml or .xlsx file is expected.", "应为 .yaml 或 .xlsx 文件。")])
    if len(content) > MAX_BYTES:
        return Given(errors=[FieldError("file", "The file is larger than 5 MB.", "文件超过 5 MB。")])
    try:
        found = read_office(content, name)
    except Refused as error:
        return Given(errors=[FieldError("file", error.message_en, error.message_zh)])
    return read_sheets({title: [[plain(cell) for cell in row] for row in rows] for title, rows in found.items()})
