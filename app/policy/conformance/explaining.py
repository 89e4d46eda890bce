"""Why was this judged so? In plain Chinese and English, from the evidence alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from app.durations import parse_duration, words
from app.facts import Period
from app.policy.conformance.judging import Verdict
from app.work_calendar import WorkCalendar

Naming = Callable[[str], tuple[str, str]]  # an activity, element or group -> Chinese, English
STATES = {"kept": ("遵守", "kept"), "broken": ("违反", "broken"), "pending": ("待定", "pending"),
          "not_applicable": ("不适用", "not applicable")}
SPECIAL = {"@registered": ("登记个案", "the case was registered"), "@closed": ("关闭个案", "the case was closed"),
           "@cancelled": ("撤销个案", "the case was withdrawn"), "@archived": ("归档", "the case was archived")}


def explain(verdict: Verdict, calendar: WorkCalendar, naming: Naming) -> tuple[str, str]:
    """Return the reasons for a verdict in Chinese and English, the counting of the deadline step by step."""
    zh, en = STATES[verdict.state]
    parts = [(f"条款 {verdict.clause}：{zh}。", f"Clause {verdict.clause}: {en}.")]
    for evidence in verdict.evidence:
        parts += _Telling(evidence, calendar, naming).sentences()
    return "".join(part[0] for part in parts), " ".join(part[1] for part in parts)


class _Telling:
    """One rule's evidence in words."""

    def __init__(self, evidence: Mapping[str, Any], calendar: WorkCalendar, naming: Naming) -> None:
        self._evidence, self._calendar, self._naming = evidence, calendar, naming

    def sentences(self) -> list[tuple[str, str]]:
        """Return the sentences, each in both languages."""
        e = self._evidence
        if "why_not" in e:
            return [self._why_not()]
        found: list[tuple[str, str]] = []
        if e.get("from") and e["rule"] not in {"precedence", "four_eyes"}:
            found.append(self._event(e["from"], "起点：", "It began: "))
        found += self._deadline()
        if e.get("by"):
            found.append(self._event(e["by"], "实际：", "What happened: "))
        found += self._judgement()
        if e.get("times", 1) > 1:
            found.append((f"本案共有 {e['times']} 次，此处为决定性的一次。",
                          f"It came up {e['times']} times; this one decides."))
        return found

    def _why_not(self) -> tuple[str, str]:
        if self._evidence["why_not"] == "no_trigger":
            return "本案没有发生触发此条款的事项。", "Nothing that calls for this clause has happened."
        told = [", ".join(f"{name}={'/'.join(values)}" for name, values in one.items())
                for one in self._evidence["conditions"]]
        return f"此条款只适用于：{' 或 '.join(told)}。", f"The clause bears only on: {' or '.join(told)}."

    def _event(self, event: Mapping[str, Any], zh: str, en: str) -> tuple[str, str]:
        (name_zh, name_en), at = self._name(event["what"]), self._at(event["at"])
        who = event.get("actor") or ""
        group = self._naming(event["group"]) if event.get("group") else None
        by_zh = f"（{group[0]} {who}）" if group else ""
        by_en = f" ({group[1]} {who})" if group else ""
        seq = event.get("seq")
        return (f"{zh}{at} {name_zh}{by_zh}{f'，历史记录 {seq}' if seq else ''}。",
                f"{en}{at} {name_en}{by_en}{f', history {seq}' if seq else ''}.")

    def _deadline(self) -> list[tuple[str, str]]:
        e = self._evidence
        if e["rule"] == "retention":
            return []  # told with how long it is kept
        if e.get("agreed"):
            due = self._until(e["due"])
            return [(f"客户签字同意的新期限：{due}。", f"The customer signed a new date: {due}.")]
        if "limit" not in e or "calendar" not in e or not e.get("from"):
            return [(f"期限：{self._until(e['due'])}。", f"Due: {self._until(e['due'])}.")] if e.get("due") else []
        start = datetime.fromisoformat(e["from"]["at"])
        trace = self._calendar.add(start, Period(e["limit"], e["calendar"])).trace
        found = [(step["zh"], step["en"]) for step in trace]
        for begin, end in e.get("pauses") or ():
            span = (self._at(begin), self._at(end))
            found.append((f"{span[0]} 至 {span[1]} 停止计时。", f"The clock stood still from {span[0]} to {span[1]}."))
        if e.get("pauses") and e.get("due"):
            found.append((f"顺延至 {self._until(e['due'])}。", f"Moved to {self._until(e['due'])}."))
        if e.get("paused"):
            found.append(("目前停止计时。", "The clock stands still now."))
        return found

    def _judgement(self) -> list[tuple[str, str]]:
        return [sentence for maker in (self._who, self._what, self._written) for sentence in maker()]

    def _who(self) -> list[tuple[str, str]]:
        e, found = self._evidence, []
        if e.get("amount") is not None:
            found.append((f"金额 {e['amount']:g}，条款数字 {e['figure']}。",
                          f"The amount is {e['amount']:g}; the clause says {e['figure']}."))
        if e.get("groups"):
            names = [self._naming(group) for group in e["groups"]]
            zh, en = _joined(names)
            found.append((f"应由 {zh} 办理。", f"It is for {en}."))
        if e["rule"] == "four_eyes":
            one, other = e["from"], e["by"]
            found.append(self._event(one, "此前：", "Before: "))
            same = one["actor"] == other["actor"]
            found.append(("两步由同一人办理。", "Both were done by the same person.") if same else
                         ("两步由不同的人办理。", "They were done by different people."))
            if e.get("ranks"):
                found.append(("须由更高一级办理。", "It needs somebody of a higher level."))
        return found

    def _what(self) -> list[tuple[str, str]]:
        e = self._evidence
        names = [self._name(one) for one in e.get("wanted") or e.get("forbidden") or ()]
        zh, en = _joined(names)
        if e.get("forbidden"):
            return [(f"不得出现：{zh}。", f"There must be no: {en}.")]
        if e["rule"] == "precedence":
            return ([self._event(e["from"], "此前已有：", "Before it: ")] if e.get("from") else
                    [(f"此前没有：{zh}。", f"Not before it: {en}.")])
        if names and not e.get("by"):
            span = self._span() if e.get("limit") else None
            zh_span, en_span = (f"（{span[0]}）", f" ({span[1]})") if span else ("", "")
            return [(f"尚无：{zh}{zh_span}。", f"Not done: {en}{en_span}.")]
        return []

    def _span(self) -> tuple[str, str]:
        return words(parse_duration(self._evidence["limit"]), self._evidence.get("calendar") == "working")

    def _written(self) -> list[tuple[str, str]]:
        e, found = self._evidence, []
        if "paper" in e and "wanted_copies" in e:
            found.append((f"单据 {e['paper']}：{e['copies']} 份，应有 {e['wanted_copies']} 份。",
                          f"Paper {e['paper']}: {e['copies']} copies, {e['wanted_copies']} are asked for."))
        if e.get("ahead_of"):
            named = self._at(e["ahead_of"])
            found.append((f"所约时间为 {named}。", f"The appointment is at {named}."))
        if e.get("missing"):
            zh, en = _joined([self._naming(one) for one in e["missing"]])
            found.append((f"缺少：{zh}。", f"Missing: {en}."))
        if e["rule"] == "retention":
            until = self._at(e["kept_until"]) if e["kept_until"] else "—"
            (zh, en), due = self._span(), self._until(e["due"])
            found.append((f"应保存 {zh}，至 {due}；保存至 {until}。",
                          f"To be kept for {en}, until {due}; kept until {until}."))
        return found

    def _name(self, what: str) -> tuple[str, str]:
        return SPECIAL.get(what) or self._naming(what)

    def _until(self, moment: str) -> str:
        """A moment up to which something counts: the midnight that ends a day is 24:00 of that day."""
        at = self._calendar.local(datetime.fromisoformat(moment))
        return f"{at - timedelta(days=1):%Y-%m-%d} 24:00" if at.time() == time(0) else f"{at:%Y-%m-%d %H:%M:%S}"

    def _at(self, moment: str) -> str:
        return f"{self._calendar.local(datetime.fromisoformat(moment)):%Y-%m-%d %H:%M:%S}"


def _joined(names: list[tuple[str, str]]) -> tuple[str, str]:
    return "、".join(dict.fromkeys(name[0] for name in names)), ", ".join(dict.fromkeys(name[1] for name in names))
