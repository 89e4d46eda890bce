"""The baseline: plain SpiffWorkflow, its default serializer, one committed JSON row a step, nothing else."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import Engine, text

from app.store.base import WRITING


class Plain:
    """Starts baseline instances of one diagram on the database that ours use."""

    def __init__(self, bpmn: Path, key: str, answers: dict[str, Any], engine: Engine) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_file(str(bpmn))
        self.spec, self.subprocesses = parser.get_spec(key), parser.get_subprocess_specs(key)
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))
        self.answers, self.engine = answers, engine
        with self._transaction() as connection:
            connection.execute(text("CREATE TABLE plain (id INTEGER PRIMARY KEY, state TEXT)"))
        self._count = 0

    def _transaction(self) -> Any:
        return self.engine.execution_options(**{WRITING: True}).begin()  # it takes the write lock at once, as ours does

    def start(self) -> PlainInstance:
        """Return a new instance at its first user task."""
        self._count += 1
        workflow = BpmnWorkflow(self.spec, self.subprocesses, script_engine=PythonScriptEngine())
        workflow.do_engine_steps()
        with self._transaction() as connection:
            connection.execute(
                text("INSERT INTO plain VALUES (:id, :state)"),
                {"id": self._count, "state": self.serializer.serialize_json(workflow)},
            )
        return PlainInstance(self, self._count)


class PlainInstance:
    """One baseline instance."""

    def __init__(self, plain: Plain, number: int) -> None:
        self._plain, self._number = plain, number
        self.times: list[float] = []

    def complete(self) -> None:
        """Load, complete the next ready task, dump everything, commit; timed."""
        plain = self._plain
        start = perf_counter()
        with plain._transaction() as connection:
            state = connection.execute(
                text("SELECT state FROM plain WHERE id = :id"), {"id": self._number}
            ).scalar_one()
            workflow = plain.serializer.deserialize_json(state)
            workflow.script_engine = PythonScriptEngine()
            workflow.refresh_timers()
            workflow.do_engine_steps()
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.data.update(plain.answers)
            task.run()
            workflow.do_engine_steps()
            connection.execute(
                text("UPDATE plain SET state = :state WHERE id = :id"),
                {"id": self._number, "state": plain.serializer.serialize_json(workflow)},
            )
        self.times.append(perf_counter() - start)
