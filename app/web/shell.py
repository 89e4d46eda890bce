"""What every page stands in: language, zone, clock, navigation, and the filters that templates use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name
from flask import Flask, current_app, g, request, session, url_for
from flask_babel import Babel, get_locale, ngettext
from flask_babel import gettext as _

from app.clock import SystemClock
from app.services.deviations import READERS as WATCHERS
from app.services.drafts import READERS as STUDIO_READERS
from app.services.policies import APPROVERS, READERS
from app.store.queries import people, policy
from app.web import words
from app.web.countdown import countdown, span
from app.web.entry import visitor
from app.web.problems import language
from app.web.translations import compile_catalogues
from app.wiring import services

LOCALES = ("zh", "en")
CONTROL = frozenset({"manager", "director", "general_manager", "supervisor", "department_head"})
OFFICE = frozenset({"admin", "manager", "director"})  # who sees incidents and jobs


def locale() -> str:
    """Return the language of this request: what was chosen here, else the user's, else Chinese."""
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    if "user_locale" in g:
        return str(g.user_locale)
    who = visitor()
    default = current_app.config["BABEL_DEFAULT_LOCALE"]
    g.user_locale = services().people.locale(who.user_id) if who and who.user_id else default
    return str(g.user_locale)


def zone() -> ZoneInfo:
    """Return the company's zone."""
    return ZoneInfo(current_app.config["COMPANY_ZONE"])


def now() -> datetime:
    """Return the time of this request, read once (aware UTC)."""
    if "now" not in g:
        g.now = services().clock.now()
    moment_: datetime = g.now
    return moment_


def moment(value: datetime | str | None, seconds: bool = False) -> str:
    """Return a time in the company's zone, with the year only when it is another one."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    local = value.astimezone(zone())
    same_year = local.year == now().astimezone(zone()).year
    return local.strftime(("" if same_year else "%Y-") + "%m-%d %H:%M" + (":%S" if seconds else ""))


def local_input(value: datetime | None) -> str:
    """Return a time as an input of type datetime-local wants it, in the company's zone."""
    return value.astimezone(zone()).strftime("%Y-%m-%dT%H:%M") if value else ""


def day(value: date | None) -> str:
    """Return a date as it is written on papers."""
    return value.isoformat() if value else ""


def named(row: Any) -> str:
    """Return the name of something that has one in each language (name_zh or name, and name_en)."""
    if row is None:
        return ""
    if language() == "en":
        return str(row.name_en)
    return str(getattr(row, "name_zh", None) or row.name)


def limit(duration: str | None, calendar: str) -> str:
    """Return a time limit in words: "PT24H|P1D" with "natural|working" is 24 hours or 1 working day, the earlier."""
    durations, calendars = (duration or "").split("|"), calendar.split("|")
    calendars += calendars[-1:] * (len(durations) - len(calendars))
    first, *others = (_one_limit(*pair) for pair in zip(durations, calendars, strict=False))
    for other in others:
        first = _("%(one)s or %(other)s", one=first, other=other)
    return first


def _one_limit(text: str, calendar: str) -> str:
    unit, figure = text[-1:], text.lstrip("PT")[:-1]
    if not figure.isdigit():
        return text
    number = int(figure)
    if unit == "D":
        return str(
            ngettext("%(num)s working day", "%(num)s working days", number)
            if calendar == "working"
            else ngettext("%(num)s day", "%(num)s days", number)
        )
    length = {"S": _("%(n)s s", n=number), "M": _("%(m)s min", m=number), "H": _("%(h)s h", h=number)}.get(unit, text)
    return str(_("%(length)s of working time", length=length)) if calendar == "working" else str(length)


@lru_cache(maxsize=256)
def _fingerprint(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:10]


def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return url_for("static", filename=name, v=_fingerprint(str(current_app.static_folder), name))


def navigation() -> list[Mapping[str, Any]]:
    """Return the main menu of who is signed in."""
    who = visitor()
    if who is None:
        return []
    items = [
        ("inbox.home", _("Inbox"), True),
        ("cases.listing", _("Cases"), True),
        (
            "cases.new",
            _("New case"),
            bool(who.groups & frozenset({"clerk", "relations", "supervisor", "manager", "admin"})),
        ),
        ("control.dashboard", _("Control room"), bool(who.groups & CONTROL)),
        ("knowledge.listing", _("Knowledge"), True),
        ("policy.listing", _("Policy"), bool(who.groups & READERS)),
        ("studio.home", _("Studio"), bool(who.groups & STUDIO_READERS)),
        ("releases.history", _("Releases"), "general_manager" in who.groups and not who.groups & STUDIO_READERS),
        ("compliance.morning", _("Compliance"), bool(who.groups & WATCHERS)),
        ("operations.incidents", _("Incidents"), bool(who.groups & OFFICE)),
        (
            "admin.provisional",
            _("Provisional deadlines"),
            bool(who.groups & frozenset({"compliance", "manager"})) and "admin" not in who.groups,
        ),
        ("operations.profile", _("Policy switches"), "owner" in who.groups),
        ("admin.home", _("Administration"), "admin" in who.groups),
    ]
    return [
        {"href": url_for(endpoint), "label": label, "current": _is_current(endpoint),
         "count": policy.waiting() if endpoint == "policy.listing" and who.groups & APPROVERS else None}
        for endpoint, label, allowed in items
        if allowed
    ]


def actor_reads_studio() -> bool:
    """Return whether who is signed in finds releases in the studio's tabs."""
    who = visitor()
    return who is not None and bool(who.groups & STUDIO_READERS)


def _is_current(endpoint: str) -> bool:
    here = request.endpoint or ""
    if here == "cases.new" or endpoint == "cases.new":
        return here == endpoint
    part = here.split(".")[0]
    if part == "releases" and actor_reads_studio():
        part = "studio"
    return {"tasks": "inbox", "diagrams": "cases"}.get(part, part) == endpoint.split(".")[0]


def context() -> dict[str, Any]:
    """Return what every template may use."""
    who = visitor()
    user = who if who is not None and who.user_id is not None else None
    moved = current_app.config["CLOCK"] == "adjustable" and abs(now() - SystemClock().now()) > timedelta(minutes=1)
    return {
        "user": user,
        "navigation": navigation(),
        "locale": language(),
        "now": now(),
        "zone": get_timezone_name(zone(), locale=get_locale()),
        "offset": now().astimezone(zone()).strftime("%z")[:3] + ":" + now().astimezone(zone()).strftime("%z")[3:],
        "company": current_app.config["COMPANY_NAME"],
        "here": request.full_path.rstrip("?"),
        "static_url": static_url,
        "unread": people.unread_count(user.user_id) if user and user.user_id else 0,
        "clock_moved": moved,
        "user_groups": "、".join(named(group) for group in people.groups_named(user.groups)) if user else "",
        "countdown": lambda due_at, **more: countdown(due_at, now(), **more),
        "word": words.word,
        "words": words,
    }


def install(app: Flask) -> None:
    """Give the application its language and its templates their filters."""
    compile_catalogues(Path(app.root_path) / "translations")
    Babel(app, locale_selector=locale, timezone_selector=lambda: app.config["COMPANY_ZONE"])
    app.context_processor(context)
    app.jinja_env.filters.update(
        moment=moment, local_input=local_input, day=day, named=named, limit=limit, word=words.word, span=span
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
