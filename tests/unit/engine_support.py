"""Small BPMN files for the engine's tests, ports that record, and a way to walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app import engine
from app.facts import ActivityEvent, Done, Parked, ServiceCall

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" xmlns:chengnuo="http://chengnuo/schema/1.0" '
    'id="definitions" targetNamespace="http://chengnuo/test">\n'
)
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def diagram(body: str, *, key: str = "p", extra: str = "", attributes: str = "") -> bytes:
    """Return a file with one process; `extra` stands outside it."""
    return (
        f'{HEAD}{extra}<bpmn:process id="{key}" name="流程" isExecutable="true"{attributes}>\n{body}\n</bpmn:process>\n'
        "</bpmn:definitions>"
    ).encode()


def flows(*pairs: str) -> str:
    """Return sequence flows written as "a b" or "a b [condition]" (ids are a_b)."""
    out = []
    for pair in pairs:
        source, target, *condition = pair.split(" ", 2)
        inner = f"<bpmn:conditionExpression>{escape(condition[0])}</bpmn:conditionExpression>" if condition else ""
        out.append(
            f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
            f"{inner}</bpmn:sequenceFlow>"
        )
    return "\n".join(out)


def node(tag: str, identifier: str, inner: str = "", **attributes: str) -> str:
    """Return one element."""
    given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<bpmn:{tag} id="{identifier}" name="步骤"{given}>{inner}</bpmn:{tag}>'


def nodes(tag: str, *identifiers: str) -> str:
    """Return several plain elements of one kind."""
    return "\n".join(node(tag, identifier) for identifier in identifiers)


def properties(**given: str) -> str:
    """Return extension elements with our properties."""
    inner = "".join(
        f'<spiffworkflow:property name="{name}" value={quoteattr(value)}/>' for name, value in given.items()
    )
    return (
        f"<bpmn:extensionElements><spiffworkflow:properties>{inner}</spiffworkflow:properties></bpmn:extensionElements>"
    )


def service(identifier: str, operation: str = "do", result: str = "", **parameters: str) -> str:
    """Return a service task."""
    inner = "".join(
        f'<spiffworkflow:parameter id="{name}" type="any" value={quoteattr(value)}/>'
        for name, value in parameters.items()
    )
    variable = f' resultVariable="{result}"' if result else ""
    return node(
        "serviceTask",
        identifier,
        f'<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="{operation}"{variable}>'
        f"<spiffworkflow:parameters>{inner}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
        "</bpmn:extensionElements>",
    )


def script(identifier: str, text: str) -> str:
    """Return a script task."""
    return node("scriptTask", identifier, f"<bpmn:script>{escape(text)}</bpmn:script>")


def timer(value: str, kind: str = "timeDuration") -> str:
    """Return a timer definition; `value` is FEEL."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{escape(value)}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(name: str) -> str:
    """Return a message definition; the message itself comes from `messages`."""
    return f'<bpmn:messageEventDefinition messageRef="m_{name}"/>'


def messages(*names: str) -> str:
    """Return message elements."""
    return "".join(f'<bpmn:message id="m_{name}" name="{name}"/>' for name in names)


def error(code: str | None = None) -> str:
    """Return an error definition; the error itself comes from `errors`."""
    return f'<bpmn:errorEventDefinition errorRef="e_{code}"/>' if code else "<bpmn:errorEventDefinition/>"


def errors(*codes: str) -> str:
    """Return error elements."""
    return "".join(f'<bpmn:error id="e_{code}" name="{code}" errorCode="{code}"/>' for code in codes)


def boundary(identifier: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    """Return a boundary event."""
    return node("boundaryEvent", identifier, definition, attachedToRef=host, cancelActivity=str(interrupting).lower())


class Recorder:
    """Ports that remember what they were told."""

    def __init__(self, **answers: Any) -> None:
        self.at = NOW
        self.events: list[ActivityEvent] = []
        self.thrown: list[tuple[str, str | None, Mapping[str, Any]]] = []
        self.calls: list[ServiceCall] = []
        self.answers = answers
        self.case: Mapping[str, Any] | None = {"number": "C-1", "level": "P3"}
        self.due: dict[str, datetime | None] = {}

    def now(self) -> datetime:
        return self.at

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        def due(name: str) -> str | None:
            when = self.due.get(name)
            return when.isoformat() if when else None

        return {"due": due, "after": lambda text: (self.at + timedelta(hours=int(text[2:-1]))).isoformat()}

    def facts(self) -> Mapping[str, Any]:
        return {"case": self.case, "profile": {}}

    def observe(self, event: ActivityEvent) -> None:
        self.events.append(event)

    def call(self, call: ServiceCall) -> Done | Parked:
        self.calls.append(call)
        answer = self.answers.get(call.operation)
        if callable(answer):
            answer = answer(call)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Done | Parked) else Done(answer)

    def throw(self, name: str, correlation: str | None, payload: Mapping[str, Any]) -> None:
        self.thrown.append((name, correlation, payload))

    def happened(self) -> list[str]:
        """Return "element transition" of everything since the last call."""
        told = [f"{event.element.id} {event.transition}" for event in self.events]
        self.events.clear()
        return told


class Walk:
    """An instance that is dumped and loaded between all steps."""

    def __init__(self, *files: bytes, ports: Recorder | None = None, reload: bool = True, **variables: Any) -> None:
        self.ports = ports or Recorder()
        built = engine.build({f"{index}.bpmn": data for index, data in enumerate(files)}, engine.Catalog())
        self.spec = engine.load_spec(built[0].spec)
        self.execution = engine.start(self.spec, variables, self.ports)
        self.reload = reload
        self._again()

    def _again(self) -> None:
        if self.reload:
            blob = self.execution.dump()
            self.execution = engine.load(self.spec, blob, self.ports)
            assert self.execution.dump() == blob

    @property
    def open(self) -> list[str]:
        """Ids of the open user tasks."""
        return [task.element.id for task in self.execution.view().tasks]

    @property
    def ended(self) -> bool:
        return self.execution.view().ended

    def task(self, element: str) -> str:
        """Return the id of the (first) open task of an element."""
        return next(task.task_id for task in self.execution.view().tasks if task.element.id == element)

    def do(self, element: str, **data: Any) -> Walk:
        """Complete an open user task."""
        self.execution.fire_due()
        self.execution.complete(self.task(element), data)
        self._again()
        return self

    def wait(self, **by: float) -> Walk:
        """Let time pass and fire what is due."""
        self.ports.at += timedelta(**by)
        self.execution.fire_due()
        self._again()
        return self

    def tell(self, name: str, **payload: Any) -> bool:
        """Deliver a message."""
        heard = self.execution.deliver(name, payload)
        self._again()
        return heard


def findings(*files: bytes, catalog: engine.Catalog | None = None) -> set[tuple[str, str | None]]:
    """Return (rule, element) of every error and warning but those about names and groups."""
    found = engine.check({f"{index}.bpmn": data for index, data in enumerate(files)}, catalog or engine.Catalog())
    return {
        (finding.rule, finding.element)
        for finding in found
        if finding.rule not in {"task_without_form", "task_without_group", "name_not_chinese", "undeclared_call"}
    }


def rules(*files: bytes, catalog: engine.Catalog | None = None) -> set[str]:
    """Return only the rules of `findings`."""
    return {rule for rule, _ in findings(*files, catalog=catalog)}
