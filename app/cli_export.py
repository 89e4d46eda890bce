"""`chengnuo export`: the history for other tools."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

Day = click.option
HELP = {"xes": "XES, IEEE 1849-2023.", "ocel": "OCEL 2.0.", "xlsx": "A workbook of cases and events."}


def install(cli: click.Group, application: Any) -> None:
    """Add the command group; `application` makes the application on the configured database."""

    @cli.group()
    def export() -> None:
        """Write the history: XES, OCEL 2.0 or a workbook."""

    def add(name: str) -> None:
        @export.command(name, help=HELP[name])
        @click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it, stdout.")
        @click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="Cases registered on or after this day.")
        @click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="Cases registered before this day.")
        @click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Language of the activities' names.")
        @click.option("--form", type=click.Choice(["json", "xml", "sqlite"]), default="json", help="Form of OCEL.")
        def write(out: Path | None, since: datetime | None, until: datetime | None, lang: str, form: str) -> int:
            return _write(application(), f"ocel-{form}" if name == "ocel" else name, out, since, until, lang)

    for name in HELP:
        add(name)


def _write(app: Any, form: str, out: Path | None, since: datetime | None, until: datetime | None, lang: str) -> int:
    from app.facts import SYSTEM
    from app.wiring import services

    with app.app_context():
        zone = ZoneInfo(services().runtime.zone)
        period = [day.replace(tzinfo=zone) if day else None for day in (since, until)]
        with services().event_logs.export(form, SYSTEM, *period, lang) as log:
            if out is None:
                shutil.copyfileobj(log, sys.stdout.buffer)
            else:
                with out.open("wb") as target:
                    shutil.copyfileobj(log, target)
    return 0
