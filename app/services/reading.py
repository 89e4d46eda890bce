"""An instance as it stands, for reading: nothing that it does is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from app import engine
from app.errors import NotAllowed, NotFound
from app.facts import ActivityEvent, Done, Parked, ServiceCall
from app.services.casebox import CaseBox
from app.services.functions import functions_at
from app.services.runtime import Runtime
from app.store.models import Case, Instance

STATE_OF = select(Instance.definition_id, Instance.blob, Instance.case_id).where(Instance.id == bindparam("instance"))


class Reading:
    """A loaded instance outside any step."""

    def __init__(self, rt: Runtime, definition_id: int, blob: bytes, case: Case | None) -> None:
        self._rt, self.definition_id = rt, definition_id
        self._box = CaseBox(rt, rt.session(), case, rt.clock.now(), "system", definition_id) if case else None
        self.execution = engine.load(rt.library.spec(definition_id), blob, self)

    @classmethod
    def of(cls, rt: Runtime, instance_id: str) -> Reading:
        """Load an instance; raises NotFound."""
        row = rt.session().execute(STATE_OF, {"instance": instance_id}).one_or_none()
        if row is None:
            raise NotFound("No such instance", "没有这个流程实例")
        case = rt.session().get(Case, row.case_id) if row.case_id else None
        return cls(rt, row.definition_id, row.blob, case)

    def now(self) -> datetime:
        """Return the time (aware UTC)."""
        return self._rt.clock.now()

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return the functions that forms may call besides FEEL's own."""
        return functions_at(self._rt, self.now(), self._box)

    def facts(self) -> Mapping[str, Any]:
        """Return the names `case` and `profile`."""
        return {"case": self._box.context() if self._box else None, "profile": dict(self._rt.profile())}

    def observe(self, event: ActivityEvent) -> None:
        """Refuse: reading moves nothing."""
        raise NotAllowed("Reading moved the instance", "读取时不得推动流程")

    def call(self, call: ServiceCall) -> Done | Parked:
        """Refuse: reading moves nothing."""
        raise NotAllowed("Reading moved the instance", "读取时不得推动流程")

    def throw(self, name: str, correlation: str | None, payload: Mapping[str, Any]) -> None:
        """Refuse: reading moves nothing."""
        raise NotAllowed("Reading moved the instance", "读取时不得推动流程")
