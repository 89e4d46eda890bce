"""What a comparison of the written policy with the running process finds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
    zh = f"{what[0]}：制度为“{policy_text}”，流程为“{process_text}”——{word_zh}（条款 {clause}，位置 {where}）。"
    en = f"{what[1]}: the policy says {policy_text}, the process {process_text} - {word_en} (clause {clause}, {where})."
    return Drift(clause, where, policy_text, process_text, verdict, severity, kind, zh, en, changed)


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
