"""What the register's fields, figures and codes are called in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from app.policy.codes import CODES

Names = Mapping[str, tuple[str, str]]

KIND_NAMES: Names = {
    "step": ("步骤", "Step"), "deadline": ("时限", "Deadline"), "decision-rule": ("判定规则", "Decision rule"),
    "form": ("表单", "Form"), "record": ("记录", "Record"), "notification": ("告知", "Notification"),
    "approval": ("审批", "Approval"), "amount-threshold": ("金额权限", "Amount threshold"),
    "quality-rule": ("质量要求", "Quality rule"), "role": ("职责", "Role"), "report": ("报表", "Report"),
    "kpi": ("指标", "KPI"), "retention": ("保存期限", "Retention"),
}
OBLIGATION_NAMES: Names = {
    "must": ("必须", "Must"), "should": ("应当", "Should"), "info": ("说明", "Information"),
}
FLOW_NAMES: Names = {
    "general": ("通用", "General"), "complaint": ("投诉", "Complaint"), "consultation": ("咨询", "Consultation"),
    "suggestion": ("建议", "Suggestion"), "return": ("退换货", "Return"), "repair": ("维修", "Repair"),
    "satisfaction": ("回访与满意度", "Satisfaction"), "escalation": ("升级", "Escalation"),
    "appeal": ("申诉", "Appeal"), "assessment": ("考核", "Assessment"), "reporting": ("报告", "Reporting"),
}
CALENDAR_NAMES: Names = {
    "natural": ("自然时间", "natural time"), "working": ("工作时间", "working time"),
}
ENTRY_KINDS: Names = {
    "clause": ("条款", "Clause"), "document": ("文件", "Document"), "conflict": ("冲突", "Conflict"),
    "law": ("法律规则", "Rule of law"), "disposition": ("落实方式", "Disposition"),
}
ORIGIN_NAMES: Names = {"company": ("公司制度", "The company's"), "law": ("法律与标准", "Law and standards")}
QUALITY_NAMES: Names = {
    "statute": ("法规原文", "The statute itself"), "partly secondary": ("部分转引", "Partly second-hand"),
    "secondary": ("转引", "Second-hand"),
}
STATUS_NAMES: Names = {"unconfirmed": ("待法务确认", "To be confirmed by counsel"),
                       "confirmed": ("法务已确认", "Confirmed by counsel")}
SENSE_NAMES: Names = {"at_most": ("上限（公司可更短）", "A limit: ours may be shorter"),
                      "at_least": ("下限（公司可更长）", "A right: ours may be longer")}
STATES: Names = {
    "proposed": ("待审批", "Proposed"), "approved": ("已批准", "Approved"), "rejected": ("已驳回", "Rejected"),
    "withdrawn": ("已撤回", "Withdrawn"),
}

FIELD_NAMES: Names = {
    "id": ("编号", "Id"), "document": ("所属文件", "Document"), "section": ("章节", "Section"),
    "line": ("原文行号", "Line in the original"), "kind": ("类别", "Kind"), "obligation": ("约束力", "Obligation"),
    "flow": ("适用流程", "Flows"), "zh": ("条款内容（中文）", "Text (Chinese)"),
    "en": ("条款内容（英文）", "Text (English)"), "figures": ("数据要素", "Figures"),
    "declare": ("次序规则", "Rules of order"), "same_as": ("同条款", "Same as"),
    "truncated": ("原文残缺", "Original breaks off"), "assumptions": ("依据的假定", "Assumptions"),
    "note_zh": ("备注（中文）", "Note (Chinese)"), "note_en": ("备注（英文）", "Note (English)"),
    "valid_from": ("生效日期", "Valid from"), "valid_to": ("失效日期", "Valid to"), "title": ("标题", "Title"),
    "title_en": ("英文标题", "English title"), "part_of": ("隶属于", "Part of"), "file": ("原文文件名", "File"),
    "lines": ("原文起止行", "Lines in the original"), "remark_zh": ("说明（中文）", "Remark (Chinese)"),
    "remark_en": ("说明（英文）", "Remark (English)"), "origin": ("来源", "Origin"),
    "topic_zh": ("主题（中文）", "Topic (Chinese)"), "topic_en": ("主题（英文）", "Topic (English)"),
    "rule_zh": ("处理规则（中文）", "Rule (Chinese)"), "rule_en": ("处理规则（英文）", "Rule (English)"),
    "reason_zh": ("理由（中文）", "Reason (Chinese)"), "reason_en": ("理由（英文）", "Reason (English)"),
    "clauses": ("涉及条款", "Clauses"), "assumption": ("属我方假定", "Our assumption"),
    "clause": ("条款", "Clause"), "disposition": ("落实方式", "Disposition"), "where": ("落实之处", "Where"),
    "owner": ("负责岗位", "Owner"), "review_by": ("复核期限", "Review by"),
    "reviewed_on": ("复核日期", "Reviewed on"), "reviewed_by": ("复核人", "Reviewed by"),
    "digest": ("校验值", "Digest"), "bounds": ("所约束的条款", "What it bounds"),
    "quality": ("查阅来源", "Read in"), "status": ("法务确认", "Counsel"), "read": ("查阅年月", "Read in (month)"),
    "replaces": ("取代的规则", "Replaces"), "figure": ("所比较的数字", "Figure that is compared"),
    "sense": ("比较方式", "Compared as"),
}
FIGURE_NAMES: Names = {
    "within": ("时限", "Time limit"), "calendar": ("计时方式", "Counted in"), "every": ("频次", "How often"),
    "before": ("提前", "Ahead by"), "range": ("时限范围", "Between"), "from": ("起算点", "Counted from"),
    "actor": ("执行人", "Who"), "action": ("动作", "Action"), "applies_to": ("适用于", "Applies to"),
    "condition": ("条件", "Condition"), "requires_field": ("必填项", "Required fields"),
    "optional_field": ("选填项", "Optional fields"), "conditional_field": ("有条件必填项", "Fields needed when"),
    "form": ("表单", "Form"), "forms": ("表单", "Forms"), "enum": ("取值", "Values"), "enums": ("取值", "Values"),
    "rule": ("规则", "Rule"), "notify": ("告知对象", "Who is told"), "report": ("报表", "Report"),
    "record": ("记录", "Record"), "kpi": ("指标", "KPI"), "kpis": ("指标", "KPIs"),
    "channels": ("渠道", "Channels"), "evidence": ("证据", "Evidence"), "approver": ("审批人", "Approver"),
    "threshold": ("金额界限", "Threshold"), "copies": ("份数", "Copies"), "recipients": ("分送", "Recipients"),
    "distribution": ("分联去向", "Where the copies go"), "retention": ("保存期限", "Kept for"),
    "trigger": ("触发条件", "Trigger"), "triggers": ("触发条件", "Triggers"), "then": ("则", "Then"),
    "if": ("若", "If"), "else": ("否则", "Else"), "any": ("任一", "Any of"), "assign": ("指派", "Assignment"),
    "assign_by": ("指派依据", "Assigned by"), "role": ("岗位", "Role"), "roles": ("岗位", "Roles"),
    "escalate_to": ("升级至", "Escalated to"), "escalation_path": ("升级路径", "Ladder"),
    "numbering": ("编号规则", "Numbering"), "scale": ("评分", "Scale"), "inputs": ("依据", "Inputs"),
    "input": ("依据", "Input"), "outputs": ("结果", "Outputs"), "outcomes": ("结果", "Outcomes"),
    "status": ("状态", "Status"), "example": ("举例", "Example"), "examples": ("举例", "Examples"),
    "example_duration": ("举例时长", "Example of a time"),
    "example_compensation": ("补偿举例", "Example of compensation"), "remedy": ("处理方式", "Remedy"),
    "basis": ("依据", "Basis"), "training": ("培训", "Training"), "departments": ("部门", "Departments"),
    "sequence": ("顺序", "Sequence"), "methods": ("方法", "Methods"), "actions": ("动作", "Actions"),
    "dimensions": ("维度", "Dimensions"), "metrics": ("指标", "Metrics"), "feature": ("系统功能", "Feature"),
    "due_day": ("每月几日前", "Due on day"), "quantified": ("已量化", "Quantified"),
    "calendar_stated": ("原文注明计时方式", "Calendar stated"), "document": ("文件", "Document"),
    "optional": ("可选", "Optional"), "op": ("比较", "Comparison"), "value": ("值", "Value"),
    "values": ("可选值", "Values"), "field": ("项目", "Field"), "min": ("最少", "At least"),
    "max": ("最多", "At most"), "unit": ("单位", "Unit"), "name": ("名称", "Name"), "target": ("目标", "Target"),
    "phase": ("阶段", "Phase"), "event": ("事件", "Event"), "after": ("之后", "After"), "chain": ("链条", "Chain"),
    "consult": ("咨询", "Consulted"), "sources": ("来源", "Sources"), "by": ("按", "By"),
    "alternative": ("替代", "Alternative"), "principles": ("原则", "Principles"),
    "external": ("外部机构", "Outside bodies"), "document_version": ("文件版次", "Edition"),
    "pages": ("页数", "Pages"), "topics": ("主题", "Topics"), "inferred_from": ("推断自", "Inferred from"),
    "requires": ("须备齐", "Requires"), "script": ("话术", "Script"), "sub_fields": ("细项", "Details"),
    "format": ("格式", "Format"), "forbidden_words": ("禁用词", "Words not to use"), "mode": ("方式", "Mode"),
    "within_field": ("时限所在字段", "Field with the limit"), "min_count": ("最少数量", "At least"),
    "queue_priority": ("排队次序", "Queue"), "cardinality": ("人数", "How many"),
    "max_steps": ("最多步骤", "At most steps"), "was": ("原为", "Formerly"), "default": ("默认", "Default"),
    "initial": ("初始", "Initial"), "pattern": ("格式", "Pattern"), "object": ("对象", "Object"),
    "reset": ("重置", "Reset"), "unique": ("唯一", "Unique"), "type": ("类型", "Type"),
    "sub_types": ("细类", "Kinds"), "demands": ("诉求", "Demands"), "severity": ("严重程度", "Severity"),
    "priority": ("优先级", "Priority"), "case_type": ("个案类型", "Kind of case"),
    "complaint_type": ("投诉类别", "Kind of complaint"), "origin": ("产品来源", "Origin"),
    "channel": ("渠道", "Channel"), "responsibility": ("责任归属", "Responsibility"), "charge": ("收费", "Charge"),
    "urgency": ("紧急程度", "Urgency"), "score": ("评分", "Score"), "repeat": ("重复", "Repeated"),
    "problem": ("问题", "Problem"), "satisfied": ("满意", "Satisfied"),
    "boundary_ambiguous": ("界限含混", "Ambiguous bound"), "inferred": ("推断", "Inferred"),
    "demand_type": ("需求类型", "Demand"), "copy": ("联", "Copy"), "holder": ("持有", "Held by"),
    "when": ("何时", "When"), "with": ("连同", "With"), "execute": ("执行", "Carried out by"),
    "supervise": ("监督", "Supervised by"), "assess": ("考核", "Assessed by"),
    "complexity": ("复杂程度", "Complexity"), "involves": ("涉及", "Involves"),
}
VALUE_NAMES: Names = {
    "customer": ("客户", "the customer"), "fault": ("故障", "fault"), "complaint": ("投诉", "complaint"),
    "consultation": ("咨询", "consultation"), "suggestion": ("建议", "suggestion"),
    "warranty": ("保修", "warranty"), "return_exchange": ("退换货", "return or exchange"),
    "self_made": ("自产", "made by us"), "purchased": ("外购", "purchased"), "phone": ("电话", "telephone"),
    "email": ("邮件", "e-mail"), "online_chat": ("在线客服", "online chat"),
    "social_media": ("社交媒体", "social media"), "wechat_official_account": ("微信公众号", "WeChat account"),
    "walk_in": ("现场", "on the spot"), "sms": ("短信", "text message"), "online": ("在线", "online"),
    "online_message": ("在线留言", "online message"), "other": ("其他", "other"), "repair": ("维修", "repair"),
    "exchange": ("换货", "exchange"), "return": ("退货", "return"), "refund": ("退款", "refund"),
    "month_end": ("月末", "month's end"), "CNY": ("元", "yuan"), "paid": ("收费", "paid"), "free": ("免费", "free"),
    "missing": ("原文缺失", "missing in the text"), "product_quality": ("产品质量", "product quality"),
    "customer_misuse": ("客户使用不当", "misuse by the customer"),
    "service_failure": ("服务失误", "service failure"), "misunderstanding": ("误解", "misunderstanding"),
    "customer_name": ("客户姓名", "customer's name"), "contact": ("联系方式", "contact"),
    "product_model": ("产品型号", "model"), "purchase_date": ("购买日期", "date of purchase"),
    "order_no": ("订单号", "order number"), "serial_no": ("序列号", "serial number"),
    "executor": ("执行人", "who carries it out"), "due_at": ("完成时限", "due time"),
    "materials": ("所需物料", "materials"), "tracking_no": ("快递单号", "tracking number"),
    "estimated_time": ("预计时间", "estimated time"), "reason": ("原因", "reason"),
    "solution": ("解决方案", "solution"), "description": ("问题描述", "description"),
    "return_address": ("退货地址", "return address"), "refund_period": ("退款期限", "refund period"),
    "suggestion_text": ("建议", "suggestion"), "cause": ("原因", "cause"),
    "cost_breakdown": ("费用明细", "list of costs"), "invoice": ("发票", "invoice"),
    "package_intact": ("包装完好", "intact package"), "signature": ("签字", "signature"),
    "investigation": ("调查", "investigation"), "escalate": ("升级", "escalate"), "weekly": ("每周", "weekly"),
    "monthly": ("每月", "monthly"), "auto": ("自动", "automatic"), "manual": ("人工", "by hand"),
}


def field_label(name: str) -> tuple[str, str]:
    """Return what a field is called in Chinese and English; "figures.within" by its last part."""
    if name.startswith("figures."):
        return figure_label(name.removeprefix("figures."))
    return FIELD_NAMES.get(name) or figure_label(name)


def figure_label(name: str) -> tuple[str, str]:
    """Return what a figure is called."""
    return FIGURE_NAMES.get(name) or VALUE_NAMES.get(name) or (CODES.get(name, name), name.replace("_", " "))

TEMPLATE_NAMES: Names = {
    "response": ("A 之后必须 B", "B must follow A"), "precedence": ("B 之前必须先 A", "B only after A"),
    "not_succession": ("A 之后不得 B", "No B after A"), "existence": ("必须有 A", "A must happen"),
    "absence": ("不得有 A", "A must not happen"), "init": ("以 A 开始", "Begins with A"),
    "exclusive_choice": ("A、B 只能其一", "Either A or B"),
    "chain_response": ("A 的下一步是 B", "B is the step after A"),
}
DISPOSITION_NAMES: Names = {
    "drawn": ("流程图中", "Drawn"), "decided": ("决策表中", "Decided"), "recorded": ("表单记录", "Recorded"),
    "handled": ("系统处理", "Handled by the system"), "reported": ("报表", "Reported"),
    "outside": ("系统之外", "Outside the system"), "missing": ("缺失", "Missing"),
}
