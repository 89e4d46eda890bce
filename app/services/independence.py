"""No appeal is heard by who handled the case: asked at every verb that gives somebody such a task (B14-6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.errors import FieldError, Invalid, NotAllowed
from app.facts import Element
from app.services.ports.staff import StaffDesk
from app.services.runtime import Runtime
from app.store.models import Case, Instance, WorkItem

ACTOR = "actor"  # property `independent`: who does the task; any other value: the form's field that names somebody


def element_of(rt: Runtime, session: Session, item: WorkItem) -> Element | None:
    """Return the element of a work item as its version draws it."""
    instance = session.get(Instance, item.instance_id)
    return rt.library.spec(instance.definition_id).element(item.process, item.element_id) if instance else None


def refuse_partial(rt: Runtime, session: Session, item: WorkItem, username: str) -> None:
    """Raise NotAllowed, with the clause, when the task needs somebody independent and this person is not."""
    element = element_of(rt, session, item)
    if element is None or element.properties.get("independent") != ACTOR:
        return
    fitness = StaffDesk(session, _case(session, item)).fitness(username)
    if not fitness.ok:
        raise NotAllowed(fitness.why_en, fitness.why_zh, clauses=["B14-6.2"])


def refuse_naming(rt: Runtime, session: Session, item: WorkItem, variables: Mapping[str, Any]) -> None:
    """Raise Invalid, with the clause, when a form names somebody who may not hear the appeal."""
    element = element_of(rt, session, item)
    field = element.properties.get("independent") if element is not None else None
    if not field or field == ACTOR or variables.get(field) is None:
        return
    fitness = StaffDesk(session, _case(session, item)).fitness(str(variables[field]))
    if not fitness.ok:
        raise Invalid([FieldError(field, fitness.why_en, fitness.why_zh)])


def _case(session: Session, item: WorkItem) -> Case | None:
    return session.get(Case, item.case_id) if item.case_id else None
