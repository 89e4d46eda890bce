"""`chengnuo audit …`: who did what, and whether the record holds."""

from __future__ import annotations

import click

from app.cli_output import JSON, show


@click.group()
def audit() -> None:
    """Look after the audit trail."""


@audit.command()
@JSON
def verify(as_json: bool) -> int:
    """Verify the audit's hash chain row by row against its anchor; exit 1 when it does not hold."""
    from app.cli import application
    from app.wiring import services

    with application().app_context():
        chain = services().sealer.check()
    document = {
        "holds": chain.holds, "checked": chain.checked, "waiting": chain.waiting, "head": chain.head,
        "hash": chain.hash, "anchored": chain.anchored,
        "problems": [{"message": zh, "message_en": en} for zh, en in chain.problems]}
    show(document, as_json, [
        f"{chain.checked} checked, {chain.waiting} not sealed yet, head {chain.head} {chain.hash[:16]}, "
        f"anchored at {chain.anchored}", *(f"{zh} / {en}" for zh, en in chain.problems),
        "holds" if chain.holds else "BROKEN"])
    return int(not chain.holds)
