"""The command `chengnuo`: one JSON document alone on stdout with --json; exit 0 clean, 1 findings, 2 usage, 3 fault."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask

import app.cli_policy_conformance  # noqa: F401 - its commands join the group
from app.cli_audit import audit
from app.cli_export import export
from app.cli_output import JSON, Root, as_document, finding_line, show
from app.cli_policy import policy
from app.cli_policy_drift import drift_command, waive_command, waivers_command
from app.cli_upkeep import backup, migrate_instances
from app.clock import Clock
from app.errors import ChengnuoError, Invalid, NotFound, Refused


def application(clock: Clock | None = None, **settings: Any) -> Flask:
    """Return the application on a migrated database, on the clock given or the one that is configured."""
    import config
    from app import create_app
    from app.jobs import postgres_queue
    from app.store.base import db
    from app.store.migrate import migrate

    chosen = config.current()
    for name, value in settings.items():
        setattr(chosen, name, value)
    app = create_app(chosen, clock)
    with app.app_context():
        migrate(db.engine)
    queue = postgres_queue(app)
    if queue is not None:
        queue.migrate()
    return app


@click.group()
def cli() -> None:
    """Chengnuo runs a company's after-sales policy."""


for command in (export, backup, migrate_instances):
    cli.add_command(command)
cli.add_command(audit)
cli.add_command(export)
for command in (drift_command, waive_command, waivers_command):
    policy.add_command(command)
cli.add_command(policy)


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@Root
@JSON
def check(paths: tuple[Path, ...], root: Path, as_json: bool) -> int:
    """Lint processes/, forms/ and handlers/, or the files given."""
    from app.services.checking import check_paths, check_tree

    findings = check_paths(paths, root) if paths else check_tree(root)
    show(as_document(findings), as_json, [*map(finding_line, findings), f"{len(findings)} finding(s)"])
    return int(any(finding.severity == "error" for finding in findings))


@cli.command()
@click.option("--note", default="", help="Why; kept with the deployment.")
@JSON
def deploy(note: str, as_json: bool) -> int:
    """Deploy processes/ and forms/ as new versions where they have changed."""
    from app.facts import SYSTEM
    from app.wiring import services

    with application().app_context():
        try:
            done = services().definitions.deploy(services().runtime.root, SYSTEM, note)
        except Refused as refused:
            show(as_document(refused.findings), as_json, [finding_line(finding) for finding in refused.findings])
            return 1
    show(
        {"deployment": done.deployment_id, "new": done.new, "unchanged": done.unchanged},
        as_json,
        [f"{key} v{version}" for key, version in done.new.items()] or ["nothing has changed"],
    )
    return 0


@cli.command()
@JSON
def verify(as_json: bool) -> int:
    """Recompute every projection from the states and compare; verify the audit's hash chain."""
    from app.services.verification import verify as compare
    from app.wiring import services

    with application().app_context():
        result = compare(services().runtime)
        broken = services().sealer.verify()
        result["differences"] += [
            {"instance": None, "what": "audit", "state": problem, "table": "audit"} for problem in broken
        ]
    show(result, as_json, [f"{result['checked']} checked", *map(str, result["differences"])])
    return int(bool(result["differences"]))


@cli.command()
@JSON
def users(as_json: bool) -> int:
    """List the users and their groups."""
    from app.wiring import services

    with application().app_context():
        people = services().people.users()
    show(
        {
            "users": [
                {"username": one.username, "name": one.display_name, "groups": list(one.groups), "active": one.active}
                for one in people
            ]
        },
        as_json,
        [f"{one.username}\t{one.display_name}\t{' '.join(one.groups)}" for one in people],
    )
    return 0


@cli.group()
def token() -> None:
    """Tokens of the API."""


@token.command("create")
@click.argument("user")
@click.option("--days", type=click.IntRange(1, 3650), default=None, help="When it expires; default: never.")
@JSON
def create_token(user: str, days: int | None, as_json: bool) -> int:
    """Make a bearer token for USER and print it, alone."""
    from app.wiring import services

    with application().app_context():
        made = services().people.create_token(user, days)
    show({"token": made}, as_json, [made])
    return 0


