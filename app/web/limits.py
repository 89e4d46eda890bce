"""How often one caller may ask: never limited below 100 requests a second (ARCHITECTURE, section 8)."""

from __future__ import annotations

from math import ceil

from flask import g, request
from flask_limiter import Limiter

from app.clock import SystemClock

DEFAULT = "100 per second"


def caller() -> str:
    """Return whom a request counts for: the token, else the signed-in user, else the address."""
    if g.get("token_digest"):
        return f"token:{g.token_digest}"
    who = g.get("actor")
    if who is not None and who.user_id is not None:
        return f"user:{who.user_id}"
    return f"address:{request.remote_addr}"


# A moving window: nobody is refused because a fixed window happened to begin in the middle of a burst.
limiter = Limiter(key_func=caller, default_limits=[DEFAULT], strategy="moving-window")


def wait_seconds() -> int:
    """Return how many whole seconds a refused caller should wait, at least one."""
    reached = limiter.current_limit
    left = reached.reset_at - SystemClock().now().timestamp() if reached is not None else 0
    return max(1, ceil(left))
