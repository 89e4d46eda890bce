"""Every step of the written policy's flows can be pointed at, and docs/flows.md says where."""

from __future__ import annotations

from typing import Any

import pytest

from tools.make_flows import TARGET, built, citing, flows, own, places, steps


def test_the_table_of_flows_is_what_the_diagrams_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == flows(), "run: .venv/bin/python tools/make_flows.py"


@pytest.mark.parametrize("flow", steps(), ids=lambda flow: str(flow["flow"]))
def test_each_clause_of_each_step_is_carried_by_something_in_its_flow(flow: dict[str, Any]) -> None:
    processes = built()
    found = citing(processes)
    missing = [(step["zh"], clause) for step in flow["steps"] for clause in step["clauses"]
               if not places(flow, [clause], found, processes)]
    assert missing == []


def test_every_process_belongs_to_a_flow() -> None:
    assert set(built()) == {key for flow in steps() for key in flow["processes"]}


def test_every_end_of_a_case_is_named_in_chinese_and_listed() -> None:
    text = TARGET.read_text(encoding="utf-8")
    for process in built().values():
        for element in own(process):
            if element.type == "endEvent":
                assert f"`{element.id}` | {element.name} |" in text, element.id
