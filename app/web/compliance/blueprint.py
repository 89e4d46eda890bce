"""The blueprint of the compliance pages, who may enter them, and what their templates use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app.policy import labels
from app.policy.drift import VERDICTS
from app.services.cases import SEES_ALL
from app.services.compliance_picture import HOWS, Lit, Picture
from app.services.deviations import KEEPERS, READERS
from app.services.event_logs import EXPORTERS
from app.services.policies import EDITORS as POLICY_EDITORS
from app.services.policies import READERS as POLICY_READERS
from app.store.deviations import BREACH
from app.store.queries import people
from app.web.compliance import wording
from app.web.entry import visitor
from app.web.policy.showing import say
from app.web.problems import language
from app.web.shell import now, zone
from app.web.verdicts import text_of
from app.wiring import services

blueprint = Blueprint("compliance", __name__, url_prefix="/compliance")
MAY_READ = tuple(sorted(READERS))


@blueprint.context_processor
def context() -> dict[str, Any]:
    """Return what the compliance templates use."""
    who = visitor()
    groups = who.groups if who is not None else frozenset()
    return {
        "say": say, "labels": labels, "zh": language() == "zh", "wording": wording, "BREACH": BREACH,
        "may_review": bool(groups & POLICY_EDITORS),
        "may_keep": bool(groups & KEEPERS), "may_read": bool(groups & READERS),
        "sees_cases": bool(groups & SEES_ALL), "sees_policy": bool(groups & POLICY_READERS),
        "drift_verdict": lambda code: say(VERDICTS[code]), "exports_history": bool(groups & EXPORTERS),
        "text_of": text_of, "place_of": lambda where: wording.place(where, picture()), "how_of": how_of,
        "users_pairs": lambda users: [(one.username, f"{one.display_name} ({one.username})") for one in users],
        "person": person, "named_step": lambda what: say(services().conformance.named(what)),
    }


def picture() -> Picture:
    """Return the policy held against what is deployed, looked up once a request."""
    if "picture" not in g:
        g.picture = services().pictures.now()
    found: Picture = g.picture
    return found


def person(name: str | None) -> str:
    """Return who is behind a username: a name, the customer, the system."""
    if "people" not in g:
        g.people = {one.username: one.display_name for one in people.users(active_only=False)}
    own = {"system": _("System"), "customer": _("Customer")}
    return str(own.get(name or "") or g.people.get(name, name or ""))


def how_of(lit: Iterable[Lit]) -> list[str]:
    """Return how some elements carry a clause out, each way once."""
    found = {how for one in lit for how in one.hows}
    return [how for how in HOWS if how in found]


def page_number(name: str = "page") -> int:
    """Return the number of a page from the address; 1 for what is none."""
    text = request.args.get(name, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def day_of(name: str) -> date | None:
    """Return a day from the address, or None for what is none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def begin_of(day: date) -> datetime:
    """Return the moment that a day of the company's zone begins (aware UTC)."""
    return datetime.combine(day, time(), zone()).astimezone(UTC)


def today() -> date:
    """Return the day that it is in the company's zone."""
    return now().astimezone(zone()).date()


def month_edges(months: int) -> list[tuple[date, datetime]]:
    """Return the first day of the last `months` months and of the next one, each with the moment that it begins."""
    first = today().replace(day=1)
    days = [(first + timedelta(days=32)).replace(day=1), first]
    while len(days) <= months:
        days.append((days[-1] - timedelta(days=1)).replace(day=1))
    return [(day, begin_of(day)) for day in reversed(days)]


def choice(name: str, *known: str) -> str:
    """Return a filter from the address when it is one of `known`, else an empty text."""
    given = request.args.get(name, "")
    return given if given in known else ""
