"""`chengnuo policy …`: the register checked, and the running process held against it; one module a subject joins in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from app.cli_output import JSON, Root, as_document, finding_line, show
from app.policy.coverage import Coverage


@click.group()
def policy() -> None:
    """Hold the running process against the written policy."""


@policy.command()
@Root
@JSON
def check(root: Path, as_json: bool) -> int:
    """Check the register's files: fields, ids, durations, figures, dates; tell figures looser than the law."""
    from app.services.register_check import check_register_tree

    findings = check_register_tree(root)
    show(as_document(findings), as_json, [*map(finding_line, findings), f"{len(findings)} finding(s)"])
    return int(any(finding.severity == "error" for finding in findings))


@policy.command()
@Root
@JSON
def coverage(root: Path, as_json: bool) -> int:
    """Say for every clause what carries it out: drawn, decided, recorded, handled, reported, outside or missing."""
    from app.services.coverage import tree_coverage

    judged = tree_coverage(root, _today())
    document = {"clauses": [row(one) for one in judged.clauses], "findings": as_document(judged.findings)["findings"]}
    counts = ", ".join(f"{name} {number}" for name, number in sorted(judged.counts.items()))
    stale = [f"{one.clause}: needs review" for one in judged.clauses if one.needs_review]
    show(document, as_json, [*map(line, judged.clauses), *map(finding_line, judged.findings), *stale, counts])
    return int(any(finding.severity == "error" for finding in judged.findings))


@policy.command()
@click.argument("clauses", nargs=-1)
@click.option("--by", required=True, help="Who has looked at the clause and at what carries it out.")
@Root
@JSON
def review(clauses: tuple[str, ...], by: str, root: Path, as_json: bool) -> int:
    """Stamp the links of CLAUSES as reviewed; with none, of all that need it. Writes dispositions.yaml."""
    from app.services.policy_review import review as stamp

    done = stamp(root, clauses, by, _today())
    show({"reviewed": done}, as_json, [*done, f"{len(done)} reviewed"])
    return 0


def row(one: Coverage) -> dict[str, Any]:
    """Return a clause's coverage in the shape of `policy coverage --json` and of the API."""
    return {
        "id": one.clause, "disposition": one.disposition, "where": list(one.where), "reason": one.reason_zh,
        "reason_en": one.reason_en, "obligation": one.obligation, "owner": one.owner,
        "review_by": one.review_by.isoformat() if one.review_by else None, "needs_review": one.needs_review,
    }


def line(one: Coverage) -> str:
    """Return a clause's coverage as a line for people."""
    more = f" (+{len(one.where) - 3})" if len(one.where) > 3 else ""
    return f"{one.clause}\t{one.disposition}\t{', '.join(one.where[:3])}{more}\t{one.reason_zh}".rstrip()


def _today() -> date:
    from zoneinfo import ZoneInfo

    import config
    from app.clock import SystemClock

    return SystemClock().now().astimezone(ZoneInfo(config.current().COMPANY_ZONE)).date()
