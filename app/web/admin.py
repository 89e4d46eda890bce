"""Administration: users and their roles, the working calendar, provisional deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Invalid
from app.store.queries import operations, people
from app.store.queries.calendar import exceptions
from app.web.answers import by_field, tell
from app.web.entry import actor, entry
from app.web.shell import now, zone
from app.wiring import services

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
LANES_ONLY = frozenset({"system", "customer"})  # nobody signs in as these
WEEKS = 8  # of the calendar that the page shows


@blueprint.get("/")
@entry("admin")
def home() -> Response:
    """Begin with the users."""
    return redirect(url_for("admin.users"))


@blueprint.get("/users")
@entry("admin")
def users() -> str:
    """List users and groups."""
    return _users_page({}, {})


def _users_page(given: Mapping[str, str], errors: Mapping[str, str], chosen: list[str] | None = None) -> str:
    groups = [group for group in people.groups() if group.code not in LANES_ONLY]
    return render_template(
        "admin/users.html",
        users=people.users(active_only=False),
        memberships=people.memberships(),
        groups=groups,
        names={group.code: group for group in groups},
        given=given,
        errors=errors,
        chosen=chosen or [],
    )


@blueprint.post("/users")
@entry("admin")
def add_user() -> Response | tuple[str, int]:
    """Make a user; the first password is shown once."""
    given, chosen = request.form, request.form.getlist("groups")
    name = given.get("display_name", "").strip()[:80]
    try:
        if not name:
            return _users_page(given, {"display_name": _("A name is needed.")}, chosen), 422
        password = services().people.add_user(
            given.get("username", "").strip(),
            name,
            chosen,
            actor().name,
            email=given.get("email", "").strip()[:200] or None,
        )
    except Invalid as error:
        return _users_page(given, by_field(error), chosen), 422
    flash(_("The user is made. First password, shown only now: %(password)s", password=password), "success")
    return redirect(url_for("admin.users"))


@blueprint.route("/users/<username>", methods=["GET"])
@entry("admin")
def user(username: str) -> str:
    """Show one user."""
    found = next((one for one in people.users(active_only=False) if one.username == username), None)
    if found is None:
        abort(404)
    return render_template(
        "admin/user.html",
        shown=found,
        mine=people.memberships().get(found.id, []),
        groups=[group for group in people.groups() if group.code not in LANES_ONLY],
    )


@blueprint.post("/users/<username>/groups")
@entry("admin")
def set_groups(username: str) -> Response:
    """Put a user into groups."""
    with tell(_("The groups are set.")):
        services().administration.set_groups(username, request.form.getlist("groups"), actor())
    return redirect(url_for("admin.user", username=username))


@blueprint.post("/users/<username>/active")
@entry("admin")
def set_active(username: str) -> Response:
    """Let a user in, or keep them out."""
    active = request.form.get("active") == "1"
    with tell(_("The user may sign in.") if active else _("The user is disabled; their sessions have ended.")):
        services().administration.allow(username, active, actor())
    return redirect(url_for("admin.user", username=username))


@blueprint.post("/users/<username>/password")
@entry("admin")
def reset_password(username: str) -> Response:
    """Give a user a new first password."""
    password = services().administration.reset_password(username, actor())
    flash(_("New password, shown only now: %(password)s", password=password), "success")
    return redirect(url_for("admin.user", username=username))


@blueprint.get("/calendar")
@entry("admin")
def calendar() -> str:
    """Show the working calendar and its exceptions."""
    return _calendar_page({}, {})


def _calendar_page(given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    today = now().astimezone(zone()).date()
    wanted = request.args.get("start", "")
    try:
        start = date.fromisoformat(wanted) if wanted else today
    except ValueError:
        start = today
    monday, company = start - timedelta(days=start.weekday()), services().calendar
    known = {row.day: row for row in exceptions()}
    weeks: list[list[dict[str, Any]]] = []
    for week in range(WEEKS):
        days = [monday + timedelta(days=7 * week + offset) for offset in range(7)]
        weeks.append(
            [
                {"day": day, "working": company.is_workday(day), "exception": known.get(day), "today": day == today}
                for day in days
            ]
        )
    return render_template(
        "admin/calendar.html",
        weeks=weeks,
        exceptions=list(known.values()),
        display=people.display_names({row.changed_by for row in known.values()}),
        given=given,
        errors=errors,
        monday=monday,
        earlier=monday - timedelta(weeks=WEEKS),
        later=monday + timedelta(weeks=WEEKS),
        today=today,
        provisional=[year for year in (today.year, today.year + 1) if company.provisional(year)],
    )


@blueprint.post("/calendar")
@entry("admin")
def set_day() -> Response | tuple[str, int]:
    """Make a day working or free."""
    try:
        day = services().administration.set_day(request.form, actor())
    except Invalid as error:
        return _calendar_page(request.form, by_field(error)), 422
    flash(
        _("%(day)s is set. Deadlines that were computed already stay as they were promised.", day=day.isoformat()),
        "success",
    )
    return redirect(url_for("admin.calendar", start=day.isoformat()))


@blueprint.post("/calendar/<day>/forget")
@entry("admin")
def forget_day(day: str) -> Response:
    """Return a day to what the calendar says by itself."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        abort(404)
    with tell(_("The exception is deleted.")):
        services().administration.forget_day(wanted, actor())
    return redirect(url_for("admin.calendar", start=day))


@blueprint.get("/provisional")
@entry("admin", "compliance", "manager")
def provisional() -> str:
    """List the deadlines that reach into a year without announced holidays."""
    page = request.args.get("page", "1")
    return render_template(
        "admin/provisional.html",
        page=operations.provisional(int(page) if page.isdecimal() and len(page) < 7 else 1),
        query={},
    )
