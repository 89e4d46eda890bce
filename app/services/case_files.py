"""Who may take a whole case out of the house, and the note that it was done."""

from __future__ import annotations

from collections.abc import Callable

from app.clock import Clock
from app.errors import NotAllowed, NotFound
from app.facts import Actor
from app.services.audit import record
from app.store.unit_of_work import unit_of_work

EXPORTERS = frozenset({"compliance", "manager", "director", "supervisor"})


class CaseFiles:
    """The file of a case as one PDF or ZIP: for a regulator, a court, or the customer's lawyer."""

    def __init__(self, clock: Clock, may_see_case: Callable[[str, Actor], bool]) -> None:
        self._clock, self._may_see_case = clock, may_see_case

    def may_export(self, case_id: str, actor: Actor) -> bool:
        """Return whether the actor may take the whole file out."""
        return bool(actor.groups & EXPORTERS) and self._may_see_case(case_id, actor)

    def taken(self, case_id: str, number: str, form: str, actor: Actor) -> None:
        """Note that the actor takes the file out as `form` ("pdf" or "zip"); raises NotFound, NotAllowed."""
        if not self._may_see_case(case_id, actor):
            raise NotFound("There is no such case.", "没有这个个案。")
        if not self.may_export(case_id, actor):
            raise NotAllowed("Your roles do not export whole cases.", "您的角色无权导出整案。")
        with unit_of_work() as session:
            record(session, self._clock.now(), actor.name, "case:file:exported", number, case_id, {"form": form})
