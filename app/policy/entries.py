"""What an entry of the register may say: its fields, and what is wrong with one that somebody proposes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from math import isfinite
from typing import Any

from app.durations import parse_duration
from app.errors import BadDuration, FieldError
from app.policy.coverage import DISPOSITIONS
from app.policy.law import figure_at
from app.policy.plain import duration_words
from app.policy.register import Conflict, Disposition, Register

KINDS = ("document", "clause", "law", "conflict", "disposition")  # what others refer to comes first
CLAUSE_KINDS = ("step", "deadline", "decision-rule", "form", "record", "notification", "approval", "amount-threshold",
                "quality-rule", "role", "report", "kpi", "retention")
OBLIGATIONS = ("must", "should", "info")
FLOWS = ("general", "complaint", "consultation", "suggestion", "return", "repair", "satisfaction", "escalation",
         "appeal", "assessment", "reporting")
CALENDARS = ("natural", "working")
ORIGINS = ("company", "law")
DECLARED = tuple(one for one in DISPOSITIONS if one != "missing")
QUALITIES = ("statute", "partly secondary", "secondary")  # where a rule of law was read
STATUSES = ("unconfirmed", "confirmed")  # by counsel
SENSES = ("at_most", "at_least")  # a limit, which may be shorter; a right, which may be longer
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
    "law": ("id", "document", "section", "kind", "obligation", "zh", "en", "figures", "bounds", "quality", "status",
            "read", "replaces", "note_zh", "note_en", "valid_from", "valid_to"),
    "disposition": ("id", "disposition", "where", "reason_zh", "reason_en", "owner", "review_by"),  # id: the clause's
}
BOUND = ("clause", "figure", "sense", "when_zh", "when_en")  # the fields of one of a rule's `bounds`
SENTENCE, SHORT, DEPTH, SIZE = 2000, 200, 6, 8000
ID = {"clause": re.compile(r"[A-Z][A-Za-z0-9]{0,9}-[A-Za-z0-9][A-Za-z0-9.-]{0,18}"),
      "document": re.compile(r"[A-Z][A-Za-z0-9]{0,9}"), "conflict": re.compile(r"[A-Z][A-Za-z0-9.-]{0,19}")}
ID |= {"law": ID["clause"], "disposition": ID["clause"]}
EXAMPLES = {"clause": "A-2.1.1", "document": "B21", "conflict": "K10", "law": "CPL-24", "disposition": "A-2.1.1"}
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
LIMITS = {"section": SHORT, "title": SHORT, "title_en": SHORT, "file": SHORT, "topic_zh": SHORT, "topic_en": SHORT}
NEEDED = {"clause": ("document", "section", "kind", "obligation", "flow"), "document": ("title",),
          "conflict": ("topic_zh", "topic_en", "zh", "en", "rule_zh", "rule_en", "reason_zh", "reason_en", "clauses"),
          "law": ("document", "section", "kind", "obligation", "zh", "en", "bounds", "quality", "status", "read"),
          "disposition": ("disposition", "reason_zh", "reason_en")}
LISTS = frozenset({"flow", "assumptions", "clauses", "declare", "lines", "bounds", "where"})
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
    if kind in ("clause", "law"):
        clause = (register.clauses if kind == "clause" else register.law).get(key)
        return None if clause is None else normal(kind, clause.source or {})
    return entries(register, kind).get(key)


def entries(register: Register, kind: str) -> dict[str, dict[str, Any]]:
    """Return every entry of a kind by its id, in the register's order; of dispositions those that declare something."""
    if kind in ("clause", "law"):
        found = register.clauses if kind == "clause" else register.law
        return {key: normal(kind, clause.source or {}) for key, clause in found.items()}
    if kind == "document":
        return {key: normal(kind, text.source) for key, text in register.texts.items()}
    if kind == "disposition":
        return {key: _declared(one) for key, one in register.dispositions.items() if one.disposition or one.where}
    names = [field.name for field in fields(Conflict)]
    return {key: normal(kind, {name: getattr(one, name) for name in names})
            for key, one in register.conflicts.items()}


def _declared(one: Disposition) -> dict[str, Any]:
    """Return what was declared of a clause, without the stamps of its reviews: these are no part of the register."""
    return normal("disposition", {"id": one.clause, **{name: getattr(one, name) for name in FIELDS["disposition"][1:]}})


