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

STATUS_WORDS = {  # as on the pages: app.web.words.STATUSES
    "待处理": "To be handled",
    "已联系客户": "Customer contacted",
    "已排查故障": "Fault examined",
    "等待备件": "Waiting for parts",
    "处理完成": "Handled",
    "待客户确认": "Waiting for the customer",
    "已升级": "Escalated",
    "已结案": "Settled",
    "已关闭": "Closed",
    "申诉中": "Under appeal",
    "已撤回": "Withdrawn",
    "转外部": "Referred outside",
    "已关闭-满意": "Closed, satisfied",
    "已关闭-超期默认": "Closed, silence taken as consent",
    "不属实已说明": "Unfounded, explained",
    "已取消": "Cancelled",
    "已合并": "Merged",
    "已受理": "Taken in",
    "处理中": "Being handled",
    "已答复": "Answered",
    "已并入原单": "Merged into the first case",
    "并入原个案": "Merged into the first case",
    "已关闭-未达成一致": "Closed without agreement",
    "维修中": "Under repair",
}
