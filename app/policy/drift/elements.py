"""Roles and what else a step says: lanes, groups, milestones, forms, handlers' figures, conditions of the ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.facts import Element, Period
from app.facts_bundle import BundleView
from app.policy.drift.bindings import Bindings
from app.policy.drift.figures import clause_of, durations_in, limit_of, words
from app.policy.drift.model import (
    ASSUMPTION,
    CONTRADICTORY,
    EQUAL,
    INCOMPARABLE,
    LOOSER,
    MISSING,
    NO_CLAUSE,
    STRICTER,
    Drift,
    found,
)
from app.policy.drift.paths import name_of
from app.policy.drift.periods import at_least, compare_limits, spans
from app.policy.drift.reviewing import entry_of
from app.policy.drift.skipping import element_at, never_skipped, no_longer_sure, unreachable
from app.policy.register import Clause, Register

# What a step may not lose without breaking what it was reviewed for, and how it is told.
PARTS = {
    "milestone": ("期限的到达点", "Milestone reached"), "form": ("表单", "Form"),
    "independent": ("回避（独立性）", "Independence"), "operation": ("处理器", "Operation"),
    "decision": ("决策", "Decision"), "called": ("所调用的流程", "Called process"),
}  # fmt: skip
CLOCKS = frozenset({"start_milestone", "reach_milestone", "archive_case", "open_document", "close_document",
                    "start_linked_process", "check_papers", "payroll_deduction", "append_annex"})  # fmt: skip
_THRESHOLD = re.compile(r"([a-z_]+)\s*(<=|>=|<|>|!=|=)\s*(-?\d+(?:\.\d+)?)")
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda one, other: one <= other, ">=": lambda one, other: one >= other, "<": lambda one, other: one < other,
    ">": lambda one, other: one > other, "=": lambda one, other: one == other, "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}  # fmt: skip


def compare_elements(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield what steps say otherwise than their clauses, or than they were reviewed."""
    always, lost = never_skipped(view), unreachable(view)
    for name, before in bindings.reviewed.get("elements", {}).items():
        element = element_at(view, name)
        must = _must(register, before)
        if element is None:
            if not before.get("timer"):
                yield found(_clause(before), name, "order", MISSING, before["type"], None, _what(name),
                            severity="error" if must else "warning", changed=True)  # fmt: skip
            continue
        place = (element.process, element.id)
        process = view.processes[element.process]
        now = entry_of(process, element, place in always)
        yield from _role(name, before, now, must)
        yield from _parts(name, before, now, must, bindings.conditions)
        yield from _parameters(register, bindings, name, before, now, must)
        if place in lost or (before.get("always") and place not in always):
            verdict = MISSING if place in lost else CONTRADICTORY
            yield found(_clause(before), name, "order", verdict, "每次都做 / always done", "可以跳过 / can be skipped",
                        _what(name), severity="error" if must else "warning", changed=True)  # fmt: skip


