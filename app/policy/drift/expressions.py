"""What a diagram's timer says, taken apart: which figure, which calendar, counted from what."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DUE = re.compile(r'due\(\s*"([a-z_]+)"\s*\)')
_AFTER = re.compile(r'after\(\s*"([^"]+)"\s*\)')
_WORKDAYS = re.compile(r"workdays\(\s*(\d+)\s*\)")
_WORKDAYS_ISO = re.compile(r'workdays\(\s*"([^"]+)"\s*\)')
_CYCLE = re.compile(r'"?R\d*/(?:[^"/]*/)?(P[^"/]+)"?')
_OFFSET = re.compile(r'([+-])\s*duration\(\s*"([^"]+)"\s*\)\s*$')
_CALENDAR = re.compile(r"(next_weekday|next_month_day|month_day|next_month_end|month_end|next_half_year)\((.*)\)")
EVERY = {
    "next_weekday": "P1W",
    "next_month_day": "P1M",
    "next_month_end": "P1M",
    "next_half_year": "P6M",
}


@dataclass(frozen=True)
class Timer:
    """One timer."""

    kind: str  # due | span | cycle | calendar | other
    text: str  # as drawn
    milestone: str | None = None
    duration: str | None = None  # ISO 8601; of an offset, without its sign
    calendar: str = "natural"
    before: bool = False  # the span is taken off its base
    base: str | None = None  # FEEL of what a span is counted from; None: from the element's beginning
    function: str | None = None
    numbers: tuple[int, ...] = ()  # figures among a calendar function's arguments


def read_timer(text: str | None) -> Timer:
    """Return what a FEEL timer expression says; kind "other" for what has no figure that can be compared."""
    drawn = " ".join((text or "").split())
    if offset := _OFFSET.search(drawn):
        base = drawn[: offset.start()].strip()
        due = _DUE.fullmatch(base)
        return Timer(
            "due" if due else "span",
            drawn,
            due.group(1) if due else None,
            offset.group(2),
            before=offset.group(1) == "-",
            base=base,
        )
    if due := _DUE.fullmatch(drawn):
        return Timer("due", drawn, due.group(1))
    if after := _AFTER.fullmatch(drawn):
        return Timer("span", drawn, duration=after.group(1))
    if days := _WORKDAYS.fullmatch(drawn):
        return Timer("span", drawn, duration=f"P{int(days.group(1))}D", calendar="working")
    if days := _WORKDAYS_ISO.fullmatch(drawn):
        return Timer("span", drawn, duration=days.group(1), calendar="working")
    if cycle := _CYCLE.fullmatch(drawn):
        return Timer("cycle", drawn, duration=cycle.group(1))
    if function := _CALENDAR.fullmatch(drawn):
        name, arguments = function.groups()
        bare = re.sub(r'"[^"]*"', "", arguments)
        numbers = tuple(int(one) for one in re.findall(r"\d+", bare))
        return Timer("calendar", drawn, duration=EVERY.get(name), function=name, numbers=numbers)
    return Timer("other", drawn)
