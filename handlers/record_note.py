"""Appends a note to the case's record."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="记录备注")
def run(ctx: LocalContext, *, kind: str, text: str | None = None, **data: Any) -> None:
    """Keep a lesson, praise, compensation or another note with the case (D-2.4.2, B16-5)."""
    ctx.desk.note(kind, text or "", {key: value for key, value in data.items() if value is not None})
