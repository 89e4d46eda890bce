"""`chengnuo policy drift`, `waive`, `waivers`: what deviates from the policy, and who answers for it until when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli_output import JSON, Root, show
from app.policy.drift import Drift
from app.services.waivers import Waiver


def document(one: Drift) -> dict[str, Any]:
    """Return a deviation in the shape of `policy drift --json` and of the API."""
    return {
        "clause": one.clause, "where": one.where, "policy": one.policy, "process": one.process,
        "verdict": one.verdict, "severity": one.severity, "kind": one.kind, "message": one.zh, "message_en": one.en,
        "fingerprint": one.fingerprint,
    }  # fmt: skip


@click.command("drift")
@Root
@click.option("--all", "everything", is_flag=True, help="Every comparison, agreement and our own figures included.")
@JSON
def drift_command(root: Path, everything: bool, as_json: bool) -> int:
    """Hold diagrams, decisions and forms against the clauses; 1 for what is looser, missing or contradictory."""
    from app.services.drift import drift_of_tree

    found = drift_of_tree(root, everything)
    held = _held() if any(one.severity == "error" for one in found) else {}
    rows = [{**document(one), "waived": _waived(held.get(one.fingerprint))} for one in found]
    errors = sum(one.severity == "error" and one.fingerprint not in held for one in found)
    lines = [f"{one.severity}\t{one.zh}\n\t{one.en} [{one.fingerprint}]" for one in found]
    show({"findings": rows}, as_json, [*lines, f"{len(found)} finding(s), {errors} to be corrected or waived"])
    return int(bool(errors))


@click.command("waive")
@click.argument("fingerprint")
@click.option("--by", required=True, help="Username of the person who answers for it.")
@click.option("--reason", required=True)
@click.option("--until", required=True, help="The last day that it holds, such as 2026-06-30.")
@Root
@JSON
def waive_command(fingerprint: str, by: str, reason: str, until: str, root: Path, as_json: bool) -> int:
    """Waive one deviation (its fingerprint is in `policy drift`) until a day; recorded in the audit."""
    from app.cli import application
    from app.services.definitions import read_files
    from app.wiring import services

    with application().app_context():
        actor = services().people.actor_named(by)
        made = services().drifts.waive(fingerprint, actor, reason, until, read_files(root))
    told = waiver_document(made)
    show(told, as_json, [f"{made.clause}\t{made.place}\t{made.waived_by}\t{made.valid_until.isoformat()}"])
    return 0


@click.command("waivers")
@JSON
def waivers_command(as_json: bool) -> int:
    """List the waivers, the newest first, with those that are over."""
    from app.cli import application
    from app.wiring import services

    with application().app_context():
        found, now = services().drifts.waivers.listed(500), services().clock.now()
    rows = [{**waiver_document(one), "holds": one.holds(now)} for one in found]
    lines = ["{id}\t{clause}\t{where}\t{waived_by}\t{until}\t{reason}".format_map(row) for row in rows]
    show({"waivers": rows}, as_json, lines or ["none"])
    return 0


def waiver_document(one: Waiver) -> dict[str, Any]:
    """Return a waiver as commands and the API show it."""
    return {
        "id": one.id, "fingerprint": one.fingerprint, "clause": one.clause, "where": one.place,
        "verdict": one.verdict, "policy": one.policy, "process": one.process, "reason": one.reason,
        "waived_by": one.waived_by, "waived_at": one.waived_at.isoformat(), "from": one.valid_from.isoformat(),
        "until": one.valid_until.isoformat(), "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "ended_by": one.ended_by,
    }  # fmt: skip


def _held() -> dict[str, Waiver]:
    """Return the waivers that hold in the configured database; none where there is no database yet."""
    import config

    address = str(config.current().SQLALCHEMY_DATABASE_URI)
    if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).exists():
        return {}
    from app.cli import application
    from app.wiring import services

    with application().app_context():
        return dict(services().drifts.waivers.held())


def _waived(one: Waiver | None) -> dict[str, Any] | None:
    return None if one is None else {"by": one.waived_by, "until": one.valid_until.isoformat(), "reason": one.reason}
