"""The schema of the register's files: fields, ids that must exist, durations, calendars, sane figures, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.durations import parse_duration
from app.errors import BadDuration, Finding
from app.policy.coverage import DISPOSITIONS
from app.policy.entries import TIMES, Known, normal, problems
from app.policy.yaml_entries import Entry, read_entries

FOLDER = "processes/policy"
OPERATORS = ("<", "<=", ">", ">=", "=")
DIGEST = re.compile(r"[0-9a-f]{12}")
WHOLE = (("copies", 1, 20), ("due_day", 1, 31), ("due_day_strict", 1, 31), ("min_count", 1, 1000),
         ("max_steps", 1, 100))
LONGEST = 366 * 60  # days of the longest period that a clause may name


@dataclass(frozen=True)
class Files:
    """Every entry of the register, by what it is."""

    groups: list[Entry]
    documents: list[Entry]
    clauses: list[Entry]
    conflicts: list[Entry]
    assumptions: list[Entry]
    profiles: list[Entry]
    switches: list[Entry]
    law_documents: list[Entry]
    law: list[Entry]
    dispositions: list[Entry]
    milestones: list[Entry]
    activities: list[Entry]
    papers: list[Entry]
    kpis: list[Entry]


def check_register(root: Path) -> list[Finding]:
    """Return everything that is wrong with the register's files below `root`, with file, entry, field and line."""
    wrong: list[Finding] = []
    files = _files(root, wrong)
    known = Known(
        _ids(files.documents), _ids(files.clauses), _ids(files.activities), _ids(files.law_documents), _ids(files.law),
        _ids(files.groups), {one.id: one.data.get("figures") or {} for one in (*files.law, *files.clauses)})
    marks = _ids(files.conflicts) | _ids(files.assumptions)
    for entry in files.documents:
        wrong += _problems("document", entry, entry.data, known)
        wrong += _one_of(entry, "origin", ("company",), empty=True)
    for entry in files.clauses:
        wrong += _problems("clause", entry, entry.data, known)
        wrong += _clause(entry, known, marks)
    wrong += _repeats(files.clauses)
    for entry in files.conflicts:
        wrong += _problems("conflict", entry, entry.data, known)
    for entry in files.assumptions:
        wrong += _needs(entry, ("topic_zh", "topic_en", "zh", "en", "reason_zh", "reason_en"))
    wrong += [found for entry in files.law_documents for found in _law_document(entry, known)]
    wrong += [found for entry in files.law for found in _problems("law", entry, entry.data, known)]
    wrong += [found for entry in files.profiles for found in _profile(entry, files)]
    wrong += [found for entry in files.dispositions for found in _declared(entry, files)]
    for entry in (*files.groups, *files.milestones, *files.activities):
        wrong += _needs(entry, ("zh", "en"))
    for entry in (*files.papers, *files.kpis, *files.switches):
        wrong += _refers(entry, "clauses", entry.data.get("clauses"), known.clauses)
    return wrong


def _files(root: Path, wrong: list[Finding]) -> Files:
    def of(file: str, top: str, required: bool = False) -> list[Entry]:
        return read_entries(root, file, top, wrong, required)

    law = f"{FOLDER}/law.yaml"
    return Files(
        of("processes/groups.yaml", "groups", True), of(f"{FOLDER}/documents.yaml", "documents", True),
        of(f"{FOLDER}/clauses.yaml", "clauses", True), of(f"{FOLDER}/conflicts.yaml", "conflicts"),
        of(f"{FOLDER}/conflicts.yaml", "assumptions"), of(f"{FOLDER}/profiles.yaml", "profiles"),
        of(f"{FOLDER}/profiles.yaml", "switches"), of(law, "documents"), of(law, "rules"),
        of(f"{FOLDER}/dispositions.yaml", "dispositions"), of(f"{FOLDER}/milestones.yaml", "milestones", True),
        of(f"{FOLDER}/activities.yaml", "activities", True), of("processes/papers.yaml", "papers"),
        of(f"{FOLDER}/kpis.yaml", "kpis"))


def _ids(entries: list[Entry]) -> frozenset[str]:
    return frozenset(entry.id for entry in entries)


def _problems(kind: str, entry: Entry, data: Mapping[str, Any], known: Known) -> Iterator[Finding]:
    for problem in problems(kind, normal(kind, data), known):
        yield entry.finding(problem.field, "schema", problem.message_zh, problem.message_en)


def _needs(entry: Entry, names: tuple[str, ...]) -> Iterator[Finding]:
    for name in names:
        if not isinstance(entry.data.get(name), str) or not entry.data[name].strip():
            yield entry.finding(name, "schema", "此项必填", "This is needed")


def _refers(entry: Entry, field: str, value: Any, there: frozenset[str]) -> Iterator[Finding]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    for name in given:
        if name not in there:
            yield entry.finding(field, "unknown_id", f"“{name}”不存在", f"There is no “{name}”")


def _one_of(entry: Entry, name: str, choices: tuple[str, ...], empty: bool = False) -> Iterator[Finding]:
    value = entry.data.get(name)
    if value not in choices and not (empty and value is None):
        yield entry.finding(name, "schema", f"应为以下之一：{'、'.join(choices)}",
                            f"One of these: {', '.join(choices)}")


def _clause(entry: Entry, known: Known, marks: frozenset[str]) -> Iterator[Finding]:
    figures = entry.data.get("figures") or {}
    yield from _needs(entry, ("zh", "en"))
    yield from _refers(entry, "assumptions", entry.data.get("assumptions"), marks)
    if isinstance(figures, Mapping):
        for name in ("action", "from"):
            yield from _refers(entry, f"figures.{name}", figures.get(name), known.activities)
        yield from _sane(entry, figures)


