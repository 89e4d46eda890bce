"""`chengnuo backup` and `chengnuo migrate-instances`: what an operator does to an installation that runs."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli_output import JSON, show
from app.errors import ChengnuoError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@JSON
def backup(folder: Path, as_json: bool) -> int:
    """Copy the SQLite database, attachments in it, and the audit's anchors to FOLDER, beside a live server."""
    from app import create_app
    from app.services.backups import back_up
    from app.store.base import db

    app = create_app()
    with app.app_context():
        copies = back_up(db.engine, app.config["VAR"], folder)
    rows = [{"file": str(path), "bytes": path.stat().st_size} for path in copies]
    show({"files": rows}, as_json, ["{file}\t{bytes}".format_map(row) for row in rows])
    return 0


@click.command("migrate-instances")
@click.argument("process")
@click.option("--reason", required=True, help="Why; kept in the audit of each instance.")
@click.option("--to", "version", type=click.IntRange(1), default=None, help="The version; default: the newest.")
@JSON
def migrate_instances(process: str, reason: str, version: int | None, as_json: bool) -> int:
    """Let every running instance of PROCESS go on in its newest version; 1 where one can't, with why."""
    from app.cli import application
    from app.facts import SYSTEM
    from app.wiring import services

    with application().app_context():
        outcomes = services().control.migrate_all(process, reason, SYSTEM, version)
    moved = [one.key for one in outcomes if one.error is None]
    refused = [(one.key, one.error) for one in outcomes if one.error is not None]
    document = {"migrated": moved, "refused": [
        {"instance": key, "message": error.message_zh, "message_en": error.message_en} for key, error in refused]}
    show(document, as_json, [f"{len(moved)} migrated", *(f"{key}: {_said(error)}" for key, error in refused)])
    return int(bool(refused))


def _said(error: ChengnuoError) -> str:
    return f"{error.message_zh} / {error.message_en}"
