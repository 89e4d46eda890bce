"""Who may enter which route: every view says so itself, and what says nothing is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from app.errors import NotAllowed, NotFound
from app.facts import Actor
from app.wiring import services

V = TypeVar("V", bound=Callable[..., Any])

PUBLIC = "public"  # anybody, signed in or not
CUSTOMER = "customer"  # whoever holds the case's link: the route carries `access_key`
STAFF = "staff"  # every signed-in user
KINDS = frozenset({PUBLIC, CUSTOMER, STAFF})
SIGN_IN = "auth.sign_in"  # endpoint that a page without a signed-in user leads to


class NotSignedIn(NotAllowed):
    """Sign in first."""

    code = "not_signed_in"


def entry(*who: str) -> Callable[[V], V]:
    """Say who may enter a view: "public", "customer", "staff", or codes of groups (one of them is enough).

    Put it directly on the function, below the route. Customers are checked by the route's `access_key`.
    """
    if not who:
        raise ValueError("entry() needs to be told who")

    def mark(view: V) -> V:
        view.__entry__ = frozenset(who)  # type: ignore[attr-defined]
        return view

    return mark


def entry_of(view: Callable[..., Any]) -> frozenset[str] | None:
    """Return who may enter `view`, or None when it does not say."""
    return getattr(view, "__entry__", None)


def actor() -> Actor:
    """Return who makes this request; raises NotSignedIn when nobody is known."""
    who: Actor | None = g.get("actor")
    if who is None:
        raise NotSignedIn("Sign in first.", "请先登录。")
    return who


def visitor() -> Actor | None:
    """Return who makes this request, or None: for public pages."""
    who: Actor | None = g.get("actor")
    return who


def install(app: Flask) -> None:
    """Check every request at the door; call it after whatever sets `g.actor`."""
    app.before_request(guard)


def guard() -> Response | None:
    """Let the request in, send it to the sign-in page, or raise NotSignedIn, NotAllowed or NotFound."""
    if request.endpoint is None or request.endpoint == "static":
        return None  # no such route: Flask answers 404; static files are public
    allowed = entry_of(current_app.view_functions[request.endpoint])
    if allowed is None:
        raise NotFound("There is no such page.", "没有这个页面。")
    if PUBLIC in allowed:
        return None
    if CUSTOMER in allowed and "access_key" in (request.view_args or {}):
        g.actor = services().people.customer_of((request.view_args or {})["access_key"])
        if g.actor is None:
            raise NotFound("There is no such case.", "没有这个个案。")
        return None
    return _admit(g.get("actor"), allowed)


def _admit(who: Actor | None, allowed: frozenset[str]) -> Response | None:
    if who is None:
        if request.path.startswith("/api/") or request.method not in ("GET", "HEAD"):
            raise NotSignedIn("Sign in first.", "请先登录。")
        return redirect(url_for(SIGN_IN, next=request.full_path.rstrip("?")))
    if STAFF in allowed or allowed & who.groups:
        return None
    raise NotAllowed("Your roles do not open this.", "您的角色无权使用此功能。")
