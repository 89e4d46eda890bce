"""The control room's blueprint, and what its pages share: who looks, the span of time, the names of things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _

from app.services.cases import SEES_ALL
from app.services.control import STEERS
from app.services.operations import OPERATORS
from app.store.queries import inbox, people
from app.store.queries.case_page import Scope
from app.store.queries.control_board import Span
from app.web import words
from app.web.control.search import Vocabulary, day_of
from app.web.entry import actor
from app.web.shell import named, now, zone

blueprint = Blueprint("control", __name__, url_prefix="/control")
LOOKS = ("manager", "director", "general_manager", "supervisor", "department_head")  # who has a control room
PERIODS = (7, 30, 90, 365)  # days
LONGEST = 3660  # days of a span


@dataclass(frozen=True)
class Rights:
    """What who looks may do here."""

    operate: bool  # suspend, resume, cancel, migrate, retry
    steer: bool  # regrade, stop clocks
    hand_on: bool  # reassign, remind


def rights() -> Rights:
    """Return what the signed-in user may do."""
    groups = actor().groups
    return Rights(bool(groups & OPERATORS), bool(groups & STEERS), bool(groups & (STEERS | {"department_head"})))


def scope() -> Scope:
    """Return whose cases are shown: all to those above, else those that may be seen anyway."""
    who = actor()
    return Scope(bool(who.groups & SEES_ALL), who.user_id or 0, who.name, who.groups, now())


def page_number() -> int:
    """Return the page that is asked for."""
    given = request.args.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 1


def span_of(args: Mapping[str, str]) -> Span:
    """Return the days that are asked for: from and to, or the last `days`, 30 where nothing makes sense."""
    today = now().astimezone(zone()).date()
    first, last = day_of(args.get("from", "")), day_of(args.get("to", "")) or today
    days = args.get("days", "")
    if first is None or first > last:
        first = last - timedelta(days=(int(days) if days in map(str, PERIODS) else 30) - 1)
    first = max(first, last - timedelta(days=LONGEST))
    offset = now().astimezone(zone()).utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    return Span(first, last, midnight(first), midnight(last + timedelta(days=1)), now(), minutes)


def midnight(day: date) -> datetime:
    """Return the beginning of a day in the company's zone."""
    return datetime.combine(day, time(), zone())


def span_query(span: Span) -> dict[str, str]:
    """Return the address arguments that ask for the same span."""
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}


def periods() -> list[tuple[int, str]]:
    """Return the spans that are offered, in words."""
    return [(days, str(_("%(n)s days", n=days))) for days in PERIODS]


def vocabulary() -> Vocabulary:
    """Return what the search line understands by name, in both languages."""
    groups = people.groups()
    processes = inbox.process_names()
    return Vocabulary(
        types=_names((code, str(word)) for code, word in words.TYPES.items()),
        groups=_names((one.code, name) for one in groups for name in (one.name_zh, one.name_en)),
        processes=_names((one.key, name) for one in processes for name in (one.name, one.name_en)),
        users={name: user.id for user in people.users() for name in (user.username, user.display_name) if name},
        milestones=_names((code, str(word)) for code, word in words.MILESTONES.items()),
        zone=zone(),
    )


def _names(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, name in pairs:
        found |= {code: code, name: code}
    return found


def group_names() -> dict[str, str]:
    """Return the groups' names by code."""
    return {group.code: named(group) for group in people.groups()}


def process_names() -> dict[str, str]:
    """Return the processes' names by key."""
    return {one.key: named(one) for one in inbox.process_names()}
