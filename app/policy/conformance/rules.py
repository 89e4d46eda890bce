"""From clauses to monitors: what the register's figures and `declare` say, bound by processes/policy/monitors.yaml.

The register says what is owed and in what time; the data file says only what its words stand for in the diagrams, on
which cases a clause bears, and which clock's pauses count. No rule stands in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from app.durations import parse_duration
from app.errors import BadDuration, Finding, Refused
from app.facts import Period
from app.policy.conformance.templates import CADENCE, TEMPLATES, Rule
from app.policy.register import Clause, Register, parsed, rows_of

REMEMBERED = 2000  # kinds of case
LISTS = frozenset({list, tuple, set, frozenset})
FILE = Path("processes") / "policy" / "monitors.yaml"
OVERRIDES = ("a", "b", "clock", "same_instance", "once", "by_day")
TAKEN = ("copies", "recipients", "threshold", "retention", "every", "due_day", "requires_field", "actor", "min_count",
         "before")


@dataclass(frozen=True)
class Monitor:
    """One clause that history is held against."""

    clause: str
    obligation: str
    zh: str  # the clause in a few words, for explanations
    conditions: tuple[Mapping[str, frozenset[Any]], ...]  # fact -> values with which it bears; any of several
    rules: tuple[Rule, ...]
    shared_by: tuple[str, ...] = ()  # clauses that say the same

    @cached_property
    def triggers(self) -> frozenset[str] | None:
        """Without any of these in a log no rule has anything to say; None: one may always have."""
        each = [rule.triggers for rule in self.rules]
        return None if None in each else frozenset(name for names in each for name in names or ())

    def bears_on(self, facts: Mapping[str, Any]) -> bool:
        """Return whether the clause bears on a case with these facts."""
        return not self.conditions or any(_met(one, facts) for one in self.conditions)


def _met(conditions: Mapping[str, frozenset[Any]], facts: Mapping[str, Any]) -> bool:
    for name, wanted in conditions.items():
        value = facts.get(name)
        if value.__class__ in LISTS:
            if wanted.isdisjoint(value):
                return False
        elif value not in wanted:
            return False
    return True


@dataclass(frozen=True)
class Bindings:
    """What stands in monitors.yaml."""

    path: str = str(FILE)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # the register's name of a fact -> the case's
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)  # fact -> the register's value -> ours
    flows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # flow -> conditions
    extended_by: frozenset[str] = frozenset()  # clauses by which a customer agrees to another date
    released_by: frozenset[str] = frozenset()  # outcomes after which a case owes nothing more
    settled_by: tuple[str, ...] = ()  # what is done when the facts of a case have been found out
    unjudged: Mapping[str, str] = field(default_factory=dict)  # clause -> why history can't tell
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # clause -> what is bound


@dataclass(frozen=True)
class Monitors:
    """Every monitor of one version of the register."""

    version: str
    cases: tuple[Monitor, ...]
    company: tuple[Monitor, ...]  # cadences: nobody's case
    unjudged: Mapping[str, str]
    extended_by: frozenset[str]
    released_by: frozenset[str]
    settled_by: tuple[str, ...] = ()
    known: dict[tuple[Any, ...], tuple[Monitor, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The facts that conditions or records ask for."""
        asked = (place for monitor in self.cases for rule in monitor.rules
                 for one in (rule.options.get("fields") or {}).values() for place in _listed(one))
        return tuple(sorted({*self.conditions, *(place[1:] for place in asked if place.startswith("@"))}))

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The facts that conditions ask for."""
        return tuple(sorted({name for monitor in self.cases for one in monitor.conditions for name in one}))

    def bearing_on(self, facts: Mapping[str, Any]) -> tuple[Monitor, ...]:
        """Return the monitors whose clauses bear on a case with these facts; most cases are like others."""
        key = tuple(tuple(value) if (value := facts.get(name)).__class__ in LISTS else value
                    for name in self.conditions)
        found = self.known.get(key)
        if found is None:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            found = self.known[key] = tuple(monitor for monitor in self.cases if monitor.bears_on(facts))
        return found

    @property
    def forms(self) -> frozenset[str]:
        """The forms whose entries rules read."""
        named = (rule.options.get("form") for monitor in self.cases for rule in monitor.rules)
        return frozenset(str(form) for one in named if one for form in _listed(one))

    @property
    def papers(self) -> frozenset[str]:
        """The kinds of paper that rules look at."""
        named = (rule.options.get("paper") for monitor in self.cases for rule in monitor.rules)
        return frozenset(str(kind) for one in named if one for kind in _listed(one))

    @property
    def elements(self) -> frozenset[str]:
        """The elements that rules name: read from history even where they carry no activity."""
        named = (name for monitor in (*self.cases, *self.company) for rule in monitor.rules for name in rule.names)
        return frozenset(name.partition("/")[2] for name in (*named, *self.settled_by) if "/" in name)

    def of(self, clause: str) -> Monitor | None:
        """Return the monitor of a clause or of the one that it says the same as."""
        return next((one for one in (*self.cases, *self.company) if clause in (one.clause, *one.shared_by)), None)


def read_bindings(root: Path) -> Bindings:
    """Return the bindings below `root`; raises Refused when the file is not understood."""
    path = root / FILE
    if not path.exists():
        return Bindings()

    rows = rows_of(path, "monitors")  # refuses what is no YAML
    content = parsed(path.read_text(encoding="utf-8"))

    def listed(top: str) -> list[dict[str, Any]]:
        return content.get(top) or []

    facts = listed("facts")
    return Bindings(
        str(path), {row["word"]: tuple(row["is"]) for row in listed("words")},
        {row["role"]: tuple(row["groups"]) for row in listed("roles")},
        {row["fact"]: row["case"] for row in facts}, {row["fact"]: row.get("values", {}) for row in facts},
        {row["flow"]: row.get("applies") or {} for row in listed("flows")},
        frozenset(row["clause"] for row in listed("extended_by")),
        frozenset(row["outcome"] for row in listed("released_by")),
        tuple(row["element"] for row in listed("settled_by")),
        {row["clause"]: str(row["why"]) for row in listed("unjudged")}, {row["clause"]: row for row in rows})


def compile_monitors(register: Register, bindings: Bindings, *, strict: bool = True) -> Monitors:
    """Return the monitors; raises Refused for an unknown word, template, role or figure, with `strict` for a clause.

    A version of the register may lack clauses that were repealed, or that begin later: that is no fault of the file.
    """
    findings = [_finding(bindings, clause, "unknown_clause", f"登记簿中没有条款 {clause}",
                         f"There is no clause {clause}")
                for clause in (*bindings.entries, *bindings.unjudged) if strict and clause not in register.clauses]
    sharing: dict[str, list[str]] = {}
    for clause in register.clauses.values():
        if clause.source and clause.source.get("same_as"):
            sharing.setdefault(str(clause.source["same_as"]), []).append(clause.id)
    cases: list[Monitor] = []
    company: list[Monitor] = []
    for clause in register.clauses.values():
        if clause.id in bindings.unjudged or (clause.source or {}).get("same_as"):
            continue
        try:
            rules = tuple(_rules(clause, bindings, register.activity_ids))
            if not rules:
                continue
            monitor = Monitor(clause.id, clause.obligation, clause.section, tuple(_conditions(clause, bindings)),
                              rules,
                              tuple(sharing.get(clause.id, ())))
        except (KeyError, TypeError, ValueError, BadDuration) as error:
            findings.append(_finding(bindings, clause.id, "monitor", f"监控规则有误：{error}",
                                     f"Wrong monitor: {error}"))
            continue
        (company if all(rule.template == CADENCE for rule in rules) else cases).append(monitor)
    if findings:
        raise Refused(findings)
    return Monitors(register.version, tuple(cases), tuple(company), bindings.unjudged, bindings.extended_by,
                    bindings.released_by, bindings.settled_by)


def _rules(clause: Clause, bindings: Bindings, activities: Iterable[str]) -> Iterator[Rule]:
    """The rules of `declare`, with what the entry binds; then those that the entry adds (`rules`)."""
    source, entry = clause.source or {}, bindings.entries.get(clause.id, {})
    known = frozenset(activities) | bindings.words.keys()
    if entry.get("declared", True):
        for declared in source.get("declare") or ():
            own = {key: entry[key] for key in OVERRIDES if key in entry}
            yield _rule(clause, {**declared, **own}, bindings, known)
    for added in entry.get("rules") or ():
        yield _rule(clause, added, bindings, known)


def _rule(clause: Clause, row: Mapping[str, Any], bindings: Bindings, known: frozenset[str]) -> Rule:
    template = str(row["template"])
    if template not in TEMPLATES and template != CADENCE:
        raise ValueError(f"template {template}")
    figures = {key: value for key, value in ((clause.source or {}).get("figures") or {}).items() if key in TAKEN}
    options = {**figures, **{key: value for key, value in row.items() if key not in {"template", "a", "b", "within"}}}
    for of, named, groups in (("role", "actor", "groups"), ("copies", "recipients", "recipients")):
        if template == of and options.get(named) and groups not in row:
            options[groups] = _groups(options[named], bindings)
    if template == "threshold":
        options["threshold"] = {**figures["threshold"], **(row.get("threshold") or {})}
        options["groups"] = row.get("groups") or _groups(options["threshold"]["approver"], bindings)
    if row.get("until"):
        options["until"] = _names(row["until"], bindings, known)
    within = row.get("within") or (clause.within if row.get("limited") else None)
    period = Period(str(within), str(row.get("calendar") or clause.calendar or "natural")) if within else None
    if period is not None:
        parse_duration(period.duration)
    return Rule(template, _names(row.get("a"), bindings, known), _names(row.get("b"), bindings, known), period,
                row.get("clock"), bool(row.get("same_instance")), options)


def _names(word: Any, bindings: Bindings, known: frozenset[str]) -> tuple[str, ...]:
    """Return what a word, or each of several, stands for: an activity of that name unless it is bound."""
    found: list[str] = []
    for one in word if isinstance(word, (list, tuple)) else [word] if word else []:
        if not (one in known or "/" in one or one.startswith("@")):
            raise KeyError(f"word {one}")
        found += _spelt(one, bindings)
    return tuple(dict.fromkeys(found))


def _spelt(word: str, bindings: Bindings, depth: int = 3) -> list[str]:
    """A word in terms of other words, down to what a log can hold."""
    bound = bindings.words.get(word, (word,))
    return [name for one in bound for name in ([one] if one == word or not depth else _spelt(one, bindings, depth - 1))]


def _groups(names: Any, bindings: Bindings) -> tuple[str, ...]:
    found: list[str] = []
    for name in names if isinstance(names, (list, tuple)) else [names]:
        if name not in bindings.roles:
            raise KeyError(f"role {name}")
        found += bindings.roles[name]
    return tuple(found)


def _conditions(clause: Clause, bindings: Bindings) -> Iterator[Mapping[str, frozenset[Any]]]:
    """The entry's own `applies` where there is one, else `applies_to` and the flows that the clause belongs to."""
    source, entry = clause.source or {}, bindings.entries.get(clause.id, {})
    for row in _listed(entry["applies"]) if entry.get("applies") else [_told_by_register(source, bindings)]:
        if row:
            yield {name: frozenset(_flat(_listed(value))) for name, value in row.items()}


def _told_by_register(source: Mapping[str, Any], bindings: Bindings) -> dict[str, Any]:
    told: dict[str, Any] = {}
    applies = (source.get("figures") or {}).get("applies_to")
    for name, value in (applies if isinstance(applies, dict) else {}).items():
        if name not in bindings.names:
            raise KeyError(f"fact {name}")
        told[bindings.names[name]] = [bindings.values[name].get(one, one) for one in _listed(value)]
    return told if "type" in told else {**told, **_of_flows(source.get("flow") or (), bindings)}


def _of_flows(flows: Sequence[str], bindings: Bindings) -> dict[str, Any]:
    """A clause of flows that are types of case bears on these types; with one flow that is for all, on all."""
    types: list[Any] = []
    for flow in flows:
        bound = bindings.flows.get(flow, {})
        if bound.get("any"):
            return {}
        types += _listed(bound.get("type") or [])
    return {"type": types} if types else {}


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _finding(bindings: Bindings, clause: str, rule: str, zh: str, en: str) -> Finding:
    return Finding(bindings.path, clause, None, rule, "error", zh, en)
