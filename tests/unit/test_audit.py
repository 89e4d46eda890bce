"""The audit chain: sealed in order, and every way to tamper with it is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app.clock import FixedClock
from app.services.audit import AuditBroken, Sealer, record
from app.store.base import db, prepare_sqlite
from app.store.unit_of_work import unit_of_work

NOW = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)


@pytest.fixture
def sealer(tmp_path: Path) -> Iterator[Sealer]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'audit.db'}"
    db.init_app(app)
    with app.app_context():
        prepare_sqlite(db.engine)
        db.create_all()
        db.session.commit()
        yield Sealer(FixedClock(NOW), tmp_path / "audit_head")
        db.session.remove()
        db.engine.dispose()


def write(count: int) -> None:
    with unit_of_work() as session:
        for place in range(count):
            record(session, NOW, "clerk", "work:task:complete", f"task {place}", "case", {"完成": [1, "二", None, 2.5]})


def tamper(sql: str) -> None:
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.execute(text(sql))
        connection.commit()


def test_what_was_sealed_verifies_and_later_rows_go_on_the_same_chain(sealer: Sealer) -> None:
    write(7)
    assert sealer.seal(limit=3) == 7
    assert sealer.seal() == 0
    write(2)
    assert sealer.seal() == 2
    assert sealer.verify() == []


def test_nothing_to_seal_is_nothing_wrong(sealer: Sealer) -> None:
    assert sealer.seal() == 0
    assert sealer.verify() == []


@pytest.mark.parametrize("sql", [
    "UPDATE audit SET actor = 'somebody else' WHERE chain = 3",
    "UPDATE audit SET at = '2026-03-02 01:02:03.456788' WHERE chain = 3",
    "UPDATE audit SET detail = '{}' WHERE chain = 3",
    "UPDATE audit SET case_id = NULL WHERE chain = 1",
    "DELETE FROM audit WHERE chain = 2",
    "DELETE FROM audit WHERE chain = 5",
    "DELETE FROM audit WHERE chain >= 4",
    "DELETE FROM audit",
    "UPDATE audit SET chain = chain + 10 WHERE chain IN (2, 3)",
    "UPDATE audit SET chain = NULL, hash = NULL WHERE chain = 5",
])
def test_an_edit_a_deletion_and_a_cut_tail_are_seen(sealer: Sealer, sql: str) -> None:
    write(5)
    sealer.seal()
    tamper(sql)
    assert sealer.verify()


def test_a_chain_that_was_computed_anew_does_not_agree_with_its_anchor(sealer: Sealer, tmp_path: Path) -> None:
    write(5)
    sealer.seal()
    tamper("UPDATE audit SET actor = 'somebody else' WHERE chain = 2")
    tamper("UPDATE audit SET chain = NULL, hash = NULL")
    forger = Sealer(FixedClock(NOW), tmp_path / "elsewhere")
    assert forger.seal() == 5
    assert forger.verify() == []
    assert sealer.verify()


def test_the_sealer_does_not_hide_a_cut_tail_by_sealing_on(sealer: Sealer) -> None:
    write(5)
    sealer.seal()
    tamper("DELETE FROM audit WHERE chain >= 4")
    write(3)
    with pytest.raises(AuditBroken):
        sealer.seal()
    assert sealer.verify()


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("no"), lambda path: path.write_text("[]")])
def test_a_lost_or_damaged_anchor_is_told(sealer: Sealer, tmp_path: Path, harm: Callable[[Path], object]) -> None:
    write(2)
    sealer.seal()
    harm(next(tmp_path.glob("audit_head-*")))
    assert sealer.verify()


def test_an_anchor_that_was_not_written_before_a_crash_is_behind_but_not_wrong(sealer: Sealer, tmp_path: Path) -> None:
    write(2)
    sealer.seal()
    anchor = next(tmp_path.glob("audit_head-*"))
    old = anchor.read_text()
    write(2)
    sealer.seal()
    anchor.write_text(old)
    assert sealer.verify() == []
    write(1)
    assert sealer.seal() == 1
    assert sealer.verify() == []


def test_a_step_that_is_rolled_back_leaves_no_audit_row(sealer: Sealer) -> None:
    def step() -> None:
        with unit_of_work() as session:
            record(session, NOW, "clerk", "work:task:complete", "task")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        step()
    assert sealer.seal() == 0
