"""Archives the case file."""

from __future__ import annotations

from app.handling import LocalContext, local


@local(zh="归档")
def run(ctx: LocalContext, *, retention: str) -> None:
    """Freeze the file and keep it at least so long from closing (A-2.6.1, A-2.6.2)."""
    ctx.desk.archive(retention)
