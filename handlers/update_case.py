"""Changes facts of the case record."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="更新个案")
def run(ctx: LocalContext, **facts: Any) -> None:
    """Change the level, owner group, origin, round or further facts of the case; each change is in the audit record."""
    ctx.desk.update(**facts)
