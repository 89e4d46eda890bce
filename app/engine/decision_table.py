"""Decision tables as records, read strictly from DMN 1.1 to 1.5."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from app.engine import feel
from app.engine.xml import Xml, chengnuo, local, namespace, parse, text
from app.errors import ExpressionError, Finding, Refused
from app.facts import RuleHit

NAMESPACES = frozenset({
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd", "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/", "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
})  # fmt: skip
HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "COUNT", "MIN", "MAX")
SEVERAL = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})  # policies that answer with a list


@dataclass(frozen=True)
class Input:
    """A column that is tested."""

    id: str
    label: str
    expression: feel.Expression
    type: str  # typeRef, without prefix; "Any" where it is not given
    allowed: feel.UnaryTests | None


@dataclass(frozen=True)
class Output:
    """A column that is answered."""

    id: str
    name: str
    label: str
    type: str
    allowed: feel.UnaryTests | None
    priorities: tuple[Any, ...]  # allowed values that are written out, the most important first
    default: feel.Expression | None


@dataclass(frozen=True)
class Rule:
    """A row; its tests and answers are in the columns' order."""

    id: str
    tests: tuple[feel.UnaryTests, ...]
    answers: tuple[feel.Expression, ...]
    hit: RuleHit
    line: int | None  # 1-based line in the file
    description: str = ""


@dataclass(frozen=True)
class DecisionTable:
    """One decision's table."""

    id: str
    name: str
    file: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    line: int | None = None


@dataclass
class Reader:
    """Reads the tables of one file and gathers what is wrong with them."""

    file: str
    known: Collection[str] = ()  # names with spaces that the file declares
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, element: Xml, rule: str, zh: str, en: str, element_id: str | None = None) -> None:
        """Note a mistake."""
        where = element_id or element.get("id")
        self.findings.append(Finding(self.file, where, element.sourceline, rule, "error", zh, en))

    def expression(self, element: Xml, owner: str | None = None) -> feel.Expression:
        """Return the FEEL of an element with a text child; an unreadable one is noted."""
        source = _source(element) or "null"
        try:
            return feel.parse(source, self.known)
        except ExpressionError as error:
            self._bad_cell(element, owner, source, error)
            return feel.parse("null")

    def tests(self, element: Xml, owner: str | None = None) -> feel.UnaryTests:
        """Return the unary tests of an element with a text child; unreadable ones are noted."""
        source = _source(element)
        try:
            return feel.parse_unary(source, self.known)
        except ExpressionError as error:
            self._bad_cell(element, owner, source, error)
            return feel.parse_unary("-")

    def _bad_cell(self, element: Xml, owner: str | None, source: str, error: ExpressionError) -> None:
        self.wrong(element, "decision_bad_cell", f"“{source[:80]}”无法解析：{error.message_zh}",
                   f"{source[:80]!r} cannot be read: {error.message_en}", owner)

    def table(self, element: Xml, decision_id: str, name: str) -> DecisionTable:
        """Return the table of a decisionTable element."""
        policy = element.get("hitPolicy", "UNIQUE")
        aggregation = element.get("aggregation")
        if policy not in HIT_POLICIES or (aggregation and aggregation not in AGGREGATIONS):
            self.wrong(element, "decision_hit_policy", f"不支持的命中策略 {policy} {aggregation or ''}。",
                       f"Unknown hit policy {policy} {aggregation or ''}.", decision_id)
        inputs = tuple(self._input(one) for one in children(element, "input"))
        found = children(element, "output")
        outputs = tuple(self._output(one, one.get("name") or (decision_id if len(found) == 1 else f"output{at}"))
                        for at, one in enumerate(found, 1))  # fmt: skip
        if not outputs:
            self.wrong(element, "decision_no_output", "决策表没有输出列。",
                       "The table has no output column.", decision_id)
        if len({one.name for one in outputs}) < len(outputs):
            self.wrong(element, "decision_output_twice", "两个输出列同名。",
                       "Two output columns have the same name.", decision_id)
        if aggregation and len(outputs) > 1:
            self.wrong(element, "decision_aggregation", "多输出列的决策表不能汇总。",
                       "A table with several outputs cannot be aggregated.", decision_id)
        rules = tuple(self._rule(one, at, len(inputs), len(outputs))
                      for at, one in enumerate(children(element, "rule"), 1))  # fmt: skip
        if len({rule.id for rule in rules}) < len(rules):
            self.wrong(element, "decision_rule_twice", "两条规则的编号相同。",
                       "Two rules have the same id.", decision_id)
        return DecisionTable(decision_id, name, self.file, policy, aggregation, inputs, outputs, rules,
                             element.sourceline)

    def _input(self, element: Xml) -> Input:
        expression = child(element, "inputExpression")
        allowed = child(element, "inputValues")
        if expression is None:
            self.wrong(element, "decision_bad_cell", "输入列没有表达式。", "The input column has no expression.")
            expression = element
        return Input(element.get("id", ""), element.get("label") or _source(expression), self.expression(expression),
                     _type(expression), self.tests(allowed) if allowed is not None else None)

    def _output(self, element: Xml, name: str) -> Output:
        allowed, default = child(element, "outputValues"), child(element, "defaultOutputEntry")
        tests = self.tests(allowed) if allowed is not None else None
        priorities = tuple(constants(tests)) if tests else ()
        return Output(element.get("id", ""), name, element.get("label") or name, _type(element), tests, priorities,
                      self.expression(default) if default is not None else None)

    def _rule(self, element: Xml, at: int, inputs: int, outputs: int) -> Rule:
        rule_id = element.get("id") or f"rule_{at}"
        tests = tuple(self.tests(one, rule_id) for one in children(element, "inputEntry"))
        answers = tuple(self.expression(one, rule_id) for one in children(element, "outputEntry"))
        if (len(tests), len(answers)) != (inputs, outputs):
            self.wrong(element, "decision_cells", f"规则 {rule_id} 的单元格数与列数不一致。",
                       f"Rule {rule_id} has another number of cells than the table has columns.", rule_id)
        description = child(element, "description")
        return Rule(rule_id, tests, answers, _hit(element, rule_id), element.sourceline,
                    (text(description) or "") if description is not None else "")