def _sane(entry: Entry, figures: Mapping[str, Any]) -> Iterator[Finding]:
    """Return figures that no policy can mean."""
    for name, least, most in WHOLE:
        value = figures.get(name)
        if value is not None and (type(value) is not int or not least <= value <= most):
            yield _insane(entry, name, f"{least} 到 {most} 的整数", f"a whole number from {least} to {most}")
    for name in ("within", "every", "before", "retention"):
        if figures.get(name) is not None and not _is_span(figures[name], read=name in TIMES):
            yield _insane(entry, name, "大于零且不超过60年的时长", "a duration above zero and up to 60 years")
    for name in ("range", "scale"):
        pair = figures.get(name)
        low, high = (pair.get("min"), pair.get("max")) if isinstance(pair, Mapping) else (None, None)
        if low is not None and high is not None and not _ordered(low, high):
            yield _insane(entry, name, "下限不大于上限", "a minimum that does not exceed the maximum")
    for target in [figures.get("kpi"), *(figures.get("kpis") or [])]:
        if target is not None and not _is_target(target):
            yield _insane(entry, "kpi" if "kpi" in figures else "kpis", "名称、比较符与-1到1的目标或时长",
                          "a name, an operator and a target from -1 to 1 or a duration")
    limit = figures.get("threshold")
    if limit is not None and not _is_threshold(limit):
        yield _insane(entry, "threshold", "比较符与不小于零的数", "an operator and a number of at least zero")


def _insane(entry: Entry, name: str, zh: str, en: str) -> Finding:
    return entry.finding(f"figures.{name}", "figure_range", f"应为{zh}", f"Expected: {en}")


def _is_threshold(limit: Any) -> bool:
    """Return whether an amount's bound makes sense; the texts leave some without a value."""
    if not isinstance(limit, Mapping) or limit.get("op", "<=") not in OPERATORS:
        return False
    value = limit.get("value")
    return value is None or (_is_number(value) and value >= 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_span(value: Any, read: bool = False) -> bool:
    """Return whether a value is a sane duration; `read`: whether it can be read has been said elsewhere."""
    try:
        duration = parse_duration(value)
    except BadDuration:
        return read
    days = duration.months * 31 + duration.elapsed.total_seconds() / 86400
    return 0 <= days <= LONGEST and (days > 0 or value == "PT0S")


def _ordered(low: Any, high: Any) -> bool:
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return low <= high
    try:
        first, last = parse_duration(low), parse_duration(high)
    except BadDuration:
        return False
    return (first.months, first.elapsed) <= (last.months, last.elapsed)


def _is_target(target: Any) -> bool:
    if not isinstance(target, Mapping) or not target.get("name") or target.get("op") not in OPERATORS:
        return False
    value = target.get("target")
    return -1 <= value <= 1 if isinstance(value, (int, float)) else _is_span(value)


def _repeats(clauses: list[Entry]) -> Iterator[Finding]:
    """Return clauses that repeat each other in a ring."""
    following = {entry.id: entry.data.get("same_as") for entry in clauses}
    for entry in clauses:
        seen, at = {entry.id}, following[entry.id]
        while at is not None and at not in seen:
            seen.add(at)
            at = following.get(at)
        if at == entry.id:
            yield entry.finding("same_as", "ring", "相互重复，无一为本", "The clauses repeat each other in a ring")


def _law_document(entry: Entry, known: Known) -> Iterator[Finding]:
    yield from _problems("document", entry, entry.data, known)
    yield from _one_of(entry, "origin", ("law",))


def _profile(entry: Entry, files: Files) -> Iterator[Finding]:
    yield from _needs(entry, ("zh", "en"))
    if sum(bool(one.data.get("default")) for one in files.profiles) != 1:
        yield entry.finding("default", "schema", "应恰有一个默认口径", "Exactly one profile is the default")
    allowed = {one.id: one.data.get("values") or [] for one in files.switches}
    for name, value in (entry.data.get("switches") or {}).items():
        if value not in allowed.get(name, []):
            yield entry.finding(f"switches.{name}", "unknown_id", f"没有开关值“{value}”",
                                f"No such switch or value: “{value}”")
    for place, change in enumerate(entry.data.get("changes") or []):
        field = f"changes[{place}]"
        yield from _refers(entry, f"{field}.conflict", change.get("conflict"), _ids(files.conflicts))
        yield from _refers(entry, f"{field}.milestone", change.get("milestone"), _ids(files.milestones))
        yield from _refers(entry, f"{field}.activity", change.get("activity"), _ids(files.activities))
        yield from _refers(entry, f"{field}.clauses", change.get("clauses"), _ids(files.clauses))
        if change.get("within") is not None and not _is_span(change["within"]):
            yield entry.finding(f"{field}.within", "figure_range", "应为时长", "A duration is expected")


def _declared(entry: Entry, files: Files) -> Iterator[Finding]:
    yield from _refers(entry, "clause", entry.data.get("clause"), _ids(files.clauses))
    yield from _one_of(entry, "disposition", DISPOSITIONS, empty=True)
    yield from _refers(entry, "owner", entry.data.get("owner"), _ids(files.groups))
    reviewed = entry.data.get("reviewed")
    if reviewed is not None and not (isinstance(reviewed, Mapping) and isinstance(reviewed.get("on"), date)
                                     and reviewed.get("by") and DIGEST.fullmatch(str(reviewed.get("digest")))):
        yield entry.finding("reviewed", "schema", "应有日期、复核人与摘要", "A day, a name and a digest are expected")
    if entry.data.get("review_by") is not None and not isinstance(entry.data["review_by"], date):
        yield entry.finding("review_by", "schema", "应为日期", "A date is expected")
    if entry.data.get("disposition") == "outside":
        yield from _needs(entry, ("reason_zh", "reason_en", "owner"))
