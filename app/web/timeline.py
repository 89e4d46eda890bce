"""The history of a case as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.errors import NotFound
from app.store.models import History
from app.web.shell import named
from app.web.words import PROMINENT, word
from app.wiring import services

PHASES = frozenset({"subProcess", "callActivity"})


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    at: datetime  # aware UTC
    transition: str
    name: str
    kind: str  # the element's type in words
    text: str
    actor: str
    clauses: tuple[str, ...]
    seq: int


def timeline(rows: Sequence[History], display: Mapping[str, str], everything: bool = False) -> list[Event]:
    """Return events as sentences, newest first; the small steps of the engine only when `everything` is asked for."""
    return [_event(row, display) for row in rows if everything or _is_told(row)]


def _is_told(row: History) -> bool:
    if row.transition in ("failed", "fired"):
        return True
    if row.type in ("userTask", "callActivity"):
        return True
    if row.type == "endEvent":
        element = element_of(row.definition_id, row.process, row.element_id)
        return element is not None and bool(element.closes_case or element.status)
    # What the system does by itself is told where the policy has a word for it.
    return row.transition != "started" and row.type in PROMINENT and row.activity is not None


def _event(row: History, display: Mapping[str, str]) -> Event:
    element = element_of(row.definition_id, row.process, row.element_id)
    name = named(element) if element is not None and element.name else row.element_id
    who = {"system": _("System"), "customer": _("Customer")}.get(row.actor) or display.get(row.actor, row.actor)
    return Event(
        row.at,
        row.transition,
        name,
        word(row.type, "element_type"),
        _sentence(row, name, who),
        who,
        element.clauses if element is not None else (),
        row.seq,
    )


def _sentence(row: History, name: str, who: str) -> str:
    if row.transition == "failed":
        return str(_("“%(step)s” failed", step=name))
    if row.transition == "cancelled":
        return str(_("“%(step)s” was cancelled", step=name))
    if row.type == "userTask":
        return str(
            _("“%(step)s” waits to be done", step=name)
            if row.transition == "started"
            else _("%(who)s completed “%(step)s”", who=who, step=name)
        )
    if row.transition == "fired" or row.type == "boundaryEvent":
        return str(_("Happened: %(step)s", step=name))
    if row.type in PHASES:
        return str(
            _("“%(step)s” began", step=name) if row.transition == "started" else _("“%(step)s” is finished", step=name)
        )
    if row.type in ("endEvent", "startEvent"):
        return name
    return str(_("Done by the system: %(step)s", step=name))


def element_of(definition_id: int, process: str, element_id: str) -> Any:
    """Return the element of a version, or None when the version no longer knows it."""
    try:
        return services().runtime.library.spec(definition_id).element(process, element_id)
    except (KeyError, NotFound):
        return None
