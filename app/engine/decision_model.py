"""A whole DMN model: decisions that need inputs, other decisions, functions and services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from app.engine import decisions, feel
from app.engine.decision_table import (
    NAMESPACES,
    DecisionTable,
    Reader,
    child,
    children,
    declared_names,
    read_definitions,
)
from app.engine.decision_types import conform, from_text
from app.engine.xml import Xml, local, namespace, text
from app.errors import ExpressionError, NotFound, Refused
from app.facts import DecisionResult

_BOXED = frozenset({
    "literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list", "relation",
    "conditional", "filter", "for", "some", "every",
})  # fmt: skip
MAX_NESTING = 40  # decisions, services and functions that wait for each other


class Model:
    """One DMN file and those that it imports."""

    def __init__(self, xml: bytes, file: str, others: Mapping[str, Callable[[], Model]] | None = None) -> None:
        self.file = file
        self.root = read_definitions(xml, file)
        self.namespace = self.root.get("namespace", "")
        self.by_id = {one.get("id"): one for one in self.root.iter() if namespace(one) in NAMESPACES and one.get("id")}
        self.items = {one.get("name"): one for one in children(self.root, "itemDefinition")}
        self.tables: dict[Xml, DecisionTable | None] = {}
        self.imports: dict[str, tuple[str, Model]] = {}  # namespace -> (name, model)
        names = set(declared_names(self.root))
        for one in children(self.root, "import"):
            load = (others or {}).get(one.get("namespace", ""))
            if load is not None:
                self.imports[one.get("namespace")] = (one.get("name", ""), load())
                names |= self.imports[one.get("namespace")][1].known
        self.known: frozenset[str] = frozenset(names)

    def named(self, name: str, kinds: Iterable[str] = ("decision", "decisionService", "businessKnowledgeModel")) -> Xml:
        """Return the element of that name; raises NotFound."""
        for kind in kinds:
            for one in children(self.root, kind):
                if one.get("name") == name:
                    return one
        raise NotFound(f"There is no decision {name}.", f"没有决策 {name}。")

    def resolve(self, href: str) -> tuple[Model, Xml | None]:
        """Return the model and the element that a reference points to."""
        where, _, element_id = href.partition("#")
        model = self if where in {"", self.namespace} else self.imports.get(where, ("", self))[1]
        return model, model.by_id.get(element_id)

    def table(self, element: Xml, name: str) -> DecisionTable | None:
        """Return the table of an element, or None when it cannot be read."""
        if element not in self.tables:
            reader = Reader(self.file, self.known)
            table = reader.table(element, name, name)
            self.tables[element] = None if reader.findings else table
        return self.tables[element]


class Evaluation:
    """One evaluation over one set of inputs; every decision is evaluated once."""

    def __init__(self, model: Model, inputs: Mapping[str, Any], functions: decisions.Functions = None) -> None:
        self.model = model
        self.inputs = inputs
        self.functions = functions
        self.done: dict[Xml, Any] = {}
        self.level = 0

    def decision(self, name: str) -> Any:
        """Return a decision's value; raises NotFound, or ExpressionError for what cannot be evaluated."""
        return self.value(self.model, self.model.named(name))

    def service(self, name: str) -> Any:
        """Return what a decision service answers over the inputs."""
        element = self.model.named(name, ("decisionService",))
        function = self.service_function(self.model, element)
        return function.call(*(self.inputs.get(parameter) for parameter in function.parameters or ()))

    def invoke(self, name: str) -> Any:
        """Return what a business knowledge model answers over the inputs."""
        function = self.value(self.model, self.model.named(name, ("businessKnowledgeModel",)))
        return function.call(*(self.inputs.get(parameter) for parameter in function.parameters or ()))

    def value(self, model: Model, element: Xml) -> Any:
        """Return the value of an input, decision, function or service."""
        if element in self.done:
            return self.done[element]
        self.level += 1
        if self.level > MAX_NESTING:
            raise ExpressionError("Decisions need each other in a circle, or too deeply.",
                                  "决策之间循环依赖或层级过深。")
        self.done[element] = found = self._value(model, element)
        self.level -= 1
        return found

    def _value(self, model: Model, element: Xml) -> Any:
        kind, name = local(element), element.get("name", "")
        if kind == "inputData":
            given = feel.to_feel(self.inputs.get(name))
            return conform(model, from_text(given, _type_ref(element)), _type_ref(element))
        if kind == "decisionService":
            return self.service_function(model, element)
        context = self.required(model, element)
        if kind == "businessKnowledgeModel":
            logic = child(element, "encapsulatedLogic")
            return self.function(model, logic, name, context) if logic is not None else None
        body = _boxed(element)
        found = self.boxed(model, body, name, context) if body is not None else None
        return conform(model, found, _type_ref(element))

    def required(self, model: Model, element: Xml) -> dict[str, Any]:
        """Return the names that an element may use: what its requirements point to."""
        context: dict[str, Any] = {}
        for requirement in element:
            if local(requirement) not in {"informationRequirement", "knowledgeRequirement"}:
                continue
            for reference in requirement:
                href = reference.get("href")
                owner, target = model.resolve(href) if href else (model, None)
                if target is None:
                    continue
                value = self.value(owner, target)
                if owner is model:
                    context[target.get("name")] = value
                else:
                    context.setdefault(model.imports[owner.namespace][0], {})[target.get("name")] = value
        return context

    # -- functions

    def function(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> feel.Function | None:
        """Return the function of a functionDefinition or encapsulatedLogic."""
        if element.get("kind", "FEEL") != "FEEL":
            return None
        parameters = children(element, "formalParameter")
        names = tuple(one.get("name", "") for one in parameters)
        body = _boxed(element)

        def call(*values: Any) -> Any:
            if body is None or len(values) != len(names):
                return None
            given = {}
            for parameter, value in zip(parameters, values, strict=True):
                given[parameter.get("name")] = conform(model, feel.to_feel(value), parameter.get("typeRef"))
                if value is not None and given[parameter.get("name")] is None:
                    return None
            return self.deeper(lambda: self.boxed(model, body, name, {**context, name: function, **given}))

        function = feel.Function(name, names, call)
        return function

    def deeper(self, work: Callable[[], Any]) -> Any:
        """Return what `work` gives; raises ExpressionError when calls are nested too deeply."""
        self.level += 1
        try:
            if self.level > MAX_NESTING:
                raise ExpressionError("Functions call each other too deeply.", "函数嵌套调用过深。")
            return work()
        finally:
            self.level -= 1

    def service_function(self, model: Model, element: Xml) -> feel.Function:
        """Return a decision service as a function of its input data and input decisions."""
        parts: list[Xml] = []
        for kind in ("inputData", "inputDecision"):
            for reference in children(element, kind):
                target = model.resolve(reference.get("href", ""))[1]
                if target is not None:
                    parts.append(target)
        outputs = [target for reference in children(element, "outputDecision")
                   if (target := model.resolve(reference.get("href", ""))[1]) is not None]  # fmt: skip

        def call(*values: Any) -> Any:
            if len(values) != len(parts):
                return None
            inner = Evaluation(model, self.inputs, self.functions)
            inner.level = self.level + 1
            for part, value in zip(parts, values, strict=True):
                inner.done[part] = conform(model, feel.to_feel(value), _type_ref(part))
                if value is not None and inner.done[part] is None:
                    return None
            found = {one.get("name"): inner.value(model, one) for one in outputs}
            answer = next(iter(found.values())) if len(found) == 1 else found
            return conform(model, answer, _type_ref(element)) if len(found) == 1 else answer

        return feel.Function(element.get("name", ""), tuple(one.get("name", "") for one in parts), call)

    # -- boxed expressions

    def boxed(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        """Return the value of a boxed expression, as its typeRef has it."""
        kind = local(element)
        method: Callable[[Model, Xml, str, Mapping[str, Any]], Any] = getattr(self, f"_box_{kind.lower()}")
        found = method(model, element, name, context)
        return conform(model, found, element.get("typeRef")) if kind != "decisionTable" else found

    def _box_literalexpression(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        source = child(element, "text")
        return self.feel(model, (text(source) or "null") if source is not None else "null", context)

    def feel(self, model: Model, source: str, context: Mapping[str, Any]) -> Any:
        """Return the value of FEEL text; what cannot be parsed or evaluated is null, as DMN says."""
        try:
            expression = feel.parse(source, model.known | set(context))
            return feel.evaluate(expression, context, self.functions)
        except ExpressionError:
            return None

    def _box_decisiontable(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        table = model.table(element, name)
        try:
            return decisions.decide(table, context, self.functions).value if table else None
        except ExpressionError:
            return None

    def _box_context(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        found: dict[str, Any] = {}
        for entry in children(element, "contextEntry"):
            variable, body = child(entry, "variable"), _boxed(entry)
            inner = {**context, **found}
            label = variable.get("name", "") if variable is not None else ""
            value = self.boxed(model, body, label, inner) if body is not None else None
            if variable is None:
                return value
            found[label] = conform(model, value, variable.get("typeRef"))
        return found

    def _box_invocation(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        body = _boxed(element)
        function = self.boxed(model, body, name, context) if body is not None else None
        given = {}
        for binding in children(element, "binding"):
            parameter, argument = child(binding, "parameter"), _boxed(binding)
            if parameter is not None:
                value = self.boxed(model, argument, name, context) if argument is not None else None
                given[parameter.get("name")] = value
        if not isinstance(function, feel.Function) or function.parameters is None:
            return None
        if not given.keys() <= set(function.parameters):
            return None
        return function.call(*(given.get(parameter) for parameter in function.parameters))

    def _box_functiondefinition(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        return self.function(model, element, name, context)

    def _box_list(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        return [self.boxed(model, one, name, context) for one in element if local(one) in _BOXED]

    def _box_relation(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        columns = [column.get("name", "") for column in children(element, "column")]
        return [
            dict(zip(columns, self._box_list(model, row, name, context), strict=False))
            for row in children(element, "row")
        ]

    def part(self, model: Model, element: Xml, part: str, name: str, context: Mapping[str, Any]) -> Any:
        """Return the value of a named part of a boxed expression; null when it is missing."""
        holder = child(element, part)
        body = _boxed(holder) if holder is not None else None
        return self.boxed(model, body, name, context) if body is not None else None

    def _box_conditional(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        chosen = "then" if self.part(model, element, "if", name, context) is True else "else"
        return self.part(model, element, chosen, name, context)

    def _box_filter(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        items = self.part(model, element, "in", name, context)
        if items is None:
            return None
        kept = []
        for one in items if isinstance(items, list) else [items]:
            inner = {**context, **(one if isinstance(one, dict) else {}), "item": one}
            answer = self.part(model, element, "match", name, inner)
            if not isinstance(answer, bool):
                return None
            if answer:
                kept.append(one)
        return kept

    def rounds(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """Return the context of every round of a boxed iterator, or None when there is nothing to loop over."""
        variable = element.get("iteratorVariable", "")
        holder = child(element, "in")
        if holder is None:
            return None
        items = self.part(model, element, "in", name, context)
        if items is None or not isinstance(items, list | feel.Range):
            return None
        if isinstance(items, feel.Range):
            items = feel.evaluate("for i in r return i", {"r": items}) or []
        return [{**context, variable: one} for one in items]

    def _box_for(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        rounds = self.rounds(model, element, name, context)
        if rounds is None:
            return None
        found: list[Any] = []
        for inner in rounds:
            found.append(self.part(model, element, "return", name, {**inner, "partial": list(found)}))
        return found

    def _box_some(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        rounds = self.rounds(model, element, name, context)
        if rounds is None:
            return None
        answers = [self.part(model, element, "satisfies", name, inner) for inner in rounds]
        return None if any(not isinstance(one, bool) for one in answers) else True in answers

    def _box_every(self, model: Model, element: Xml, name: str, context: Mapping[str, Any]) -> Any:
        rounds = self.rounds(model, element, name, context)
        if rounds is None:
            return None
        answers = [self.part(model, element, "satisfies", name, inner) for inner in rounds]
        return None if any(not isinstance(one, bool) for one in answers) else False not in answers


def _boxed(element: Xml) -> Xml | None:
    return next((one for one in element if local(one) in _BOXED and namespace(one) in NAMESPACES), None)


def _type_ref(element: Xml) -> str | None:
    variable = child(element, "variable")
    return variable.get("typeRef") if variable is not None else None


def decide_file(xml: bytes, file: str, decision: str, inputs: Mapping[str, Any],
                functions: decisions.Functions = None, others: Mapping[str, bytes] | None = None) -> DecisionResult:
    """Return what the decision of that id or name answers, as plain data, with the rules of its table that fired.

    Raises Refused for the file, NotFound for the decision, and ExpressionError as `decisions.evaluate` does.
    """
    model = read_model(xml, file, others)
    element = model.by_id.get(decision)
    if element is None or local(element) != "decision":
        element = model.named(decision, ("decision",))
    decision_id, name = element.get("id") or decision, element.get("name") or decision
    evaluation = Evaluation(model, inputs, functions)
    logic = child(element, "decisionTable")
    if logic is None:
        return DecisionResult(decision_id, feel.plain(evaluation.value(model, element)), None)
    reader = Reader(file, model.known)
    table = reader.table(logic, decision_id, name)
    if reader.findings:
        raise Refused(reader.findings)
    return decisions.evaluate(table, {**inputs, **evaluation.required(model, element)}, functions)


def read_model(xml: bytes, file: str, others: Mapping[str, bytes] | None = None) -> Model:
    """Return a model; `others` are the files (by name) that it may import. Raises Refused."""
    sources: dict[str, tuple[bytes, str]] = {}
    for name, data in (others or {}).items():
        try:
            sources[read_definitions(data, name).get("namespace", "")] = (data, name)
        except Refused:
            continue

    def load(space: str, open_: frozenset[str]) -> Model:
        closed = open_ | {space}
        return Model(*sources[space], {other: partial(load, other, closed) for other in sources if other not in closed})

    root = read_definitions(xml, file)
    own = root.get("namespace", "")
    for one in children(root, "import"):  # of several files with one namespace, the one that the model names
        place = one.get("locationURI", "").removeprefix("./")
        if place in (others or {}):
            sources[one.get("namespace", "")] = ((others or {})[place], place)
    sources[own] = (xml, file)
    return load(own, frozenset())