@token.command("revoke")
@click.argument("user")
@JSON
def revoke_tokens(user: str, as_json: bool) -> int:
    """Revoke every bearer token of USER."""
    from app.wiring import services

    with application().app_context():
        count = services().people.revoke_tokens(user)
    show({"revoked": count}, as_json, [f"{count} revoked"])
    return 0


@cli.group()
def clock() -> None:
    """The clock; it can be moved where CLOCK=adjustable."""


@clock.command("show")
@JSON
def show_clock(as_json: bool) -> int:
    """Show the time that Chengnuo goes by."""
    from app.wiring import services

    with application().app_context():
        now = services().clock.now()
    show({"now": now.isoformat()}, as_json, [now.isoformat()])
    return 0


@clock.command("advance")
@click.option("--by", default=None, help="ISO 8601 duration, such as PT16M.")
@click.option("--to", type=click.Choice(["next"]), default=None, help="The next due timer.")
@JSON
def advance_clock(by: str | None, to: str | None, as_json: bool) -> int:
    """Move the adjustable clock from due time to due time."""
    from app.facts import SYSTEM
    from app.wiring import services

    with application().app_context():
        now, fired = services().operations.advance_clock(SYSTEM, by=by, to=to)
    show({"now": now.isoformat(), "fired": fired}, as_json, [f"{now.isoformat()} ({fired})"])
    return 0


@cli.group()
def calendar() -> None:
    """What the working calendar does to promises that still run."""


@calendar.command("provisional")
@JSON
def provisional_deadlines(as_json: bool) -> int:
    """List running deadlines that reach into a year whose holidays are not announced yet."""
    return _changes(lambda update: update.provisional(), as_json)


@calendar.command("preview")
@JSON
def preview_calendar(as_json: bool) -> int:
    """Show which running deadlines the calendar as it is now would move."""
    return _changes(lambda update: update.preview(), as_json)


@calendar.command("apply")
@JSON
def apply_calendar(as_json: bool) -> int:
    """Move the deadlines that `preview` shows, and arm their timers again."""
    from app.facts import SYSTEM

    return _changes(lambda update: update.apply(SYSTEM), as_json)


@calendar.command("announce")
@click.argument("year", type=click.IntRange(2000, 2199))
@JSON
def announce_year(year: int, as_json: bool) -> int:
    """Declare that the table of exceptions holds all holidays and make-up workdays of a year."""
    from app.facts import SYSTEM
    from app.services.calendar_update import CalendarUpdate
    from app.wiring import services

    with application().app_context():
        new = CalendarUpdate(services().runtime).announce(year, SYSTEM)
    show({"year": year, "new": new}, as_json, [f"{year} is announced"])
    return 0


def _changes(ask: Callable[[Any], Sequence[Any]], as_json: bool) -> int:
    """Print changed deadlines."""
    from app.services.calendar_update import CalendarUpdate
    from app.wiring import services

    with application().app_context():
        found = ask(CalendarUpdate(services().runtime))
    rows = [
        {
            "case": one.case_number,
            "milestone": one.name,
            "before": one.due_before.isoformat(),
            "after": one.due_after.isoformat(),
            "provisional": one.provisional_after,
        }
        for one in found
    ]
    lines = ["{case} {milestone}: {before} -> {after}".format_map(row) for row in rows]
    show({"changes": rows}, as_json, lines or ["nothing"])
    return 0


