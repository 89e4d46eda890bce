"""`chengnuo policy conformance` and `chengnuo policy replay`: what happened, held against clauses and diagrams."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from flask import Flask

from app.cli_output import JSON, ROOT, Root, show
from app.cli_policy import policy
from app.policy.conformance import BROKEN, COMPANY, Verdict

_app: Flask | None = None  # of a worker process, made once
SHOWN = 100


@policy.command()
@click.option("--all", "everything", is_flag=True, help="Judge every case anew first, not only what is new.")
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Processes for --all.")
@click.option("--limit", type=click.IntRange(0), default=SHOWN, show_default=True, help="How many breaches to list.")
@Root
@JSON
def conformance(everything: bool, workers: int, limit: int, root: Path, as_json: bool) -> int:
    """Judge history by every clause: kept, broken or pending; list the breaches, newest first."""
    from app.cli import application
    from app.wiring import services

    other = root.resolve() != ROOT
    app = application(PROJECT_ROOT=root) if other else application()
    with app.app_context():
        judge = services().conformance
        if other:  # another tree's policy: nothing is written
            found = [(number, verdict) for number, verdict in judge.stream()]
            document = _document(Counter((one.clause, one.state) for _, one in found), len({n for n, _ in found}),
                                 [_breach(judge, n, one) for n, one in found if one.state == BROKEN][:limit])
        else:
            judged = _judge_all(judge, workers) if everything else judge.sweep()
            document = _document(judge.summary(), judged, [
                _breach(judge, row.number, judge.stored(row)) for row in judge.newest_breaches(limit)])
    show(document, as_json, [
        *(f"{row['clause']}\t{row['kept']} kept\t{row['broken']} broken\t{row['pending']} pending"
          for row in document["clauses"]),
        *(f"{row['case']}\t{row['why']}" for row in document["broken"])])
    return int(any(row["broken"] for row in document["clauses"]))


@policy.command()
@JSON
def replay(as_json: bool) -> int:
    """Play every instance's history as tokens on its version of the diagram: none missing, none left over."""
    from app.cli import application
    from app.services.replaying import replay_all
    from app.wiring import services

    with application().app_context():
        result = replay_all(services().runtime)
    show(result, as_json, [f"{result['replayed']} replayed", *map(str, result["differences"])])
    return int(bool(result["differences"]))


def _document(counts: Mapping[tuple[str, str], int], judged: int, broken: Sequence[Mapping[str, Any]],
              ) -> dict[str, Any]:
    clauses = sorted({clause for clause, _ in counts})
    return {"judged": judged, "clauses": [
        {"clause": one, **{state: counts.get((one, state), 0) for state in ("kept", "broken", "pending")}}
        for one in clauses], "broken": list(broken)}


def _breach(judge: Any, number: str | None, verdict: Verdict) -> dict[str, Any]:
    zh, en = judge.explain(verdict)
    return {"clause": verdict.clause, "case": number or COMPANY, "period": verdict.period or None,
            "obligation": verdict.obligation, "since": verdict.since, "why": zh, "why_en": en}


# ---- a full run


def _judge_all(judge: Any, workers: int) -> int:
    if workers == 1:
        return int(judge.judge_all(_tell))
    total, done = judge.count(), 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin,
                             initargs=(dict(os.environ),)) as pool:
        for finished in as_completed([pool.submit(_judge, ids) for ids in judge.batches()]):
            done += finished.result()
            _tell(done, total)
    judge.judge_some([COMPANY])
    return done


def _begin(environment: Mapping[str, str]) -> None:
    global _app
    from app.cli import application

    os.environ.update(environment)
    _app = application()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # what is judged is many small things without cycles


def _judge(ids: Sequence[str]) -> int:
    from app.wiring import services

    assert _app is not None  # noqa: S101 - _begin has run
    with _app.app_context():
        services().conformance.judge_some(ids)
    return len(ids)


def _tell(done: int, total: int) -> None:
    if done == total or done % 5000 < 200:
        click.echo(f"{done}/{total} 个案 cases", err=True)

