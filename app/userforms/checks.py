"""Judges a form's file before it is deployed: what would surprise the people who fill it in, with advice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.errors import ExpressionError, Finding
from app.userforms.definition import INPUTS, Component, FormContext, FormDefinition, flatten
from app.userforms.patterns import PatternError, compile_pattern
from app.userforms.reading import line_of, parse_form
from app.userforms.values import ValueProblem, check_value, read_value

Names = Callable[[str], frozenset[str]]  # FEEL to the names that it uses; raises ExpressionError

CASE_FACTS = frozenset({
    "type", "channel", "customer_name", "customer_phone", "customer_email", "customer_level", "customer_known",
    "product_model", "serial_no", "order_no", "purchase_date", "origin", "description", "urgency", "severity",
    "complaint_type"})
CASE_FLAGS = frozenset({"safety", "production_stop", "batch", "public_opinion"})
MAX_PATTERN_INPUT = 500


def check_form(data: bytes, file: str, names: Names | None = None,
               clauses: frozenset[str] | None = None) -> list[Finding]:
    """Return what is wrong with the form in `data`; `names` parses FEEL, `clauses` are the ids that exist."""
    definition, findings = parse_form(data, file)
    if definition is None:
        return findings
    check = _Check(definition, file, data.decode("utf-8-sig", "replace"), names, clauses)
    return [*findings, *check.run()]


class _Check:
    """One check of one form that could be read."""

    def __init__(self, definition: FormDefinition, file: str, text: str, names: Names | None,
                 clauses: frozenset[str] | None) -> None:
        self.definition = definition
        self.file = file
        self.text = text
        self.names = names
        self.clauses = clauses
        self.context = FormContext({}, lambda _text, _context: None, lambda _file: True,
                                   case_exists=lambda _number: True)

    def run(self) -> Iterator[Finding]:
        yield from self._duplicates(found.component for found in self.definition.fields)
        yield from self._known_clauses(None, self.definition.clauses)
        for component, in_list in _all(self.definition.components):
            yield from self._component(component)
            if component.type == "dynamiclist":
                yield from self._duplicates(found.component for found in flatten(component.components))
            if not in_list and component.case_fact:
                yield from self._case_fact(component)
        yield from self._circular_hides()

    def _component(self, component: Component) -> Iterator[Finding]:
        yield from self._known_clauses(component.key, component.clauses)
        for what, expression in _expressions(component):
            yield from self._expression(component.key, what, expression)
        if component.pattern is not None:
            yield from self._pattern(component)
        if component.type not in INPUTS:
            return
        yield from self._limits(component)
        for what, value in (("example", component.example), ("defaultValue", component.default)):
            if value is not None and component.type != "dynamiclist" and not str(value).startswith("="):
                yield from self._value(component, what, value)
        if component.readonly and (component.prefill, component.case_fact, component.default) == (None, None, None):
            yield self._finding(component.key, "readonly_without_value", "warning",
                                "只读字段没有 prefill、case 或 defaultValue，会一直是空的",
                                "a read-only field without prefill, case or defaultValue stays empty")

    def _duplicates(self, components: Iterable[Component]) -> Iterator[Finding]:
        seen: set[str] = set()
        for component in components:
            if component.key in seen:
                yield self._finding(component.key, "duplicate_key", "error", f"key「{component.key}」重复",
                                    f"the key {component.key!r} is used twice")
            seen.add(component.key)

    def _expression(self, key: str, what: str, expression: str) -> Iterator[Finding]:
        if self.names is None:
            return
        try:
            self.names(expression)
        except ExpressionError as error:
            yield self._finding(key, "bad_expression", "error", f"{what} 的表达式有误：{error.message_zh}",
                                f"the expression of {what} is wrong: {error.message_en}")

    def _pattern(self, component: Component) -> Iterator[Finding]:
        if component.type != "textfield":
            yield self._finding(component.key, "pattern_place", "error", "只有 textfield 可以有 pattern",
                                "only a textfield may have a pattern")
        try:
            compile_pattern(component.pattern or "")
        except PatternError as error:
            yield self._finding(component.key, "bad_pattern", "error", f"pattern 不被接受：{error.message_zh}",
                                f"the pattern is not accepted: {error.message_en}")
            return
        if component.max_length is not None and component.max_length > MAX_PATTERN_INPUT:
            yield self._finding(component.key, "pattern_length", "error",
                                f"有 pattern 的字段 maxLength 不得超过 {MAX_PATTERN_INPUT}",
                                f"a field with a pattern has a maxLength of at most {MAX_PATTERN_INPUT}")
        if component.example is None and not component.readonly:
            yield self._finding(component.key, "pattern_without_example", "error",
                                "有 pattern 的字段须有 properties.example，告诉填表人怎样填",
                                "a field with a pattern needs properties.example, so that people know what to type")

    def _limits(self, component: Component) -> Iterator[Finding]:
        pairs = ((component.min_length, component.max_length), (component.minimum, component.maximum))
        if any(low is not None and high is not None and low > high for low, high in pairs):
            yield self._finding(component.key, "impossible_limits", "error", "下限大于上限，无法填写",
                                "the lower limit is above the upper one: nothing can be entered")

    def _value(self, component: Component, what: str, value: Any) -> Iterator[Finding]:
        try:
            if component.pattern is not None:
                compile_pattern(component.pattern)
            check_value(component, read_value(component, value, self.context), self.context)
        except PatternError:
            return  # told already
        except ValueProblem as problem:
            yield self._finding(component.key, "bad_value", "error",
                                f"{what} 不符合字段自己的规则：{problem.message_zh}",
                                f"{what} breaks the field's own rules: {problem.message_en}")

    def _case_fact(self, component: Component) -> Iterator[Finding]:
        name = component.case_fact or ""
        group, _, rest = name.rpartition(".")
        known = (name in CASE_FACTS or (group == "flags" and rest in CASE_FLAGS)
                 or (group == "extra" and rest.isidentifier()))
        if not known:
            yield self._finding(component.key, "unknown_case_fact", "error",
                                f"个案没有「{name}」这项内容；自定义的写作 extra.名称",
                                f"a case has no fact {name!r}; facts of your own are written extra.name")
        if group == "flags" and component.type != "checkbox":
            yield self._finding(component.key, "flag_place", "error", "个案标记只能用 checkbox",
                                "a flag of the case needs a checkbox")

    def _known_clauses(self, key: str | None, clauses: Iterable[str]) -> Iterator[Finding]:
        for clause in clauses:
            if self.clauses is not None and clause not in self.clauses:
                yield self._finding(key, "unknown_clause", "error", f"没有条款 {clause}",
                                    f"there is no clause {clause}")

    def _circular_hides(self) -> Iterator[Finding]:
        """A field whose visibility hangs on itself flickers: no answer to "is it shown?" is stable."""
        if self.names is None:
            return
        uses: dict[str, set[str]] = {}
        for found in self.definition.fields:
            uses[found.key] = set()
            for condition in found.hides:
                try:
                    uses[found.key] |= self.names(condition) & self.definition.by_key.keys()
                except ExpressionError:
                    continue  # told already
        for key in uses:
            reached: set[str] = set()
            waiting = list(uses[key])
            while waiting:
                other = waiting.pop()
                if other not in reached:
                    reached.add(other)
                    waiting.extend(uses.get(other, ()))
            if key in reached:
                yield self._finding(key, "circular_condition", "error", "显示条件绕回自身",
                                    "its condition depends on itself")

    def _finding(self, key: str | None, rule: str, severity: str, zh: str, en: str) -> Finding:
        return Finding(self.file, key or None, line_of(self.text, key), rule, severity, zh, en)


def _all(components: Iterable[Component], in_list: bool = False) -> Iterator[tuple[Component, bool]]:
    for component in components:
        yield component, in_list
        yield from _all(component.components, in_list or component.type == "dynamiclist")


def _expressions(component: Component) -> Iterator[tuple[str, str]]:
    candidates = {"conditional.hide": component.hide, "required_if": component.required_if,
                  "prefill": component.prefill}
    for what, value in (("defaultValue", component.default), ("example", component.example)):
        if isinstance(value, str) and value.startswith("="):
            candidates[what] = value[1:]
    for what, expression in candidates.items():
        if expression is not None:
            yield what, expression
