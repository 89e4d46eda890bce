"""Words for codes in messages, in Chinese and English: no page and no locale is at hand where a job runs."""

from __future__ import annotations

TYPE_WORDS = {
    "complaint": ("投诉", "complaint"), "return_exchange": ("退换货", "return or exchange"),
    "fault_repair": ("故障报修", "fault repair"), "consultation": ("咨询", "consultation"),
    "suggestion": ("建议", "suggestion"), "appeal": ("申诉", "appeal"), "other": ("其他", "other"),
}
REASON_WORDS = {
    "overdue": ("超过时限", "overdue"), "overdue_24h": ("超过时限二十四小时", "24 hours overdue"),
    "dispatch_unconfirmed": ("分派后未确认", "dispatch not confirmed"), "unsolved": ("问题未解决", "not solved"),
    "second_complaint": ("再次投诉", "second complaint"), "major": ("重大投诉", "major complaint"),
    "wide_impact": ("影响面大", "wide impact"), "agent_request": ("经办人申请", "asked for by the agent"),
}
MILESTONE_WORDS = {
    "pickup": ("接入", "pick-up"),
    "first_response": ("首次响应", "first response"),
    "acknowledge": ("确认接单", "acknowledgement"),
    "verify": ("核实", "verification"),
    "preliminary_proposal": ("初步方案", "preliminary proposal"),
    "proposal": ("正式方案", "formal proposal"),
    "resolution": ("解决", "resolution"),
    "opinion_closed": ("结案", "opinion settled"),
    "refund": ("退款", "refund"),
    "follow_up": ("回访", "follow-up"),
    "supervisor_visit": ("主管回访", "supervisor's visit"),
    "low_score_visit": ("低分回访", "visit after a low score"),
    "escalated_contact": ("升级后联系", "contact after escalation"),
    "appeal_decision": ("申诉决定", "decision on the appeal"),
    "close": ("关闭", "closing"),
}
