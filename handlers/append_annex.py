"""Adds a sealed annex to a sealed opinion: what came after it never changes it."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="追加附页")
def run(ctx: LocalContext, *, kind: str, opinion: str | None = None, **data: Any) -> str:
    """Write a numbered annex to the case's closed opinion, or to the case where it has none (B21-7-6a, K24)."""
    return ctx.papers.annex(opinion, kind, {name: value for name, value in data.items() if value is not None})
