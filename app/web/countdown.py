"""How much time is left until something is due, in words and a kind that gives colour and icon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

SOON_SHARE = 0.2  # without a reminder time of its own, the last fifth of the time counts as soon


@dataclass(frozen=True)
class Countdown:
    """What a page shows of a due time."""

    kind: str  # none | ok | soon | late
    word: str  # "On time" | "Due soon" | "Overdue"
    left: str  # "3 h 12 min left"
    due_at: datetime | None  # aware UTC


def span(delta: timedelta) -> str:
    """Return a length of time in words, in its two largest units."""
    minutes = max(int(delta.total_seconds() // 60), 0)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days >= 10 or (days and not hours):
        return str(_("%(n)s d", n=days))
    if days:
        return str(_("%(d)s d %(h)s h", d=days, h=hours))
    if hours:
        return str(_("%(h)s h %(m)s min", h=hours, m=minutes) if minutes else _("%(h)s h", h=hours))
    return str(_("%(m)s min", m=minutes) if minutes else _("less than a minute"))


def countdown(
    due_at: datetime | None, now: datetime, remind_at: datetime | None = None, started_at: datetime | None = None
) -> Countdown:
    """Return what is to be shown at `now` (aware UTC) of something due at `due_at`."""
    if due_at is None:
        return Countdown("none", "", "", None)
    if due_at < now:
        return Countdown("late", _("Overdue"), _("by %(span)s", span=span(now - due_at)), due_at)
    soon_at = remind_at
    if soon_at is None:
        soon_at = (
            due_at - (due_at - started_at) * SOON_SHARE
            if started_at and started_at < due_at
            else due_at - timedelta(hours=1)
        )
    left = _("%(span)s left", span=span(due_at - now))
    if now >= soon_at:
        return Countdown("soon", _("Due soon"), left, due_at)
    return Countdown("ok", _("On time"), left, due_at)
