"""Figures and rules of order in plain Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.durations import parse_duration, words
from app.errors import BadDuration
from app.policy.labels import CALENDAR_NAMES, VALUE_NAMES, Names, figure_label
from app.policy.register import Clause

Both = tuple[str, str]  # Chinese, English
OPERATORS: Names = {"<=": ("不超过", "at most"), ">=": ("不低于", "at least"), "<": ("低于", "below"), ">": ("高于", "above"),
                    "==": ("等于", "equal to")}
TOLD_APART = frozenset({"calendar", "calendar_stated", "quantified"})  # said together with the limit
NO_CALENDAR = "原文未注明计时方式，按自然时间计（我方假定）", "the text names no calendar; natural time is our assumption"
RULES: Names = {
    "response": ("每次“{a}”之后，{limit}必须“{b}”。", "Each time “{a}” happened, “{b}” must follow{limit}."),
    "precedence": ("“{b}”之前必须先“{a}”。", "“{b}” only after “{a}”."),
    "not_succession": ("“{a}”之后不得再“{b}”。", "After “{a}” there must be no “{b}”."),
    "existence": ("必须至少有一次“{a}”。", "“{a}” must happen at least once."),
    "absence": ("不得出现“{a}”。", "“{a}” must not happen."),
    "init": ("必须以“{a}”开始。", "It must begin with “{a}”."),
    "exclusive_choice": ("“{a}”与“{b}”必须且只能有其一。", "Either “{a}” or “{b}” must happen, never both."),
    "chain_response": ("“{a}”之后的下一步必须是“{b}”{limit}。", "“{a}” must be followed by “{b}” as the very next step{limit}."),
}


def duration_words(text: Any, calendar: str | None) -> Both:
    """Return an ISO duration in words; what is none comes back as it is."""
    try:
        duration = parse_duration(text)
    except BadDuration:
        return str(text), str(text)
    if not duration.months and not duration.elapsed:
        return "立即", "at once"
    zh, en = words(duration, calendar == "working")
    if calendar == "natural" and not duration.counts_days:
        return f"{zh}（自然时间）", f"{en} (natural time)"
    return (f"{zh}（自然日）", f"{en} (calendar days)") if calendar == "natural" else (zh, en)


def rule_words(rule: Mapping[str, Any], activities: Names) -> Both:
    """Return a rule of order as a sentence."""
    pattern = RULES.get(str(rule.get("template")), ("{a} — {b}", "{a} — {b}"))
    found = []
    for language in (0, 1):
        span = duration_words(rule["within"], rule.get("calendar"))[language] if rule.get("within") else ""
        limit = (f"{span}内" if language == 0 else f" within {span}") if span else ""
        if span in ("立即", "at once"):
            limit = "立即" if language == 0 else " at once"
        a, b = (activities.get(str(rule.get(name)), (str(rule.get(name)),) * 2)[language] for name in ("a", "b"))
        found.append(pattern[language].format(a=a, b=b, limit=limit))
    return found[0], found[1]


def figure_words(clause: Clause, activities: Names) -> list[tuple[Both, Both]]:
    """Return the clause's figures as (label, words), the limit with its calendar first."""
    calendar, figures = clause.calendar, clause.figures
    found: list[tuple[Both, Both]] = []
    for name, value in figures.items():
        if name in TOLD_APART:
            continue
        if name in ("within", "before", "retention"):
            said = duration_words(value, calendar)
            if name == "within" and figures.get("calendar_stated") is False:
                said = f"{said[0]}；{NO_CALENDAR[0]}", f"{said[1]}; {NO_CALENDAR[1]}"
        elif name == "every":
            span = duration_words(value, None)
            said = (f"每 {span[0]}", f"every {span[1]}") if value else ("定期（原文未写明周期）", "regularly (no period is given)")
        else:
            said = value_words(value, activities)
        found.append((figure_label(name), said))
    if figures.get("quantified") is False:
        found.append((figure_label("quantified"), ("否：原文只说“及时”，没有数字", "no: the text says “soon” without a figure")))
    first = {"within": 0, "every": 1, "before": 2}
    return sorted(found, key=lambda one: next((first[name] for name in first if figure_label(name) == one[0]), 9))


def value_words(value: Any, activities: Names) -> Both:
    """Return any figure's value in words: codes by their names, spans of time, comparisons, lists."""
    zh, en = (_said(value, activities, language) for language in (0, 1))
    return zh, en


def _said(value: Any, activities: Names, language: int) -> str:
    if value is None:
        return ("未写明", "not given")[language]
    if isinstance(value, bool):
        return (("是", "yes") if value else ("否", "no"))[language]
    if isinstance(value, list):
        return ("、", ", ")[language].join(_said(one, activities, language) for one in value)
    if isinstance(value, Mapping):
        return _mapping(value, activities, language)
    text = str(value)
    if isinstance(value, float) and 0 < abs(value) <= 1:
        return f"{value * 100:g}%"
    if text[:1] == "P" and text[1:2] in "0123456789T":
        return duration_words(text, None)[language]
    if text in activities:
        return activities[text][language]
    if text in VALUE_NAMES:
        return VALUE_NAMES[text][language]
    if text in CALENDAR_NAMES:
        return CALENDAR_NAMES[text][language]
    return text.replace("_", " ") if text.isascii() and text.replace("_", "").isalnum() else text


def _mapping(value: Mapping[str, Any], activities: Names, language: int) -> str:
    rest = dict(value)
    parts = []
    if {"op", "value"} <= rest.keys() or {"op", "target"} <= rest.keys():
        bound = rest.pop("value", None) if "value" in rest else rest.pop("target")
        operator = rest.pop("op")
        unit = _said(rest.pop("unit"), activities, language) if rest.get("unit") else ""
        name = _said(rest.pop("field", None) or rest.pop("name", None) or "", activities, language)
        space = ("", " ")[language]
        parts.append(f"{name} {OPERATORS.get(operator, (operator,) * 2)[language]}{space}"
                     f"{_said(bound, activities, language)}{space if unit else ''}{unit}".strip())
    calendar = rest.pop("calendar", None) if {"min", "max"} & rest.keys() else None
    for name, inner in rest.items():
        said = duration_words(inner, calendar)[language] if calendar else _said(inner, activities, language)
        parts.append(f"{figure_label(name)[language]}{('：', ': ')[language]}{said}")
    return ("；", "; ")[language].join(parts)
