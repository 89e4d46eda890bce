"""Opens a numbered paper of the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.handling import LocalContext, local


@local(zh="开立单据")
def run(ctx: LocalContext, *, kind: str, copies: int, number: str | None = None, prefilled: bool = False,
        approved_by: str | None = None, data: Mapping[str, Any] | None = None) -> str:
    """Open a paper in so many copies and return its number (B21-4-1-2)."""
    return ctx.papers.open(kind, copies=int(copies), number=number, prefilled=bool(prefilled), approved_by=approved_by,
                           data=data)
