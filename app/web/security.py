"""Who a request comes from, and what browsers are told to forbid: sessions, bearer tokens, CSRF, headers."""

from __future__ import annotations

import hashlib
import secrets

from flask import Flask, Response, current_app, g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from app.facts import Actor
from app.services.people import SESSION_LIFETIME
from app.web import entry, problems
from app.web.limits import limiter
from app.wiring import services

csrf = CSRFProtect()
KEPT_AT_SIGN_IN = ("locale",)


class SessionUser(UserMixin):  # type: ignore[misc]
    """A signed-in user, as the session cookie names it: user, epoch and the session's own id."""

    def __init__(self, actor: Actor, epoch: int, session_id: str) -> None:
        self.actor, self.epoch, self.session_id = actor, epoch, session_id

    def get_id(self) -> str:
        """Return what the cookie keeps."""
        return f"{self.actor.user_id}.{self.epoch}.{self.session_id}"


def load_user(cookie: str) -> SessionUser | None:
    """Return the user of a session that was not ended, or None."""
    parts = cookie.split(".")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    found = services().people.session_actor(int(parts[0]), int(parts[1]), parts[2])
    return None if found is None else SessionUser(found, int(parts[1]), parts[2])


def sign_in(actor: Actor) -> None:
    """Begin a new session for the actor; nothing of the old one stays but the language."""
    if actor.user_id is None:
        raise ValueError("only users sign in")
    kept = {name: session[name] for name in KEPT_AT_SIGN_IN if name in session}
    session.clear()
    session.update(kept)
    # Not a permanent session: only then is a cookie bound to its browser. It ends after 12 h all the same.
    login_user(SessionUser(actor, services().people.epoch(actor.user_id), secrets.token_hex(16)))
    g.actor = actor


def sign_out() -> None:
    """End this session for good: a copy of its cookie opens nothing any more."""
    if current_user.is_authenticated:
        services().people.end_session(current_user.session_id)
    logout_user()
    session.clear()
    g.actor = None


def nonce() -> str:
    """Return this request's nonce for inline scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def install(app: Flask) -> None:
    """Guard every request; call it before any blueprint is registered."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # checked below, since bearer tokens need none
    app.config["PERMANENT_SESSION_LIFETIME"] = SESSION_LIFETIME
    login_manager = LoginManager(app)
    login_manager.session_protection = "strong"
    login_manager.user_loader(load_user)
    csrf.init_app(app)
    app.before_request(identify)
    limiter.init_app(app)
    app.before_request(check_csrf)
    entry.install(app)
    app.after_request(harden)
    problems.install(app)
    app.jinja_env.globals["csp_nonce"] = nonce


def identify() -> None:
    """Set `g.actor`; raises NotSignedIn for a bearer token that is not good (never falls back to the cookie)."""
    g.actor = g.token_digest = None
    if request.method == "HEAD":
        request.method = "GET"  # else a view that asks "is it GET?" would take it for a POST, and CSRF for harmless
    if request.endpoint is None or request.endpoint == "static":
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and request.path.startswith("/api/"):
        if request.accept_languages:
            g.user_locale = request.accept_languages.best_match(["zh", "en"], "zh")
        g.actor = services().people.actor_of_token(token.strip())
        if g.actor is None:
            raise entry.NotSignedIn("The token is not valid, or too old.", "令牌无效或已过期。")
        g.token_digest = hashlib.sha256(token.strip().encode()).hexdigest()[:16]
    elif current_user.is_authenticated:
        g.actor = current_user.actor


def check_csrf() -> None:
    """Refuse a change that a browser was tricked into; other sites cannot make it send a bearer token."""
    unknown = request.endpoint is None or (g.actor is None and request.path.startswith("/api/"))  # 404, 401 come later
    if current_app.config["WTF_CSRF_ENABLED"] and not unknown and not g.get("token_digest"):
        csrf.protect()


def harden(response: Response) -> Response:
    """Add the headers that forbid what our pages never do."""
    own = f"'self' 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'self'"
    policy = (f"default-src 'none'; script-src {own}; style-src {own}; img-src 'self' data: blob:; "
              "font-src 'self' data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
              "base-uri 'none'; frame-ancestors 'none'")
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response
