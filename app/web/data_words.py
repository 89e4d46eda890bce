"""Words for data: what a form's field, a fact of a case or a process variable is called, and what its value says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.store.queries import people
from app.userforms import Labels
from app.web.problems import language
from app.web.shell import moment, named
from app.web.words import word
from app.wiring import services

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# What no form asks for; forms name all else.
NAMES: Mapping[str, Any] = {
    "actor": _l("Actor"), "agreed": _l("Agreed"), "alarms": _l("Alarms"), "answered": _l("Answered"),
    "appeal_level": _l("Level of the appeal"), "by": _l("By"), "case_number": _l("Case number"),
    "case_type": _l("Type"), "change": _l("Change"), "clocks_as": _l("Clocks as"), "closed_at": _l("Closed at"),
    "compensated": _l("Compensated"), "copies": _l("Copies"), "correction": _l("Correction"), "count": _l("Number"),
    "customer_known": _l("Known customer"), "days": _l("Days"), "demand": _l("Demand"), "due": _l("Due"),
    "duplicate_of": _l("Duplicate of"), "effective_from": _l("In force from"), "element": _l("Step"),
    "entry": _l("Entered by"), "escalation_demand": _l("Demand at the escalation"),
    "escalation_measures": _l("Measures of the escalation"), "escalation_progress": _l("Progress of the escalation"),
    "escalation_target": _l("Escalated to"), "executor": _l("Carried out by"), "failed_repairs": _l("Failed repairs"),
    "fields": _l("Fields"), "flags": _l("Alarms"), "followup_feedback": _l("Feedback in the follow-up"),
    "form": _l("Format"), "from": _l("From"), "groups": _l("Groups"), "holder": _l("Held by"),
    "keep_until": _l("Kept until"), "key": _l("Key"), "kind": _l("Kind"), "last_progress": _l("Last progress"),
    "level": _l("Level"), "milestone": _l("Milestone"), "name": _l("Name"), "note": _l("Note"),
    "number": _l("Number of the case"), "objection": _l("Objection"), "of": _l("Of"), "on_behalf": _l("On behalf"),
    "opinion_number": _l("Opinion number"), "outcome": _l("Outcome"), "owner_group": _l("With"),
    "path": _l("File"), "priority_lane": _l("Priority lane"), "reason": _l("Reason"), "recipients": _l("Sent to"),
    "reclassify": _l("To be classified anew"), "reissue_quantity": _l("Quantity sent again"),
    "reopenable": _l("May be reopened"), "result_at": _l("Told at"), "result_outcome": _l("Outcome told"),
    "retires": _l("Repealed"), "return_detail": _l("Details of the return"), "revision": _l("Revision"),
    "role": _l("Role"), "round": _l("Round"), "score": _l("Score"), "source": _l("Source"),
    "specialist_answer": _l("Specialist's answer"), "state": _l("State"), "status": _l("Status"),
    "subtask_batch": _l("Batch of sub-tasks"),
    "title": _l("Title"), "to": _l("To"), "type": _l("Type"), "verdict": _l("Finding"), "version": _l("Version"),
    "via_portal": _l("By the customer's page"), "way": _l("Way"), "why": _l("Because"), "workflow_ended": _l("Ended"),
}  # fmt: skip
# Variables of the shipped processes.
VARIABLES: Mapping[str, Any] = {
    "accepted_by": _l("Accepted by"), "application_no": _l("Application number"), "asked": _l("Asked"),
    "asked_due": _l("Due date asked for"), "assessments_started": _l("Assessments begun"),
    "black_slip_no": _l("Black slip number"), "black_slip_with_finance": _l("Black slip with finance"),
    "campaign": _l("Campaign"), "care_entry": _l("Entered the care list"), "care_until": _l("Care until"),
    "checked": _l("Checked"), "claimed_type": _l("Type that was claimed"), "confirmed_by": _l("Confirmed by"),
    "contact_letter_no": _l("Contact letter number"), "contact_letter_number": _l("Contact letter number"),
    "convener": _l("Convener"), "days_since_receipt": _l("Days since receipt"),
    "deduction_no": _l("Deduction order number"), "effect": _l("Effect"),
    "escalation_level": _l("Level of the escalation"), "escalation_number": _l("Escalation number"),
    "followup_attempts": _l("Attempts of the follow-up"), "found_at": _l("Found at"),
    "goods_outcome": _l("What became of the goods"), "helper_group": _l("Helping group"),
    "letter_number": _l("Letter number"), "lodged": _l("Lodged"), "naming": _l("Naming"),
    "new_solution": _l("New solution"), "next": _l("What comes next"), "opinion_state": _l("State of the opinion"),
    "opinions": _l("Opinions"), "papers": _l("Papers"), "parcel": _l("Parcel"), "payment": _l("Payment"),
    "phase": _l("Phase"), "purpose": _l("Purpose"), "recourse_sent": _l("Recourse sent"),
    "red_slip_no": _l("Red slip number"), "red_slip_signed": _l("Red slip signed"),
    "red_slip_with_finance": _l("Red slip with finance"), "refund_voucher_no": _l("Refund voucher number"),
    "refusals": _l("Refusals"), "reissue_request_no": _l("Reissue request number"), "remedy": _l("Remedy"),
    "reminded": _l("Reminded"), "repair_outcome": _l("Outcome of the repair"),
    "repair_report_no": _l("Repair report number"), "report": _l("Report"), "report_kind": _l("Kind of report"),
    "result_delivered": _l("Result delivered"), "return_outcome": _l("Outcome of the return"),
    "return_slip_no": _l("Return slip number"), "rule_charge": _l("Charge by the rules"),
    "rung": _l("Rung of the ladder"), "slip_number": _l("Slip number"), "slips_handed": _l("Slips handed over"),
    "still_open": _l("Still open"), "subtask": _l("Sub-task"),
    "subtask_cooperation": _l("Cooperation in the sub-task"), "subtask_due": _l("Due date of the sub-task"),
    "subtask_title": _l("Title of the sub-task"), "summary": _l("Summary"), "target_group": _l("Target group"),
    "tracking": _l("Tracking"), "urgent": _l("Urgent"), "wants_appeal": _l("Wants to appeal"),
    "wants_rehandling": _l("Wants it handled anew"),
}  # fmt: skip
KINDS = {
    "case_type": "type", "claimed_type": "type", "type": "type", "channel": "channel", "way": "way",
    "customer_level": "customer_level", "origin": "origin", "urgency": "urgency", "severity": "severity",
    "flags": "flag", "alarms": "flag", "status": "status", "milestone": "milestone", "kind": "paper",
    "why": "pause_reason", "state": "case_state",
}  # fmt: skip
GROUPS = frozenset({"owner_group", "recipients", "holder", "to", "role", "groups", "executor", "escalation_target"})


def label(key: str) -> str:
    """Return what a field, fact or variable is called in the reader's language; its own name in words at worst."""
    if key in NAMES or key in VARIABLES:
        return str(NAMES.get(key) or VARIABLES[key])
    known = _labels().names.get(key)
    return known[_place()] if known else key.replace("_", " ")


