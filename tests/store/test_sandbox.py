"""The sandbox: real engine and forms, a clock of its own, nothing real touched, few and short-lived."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.clock import SystemClock
from app.errors import Conflict, Invalid, NotFound
from app.facts import Actor
from app.sandbox import PER_PERSON, Sandbox
from app.store.base import db
from app.store.models import Case, History, Instance, Job
from app.wiring import Services
from tests.robot import fill


def old_sandbox(base: Path, name: str, age: timedelta) -> Path:
    """Return the folder of a sandbox that was last used some time ago."""
    folder = base / name
    folder.mkdir(parents=True)
    (folder / "note.json").write_text("{}", encoding="utf-8")
    at = (SystemClock().now() - age).timestamp()
    os.utime(folder / "note.json", (at, at))
    return folder


def test_a_process_is_tried_alone_and_leaves_nothing(app: Flask, services: Services,
                                                     actor: Callable[[str], Actor]) -> None:
    base = Path(app.config["VAR"]) / "sandbox"
    expired = old_sandbox(base, "manager-1", timedelta(hours=13))
    mine = [old_sandbox(base, f"owner-{number}", timedelta(minutes=number)) for number in range(11, 11 + PER_PERSON)]
    draft = services.drafts.create("试一试", actor("owner"))
    box = Sandbox("owner", draft)
    with pytest.raises(NotFound):
        box.view()
    with pytest.raises(NotFound):
        box.begin(services.drafts.bundle(draft), {"process": "no_such_process"})
    assert not box.exists
    box.begin(services.drafts.bundle(draft), {"process": "weekly_report"})

    # 1. What is old, or one too many, is gone.
    assert not expired.exists()
    assert [folder.exists() for folder in mine] == [True] * (PER_PERSON - 1) + [False]

    # 2. It stands somewhere, its clock is the product's, and it moves alone.
    view = box.view()
    assert view.instances[0].active
    assert view.tasks
    assert abs(view.now - services.clock.now()) < timedelta(minutes=10)
    box.advance(by=timedelta(hours=1))
    assert box.view().now - view.now >= timedelta(hours=1)
    with pytest.raises(Invalid):
        box.advance(by=timedelta(days=10_000))
    with pytest.raises(Conflict):
        box.send("nobody_waits", {})

    # 3. Its form is answered by somebody of the group.
    with box.acting(view.tasks[0].id) as (inner, who, on_behalf):
        served = inner.work.form(view.tasks[0].id, who)
        inner.work.complete(view.tasks[0].id, fill(served.json, served.data, {}), who, on_behalf=on_behalf)
    with pytest.raises(Conflict), box.acting(view.tasks[0].id):
        pass

    # 4. Nothing of it is in the product, and nothing is left of it.
    for model in (Case, Instance, Job, History):
        assert db.session.query(model).count() == 0
    box.end()
    assert not box.folder.exists()