@cli.command()
@click.argument("expression")
@click.option("--context", default="{}", help="JSON object of the variables.")
@JSON
def feel(expression: str, context: str, as_json: bool) -> int:
    """Evaluate a FEEL expression."""
    from app.engine import feel as language

    value = language.plain(language.evaluate(expression, _json_object(context, "--context")))
    show({"result": value}, as_json, [json.dumps(value, ensure_ascii=False)])
    return 0


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("decision")
@click.option("--input", "given", default="{}", help="JSON object of the inputs.")
@JSON
def decide(file: Path, decision: str, given: str, as_json: bool) -> int:
    """Evaluate DECISION of FILE."""
    from app.engine.decision_model import decide_file

    others = {path.name: path.read_bytes() for path in file.parent.glob("*.dmn") if path != file}
    try:
        result = decide_file(file.read_bytes(), file.name, decision, _json_object(given, "--input"), others=others)
    except NotFound as error:
        raise click.UsageError(f"{file}: {error.message_en}") from error
    document = {
        "decision": decision,
        "result": result.value,
        "outputs": result.outputs,
        "rules": [rule.rule_id for rule in result.rules],
    }
    show(document, as_json, [json.dumps(document, ensure_ascii=False)])
    return 0


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def tidy(file: Path) -> int:
    """Lay out the diagram in FILE anew: lanes, columns, orthogonal flows."""
    from app.engine.drawing import tidy as lay_out

    file.write_bytes(lay_out(file.read_bytes(), file.name))
    return 0


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@JSON
def tck(folder: Path, as_json: bool) -> int:
    """Run the DMN TCK's cases below FOLDER."""
    from app.engine.tck import run_tck

    result = run_tck(folder)
    counts = [f"{name}: {len(value) if isinstance(value, list) else value}" for name, value in result.items()]
    show(result, as_json, counts)
    return int(bool(result["failed"]))


@cli.command()
@click.option("--cases", type=click.IntRange(1, 100_000), required=True, help="How many cases arrive.")
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="How long the period is.")
@click.option("--seed", type=int, required=True, help="The same seed and start give the same history.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2026-03-02", show_default=True)
@JSON
def simulate(cases: int, days: int, seed: int, start: datetime, as_json: bool) -> int:
    """Fill an empty database with synthetic cases and what people do with them, in virtual time."""
    from app.simulation import Plan, run_simulation

    plan = Plan(cases, days, seed, start)
    report = run_simulation(application, plan, lambda line: click.echo(line, err=True))
    document = {name: getattr(report, name) for name in ("cases", "steps", "events", "incidents", "ended")}
    for problem in report.problems:
        click.echo(problem, err=True)
    show(document, as_json, [f"{name}\t{number}" for name, number in document.items()])
    return int(bool(report.incidents or report.problems))


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
def serve(host: str) -> int:
    """Migrate, deploy, seed demo users (development), and serve with sweep and workers in one process."""
    from app.serving import serve as run

    return run(application, host)


@cli.command()
def worker() -> int:
    """Run jobs (PostgreSQL: as many processes on as many hosts as wanted)."""
    from app.serving import run_background

    return run_background(application, timers=False)


@cli.command()
def scheduler() -> int:
    """Sweep timers and seal the audit."""
    from app.serving import run_background

    return run_background(application, timers=True, workers=0)


def _json_object(text: str, option: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"{option}: an object is expected")
    return value


def run(arguments: Sequence[str], call: Callable[..., Any] = cli.main) -> int:
    """Run a command line and return its exit status."""
    try:
        return int(call(args=list(arguments), prog_name="chengnuo", standalone_mode=False) or 0)
    except (click.UsageError, click.BadParameter) as error:
        error.show(file=sys.stderr)
        return 2
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        return 2
    except Refused as refused:
        for finding in refused.findings:
            click.echo(finding_line(finding), err=True)
        return 1
    except ChengnuoError as error:
        click.echo(f"{error.message_zh} / {error.message_en}", err=True)
        for one in error.errors if isinstance(error, Invalid) else ():
            click.echo(f"{one.field}: {one.message_zh} / {one.message_en}", err=True)
        return 2 if error.code in {"invalid", "not_found", "not_allowed", "conflict", "expression"} else 3
    except Exception:
        logging.getLogger(__name__).exception("internal failure")
        return 3


def main() -> None:
    """Enter from the shell."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