@dataclass(frozen=True)
class Known:
    """What an entry may refer to."""

    documents: frozenset[str]  # the company's
    clauses: frozenset[str]
    activities: frozenset[str]
    law_documents: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()  # of law
    groups: frozenset[str] = frozenset()
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by id, of clauses and rules of law
    links: frozenset[str] | None = None  # what dispositions may name; None: not looked up here

    @classmethod
    def of(cls, register: Register, also: Iterable[tuple[str, str]] = (), links: frozenset[str] | None = None) -> Known:
        """Return the ids of a register, and those of `also`: (kind, key) that are proposed beside.

        A document proposed beside counts for the company and for the law: which it is, it says itself.
        """
        beside: dict[str, set[str]] = {}
        for kind, key in also:
            beside.setdefault(kind, set()).add(key)
        new = beside.get("document", set())
        law = frozenset(key for key, text in register.texts.items() if text.origin == "law")
        return cls(
            (frozenset(register.texts) - law) | new, register.clause_ids | beside.get("clause", set()),
            register.activity_ids, law | new, frozenset(register.law) | beside.get("law", set()),
            frozenset(group.code for group in register.groups),
            {one.id: one.figures for one in (*register.law.values(), *register.clauses.values())}, links)


def problems(kind: str, entry: Mapping[str, Any], known: Known) -> list[FieldError]:
    """Return what is wrong with an entry, by field; nested as "figures.within"."""
    found = [_wrong(name, "This field is not known.", "没有这个字段。") for name in entry if name not in FIELDS[kind]]
    found += [_wrong(name, "This is needed.", "此项必填。") for name in ("id", *NEEDED[kind]) if not entry.get(name)]
    found += [problem for name, value in entry.items() if name in FIELDS[kind] and value not in (None, "", [], {})
              for problem in _field(kind, name, value, entry, known)]
    if kind == "clause" and not (entry.get("zh") or entry.get("same_as")):
        found.append(_wrong("zh", "Say what the clause asks, or which clause it repeats.",
                            "请写明条款内容，或写明与哪一条相同。"))
    if kind == "clause":
        found += _disagreements(entry)
    if kind == "law":
        found += _incomparable(entry)
    if kind == "disposition" and entry.get("disposition") == "outside":
        found += [_wrong(name, "A clause outside the system needs this.", "系统之外的条款必须填写此项。")
                  for name in ("owner", "review_by") if not entry.get(name)]
    first, last = (_day(entry.get(name)) for name in ("valid_from", "valid_to"))
    if first and last and first > last:
        found.append(_wrong("valid_to", "It ends before it begins.", "失效日期早于生效日期。"))
    return found


def _disagreements(entry: Mapping[str, Any]) -> Iterator[FieldError]:
    """Give the rules of order whose limit for the clause's own action is another than its figure."""
    figures, rules = entry.get("figures"), entry.get("declare")
    if not isinstance(figures, Mapping) or not isinstance(rules, list) or not figures.get("within"):
        return
    for place, rule in enumerate(rules):
        if not isinstance(rule, Mapping) or not rule.get("within"):
            continue
        if rule.get("b") != figures.get("action", rule.get("b")):
            continue  # it limits something else
        said, meant = (duration_words(one["within"], one.get("calendar")) for one in (rule, figures))
        if said != meant:
            yield _wrong(f"declare[{place}].within",
                         f"The rule of order says {said[1]}, the time limit {meant[1]}; they must agree.",
                         f"次序规则为{said[0]}，时限为{meant[0]}，两者须一致。")


def _incomparable(entry: Mapping[str, Any]) -> Iterator[FieldError]:
    """Say that a rule of law whose bounds name figures needs a time limit itself: else nothing would be compared."""
    figures, bounds = entry.get("figures"), entry.get("bounds")
    compared = isinstance(bounds, list) and any(isinstance(one, Mapping) and one.get("figure") for one in bounds)
    if compared and not (isinstance(figures, Mapping) and figures.get("within")):
        yield _wrong("figures.within", "To be compared with a clause's figure, the rule needs a time limit.",
                     "要与条款的数字比较，须填写本规则的时限。")


