"""Binds what was sent, by a browser or the API, to a form: typed data, or every error by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.errors import ChengnuoError, FieldError, Invalid
from app.userforms.conditions import hidden_fields, is_required, scope_of
from app.userforms.definition import Component, Field, FormContext, FormDefinition, Submission, flatten
from app.userforms.values import ValueProblem, check_value, fact_of, is_empty, plain, read_value, stored

MAX_ROWS = 50


def bind(definition: FormDefinition, raw: Mapping[str, Any], context: FormContext) -> Submission:
    """Return the submission that `raw` makes; raises Invalid with one error a field, nothing of it accepted.

    A field that is not sent takes what the server proposed; null is an answer left out. Fields that the form does not
    declare are refused, hidden ones are neither validated nor kept, and read-only ones keep the server's value.
    """
    if not isinstance(raw, Mapping):
        raise Invalid([FieldError("data", "A JSON object is expected.", "应为 JSON 对象。")])
    errors = _undeclared(raw, definition.by_key, "")
    proposed = prefilled(definition, context)
    answers: dict[str, Any] = {}
    problems: dict[str, list[FieldError]] = {}
    for found in definition.fields:
        sent = raw.get(found.key, proposed.get(found.key))
        if found.component.readonly:
            answers[found.key] = lenient(found.component, proposed.get(found.key), context)
        else:
            answers[found.key], problems[found.key] = _read(found.component, sent, found.key, context)
    hidden = hidden_fields(definition.fields, answers, context)
    scope = scope_of(definition.fields, answers, hidden, context)
    for found in definition.fields:
        if found.key not in hidden and not found.component.readonly:
            value, wrong = _judge(found, answers[found.key], problems[found.key], scope, context)
            answers[found.key] = value
            errors.extend(wrong)
    if errors:
        raise Invalid(errors)
    return _submission(definition, answers, hidden, context)


def prefilled(definition: FormDefinition, context: FormContext) -> dict[str, Any]:
    """Return what the server proposes, by key, as it is stored; fields without a proposal are absent."""
    found = {}
    for item in definition.fields:
        value = propose(item.component, context)
        if value is not None and value != []:
            found[item.key] = value
    return found


def propose(component: Component, context: FormContext) -> Any:
    """Return the proposal for one field: its FEEL, the case's fact or the default, the first usable; or None."""
    for value in _proposals(component, context):
        if component.type == "dynamiclist":
            rows = _rows(value)
            if rows:
                return rows
            continue
        value = lenient(component, value, context)
        if value is not None and value != [] and (component.readonly or _fits(component, value, context)):
            return stored(component, value)
    if component.type == "checkbox" and not (component.required or component.required_if or component.readonly):
        return False  # said, so that nobody who fills in what is missing takes it for an open question
    return None


def _fits(component: Component, value: Any, context: FormContext) -> bool:
    """A proposal that would be refused helps nobody: it is not made."""
    try:
        check_value(component, value, context)
    except ValueProblem:
        return False
    return True


def visibility(definition: FormDefinition, raw: Mapping[str, Any], context: FormContext) -> dict[str, list[str]]:
    """Return {"hidden": keys, "required": keys} for half-filled answers: what a page asks while somebody types."""
    proposed = prefilled(definition, context)
    answers = {found.key: lenient(found.component,
                                   proposed.get(found.key) if found.component.readonly else raw.get(found.key), context)
               for found in definition.fields}
    hidden = hidden_fields(definition.fields, answers, context)
    scope = scope_of(definition.fields, answers, hidden, context)
    required = [found.key for found in definition.fields
                if found.key not in hidden and not found.component.readonly and is_required(found, scope, context)]
    return {"hidden": sorted(hidden), "required": required}


def _proposals(component: Component, context: FormContext) -> Iterable[Any]:
    if component.prefill is not None:
        yield proposal_of(component.prefill, context)
    if component.case_fact is not None:
        yield fact_of(context.variables.get("case"), component.case_fact)
    default = component.default
    yield proposal_of(default[1:], context) if isinstance(default, str) and default.startswith("=") else default


def proposal_of(expression: str, context: FormContext) -> Any:
    """Return what the FEEL gives; None where it cannot be computed, since a proposal may always be missing."""
    try:
        return context.evaluate(expression, context.variables)
    except ChengnuoError:
        return None


def lenient(component: Component, raw: Any, context: FormContext) -> Any:
    """Return the typed value of an answer, or None where it cannot be read: for proposals and half-filled forms."""
    if component.type == "dynamiclist":
        return _rows(raw)
    try:
        return read_value(component, raw, context) if raw is not None else None
    except ValueProblem:
        return None


def _rows(raw: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in raw if isinstance(row, Mapping)][:MAX_ROWS] if isinstance(raw, list | tuple) else []


def _undeclared(raw: Mapping[Any, Any], declared: Mapping[str, Any], prefix: str) -> list[FieldError]:
    return [FieldError(f"{prefix}{str(key)[:80]}", "The form has no such field.", "表单没有这个字段。")
            for key in raw if key not in declared]


