"""`chengnuo export …`: the history for other tools."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli_output import JSON, show

Day = click.DateTime(["%Y-%m-%d"])
OPTIONS = (
    click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it, stdout."),
    click.option("--from", "since", type=Day, help="What began on this day or later, in the company's zone."),
    click.option("--to", "until", type=Day, help="What began before this day."),
    click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the elements' names."),
    JSON,
)


def _options(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group()
def export() -> None:
    """Write the history for other tools."""


@export.command()
@_options
def xes(**options: Any) -> int:
    """Write XES (IEEE 1849-2023)."""
    return _write("xes", **options)


@export.command()
@click.option("--form", type=click.Choice(["json", "xml", "sqlite"]), default="json", help="Form of OCEL 2.0.")
@_options
def ocel(form: str, **options: Any) -> int:
    """Write OCEL 2.0."""
    return _write(f"ocel-{form}", **options)


@export.command()
@_options
def xlsx(**options: Any) -> int:
    """Write a workbook of cases and events."""
    return _write("xlsx", **options)


def _write(form: str, out: Path | None, since: datetime | None, until: datetime | None, lang: str,
           as_json: bool) -> int:
    from app.cli import application
    from app.facts import SYSTEM
    from app.wiring import services

    if as_json and out is None:
        raise click.UsageError("--json goes with --out: stdout holds the log otherwise")
    with application().app_context():
        zone = ZoneInfo(services().runtime.zone)
        begins, ends = (day.replace(tzinfo=zone) if day else None for day in (since, until))
        with services().event_logs.export(form, SYSTEM, begins, ends, lang) as log:
            if out is None:
                shutil.copyfileobj(log, sys.stdout.buffer)
                return 0
            with out.open("wb") as target:
                shutil.copyfileobj(log, target)
    show({"form": form, "file": str(out), "bytes": out.stat().st_size}, as_json, [str(out)])
    return 0
