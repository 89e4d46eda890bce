"""How many SQL statements the steps of a whole complaint send: a bound on what each answer costs the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.store.base import WRITING, db
from tests.web.api_walk import ApiWalk
from tests.web.test_complaint_over_the_api import HAPPY

MOST = 25  # in one transaction of a step, the mark for conformance among them


class CountedWalk(ApiWalk):
    """Notes what each completion sends while it writes, one transaction after another."""

    def __init__(self, app: Flask) -> None:
        self.sent: dict[str, list[list[str]]] = {}
        super().__init__(app)

    def _do(self, task: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
        transactions: list[list[str]] = []

        def begun(connection: Any) -> None:
            if connection.get_execution_options().get(WRITING):
                transactions.append([])

        def executed(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if connection.get_execution_options().get(WRITING):
                transactions[-1].append(statement)

        event.listen(db.engine, "begin", begun)
        event.listen(db.engine, "before_cursor_execute", executed)
        try:
            return super()._do(task, choices)
        finally:
            event.remove(db.engine, "begin", begun)
            event.remove(db.engine, "before_cursor_execute", executed)
            self.sent[task["element_id"]] = transactions


def test_a_step_that_calls_no_handler_sends_at_most_25_statements(any_app: Flask) -> None:
    walk = CountedWalk(any_app)
    walk.run(HAPPY)
    assert walk.case()["state"] == "closed"
    plain = {element: len(sent) for element, transactions in walk.sent.items() for sent in transactions
             if not any(one.startswith("SAVEPOINT") for one in sent)}  # each handler has a savepoint of its own
    assert len(plain) > 5
    assert {element: count for element, count in plain.items() if count > MOST} == {}
