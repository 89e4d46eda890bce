"""Signing in and out, the password, the language."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Invalid, NotAllowed
from app.store.queries import people
from app.web import security
from app.web.answers import by_field, safe_next
from app.web.entry import PUBLIC, STAFF, actor, entry, visitor
from app.web.limits import limiter
from app.web.problems import language
from app.web.shell import LOCALES, named
from app.wiring import services

blueprint = Blueprint("auth", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@entry(PUBLIC)
def sign_in() -> Response | str | tuple[str, int]:
    """Sign in; a wrong name and a wrong password look the same."""
    target = safe_next(request.values.get("next"), url_for("inbox.home"))
    if request.method == "GET":
        who = visitor()
        return redirect(target) if who is not None and who.user_id is not None else _sign_in_page(target)
    username = request.form.get("username", "").strip()
    try:
        who = services().people.authenticate(username, request.form.get("password", ""))
    except NotAllowed as error:
        return _sign_in_page(target, username, error.message(language())), 401
    security.sign_in(who)
    return redirect(target)


def _sign_in_page(target: str, username: str = "", error: str = "") -> str:
    development = current_app.config["ENVIRONMENT"] == "development"
    password = services().people.demo_password() if development else None
    demo = people.demo_users() if password else []
    roles = {group.code: named(group) for group in people.groups()} if demo else {}
    return render_template(
        "auth/sign_in.html",
        next=target,
        username=username,
        error=error,
        demo=demo,
        demo_password=password,
        demo_roles=roles,
    )


@blueprint.post("/sign-out")
@entry(STAFF)
def sign_out() -> Response:
    """End this session."""
    security.sign_out()
    return redirect(url_for("auth.sign_in"))


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
@entry(STAFF)
def password() -> Response | str | tuple[str, int]:
    """Change my password; the other sessions end."""
    if request.method == "GET":
        return render_template("auth/password.html", errors={}, error="")
    if request.form.get("new") != request.form.get("again"):
        return render_template(
            "auth/password.html", error="", errors={"again": _("The two new passwords differ.")}
        ), 422
    try:
        who = services().people.change_password(actor(), request.form.get("old", ""), request.form.get("new", ""))
    except Invalid as error:
        return render_template("auth/password.html", errors=by_field(error), error=""), 422
    except NotAllowed as error:
        return render_template("auth/password.html", errors={}, error=error.message(language())), 422
    security.sign_in(who)
    flash(_("The password is changed."), "success")
    return redirect(url_for("inbox.home"))


@blueprint.post("/locale")
@entry(PUBLIC)
def locale() -> Response:
    """Change the language, for this browser and for the user."""
    chosen = request.form.get("locale", "")
    if chosen in LOCALES:
        session["locale"] = chosen
        who = visitor()
        if who is not None and who.user_id is not None:
            services().administration.set_locale(who, chosen)
        g.pop("user_locale", None)
    return redirect(safe_next(request.form.get("next"), url_for("portal.welcome")))