def _field(kind: str, name: str, value: Any, entry: Mapping[str, Any], known: Known) -> Iterator[FieldError]:
    if name in FLAGS:
        if not isinstance(value, bool):
            yield _wrong(name, "Yes or no is expected.", "应为“是”或“否”。")
    elif name in LISTS:
        yield from _list(kind, name, value, known)
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
        example = EXAMPLES[kind]
        yield _wrong(name, f"An id such as {example} is expected.", f"编号格式应如 {example}。")
    choices = {"kind": CLAUSE_KINDS, "obligation": OBLIGATIONS, "origin": ORIGINS, "quality": QUALITIES,
               "status": STATUSES, "disposition": DECLARED, "owner": tuple(sorted(known.groups))}.get(name)
    if choices is not None and value not in choices:
        yield _wrong(name, f"One of these is expected: {', '.join(choices)}.", f"应为以下之一：{'、'.join(choices)}。")
    if name in ("valid_from", "valid_to", "review_by") and _day(value) is None:
        yield _wrong(name, "A date such as 2026-07-01 is expected.", "日期格式应如 2026-07-01。")
    if name == "read" and not MONTH.fullmatch(value):
        yield _wrong(name, "The month of reading is expected, such as 2026-11.", "应为查阅年月，如 2026-11。")
    there = _there(kind, name, entry, known)
    if there is not None and value not in there:
        yield _wrong(name, f"There is no {value} in the register on that day.", f"该日的登记簿中没有 {value}。")
    if name in ("part_of", "same_as", "replaces") and value == entry.get("id"):
        yield _wrong(name, "It can't name itself.", "不能指向自己。")


def _there(kind: str, name: str, entry: Mapping[str, Any], known: Known) -> frozenset[str] | None:
    """Return the ids that a field may name; None where it names none."""
    of_law = kind == "law" or (kind == "document" and entry.get("origin") == "law")
    documents = known.law_documents if of_law else known.documents
    names = {"document": documents, "part_of": documents, "same_as": known.clauses, "replaces": known.rules,
             "id": known.clauses if kind == "disposition" else None}
    return names.get(name)


def _list(kind: str, name: str, value: Any, known: Known) -> Iterator[FieldError]:
    if not isinstance(value, list) or len(value) > 100:
        yield _wrong(name, "A list is expected.", "应为列表。")
    elif name == "declare":
        for place, rule in enumerate(value):
            yield from _rule(f"declare[{place}]", rule, known)
    elif name == "bounds":
        for place, bound in enumerate(value):
            yield from _bound(f"bounds[{place}]", bound, known)
    elif name == "lines":
        if len(value) != 2 or any(type(one) is not int or one < 1 for one in value) or value[0] > value[1]:
            yield _wrong(name, "The first and the last line are expected.", "应为首行号与末行号。")
    elif not all(isinstance(one, str) and 0 < len(one) <= SHORT and "\n" not in one for one in value):
        yield _wrong(name, "A list of short texts is expected.", "应为短文字列表。")
    else:
        there = {"flow": frozenset(FLOWS), "clauses": known.clauses, "where": known.links}.get(name)
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


def _bound(place: str, bound: Any, known: Known) -> Iterator[FieldError]:
    """Give what is wrong with one of the clauses that a rule of law bounds; with a figure it is compared."""
    if not isinstance(bound, Mapping) or not isinstance(bound.get("clause"), str):
        yield _wrong(f"{place}.clause", "The clause that it bounds is expected.", "应写明所约束的条款。")
        return
    unknown = [str(name) for name in bound if name not in BOUND]
    if unknown:
        yield _wrong(place, f"Not known: {', '.join(unknown)}.", f"未知的值：{'、'.join(unknown)}。")
    for name in ("when_zh", "when_en"):
        if bound.get(name) is not None and not (isinstance(bound[name], str) and len(bound[name]) <= SHORT):
            yield _wrong(f"{place}.{name}", f"At most {SHORT} characters.", f"最多 {SHORT} 个字符。")
    target, path = bound["clause"], bound.get("figure")
    if target not in known.clauses | known.rules:
        yield _wrong(f"{place}.clause", f"There is no {target} in the register on that day.",
                     f"该日的登记簿中没有 {target}。")
    elif path is not None:
        if bound.get("sense") not in SENSES:
            yield _wrong(f"{place}.sense", "Say whether the figure is a limit (at_most) or a right (at_least).",
                         "请注明该数字是上限（at_most）还是下限（at_least）。")
        value = figure_at(known.figures[target], str(path))[0] if target in known.figures else None
        if target in known.figures and (not isinstance(value, str) or any(_span("", value))):
            yield _wrong(f"{place}.figure", f"{target} has no duration “{path}”.", f"{target} 没有时长“{path}”。")


def _span(field: str, value: Any) -> Iterator[FieldError]:
    try:
        parse_duration(value)
    except BadDuration as error:
        yield _wrong(field, error.message_en, error.message_zh)


def _calendar(field: str, value: Any) -> Iterator[FieldError]:
    if value is not None and value not in CALENDARS:
        yield _wrong(field, "natural or working is expected.", "应为 natural（自然时间）或 working（工作时间）。")


def is_deep(value: Any, most: int) -> bool:
    """Return whether data has more than `most` levels; it looks no deeper than that."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(most <= 1 or is_deep(one, most - 1) for one in inner)


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
