"""Conformance: every clause with a checkable rule is a monitor over history (pure, over facts)."""

from app.policy.conformance.explaining import SPECIAL, explain
from app.policy.conformance.judging import COMPANY, NOT_APPLICABLE, Verdict, judge, judge_company
from app.policy.conformance.log import CaseLog, Change, ClockFacts, Entry, Happening, Paper
from app.policy.conformance.rules import Bindings, Monitor, Monitors, compile_monitors, read_bindings
from app.policy.conformance.templates import BROKEN, KEPT, PENDING

__all__ = [
    "BROKEN", "COMPANY", "KEPT", "NOT_APPLICABLE", "PENDING", "SPECIAL", "Bindings", "CaseLog", "Change", "ClockFacts",
    "Entry", "Happening", "Monitor", "Monitors", "Paper", "Verdict", "compile_monitors", "explain", "judge",
    "judge_company", "read_bindings",
]
