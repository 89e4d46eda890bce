"""The switches of the policy, where its texts leave a choice: data that a process owner changes, read as `profile`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import FieldError, Invalid, NotAllowed
from app.facts import Actor
from app.services.audit import record
from app.store.models import Setting
from app.store.unit_of_work import current_session, in_unit_of_work

KEY, OWNER = "profile", "owner"
# Each switch with its values, the default first: how strict the deadlines are (ANALYSIS 1.1), and who approves a
# penalty of exactly 5,000 yuan, which B21-6-4a and B21-6-4b both claim (K25).
SWITCHES: Mapping[str, tuple[str, ...]] = {
    "name": ("strict", "specific"),
    "penalty_boundary": ("general_manager", "general_affairs"),
}
DEFAULTS: Mapping[str, Any] = {name: values[0] for name, values in SWITCHES.items()}


def read_profile() -> Mapping[str, Any]:
    """Return the switches as they stand."""
    return _stored(current_session())


class Profiles:
    """Changes the switches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def read(self) -> Mapping[str, Any]:
        """Return the switches as they stand."""
        return read_profile()

    def change(self, fields: Mapping[str, str], actor: Actor) -> Mapping[str, Any]:
        """Set the switches, with a reason; return them. They hold for clocks and decisions from now on.

        Raises NotAllowed for who is no process owner, Invalid by field.
        """
        if OWNER not in actor.groups:
            raise NotAllowed("Only a process owner changes the policy's switches", "只有流程负责人可以调整制度口径")
        wanted, reason = self._read(fields)

        def work(session: Session) -> None:
            before = dict(_stored(session))
            session.merge(Setting(key=KEY, value=wanted))
            record(session, self._clock.now(), actor.name, "policy:profile:set", KEY,
                   detail={"from": before, "to": wanted, "reason": reason})

        in_unit_of_work(work)
        return wanted

    @staticmethod
    def _read(fields: Mapping[str, str]) -> tuple[dict[str, str], str]:
        wanted = {name: fields.get(name, "") for name in SWITCHES}
        reason = fields.get("reason", "").strip()[:500]
        errors = [FieldError(name, f"{name} is one of {', '.join(SWITCHES[name])}.", f"{name} 只能取给定的值。")
                  for name, value in wanted.items() if value not in SWITCHES[name]]
        if len(reason) < 2:
            errors.append(FieldError("reason", "Say why.", "请写明原因。"))
        if errors:
            raise Invalid(errors)
        return wanted, reason


def _stored(session: Session) -> Mapping[str, Any]:
    value = session.execute(select(Setting.value).where(Setting.key == KEY)).scalar_one_or_none()
    return {**DEFAULTS, **(value or {})}
