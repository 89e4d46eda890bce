"""One expression by itself, as an editor asks while it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.engine import feel, timers
from app.engine.lint.expressions import LITERAL, SOME_TIME, TYPES_ZH
from app.engine.lint.slots import TIMER_TYPES
from app.engine.scripts import assignments
from app.errors import ExpressionError

WANTED: Mapping[str, frozenset[str]] = {
    "condition": frozenset({"boolean"}),
    "group": frozenset({"string"}),
    "assignee": frozenset({"string"}),
    "cardinality": frozenset({"number"}),
    "payload": frozenset({"context"}),
    **TIMER_TYPES,
}
KINDS = frozenset({*WANTED, "any", "unary", "script"})


@dataclass(frozen=True)
class Verdict:
    """What is to be said of an expression."""

    type: str  # what it gives; "any" where that is not known
    names: tuple[str, ...] = ()  # the variables that it reads
    error_zh: str = ""
    error_en: str = ""
    position: int | None = None  # 0-based, of the mistake

    @property
    def ok(self) -> bool:
        """True when nothing is wrong with it."""
        return not self.error_en


def check_expression(text: str, kind: str, milestones: frozenset[str] | None = None) -> Verdict:
    """Return what is to be said of `text`, which stands where `kind` (one of KINDS) is wanted; never raises for it."""
    try:
        if kind == "unary":
            tests = feel.parse_unary(text)
            return Verdict(feel.infer(tests), tuple(sorted(feel.names(tests))))
        if kind == "script":
            return _script(text)
        parsed = feel.parse(text)
        found = feel.infer(parsed, {"case": "context", "profile": "context"})
        _check_timer(text, kind, milestones)
    except ExpressionError as error:
        return Verdict("any", (), error.message_zh, error.message_en, error.position)
    names = tuple(sorted(feel.names(parsed)))
    wanted = WANTED.get(kind)
    if wanted is not None and found not in wanted | {"any", "null"}:
        zh = "或".join(TYPES_ZH[name] for name in sorted(wanted))
        return Verdict(found, names, f"结果应为{zh}，而不是{TYPES_ZH.get(found, found)}。",
                       f"It must give {' or '.join(sorted(wanted))}, not {found}.", 0)
    return Verdict(found, names)


def _script(text: str) -> Verdict:
    names: set[str] = set()
    for name, value in assignments(text):
        try:
            names |= feel.names(feel.parse(value))
            feel.infer(value, {"case": "context", "profile": "context"})
        except ExpressionError as error:
            at = text.find(value) + (error.position or 0)
            return Verdict("any", (), f"{name}：{error.message_zh}", f"{name}: {error.message_en}", at)
    return Verdict("any", tuple(sorted(names)))


def _check_timer(text: str, kind: str, milestones: frozenset[str] | None) -> None:
    """Raise ExpressionError for a literal that is no time, and for a milestone that does not exist."""
    literal = LITERAL.fullmatch(text)
    if kind in TIMER_TYPES and literal is not None:
        timers.first_wait(kind, literal.group(1), SOME_TIME, None)
    milestone = timers.milestone_of(text)
    if milestone is not None and milestones is not None and milestone not in milestones:
        raise ExpressionError(f"Unknown milestone {milestone}.", f"没有时限节点 {milestone}。", expression=text,
                              position=text.find(milestone))
