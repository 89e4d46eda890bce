"""The words for codes that pages show: case types, channels, states, milestones, rights, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from app.services.ports.desk import NOTE_TITLES

TYPES = {
    "complaint": _("Complaint"),
    "return_exchange": _("Return or exchange"),
    "fault_repair": _("Fault repair"),
    "consultation": _("Consultation"),
    "suggestion": _("Suggestion"),
    "appeal": _("Appeal"),
    "other": _("Other"),
}
CHANNELS = {
    "phone": _("Telephone"),
    "online_chat": _("Online service"),
    "app": _("App"),
    "web_chat": _("Web chat"),
    "email": _("E-mail"),
    "social_media": _("Social media"),
    "wechat_official_account": _("WeChat account"),
    "web_form": _("Web form"),
    "walk_in": _("On the spot"),
}
WAYS = {
    "phone": _("Telephone"),
    "email": _("E-mail"),
    "sms": _("Text message"),
    "wechat": _("WeChat"),
    "visit": _("Visit"),
    "chat": _("Online service"),
    "portal": _("Customer page"),
    "post": _("Post"),
    "meeting": _("Meeting"),
    "system": _("System"),
}
RECEIVED_VIA = {
    "upload": _("Uploaded"),
    "email": _("E-mail"),
    "phone": _("Telephone"),
    "sms": _("Text message"),
    "wechat": _("WeChat"),
    "chat": _("Online service"),
    "post": _("Post"),
    "visit": _("Visit"),
    "portal": _("Customer page"),
    "system": _("System"),
}
NOTES = {
    "comment": _("Comment"),
    "lesson": _("Lesson"),
    "praise": _("Praise"),
    "compensation": _("Compensation"),
    "answer": _("Answer"),
    "suggestion": _("Suggestion"),
    "rectification": _("Rectification"),
    "prevention": _("Prevention"),
    "status": _("Progress"),
    "care": _("Special care"),
    "measures": _("Further measures"),
    "independence": _("Independence of the appeal officer"),
    "change": _("Change of what was agreed"),
    "withdrawal": _("Withdrawal"),
    "progress": _("Progress"),
}
# The codes that the process itself writes into notes.
NOTE_CODES = {
    "coordination": _("Coordination of departments"),
    "customer_interview": _("Customer interview"),
    "internal_inquiry": _("Internal inquiry"),
    "recall_or_rework": _("Recall or rework"),
    "rectification": _("Rectification"),
    "trace_meeting": _("Trace meeting"),
    "granted": _("agreed"),
    "refused": _("refused"),
    "unknown": _("not asked yet"),
}
CODED_NOTES = frozenset({"measures", "care"})
# Who acts without being a user.
PARTIES = {"system": _("System"), "customer": _("Customer")}
CUSTOMER_LEVELS = {"vip": _("VIP"), "ordinary": _("Ordinary")}
ORIGINS = {"self_made": _("Made by us"), "purchased": _("Purchased"), "not_applicable": _("No product")}
URGENCIES = {"urgent": _("Urgent"), "high": _("High"), "medium": _("Medium"), "low": _("Low")}
SEVERITIES = {"major": _("Major"), "important": _("Important"), "general": _("General"), "none": _("Not applicable")}
FLAGS = {
    "safety": _("Safety"),
    "production_stop": _("Production stopped"),
    "batch": _("Batch fault"),
    "public_opinion": _("Public opinion"),
}
CASE_STATES = {"open": _("Open"), "closed": _("Closed"), "cancelled": _("Cancelled")}
INSTANCE_STATES = {
    "active": _("Running"),
    "suspended": _("Suspended"),
    "completed": _("Ended"),
    "cancelled": _("Cancelled"),
}
TASK_STATES = {"open": _("Open"), "completed": _("Done"), "cancelled": _("Cancelled")}
JOB_STATES = {"waiting": _("Waiting"), "running": _("Running"), "done": _("Done"), "dead": _("Given up")}
PAPER_STATES = {"open": _("In work"), "closed": _("Sealed"), "void": _("Void")}
INCIDENT_KINDS = {"engine": _("Process"), "job": _("Job"), "timer": _("Timer"), "state": _("State")}
LINKS = {"duplicate": _("Duplicate"), "related": _("Related"), "merged": _("Merged")}
# The policy's wording is Chinese; English readers get its meaning.
STATUSES = {
    "待处理": _("To be handled"),
    "已联系客户": _("Customer contacted"),
    "已排查故障": _("Fault examined"),
    "等待备件": _("Waiting for parts"),
    "处理完成": _("Handled"),
    "待客户确认": _("Waiting for the customer"),
    "已升级": _("Escalated"),
    "已结案": _("Settled"),
    "已关闭": _("Closed"),
    "申诉中": _("Under appeal"),
    "已撤回": _("Withdrawn"),
    "转外部": _("Referred outside"),
    "已关闭-满意": _("Closed, satisfied"),
    "已关闭-超期默认": _("Closed, silence taken as consent"),
    "不属实已说明": _("Unfounded, explained"),
    "已取消": _("Cancelled"),
    "已合并": _("Merged"),
    "已受理": _("Taken in"),
    "处理中": _("Being handled"),
    "已答复": _("Answered"),
    "已并入原单": _("Merged into the first case"),
    "并入原个案": _("Merged into the first case"),
    "已关闭-未达成一致": _("Closed without agreement"),
    "维修中": _("Under repair"),
}
MILESTONES = {
    "pickup": _("Pick-up"),
    "first_response": _("First response"),
    "acknowledge": _("Acknowledgement"),
    "verify": _("Verification"),
    "preliminary_proposal": _("Preliminary proposal"),
    "proposal": _("Formal proposal"),
    "resolution": _("Resolution"),
    "resolution_target": _("Resolution target"),
    "opinion_closed": _("Opinion settled"),
    "refund": _("Refund"),
    "follow_up": _("Follow-up call"),
    "supervisor_visit": _("Supervisor's visit"),
    "low_score_visit": _("Visit after a low score"),
    "escalated_contact": _("Contact after escalation"),
    "appeal_decision": _("Decision on the appeal"),
    "close": _("Closing"),
}
CLOCK_STARTS = {
    "registered": _("from registration"),
    "dispatched": _("from dispatch"),
    "executed": _("from execution"),
    "resolved": _("from resolution"),
    "solution_accepted": _("from acceptance of the solution"),
    "escalation_approved": _("from the approved escalation"),
    "low_score": _("from the low score"),
    "contact": _("from the contact"),
    "opinion_opened": _("from the opening of the opinion"),
}
CALENDARS = {"natural": _("natural time"), "working": _("working time")}
VERDICTS = {
    "pending": _("Running"),
    "kept": _("Kept"),
    "late": _("Broken"),
    "paused": _("Paused"),
    "cancelled": _("Cancelled"),
    "superseded": _("Replaced"),
}
VERDICT_KINDS = {"pending": "brand", "kept": "ok", "late": "late", "paused": "soon", "cancelled": "", "superseded": ""}
VERDICT_ICONS = {
    "pending": "soon",
    "kept": "ok",
    "late": "late",
    "paused": "paused",
    "cancelled": "cross",
    "superseded": "cross",
}
PAUSE_REASONS = {"waiting_customer": _("waiting for the customer"), "waiting_parts": _("waiting for parts")}
PAPERS = {
    "service_order": _("Service order"),
    "opinion": _("Complaint opinion"),
    "opinion_supplement": _("Supplementary opinion"),
    "appeal": _("Appeal form"),
    "assessment": _("Assessment decision"),
    "contact_letter": _("Business contact letter"),
    "red_slip": _("Red stock slip"),
    "black_slip": _("Black stock slip"),
    "escalation": _("Escalation form"),
    "rectification": _("Rectification sheet"),
    "survey": _("Satisfaction survey"),
    "escalation_approval": _("Escalation form"),
    "return_application": _("Return application"),
    "return_slip": _("Return slip"),
    "reissue_request": _("Reissue request"),
    "refund_voucher": _("Refund voucher"),
    "repair_report": _("Repair report"),
    "annex": _("Annex"),
    "assessment_decision": _("Decision letter"),
    "payroll_deduction": _("Deduction order"),
    "requirement_change": _("Requirement change"),
    "lesson": _("Lesson learnt"),
    "report_weekly_complaints": _("Weekly report"),
    "report_closed_opinions_summary": _("Summary of closed opinions"),
    "report_monthly_analysis": _("Monthly analysis"),
    "report_month_end_slips": _("Month-end slips"),
    "report_satisfaction_survey": _("Satisfaction figures"),
    "report_rectification_effect": _("Effect of the rectification"),
    "report_performance_record": _("Performance record"),
}
TRANSITIONS = {
    "started": _("started"),
    "completed": _("done"),
    "cancelled": _("cancelled"),
    "fired": _("fired"),
    "failed": _("failed"),
}
PROMINENT = {
    "userTask",
    "serviceTask",
    "businessRuleTask",
    "boundaryEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "endEvent",
    "startEvent",
    "callActivity",
    "scriptTask",
    "subProcess",
}
ELEMENT_TYPES = {
    "userTask": _("User task"),
    "serviceTask": _("Service task"),
    "businessRuleTask": _("Decision"),
    "scriptTask": _("Script"),
    "callActivity": _("Called process"),
    "subProcess": _("Phase"),
    "boundaryEvent": _("Boundary event"),
    "intermediateCatchEvent": _("Waiting event"),
    "intermediateThrowEvent": _("Sent message"),
    "startEvent": _("Start"),
    "endEvent": _("End"),
    "exclusiveGateway": _("Decision point"),
    "parallelGateway": _("Parallel branch"),
    "inclusiveGateway": _("Inclusive branch"),
    "eventBasedGateway": _("Waiting for one of several"),
    "task": _("Step"),
    "manualTask": _("Manual step"),
    "sendTask": _("Sending"),
    "receiveTask": _("Receiving"),
}

CAUSES = {
    "product_quality": _("Product quality"),
    "service_attitude": _("Attitude"),
    "after_sales_efficiency": _("After-sales efficiency"),
    "delivery_logistics": _("Delivery"),
    "misuse": _("Misuse"),
    "service_failure": _("Service failure"),
    "misunderstanding": _("Misunderstanding"),
    "other": _("Other"),
}
KNOWLEDGE = {
    "usage": _("Use"),
    "fault": _("Faults"),
    "return": _("Returns and exchanges"),
    "repair": _("Repair and warranty"),
    "logistics": _("Delivery"),
    "billing": _("Charges and invoices"),
    "complaint": _("Complaints"),
    "policy": _("Rules"),
    "other": _("Other"),
}
ARTICLE_STATES = {"draft": _("Draft"), "published": _("Published"), "retired": _("Retired")}
DEFINITION_KINDS = {"process": _("Process"), "decision": _("Decision table"), "form": _("Form")}
DRAFT_STATES = {
    "editing": _("Being edited"),
    "submitted": _("Submitted"),
    "released": _("Released"),
    "discarded": _("Given up"),
}
MESSAGES = {
    "appeal_requested": _("Appeal"), "care_consent_withdrawn": _("Consent to care withdrawn"),
    "case_reopened": _("Case reopened"), "case_rerouted": _("Case classified anew"), "case_settled": _("Case settled"),
    "change_requested": _("Request for a change"), "demand_changed": _("Demand changed"),
    "escalation_requested": _("Escalation"), "opinion_closed": _("Opinion settled"),
    "subtask_done": _("Sub-task done"), "withdrawal": _("Withdrawal"),
}  # fmt: skip
HIT_POLICIES = {
    "UNIQUE": _("unique"), "FIRST": _("first"), "ANY": _("any"), "PRIORITY": _("by priority"),
    "COLLECT": _("collected"), "RULE ORDER": _("in the rules' order"), "OUTPUT ORDER": _("in the answers' order"),
}  # fmt: skip
FILE_CHANGES = {"added": _("new"), "changed": _("changed"), "removed": _("taken out")}
# What papers hold beside the answers to their forms.
PAPER_KEYS = {
    "opinion_no": _("Opinion number"), "opinion": _("Opinion number"), "amount": _("Amount (CNY)"),
    "annex_kind": _("What the annex adds"), "appeal": _("Appeal"), "decision": _("What was decided"),
    "department": _("Department"), "persons": _("Persons"), "remedy": _("Measure"),
    "approved_amount": _("Approved amount (CNY)"), "severity": _("Severity"), "answer": _("Answer"),
    "problem": _("Problem"), "product_model": _("Product model"), "rectification": _("Rectification"),
    "subtype": _("Type"), "month": _("Month"), "complaint_type": _("Kind of complaint"), "reason": _("Reason"),
    "report": _("Report"), "count": _("How many"), "open_items": _("Not finished"), "lines": _("Findings"),
    "period": _("Period"), "black_count": _("Black slips"), "red_count": _("Red slips"), "slips": _("Slips"),
    "unsealed": _("Not sealed"), "average_score": _("Average score"), "kept_share": _("Kept, per cent"),
    "baseline": _("Before"), "current": _("Now"), "change": _("Change, per cent"), "answered": _("Answered"),
    "asked": _("Asked"), "response_rate": _("Share answered"), "repeat_customers": _("Customers who came again"),
}
DECISIONS = {
    "upheld": _("Upheld"), "partly": _("Upheld in part"), "rejected": _("Not upheld"), "approve": _("Approved"),
    "amend": _("Sent back"), "reject": _("No penalty"), "appeal_amendment": _("Amendment after an appeal"),
    "penalty": _("Penalty"), "improvement_missing": _("No improvement was given"), "service": _("Service again"),
    "repair": _("Repair"), "exchange": _("Exchange"), "return": _("Return and refund"),
    "compensate": _("Compensation"), "explain": _("Explanation"), "unfounded": _("Unfounded, explained"),
    "refused": _("refused"), "systemic": _("Systematic cause"),
}

VOCABULARY: Mapping[str, Mapping[str, Any]] = {
    "type": TYPES,
    "channel": CHANNELS,
    "way": WAYS,
    "received_via": RECEIVED_VIA,
    "note": NOTES,
    "note_code": NOTE_CODES,
    "customer_level": CUSTOMER_LEVELS,
    "origin": ORIGINS,
    "urgency": URGENCIES,
    "severity": SEVERITIES,
    "flag": FLAGS,
    "case_state": CASE_STATES,
    "instance_state": INSTANCE_STATES,
    "task_state": TASK_STATES,
    "job_state": JOB_STATES,
    "paper_state": PAPER_STATES,
    "incident_kind": INCIDENT_KINDS,
    "link": LINKS,
    "status": STATUSES,
    "milestone": MILESTONES,
    "clock_start": CLOCK_STARTS,
    "calendar": CALENDARS,
    "verdict": VERDICTS,
    "pause_reason": PAUSE_REASONS,
    "paper": PAPERS,
    "transition": TRANSITIONS,
    "element_type": ELEMENT_TYPES,
    "cause": CAUSES,
    "knowledge": KNOWLEDGE,
    "article_state": ARTICLE_STATES,
    "definition_kind": DEFINITION_KINDS,
    "draft_state": DRAFT_STATES,
    "file_change": FILE_CHANGES,
    "paper_key": PAPER_KEYS,
    "paper_value": {**TYPES, **MILESTONES, **SEVERITIES, **CAUSES, **DECISIONS},
    "message": MESSAGES,
    "hit_policy": HIT_POLICIES,
}


def word(code: Any, kind: str) -> str:
    """Return the word for a code of a kind; the code itself where there is none."""
    if code is None or code == "":
        return ""
    return str(VOCABULARY[kind].get(code, code))


def note_text(note: Any, names: Mapping[str, str]) -> str:
    """Return what a note says, codes and usernames (`names`) in words; nothing where it only repeats its own title."""
    if note.kind == "independence":
        who, colon, finding = note.text.partition("：")
        return f"{names.get(who, who)}{colon}{finding}"
    if note.kind in CODED_NOTES:
        return re.sub(r"[a-z_]{4,}", lambda found: word(found[0], "note_code"), note.text)
    return "" if note.text in (note.kind, NOTE_TITLES.get(note.kind)) else str(note.text)


def pairs(kind: str, *codes: str) -> list[tuple[str, str]]:
    """Return (code, word) of a kind for a select, all of them or only `codes`."""
    vocabulary = VOCABULARY[kind]
    return [(code, str(vocabulary[code])) for code in (codes or vocabulary)]