def value(key: str, given: Any) -> str:
    """Return what a value says in the reader's language; times in the company's zone, "—" for nothing."""
    if given is None or given in ("", [], {}):
        return "—"
    if isinstance(given, bool):
        return str(_("yes") if given else _("no"))
    if isinstance(given, list):
        return _list_mark().join(value(key, one) for one in given)
    if isinstance(given, dict):
        return _joined((label(str(name)), value(str(name), one)) for name, one in given.items())
    return _one(key, str(given))


def changed(detail: Mapping[str, Any]) -> str:
    """Return facts with what they were and are, {name: [old, new]}, in words."""
    return _joined((label(name), f"{value(name, pair[0])} → {value(name, pair[1])}") for name, pair in detail.items())


def details(detail: Mapping[str, Any]) -> str:
    """Return named values in words, without what is empty."""
    known = {name: one for name, one in detail.items() if one not in (None, "", [], {})}
    return _joined((label(name), value(name, one)) for name, one in known.items())


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    colon, mark = ("：", "；") if language() == "zh" else (": ", "; ")
    return mark.join(f"{name}{colon}{said}" for name, said in pairs)


def _one(key: str, text: str) -> str:
    if TIME.match(text):
        return moment(datetime.fromisoformat(text)) if "+" in text or text.endswith("Z") else text.replace("T", " ")
    if key in GROUPS and text in _groups():
        return _groups()[text]
    if key in KINDS and (said := word(text, KINDS[key])) != text:
        return said
    option = _labels().options.get((key, text))
    return option[_place()] if option else text


def _place() -> int:
    return 0 if language() == "zh" else 1


def _list_mark() -> str:
    return "、" if language() == "zh" else ", "


def _groups() -> dict[str, str]:
    if "group_words" not in g:
        g.group_words = {one.code: named(one) for one in people.groups()}
    found: dict[str, str] = g.group_words
    return found


def _labels() -> Labels:
    if "data_labels" not in g:
        g.data_labels = services().runtime.library.labels()
    found: Labels = g.data_labels
    return found
