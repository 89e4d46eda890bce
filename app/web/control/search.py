"""The search line of the control room: words, and terms such as level:P1 or 逾期, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.store.queries import control_list as queries
from app.store.queries.control_behind import Figure
from app.store.queries.control_list import InstanceFilter, Passed

TERM = re.compile(r'(?:([^\s:："“”]+)[:：])?(?:"([^"]*)"|“([^”]*)”|([^\s"“”]+))')
MOST_TERMS = 20
KEYS = {
    "level": "level", "级别": "level", "state": "state", "状态": "state", "type": "type", "类型": "type",
    "status": "status", "进度": "status", "customer": "customer", "客户": "customer", "product": "product",
    "产品": "product", "型号": "product", "number": "word", "单号": "word", "phone": "word", "电话": "word",
    "process": "process", "流程": "process", "element": "element", "环节": "element", "at": "element",
    "owner": "owner", "负责": "owner", "group": "owner", "岗位": "owner", "version": "version", "版本": "version",
    "sla": "sla", "时限": "sla", "from": "from", "自": "from", "to": "to", "至": "to", "passed": "passed",
    "经过": "passed", "is": "flag", "task": "task", "任务": "task", "score": "score", "评分": "score", "cause": "cause",
    "原因": "cause", "age": "age", "账龄": "age", "due": "due", "到期": "due", "came": "came", "受理": "came",
    "closed": "closed", "结案": "closed",
}
STATES = {
    "active": ("active",), "running": ("active",), "进行中": ("active",), "运行中": ("active",), "suspended": (
        "suspended",), "挂起": ("suspended",), "已挂起": ("suspended",), "open": ("active", "suspended"),
    "未结束": ("active", "suspended"), "completed": ("completed",), "ended": ("completed",), "已结束": ("completed",),
    "cancelled": ("cancelled",), "已取消": ("cancelled",), "all": (), "全部": (),
}
FLAGS = {
    "overdue": "overdue", "late": "overdue", "逾期": "overdue", "超期": "overdue", "incident": "incident",
    "incidents": "incident", "异常": "incident", "故障": "incident", "unclaimed": "unclaimed", "未认领": "unclaimed",
    "无人认领": "unclaimed",
}
VERDICTS = {"kept": "kept", "broken": "broken", "late": "late", "open": "open", "按期": "kept", "违约": "broken",
            "逾期": "late", "计时中": "open"}
ANY, SCORES = frozenset({"any", "任一"}), frozenset("12345")
CAUSES = ("root_cause", "complaint_type", "responsibility", "responsible_department", "product")
LEVELS = frozenset({"P1", "P2", "P3", "P4"})


@dataclass(frozen=True)
class Vocabulary:
    """What names mean: codes, and what people call them."""

    types: Mapping[str, str]  # any name -> code
    groups: Mapping[str, str]
    processes: Mapping[str, str]
    users: Mapping[str, int]
    milestones: Mapping[str, str]
    zone: ZoneInfo


@dataclass(frozen=True)
class Term:
    """One part of a search line."""

    key: str  # "" for a plain word
    value: str
    text: str  # as it was typed


@dataclass(frozen=True)
class Search:
    """A search line, understood."""

    line: str
    terms: Sequence[Term]
    asked: InstanceFilter
    unknown: Sequence[str]  # what of it means nothing


def split(line: str) -> list[Term]:
    """Return the terms of a line; quotes hold words together."""
    found = []
    for match in TERM.finditer(line):
        value = next((one for one in match.groups()[1:] if one is not None), "")
        key = match.group(1) or ""
        if key and key.lower() not in KEYS:  # a time such as 12:30 is a word
            key, value = "", match.group(0)
        found.append(Term(key.lower(), value.strip(), match.group(0)))
    return [term for term in found if term.value][:MOST_TERMS]


def understand(line: str, words: Vocabulary, base: InstanceFilter) -> Search:
    """Return what a line asks for, on top of `base`; what cannot be understood is listed and asks for nothing."""
    terms, asked, unknown = split(line), base, []
    span: dict[str, datetime] = {}
    for term in terms:
        key = KEYS.get(term.key, "")
        found = _plain(asked, term, words) if not key else READERS[key](asked, term, words, span)
        if found is None:
            unknown.append(term.text)
        else:
            asked = found
    asked = replace(asked, since=span.get("since"), until=span.get("until"))
    if asked.passed is not None:
        passed = replace(asked.passed, since=asked.since or asked.passed.since, until=asked.until or asked.passed.until)
        asked = replace(asked, passed=passed, since=None, until=None)
    return Search(line, terms, asked, unknown)


def without(search: Search, key: str) -> str:
    """Return the line without the terms of a key (or flag)."""
    return " ".join(term.text for term in search.terms if kind_of(term) != key)


def kind_of(term: Term) -> str:
    """Return what a term speaks of: a kind of KEYS, a flag, or word."""
    if term.key:
        return FLAGS.get(term.value.lower(), "flag") if KEYS[term.key] == "flag" else KEYS[term.key]
    value = term.value.lower()
    return "level" if term.value.upper() in LEVELS else "state" if value in STATES else FLAGS.get(value, "word")


def quoted(key: str, value: str) -> str:
    """Return a term, in quotes where the value has blanks."""
    return f'{key}:"{value}"' if re.search(r"[\s:：]", value) else f"{key}:{value}"


def _plain(asked: InstanceFilter, term: Term, words: Vocabulary) -> InstanceFilter | None:
    """A word without a key: a level, a state or a flag where it is one, else text to look for."""
    value = term.value.lower()
    if term.value.upper() in LEVELS:
        return replace(asked, level=term.value.upper())
    if value in FLAGS:
        return _marked(asked, FLAGS[value])
    if value in STATES:
        return replace(asked, states=STATES[value])
    return replace(asked, words=(*asked.words, term.value[:80]))


def _marked(asked: InstanceFilter, flag: str) -> InstanceFilter:
    changes: dict[str, Any] = {flag: True}
    return replace(asked, **changes)


Reader = Callable[[InstanceFilter, Term, Vocabulary, dict[str, datetime]], InstanceFilter | None]


def _level(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    return replace(asked, level=term.value.upper()) if term.value.upper() in LEVELS else None


def _state(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    states = STATES.get(term.value.lower())
    return None if states is None else replace(asked, states=states)


def _flag(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    flag = FLAGS.get(term.value.lower())
    return None if flag is None else _marked(asked, flag)


def _type(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    code = words.types.get(term.value)
    return None if code is None else replace(asked, type=code)


def _process(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    key = words.processes.get(term.value)
    return None if key is None else replace(asked, process=key)


def _element(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    process, _, element = term.value.rpartition("/")
    if process and process not in words.processes:
        return None
    return replace(asked, element=element[:80], process=words.processes[process] if process else asked.process)


def _owner(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    """A group by code or name, else a person: the demo user clerk is found as the group, 张三 as a person."""
    if term.value in words.groups:
        return replace(asked, owner_group=words.groups[term.value])
    if term.value in words.users:
        return replace(asked, owner_user=words.users[term.value])
    return replace(asked, owner_name=term.value[:80])


def _version(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    name, _, number = term.value.rpartition("/")
    key, number = words.processes.get(name), number.lower().removeprefix("v")
    if key is None or not (number.isascii() and number.isdigit() and len(number) < 7):
        return None
    return replace(asked, definitions=queries.definition_ids(key, int(number)))


def _sla(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    name, _, verdict = term.value.partition("/")
    if name in ANY and verdict in VERDICTS:
        return _counted(asked, Figure("sla", part=VERDICTS[verdict]))
    milestone = words.milestones.get(name)
    if milestone is None or (verdict and verdict not in VERDICTS):
        return None
    return replace(asked, milestone=milestone, verdict=VERDICTS.get(verdict, ""))


def _counted(asked: InstanceFilter, figure: Figure) -> InstanceFilter:
    return replace(asked, figures=(*asked.figures, figure))


def _task(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    """A group's tasks, as task:clerk/broken."""
    name, _, verdict = term.value.partition("/")
    if name not in words.groups or verdict not in VERDICTS:
        return None
    return _counted(asked, Figure("task", words.groups[name], VERDICTS[verdict]))