def _read(component: Component, raw: Any, at: str, context: FormContext) -> tuple[Any, list[FieldError]]:
    if component.type == "dynamiclist":
        return _read_list(component, raw, at)
    try:
        value = read_value(component, raw, context)
        check_value(component, value, context)
    except ValueProblem as problem:
        return None, [FieldError(at, problem.message_en, problem.message_zh)]
    return value, []


def _read_list(component: Component, raw: Any, at: str) -> tuple[list[dict[str, Any]], list[FieldError]]:
    if raw is None or raw == "":
        return [], []
    if not isinstance(raw, list | tuple) or not all(isinstance(row, Mapping) for row in raw):
        return [], [FieldError(at, "A list of rows is expected.", "应为若干行的列表。")]
    rows = [dict(row) for row in raw if not _is_blank(row)]
    if len(rows) > MAX_ROWS:
        return [], [FieldError(at, f"At most {MAX_ROWS} rows.", f"最多 {MAX_ROWS} 行。")]
    return rows, []


def _is_blank(row: Mapping[Any, Any]) -> bool:
    return all(value is None or value is False or value in ("", []) for value in row.values())


def _judge(found: Field, value: Any, problems: list[FieldError], scope: Mapping[str, Any],
           context: FormContext) -> tuple[Any, list[FieldError]]:
    """Return the value of a visible field and its errors: how it was read, and whether it had to be answered."""
    if problems:
        return value, problems
    if is_empty(found.component, value) and is_required(found, scope, context):
        if found.component.type == "checkbox":
            return value, [FieldError(found.key, "This has to be confirmed.", "须勾选确认。")]
        if found.component.type == "filepicker":
            # Colleagues are told why; clauses tell a customer nothing.
            asked = "" if context.variables.get("via_portal") else " ".join(found.component.clauses)
            why_en, why_zh = (f" ({asked})", f"（{asked}）") if asked else ("", "")
            return value, [FieldError(found.key, f"This must be attached{why_en}.", f"必须附上此件{why_zh}。")]
        return value, [FieldError(found.key, "An answer is needed.", "此项必填。")]
    if found.component.type == "dynamiclist":
        return _judge_rows(found.component, value, scope, context)
    return value, []


def _judge_rows(component: Component, rows: list[dict[str, Any]], scope: Mapping[str, Any],
                context: FormContext) -> tuple[list[dict[str, Any]], list[FieldError]]:
    fields = tuple(flatten(component.components))
    declared = {found.key for found in fields}
    kept: list[dict[str, Any]] = []
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        prefix = f"{component.key}[{index}]."
        errors.extend(_undeclared(row, dict.fromkeys(declared), prefix))
        answers: dict[str, Any] = {}
        problems: dict[str, list[FieldError]] = {}
        for found in fields:
            sent = row.get(found.key, found.component.default)
            answers[found.key], problems[found.key] = _read(found.component, sent, f"{prefix}{found.key}", context)
        hidden = hidden_fields(fields, answers, context, scope)
        inner = scope_of(fields, answers, hidden, context, scope)
        for found in fields:
            if found.key not in hidden:
                _, wrong = _judge(found, answers[found.key], problems[found.key], inner, context)
                errors.extend(FieldError(error.field if error.field.startswith(prefix) else prefix + error.field,
                                         error.message_en, error.message_zh) for error in wrong)
        kept.append({found.key: stored(found.component, answers[found.key]) for found in fields
                     if found.key not in hidden})
    return kept, errors


def _submission(definition: FormDefinition, answers: Mapping[str, Any], hidden: frozenset[str],
                context: FormContext) -> Submission:
    data: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    facts: dict[str, Any] = {}  # as the form names them: customer_phone, flags.safety, extra.industry
    for found in definition.fields:
        key, component = found.key, found.component
        value = None if key in hidden else plain(answers[key])
        if key not in hidden:
            data[key] = stored(component, answers[key])
        if component.variable:
            variables[key] = value
        if component.case_fact and key not in hidden and not component.readonly:
            facts[component.case_fact] = value
    return Submission(data, variables, _grouped(facts, context.variables.get("case")), hidden)


def _nothing(value: Any) -> bool:
    return value is None or value is False or value == []


def _grouped(facts: Mapping[str, Any], case: Any) -> dict[str, Any]:
    """Facts as the case record takes them: flags as the whole list, further facts under `extra`."""
    grouped: dict[str, Any] = {}
    flags = set(case.get("flags") or ()) if isinstance(case, Mapping) else set()
    for name, value in facts.items():
        if _nothing(value) and _nothing(fact_of(case, name)):
            continue  # it was empty before
        group, _, key = name.rpartition(".")
        if group == "flags":
            flags = flags | {key} if value is True else flags - {key}
            grouped["flags"] = sorted(flags)
        elif group == "extra":
            grouped.setdefault("extra", {})[key] = value
        else:
            grouped[name] = value
    return grouped
