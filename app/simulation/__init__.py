"""The time machine: synthetic cases and the people who handle them, on a clock that leaps from event to event."""

from app.simulation.running import Plan, Report
from app.simulation.starting import run_simulation

__all__ = ["Plan", "Report", "run_simulation"]
