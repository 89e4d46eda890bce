"""Starts the server as `make run` does, and the background processes of a larger installation."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from waitress.server import create_server

from app.errors import Refused
from app.facts import SYSTEM
from app.jobs import Background
from app.wiring import services

log = logging.getLogger(__name__)
THREADS = 8
TRIED_PORTS = 20
SELDOM = 50_000  # new objects between two looks for garbage: rows and pages are freed without it


def serve(application: Callable[..., Flask], host: str) -> int:
    """Serve until a signal comes; return the exit status."""
    app = application()
    background = Background(app)
    with app.app_context():
        try:
            services().definitions.deploy(services().runtime.root, SYSTEM, "make run")
        except Refused as refused:
            from app.cli_output import finding_line

            for finding in refused.findings:
                click.echo(finding_line(finding), err=True)
            return 1
        services().people.seed_groups()
        services().knowledge.seed(services().runtime.root)
        password = services().people.seed_demo() if app.config["ENVIRONMENT"] != "production" else None
    try:
        port = choose_port(host)
    except OSError as error:
        click.echo(f"端口 {os.environ.get('PORT')} 不可用 / the port is not free: {error}", err=True)
        return 3
    app.config["PUBLIC_URL"] = app.config["PUBLIC_URL"] or f"http://{host}:{port}"  # for links in messages
    server = create_server(app, host=host, port=port, threads=THREADS, ident=None)
    background.start()
    announce(app, host, port, password)
    _stop_on_signal(server)
    keep_what_is_loaded()
    try:
        server.run()
    finally:
        background.stop()
    return 0


def keep_what_is_loaded() -> None:
    """Spare the garbage collector what stays, and let it look seldom: it would stop somebody's page meanwhile."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])


def announce(app: Flask, host: str, port: int, password: str | None) -> None:
    """Print where the server is and who may sign in."""
    click.echo(f"承诺 Chengnuo: http://{host}:{port}/")
    if password is not None:
        with app.app_context():
            names = " ".join(person.username for person in services().people.users() if person.demo)
        click.echo(f"演示账号 / demo accounts: {names}\n密码 / password: {password}", nl=True)


def choose_port(host: str) -> int:
    """Return PORT unchanged when it is given; else 8000 or the next free one. Raises OSError."""
    given = os.environ.get("PORT")
    candidates = [int(given)] if given else range(8000, 8000 + TRIED_PORTS)
    problem: OSError | None = None
    for port in candidates:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                problem = error
                continue
        return port
    raise problem or OSError("no free port")


def run_background(application: Callable[..., Flask], *, timers: bool, workers: int = 2) -> int:
    """Run sweeps or workers until a signal comes; return the exit status."""
    app = application()
    background = Background(app, timers=timers, workers=workers)
    background.start()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    background.stop()
    return 0


def _stop_on_signal(server: Any) -> None:
    def stop(*_: Any) -> None:
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