def compare_ways(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield the steps that always followed another when it was reviewed, and can be left out after it now."""
    reviewed: Mapping[str, Any] = bindings.reviewed.get("elements", {})
    ways: Mapping[str, Any] = bindings.reviewed.get("ways", {})
    for key, before in ways.items():
        process = view.processes.get(key)
        now = {f"{flow.source}>{flow.target}" for flow in process.flows} if process is not None else set()
        if process is None or now == set(before):
            continue
        for source, lost in no_longer_sure(process, before).items():
            for step in sorted(lost):
                entry = reviewed.get(f"{key}.{step}")
                if entry is not None and _must(register, entry):
                    yield found(_clause(entry), f"{key}.{source}", "order", CONTRADICTORY,
                                f"之后总做 / always followed by {step}", "可以跳过 / can be skipped",
                                _what(f"{key}.{step}"), changed=True)  # fmt: skip
        gone = ", ".join(sorted(set(before) - now)[:5]) or "—"
        new = ", ".join(sorted(now - set(before))[:5]) or "—"
        yield found(NO_CLAUSE, key, "order", INCOMPARABLE, gone, new, (f"流程 {key} 的走向", f"The ways of {key}"),
                    severity="warning", changed=True)  # fmt: skip


def compare_roles(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield for each clause that names a role whether some step of it lies with that role."""
    steps: dict[str, list[Element]] = {}
    for element in view.elements:
        if element.type == "userTask":
            for identifier in element.clauses:
                steps.setdefault(identifier, []).append(element)
    for clause in register.clauses.values():
        for role in roles_of(clause):
            groups = set(bindings.roles.get(role, ()))
            mine = steps.get(clause.id, [])
            held = {one.lane for one in mine} | {group for one in mine if one.group for group in _named(one.group)}
            computed = any(one.group for one in mine)
            if groups and mine and not groups & held and not computed and clause.id not in bindings.elsewhere:
                yield found(clause.id, f"{mine[0].process}.{mine[0].id}", "role", CONTRADICTORY, role,
                            sorted(filter(None, held)), _what(mine[0].id))  # fmt: skip


def roles_of(clause: Clause) -> list[str]:
    """Return the roles that a clause gives its act to, by the texts' names."""
    figures = clause.figures
    found_roles = [figures.get("actor"), figures.get("approver")]
    if isinstance(figures.get("assign"), Mapping):
        found_roles.append(figures["assign"].get("role"))
    return [str(one) for one in found_roles if isinstance(one, str)]


def compare_conditions(register: Register, view: BundleView, bindings: Bindings) -> Iterator[Drift]:
    """Yield thresholds and gates on the ways that say otherwise."""
    now: dict[str, str | None] = {
        name_of(process.key, flow): flow.properties.get("condition")
        for process in view.processes.values() for flow in process.flows
    }  # fmt: skip
    now.update({f"{process.key}.{key}": detail.script
                for process in view.processes.values() for key, detail in process.details.items() if detail.script})
    now.update({f"{form.id}.{key}.hide": field.hide
                for form in view.forms.values() for key, field in form.by_key.items() if field.hide})
    gates = {flow: clause for clause, flows in bindings.gates.items() for flow in flows}
    for name, bound in bindings.conditions.items():
        clause = clause_of(register, str(bound["clause"]))
        if clause is not None:
            yield from _threshold(clause, name, now.get(name), str(bound["field"]))
    reviewed: Mapping[str, Any] = bindings.reviewed.get("conditions", {})
    for name, text in reviewed.items():
        if name in bindings.conditions:
            continue
        what = (f"条件 {name}", f"Condition {name}")
        if name not in now:
            if name in gates:
                yield found(gates[name], name, "order", MISSING, text, None, what, changed=True)
        elif now[name] != text:
            clause_id = gates.get(name, NO_CLAUSE)
            verdict = CONTRADICTORY if name in gates else INCOMPARABLE
            yield found(clause_id, name, "threshold", verdict, text, now[name], what,
                        severity="error" if name in gates else "warning", changed=True)  # fmt: skip


def _threshold(clause: Clause, name: str, text: str | None, field: str) -> Iterator[Drift]:
    given = _condition(clause.figures)
    what = (f"门槛 {name}", f"Threshold {name}")
    if given is None:
        yield found(clause.id, name, "threshold", CONTRADICTORY, None, text, what)
        return
    operator, value = given
    policy = f"{operator} {value:g}"
    mine = [(op, float(figure)) for asked, op, figure in _THRESHOLD.findall(text or "") if asked == field]
    if not mine:
        yield found(clause.id, name, "threshold", MISSING, policy, text, what)
    for threshold in dict.fromkeys(mine):
        verdict = _over_a_grid(threshold, (operator, value))
        yield found(clause.id, name, "threshold", verdict, policy, f"{threshold[0]} {threshold[1]:g}", what,
                    changed=verdict != EQUAL)  # fmt: skip


def _over_a_grid(mine: tuple[str, float], policy: tuple[str, float]) -> str:
    """Return the verdict on a threshold that calls for an act: to act more often is stricter."""
    grid = {edge + step for edge in (policy[1], mine[1]) for step in (-1, -0.5, 0, 0.5, 1)}
    theirs = {one for one in grid if _HOLDS[policy[0]](one, policy[1])}
    ours = {one for one in grid if _HOLDS[mine[0]](one, mine[1])}
    return EQUAL if ours == theirs else STRICTER if ours > theirs else LOOSER if ours < theirs else CONTRADICTORY


def _condition(figures: Mapping[str, Any]) -> tuple[str, float] | None:
    rule = figures.get("rule")
    inner = figures.get("condition") if isinstance(figures.get("condition"), Mapping) else None
    if inner is None and isinstance(rule, Mapping):
        inner = rule.get("if")
    for value in (inner or {}).values():
        if isinstance(value, Mapping) and value.get("op") in _HOLDS:
            return str(value["op"]), float(value["value"])
    return None


def _role(name: str, before: Mapping[str, Any], now: Mapping[str, Any], must: bool) -> Iterator[Drift]:
    if before.get("group") != now.get("group"):
        yield found(_clause(before), name, "role", CONTRADICTORY, before.get("group") or before.get("lane"),
                    now.get("group") or now.get("lane"), _what(name), severity="error" if must else "warning",
                    changed=True)  # fmt: skip
    elif "lane" in before and before["lane"] != now.get("lane"):
        # Where a group is computed the lane only shows whose work it is as a rule.
        serious = must and not before.get("group")
        yield found(_clause(before), name, "role", CONTRADICTORY, before["lane"], now.get("lane"), _what(name),
                    severity="error" if serious else "warning", changed=True)  # fmt: skip


def _parts(name: str, before: Mapping[str, Any], now: Mapping[str, Any], must: bool,
           bound: Mapping[str, Any]) -> Iterator[Drift]:
    for part, what in PARTS.items():
        if before.get(part) and before[part] != now.get(part):
            verdict = CONTRADICTORY if now.get(part) else MISSING
            yield found(_clause(before), name, "record" if part == "form" else "rule", verdict, before[part],
                        now.get(part), (f"{what[0]} {name}", f"{what[1]} {name}"),
                        severity="error" if must or part == "milestone" else "warning", changed=True)  # fmt: skip
    if before.get("script") != now.get("script") and name not in bound:
        figures = [re.findall(r"\d+(?:\.\d+)?", str(entry.get("script"))) for entry in (before, now)]
        serious = must and (figures[0] != figures[1] or not now.get("script"))
        yield found(_clause(before), name, "rule", CONTRADICTORY if serious else INCOMPARABLE, before.get("script"),
                    now.get("script"), _what(name), severity="error" if serious else "warning",
                    changed=True)  # fmt: skip
    for part in ("remind_at", "pauses"):
        if before.get(part) != now.get(part):
            yield found(_clause(before), name, "deadline", ASSUMPTION, before.get(part), now.get(part), _what(name),
                        changed=True)  # fmt: skip


def _parameters(register: Register, bindings: Bindings, name: str, before: Mapping[str, Any], now: Mapping[str, Any],
                must: bool) -> Iterator[Drift]:
    bound, given = bindings.parameters.get(name, {}), now.get("params", {})
    for parameter, ties in bound.items():
        for how, clauses in ties.items():
            for identifier in clauses:
                clause = clause_of(register, identifier)
                if clause is not None:
                    policy, verdict = judge_parameter(how, clause, given.get(parameter), bindings)
                    yield found(identifier, f"{name}.{parameter}", how if how in {"copies", "retention"} else "record",
                                verdict, policy, given.get(parameter), _what(name),
                                changed=given.get(parameter) != before.get("params", {}).get(parameter))  # fmt: skip
    for parameter, text in before.get("params", {}).items():
        if given.get(parameter) == text or parameter in bound:
            continue
        serious = must and now.get("operation") in CLOCKS
        figures = durations_in(text) != durations_in(given.get(parameter))
        verdict = CONTRADICTORY if serious else ASSUMPTION if figures else INCOMPARABLE
        severity = "error" if serious else "info" if figures else "warning"
        yield found(_clause(before), f"{name}.{parameter}", "rule", verdict, text, given.get(parameter), _what(name),
                    severity=severity, changed=True)  # fmt: skip


def judge_parameter(how: str, clause: Clause, text: str | None, bindings: Bindings) -> tuple[Any, str]:
    """Return the clause's figure and the verdict on a handler's parameter that carries it out."""
    figures = clause.figures
    if text is None:
        return figures.get(how), MISSING
    match how:
        case "retention":
            mine, kept = durations_in(text), str(figures.get("retention"))
            return f"≥ {kept}", at_least(mine[0], kept) if mine else MISSING
        case "limit":
            limit, mine = limit_of(clause), durations_in(text)
            if limit is None or not mine:
                return words(limit), MISSING
            verdicts = {compare_limits([Period(one, limit.calendar)], limit) for one in mine}
            return words(limit), _worst(verdicts)
        case "every":
            mine = durations_in(text)
            return figures.get("every"), spans(mine[0], str(figures.get("every"))) if mine else MISSING
        case "copies":
            return figures.get("copies"), copies(text.strip('"'), figures.get("copies"))
        case "recipients":
            wanted = {group for one in figures.get("recipients", ()) for group in bindings.roles.get(one, (one,))}
            return sorted(wanted), EQUAL if wanted <= set(_named(text)) else MISSING
    return how, CONTRADICTORY


def copies(mine: Any, policy: Any) -> str:
    """Return the verdict on a number of copies: more than the policy asks for is stricter."""
    try:
        have, want = int(mine), int(policy)
    except (TypeError, ValueError):
        return CONTRADICTORY
    return EQUAL if have == want else STRICTER if have > want else LOOSER


def _worst(verdicts: set[str]) -> str:
    return next(one for one in (CONTRADICTORY, LOOSER, INCOMPARABLE, EQUAL, STRICTER) if one in verdicts)


def _named(text: str) -> Sequence[str]:
    return re.findall(r'"([a-z_]+)"', text)


def _must(register: Register, before: Mapping[str, Any]) -> bool:
    clauses = (register.clauses.get(one) for one in before.get("clauses", ()))
    return any(clause is not None and clause.obligation == "must" for clause in clauses)


def _clause(before: Mapping[str, Any]) -> str:
    return next(iter(before.get("clauses", ())), NO_CLAUSE)


def _what(name: str) -> tuple[str, str]:
    return f"步骤 {name}", f"Step {name}"