def children(element: Xml, name: str) -> list[Xml]:
    """Return the DMN child elements of that name."""
    return [one for one in element if local(one) == name and namespace(one) in NAMESPACES]


def child(element: Xml, name: str) -> Xml | None:
    """Return the first DMN child element of that name, or None."""
    found = children(element, name)
    return found[0] if found else None


def _source(element: Xml) -> str:
    found = child(element, "text")
    return (text(found) or "") if found is not None else ""


def _type(element: Xml) -> str:
    return str(element.get("typeRef") or "Any").rpartition(":")[2]


def _hit(element: Xml, rule_id: str) -> RuleHit:
    extension = element.find(f".//{chengnuo('rule')}")
    if extension is None:
        return RuleHit(rule_id)
    cells = {
        cell.get("output", ""): {"clauses": tuple(cell.get("clauses", "").split()),
                                 "also": tuple(cell.get("also", "").split()), "basis": cell.get("basis", "")}
        for cell in extension.findall(chengnuo("cell"))
    }  # fmt: skip
    return RuleHit(rule_id, tuple(extension.get("clauses", "").split()), extension.get("assumption") == "true", cells)


def constants(tests: feel.UnaryTests) -> list[Any]:
    """Return the values that tests write out one by one, in order."""
    return [one.value for one in tests.root.tests if isinstance(one, feel.Literal)]


def read_definitions(xml: bytes, file: str) -> Xml:
    """Return the root of a DMN file; raises Refused for anything else."""
    root = parse(xml, file)
    if local(root) != "definitions" or namespace(root) not in NAMESPACES:
        raise Refused([Finding(file, None, root.sourceline, "decision_not_dmn", "error",
                               "这不是 DMN 1.1–1.5 文件。", "This is not a DMN 1.1 to 1.5 file.")])
    return root


def declared_names(root: Xml) -> frozenset[str]:
    """Return every name that a DMN file declares."""
    return frozenset(name for one in root.iter() if namespace(one) in NAMESPACES and (name := one.get("name")))


def read_table(xml: bytes, file: str) -> tuple[DecisionTable, ...]:
    """Return the decision tables of a DMN file, in document order.

    Raises Refused with every finding: XML that is not safe or not DMN, cells that cannot be read, rows that do not fit.
    """
    root = read_definitions(xml, file)
    reader = Reader(file, declared_names(root))
    tables = []
    for decision in children(root, "decision"):
        table = child(decision, "decisionTable")
        if table is not None:
            decision_id = decision.get("id") or decision.get("name") or ""
            tables.append(reader.table(table, decision_id, decision.get("name") or decision_id))
    if not tables and child(root, "decision") is None:
        reader.wrong(root, "decision_none", "文件中没有决策。", "The file has no decision.")
    if reader.findings:
        raise Refused(reader.findings)
    return tuple(tables)
