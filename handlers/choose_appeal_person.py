"""Says who may hear an appeal, and whether the person who was named may."""

from __future__ import annotations

from typing import Any

from app.handling import LocalContext, local


@local(zh="核查申诉专人")
def run(ctx: LocalContext, *, person: str | None = None, at_least: str | None = None) -> dict[str, Any]:
    """Check from the record that the person never handled the case and stands above who did; propose (B14-6.2)."""
    eligible, groups = ctx.staff.eligible(at_least), sorted(ctx.staff.groups())
    if person is None:
        return {"person": eligible[0] if eligible else None, "independent": False, "why": None,
                "eligible": list(eligible), "groups": groups}
    fitness = ctx.staff.fitness(person, at_least)
    ctx.desk.note("independence", f"{person}：{'合格' if fitness.ok else fitness.why_zh}")
    return {"person": person, "independent": fitness.ok, "why": fitness.why_zh or None, "eligible": list(eligible),
            "groups": groups}
