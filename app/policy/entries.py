"""What an entry of the register may say: its fields, and what is wrong with one that somebody proposes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from math import isfinite
from typing import Any

from app.durations import parse_duration
from app.errors import BadDuration, FieldError
from app.policy.register import Conflict, Register

KINDS = ("clause", "document", "conflict")
CLAUSE_KINDS = ("step", "deadline", "decision-rule", "form", "record", "notification", "approval", "amount-threshold",
                "quality-rule", "role", "report", "kpi", "retention")
OBLIGATIONS = ("must", "should", "info")
FLOWS = ("general", "complaint", "consultation", "suggestion", "return", "repair", "satisfaction", "escalation",
         "appeal", "assessment", "reporting")
CALENDARS = ("natural", "working")
ORIGINS = ("company", "law")
TEMPLATES = ("response", "precedence", "not_succession", "existence", "absence", "init", "exclusive_choice",
             "chain_response")
ALONE = frozenset({"existence", "absence", "init"})  # templates of one activity
TIMES = ("within", "every", "before")  # figures that are spans of time
# The fields of an entry, in the order in which files and pages write them.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "clause": ("id", "document", "section", "line", "kind", "obligation", "flow", "zh", "en", "figures", "declare",
               "same_as", "truncated", "assumptions", "note_zh", "note_en", "valid_from", "valid_to"),
    "document": ("id", "title", "title_en", "part_of", "file", "lines", "remark_zh", "remark_en", "origin",
                 "valid_from", "valid_to"),
    "conflict": ("id", "topic_zh", "topic_en", "zh", "en", "rule_zh", "rule_en", "reason_zh", "reason_en", "clauses",
                 "assumption"),
}
SENTENCE, SHORT, DEPTH, SIZE = 2000, 200, 6, 8000
ID = {"clause": re.compile(r"[A-Z][A-Za-z0-9]{0,9}-[A-Za-z0-9][A-Za-z0-9.-]{0,18}"),
      "document": re.compile(r"[A-Z][A-Za-z0-9]{0,9}"), "conflict": re.compile(r"[A-Z][A-Za-z0-9.-]{0,19}")}
LIMITS = {"section": SHORT, "title": SHORT, "title_en": SHORT, "file": SHORT, "topic_zh": SHORT, "topic_en": SHORT}
NEEDED = {"clause": ("document", "section", "kind", "obligation", "flow"), "document": ("title",),
          "conflict": ("topic_zh", "topic_en", "zh", "en", "rule_zh", "rule_en", "reason_zh", "reason_en", "clauses")}
LISTS = frozenset({"flow", "assumptions", "clauses", "declare", "lines"})
FLAGS = frozenset({"truncated", "assumption"})

BREAK = re.compile(r"\r\n?")
# What no file of ours can carry: control characters, halves of characters, what Unicode keeps free.
UNWRITTEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def normal(kind: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as plain data in the order of its fields, without what is empty: equal entries compare equal."""
    order = FIELDS[kind]
    names = [*(name for name in order if name in entry), *sorted(name for name in entry if name not in order)]
    plain = {name: _plain(entry[name]) for name in names}
    return {name: value for name, value in plain.items() if value not in (None, "", [], {}, False)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return UNWRITTEN.sub("", BREAK.sub("\n", value)).strip() if isinstance(value, str) else value


def entry_of(register: Register, kind: str, key: str) -> dict[str, Any] | None:
    """Return the entry of the register that `key` names, or None."""
    return entries(register, kind).get(key)


def entries(register: Register, kind: str) -> dict[str, dict[str, Any]]:
    """Return every entry of a kind by its id, in the register's order."""
    if kind == "clause":
        return {key: normal(kind, clause.source or {}) for key, clause in register.clauses.items()}
    if kind == "document":
        return {key: normal(kind, text.source) for key, text in register.texts.items() if text.origin != "law"}
    names = [field.name for field in fields(Conflict)]
    return {key: normal(kind, {name: getattr(one, name) for name in names})
            for key, one in register.conflicts.items()}


@dataclass(frozen=True)
class Known:
    """What an entry may refer to."""

    documents: frozenset[str]
    clauses: frozenset[str]
    activities: frozenset[str]

    @classmethod
    def of(cls, register: Register, also: Iterable[tuple[str, str]] = ()) -> Known:
        """Return the ids of a register, and those of `also`: (kind, key) that are proposed beside."""
        beside = list(also)
        return cls(
            frozenset(entries(register, "document")) | {key for kind, key in beside if kind == "document"},
            register.clause_ids | {key for kind, key in beside if kind == "clause"}, register.activity_ids)


def problems(kind: str, entry: Mapping[str, Any], known: Known) -> list[FieldError]:
    """Return what is wrong with an entry, by field; nested as "figures.within"."""
    found = [_wrong(name, "This field is not known.", "没有这个字段。") for name in entry if name not in FIELDS[kind]]
    found += [_wrong(name, "This is needed.", "此项必填。") for name in ("id", *NEEDED[kind]) if not entry.get(name)]
    found += [problem for name, value in entry.items() if name in FIELDS[kind] and value not in (None, "", [], {})
              for problem in _field(kind, name, value, entry, known)]
    if kind == "clause" and not (entry.get("zh") or entry.get("same_as")):
        found.append(_wrong("zh", "Say what the clause asks, or which clause it repeats.",
                            "请写明条款内容，或写明与哪一条相同。"))
    first, last = (_day(entry.get(name)) for name in ("valid_from", "valid_to"))
    if first and last and first > last:
        found.append(_wrong("valid_to", "It ends before it begins.", "失效日期早于生效日期。"))
    return found


def _field(kind: str, name: str, value: Any, entry: Mapping[str, Any], known: Known) -> Iterator[FieldError]:
    if name in FLAGS:
        if not isinstance(value, bool):
            yield _wrong(name, "Yes or no is expected.", "应为“是”或“否”。")
    elif name in LISTS:
        yield from _list(name, value, known)
    elif name == "figures":
        yield from _figures(value)
    elif name == "line":
        if type(value) is not int or not 0 < value <= 100_000:
            yield _wrong(name, "A line number from 1 is expected.", "应为从 1 开始的行号。")
    elif not isinstance(value, str):
        yield _wrong(name, "Text is expected; put it in quotes.", "应为文字，请加引号。")
    elif len(value) > LIMITS.get(name, SENTENCE):
        most = LIMITS.get(name, SENTENCE)
        yield _wrong(name, f"At most {most} characters.", f"最多 {most} 个字符。")
    else:
        yield from _word(kind, name, value, entry, known)


def _word(kind: str, name: str, value: str, entry: Mapping[str, Any], known: Known) -> Iterator[FieldError]:
    if name == "id" and not ID[kind].fullmatch(value):
        examples = {"clause": "A-2.1.1", "document": "B21", "conflict": "K10"}
        yield _wrong(name, f"An id such as {examples[kind]} is expected.", f"编号格式应如 {examples[kind]}。")
    choices = {"kind": CLAUSE_KINDS, "obligation": OBLIGATIONS, "origin": ("company",)}.get(name)
    if choices is not None and value not in choices:
        yield _wrong(name, f"One of these is expected: {', '.join(choices)}.", f"应为以下之一：{'、'.join(choices)}。")
    if name in ("valid_from", "valid_to") and _day(value) is None:
        yield _wrong(name, "A date such as 2026-07-01 is expected.", "日期格式应如 2026-07-01。")
    there = {"document": known.documents, "part_of": known.documents, "same_as": known.clauses}.get(name)
    if there is not None and value not in there:
        yield _wrong(name, f"There is no {value} in the register on that day.", f"该日的登记簿中没有 {value}。")
    if name in ("part_of", "same_as") and value == entry.get("id"):
        yield _wrong(name, "It can't name itself.", "不能指向自己。")


def _list(name: str, value: Any, known: Known) -> Iterator[FieldError]:
    if not isinstance(value, list) or len(value) > 100:
        yield _wrong(name, "A list is expected.", "应为列表。")
    elif name == "declare":
        for place, rule in enumerate(value):
            yield from _rule(f"declare[{place}]", rule, known)
    elif name == "lines":
        if len(value) != 2 or any(type(one) is not int or one < 1 for one in value) or value[0] > value[1]:
            yield _wrong(name, "The first and the last line are expected.", "应为首行号与末行号。")
    elif not all(isinstance(one, str) and 0 < len(one) <= SHORT and "\n" not in one for one in value):
        yield _wrong(name, "A list of short texts is expected.", "应为短文字列表。")
    else:
        there = {"flow": frozenset(FLOWS), "clauses": known.clauses}.get(name)
        unknown = [] if there is None else [one for one in value if one not in there]
        if unknown:
            yield _wrong(name, f"Not known: {', '.join(unknown)}.", f"未知的值：{'、'.join(unknown)}。")


def _figures(value: Any) -> Iterator[FieldError]:
    if not isinstance(value, Mapping):
        yield _wrong("figures", "Names with values are expected.", "应为“名称: 值”的形式。")
        return
    if _depth(value) > DEPTH or len(str(value)) > SIZE or not _is_plain(value):
        yield _wrong("figures", "Too deep, too long, or not plain data.", "层次过深、过长或不是普通数据。")
        return
    for name in TIMES:
        if value.get(name) is not None:
            yield from _span(f"figures.{name}", value[name])
    yield from _calendar("figures.calendar", value.get("calendar"))
    if value.get("within") not in (None, "PT0S") and not value.get("calendar"):
        yield _wrong("figures.calendar", "Say whether natural or working time counts.",
                     "请注明按自然时间还是工作时间计。")
    if isinstance(value.get("range"), Mapping):
        for name in ("min", "max"):
            yield from _span(f"figures.range.{name}", value["range"].get(name))


def _rule(field: str, rule: Any, known: Known) -> Iterator[FieldError]:
    if not isinstance(rule, Mapping) or rule.get("template") not in TEMPLATES:
        yield _wrong(f"{field}.template", f"One of these is expected: {', '.join(TEMPLATES)}.",
                     f"应为以下之一：{'、'.join(TEMPLATES)}。")
        return
    for name in ("a",) if rule["template"] in ALONE else ("a", "b"):
        if rule.get(name) not in known.activities:
            yield _wrong(f"{field}.{name}", f"“{rule.get(name) or ''}” is no activity of the register.",
                         f"“{rule.get(name) or ''}”不是登记簿中的活动。")
    if rule.get("within") is not None:
        yield from _span(f"{field}.within", rule["within"])
    yield from _calendar(f"{field}.calendar", rule.get("calendar"))


def _span(field: str, value: Any) -> Iterator[FieldError]:
    try:
        parse_duration(value)
    except BadDuration as error:
        yield _wrong(field, error.message_en, error.message_zh)


def _calendar(field: str, value: Any) -> Iterator[FieldError]:
    if value is not None and value not in CALENDARS:
        yield _wrong(field, "natural or working is expected.", "应为 natural（自然时间）或 working（工作时间）。")


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, bool)) or (isinstance(value, float) and isfinite(value))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _wrong(field: str, english: str, chinese: str) -> FieldError:
    return FieldError(field, english, chinese)