def _score(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    return _counted(asked, Figure("score", term.value)) if term.value in SCORES else None


def _cause(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    """What a complaint is about, as cause:"root_cause/密封圈"."""
    what, _, name = term.value.partition("/")
    return _counted(asked, Figure("cause", what, name)) if what in CAUSES and name else None


def _age(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    """Open cases by days since their registration, as age:3-7 or age:14-."""
    found = re.fullmatch(r"([0-9]{1,4})-([0-9]{1,4})?", term.value)
    if found is None:
        return None
    return _counted(asked, Figure("age", low=int(found[1]), high=int(found[2]) if found[2] else None))


def _due(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter | None:
    """Cases with a clock that falls due within so many hours."""
    return _counted(asked, Figure("due", high=int(term.value))) if re.fullmatch("[0-9]{1,4}", term.value) else None


def _days(kind: str) -> Reader:
    """A reader of days, as closed:2026-06-01 or closed:2026-06-01/2026-06-07."""
    def read(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
        first, last = (day_of(one) for one in (*term.value.split("/"), term.value)[:2])
        if first is None or last is None:
            return None
        since, until = (datetime.combine(one, time(), words.zone) for one in (first, last + timedelta(days=1)))
        return _counted(asked, Figure(kind, since=since, until=until))

    return read


def _passed(asked: InstanceFilter, term: Term, words: Vocabulary, _span: Any) -> InstanceFilter | None:
    parts = term.value.split("/")
    key = words.processes.get(parts[0])
    if key is None or len(parts) not in (2, 3):
        return None
    edge = (datetime(2000, 1, 1, tzinfo=words.zone), datetime(2200, 1, 1, tzinfo=words.zone))
    return replace(asked, passed=Passed(key, parts[1][:80], *edge, late=parts[2:] == ["late"]))


def _from(asked: InstanceFilter, term: Term, words: Vocabulary, span: dict[str, datetime]) -> InstanceFilter | None:
    day = day_of(term.value)
    if day is not None:
        span["since"] = datetime.combine(day, time(), words.zone)
    return None if day is None else asked


def _to(asked: InstanceFilter, term: Term, words: Vocabulary, span: dict[str, datetime]) -> InstanceFilter | None:
    day = day_of(term.value)
    if day is not None:
        span["until"] = datetime.combine(day + timedelta(days=1), time(), words.zone)
    return None if day is None else asked


def _text(name: str) -> Reader:
    def read(asked: InstanceFilter, term: Term, _words: Vocabulary, _span: Any) -> InstanceFilter:
        value: Any = (*asked.words, term.value[:80]) if name == "words" else term.value[:80]
        return replace(asked, **{name: value})

    return read


def day_of(text: str) -> date | None:
    """Return a day from 2000 to 2199 as ISO writes it, or None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


READERS: Mapping[str, Reader] = {
    "level": _level, "state": _state, "flag": _flag, "type": _type, "process": _process, "element": _element,
    "owner": _owner, "version": _version, "sla": _sla, "passed": _passed, "from": _from, "to": _to,
    "task": _task, "score": _score, "cause": _cause, "age": _age, "due": _due, "came": _days("came"),
    "closed": _days("closed"), "customer": _text("customer"), "product": _text("product"), "status": _text("status"),
    "word": _text("words"),
}
