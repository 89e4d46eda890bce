"""What a comparison of the written policy with the running process finds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.durations import parse_duration, words
from app.errors import BadDuration

_SPAN = re.compile(r'"?(?:R/)?\b(P(?=\d|T\d)[0-9WYMDTHS.]+)"?(?: (natural|working))?')
EQUAL, STRICTER, LOOSER = "equal", "stricter", "looser"
MISSING, CONTRADICTORY, INCOMPARABLE, ASSUMPTION = "missing", "contradictory", "incomparable", "assumption"
BREACHES = frozenset({LOOSER, MISSING, CONTRADICTORY, INCOMPARABLE})
NO_CLAUSE = "—"
VERDICTS = {
    EQUAL: ("一致", "equal"),
    STRICTER: ("比制度更严", "stricter than the policy"),
    LOOSER: ("比制度宽松", "looser than the policy"),
    MISSING: ("缺失", "missing"),
    CONTRADICTORY: ("与制度矛盾", "contradicts the policy"),
    INCOMPARABLE: ("有时晚于制度，无法比较", "not comparable: at times later than the policy allows"),
    ASSUMPTION: ("公司自定数字", "the company's own figure"),
}


@dataclass(frozen=True)
class Drift:
    """One place where the process was held against a clause."""

    clause: str  # "—" where no clause asks for it
    where: str  # "process.element", "decision.rule.column" or "form.field"
    policy: str  # what the clause says
    process: str  # what the diagram, decision or form says
    verdict: str
    severity: str  # error | warning | info | none
    kind: str  # deadline | cadence | role | field | threshold | rule | order | copies | retention | clause
    zh: str
    en: str
    changed: bool = False  # differs from what was reviewed last

    def text(self, locale: str) -> str:
        """Return the message in `locale`."""
        return self.zh if locale.startswith("zh") else self.en

    @property
    def is_reported(self) -> bool:
        """True for what someone must look at: all but agreement and what was reviewed as it stands."""
        return self.severity in {"error", "warning"} or (self.severity == "info" and self.changed)

    @property
    def fingerprint(self) -> str:
        """The same for the same deviation in the same place; a waiver holds for it alone."""
        told = "\n".join((self.clause, self.where, self.kind, self.verdict, self.policy, self.process))
        return hashlib.sha256(told.encode()).hexdigest()[:20]


def found(
    clause: str,
    where: str,
    kind: str,
    verdict: str,
    policy: Any,
    process: Any,
    what: tuple[str, str],
    *,
    severity: str | None = None,
    changed: bool = False,
) -> Drift:
    """Return a finding; `what` names the matter in Chinese and English, the severity follows the verdict."""
    policy_text, process_text = shown(policy), shown(process)
    if severity is None:
        severity = "error" if verdict in BREACHES else "none" if verdict == EQUAL else "info"
    word_zh, word_en = VERDICTS[verdict]
    (policy_zh, policy_en), (process_zh, process_en) = plain(policy_text), plain(process_text)
    zh = f"{what[0]}：制度为“{policy_zh}”，流程为“{process_zh}”——{word_zh}（条款 {clause}，位置 {where}）。"
    en = f"{what[1]}: the policy says “{policy_en}”, the process “{process_en}” - {word_en} (clause {clause}, {where})."
    return Drift(clause, where, policy_text, process_text, verdict, severity, kind, zh, en, changed)


@lru_cache(maxsize=8192)
def plain(text: str) -> tuple[str, str]:
    """Return a text with its ISO durations in Chinese and in English words."""
    return _SPAN.sub(lambda one: _in_words(one)[0], text), _SPAN.sub(lambda one: _in_words(one)[1], text)


def _in_words(found: re.Match[str]) -> tuple[str, str]:
    try:
        zh, en = words(parse_duration(found.group(1)), found.group(2) == "working")
    except BadDuration:
        return found.group(), found.group()
    return (f"{zh}（自然时间）", f"{en} (natural time)") if found.group(2) == "natural" else (zh, en)


def shown(value: Any) -> str:
    """Return a value as people read it."""
    if value is None or value == "" or value == ():
        return "—"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(inner)}" for key, inner in value.items())
    if isinstance(value, Iterable):
        return ", ".join(shown(one) for one in value)
    return str(value)
