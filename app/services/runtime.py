"""What every service is given: the clock, the calendar, the engine's cache, the handlers and the registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.handling import Registry
from app.policy.register import Register
from app.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from app.services.library import Library

OFFSET = "clock_offset_seconds"  # the setting that moves the adjustable clock


@dataclass
class Runtime:
    """The parts that services share; made once, in app/wiring.py."""

    clock: Clock
    session: Callable[[], Session]  # for reading
    calendar: Callable[[], WorkCalendar]  # the company's calendar with the table's exceptions
    registry: Registry
    library: Library  # deployed definitions: specs, forms, decisions
    register_on: Callable[[datetime], Register]  # the policy in force; a case keeps its registration's
    profile: Callable[[], Mapping[str, Any]]  # switches that diagrams read as `profile`
    root: Path
    zone: str
    clock_moved: Callable[[], None] = lambda: None  # forget what was remembered of the clock's offset
    wake: list[Callable[[], None]] = field(default_factory=list)  # called after a commit that left work to do

    def woken(self) -> None:
        """Tell the sweeps that there may be something to do sooner than they think."""
        for call in self.wake:
            call()
